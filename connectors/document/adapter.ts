/**
 * What a document store brings to the engine: a small adapter. It finds, counts, inserts, updates, replaces and removes documents by
 * conditions; options, policy, paging, batch modes and formats are the house's. What it can't, it says beforehand, so that the engine
 * does it or refuses it.
 */
import type { Column, SimpleType } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import type { Condition } from './condition.ts'
import type { Shape } from './shape.ts'

/** A document as the store's driver gives it: what the engine puts back when it undoes something. Only the adapter looks into it. */
export type Raw = object

/** A transaction of the store; null: none. Only the adapter looks into it. */
export type Transaction = object | null

export interface OrderBy {
  readonly path: string
  readonly descending: boolean
}

export interface Query {
  readonly where: Condition | null
  readonly order: readonly OrderBy[]
  readonly skip: number
  /** null: all. */
  readonly limit: number | null
  /** The paths that are needed, `_id` among them; null: whole documents. The store may give more. */
  readonly fields: readonly string[] | null
  /** Behind the record of this key, in the store's own order: only asked of stores that have one (`natural`). */
  readonly after?: readonly Json[]
}

/** A field of a new collection's key. */
export interface NewKey {
  readonly name: string
  readonly type: SimpleType
}

/** What an update does. Paths lead into the document. */
export interface Change {
  readonly set: readonly (readonly [path: string, value: Json])[]
  readonly raise: readonly (readonly [path: string, by: Json])[]
}

/** A document that was made, or why not. `now`: as it is stored, where the store tells. */
export type Inserted =
  | { readonly ok: true; readonly id: Json; readonly now?: Raw }
  | { readonly ok: false; readonly error: Error }

/** A document that was written: what it was, null where it was made, and what it is, null where it was removed. */
export interface Written {
  readonly before: Raw | null
  readonly now: Raw | null
}

/** Is told of each document as soon as it is written. */
export type Told = (written: Written) => void

/** Documents as JSON, with commas between them. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly documents: number
}

export interface Aggregate {
  readonly name: 'SUM' | 'COUNT' | 'AVG' | 'MIN' | 'MAX'
  /** null: of whole documents, which are counted. */
  readonly path: string | null
}

/** Documents by what they have in common. Rows have the keys as `k0`, `k1`, ..., and the aggregates as `a0`, `a1`, ... */
export interface Grouping {
  readonly where: Condition | null
  readonly keys: readonly string[]
  readonly aggregates: readonly Aggregate[]
  /** Which groups; its paths are names of the row. */
  readonly having: Condition | null
  readonly order: readonly OrderBy[]
  readonly skip: number
  /** null: all. */
  readonly limit: number | null
}

export interface DocumentAdapter {
  /** Names of the collections. */
  collections(): Promise<readonly string[]>
  /** `key`: the fields of its key, where the request names some. */
  create(collection: string, key?: readonly NewKey[]): Promise<void>
  drop(collection: string): Promise<void>
  /** The columns of the collection's key; left out: it is `_id`. */
  key?(collection: string): Promise<readonly Column[]>
  /** A list has one place in an order, so that pages can begin behind one. */
  readonly ordersLists?: boolean
  /** Makes an index; left out: the store has none that could be made so. */
  index?(collection: string, fields: readonly string[], unique: boolean): Promise<void>

  find(collection: string, query: Query, within: Transaction, signal?: AbortSignal): Promise<readonly Raw[]>
  count(collection: string, where: Condition | null, within: Transaction, signal?: AbortSignal): Promise<number>
  /** Prints documents as `shape.printed` says, which is not null, without making objects. Left out: the engine prints what `find` finds. */
  print?(
    collection: string,
    query: Query,
    shape: Shape,
    within: Transaction,
    signal?: AbortSignal,
  ): AsyncIterable<Piece>
  /**
   * Rows of groups, as clients see them: sums and averages are of numbers, null where there are none; what is missing counts as null, and
   * so does what is behind a list. null: this deployment can't. Left out: the store can't, and the engine does it.
   */
  group?(
    collection: string,
    grouping: Grouping,
    within: Transaction,
    signal?: AbortSignal,
  ): Promise<readonly Members[] | null>
  /** How many groups there are; null: this deployment can't tell. */
  countGroups?(
    collection: string,
    grouping: Grouping,
    within: Transaction,
    signal?: AbortSignal,
  ): Promise<number | null>
  /** A result for each document in its order; `halt`: they end with the first failure. Values may be in the store's own JSON forms. */
  insert(
    collection: string,
    documents: readonly Members[],
    mode: 'halt' | 'continue',
    within: Transaction,
  ): Promise<readonly Inserted[]>
  /** The documents that were met, changed or not. */
  update(
    collection: string,
    where: Condition | null,
    change: Change,
    within: Transaction,
    told?: Told | null,
  ): Promise<number>
  /** Updates the document of this id (of a key of several fields: the fields with their values), or makes it of both parts; 0: it is there, and the condition keeps it. */
  upsert(
    collection: string,
    id: Json,
    where: Condition | null,
    change: Change,
    others: readonly (readonly [string, Json])[],
    within: Transaction,
    told?: Told | null,
  ): Promise<number>
  /** Puts a document in the place of the one that is met, which keeps its id; 0 where there is none. */
  replace(
    collection: string,
    where: Condition | null,
    document: Members,
    within: Transaction,
    told?: Told | null,
  ): Promise<number>
  remove(collection: string, where: Condition | null, within: Transaction, told?: Told | null): Promise<number>
  /** Puts a document back as it was found. Left out: the store has `undo`. */
  restore?(collection: string, document: Raw): Promise<void>
  /**
   * The store tells of every document that it writes, so that none has to be read before or after, and takes back what it told unless
   * somebody has written since: then it throws. Left out: documents are read before they are written, and restored.
   */
  undo?(collection: string, written: Written): Promise<void>

  /** As clients see it. */
  shown(document: Raw): Members
  /** The value at a path in a form that tells its type, from which a condition `exact` can be made; null where there is none. */
  exact(document: Raw, path: string): Json
  /** Whether the deployment has transactions; left out: it has none, so that the engine undoes what it must. */
  transactions?(): Promise<boolean>
  /** Commits when the work returns, rolls back when it throws. */
  transaction?<T>(work: (within: Transaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export type Members = { readonly [name: string]: Json }
