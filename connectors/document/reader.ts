/**
 * Reads of documents: the store is asked for what it can do, and what it can't (functions, groups, places of nulls) is done here over
 * the documents that the rest of the filter meets, as long as they are few enough.
 */
import {
  atPath,
  type Column,
  evaluate,
  memoryRead,
  type OrderTerm,
  openField,
  type PlanExpr,
  type Planned,
  type Predicate,
  type Projection,
  type ReadPlan,
  type Row,
  type Slot,
  wholeRecord,
  withoutPaths,
} from 'dataferry/records'
import {
  BadRequest,
  type Bind,
  type ByteSink,
  Decimal,
  encodeJson,
  encodeValue,
  InternalError,
  type Json,
  NotFound,
  NotImplemented,
  type Output,
  parseJson,
  type RowSource,
} from 'dataferry/sdk'
import type { DocumentAdapter, OrderBy, Query, Raw, Transaction } from './adapter.ts'
import { both, type Condition, conditionOf } from './condition.ts'
import { aggregatedIn, type Grouped, groupedBy, ofNothing } from './group.ts'
import { opening, Pieces } from './pieces.ts'
import { isPlain, shapeOf } from './shape.ts'

/** Most documents that are looked at in memory for one request. */
export const mostInMemory = 100_000

/** What of a predicate the store judges, and what is left for us. */
export interface Split {
  readonly where: Condition | null
  readonly rest: Predicate | null
}

export function split(where: Predicate | null, binds: readonly Bind[]): Split {
  if (where === null) return { where: null, rest: null }
  const whole = conditionOf(where, binds)
  if (whole !== null) return { where: whole, rest: null }
  if (where.kind !== 'and') return { where: null, rest: where }
  const parts = where.of.map((each) => split(each, binds))
  const left = parts.flatMap(({ rest }) => (rest === null ? [] : [rest]))
  return {
    where: parts.reduce<Condition | null>((all, part) => both(all, part.where), null),
    rest: left.length === 1 && left[0] ? left[0] : { kind: 'and', of: left },
  }
}

export class DocumentReader {
  readonly #adapter: DocumentAdapter
  readonly #wrapperName: string

  constructor(adapter: DocumentAdapter, wrapperName: string) {
    this.#adapter = adapter
    this.#wrapperName = wrapperName
  }

