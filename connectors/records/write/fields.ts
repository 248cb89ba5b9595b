/** What a client's record means for the columns of a table (data-plane 3.10), in the contract's order for each column. */

import type { Bind } from 'dataferry/sdk'
import { BadRequest, Decimal, Forbidden, type Json } from 'dataferry/sdk'
import { castToColumn, meansNull, openStored } from '../cast.ts'
import { isRequired } from '../catalog/describe.ts'
import { holdsPaths, openColumn, overlap, withoutPaths } from '../catalog/open.ts'
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import { type FilterExpr, parseExpression, replaceLookupsIn, resolveExpr } from '../filter/index.ts'
import { missingKey } from '../keys.ts'
import { isMembers, type Members } from '../payload.ts'
import { Binds } from '../plan/binds.ts'
import { functionsOf } from '../plan/functions.ts'
import { realColumn, type TableView } from '../view.ts'
import { incrementOf } from './increment.ts'
import { validate } from './validate.ts'

/** What a column is set to: a value, or an expression that the source computes. */
export type FieldValue =
  /** `through`: the function that the value is written through (data-plane 6.6). */
  | { readonly kind: 'value'; readonly value: Bind; readonly through?: FilterExpr }
  | { readonly kind: 'expr'; readonly expr: FilterExpr }

export type FieldValues = ReadonlyMap<Column, FieldValue>

export interface ProcessedRecord {
  readonly values: FieldValues
  /** Something of it came from the client, not from the server alone. */
  readonly sent: boolean
}

export interface Processing {
  readonly kind: 'insert' | 'update'
  /** The record's place in the request, for messages. */
  readonly index: number
  /** Who is logged in, for the columns that keep it. */
  readonly userId: number | null
  /** Columns that are the record's identifier here: an update leaves them alone. */
  readonly key: readonly Column[]
  /** An insert that comes of an update misses no required field by itself: the database judges (data-plane 3.7, upsert). */
  readonly lenient?: boolean
  /** Columns that something else will fill in, whatever was sent for them. */
  readonly filled?: ReadonlySet<Column>
  /** The record takes the place of the one that is there (data-plane 8.1, PUT). */
  readonly replaces?: boolean
}

/** Processes one record. Throws BadRequest for the first field that does not do, Forbidden for one that the role may only read. */
export function processRecord(view: TableView, record: Members, how: Processing): ProcessedRecord {
  const given = givenBy(record)
  if (how.kind === 'insert' && !how.lenient) needKey(view, given, how)
  const values = new Map<Column, FieldValue>()
  let sent = false
  for (const { column, name, isPlain, isOptional } of columnsOf(view)) {
    if (isAutomatic(column)) {
      const automatic = automaticValue(column, how)
      if (automatic !== null) values.set(column, automatic)
      continue
    }
    const raw = given(name)
    if (raw === undefined && isOptional) continue
    const value =
      isPlain && isPlainValue(raw) && how.kind === 'insert' && !how.filled?.has(column)
        ? ({ kind: 'value', value: castToColumn(raw, column) } as const)
        : fieldValue(view, column, raw, how)
    if (value === null) continue
    values.set(column, value)
    sent = true
  }
  if (view.table.open === true && setUndeclared(view, record, how, values)) sent = true
  return { values, sent }
}

/** What a record says of a field, by its lower-case name. */
type Given = (name: string) => Json | undefined

/** In any case; of two that differ in case alone the last. */
function givenBy(record: Members): Given {
  if (hasLowerNames(record)) return (name) => record[name]
  const given = new Map<string, Json>()
  for (const [name, value] of Object.entries(record)) given.set(name.toLowerCase(), value)
  return (name) => given.get(name)
}

/** All its names are in lower case already, and it has no others than its own. */
function hasLowerNames(record: Members): boolean {
  if (Object.getPrototypeOf(record) !== null) return false
  for (const name in record) if (name !== name.toLowerCase()) return false
  return true
}

/** What of a column does not depend on the record. */
export interface ColumnFacts {
  readonly column: Column
  /** As clients use it, in lower case. */
  readonly name: string
  /** May be written, and a plain value is bound as its type says and nothing else. */
  readonly isPlain: boolean
  /** A new record may leave it out. */
  readonly isOptional: boolean
}

const factsOfRights = new WeakMap<object, WeakMap<Table, readonly ColumnFacts[]>>()

