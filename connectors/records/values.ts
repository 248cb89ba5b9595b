/** Rows of a RowSource as values, within a budget: for the engine's own reads. */
import type { Budget, Json, RowSource } from 'dataferry/sdk'
import type { Row } from './store.ts'

/** What the engine keeps in memory at once for one request. */
export const engineBudget: Budget = { bytes: 256 * 1024 * 1024, rows: 1_000_000 }

/** The rows of a plan whose result is `rows`. Throws where there are more than the budget allows. */
export async function rowsOf(source: RowSource, signal: AbortSignal, budget: Budget = engineBudget): Promise<Row[]> {
  const value = await source.value(budget, signal)
  if (!Array.isArray(value)) throw new TypeError('A plan of rows answered no list.')
  return value as Row[]
}

/** The number of a plan whose result is `count`. */
export async function countOf(source: RowSource, signal: AbortSignal): Promise<number> {
  return Number((await source.value(engineBudget, signal)) as Json)
}
