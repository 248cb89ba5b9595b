/**
 * Procedures and functions of MySQL (data-plane 7): procedures by CALL, with variables of the session for what they answer by parameters,
 * functions by SELECT. Every value is a parameter of a prepared statement; names of parameters are never in its text.
 */
import {
  callFailed,
  labelOf,
  type Routine,
  type RoutineArgument,
  RoutineChanged,
  type RoutineField,
  type RoutineParameter,
  type RoutineResult,
  type RoutineSummary,
  type Row,
} from 'dataferry/records'
import { ApiError, type Json } from 'dataferry/sdk'
import { type RoutineSource, RowBudget, rowDecoder, type WireColumn } from 'dataferry/sql'
import { type Wire, wireOf } from './binds.ts'
import { cellsOf, type DriverRow, type NamedField, shortestFloat, typeOfField } from './cells.ts'
import type { MysqlConnection } from './connection.ts'
import { declaredType } from './declared.ts'
import { isStale, mysqlError } from './errors.ts'
import { ServerFault } from './faults.ts'
import { currentSchema, optional, type Scope, text, within } from './introspect.ts'
import type { MysqlRunner } from './runner.ts'

interface MysqlSummary extends RoutineSummary {
  readonly schema: string
  /** Without its schema. */
  readonly bare: string
}
interface MysqlRoutine extends MysqlSummary, Routine {
  /** Of a function: its value. */
  readonly answer: WireColumn | null
}

/** Shared by all who wait for it, so no single request ends it; the statement timeout does. */
const never = new AbortController().signal

/** The column of a function's value. */
const output = 'output'

export class MysqlRoutines implements RoutineSource {
  readonly sharedNames = false
  readonly #runner: MysqlRunner
  readonly #scope: Scope

  constructor(runner: MysqlRunner, scope: Scope) {
    this.#runner = runner
    this.#scope = scope
  }

  async list(): Promise<readonly MysqlSummary[]> {
    const where = within('routine_schema', this.#scope)
    const current = await currentSchema(this.#runner, never)
    const rows = await this.#runner.query(
      `select routine_type, routine_schema, routine_name from information_schema.routines
       where ${where.text} and routine_type in ('PROCEDURE', 'FUNCTION') order by routine_schema, routine_name`,
      where.binds,
      never,
    )
    return rows.map(([type, schema, bare]) => {
      const name = text(schema) === current ? text(bare) : `${text(schema)}.${text(bare)}`
      return {
        kind: type === 'PROCEDURE' ? 'procedure' : 'function',
        name,
        label: labelOf(name),
        description: null,
        native: [],
        schema: text(schema),
        bare: text(bare),
      }
    })
  }

  async describe(listed: RoutineSummary): Promise<readonly MysqlRoutine[]> {
    const summary = listed as MysqlSummary
    const type = summary.kind.toUpperCase()
    const rows = await this.#runner.query(
      `select p.ordinal_position, p.parameter_mode, p.parameter_name, p.data_type, p.dtd_identifier, p.character_maximum_length,
              p.numeric_precision, p.numeric_scale
       from information_schema.routines r
       left join information_schema.parameters p
         on p.specific_schema = r.routine_schema and p.specific_name = r.routine_name and p.routine_type = r.routine_type
       where r.routine_schema = ? and r.routine_name = ? and r.routine_type = ? order by p.ordinal_position`,
      [summary.schema, summary.bare, type],
      never,
    )
    return rows.length === 0 ? [] : [described(summary, rows)]
  }

  async call(routine: Routine, given: readonly RoutineArgument[], signal: AbortSignal): Promise<RoutineResult> {
    const one = routine as MysqlRoutine
    try {
      return await this.#runner.alone(
        (connection) => setVariables(connection, one, given),
        (connection) =>
          one.kind === 'procedure' ? callProcedure(connection, one, given) : callFunction(connection, one, given),
        signal,
      )
    } catch (thrown) {
      throw failure(one, thrown)
    }
  }
}

function described(summary: MysqlSummary, rows: readonly (readonly Json[])[]): MysqlRoutine {
  const parameters: RoutineParameter[] = []
  let answered: RoutineField | null = null
  for (const [position, mode, name, ...declared] of rows) {
    const field = fieldOf(text(name), declared)
    if (optional(position) === null) continue
    if (Number(position) === 0) answered = field
    else parameters.push({ ...field, mode: modeOf(text(mode)), default: null, hasDefault: false, isVariadic: false })
  }
  const isFunction = summary.kind === 'function'
  return {
    ...summary,
    parameters,
    returnType: isFunction ? (answered?.dbType ?? null) : '',
    returnSchema: [],
    answer: isFunction ? columnOf(output, answered) : null,
  }
}

const modeOf = (mode: string): RoutineParameter['mode'] => (mode === 'OUT' || mode === 'INOUT' ? mode : 'IN')

const columnOf = (as: string, field: RoutineField | null): WireColumn => ({
  as,
  type: field?.type ?? 'string',
  dbType: field?.dbType ?? '',
  hidden: false,
})

function fieldOf(name: string, [dataType, identifier, characters, precision, scale]: readonly Json[]): RoutineField {
  const number = (value: Json | undefined): number | null => (optional(value) === null ? null : Number(value))
  return {
    name,
    type: declaredType(text(identifier)).type,
    dbType: text(dataType),
    length: number(characters) ?? number(precision),
    precision: number(precision),
    scale: number(scale),
  }
}

