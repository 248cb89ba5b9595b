/**
 * Procedures and functions of PostgreSQL (data-plane 7): procedures by CALL, functions by SELECT. Every value is a parameter with a cast to
 * its declared type, so that one overload is meant and no other; what is left out is the default's own text from the catalog.
 */
import {
  callFailed,
  type Routine,
  type RoutineArgument,
  RoutineChanged,
  type RoutineKind,
  type RoutineResult,
  type RoutineSummary,
  type Row,
} from 'dataferry/records'
import { ApiError } from 'dataferry/sdk'
import { type RoutineSource, RowBudget, type WireColumn } from 'dataferry/sql'
import { bindText } from './binds.ts'
import { simpleType } from './declared.ts'
import { placedDecoder } from './decoder.ts'
import { isStale, postgresError } from './errors.ts'
import type { Flavour } from './flavours.ts'
import type { SchemaChoice } from './introspect.ts'
import type { PostgresRoutine, PostgresSummary } from './routine-catalog.ts'
import type { PostgresRunner } from './runner.ts'
import type { ColumnFact } from './wire/columns.ts'
import type { Wire } from './wire/connection.ts'
import { ServerFault } from './wire/fault.ts'
import type { TextParameter } from './wire/messages.ts'
import { PlacedRow } from './wire/row.ts'

/** Shared by all who wait for it, so no single request ends it; the statement timeout does. */
const never = new AbortController().signal

export class PostgresRoutines implements RoutineSource {
  readonly sharedNames = true
  readonly #runner: PostgresRunner
  readonly #flavour: Flavour
  readonly #choice: SchemaChoice

  constructor(runner: PostgresRunner, flavour: Flavour, choice: SchemaChoice) {
    this.#runner = runner
    this.#flavour = flavour
    this.#choice = choice
  }

  list(): Promise<readonly RoutineSummary[]> {
    return this.#flavour.routines.list(this.#runner, this.#flavour, this.#choice, never)
  }

  describe(listed: RoutineSummary): Promise<readonly Routine[]> {
    return this.#flavour.routines.describe(this.#runner, listed as PostgresSummary, never)
  }

  async call(routine: Routine, given: readonly RoutineArgument[], signal: AbortSignal): Promise<RoutineResult> {
    const one = routine as PostgresRoutine
    const { sql, binds } = callOf(one, given)
    try {
      return await this.#runner.alone(
        (wire) => (one.cursors ? withCursors(wire, one, sql, binds) : carriedOut(wire, one, sql, binds)),
        signal,
      )
    } catch (thrown) {
      throw failure(one.kind, thrown)
    }
  }
}

// ---- the statement

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Positions alone: names of parameters are never in the text. */
function callOf(routine: PostgresRoutine, given: readonly RoutineArgument[]): { sql: string; binds: TextParameter[] } {
  const binds: TextParameter[] = []
  const args = routine.parameters.flatMap((parameter, i): string[] => {
    const { mode, castType, defaultSql, isVariadic } = parameter
    // A procedure is given something for what it only answers; a function is not.
    if (mode === 'OUT') return routine.kind === 'procedure' && routine.outGiven ? [`null::${castType}`] : []
    const argument = given[i]
    const spread = isVariadic ? 'variadic ' : ''
    if (argument?.kind === 'value') {
      binds.push(bindText(argument.value))
      return [`${spread}$${binds.length}::${castType}`]
    }
    if (defaultSql !== null) return [`${spread}(${defaultSql})::${castType}`]
    return [isVariadic ? `variadic '{}'::${castType}` : `null::${castType}`]
  })
  const target = `${identifier(routine.schema)}.${identifier(routine.bare)}(${args.join(', ')})`
  if (routine.kind === 'procedure') return { sql: `call ${target}`, binds }
  return { sql: routine.undeclared ? `select ${target}` : `select * from ${target}`, binds }
}

// ---- carrying it out

async function carriedOut(
  wire: Wire,
  routine: PostgresRoutine,
  sql: string,
  binds: readonly TextParameter[],
): Promise<RoutineResult> {
  const rows = await rowsOf(wire, sql, binds, new RowBudget())
  if (routine.returnsNothing) return { sets: [[{ [routine.bare]: null }]], out: null }
  if (routine.kind === 'function') return { sets: [rows], out: null }
  return { sets: [], out: outOf(routine, rows) }
}

