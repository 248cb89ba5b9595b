/** Tables over a RecordStore: the store's own reads and writes, as plans over the view of everything. */

import {
  allFields,
  asRows,
  Binds,
  type Column,
  castToColumn,
  equals,
  keyOrder,
  nameOf,
  oneOf,
  type Planned,
  type Predicate,
  planRead,
  projection,
  type ReadPlan,
  type RecordStore,
  shapeOfWrite,
  type Table,
  type TableView,
  viewOfEverything,
  type WriteOutcome,
  type WritePlan,
  type WriteSession,
} from 'dataferry/records'
import type { Bind, Json } from 'dataferry/sdk'
import { type Notice, noticesOfRow } from './notices.ts'
import { NotingSession } from './noting-session.ts'
import type { Equal, StoreRow, Tables, Transaction } from './tables.ts'

/** Whole tables of the system are read at most so far: bytes and rows. */
const budget = { bytes: 1 << 30, rows: 10_000_000 }

export class RecordTables implements Tables {
  readonly #store: RecordStore
  /** Aborted when the store closes. */
  readonly #signal: AbortSignal
  /** The store below the one that tells of changes. */
  readonly #silent: RecordStore

  constructor(store: RecordStore, signal: AbortSignal, silent: RecordStore = store) {
    this.#store = store
    this.#signal = signal
    this.#silent = silent
  }

  async rows(table: string, where: Equal = {}): Promise<readonly StoreRow[]> {
    const planned = readOf(await viewIn(this.#store, table), where)
    const rows = await this.#store.read(planned).value(budget, this.#signal)
    return rows as readonly StoreRow[]
  }

  async count(table: string, where: Equal = {}): Promise<number> {
    const view = await viewIn(this.#store, table)
    const condition = Object.keys(where).length > 0 ? { where: (binds: Binds) => predicateOf(view, where, binds) } : {}
    const planned = planRead({
      view,
      columns: view.key.map(projection),
      result: () => ({ kind: 'count' }),
      ...condition,
    })
    return Number(await this.#store.read(planned).value(budget, this.#signal))
  }

  async note(table: string, where: Equal, values: StoreRow): Promise<void> {
    const store = this.#silent
    const { plan, binds } = updateOf(await viewIn(store, table), where, values)
    const planned = { plan, shape: shapeOfWrite(plan), binds }
    const [outcome] = store.writeOne
      ? [await store.writeOne(planned, this.#signal)]
      : await store.write((session) => session.run(planned, [binds], 'halt'), this.#signal)
    if (outcome?.ok === false) throw outcome.error
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#store.write((session) => work(new SessionTables(this.#store, session)), this.#signal)
  }
}

/** A session of the store as a transaction: for what hooks of models do beside their record. */
export class SessionTables implements Transaction {
  readonly #store: RecordStore
  readonly #session: WriteSession

  constructor(store: RecordStore, session: WriteSession) {
    this.#store = store
    this.#session = session
  }

  async rows(table: string, where: Equal = {}): Promise<readonly StoreRow[]> {
    return this.#session.rows(readOf(await viewIn(this.#store, table), where))
  }

  async count(table: string, where: Equal = {}): Promise<number> {
    return (await this.rows(table, where)).length
  }

  async insert(table: string, values: StoreRow): Promise<number> {
    const view = await viewIn(this.#store, table)
    const columns = Object.keys(values).map((name) => columnOf(view, name))
    const returning = view.key.length === 1 ? view.key.map(projection) : []
    const notices = noticesOfRow(table, 'insert', values)
    const plan = planOf('insert', view.table, columns, null, returning)
    const outcome = await this.#run(notices, plan, bindsOf(columns, values))
    const [first] = returning
    return first === undefined ? 0 : Number(outcome.rows[0]?.[first.as] ?? 0)
  }

  async update(table: string, where: Equal, values: StoreRow): Promise<number> {
    if (Object.keys(values).length === 0) return 0
    const { plan, binds } = updateOf(await viewIn(this.#store, table), where, values)
    const outcome = await this.#run(noticesOfRow(table, 'update', where), plan, binds)
    return outcome.affected
  }

  async remove(table: string, where: Equal): Promise<number> {
    const view = await viewIn(this.#store, table)
    const binds = new Binds()
    const notices = noticesOfRow(table, 'delete', where)
    const which = predicateOf(view, where, binds)
    const outcome = await this.#run(notices, planOf('delete', view.table, [], which), binds.values)
    return outcome.affected
  }

  tell(notice: Notice): void {
    if (this.#session instanceof NotingSession) this.#session.tell(notice)
  }

  async #run(
    notices: readonly Notice[],
    plan: WritePlan,
    binds: readonly Bind[],
  ): Promise<WriteOutcome & { readonly ok: true }> {
    const planned = { plan, shape: shapeOfWrite(plan), binds: [] }
    const session = this.#session
    const [outcome] = await (session instanceof NotingSession
      ? session.runTelling(notices, planned, [binds], 'halt')
      : session.run(planned, [binds], 'halt'))
    if (outcome === undefined) throw new Error('a write of the system store had no outcome')
    if (!outcome.ok) throw outcome.error
    return outcome
  }
}

/** Values of columns are the first slots, those of the condition follow. */
function planOf(
  kind: WritePlan['kind'],
  into: Table,
  columns: readonly Column[],
  where: Predicate | null,
  returning: WritePlan['returning'] = [],
): WritePlan {
  const set = columns.map((column, slot) => ({ column, expr: { kind: 'value', value: slot } as const }))
  return { kind, into, set, where, key: [], returning }
}

function updateOf(
  view: TableView,
  where: Equal,
  values: StoreRow,
): { readonly plan: WritePlan; readonly binds: readonly Bind[] } {
  const columns = Object.keys(values).map((name) => columnOf(view, name))
  const binds = new Binds(bindsOf(columns, values))
  const which = predicateOf(view, where, binds)
  return { plan: planOf('update', view.table, columns, which), binds: binds.values }
}

async function viewIn(store: RecordStore, table: string): Promise<TableView> {
  const found = await store.catalog.table(table)
  if (found === null) throw new Error(`the system store has no table '${table}'`)
  return viewOfEverything(found)
}

function readOf(view: TableView, where: Equal): Planned<ReadPlan> {
  const conditions = Object.keys(where).length > 0
  return planRead({
    view,
    columns: allFields(view),
    order: keyOrder(view.key),
    result: asRows,
    ...(conditions ? { where: (binds: Binds) => predicateOf(view, where, binds) } : {}),
  })
}

function predicateOf(view: TableView, where: Equal, binds: Binds): Predicate {
  const of = Object.entries(where).map(([name, value]) => {
    const column = columnOf(view, name)
    return Array.isArray(value)
      ? oneOf(
          column,
          value.map((each: Json) => castToColumn(each, column)),
          binds,
        )
      : equals(column, castToColumn(value as Json, column), binds)
  })
  const [only] = of
  return of.length === 1 && only !== undefined ? only : { kind: 'and', of }
}

const bindsOf = (columns: readonly Column[], values: StoreRow): Bind[] =>
  columns.map((column) => castToColumn(values[nameOf(column)] ?? null, column))

function columnOf(view: TableView, name: string): Column {
  const column = view.column(name)
  if (column === null) throw new Error(`the table '${view.name}' of the system store has no column '${name}'`)
  return column
}
