/**
 * Procedures and functions of Amazon Redshift, from its own `pg_proc_info`. There are no defaults, table functions or lists of values;
 * functions are not selected from, and a call gives nothing for what only answers.
 */
import type { Json } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'
import type { Flavour } from './flavours.ts'
import { chosen, chosenBinds, isOwn, type SchemaChoice, text } from './introspect.ts'
import {
  fieldOf,
  kindLetter,
  listedRoutine,
  modes,
  type PostgresParameter,
  type PostgresRoutine,
  type PostgresSummary,
  type RoutineIntrospection,
} from './routine-catalog.ts'

/** Most parameters of a routine. */
const places = Array.from({ length: 32 }, (_, i) => `select ${i + 1} as o`).join(' union all ')

async function list(
  runner: ProgramRunner,
  flavour: Flavour,
  choice: SchemaChoice,
  signal: AbortSignal,
): Promise<readonly PostgresSummary[]> {
  const rows = await runner.query(
    `select distinct p.prokind, n.nspname, p.proname, n.nspname = current_schema()
     from pg_proc_info p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where p.prokind in ('f', 'p') and ${isOwn(flavour)}${chosen(choice)} and has_schema_privilege(n.oid, 'usage')
     order by 4 desc, 2, 3`,
    chosenBinds(choice),
    signal,
  )
  return rows.map(listedRoutine)
}

/** A row for each parameter of each overload, in order; one without a place where there is none. */
async function describe(
  runner: ProgramRunner,
  listed: PostgresSummary,
  signal: AbortSignal,
): Promise<readonly PostgresRoutine[]> {
  const rows = await runner.query(
    `select p.prooid, r.typname, format_type(p.prorettype, null), a.o, p.proargnames[a.o], p.proargmodes[a.o], t.typname,
            format_type(t.oid, null)
     from pg_proc_info p
     join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     join pg_catalog.pg_type r on r.oid = p.prorettype
     left join (${places}) a
       on case when p.proallargtypes is null then a.o <= p.pronargs else p.proallargtypes[a.o] is not null end
     left join pg_catalog.pg_type t
       on t.oid = case when p.proallargtypes is null then p.proargtypes[a.o - 1] else p.proallargtypes[a.o] end
     where n.nspname = $1 and p.proname = $2 and p.prokind = $3
     order by p.pronargs, p.prooid, a.o`,
    [listed.schema, listed.bare, kindLetter(listed)],
    signal,
  )
  return [...Map.groupBy(rows, ([id]) => text(id)).values()].map((own) => described(listed, own))
}

function described(summary: PostgresSummary, rows: readonly (readonly Json[])[]): PostgresRoutine {
  const [, returnTypeName, returnType] = rows[0] ?? []
  const isFunction = summary.kind === 'function'
  const parameters = rows.filter(([, , , place]) => place !== null).map(parameterOf)
  return {
    ...summary,
    parameters,
    returnType: isFunction ? text(returnType) : null,
    returnSchema: [],
    undeclared: isFunction,
    outGiven: false,
    returnsNothing: isFunction && returnTypeName === 'void',
    cursors: parameters.some(({ mode, dbType }) => mode !== 'IN' && dbType === 'refcursor'),
  }
}

function parameterOf(row: readonly Json[]): PostgresParameter {
  const [, , , , name, mode, typeName, dbType] = row
  return {
    ...fieldOf(name, typeName, dbType),
    mode: modes[text(mode)] ?? 'IN',
    default: null,
    hasDefault: false,
    isVariadic: false,
    castType: text(dbType),
    defaultSql: null,
  }
}

export const redshiftRoutines: RoutineIntrospection = { list, describe }
