/** Work on many records: several at once, and batches whose unprocessed part is asked for again. */
import type { WriteRequest } from '@aws-sdk/client-dynamodb'
import { partsOf } from './access.ts'
import type { DynamoClient } from './client.ts'
import { backoff, keyOf, pagesOf } from './pages.ts'
import type { TableKeys } from './tables.ts'
import type { Item } from './values.ts'

const atOnce = 16
const mostInBatch = 25

/** Several at once, not all. */
export async function eachOf<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(all.length)
  let next = 0
  let failed = false
  const lane = async (): Promise<void> => {
    while (next < all.length && !failed) {
      const at = next++
      try {
        results[at] = await work(all[at] as T)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, all.length) }, lane))
  for (const each of ended) if (each.status === 'rejected') throw each.reason
  return results
}

/** Deletes all records, whatever they are, without a look at each; answers how many. */
export async function removeAll(client: DynamoClient, table: TableKeys): Promise<number> {
  let count = 0
  const names = partsOf(table.keys).map(({ name }) => name)
  for await (const page of pagesOf(client, table, { access: { kind: 'scan' }, where: null, names })) {
    const batches = Array.from({ length: Math.ceil(page.length / mostInBatch) }, (_, at) =>
      page.slice(at * mostInBatch, (at + 1) * mostInBatch),
    )
    await eachOf(batches, (batch) => removeBatch(client, table, batch))
    count += page.length
  }
  return count
}

async function removeBatch(client: DynamoClient, table: TableKeys, items: readonly Item[]): Promise<void> {
  let left: { [name: string]: WriteRequest[] } = {
    [table.name]: items.map((item) => ({ DeleteRequest: { Key: keyOf(item, table) } })),
  }
  const deadline = client.deadline()
  for (let attempt = 1; Object.keys(left).length > 0; attempt++) {
    if (attempt > 1) await backoff(attempt, deadline)
    const asked = { RequestItems: left }
    const answer = await client.ask((db, options) => db.batchWriteItem(asked, options), { again: true })
    left = answer.UnprocessedItems ?? {}
  }
}
