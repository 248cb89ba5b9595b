/**
 * A RecordStore over arrays: what a source that is no database implements, with unique keys, generated ids and transactions. The
 * engine's tests run over it; the same requests run over real databases in the connectors' own suites.
 */
import type { Bind, Json, RowSource } from 'dataferry/sdk'
import { BadRequest } from 'dataferry/sdk'
import {
  type Capabilities,
  castKind,
  compute,
  LazyCatalog,
  memoryMatches,
  memoryRead,
  memoryRow,
  memoryRows,
  type Planned,
  type ReadPlan,
  type RecordStore,
  type Row,
  type Table,
  type WriteOutcome,
  type WritePlan,
  type WriteSession,
} from '../../../connectors/records/index.ts'

type Rows = Map<string, Row[]>

export interface MemoryTable {
  readonly table: Table
  readonly rows: readonly Row[]
}

export class MemoryStore implements RecordStore {
  readonly can: Capabilities
  readonly catalog: LazyCatalog
  /** Shapes of the plans that were run, in order. */
  readonly ran: string[] = []
  #rows: Rows

  constructor(tables: readonly MemoryTable[], can: Partial<Capabilities> = {}) {
    this.can = {
      write: true,
      transactions: true,
      returning: true,
      upsert: false,
      related: true,
      group: true,
      ...can,
    }
    this.#rows = new Map(tables.map(({ table, rows }) => [table.name, [...rows]]))
    this.catalog = new LazyCatalog({
      list: async () => tables.map(({ table }) => table),
      describe: async (summary) => tables.find(({ table }) => table.name === summary.name)?.table ?? null,
    })
  }

  rowsOf(table: string): readonly Row[] {
    return (this.#rows.get(table) ?? []).map((row) => ({ ...row }))
  }

  read(plan: Planned<ReadPlan>): RowSource {
    this.ran.push(plan.shape)
    return memoryRows(plan, (table) => this.#rows.get(table.name) ?? [])
  }

  async write<T>(work: (session: WriteSession) => Promise<T>): Promise<T> {
    const session = new MemorySession(copy(this.#rows), this.can, this.ran)
    const result = await work(session)
    this.#rows = session.rows_
    return result
  }

  async close(): Promise<void> {}
}

const copy = (rows: Rows): Rows => new Map([...rows].map(([name, list]) => [name, list.map((row) => ({ ...row }))]))

class MemorySession implements WriteSession {
  rows_: Rows
  readonly #can: Capabilities
  readonly #ran: string[]

  constructor(rows: Rows, can: Capabilities, ran: string[]) {
    this.rows_ = rows
    this.#can = can
    this.#ran = ran
  }

  rows(plan: Planned<ReadPlan>): Promise<readonly Row[]> {
    this.#ran.push(plan.shape)
    return memoryRead(plan, (table) => this.rows_.get(table.name) ?? [])
  }

  async run(
    { plan, shape }: Planned<WritePlan>,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = []
    this.#ran.push(`${shape} x${executions.length}`)
    for (const binds of executions) {
      const before = copy(this.rows_)
      try {
        outcomes.push(this.#execute(plan, binds))
      } catch (error) {
        this.rows_ = before
        outcomes.push({ ok: false, error: error as Error })
        if (mode === 'halt') break
      }
    }
    return outcomes
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    const before = copy(this.rows_)
    try {
      return await work()
    } catch (error) {
      this.rows_ = before
      throw error
    }
  }

  async change(): Promise<void> {
    throw new Error('The tables of this store are fixed.')
  }

  #execute(plan: WritePlan, binds: readonly Bind[]): WriteOutcome {
    const { into, kind } = plan
    const rows = this.rows_.get(into.name) ?? []
    if (kind === 'insert') {
      const row = withKey(into, rows, { ...emptyRow(into), ...this.#assigned(plan, binds, {}) })
      checkUnique(into, rows, row)
      rows.push(row)
      return { ok: true, affected: 1, rows: [memoryRow(row, plan.returning, binds)] }
    }
    const met = memoryMatches(rows, plan.where, binds)
    const told = met.map((row) => memoryRow(row, plan.returning, binds))
    if (kind === 'delete') {
      this.rows_.set(
        into.name,
        rows.filter((row) => !met.includes(row)),
      )
      return { ok: true, affected: met.length, rows: this.#can.returning ? told : [] }
    }
    for (const row of met) {
      Object.assign(row, this.#assigned(plan, binds, row))
      checkUnique(
        into,
        rows.filter((each) => each !== row),
        row,
      )
    }
    const now = met.map((row) => memoryRow(row, plan.returning, binds))
    return { ok: true, affected: met.length, rows: this.#can.returning ? now : [] }
  }

  #assigned({ set }: WritePlan, binds: readonly Bind[], row: Row): Row {
    return Object.fromEntries(
      set.map(({ column, expr }) => {
        const value = compute(expr, binds, (each) => row[each.name] ?? null) ?? null
        return [column.name, stored(value, column.type)]
      }),
    )
  }
}

/** As a row holds it: the types of answers (data-plane 9.1). */
function stored(value: Json, type: string): Json {
  if (value === null) return null
  if (type === 'boolean') return Boolean(Number(value))
  return type === 'decimal' ? Number(value) : value
}

const emptyRow = (table: Table): Row => Object.fromEntries(table.columns.map((each) => [each.name, each.default]))

function withKey(table: Table, rows: readonly Row[], row: Row): Row {
  const generated = table.columns.find((column) => column.autoIncrement && (row[column.name] ?? null) === null)
  if (!generated) return row
  const most = rows.reduce((max, each) => Math.max(max, Number(each[generated.name] ?? 0)), 0)
  return { ...row, [generated.name]: most + 1 }
}

function checkUnique(table: Table, others: readonly Row[], row: Row): void {
  const key = table.primaryKey
  if (key.length > 0 && others.some((each) => key.every((name) => same(each[name], row[name])))) {
    throw new BadRequest(`Duplicate value for field '${key.join(', ')}'.`)
  }
  for (const { name, isUnique, allowNull, type } of table.columns) {
    if (!allowNull && (row[name] ?? null) === null) throw new BadRequest(`Field '${name}' can not be NULL.`)
    if (isUnique && others.some((each) => same(each[name], row[name]))) {
      throw new BadRequest(`Duplicate value for field '${name}'.`)
    }
    if (castKind(type) === 'integer' && typeof row[name] === 'string')
      throw new BadRequest(`Field '${name}' is no integer.`)
  }
}

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a !== undefined && b !== undefined && a !== null && b !== null && String(a) === String(b)