// ---- carrying it out

const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const target = ({ schema, bare }: MysqlSummary): string => `${identifier(schema)}.${identifier(bare)}`
const variable = (index: number): string => `@df_${index + 1}`
const givenTo = (argument: RoutineArgument | undefined): Wire =>
  argument?.kind === 'value' ? wireOf(argument.value) : null

/** Gives what a procedure changes its first value. */
async function setVariables(
  connection: MysqlConnection,
  { parameters }: MysqlRoutine,
  given: readonly RoutineArgument[],
): Promise<void> {
  const changing = parameters.flatMap(({ mode }, i) => (mode === 'INOUT' ? [i] : []))
  if (changing.length === 0) return connection.simple('do 0')
  await connection.change(
    `set ${changing.map((i) => `${variable(i)} = ?`).join(', ')}`,
    changing.map((i) => givenTo(given[i])),
  )
}

async function callProcedure(
  connection: MysqlConnection,
  routine: MysqlRoutine,
  given: readonly RoutineArgument[],
): Promise<RoutineResult> {
  const { parameters } = routine
  const places = parameters.map(({ mode }, i) => (mode === 'IN' ? '?' : variable(i)))
  const values = parameters.flatMap(({ mode }, i) => (mode === 'IN' ? [givenTo(given[i])] : []))
  const budget = new RowBudget()
  const sets = await setsOf(connection, `call ${target(routine)}(${places.join(', ')})`, values, null, budget)
  const answering = parameters.flatMap((parameter, i) => (parameter.mode === 'IN' ? [] : [{ parameter, i }]))
  if (answering.length === 0) return { sets, out: null }
  const columns = answering.map(({ parameter }) => columnOf(parameter.name, parameter))
  const selected = `select ${answering.map(({ i }) => variable(i)).join(', ')}`
  const [rows] = await setsOf(connection, selected, null, columns, budget)
  return { sets, out: rows?.[0] ?? null }
}

async function callFunction(
  connection: MysqlConnection,
  routine: MysqlRoutine,
  given: readonly RoutineArgument[],
): Promise<RoutineResult> {
  const { parameters, answer } = routine
  const sql = `select ${target(routine)}(${parameters.map(() => '?').join(', ')})`
  const columns = answer === null ? null : [answer]
  const sets = await setsOf(
    connection,
    sql,
    parameters.map((_, i) => givenTo(given[i])),
    columns,
    new RowBudget(),
  )
  return { sets, out: null }
}

/** `columns` null: named and typed as the server tells. */
async function setsOf(
  connection: MysqlConnection,
  sql: string,
  values: readonly Wire[] | null,
  columns: readonly WireColumn[] | null,
  budget: RowBudget,
): Promise<readonly (readonly Row[])[]> {
  const sets: Row[][] = []
  await connection.results(sql, values, (fields) => {
    const rows: Row[] = []
    sets.push(rows)
    const read = readerOf(fields, columns)
    return (row) => {
      budget.take(sizeOf(row))
      rows.push(read(row))
    }
  })
  return sets
}

function readerOf(fields: readonly NamedField[], known: readonly WireColumn[] | null): (row: DriverRow) => Row {
  const columns =
    known ?? fields.map((field) => ({ as: field.name, type: typeOfField(field), dbType: '', hidden: false }))
  const cells = cellsOf(fields, columns)
  const decode = rowDecoder(columns)
  // A variable of the session is a double where the parameter is a float.
  const floats = columns.flatMap(({ type }, i) => (type === 'float' ? [i] : []))
  return (row) => {
    const values = cells(row)
    for (const i of floats) {
      const value = values[i]
      if (typeof value === 'number') values[i] = shortestFloat(value)
    }
    return decode(values)
  }
}

/** About the bytes of a row. */
function sizeOf(row: DriverRow): number {
  let size = 0
  for (const value of row) size += typeof value === 'string' || value instanceof Uint8Array ? value.length : 8
  return size
}

// ---- errors

/** There is no such routine, or it takes another number of parameters. */
const missing: ReadonlySet<number> = new Set([1305, 1318])
/** SIGNAL. */
const signals: ReadonlySet<number> = new Set([1642, 1643, 1644])

function failure(routine: MysqlRoutine, thrown: unknown): unknown {
  if (!(thrown instanceof ServerFault)) return mysqlError(thrown)
  const { kind, schema, bare } = routine
  if (missing.has(thrown.number)) {
    // Others of this kind come from inside of a routine.
    const own = `${kind} ${schema}.${bare}`.toLowerCase()
    const said = thrown.message.toLowerCase()
    if (said.includes(`${own} does not exist`) || said.includes(`${own};`)) return new RoutineChanged(thrown)
    return callFailed(
      kind,
      'It calls a routine that the database does not have, or gives it too few or too many values.',
      thrown,
    )
  }
  if (signals.has(thrown.number)) return callFailed(kind, thrown.message, thrown)
  if (isStale(thrown)) return callFailed(kind, 'It names something that the database does not have.', thrown)
  const told = mysqlError(thrown)
  if (!(told instanceof ApiError)) return callFailed(kind, 'The database could not carry it out.', thrown)
  return told.status === 503 ? told : callFailed(kind, told.message, thrown)
}
