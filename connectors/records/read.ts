/** GET on the records of a table (data-plane 3.4, 3.5). */
import { type ApiReply, type ApiRequest, BadRequest, type Json, NotImplemented } from 'dataferry/sdk'
import { type BatchEntry, batchError, batchMode } from './batch.ts'
import { describeTable } from './catalog/describe.ts'
import { type Column, nameOf } from './catalog/types.ts'
import { cursorPage } from './cursor.ts'
import { castKind, type Filter, type OrderAsked, parseFilter, parseOrder } from './filter/index.ts'
import { jsonText } from './json.ts'
import {
  canonicalKey,
  identifiers,
  isUniqueKey,
  type KeyValue,
  keyOf,
  keyOfPath,
  keyOfRecord,
  needIdentifiers,
  notFoundMessage,
  recordNotFound,
} from './keys.ts'
import { identifierList } from './lists.ts'
import { neededBy, type Presenting, presenting, presentRows, withNeeds } from './model.ts'
import type { RecordOptions } from './options.ts'
import { type Payload, wrapList } from './payload.ts'
import { fieldsOf } from './plan/fields.ts'
import { keyIs, oneOf } from './plan/predicates.ts'
import { asRows, keyOrder, keyProjections, planRead, type ReadAsked, takeKey } from './plan/read.ts'
import type { Projection } from './plan/types.ts'
import { readsAcross, withAcross } from './relate/across.ts'
import { type RelatedFields, relatedFields } from './relate/fields.ts'
import { type Relating, relationsOf } from './relate/read.ts'
import type { RelatedTables } from './relate/tables.ts'
import type { Row } from './store.ts'
import type { RecordTarget } from './target.ts'
import { countOf, rowsOf } from './values.ts'

/** Everything that a read has found out before it plans. */
interface Reading {
  readonly target: RecordTarget
  readonly request: ApiRequest
  readonly options: RecordOptions
  readonly key: readonly Column[]
  readonly columns: readonly Projection[]
  readonly related: readonly Relating[]
  /** Fields of related tables that the filter and the order name. */
  readonly fields: RelatedFields | null
  /** null: the rows go out as they are. */
  readonly presenting: Presenting | null
  readonly needs: readonly Column[]
}

/** Related tables as this request may read them. */
export const relatedTables = (target: RecordTarget): RelatedTables => ({
  store: target.store,
  catalog: target.store.catalog,
  serviceId: target.serviceId,
  name: target.serviceName ?? '',
  maxRecords: target.rules.maxRecords,
  maxDepth: target.rules.maxRelatedDepth,
  maxFilterTerms: target.rules.maxFilterTerms,
  view: (table, verb = 'GET') => target.viewOf(table, verb),
  model: (table) => target.modelOf(table),
  other: async (serviceId) => {
    if (!target.other) throw new NotImplemented('Relations to other services are not supported by this service.')
    return target.other(serviceId)
  },
})

/** Finds out what is to be read; nothing waits where the tables are known. Throws BadRequest, Forbidden. */
export async function readRecords(
  target: RecordTarget,
  request: ApiRequest,
  options: RecordOptions,
  payload: Payload,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { view, id } = target
  const key = identifiers(view, options.idField)
  const lists = id === null && options.ids === null && payload.records === null
  const columns = fieldsOf(view, options.fields, key, lists && options.group !== null)
  const asked =
    lists && (options.asList || options.countOnly) ? [] : relationsOf(view, options, relatedTables(target), signal)
  const related = asked instanceof Promise ? await asked : asked
  const model = target.modelOf(view.table)
  const needs = neededBy(model, view.table)
  const reading: Reading = {
    target,
    request,
    options,
    key,
    columns,
    related,
    fields: namesFields(options) ? await relatedFieldsOf(target, options, signal) : null,
    presenting: presenting(model, columns, needs, presentingRelated(related)),
    needs,
  }
  if (id !== null) return readOne(reading, keyOfPath(needIdentifiers(key), id), signal)
  const { ids } = options
  if (ids !== null)
    return readMany(reading, ids.length, (index) => keyOf(needIdentifiers(key), ids[index] ?? null), signal)
  const { records } = payload
  if (records !== null) {
    return readMany(
      reading,
      records.length,
      (index) => keyOfRecord(needIdentifiers(key), records[index] ?? null, index),
      signal,
    )
  }
  return readList(reading, signal)
}

const namesFields = ({ filter, order }: RecordOptions): boolean =>
  filter?.includes('.') === true || order?.includes('.') === true

