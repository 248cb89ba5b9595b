/** Reads page by page: records by their keys, of partitions, or all. Always the newest state, as after one's own writes. */
import type { AttributeValue, KeysAndAttributes, QueryCommandInput, ScanCommandInput } from '@aws-sdk/client-dynamodb'
import type { Condition } from 'dataferry/document'
import { ServiceUnavailable } from 'dataferry/sdk'
import { type Access, filterOf, partsOf } from './access.ts'
import { type DynamoClient, waitFor } from './client.ts'
import { Expression } from './expression.ts'
import type { TableKeys } from './tables.ts'
import { type Item, valueText } from './values.ts'

export interface Reading {
  readonly access: Access
  readonly where: Condition | null
  /** Names at the top of the records; null: whole records. */
  readonly names: readonly string[] | null
  readonly descending?: boolean
  /** Most records that are needed, where nothing is left out of what comes. */
  readonly most?: number | null
  /** The key behind which a scan or a query begins. */
  readonly after?: Item | null
  readonly signal?: AbortSignal | undefined
}

const mostInBatch = 100
const longestExpression = 4_000
const mostPlaces = 250

/** The key of a record alone. */
export const keyOf = (item: Item, { keys }: TableKeys): { [name: string]: AttributeValue } =>
  Object.fromEntries(
    partsOf(keys).flatMap(({ name }) => {
      const value = item[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )

export const keyText = (item: Item, table: TableKeys): string => valueText({ M: keyOf(item, table) })

export async function* pagesOf(
  client: DynamoClient,
  table: TableKeys,
  reading: Reading,
): AsyncGenerator<readonly Item[]> {
  const { access } = reading
  const { after } = reading
  if (access.kind === 'keys') {
    const last = after ? keyText(after, table) : ''
    const keys = access.keys.filter((key) => keyText(key, table) > last)
    for (let at = 0; at < keys.length; at += mostInBatch)
      yield await byKeys(client, table, keys.slice(at, at + mostInBatch), reading)
    return
  }
  if (access.kind === 'scan') return yield* walked(client, table, reading, null)
  const begun = after?.[table.keys.hash.name]
  const last = begun === undefined ? '' : valueText(begun)
  for (const hash of access.hashes) {
    const text = valueText(hash)
    if (text === last) yield* walked(client, table, reading, hash)
    else if (text > last) yield* walked(client, table, { ...reading, after: null }, hash)
  }
}

export async function byKeys(
  client: DynamoClient,
  table: TableKeys,
  keys: readonly Item[],
  { names, signal }: Pick<Reading, 'names' | 'signal'>,
): Promise<readonly Item[]> {
  const [key] = keys
  if (key === undefined) return []
  const asking = { again: true, signal }
  const common = { ConsistentRead: true, ...projection(names) }
  if (keys.length === 1) {
    const asked = { TableName: table.name, Key: { ...key }, ...common }
    const { Item } = await client.ask((db, options) => db.getItem(asked, options), asking)
    return Item === undefined ? [] : [Item]
  }
  const found = new Map<string, Item>()
  const whole = names === null ? names : [...new Set([...names, ...Object.keys(key)])]
  let left: { [table: string]: KeysAndAttributes } = {
    [table.name]: { Keys: keys.map((each) => ({ ...each })), ...common, ...projection(whole) },
  }
  const deadline = client.deadline()
  for (let attempt = 1; Object.keys(left).length > 0; attempt++) {
    if (attempt > 1) await backoff(attempt, deadline, signal)
    const asked = { RequestItems: left }
    const answer = await client.ask((db, options) => db.batchGetItem(asked, options), asking)
    const items: readonly Item[] = answer.Responses?.[table.name] ?? []
    for (const item of items) found.set(keyText(item, table), item)
    left = answer.UnprocessedKeys ?? {}
  }
  return keys.map((each) => found.get(keyText(each, table))).filter((each) => each !== undefined)
}

/** Throws ServiceUnavailable where the time is over: what a batch leaves undone is asked for again. */
export async function backoff(attempt: number, deadline: number, signal?: AbortSignal): Promise<void> {
  if (Date.now() > deadline) throw new ServiceUnavailable('The database has too much to do. Try again later.')
  await waitFor(attempt, signal)
  signal?.throwIfAborted()
}

/** How many there are, where nothing has to be judged here. */
export async function countAll(client: DynamoClient, table: TableKeys, signal?: AbortSignal): Promise<number> {
  let count = 0
  let from: Item | undefined
  do {
    const asked: ScanCommandInput = {
      TableName: table.name,
      Select: 'COUNT',
      ConsistentRead: true,
      ...(from === undefined ? {} : { ExclusiveStartKey: { ...from } }),
    }
    const answer = await client.ask((db, options) => db.scan(asked, options), { again: true, signal })
    count += answer.Count ?? 0
    from = answer.LastEvaluatedKey
  } while (from !== undefined)
  return count
}

async function* walked(
  client: DynamoClient,
  table: TableKeys,
  reading: Reading,
  hash: AttributeValue | null,
): AsyncGenerator<readonly Item[]> {
  const { signal, after, most } = reading
  const asked = requestOf(table, reading, hash)
  let from: Item | null = after ?? null
  let left = most ?? null
  do {
    const input: QueryCommandInput = {
      ...asked,
      ...(from === null ? {} : { ExclusiveStartKey: { ...from } }),
      ...(left === null ? {} : { Limit: left }),
    }
    const answer = await client.ask(
      (db, options) => (hash === null ? db.scan(input as ScanCommandInput, options) : db.query(input, options)),
      { again: true, signal },
    )
    const items = answer.Items ?? []
    yield items
    if (left !== null) left -= items.length
    from = answer.LastEvaluatedKey ?? null
  } while (from !== null && (left === null || left > 0))
}

function requestOf(
  table: TableKeys,
  { access, where, names, descending }: Reading,
  hash: AttributeValue | null,
): QueryCommandInput {
  const { keys } = table
  const expression = new Expression()
  const named = names === null ? '' : names.map((name) => expression.name(name)).join(', ')
  const key = hash === null ? '' : keyCondition(table, access, hash, expression)
  const without = new Set(hash === null ? [] : partsOf(keys).map(({ name }) => name))
  const filter = where === null ? null : filterOf(where, expression, without)
  const fits =
    filter !== null && filter.length <= longestExpression && (filter.match(/[#:][nv]\d/g) ?? []).length <= mostPlaces
  return {
    TableName: table.name,
    ConsistentRead: true,
    ...(key === '' ? {} : { KeyConditionExpression: key }),
    ...(key !== '' && descending === true ? { ScanIndexForward: false } : {}),
    ...(fits ? { FilterExpression: filter } : {}),
    ...(named === '' ? {} : { ProjectionExpression: named }),
    ...expression.placeholders(named, key, fits ? filter : ''),
  }
}

function keyCondition({ keys }: TableKeys, access: Access, hash: AttributeValue, into: Expression): string {
  const one = `${into.name(keys.hash.name)} = ${into.value(hash)}`
  const range = access.kind === 'query' ? access.range : null
  if (range === null || keys.range === null) return one
  const name = into.name(keys.range.name)
  const value = into.value(range.value)
  return range.high === null
    ? `${one} AND ${name} ${range.op} ${value}`
    : `${one} AND ${name} BETWEEN ${value} AND ${into.value(range.high)}`
}

function projection(names: readonly string[] | null): {
  ProjectionExpression?: string
  ExpressionAttributeNames?: { [name: string]: string }
} {
  if (names === null) return {}
  const expression = new Expression()
  const named = names.map((name) => expression.name(name)).join(', ')
  return { ProjectionExpression: named, ...expression.placeholders(named) }
}