/** The only row that CALL answers. */
const outOf = ({ parameters }: PostgresRoutine, [row]: readonly Row[]): Row | null =>
  parameters.some(({ mode }) => mode !== 'IN') ? (row ?? Object.create(null)) : null

/** Cursors live in a transaction; each is a result set. Other values that came with them are answered too. */
async function withCursors(
  wire: Wire,
  routine: PostgresRoutine,
  sql: string,
  binds: readonly TextParameter[],
): Promise<RoutineResult> {
  const budget = new RowBudget()
  await wire.simple('begin')
  const cursors: string[] = []
  const rows = await rowsOf(wire, sql, binds, budget, cursors)
  const sets: (readonly Row[])[] = []
  for (const cursor of cursors) sets.push(await rowsOf(wire, `fetch all in ${identifier(cursor)}`, [], budget))
  await wire.simple('commit')
  if (routine.kind === 'function') return { sets, out: null }
  const isCursor = new Set(routine.parameters.filter(({ dbType }) => dbType === 'refcursor').map(({ name }) => name))
  const left = Object.entries(outOf(routine, rows) ?? {}).filter(([name]) => !isCursor.has(name))
  return { sets, out: left.length === 0 ? null : Object.assign(Object.create(null), Object.fromEntries(left)) }
}

/** `cursors`: collects the names of cursors among the values. */
async function rowsOf(
  wire: Wire,
  sql: string,
  binds: readonly TextParameter[],
  budget: RowBudget,
  cursors: string[] = [],
): Promise<readonly Row[]> {
  const rows: Row[] = []
  const row = new PlacedRow()
  let decode: (row: PlacedRow) => Row = () => Object.create(null)
  let cursorAt: readonly number[] = []
  await wire.described(
    sql,
    binds,
    (facts) => {
      decode = placedDecoder(facts.map(columnOf))
      cursorAt = facts.flatMap(({ typeId }, i) => (typeId === refcursor ? [i] : []))
    },
    (bytes, start, end) => {
      budget.take(end - start)
      row.place(bytes, start, end)
      for (const at of cursorAt) {
        const name = row.text(at)
        if (name !== null) cursors.push(name)
      }
      rows.push(decode(row))
    },
  )
  return rows
}

const refcursor = 1790

/** The server's own types whose values are no texts on the wire, by their numbers. */
const typeNames: ReadonlyMap<number, string> = new Map([
  [16, 'bool'],
  [17, 'bytea'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [26, 'oid'],
  [700, 'float4'],
  [701, 'float8'],
  [1560, 'bit'],
  [1700, 'numeric'],
])

function columnOf({ name, typeId, modifier }: ColumnFact): WireColumn {
  const typeName = typeNames.get(typeId) ?? 'text'
  const dbType = typeName === 'bit' && modifier === 1 ? 'bit(1)' : typeName
  return { as: name, type: simpleType(typeName, dbType), dbType, hidden: false }
}

// ---- errors

/** No routine of these parameters, or one of the other kind. */
const changed: ReadonlySet<string> = new Set(['42883', '42809'])
const notUnique = '42725'

function failure(kind: RoutineKind, thrown: unknown): unknown {
  if (!(thrown instanceof ServerFault)) return postgresError(thrown)
  // Without a place in a routine the fault is the call's own.
  if (changed.has(thrown.code) && thrown.where === null) return new RoutineChanged(thrown)
  if (thrown.code === notUnique) {
    return callFailed(
      kind,
      'It can not be told from another of its name that has defaults for what is left out.',
      thrown,
    )
  }
  // What a routine raises is meant for who called it, whatever its code.
  if (/^PL\/pgSQL function .* at RAISE$/m.test(thrown.where?.split('\n', 1)[0] ?? '')) {
    return callFailed(kind, thrown.message, thrown)
  }
  if (isStale(thrown)) return callFailed(kind, 'It names something that the database does not have.', thrown)
  const told = postgresError(thrown)
  if (!(told instanceof ApiError)) return callFailed(kind, 'The database could not carry it out.', thrown)
  return told.status === 503 ? told : callFailed(kind, told.message, thrown)
}