/** The fields of related tables that the filter and the order name; null: none. Throws Forbidden, BadRequest. */
export function relatedFieldsOf(
  target: RecordTarget,
  options: RecordOptions,
  signal: AbortSignal,
): Promise<RelatedFields | null> {
  const limits = { maxTerms: target.rules.maxFilterTerms }
  const filter = options.filter === null ? null : parseFilter(options.filter, limits)
  const order = options.order === null ? [] : parseOrder(options.order, limits)
  const asking = { params: options.params, signal }
  return relatedFields(target.view, filter, order, relatedTables(target), asking)
}

/** How related rows are presented, by the relation's name. */
export function presentingRelated(related: readonly Relating[]): ReadonlyMap<string, Presenting> {
  const found = new Map<string, Presenting>()
  for (const { relation, model, child, needs, options, related: below } of related) {
    const shown = fieldsOf(child, options.fields, child.key, options.group !== null)
    const by = presenting(model, shown, needs, presentingRelated(below))
    if (by) found.set(nameOf(relation), by)
  }
  return found
}

const rowsReply = (reading: Reading, asked: ReadAsked): ApiReply => ({
  status: 200,
  headers: {},
  body: { kind: 'rows', rows: reading.target.store.read(planRead(asked)) },
})

const valueReply = (value: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value } })

/** What every plan of this read has in common. */
const common = ({ target, columns, needs, related, fields }: Reading): Omit<ReadAsked, 'result'> => ({
  view: target.view,
  columns: withNeeds(columns, needs),
  related,
  fields,
  maxRelated: target.rules.maxRecords,
})

async function readOne(reading: Reading, found: KeyValue, signal: AbortSignal): Promise<ApiReply> {
  const { target, key, request } = reading
  const asked: Omit<ReadAsked, 'result'> = {
    ...common(reading),
    where: (binds) => keyIs(key, found.values, binds),
    limit: isUniqueKey(target.view, key) ? null : 1,
  }
  if (reading.presenting === null && !readsAcross(reading.related)) {
    // The text alone: an error that is never thrown would cost its stack trace.
    const missing = notFoundMessage(found.text)
    return rowsReply(reading, { ...asked, result: (binds) => ({ kind: 'record', missing: binds.add(missing) }) })
  }
  const rows = await rowsOf(target.store.read(planRead({ ...asked, result: asRows })), signal)
  const whole = await withAcross(rows.slice(0, 1), reading.related, signal)
  const [row] = await presentRows(whole, reading.presenting, request)
  if (!row) throw recordNotFound(found.text)
  return valueReply(row)
}

function clientFilter({ options, target }: Reading): Filter | null {
  return options.filter === null ? null : parseFilter(options.filter, { maxTerms: target.rules.maxFilterTerms })
}

/** Equal values come in the order of the key, so that pages by offset neither repeat a record nor miss one. */
function orderOf({ target: { view, rules }, options }: Reading): readonly OrderAsked[] {
  const single = options.group === null && !options.distinct
  if (options.order === null) return rules.keyOrder && single ? keyOrder(view.key) : []
  const order = parseOrder(options.order, { maxTerms: rules.maxFilterTerms })
  if (!single) return order
  const named = new Set(
    order.map(({ by }) => (by.kind === 'expr' && by.expr.kind === 'column' ? by.expr.column.toLowerCase() : null)),
  )
  return [...order, ...keyOrder(view.key.filter((column) => !named.has(nameOf(column).toLowerCase())))]
}

async function readList(reading: Reading, signal: AbortSignal): Promise<ApiReply> {
  const { target, options, presenting: presented } = reading
  const { rules } = target
  const filter = clientFilter(reading)
  const { params } = options
  if (options.countOnly) {
    return rowsReply(reading, { ...counted(reading), filter, params, result: () => ({ kind: 'count' }) })
  }
  const imposed = options.limit === null || options.limit > rules.maxRecords
  const limit = imposed ? rules.maxRecords : (options.limit ?? rules.maxRecords)
  const order = orderOf(reading)
  const asked: Omit<ReadAsked, 'result'> = {
    ...common(reading),
    filter,
    params,
    order,
    group: options.group,
    having: options.having,
    distinct: options.distinct,
    maxTerms: rules.maxFilterTerms,
    limit,
    offset: options.offset,
  }
  if (options.cursor !== null) return readPage(reading, asked, options.cursor, signal)
  if (presented === null && !options.asList && !readsAcross(reading.related)) {
    const count = options.includeCount ? 'also' : imposed ? 'over' : 'no'
    return rowsReply(reading, {
      ...asked,
      result: (binds) => ({
        kind: 'list',
        count,
        schema: options.includeSchema ? binds.add(jsonText(schemaOf(reading))) : null,
      }),
    })
  }
  const rows = await rowsOf(target.store.read(planRead({ ...asked, result: asRows })), signal)
  const meta = await metaOf(reading, { filter, limit, imposed, found: rows.length }, signal)
  return valueReply(await listValue(reading, await withAcross(rows, reading.related, signal), meta))
}