  source({ plan, binds }: Planned<ReadPlan>): RowSource {
    const read = (signal: AbortSignal): Read => new Read(this.#adapter, plan, binds, null, signal)
    return {
      weight: plan.result.kind === 'record' ? 'point' : 'page',
      encode: async (output, sink, signal) => {
        if (output.format === 'json' && (await read(signal).print(output, sink))) return
        const wrapper = plan.result.kind === 'list' ? output.wrapper : null
        const value = await read(signal).body(wrapper, output.wrapperName)
        signal.throwIfAborted()
        await sink.write(encodeValue(output, value))
      },
      value: async (budget, signal) => {
        const value = await read(signal).body(this.#wrapperName, this.#wrapperName)
        const list = Array.isArray(value) ? value : Object.values(value ?? {}).find((member) => Array.isArray(member))
        if (Array.isArray(list) && list.length > budget.rows)
          throw new InternalError('The result is too large to be handled as a whole. Ask for fewer records or fields.')
        return value
      },
    }
  }

  rows({ plan, binds }: Planned<ReadPlan>, within: Transaction, signal?: AbortSignal): Promise<readonly Row[]> {
    return new Read(this.#adapter, plan, binds, within, signal).rows()
  }
}

class Read {
  readonly #adapter: DocumentAdapter
  readonly #plan: ReadPlan
  readonly #binds: readonly Bind[]
  readonly #within: Transaction
  readonly #signal: AbortSignal | undefined
  readonly #split: Split

  constructor(
    adapter: DocumentAdapter,
    plan: ReadPlan,
    binds: readonly Bind[],
    within: Transaction,
    signal: AbortSignal | undefined,
  ) {
    this.#adapter = adapter
    this.#plan = plan
    this.#binds = binds
    this.#within = within
    this.#signal = signal
    this.#split = split(plan.where, binds)
    if (plan.related.length > 0) throw new NotImplemented('Relations inside of a document store are read apart.')
  }

  async body(wrapper: string | null, wrapperName: string): Promise<Json> {
    const { result } = this.#plan
    switch (result.kind) {
      case 'count':
        return this.#count()
      case 'rows':
        return this.rows()
      case 'record': {
        const [row] = await this.rows(1)
        if (!row) throw new NotFound(String(this.#binds[result.missing] ?? ''))
        return row
      }
      case 'list': {
        const rows = await this.rows()
        const meta = await this.#meta(rows.length)
        const key = meta === null ? wrapper : (wrapper ?? wrapperName)
        if (key === null) return rows
        return meta === null ? { [key]: rows } : { [key]: rows, meta }
      }
    }
  }

  /** Writes the body as the store prints it; false: nothing was written, because it has to be made of rows. */
  async print({ wrapper, wrapperName }: Output, sink: ByteSink): Promise<boolean> {
    const { result, columns, from } = this.#plan
    const orders = this.#pushable ? ordersOf(this.#plan.order) : null
    const list = result.kind === 'list'
    if (!this.#adapter.print || orders === null || (!list && result.kind !== 'record')) return false
    const shape = shapeOf(columns, this.#adapter)
    if (shape.printed === null) return false
    await this.#refuseLists(this.#split.where)
    const query: Query = {
      where: this.#split.where,
      order: orders,
      skip: this.#number(this.#plan.offset) ?? 0,
      limit: list ? this.#number(this.#plan.limit) : 1,
      fields: shape.fields,
      ...this.#after,
    }
    // Whether a list without a key has one depends on what is known of it at the end.
    const held = list && wrapper === null && (result.count !== 'no' || result.schema !== null)
    const pieces = new Pieces(sink, held, list && !held ? opening(wrapper) : '')
    let documents = 0
    for await (const piece of this.#adapter.print(from.name, query, shape, this.#within, this.#signal)) {
      documents += piece.documents
      await pieces.add(piece.bytes)
    }
    if (!list) {
      if (documents === 0) throw new NotFound(String(this.#binds[result.missing] ?? ''))
      await pieces.end('')
      return true
    }
    const meta = await this.#meta(documents)
    this.#signal?.throwIfAborted()
    const key = meta === null ? wrapper : (wrapper ?? wrapperName)
    const closing = key === null ? ']' : meta === null ? ']}' : `],"meta":${encodeJson(meta)}}`
    await pieces.end(closing, held ? opening(key) : null)
    return true
  }

  async rows(most?: number): Promise<readonly Row[]> {
    const { columns, order } = this.#plan
    const limit = most ?? this.#number(this.#plan.limit)
    const orders = this.#pushable ? ordersOf(order) : null
    if (orders === null) return (await this.#groups(limit)) ?? this.#inMemory()
    const skip = this.#number(this.#plan.offset) ?? 0
    const { fields, row } = shapeOf(columns, this.#adapter)
    await this.#refuseLists(this.#split.where)
    const found = await this.#adapter.find(
      this.#plan.from.name,
      { where: this.#split.where, order: orders, skip, limit, fields, ...this.#after },
      this.#within,
      this.#signal,
    )
    return found.map(row)
  }

  /** Groups that the store makes; null: it can't make these. */
  async #groups(limit: number | null): Promise<readonly Row[] | null> {
    const grouped = this.#grouped({ skip: this.#number(this.#plan.offset) ?? 0, limit })
    if (grouped === null) return null
    const { grouping, row } = grouped
    const { name } = this.#plan.from
    const found = await this.#adapter.group?.(name, grouping, this.#within, this.#signal)
    if (!found) return null
    // SQL's aggregates of nothing are one row.
    const none = found.length === 0 && grouping.keys.length === 0 && grouping.having === null && limit !== 0
    return none && grouping.skip === 0 ? [row(ofNothing(grouping))] : found.map(row)
  }

  #grouped(page: { readonly skip: number; readonly limit: number | null }): Grouped | null {
    const { where, rest } = this.#split
    if (!this.#adapter.group || rest !== null || this.#plan.after !== undefined) return null
    return groupedBy(this.#plan, this.#binds, where, page)
  }

  get #pushable(): boolean {
    const { columns, group, having, distinct } = this.#plan
    return this.#split.rest === null && group === null && !having && distinct !== true && isPlain(columns)
  }

  /** A list has several places in an order, so no page can begin behind one. */
  async #refuseLists(where: Condition | null): Promise<void> {
    if (this.#adapter.ordersLists === true) return
    const paths = exactPaths(where)
    for (const path of paths) {
      const lists: Condition = { kind: 'list', path }
      const [found] = await this.#adapter.find(
        this.#plan.from.name,
        { where: lists, order: [], skip: 0, limit: 1, fields: ['_id'] },
        this.#within,
        this.#signal,
      )
      if (found)
        throw new BadRequest(
          `Paging by 'cursor' is not possible in the order of '${path}': some records hold lists there.`,
        )
    }
  }

  /** Where a page by the store's own order begins. */
  get #after(): Pick<Query, 'after'> {
    const { after } = this.#plan
    if (after === undefined) return {}
    return { after: after.map((slot) => parseJson(String(this.#binds[slot] ?? 'null'))) }
  }

  #number(slot: Slot | null): number | null {
    return slot === null ? null : Number(this.#binds[slot])
  }

  async #count(): Promise<number> {
    const { having, distinct, from } = this.#plan
    if (having || distinct === true) {
      const grouped = this.#grouped({ skip: 0, limit: null })
      const counted =
        grouped && (await this.#adapter.countGroups?.(from.name, grouped.grouping, this.#within, this.#signal))
      if (typeof counted === 'number') return counted
      return (await this.#memory({ ...this.#plan, limit: null, offset: null })).length
    }
    if (this.#split.rest === null) return this.#adapter.count(from.name, this.#split.where, this.#within, this.#signal)
    return (await this.#documents()).length
  }

  async #meta(found: number): Promise<Json | null> {
    const { result } = this.#plan
    if (result.kind !== 'list') return null
    const meta: { [name: string]: Json } = {}
    const limit = this.#number(this.#plan.limit) ?? Number.POSITIVE_INFINITY
    const offset = this.#number(this.#plan.offset) ?? 0
    if (result.count !== 'no') {
      const last = found < limit && (found > 0 || offset === 0) && this.#plan.group === null
      const count = last ? offset + found : await this.#count()
      if (result.count === 'also' || count > limit) meta.count = count
      if (count - offset > limit) meta.next = offset + limit
    }
    if (result.schema !== null) meta.schema = parseJson(String(this.#binds[result.schema]))
    return Object.keys(meta).length === 0 ? null : meta
  }

  // ---- what the store can't do

  /** The documents that the whole filter meets. */
  async #documents(): Promise<readonly Raw[]> {
    const { where, rest } = this.#split
    const found = await this.#adapter.find(
      this.#plan.from.name,
      { where, order: [], skip: 0, limit: mostInMemory + 1, fields: null, ...this.#after },
      this.#within,
      this.#signal,
    )
    if (found.length > mostInMemory) {
      throw new BadRequest(
        `The store can not do this by itself, and more than ${mostInMemory} records would have to be looked at. Add conditions that compare a field with a value.`,
      )
    }
    if (rest === null) return found
    return found.filter((document) => {
      const all = this.#adapter.shown(document)
      return evaluate(rest, this.#binds, (column) => reachedBy(all, column))
    })
  }

  async #inMemory(): Promise<readonly Row[]> {
    const { columns, group, having, distinct } = this.#plan
    if (group !== null || having || distinct === true || !isPlain(columns)) return this.#memory(this.#plan)
    const documents = await this.#documents()
    const rows = await memoryRead(
      { plan: { ...this.#plan, where: null, columns: [place] }, shape: '', binds: this.#binds },
      () => flat(documents, this.#plan, this.#adapter),
    )
    const { row } = shapeOf(columns, this.#adapter)
    return rows.flatMap((each) => {
      const document = documents[Number(each[place.as])]
      return document ? [row(document)] : []
    })
  }

  async #memory(plan: ReadPlan): Promise<readonly Row[]> {
    const documents = await this.#documents()
    const rows = await memoryRead({ plan: { ...plan, where: null }, shape: '', binds: this.#binds }, () =>
      flat(documents, plan, this.#adapter),
    )
    return rows.map(spread)
  }
}

const placeColumn = openField('#')
/** Which document a row is of. */
const place: Projection = {
  as: '#',
  expr: { kind: 'column', column: placeColumn },
  type: 'integer',
  column: placeColumn,
  hidden: false,
}

/** The values of the columns that a plan names, by their names. What a projection leaves out is not there for anything. */
function flat(documents: readonly Raw[], plan: ReadPlan, adapter: DocumentAdapter): readonly Row[] {
  const named = namedIn(plan)
  const summed = summedIn(plan)
  const shown = new Map<Column, readonly string[]>()
  for (const { expr, without = [] } of plan.columns) if (expr.kind === 'column') shown.set(expr.column, without)
  return documents.map((document, index) => {
    const all = adapter.shown(document)
    const row: { [name: string]: Json } = Object.create(null)
    for (const column of named) {
      const without = shown.get(column)
      if (summed.has(column.name)) row[column.name] = numberOf(reachedBy(all, column))
      else if (without === undefined) row[column.name] = reachedBy(all, column)
      else if (column === wholeRecord) row[column.name] = withoutPaths(all, without)
      else row[column.name] = withoutPaths(atPath(all, column.name) ?? null, without, column.name)
    }
    row['#'] = index
    return row
  })
}

/** Whole documents among the values of a row are the row. */
function spread(row: Row): Row {
  const { [wholeRecord.name]: whole, ...rest } = row
  return whole === undefined ? row : { ...(whole as Row), ...rest }
}

/** Dates are texts to functions and groups. */
function reachedBy(document: Json, { name }: Column): Json {
  let here: Json = document
  for (const segment of name.split('.')) {
    if (here === null || typeof here !== 'object' || !Object.hasOwn(here, segment)) return null
    here = (here as { readonly [name: string]: Json })[segment] ?? null
  }
  if (here !== null && typeof here === 'object' && '$date' in here) return here.$date
  return here
}

/** Paths of which nothing but sums and averages is asked: these are of numbers, as stores have them. */
function summedIn({ columns, group, order, having }: ReadPlan): ReadonlySet<string> {
  const summed = new Set<string>()
  const others = new Set<string>(having ? ['*'] : [])
  for (const { expr } of columns) {
    const of = expr.kind === 'aggregate' ? expr.of : expr
    if (of?.kind !== 'column') continue
    const sums = expr.kind === 'aggregate' && (expr.name === 'SUM' || expr.name === 'AVG')
    ;(sums ? summed : others).add(of.column.name)
  }
  for (const expr of [...(group ?? []), ...order.map((each) => each.expr)])
    if (expr.kind === 'column') others.add(expr.column.name)
  return others.has('*') ? new Set() : new Set([...summed].filter((path) => !others.has(path)))
}

const numberOf = (value: Json): Json =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal ? value : null

function namedIn({ columns, group, order, having }: ReadPlan): ReadonlySet<Column> {
  const found = new Set<Column>()
  const walk = (expr: PlanExpr): void => {
    if (expr.kind === 'column') found.add(expr.column)
    else if (expr.kind === 'call') expr.args.forEach(walk)
    else if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(walk)
  }
  for (const { expr } of columns) {
    if (expr.kind !== 'aggregate') walk(expr)
    else if (expr.of !== null) walk(expr.of)
  }
  group?.forEach(walk)
  if (having) for (const of of aggregatedIn(having)) walk(of)
  for (const { expr } of order) if (expr.kind !== 'output' && expr.kind !== 'related') walk(expr)
  return found
}

/** null: an order that stores don't have. Theirs has what is missing first, and last where it descends. */
function ordersOf(order: readonly OrderTerm[]): readonly OrderBy[] | null {
  const found = new Map<string, OrderBy>()
  for (const { expr, descending, nulls } of order) {
    if (expr.kind !== 'column' || (nulls !== null && (nulls === 'first') === descending)) return null
    const { name: path } = expr.column
    if (!found.has(path)) found.set(path, { path, descending })
  }
  return [...found.values()]
}

function exactPaths(condition: Condition | null): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (each: Condition): void => {
    if (each.kind === 'all' || each.kind === 'any') each.of.forEach(walk)
    else if (each.kind === 'exact' && each.path !== '_id') found.add(each.path)
  }
  if (condition) walk(condition)
  return found
}
