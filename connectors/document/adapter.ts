/**
 * What a document store brings to the engine: a small adapter. It finds, counts, inserts, updates, replaces and removes documents by
 * conditions; options, policy, paging, batch modes and formats are the house's. What it can't, it says beforehand, so that the engine
 * does it or refuses it.
 */
import type { Json } from 'dataferry/sdk'
import type { Condition } from './condition.ts'

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
}

/** What an update does. Paths lead into the document. */
export interface Change {
  readonly set: readonly (readonly [path: string, value: Json])[]
  readonly raise: readonly (readonly [path: string, by: Json])[]
}

/** A document that was made, or why not. */
export type Inserted = { readonly ok: true; readonly id: Json } | { readonly ok: false; readonly error: Error }

export interface DocumentAdapter {
  /** Names of the collections. */
  collections(): Promise<readonly string[]>
  create(collection: string): Promise<void>
  drop(collection: string): Promise<void>
  /** Makes an index; left out: the store has none that could be made so. */
  index?(collection: string, fields: readonly string[], unique: boolean): Promise<void>

  find(collection: string, query: Query, within: Transaction, signal?: AbortSignal): Promise<readonly Raw[]>
  count(collection: string, where: Condition | null, within: Transaction, signal?: AbortSignal): Promise<number>
  /** A result for each document in its order; `halt`: they end with the first failure. Values may be in the store's own JSON forms. */
  insert(
    collection: string,
    documents: readonly Members[],
    mode: 'halt' | 'continue',
    within: Transaction,
  ): Promise<readonly Inserted[]>
  /** The documents that were met, changed or not. */
  update(collection: string, where: Condition | null, change: Change, within: Transaction): Promise<number>
  /** Updates the document of this id, or makes it of both parts; 0: it is there, and the condition keeps it. */
  upsert(
    collection: string,
    id: Json,
    where: Condition | null,
    change: Change,
    others: readonly (readonly [string, Json])[],
    within: Transaction,
  ): Promise<number>
  /** Puts a document in the place of the one that is met, which keeps its id; 0 where there is none. */
  replace(collection: string, where: Condition | null, document: Members, within: Transaction): Promise<number>
  remove(collection: string, where: Condition | null, within: Transaction): Promise<number>
  /** Puts a document back as it was found. */
  restore(collection: string, document: Raw): Promise<void>

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