/** What counting takes of a read: groups and rows that are left out are no part of the count. */
function counted({ target, options, columns, fields }: Reading): Pick<ReadAsked, 'view' | 'columns' | 'fields'> {
  const { view, rules } = target
  const { group, having, distinct } = options
  if (having === null && !distinct) return { view, columns: [], fields }
  return { view, columns, fields, group, having, distinct, maxTerms: rules.maxFilterTerms } as ReadAsked
}

/** A page of a list by cursor: one row more than it shows is read, to know whether there are more. */
async function readPage(
  reading: Reading,
  asked: Omit<ReadAsked, 'result'>,
  cursor: string,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { target, options } = reading
  if (options.offset > 0) throw new BadRequest("'cursor' and 'offset' can not be used together.")
  if (options.group !== null || options.distinct)
    throw new BadRequest("'cursor' can not be used with 'group' or 'distinct'.")
  const page = cursorPage({
    view: target.view,
    columns: reading.columns,
    order: asked.order ?? [],
    cursor,
    scope: `${target.serviceId} ${options.order ?? ''}`,
    nulls: target.store.can.nulls ?? 'least',
    ...(target.store.can.natural === true && { natural: natural(options) }),
  })
  const limit = asked.limit ?? target.rules.maxRecords
  const { order, extra, where, after } = page
  const planned = planRead({
    ...asked,
    order,
    extra,
    ...(where && { where }),
    ...(after && { after }),
    limit: limit + 1,
    result: asRows,
  })
  const rows = await rowsOf(target.store.read(planned), signal)
  const last = rows.length > limit ? rows[limit - 1] : undefined
  const meta: { [name: string]: Json } = {}
  if (options.includeCount)
    meta.count = await countRows(reading, { filter: asked.filter ?? null, limit, imposed: false, found: limit }, signal)
  if (last) meta.next_cursor = page.next(last)
  if (options.includeSchema) meta.schema = schemaOf(reading)
  const shown = rows.slice(0, limit).map((row) => page.bare(row))
  const whole = await withAcross(shown, reading.related, signal)
  return valueReply(await listValue(reading, whole, Object.keys(meta).length === 0 ? null : meta))
}

/** Where a source's own order begins and ends depends on the filter. */
const natural = ({ filter, params }: RecordOptions): string => jsonText([filter, [...params]])

const schemaOf = ({ target }: Reading): Json => describeTable(target.view, 'alias', target.serviceId, null)

interface Page {
  readonly filter: Filter | null
  readonly limit: number
  readonly imposed: boolean
  readonly found: number
}

/** The meta part of a list that was read as values (data-plane 3.4). */
async function metaOf(reading: Reading, page: Page, signal: AbortSignal): Promise<Json | null> {
  const { options } = reading
  const meta: { [name: string]: Json } = {}
  if (options.includeCount || page.imposed) {
    const count = await countRows(reading, page, signal)
    if (options.includeCount || count > page.limit) meta.count = count
    if (count - options.offset > page.limit) meta.next = options.offset + page.limit
  }
  if (options.includeSchema) meta.schema = schemaOf(reading)
  return Object.keys(meta).length === 0 ? null : meta
}

/** Counted by the store only where the page does not tell. */
async function countRows(reading: Reading, page: Page, signal: AbortSignal): Promise<number> {
  const { options, target } = reading
  const last = page.found < page.limit && (page.found > 0 || options.offset === 0)
  if (last && options.group === null) return options.offset + page.found
  const { filter } = page
  const { params } = options
  const planned = planRead({ ...counted(reading), filter, params, result: () => ({ kind: 'count' }) })
  return countOf(target.store.read(planned), signal)
}

async function listValue(reading: Reading, rows: readonly Row[], meta: Json | null): Promise<Json> {
  const { request, options } = reading
  const shown = await presentRows(rows, reading.presenting, request)
  return wrapList(request.output, options.asList ? identifierList(shown, listNames(options)) : shown, meta)
}

