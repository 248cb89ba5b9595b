/**
 * Identifiers (data-plane 3.12): which columns name a record, and the values that a path, `ids` or a record gives for them.
 */
import { BadRequest, type Bind, Decimal, InternalError, type Json, NotFound } from 'dataferry/sdk'
import { castToColumn } from './cast.ts'
import { type Column, integerTypes, nameOf } from './catalog/types.ts'
import { compareDigits, digitsOf } from './filter/index.ts'
import { isMembers } from './payload.ts'
import type { TableView } from './view.ts'

/** The value of a key: how it is bound, pairwise to the key's columns, and how a message names it. */
export interface KeyValue {
  readonly values: readonly Bind[]
  readonly text: string
}

/** The columns that identify a record: `id_field` where it names some, else the table's key; empty where there are none. */
export function identifiers(view: TableView, idField: readonly string[] | null): readonly Column[] {
  if (idField === null) return view.key
  return idField
    .map((name) => view.column(name))
    .filter((column) => column !== null && !column.isVirtual && view.seesWhole(column)) as Column[]
}

/** Throws InternalError where records cannot be told apart. */
export function needIdentifiers(columns: readonly Column[]): readonly Column[] {
  if (columns.length === 0) throw new InternalError('Identifying field(s) could not be determined.')
  return columns
}

export const notFoundMessage = (text: string): string => `Record with identifier '${text}' not found.`
export const recordNotFound = (text: string): NotFound => new NotFound(notFoundMessage(text))

/** At most one record has such a key. */
export function isUniqueKey(view: TableView, columns: readonly Column[]): boolean {
  const key = view.table.primaryKey
  const names = new Set(columns.map((column) => column.name))
  if (key.length > 0 && key.every((name) => names.has(name))) return true
  return columns.some((column) => column.isUnique)
}

/** The id of a path: `5`, `(1,2)`; of a list the first. Throws as `keyOf`. */
export function keyOfPath(columns: readonly Column[], segment: string): KeyValue {
  const composite = compositeParts(segment)
  return keyOf(columns, composite ? segment : (segment.split(',')[0] ?? segment).trim())
}

/**
 * The key that one id means: a plain value, `(1,2)` as text or `[1,2]` as a list for a composite key, or a record that holds the
 * fields. Throws NotFound for what can be no key (a fraction for an integer, a plain value for a composite key), BadRequest
 * `Field 'x' must be a valid integer.`
 */
export function keyOf(columns: readonly Column[], id: Json): KeyValue {
  if (isMembers(id)) return keyOfRecord(columns, id, 0)
  const parts = Array.isArray(id) ? id : typeof id === 'string' ? compositeParts(id) : null
  const text = textOf(id)
  if (parts === null) {
    if (columns.length !== 1) throw recordNotFound(text)
    return keyOfValues(columns, [id], text)
  }
  if (parts.length !== columns.length) {
    if (columns.length === 1 && typeof id === 'string') return keyOfValues(columns, [id], text)
    throw new BadRequest(`An identifier needs ${columns.length} values: ${columns.map(nameOf).join(', ')}.`)
  }
  return keyOfValues(columns, parts, text)
}

/** The key that a record names by its own fields. Throws BadRequest `Required id field(s) not found in record N: a, b`. */
export function keyOfRecord(columns: readonly Column[], record: Json, index: number): KeyValue {
  const given = new Map<string, Json>()
  if (isMembers(record)) for (const [name, value] of Object.entries(record)) given.set(name.toLowerCase(), value)
  const values: Json[] = []
  const missing: string[] = []
  for (const column of columns) {
    const value = given.get(nameOf(column).toLowerCase())
    if (value === undefined || value === null || value === '') missing.push(nameOf(column))
    else values.push(value)
  }
  if (missing.length > 0) throw missingKey(index, missing)
  return keyOfValues(columns, values, values.length === 1 ? textOf(values[0] ?? null) : textOf(values))
}

export const missingKey = (index: number, names: readonly string[]): BadRequest =>
  new BadRequest(`Required id field(s) not found in record ${index}: ${names.join(', ')}`)

function keyOfValues(columns: readonly Column[], values: readonly Json[], text: string): KeyValue {
  return { text, values: columns.map((column, index) => castKey(values[index] ?? null, column, text)) }
}

/** What nearly all ids look like. */
const plainInteger = /^\d{1,15}$/

const most = digitsOf(2n ** 63n - 1n)
const least = digitsOf(-(2n ** 63n))

/** No integer key is a fraction, or beyond 64 bits: such an id names nothing. */
function castKey(value: Json, column: Column, text: string): Bind {
  if (typeof value === 'string' && integerTypes.has(column.type) && plainInteger.test(value)) return Number(value)
  const digits = integerTypes.has(column.type) ? digitsOf(value) : null
  if (digits) {
    const fraction = digits.exponent < 0 && /[1-9]/.test(digits.digits.slice(digits.exponent))
    const beyond =
      !/unsigned/i.test(column.dbType) &&
      ((most && compareDigits(digits, most) > 0) || (least && compareDigits(digits, least) < 0))
    if (fraction || beyond) throw recordNotFound(text)
  }
  return castToColumn(value, column)
}

const textOf = (id: Json): string => {
  if (Array.isArray(id)) return `(${id.map(textOf).join(',')})`
  if (isMembers(id)) return `(${Object.values(id).map(textOf).join(',')})`
  return String(id)
}

/** The values of `(1,'a b')`; null for a text of another form. A value may stand in quotes, which are doubled inside. */
export function compositeParts(text: string): readonly string[] | null {
  const inner = text.includes('(') ? /^\s*\((.*)\)\s*$/s.exec(text)?.[1] : undefined
  if (inner === undefined) return null
  const parts: string[] = []
  const part = /\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/gy
  part.lastIndex = 0
  while (part.lastIndex <= inner.length) {
    const found = part.exec(inner)
    if (!found) return null
    const [whole, single, double, bare] = found
    parts.push(single?.replaceAll("''", "'") ?? double?.replaceAll('""', '"') ?? (bare ?? '').trim())
    if (!whole.endsWith(',')) break
  }
  return parts.length > 0 && parts.some((each) => each !== '') ? parts : null
}

/** The text under which two values of a key are the same: for matching rows to the ids that asked for them. */
export function canonicalKey(values: readonly (Json | Bind)[]): string {
  return values.length === 1 ? canonical(values[0] ?? null) : JSON.stringify(values.map(canonical))
}

function canonical(value: Json | Bind): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return String(value)
}

/** A key's value as the answer shows it, where it is not read back. */
export function shownKey(value: Bind, column: Column): Json {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return null
  if (typeof value === 'string' && column.type === 'decimal') {
    const plain = column.open === true && String(Number(value)) === value
    return plain ? Number(value) : new Decimal(value)
  }
  return value as Json
}
