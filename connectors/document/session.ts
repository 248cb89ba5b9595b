/**
 * Writes of documents. Where the deployment has transactions, a request that is all or nothing runs in one. Elsewhere what was written is
 * undone when the work fails: documents that were made go, and those that were changed or removed are put back as they were found.
 */
import type {
  Assignment,
  PlanExpr,
  Planned,
  ReadPlan,
  Row,
  SchemaPlan,
  Table,
  WriteOutcome,
  WritePlan,
  WriteSession,
} from 'dataferry/records'
import { ApiError, BadRequest, type Bind, InternalError, type Json, NotImplemented, parseJson } from 'dataferry/sdk'
import type { Change, DocumentAdapter, Members, NewKey, Raw, Transaction, Written } from './adapter.ts'
import { both, type Condition } from './condition.ts'
import { type DocumentReader, split } from './reader.ts'
import { shapeOf } from './shape.ts'

type Undo = () => Promise<unknown>

const nameOfTable = (name: string | { readonly name: string }): string => (typeof name === 'string' ? name : name.name)

export class DocumentSession implements WriteSession {
  readonly #adapter: DocumentAdapter
  readonly #reader: DocumentReader
  readonly #within: Transaction
  readonly #signal: AbortSignal
  readonly #undoes: boolean
  readonly #undo: Undo[] = []
  /** The structure was changed. */
  changed = false

  /** `undoes`: what is written can be undone; where it is the only statement of a request it need not be. */
  constructor(
    adapter: DocumentAdapter,
    reader: DocumentReader,
    within: Transaction,
    signal: AbortSignal,
    undoes = within === null,
  ) {
    this.#undoes = undoes
    this.#adapter = adapter
    this.#reader = reader
    this.#within = within
    this.#signal = signal
  }

  rows(plan: Planned<ReadPlan>): Promise<readonly Row[]> {
    return this.#reader.rows(plan, this.#within, this.#signal)
  }

