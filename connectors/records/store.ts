/**
 * RecordStore: all that a source of records implements. `recordService(store)` makes it a Service; filters, order, paging, policy,
 * relations, batch modes and formats are the house's.
 */
import type { Bind, Json, RowSource, Vitals } from 'dataferry/sdk'
import { ability } from 'dataferry/sdk'
import type { Catalog } from './catalog/types.ts'
import type { SchemaPlan } from './plan/schema.ts'
import type { Planned, ReadPlan, WritePlan } from './plan/types.ts'
import type { Routines } from './routine/types.ts'

/** What the source can do by itself; what it cannot is refused with a clear 501, or done by the house. */
export interface Capabilities {
  readonly write: boolean
  /** Writes of one session commit together. */
  readonly transactions: boolean
  /** `WritePlan.returning` is honoured for update and delete, and for what an insert made beyond its key. */
  readonly returning: boolean
  readonly upsert: boolean
  readonly related: boolean
  readonly group: boolean
  /** Tables and fields can be made, changed and dropped; left out: they can not. */
  readonly structure?: boolean
  /** Where nulls come in an order that does not say: before all values (left out), or behind them. */
  readonly nulls?: 'least' | 'greatest'
  /** Its tables are open: collections of documents. A table can be made without a field. */
  readonly open?: boolean
  /** Records have an order of their own, in which a read can begin behind any: pages by cursor keep to it where no order is asked for. */
  readonly natural?: boolean
  /** An upsert meets the named key alone, and can be told which rows it may update; left out: any unique key makes it an update. */
  readonly upsertByKey?: boolean
}

/** One row, keys in output order, null prototype. */
export type Row = { readonly [name: string]: Json }

/**
 * What became of one execution of a write. `affected`: the rows that the statement met, changed or not. `rows` are those that
 * `returning` asked for; an insert always tells the columns of the key, generated ones included.
 */
export type WriteOutcome =
  | { readonly ok: true; readonly affected: number; readonly rows: readonly Row[] }
  | { readonly ok: false; readonly error: Error }

/** The values of many rows, column by column; all lists are of one length. */
export type Columns = readonly (readonly Bind[])[]

export interface WriteSession {
  /** A read that sees the session's own writes; `plan.result` is `rows`. */
  rows(plan: Planned<ReadPlan>): Promise<readonly Row[]>
  /**
   * Executes the plan once for each row of binds, in order. An execution that fails leaves nothing of itself behind and does not
   * spoil the others. `halt`: stops after the first failure (the outcomes end with it); `continue`: goes on.
   */
  run(
    plan: Planned<WritePlan>,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]>
  /** What the work wrote is undone when it throws; the session goes on. */
  savepoint<T>(work: () => Promise<T>): Promise<T>
  /** Changes the structure, inside the session's transaction where the source can; the catalog is refreshed after the commit. */
  change(...plans: readonly SchemaPlan[]): Promise<void>
}

export interface RecordStore {
  readonly can: Capabilities
  readonly catalog: Catalog
  /** Procedures and functions; undefined: the source has no such thing. */
  readonly routines?: Routines | undefined
  read(plan: Planned<ReadPlan>): RowSource
  /** The statements of a read, without values, for who may see them; left out: the source has none. Nothing is read. */
  explain?(plan: Planned<ReadPlan>): Json
  /** Commits when the work returns, rolls back when it throws. `atomic`: the work throws for the first failure, and keeps nothing then. */
  write<T>(work: (session: WriteSession) => Promise<T>, signal: AbortSignal, atomic?: boolean): Promise<T>
  /**
   * One execution that is its own transaction, in one trip where the source can; left out: `write` does it. Rejects for what is no fault of
   * the record: a lost connection, a conflict with another transaction.
   */
  writeOne?(plan: Planned<WritePlan>, signal: AbortSignal): Promise<WriteOutcome>
  /**
   * One insert of many rows that is its own transaction: `columns` holds a list of values for each slot of the plan, which sets values and
   * nothing else. Answers the rows as `WriteOutcome` does, in order. null: it can't be done so, or a record failed; nothing is left of it
   * then, and `write` will tell which and why. Rejects for what is no fault of a record, as `writeOne`; left out: `write` does it.
   */
  writeMany?(plan: Planned<WritePlan>, columns: Columns, signal: AbortSignal): Promise<readonly Row[] | null>
  /**
   * Runs the work while no other process is at work of this name on the same source, however long it takes; `onWait` is called once when
   * it has to wait for one. Left out: the source can't tell processes apart.
   */
  exclusively?<T>(name: string, work: () => Promise<T>, signal: AbortSignal, onWait: () => void): Promise<T>
  /** As Service.vitals. */
  vitals?(): Vitals
  close(): Promise<void>
}

/** The store behind a service that is one: for the system store and virtual relationships. */
export const RecordStoreAbility = ability<RecordStore>('RecordStore')
