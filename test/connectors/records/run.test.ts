/** Batches as they are run (data-plane 3.9), apart from any database: a store that answers whatever it is given. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RecordStore, WriteOutcome } from '../../../connectors/records/store.ts'
import { type Operation, runBatch, type Written } from '../../../connectors/records/write/run.ts'

const written: Written = { shown: {}, key: [], row: null, change: { kind: 'create' } as unknown as Written['change'] }
const statement = { shape: 'insert', binds: [], plan: { returning: [] } } as unknown as NonNullable<
  Operation['statement']
>
const operation: Operation = {
  change: written.change,
  statement,
  execute: async () => written,
  finish: () => written,
}
const session = {
  run: async (_: unknown, executions: readonly unknown[]): Promise<readonly WriteOutcome[]> =>
    executions.map(() => ({ ok: true, affected: 1, rows: [] })),
  savepoint: async <T>(work: () => Promise<T>): Promise<T> => work(),
}
const store = {
  can: { transactions: true },
  write: async <T>(work: (given: typeof session) => Promise<T>): Promise<T> => work(session),
} as unknown as RecordStore

describe('a batch of more records than a call has arguments', () => {
  const prepared = Array.from({ length: 300_000 }, () => operation)
  for (const mode of ['halt', 'continue', 'rollback'] as const) {
    it(mode, async () => {
      const batch = { store, serviceId: null, mode, prepared, model: null }
      const results = await runBatch(batch, new AbortController().signal)
      assert.equal(results.length, prepared.length)
      assert.ok(results.every((each) => each.ok))
    })
  }
})
