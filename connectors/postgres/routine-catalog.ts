/** What the server's catalog says of procedures and functions: the list, and the overloads of one name. */
import { labelOf, type Routine, type RoutineField, type RoutineParameter, type RoutineSummary } from 'dataferry/records'
import { type Json, parseJson } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'
import { measures, simpleType } from './declared.ts'
import type { Flavour } from './flavours.ts'
import { chosen, chosenBinds, isOwn, type SchemaChoice, text, textOrNull } from './introspect.ts'

export interface PostgresSummary extends RoutineSummary {
  readonly schema: string
  /** Without its schema. */
  readonly bare: string
}

export interface PostgresParameter extends RoutineParameter {
  /** What its value is cast to. */
  readonly castType: string
  /** SQL of the default; null: none. */
  readonly defaultSql: string | null
}

export interface PostgresRoutine extends PostgresSummary, Routine {
  readonly parameters: readonly PostgresParameter[]
  /** What it answers can't be selected from: rows whose columns only the body knows. */
  readonly undeclared: boolean
  /** A function of type `void`. */
  readonly returnsNothing: boolean
  /** A call gives NULL for a parameter that only answers. */
  readonly outGiven: boolean
  /** It answers cursors, which are read to their ends. */
  readonly cursors: boolean
}

/** How a kind of server is asked about its routines. */
export interface RoutineIntrospection {
  /** Every routine that the login may call; overloads once. */
  list(
    runner: ProgramRunner,
    flavour: Flavour,
    choice: SchemaChoice,
    signal: AbortSignal,
  ): Promise<readonly PostgresSummary[]>
  /** All overloads of a listed routine; empty where it is gone. */
  describe(runner: ProgramRunner, listed: PostgresSummary, signal: AbortSignal): Promise<readonly PostgresRoutine[]>
}

/** Triggers can't be called, nor what takes values of the server's own. */
const callable = `p.prokind in ('f', 'p') and p.prorettype <> all (array[2279, 3838]::oid[])
  and not 2281 = any (p.proargtypes::oid[]) and has_function_privilege(p.oid, 'execute')`

async function list(
  runner: ProgramRunner,
  flavour: Flavour,
  choice: SchemaChoice,
  signal: AbortSignal,
): Promise<readonly PostgresSummary[]> {
  const rows = await runner.query(
    `select distinct p.prokind, n.nspname, p.proname, n.nspname = current_schema()
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where ${callable} and ${isOwn(flavour)}${chosen(choice)} and has_schema_privilege(n.oid, 'usage')
     order by 4 desc, 2, 3`,
    chosenBinds(choice),
    signal,
  )
  return rows.map(listedRoutine)
}

/** A row of kind (`p`: a procedure), schema, name, whether the schema is the default one. */
export function listedRoutine([kind, schema, bare, inDefaultSchema]: readonly Json[]): PostgresSummary {
  const name = inDefaultSchema === 't' ? text(bare) : `${text(schema)}.${text(bare)}`
  return {
    kind: kind === 'p' ? 'procedure' : 'function',
    name,
    label: labelOf(name),
    description: null,
    native: [],
    schema: text(schema),
    bare: text(bare),
  }
}

async function describe(
  runner: ProgramRunner,
  listed: PostgresSummary,
  signal: AbortSignal,
): Promise<readonly PostgresRoutine[]> {
  const base = `join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end`
  const rows = await runner.query(
    `select p.proretset, r.typname, format_type(r.oid, null), r.typtype,
            (select json_agg(json_build_array(coalesce(p.proargnames[u.o], ''), coalesce(p.proargmodes[u.o]::text, 'i'), b.typname,
                                              format_type(b.oid, null), format_type(t.oid, null), t.typtype,
                                              pg_get_function_arg_default(p.oid, u.o::int)) order by u.o)
             from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as u (t, o)
             join pg_catalog.pg_type t on t.oid = u.t ${base}),
            (select json_agg(json_build_array(a.attname, b.typname, format_type(b.oid, a.atttypmod)) order by a.attnum)
             from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid ${base}
             where a.attrelid = nullif(r.typrelid, 0) and a.attnum > 0 and not a.attisdropped)
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     join pg_catalog.pg_type r on r.oid = p.prorettype
     where ${callable} and n.nspname = $1 and p.proname = $2 and p.prokind = $3
     order by p.pronargs, p.oid`,
    [listed.schema, listed.bare, kindLetter(listed)],
    signal,
  )
  return rows.map((row) => described(listed, row))
}

export const kindLetter = ({ kind }: PostgresSummary): string => (kind === 'procedure' ? 'p' : 'f')

function described(summary: PostgresSummary, row: readonly (Json | undefined)[]): PostgresRoutine {
  const [returnsSet, returnTypeName, returnType, returnKind, args, columns] = row
  const all = jsonList(args)
  const parameters = all.filter(([, mode]) => mode !== 't').map(parameterOf)
  const table = all
    .filter(([, mode]) => mode === 't')
    .map(([name, , typeName, dbType]) => fieldOf(name, typeName, dbType))
  const composite = jsonList(columns).map(([name, typeName, dbType]) => fieldOf(name, typeName, dbType))
  const isFunction = summary.kind === 'function'
  return {
    ...summary,
    parameters,
    returnType: isFunction ? `${returnsSet === 't' && table.length === 0 ? 'setof ' : ''}${text(returnType)}` : null,
    returnSchema: isFunction ? [...table, ...composite] : [],
    undeclared:
      isFunction &&
      returnKind === 'p' &&
      returnTypeName === 'record' &&
      table.length === 0 &&
      parameters.every(({ mode }) => mode === 'IN'),
    outGiven: true,
    returnsNothing: isFunction && returnTypeName === 'void',
    cursors:
      (isFunction && returnTypeName === 'refcursor') ||
      parameters.some(({ mode, dbType }) => mode !== 'IN' && dbType === 'refcursor'),
  }
}

const jsonList = (json: Json | undefined): readonly (readonly Json[])[] =>
  typeof json === 'string' ? (parseJson(json) as readonly (readonly Json[])[]) : []

export function fieldOf(name: Json | undefined, typeName: Json | undefined, declared: Json | undefined): RoutineField {
  const dbType = text(declared)
  const { length, precision, scale } = measures(text(typeName), dbType)
  const type = typeName === 'refcursor' ? 'ref_cursor' : simpleType(text(typeName), dbType)
  return { name: text(name), type, dbType, length, precision, scale }
}

/** By the catalog's letters. */
export const modes: { readonly [mode: string]: RoutineParameter['mode'] } = { i: 'IN', v: 'IN', b: 'INOUT', o: 'OUT' }

function parameterOf(facts: readonly Json[]): PostgresParameter {
  const [name, mode, typeName, dbType, castType, typeKind, defaultSql] = facts
  const isVariadic = mode === 'v'
  return {
    ...fieldOf(name, typeName, dbType),
    mode: modes[text(mode)] ?? 'IN',
    default: textOrNull(defaultSql),
    hasDefault: typeof defaultSql === 'string',
    isVariadic,
    // A type that takes any is given texts.
    castType: typeKind !== 'p' ? text(castType) : isVariadic || /array$/.test(text(castType)) ? 'text[]' : 'text',
    defaultSql: textOrNull(defaultSql),
  }
}

export const postgresRoutines: RoutineIntrospection = { list, describe }