  async run(
    planned: Planned<WritePlan>,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const { plan } = planned
    this.#signal.throwIfAborted()
    if (plan.kind === 'insert') return this.#insert(plan, executions, mode)
    const outcomes: WriteOutcome[] = []
    for (const binds of executions) {
      try {
        outcomes.push(await this.#one(plan, binds))
      } catch (error) {
        if (!(error instanceof ApiError) || error.status === 503) throw error
        outcomes.push({ ok: false, error })
        if (mode === 'halt') break
      }
    }
    return outcomes
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const mark = this.#undo.length
    try {
      return await work()
    } catch (error) {
      // A failure ends a transaction of the store as a whole.
      if (this.#within === null) await this.rollback(mark, error)
      throw error
    }
  }

  async change(...plans: readonly SchemaPlan[]): Promise<void> {
    this.changed = true
    for (const plan of plans) await changeStructure(this.#adapter, plan)
  }

  /** Undoes what was written since, the last first. Throws InternalError where something stays. */
  async rollback(mark: number, cause: unknown): Promise<void> {
    let left = 0
    for (const undo of this.#undo.splice(mark).reverse()) await undo().catch(() => left++)
    if (left > 0)
      throw new InternalError(`The request failed, and ${left} of the documents that it wrote could not be put back.`, {
        cause,
      })
  }

  async #insert(
    plan: WritePlan,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const { name } = plan.into
    const documents = executions.map((binds) => documentOf(plan.set, binds))
    const results = await this.#adapter.insert(name, documents, mode, this.#within)
    const { returning } = plan
    const made = results.flatMap((each) => (each.ok ? [each.id] : []))
    if (this.#undoes && !this.#adapter.undo)
      for (const id of made) this.#undo.push(() => this.#adapter.remove(name, isId(id), null))
    const { row } = shapeOf(returning, this.#adapter)
    for (const each of results) if (each.ok && each.now) this.#tell(name)?.({ before: null, now: each.now })
    return results.map((each, at): WriteOutcome => {
      if (!each.ok) return each
      if (each.now) return { ok: true, affected: 1, rows: returning.length === 0 ? [] : [row(each.now)] }
      const all: Members = { _id: each.id, ...documents[at] }
      return { ok: true, affected: 1, rows: returning.length === 0 ? [] : [toldOf(plan, { ...all, _id: each.id })] }
    })
  }

  async #one(plan: WritePlan, binds: readonly Bind[]): Promise<WriteOutcome> {
    const adapter = this.#adapter
    const { name } = plan.into
    if (plan.kind === 'upsert') return this.#upsert(plan, binds)
    const { where, rest } = split(plan.where, binds)
    const met = rest === null ? where : both(await this.#byIds(plan, binds), where)
    if (adapter.undo) return this.#told(plan, met, binds)
    const before = this.#undoes || plan.returning.length > 0 ? await this.#found(name, met) : null
    if (before?.length === 0) return { ok: true, affected: 0, rows: [] }
    const told = plan.returning.length > 0 && before ? before.map(shapeOf(plan.returning, adapter).row) : []
    if (this.#undoes) for (const each of before ?? []) this.#undo.push(async () => adapter.restore?.(name, each))
    const affected =
      plan.kind === 'delete'
        ? await adapter.remove(name, met, this.#within)
        : plan.replaces === true
          ? await adapter.replace(name, met, documentOf(plan.set, binds), this.#within)
          : await adapter.update(name, met, changeOf(plan.set, binds), this.#within)
    return { ok: true, affected, rows: plan.kind === 'delete' ? told : [] }
  }

  /** One write of a store that tells what it writes. */
  async #told(plan: WritePlan, met: Condition | null, binds: readonly Bind[]): Promise<WriteOutcome> {
    const adapter = this.#adapter
    const { name } = plan.into
    const written: Written[] = []
    const told = this.#tell(name, plan.returning.length > 0 ? written : null)
    const affected =
      plan.kind === 'delete'
        ? await adapter.remove(name, met, this.#within, told)
        : plan.replaces === true
          ? await adapter.replace(name, met, documentOf(plan.set, binds), this.#within, told)
          : await adapter.update(name, met, changeOf(plan.set, binds), this.#within, told)
    const { row } = shapeOf(plan.returning, adapter)
    const shown = written.flatMap(({ before, now }) => now ?? before ?? [])
    return { ok: true, affected, rows: shown.map(row) }
  }

  /** null: nobody needs to know. */
  #tell(name: string, written: Written[] | null = null): ((each: Written) => void) | null {
    const { undo } = this.#adapter
    const undoes = this.#undoes && undo !== undefined
    if (!undoes && written === null) return null
    return (each) => {
      written?.push(each)
      if (undoes) this.#undo.push(() => this.#adapter.undo?.(name, each) ?? Promise.resolve())
    }
  }

  #found(name: string, where: Condition | null): Promise<readonly Raw[]> {
    const query = { where, order: [], skip: 0, limit: null, fields: null }
    return this.#adapter.find(name, query, this.#within, this.#signal)
  }

  /** What the store can't judge is found first. */
  async #byIds(plan: WritePlan, binds: readonly Bind[]): Promise<Condition> {
    const rows = await this.#reader.rows(
      {
        plan: {
          from: plan.into,
          columns: keyProjections(plan.into),
          where: plan.where,
          group: null,
          order: [],
          limit: null,
          offset: null,
          related: [],
          result: { kind: 'rows' },
        },
        shape: '',
        binds,
      },
      this.#within,
      this.#signal,
    )
    return {
      kind: 'any',
      of: rows.map((row) =>
        keyIs(plan.into, Object.fromEntries(plan.into.primaryKey.map((name, at) => [name, row[`#o${at}`] ?? null]))),
      ),
    }
  }

  async #upsert(plan: WritePlan, binds: readonly Bind[]): Promise<WriteOutcome> {
    const { name } = plan.into
    const { where, rest } = split(plan.where, binds)
    if (rest !== null)
      throw new NotImplemented('Upsert is not possible under a row filter that the store can not judge.')
    const overwrite = new Set((plan.overwrite ?? []).map((column) => column.name))
    const { primaryKey } = plan.into
    const key: { [name: string]: Json } = {}
    for (const { column, expr } of plan.set) {
      if (primaryKey.includes(column.name)) key[column.name] = assignedValue(expr, binds) ?? null
    }
    if (primaryKey.some((name) => (key[name] ?? null) === null))
      throw new BadRequest('An upsert needs the identifier of the record.')
    const value: Json = primaryKey.length === 1 ? (key[primaryKey[0] ?? ''] ?? null) : key
    const others = plan.set.filter(({ column }) => !primaryKey.includes(column.name))
    const set = changeOf(
      others.filter(({ column }) => overwrite.has(column.name)),
      binds,
    )
    const made = changeOf(
      others.filter(({ column }) => !overwrite.has(column.name)),
      binds,
    )
    const told = this.#adapter.undo ? this.#tell(name) : null
    const [before] = this.#undoes && !this.#adapter.undo ? await this.#found(name, both(isId(value), where)) : []
    const affected = await this.#adapter.upsert(name, value, where, set, made.set, this.#within, told)
    if (this.#undoes && !this.#adapter.undo && affected > 0) {
      this.#undo.push(async () =>
        before ? this.#adapter.restore?.(name, before) : this.#adapter.remove(name, isId(value), null),
      )
    }
    return { ok: true, affected, rows: [] }
  }
}

export async function changeStructure(adapter: DocumentAdapter, plan: SchemaPlan): Promise<void> {
  switch (plan.kind) {
    case 'create-table':
      await adapter.create(plan.name, keyOf(plan))
      for (const fields of plan.unique ?? []) await index(adapter, plan.name, fields, true)
      for (const fields of plan.indexes ?? []) await index(adapter, plan.name, fields, false)
      return
    case 'drop-table':
      return adapter.drop(nameOfTable(plan.name))
    case 'create-index':
      return index(adapter, nameOfTable(plan.table), plan.columns, plan.unique)
    case 'add-unique':
      return index(adapter, nameOfTable(plan.table), plan.columns, true)
    case 'add-column':
    case 'alter-column':
      // Documents have the fields that they have; what is said of one is kept beside them.
      return
    case 'drop-column':
    case 'add-foreign-key':
    case 'drop-foreign-key':
    case 'drop-unique':
    case 'drop-index':
      throw new NotImplemented(
        'Fields, keys and indexes of documents can not be dropped or refer to others. Use virtual relations.',
      )
  }
}

function keyOf({
  primaryKey = [],
  columns,
}: Extract<SchemaPlan, { readonly kind: 'create-table' }>): readonly NewKey[] {
  return primaryKey.map((name) => ({ name, type: columns.find((each) => each.name === name)?.type ?? 'string' }))
}

async function index(
  adapter: DocumentAdapter,
  name: string,
  fields: readonly string[],
  unique: boolean,
): Promise<void> {
  if (!adapter.index) throw new NotImplemented('This store has no indexes that could be made here.')
  await adapter.index(name, fields, unique)
}

export const isId = (id: Json): Condition => ({ kind: 'exact', path: '_id', op: '=', value: id })

const keyIs = ({ primaryKey }: Table, key: Members): Condition => ({
  kind: 'all',
  of: primaryKey.map((path) => ({ kind: 'exact', path, op: '=', value: key[path] ?? null })),
})

const keyProjections = ({ primaryKey, columns }: Table): ReadPlan['columns'] =>
  primaryKey.map((name, at) => {
    const column = columns.find((each) => each.name === name)
    if (!column) throw new TypeError('A key is of columns.')
    return { as: `#o${at}`, expr: { kind: 'column', column }, type: column.type, column, hidden: false }
  })

/** What an insert tells: the document as it was sent, with its identifier. */
function toldOf({ returning }: WritePlan, document: Members): Row {
  const row: { [name: string]: Json } = {}
  for (const { as, column } of returning) if (column) row[as] = document[column.name] ?? null
  return row
}

function documentOf(set: readonly Assignment[], binds: readonly Bind[]): Members {
  const document: { [name: string]: Json } = Object.create(null)
  for (const { column, expr } of set) {
    const value = assignedValue(expr, binds)
    if (value === undefined) throw notComputed(column.name)
    document[column.name] = value
  }
  return document
}

function changeOf(set: readonly Assignment[], binds: readonly Bind[]): Change {
  const change = { set: [] as [string, Json][], raise: [] as [string, Json][] }
  for (const { column, expr } of set) {
    const value = assignedValue(expr, binds)
    if (value !== undefined) change.set.push([column.name, value])
    else change.raise.push([column.name, raisedBy(column.name, expr, binds)])
  }
  return change
}

/** The value that an assignment stores; undefined: it has to be computed by the store. */
function assignedValue(expr: PlanExpr, binds: readonly Bind[]): Json | undefined {
  if (expr.kind === 'call' && (expr.name === 'current_timestamp' || expr.name === 'now'))
    return { $date: new Date().toISOString() }
  if (expr.kind !== 'value') return undefined
  const bind = binds[expr.value] ?? null
  return typeof bind === 'string' ? parseJson(bind) : (bind as Json)
}

const notComputed = (field: string): NotImplemented =>
  new NotImplemented(
    `Field '${field}': documents can be given values, the present time and '$inc', no other expressions.`,
  )

/** The amount of `a + n` and `coalesce(a, 0) + n`. */
function raisedBy(field: string, expr: PlanExpr, binds: readonly Bind[]): Json {
  if (expr.kind !== 'arithmetic' || expr.op !== '+' || expr.right.kind !== 'value') throw notComputed(field)
  const [left] = expr.left.kind === 'call' && expr.left.name === 'coalesce' ? expr.left.args : [expr.left]
  const amount = binds[expr.right.value] ?? null
  if (left?.kind !== 'column' || left.column.name !== field) throw notComputed(field)
  if (typeof amount !== 'number' && typeof amount !== 'bigint') throw notComputed(field)
  return amount
}
