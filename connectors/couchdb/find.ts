/** Reads of CouchDB: what a selector or identifiers narrow is judged here, in its order, a piece at a time. */
import {
  asDouble,
  type Condition,
  compareAny,
  mostInMemory,
  type OrderBy,
  type Query,
  satisfies,
  withValues,
} from 'dataferry/document'
import { atPath } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import type { Stored } from './body.ts'
import type { CouchClient, Members } from './client.ts'
import { everything, selectorOf } from './selector.ts'

/** Documents of one answer. */
const piece = 500

/** Documents of the server's own are no records. */
export const isOwn = (id: string): boolean => id.startsWith('_')

export async function findDocuments(
  client: CouchClient,
  name: string,
  query: Query,
  signal: AbortSignal | undefined,
): Promise<readonly Stored[]> {
  const where = query.where === null ? null : comparable(query.where)
  const walk = new Walk(client, name, { ...query, where }, signal)
  const ids = idsIn(where)
  return ids === null ? walk.bySelector() : walk.byIds(ids)
}

export const countDocuments = (
  client: CouchClient,
  name: string,
  where: Condition,
  signal: AbortSignal | undefined,
): Promise<number> =>
  new Walk(client, name, { where: comparable(where), order: [], skip: 0, limit: null, fields: ['_id'] }, signal).count()