/** The records of a batch share a view, and the requests of a role its rights. */
export function columnsOf(view: TableView): readonly ColumnFacts[] {
  let tables = factsOfRights.get(view.rightsKey)
  if (!tables) {
    tables = new WeakMap()
    factsOfRights.set(view.rightsKey, tables)
  }
  const found = tables.get(view.table)
  if (found) return found
  const facts = view.table.columns.map((column): ColumnFacts => {
    const isFree = column.open !== true && column.validation === null && column.dbFunction === null
    return {
      column,
      name: nameOf(column).toLowerCase(),
      isPlain: isFree && !view.refuses(column) && view.writes(column),
      isOptional: !isRequired(column),
    }
  })
  tables.set(view.table, facts)
  return facts
}

/** A value that stands for nothing but itself: no empty text, which may mean null, and no text that may hold a lookup. */
export function isPlainValue(raw: Json | undefined): raw is Json {
  switch (typeof raw) {
    case 'string':
      return raw !== '' && !raw.includes('{')
    case 'number':
    case 'boolean':
    case 'bigint':
      return true
    default:
      return false
  }
}

/** The fields of a document that nobody declared; whether there are any. */
function setUndeclared(view: TableView, record: Members, how: Processing, values: Map<Column, FieldValue>): boolean {
  const declared = new Set(view.table.columns.map((column) => nameOf(column).toLowerCase()))
  const relations = relationNames(view)
  const whole = how.kind === 'insert' || how.replaces === true
  const set: Column[] = []
  for (const [name, raw] of Object.entries(record)) {
    if (declared.has(name.toLowerCase()) || relations.has(name.toLowerCase())) continue
    const column = openColumn(view.table, name)
    if (column === null) throw new BadRequest(`A field can not be named '${name}'.`)
    if (whole && name.includes('.'))
      throw new BadRequest(`Field '${name}': a record that is new or replaced has members, not paths.`)
    if (!whole && set.some((other) => overlap(other.name, name)))
      throw new BadRequest(`Field '${name}' is set twice: by itself and by a path.`)
    const value = fieldValue(view, column, raw, how)
    if (value === null) continue
    set.push(column)
    values.set(column, value)
  }
  return set.length > 0
}

/**
 * What of a value may be stored in an open column. Throws Forbidden where something below is read-only; and for an update where something
 * below is hidden, because it would be lost.
 */
function storable(view: TableView, column: Column, value: Json, whole: boolean): Json {
  const hidden = view.hiddenBelow(column)
  const fixed = view.unwritableBelow(column)
  if (hidden.length === 0 && fixed.length === 0) return value
  if (!whole || holdsPaths(value, fixed, column.name)) {
    throw new Forbidden(
      `Denied access to some of the requested fields. Field '${nameOf(column)}' can not be written as a whole by this role.`,
    )
  }
  return withoutPaths(value, hidden, column.name)
}

/** A key that the database does not make must come with the record (data-plane 3.6). */
function needKey(view: TableView, given: Given, { index, filled }: Processing): void {
  const needed = neededKey(view)
  if (needed.length === 0) return
  const missing = needed
    .filter((column) => !filled?.has(column))
    .filter((column) => meansNull(given(nameOf(column).toLowerCase()) ?? null, column))
  if (missing.length > 0) throw missingKey(index, missing.map(nameOf))
}

const neededKeys = new WeakMap<TableView, readonly Column[]>()

export function neededKey(view: TableView): readonly Column[] {
  const found = neededKeys.get(view)
  if (found) return found
  const needed = view.table.primaryKey
    .map((name) => realColumn(view.table, name))
    .filter((column) => column !== null)
    .filter((column) => !column.autoIncrement && !column.hasDefault && view.sees(column) && !isAutomatic(column))
  neededKeys.set(view, needed)
  return needed
}

const now: FieldValue = { kind: 'expr', expr: { kind: 'call', name: 'current_timestamp', args: [] } }

const automatics: ReadonlySet<string> = new Set([
  'timestamp_on_create',
  'timestamp_on_update',
  'user_id_on_create',
  'user_id_on_update',
])
export const isAutomatic = (column: Column): boolean => automatics.has(column.type)

/** What the server sets whatever the client sent (3.10 item 3); null: left out. */
export function automaticValue(
  column: Column,
  { kind, userId }: Pick<Processing, 'kind' | 'userId'>,
): FieldValue | null {
  const user: FieldValue | null = userId === null ? null : { kind: 'value', value: userId }
  switch (column.type) {
    case 'timestamp_on_create':
      return kind === 'insert' ? now : null
    case 'timestamp_on_update':
      return now
    case 'user_id_on_create':
      return kind === 'insert' ? user : null
    case 'user_id_on_update':
      return user
    default:
      return null
  }
}

