/**
 * The store as its own code uses it: rows of whole tables by equality, and transactions. Requests of clients do not come this way;
 * they are planned through TableViews by the record engine.
 */
import type { Json } from 'dataferry/sdk'
import type { Notice } from './notices.ts'

/** A row: columns by name. */
export type StoreRow = { readonly [column: string]: Json }
/** All must hold; a list means one of them, null means unset. */
export type Equal = { readonly [column: string]: Json | readonly (string | number)[] }

export interface Rows {
  /** In the order of the primary key. */
  rows(table: string, where?: Equal): Promise<readonly StoreRow[]>
  count(table: string, where?: Equal): Promise<number>
}

/** Reads here see what the transaction wrote. */
export interface Transaction extends Rows {
  /** The new row's id; 0 where the table has none. */
  insert(table: string, values: StoreRow): Promise<number>
  /** How many rows were changed. */
  update(table: string, where: Equal, values: StoreRow): Promise<number>
  remove(table: string, where: Equal): Promise<number>
  /** Tells others of what was changed elsewhere; writes of the store tell of themselves. */
  tell(notice: Notice): void
}

export interface Tables extends Rows {
  /** A change of rows that gives and takes nothing, so that nobody is told: one trip, beside the transactions of others. */
  note(table: string, where: Equal, values: StoreRow): Promise<void>
  /** Commits when the work returns, rolls back when it throws. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}