/** `as_list` shows `id_field`, else the literal field `name` (data-plane 3.3). */
export const listNames = ({ idField }: { readonly idField: readonly string[] | null }): readonly string[] =>
  idField ?? ['name']

/** `ids` and records: in the order of the request, paging has no effect (data-plane 3.5 item 2). */
async function readMany(
  reading: Reading,
  count: number,
  keyAt: (index: number) => KeyValue,
  signal: AbortSignal,
): Promise<ApiReply> {
  needIdentifiers(reading.key)
  const mode = batchMode(reading.options, true)
  const keys: (KeyValue | { readonly error: unknown })[] = []
  for (let index = 0; index < count; index += 1) {
    const key = attempt(() => keyAt(index))
    keys.push(key)
    if ('error' in key && mode === 'halt') break
  }
  const named = keys.filter((key) => 'values' in key)
  const found = await rowsByKeys(reading, named, mode === 'halt', signal)
  const entries: BatchEntry[] = []
  for (const key of keys) {
    const row = 'error' in key ? undefined : found.get(canonicalKey(key.values))
    const entry = entryOf(key, row)
    entries.push(entry)
    if (!entry.ok && mode === 'halt') break
  }
  if (entries.some((entry) => !entry.ok)) throw batchError('retrieved', mode, entries)
  const rows = entries.flatMap((entry) => (entry.ok ? [entry.shown as Row] : []))
  const { options, request } = reading
  if (options.order !== null) rows.sort((a, b) => (found.rank.get(a) ?? 0) - (found.rank.get(b) ?? 0))
  const shown = options.asList ? identifierList(rows, listNames(options)) : rows
  return valueReply(wrapList(request.output, shown, options.includeSchema ? { schema: schemaOf(reading) } : null))
}

function attempt<T>(work: () => T): T | { readonly error: unknown } {
  try {
    return work()
  } catch (error) {
    return { error }
  }
}

function entryOf(key: KeyValue | { readonly error: unknown }, row: Row | undefined): BatchEntry {
  if ('error' in key) return { ok: false, error: key.error }
  return row ? { ok: true, shown: row } : { ok: false, error: recordNotFound(key.text) }
}

const window = 1000

/**
 * Presented rows by their keys; `rank` is their place in the order that was asked for. `halts`: nothing behind the first missing one
 * is looked for.
 */
async function rowsByKeys(
  reading: Reading,
  keys: readonly KeyValue[],
  halts: boolean,
  signal: AbortSignal,
): Promise<{ get(key: string): Row | undefined; readonly rank: ReadonlyMap<Row, number> }> {
  const { target, key, options } = reading
  const order = options.order === null ? [] : parseOrder(options.order, { maxTerms: target.rules.maxFilterTerms })
  const distinct = new Map(keys.map((each) => [canonicalKey(each.values), each]))
  const found = new Map<string, Row>()
  const rank = new Map<Row, number>()
  const base = common(reading)
  const read = async (where: ReadAsked['where'], limit: number | null): Promise<Row[]> => {
    const columns = [...base.columns, ...keyProjections(key)]
    const planned = planRead({ ...base, columns, order, limit, result: asRows, ...(where ? { where } : {}) })
    return rowsOf(target.store.read(planned), signal)
  }
  const keep = async (rows: readonly Row[], as?: string): Promise<void> => {
    for (const row of await withAcross(rows, reading.related, signal)) {
      const bare = { ...row }
      const known = as ?? canonicalKey(takeKey(bare, key))
      if (as !== undefined) takeKey(bare, key)
      const [shown] = await presentRows([bare], reading.presenting, reading.request)
      if (!shown || found.has(known)) continue
      found.set(known, shown)
      rank.set(shown, rank.size)
    }
  }
  const [only] = key
  let exact = false
  if (only && key.length === 1 && isUniqueKey(target.view, key)) {
    const values = [...distinct.values()].map((each) => each.values[0] ?? null)
    for (let at = 0; at < values.length; at += window) {
      await keep(await read((binds) => oneOf(only, values.slice(at, at + window), binds), null))
    }
    exact = castKind(only.type) === 'integer'
  }
  // What is not found by its text may be found by the database's own idea of equal: collations, padding, formats of dates.
  for (const [text, each] of distinct) {
    if (exact || found.has(text)) continue
    await keep(await read((binds) => keyIs(key, each.values, binds), 1), text)
    if (halts && !found.has(text)) break
  }
  return { get: (text) => found.get(text), rank }
}
