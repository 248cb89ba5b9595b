/**
 * A request that is all or nothing: its writes are kept until it ends and become one transaction of DynamoDB, which has at most 100 records
 * and 4 MB. Beyond that, and on servers without transactions, they are written one by one, and undone in the reverse order when one fails.
 */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb'
import { InternalError } from 'dataferry/sdk'
import { differences, type Step, stepOf } from './changes.ts'
import type { DynamoClient } from './client.ts'
import { dynamoError, isUnknownOperation, isUnmet } from './errors.ts'
import { keyText } from './pages.ts'
import type { TableKeys } from './tables.ts'
import { type Item, valueText } from './values.ts'

export const mostInTransaction = 100
export const largest = 3_500_000

interface Entry {
  readonly table: TableKeys
  /** As it was read first. */
  readonly before: Item | null
  now: Item | null
  readonly guards: Set<string>
}

/** What a request has written so far. */
export class Pending {
  readonly #entries = new Map<string, Entry>()

  /** undefined: it has not been written. */
  get(table: TableKeys, key: Item): Item | null | undefined {
    return this.#entries.get(textOf(table, key))?.now
  }

  /** The records of a table that were written. */
  of(table: TableKeys): ReadonlyMap<string, Item | null> {
    return new Map(
      [...this.#entries.values()]
        .filter((each) => each.table.name === table.name)
        .map((each) => [keyText(each.before ?? each.now ?? {}, table), each.now]),
    )
  }

  put(table: TableKeys, before: Item | null, now: Item | null, guards: Iterable<string>): void {
    const text = textOf(table, before ?? now ?? {})
    const found = this.#entries.get(text) ?? { table, before, now, guards: new Set<string>() }
    found.now = now
    // What others may not have changed in between: also what is written over.
    for (const name of [...guards, ...(before === null || now === null ? [] : differences(before, now))])
      found.guards.add(name)
    this.#entries.set(text, found)
  }

  get steps(): readonly (Entry & { readonly step: Step })[] {
    return [...this.#entries.values()].flatMap((each) => {
      const step = stepOf(each.table, each)
      return step === null ? [] : [{ ...each, step }]
    })
  }
}

const textOf = (table: TableKeys, item: Item): string => `${table.name} ${keyText(item, table)}`

/** Throws WriteConflict where somebody else has written one of the records. */
export async function commit(client: DynamoClient, pending: Pending): Promise<void> {
  const { steps } = pending
  const size = steps.reduce((total, { now, before }) => total + sizeOf(now) + sizeOf(before), 0)
  if (steps.length === 0) return
  if (steps.length === 1 && steps[0]) return perform(client, steps[0].step)
  if (
    steps.length <= mostInTransaction &&
    size <= largest &&
    (await transact(
      client,
      steps.map(({ step }) => step),
    ))
  )
    return
  const done: (typeof steps)[number][] = []
  try {
    for (const each of steps) {
      await perform(client, each.step)
      done.push(each)
    }
  } catch (cause) {
    let left = 0
    for (const each of done.reverse()) await takeBack(client, each).catch(() => left++)
    if (left > 0)
      throw new InternalError(`The request failed, and ${left} of the records that it wrote could not be put back.`, {
        cause,
      })
    throw cause
  }
}

export const sizeOf = (item: Item | null): number => (item === null ? 0 : valueText({ M: { ...item } }).length)

/** Puts a record back as it was, unless somebody has written since: then it throws. */
export async function takeBack(
  client: DynamoClient,
  { table, before, now }: Pick<Entry, 'table' | 'before' | 'now'>,
): Promise<void> {
  const guards = before === null ? Object.keys(now ?? {}) : differences(before, now ?? {})
  const step = stepOf(table, { before: now, now: before, guards })
  if (step !== null) await perform(client, step)
}

/** Throws WriteConflict where its condition does not hold, or the driver's error where `raw`. */
export async function perform(client: DynamoClient, step: Step, raw = false): Promise<void> {
  const unmet = raw ? isUnmet : undefined
  await client.ask(
    async (db, options) => {
      if (step.kind === 'put') await db.putItem(step.request, options)
      else if (step.kind === 'update') await db.updateItem(step.request, options)
      else await db.deleteItem(step.request, options)
    },
    {},
    unmet,
  )
}

/** false: the server has no transactions. */
export async function transact(client: DynamoClient, steps: readonly Step[]): Promise<boolean> {
  const TransactItems = steps.map(
    ({ kind, request }): TransactWriteItem =>
      kind === 'put' ? { Put: request } : kind === 'update' ? { Update: request } : { Delete: request },
  )
  if (!client.transacts) return false
  try {
    await client.ask((db, options) => db.transactWriteItems({ TransactItems }, options), {}, isUnknownOperation)
    return true
  } catch (thrown) {
    if (!isUnknownOperation(thrown)) throw dynamoError(thrown)
    client.transacts = false
    return false
  }
}