/** The contract's words, and which of the fields it is: the caller sees it. */
const deniedField = (column: Column): Forbidden =>
  new Forbidden(`Denied access to some of the requested fields. Field '${nameOf(column)}' is read-only for this role.`)

/** null: the column is not set. */
function fieldValue(view: TableView, column: Column, raw: Json | undefined, how: Processing): FieldValue | null {
  if (raw === undefined) {
    if (
      how.kind === 'insert' &&
      !how.lenient &&
      isRequired(column) &&
      !how.filled?.has(column) &&
      view.writes(column)
    ) {
      throw new BadRequest(`Required field '${nameOf(column).toLowerCase()}' can not be NULL.`)
    }
    return null
  }
  if (how.filled?.has(column)) return null
  if (how.kind === 'update' && (column.type === 'id' || how.key.includes(column))) return null
  if (view.refuses(column)) throw deniedField(column)
  if (!view.writes(column)) return null
  const increment = incrementOf(raw, column, how.kind, how.lenient === true)
  if (increment !== null && how.replaces === true)
    throw new BadRequest(`Field '${nameOf(column)}': '$inc' is for PATCH, a replaced record has no value before.`)
  if (increment !== null) return increment
  const expression = expressionOf(raw)
  if (expression !== null) return expressionValue(view, expression)
  const value = replaceLookupsIn(raw, view)
  if (column.open === true && value === null) storable(view, column, value, how.kind === 'insert')
  if (meansNull(value, column)) {
    if (how.kind === 'insert' && column.autoIncrement) return null
    const judged = validate(column, null, how.kind)
    if (judged === 'ignore') return null
    if (!column.allowNull) throw new BadRequest(`Field '${nameOf(column).toLowerCase()}' can not be NULL.`)
    return { kind: 'value', value: null }
  }
  const judged = validate(column, value, how.kind)
  if (judged === 'ignore') return null
  if (column.open === true) {
    const whole = how.kind === 'insert' || how.replaces === true
    return { kind: 'value', value: openStored(storable(view, column, value, whole)) }
  }
  const fn = functionsOf(column)[how.kind === 'insert' ? 'INSERT' : 'UPDATE']
  const written: FieldValue = { kind: 'value', value: castToColumn(value, column) }
  return fn?.kind === 'expr' ? { ...written, through: fn.expr } : written
}

/** The text of `{"expression":"..."}` or `{"expression":{"value":"..."}}`; null for another value. */
function expressionOf(value: Json): string | null {
  if (!isMembers(value) || !Object.hasOwn(value, 'expression') || Object.keys(value).length !== 1) return null
  const { expression } = value
  if (typeof expression === 'string') return expression
  const inner = isMembers(expression) ? expression.value : undefined
  return inner === undefined || inner === null || (typeof inner === 'object' && !(inner instanceof Decimal))
    ? ''
    : String(inner)
}

function expressionValue(view: TableView, text: string): FieldValue {
  if (text.trim().toUpperCase() === 'NULL') return { kind: 'value', value: null }
  const refused = (): BadRequest => new BadRequest(`SQL expression '${text}' is not permitted.`)
  const expr = parseExpression(text)
  if (expr === null) throw refused()
  resolveExpr(expr, view.scope(new Binds()), refused)
  return { kind: 'expr', expr }
}

/** Whether a name is that of a relation, in any case. */
export const isRelation = (view: TableView, name: string): boolean =>
  view.table.relations.length > 0 && relationNames(view).has(name.toLowerCase())

/** Whether there is related data in a record. */
export function bringsRelated(view: TableView, record: Members): boolean {
  if (view.table.relations.length === 0) return false
  const names = relationNames(view)
  for (const name of Object.keys(record)) if (names.has(name.toLowerCase())) return true
  return false
}

/** Related data that came with a record, by relation. */
export function relatedIn(
  view: TableView,
  record: Members,
): readonly { readonly relation: Relation; readonly value: Json }[] {
  if (view.table.relations.length === 0) return []
  if (!bringsRelated(view, record)) return []
  const names = relationNames(view)
  return Object.entries(record).flatMap(([name, value]) => {
    const relation = names.get(name.toLowerCase())
    return relation === undefined ? [] : [{ relation, value }]
  })
}

const known = new WeakMap<TableView, ReadonlyMap<string, Relation>>()

/** By lower-case name: the records of a batch share a view. */
function relationNames(view: TableView): ReadonlyMap<string, Relation> {
  const found = known.get(view)
  if (found) return found
  const names = new Map(view.relations.map((relation) => [nameOf(relation).toLowerCase(), relation]))
  known.set(view, names)
  return names
}
