/** Puts the sample's tables and rows into a store, each in one transaction. */
import {
  type Column,
  castToColumn,
  countOf,
  planRead,
  projection,
  type RecordStore,
  shapeOfWrite,
  viewOfEverything,
  type WritePlan,
} from 'dataferry/records'
import type { SampleTable } from './company.ts'

export function makeTables(store: RecordStore, company: readonly SampleTable[]): Promise<void> {
  return store.write(async (session) => {
    for (const { plan } of company) await session.change(plan)
  }, AbortSignal.timeout(60_000))
}

/** Does nothing where a table has rows already: they are all there, or none is. */
export async function fillTables(store: RecordStore, company: readonly SampleTable[]): Promise<void> {
  if (await holdsRows(store, company)) return
  await store.write(async (session) => {
    for (const { plan: definition, rows } of company) {
      const table = await store.catalog.realTable(definition.name)
      const [first] = rows
      if (table === null || first === undefined) continue
      const columns = Object.keys(first).map((name) => table.columns.find((column) => column.name === name) as Column)
      const plan: WritePlan = {
        kind: 'insert',
        into: table,
        set: columns.map((column, slot) => ({ column, expr: { kind: 'value', value: slot } })),
        where: null,
        key: [],
        returning: [],
      }
      const executions = rows.map((row) => columns.map((column) => castToColumn(row[column.name] ?? null, column)))
      const outcomes = await session.run({ plan, shape: shapeOfWrite(plan), binds: [] }, executions, 'halt')
      const failed = outcomes.at(-1)
      if (failed !== undefined && !failed.ok) throw failed.error
    }
  }, AbortSignal.timeout(60_000))
}

async function holdsRows(store: RecordStore, company: readonly SampleTable[]): Promise<boolean> {
  const table = await store.catalog.realTable(company[0]?.plan.name ?? '')
  if (table === null) return false
  const view = viewOfEverything(table)
  const count = planRead({ view, columns: view.key.map(projection), result: () => ({ kind: 'count' }) })
  return (await countOf(store.read(count), AbortSignal.timeout(30_000))) > 0
}