/** Those that are there, in no order. */
export async function storedByIds(
  client: CouchClient,
  name: string,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly Stored[]> {
  const keys = [...new Set(ids)].filter((id) => id !== '' && !isOwn(id))
  const found: Stored[] = []
  for (let from = 0; from < keys.length; from += piece) {
    const { body } = await client.ask({
      method: 'POST',
      database: name,
      path: ['_all_docs'],
      query: { include_docs: 'true' },
      body: { keys: keys.slice(from, from + piece) },
      reads: true,
      signal,
    })
    const { rows } = body as { readonly rows: readonly { readonly doc?: Stored | null }[] }
    for (const { doc } of rows) if (doc) found.push(doc)
  }
  return found
}

class Walk {
  readonly #client: CouchClient
  readonly #name: string
  readonly #query: Query
  readonly #signal: AbortSignal | undefined

  constructor(client: CouchClient, name: string, query: Query, signal: AbortSignal | undefined) {
    this.#client = client
    this.#name = name
    this.#query = query
    this.#signal = signal
  }

  async byIds(ids: readonly string[]): Promise<readonly Stored[]> {
    const found = await storedByIds(this.#client, this.#name, ids, this.#signal)
    return this.#page(found.filter((document) => this.#meets(document)))
  }

  async bySelector(): Promise<readonly Stored[]> {
    const { where, order, skip, limit } = this.#query
    const selector = selectorOf(where)
    if (selector === null || limit === 0) return []
    const [by] = order
    const byId = order.length === 0 || by?.path === '_id'
    const sort = by?.path === '_id' ? (by.descending ? 'desc' : 'asc') : selector === everything ? 'asc' : null
    const skips = byId && where === null
    // What is in the order that the server has is not read beyond the page.
    const most = byId && limit !== null ? limit : Number.POSITIVE_INFINITY
    let before = byId && !skips ? skip : 0
    const kept: Stored[] = []
    for await (const document of this.#narrowed(selector, sort, skips ? skip : 0, most)) {
      if (isOwn(document._id) || !this.#meets(document)) continue
      if (before > 0) {
        before -= 1
        continue
      }
      kept.push(document)
      if (kept.length >= most) break
      if (kept.length > mostInMemory) throw tooMany()
    }
    return byId ? kept : this.#page(kept)
  }

  async count(): Promise<number> {
    const ids = idsIn(this.#query.where)
    if (ids !== null) return (await this.byIds(ids)).length
    const selector = selectorOf(this.#query.where)
    let count = 0
    if (selector === null) return count
    for await (const document of this.#narrowed(selector, null, 0, Number.POSITIVE_INFINITY))
      if (!isOwn(document._id) && this.#meets(document)) count += 1
    return count
  }

  async *#narrowed(selector: Members, sort: string | null, skip: number, most: number): AsyncGenerator<Stored> {
    const fields = this.#fields()
    let bookmark: string | null = null
    let passed = skip
    for (;;) {
      const limit = this.#query.where === null ? Math.min(piece, most) : piece
      const { body } = await this.#client.ask({
        method: 'POST',
        database: this.#name,
        path: ['_find'],
        body: {
          selector: sort === null ? selector : { ...everything, ...selector },
          limit,
          ...(sort === null ? {} : { sort: [{ _id: sort }] }),
          ...(bookmark !== null ? { bookmark } : passed > 0 ? { skip: passed } : {}),
          ...(fields === null ? {} : { fields }),
        },
        reads: true,
        signal: this.#signal,
      })
      const { docs, bookmark: next } = body as { readonly docs: readonly Stored[]; readonly bookmark?: Json }
      yield* docs
      if (docs.length < limit) return
      passed += docs.length
      bookmark = typeof next === 'string' && next !== 'nil' ? next : null
    }
  }

  /** First names of what is asked for and looked at; null: whole documents. */
  #fields(): readonly string[] | null {
    const { fields, order, where } = this.#query
    if (fields === null) return null
    const paths = [...fields, ...order.map(({ path }) => path), ...pathsIn(where)]
    const names = paths.map((path) => path.split('.')[0] ?? '')
    if (names.some((name) => name.includes('\\') || name.startsWith('$'))) return null
    return [...new Set(['_id', ...names])]
  }

  #meets(document: Stored): boolean {
    return this.#query.where === null || satisfies(document, this.#query.where)
  }

  #page(documents: readonly Stored[]): readonly Stored[] {
    const { order, skip, limit } = this.#query
    const sorted = order.length === 0 ? documents : documents.toSorted((a, b) => compared(a, b, order))
    return sorted.slice(skip, limit === null ? undefined : skip + limit)
  }
}

const tooMany = (): BadRequest =>
  new BadRequest(
    `The store can not do this by itself, and more than ${mostInMemory} records would have to be looked at. Add conditions that compare a field with a value.`,
  )

/** Those that are alike in all are in the order of their identifiers. */
function compared(a: Stored, b: Stored, order: readonly OrderBy[]): number {
  for (const { path, descending } of order) {
    const sign = compareAny(atPath(a, path) ?? null, atPath(b, path) ?? null)
    if (sign !== 0) return descending ? -sign : sign
  }
  return compareAny(a._id, b._id)
}

/** Identifiers are texts, also where a filter writes numbers; other numbers of many digits are what the database makes of them, doubles. */
function comparable(condition: Condition): Condition {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return { ...condition, of: condition.of.map(comparable) }
    case 'in':
      return condition.path === '_id'
        ? { ...condition, values: condition.values.map(String) }
        : withValues(condition, asDouble)
    case 'order':
      return condition.path === '_id'
        ? { ...condition, value: String(condition.value) }
        : withValues(condition, asDouble)
    case 'exact':
      return condition.path === '_id' && condition.value !== null
        ? { ...condition, value: String(condition.value) }
        : condition
    default:
      return condition
  }
}

/** The identifiers that the condition is about; null: it names none. */
function idsIn(condition: Condition | null): readonly string[] | null {
  if (condition === null) return null
  if (condition.kind === 'all') {
    for (const each of condition.of) {
      const ids = idsIn(each)
      if (ids !== null) return ids
    }
    return null
  }
  if (condition.kind === 'any') {
    const parts = condition.of.map(idsIn)
    return parts.length === 0 || parts.includes(null) ? null : parts.flatMap((each) => each ?? [])
  }
  if (condition.kind === 'in' && condition.path === '_id' && condition.holds) return condition.values.map(String)
  if (condition.kind === 'exact' && condition.path === '_id' && condition.op === '=') return [String(condition.value)]
  return null
}

function pathsIn(condition: Condition | null): readonly string[] {
  if (condition === null) return []
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(pathsIn)
  return 'path' in condition ? [condition.path] : []
}
