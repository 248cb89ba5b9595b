/** The body that a call answers (data-plane 7): one shape for each case of the contract, and the casts of `returns` and `schema`. */
import { Decimal, exactNumber, type Json } from 'dataferry/sdk'
import { booleanOf, textOf } from '../filter/casts.ts'
import { digitsOf, integerOf, smallestInteger } from '../filter/numeric.ts'
import type { Members } from '../payload.ts'
import type { Row } from '../store.ts'
import type { Routine, RoutineResult } from './types.ts'

export interface ResultOptions {
  /** The key of a procedure's rows; null: not asked for. */
  readonly wrapper: string | null
  /** The type of the only value that is wanted; null: whole rows. */
  readonly returns: string | null
  /** Types by the names of columns; null: as the database has them. */
  readonly schema: Members | null
}

/** The key of rows beside OUT values. */
const rowsKey = 'resource'

export function resultBody(routine: Routine, result: RoutineResult, options: ResultOptions): Json {
  return routine.kind === 'procedure' ? procedureBody(result, options) : functionBody(routine, result, options)
}

function procedureBody({ sets, out }: RoutineResult, { wrapper, returns, schema }: ResultOptions): Json {
  const filled = sets.filter((rows) => rows.length > 0)
  const values: { [name: string]: Json } = Object.assign(Object.create(null), out)
  const kept = out === null ? filled : filled.filter((rows) => !takenAsOut(rows, values))
  const rows = rowsBody(kept, returns, schema)
  if (out === null) return wrapper === null ? rows : { [wrapper]: rows }
  const outs = castRow(values, schema)
  return kept.length === 0 ? outs : { [wrapper ?? rowsKey]: rows, ...outs }
}

/** A single row that has a column named like an OUT parameter tells the parameters' values. */
function takenAsOut(rows: readonly Row[], values: { [name: string]: Json }): boolean {
  const [row] = rows
  if (row === undefined || rows.length !== 1) return false
  const names = Object.keys(row).filter((name) => Object.hasOwn(values, name))
  for (const name of names) values[name] = row[name] as Json
  return names.length > 0
}

function rowsBody(sets: readonly (readonly Row[])[], returns: string | null, schema: Members | null): Json {
  const [first] = sets
  if (first === undefined) return []
  if (returns !== null) return castTo(firstValue(first), returns)
  const cast = sets.map((rows) => castRows(rows, schema))
  return cast.length === 1 ? (cast[0] as Json) : cast
}

function functionBody({ name }: Routine, { sets }: RoutineResult, { returns, schema }: ResultOptions): Json {
  const rows = sets[0] ?? []
  const [only] = rows
  if (only === undefined) return []
  if (returns !== null) return castTo(firstValue(rows), returns)
  if (sets.length > 1) return sets.map((each) => castRows(each, schema))
  if (rows.length > 1) return castRows(rows, schema)
  const scalar = scalarOf(only, name)
  return scalar === undefined ? castRow(only, schema) : scalar
}

/** The value of a row that is one value: its column is called `output`, or as the function. */
function scalarOf(row: Row, name: string): Json | undefined {
  const [column, ...others] = Object.keys(row)
  if (column === undefined || others.length > 0) return undefined
  const bare = name.slice(name.lastIndexOf('.') + 1)
  return column === 'output' || column === bare || column === name ? row[column] : undefined
}

const firstValue = ([row]: readonly Row[]): Json => (row === undefined ? null : (Object.values(row)[0] ?? null))

const castRows = (rows: readonly Row[], schema: Members | null): readonly Row[] =>
  schema === null ? rows : rows.map((row) => castRow(row, schema))

function castRow(row: Row, schema: Members | null): Row {
  if (schema === null) return row
  const cast: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of Object.entries(row)) {
    const type = Object.hasOwn(schema, name) ? schema[name] : undefined
    cast[name] = typeof type === 'string' ? castTo(value, type) : value
  }
  return cast
}

type Cast = (value: Json) => Json

const integer: Cast = (value) => {
  const digits = digitsOf(value)
  if (digits === null) return 0
  const whole = integerOf(digits, digits.negative ? 'ceil' : 'floor')
  return typeof whole === 'bigint' ? smallestInteger(whole) : 0
}
const number: Cast = (value) => {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value !== 'string') return typeof value === 'object' && !(value instanceof Decimal) ? 0 : value
  return digitsOf(value) === null ? 0 : numberIn(value.trim())
}
/** JSON has neither a plus in front nor a bare point. */
const numberIn = (text: string): Json => {
  const [, sign = '', whole = '', rest = ''] = /^([+-]?)0*(\d*)(.*)$/.exec(text) ?? []
  const mended = rest.replace(/^\.(?!\d)/, '')
  return exactNumber(`${sign === '-' ? '-' : ''}${whole === '' ? '0' : whole}${mended}`)
}
const boolean: Cast = (value) => {
  if (typeof value === 'string') return booleanOf(value) ?? false
  return digitsOf(value) === null ? false : digitsOf(value)?.digits !== '0'
}
const text: Cast = (value) => {
  if (value instanceof Decimal) return value.digits
  return value === null || typeof value === 'object' ? value : textOf(value)
}

const casts: ReadonlyMap<string, Cast> = new Map([
  ...['integer', 'int', 'bigint', 'smallint', 'mediumint', 'tinyint', 'id', 'reference'].map(
    (name) => [name, integer] as const,
  ),
  ...['float', 'double', 'decimal', 'number', 'numeric', 'money'].map((name) => [name, number] as const),
  ...['boolean', 'bool'].map((name) => [name, boolean] as const),
  ...['string', 'text', 'date', 'time', 'datetime', 'timestamp', 'uuid'].map((name) => [name, text] as const),
])

/** By a simple type's name in any case; null stays null, and what no cast is known for stays as it is. */
export const castTo = (value: Json, type: string): Json =>
  value === null ? null : (casts.get(type.trim().toLowerCase())?.(value) ?? value)
