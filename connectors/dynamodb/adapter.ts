/** DynamoDB for the document engine: records by their keys, conditional writes, and requests that are one transaction. */
import { randomBytes } from 'node:crypto'
import {
  type Change,
  type Condition,
  type DocumentAdapter,
  type Inserted,
  type Members,
  mostInMemory,
  type NewKey,
  type Query,
  type Raw,
  type Told,
  type Transaction,
  type Written,
} from 'dataferry/document'
import { type Column, WriteConflict } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import { accessOf, compareItems, exactAt, keyed, keyValue, matches, naturalOrder, partsOf, topsOf } from './access.ts'
import { eachOf, removeAll } from './batches.ts'
import { changed, differences, replaced, stepOf } from './changes.ts'
import { type DynamoClient, waitFor } from './client.ts'
import { conflict, isUnmet } from './errors.ts'
import { byKeys, countAll, keyOf, keyText, pagesOf } from './pages.ts'
import { type TableKeys, Tables } from './tables.ts'
import { commit, largest, mostInTransaction, Pending, perform, sizeOf, takeBack, transact } from './transaction.ts'
import { type Item, toItem, toMembers } from './values.ts'

const pendingOf = (within: Transaction): Pending | null => (within instanceof Pending ? within : null)

const words = { S: 'a text that is not empty', N: 'a number', B: 'bytes as base64 text' } as const

const newId = (): string => randomBytes(12).toString('hex')

function duplicate({ keys }: TableKeys): BadRequest {
  const names = partsOf(keys).map(({ name }) => `'${name}'`)
  return new BadRequest(
    names.length === 1
      ? `Duplicate value for field ${names[0]}.`
      : `Duplicate value for the fields ${names.join(', ')} together.`,
  )
}

const tooMany = (): BadRequest =>
  new BadRequest(
    `The store can not sort this, and more than ${mostInMemory} records would have to be looked at. Add conditions that compare a field with a value.`,
  )

const topOf = (path: string): string => path.split('.')[0] ?? ''

/** The fields at the top of which a part is set, or that are raised here. */
const rebuilt = ({ set, raise }: Change, raises: ReadonlyMap<string, Json>): readonly string[] => [
  ...set.flatMap(([path]) => (path.includes('.') ? [topOf(path)] : [])),
  ...raise.flatMap(([path]) => (raises.has(path) ? [] : [topOf(path)])),
]

/** What has to be read to answer, to judge and to sort. */
function namesOf(table: TableKeys, where: Condition | null, paths: readonly string[]): readonly string[] {
  const keys = partsOf(table.keys).map(({ name }) => name)
  return [...new Set([...keys, ...topsOf(where), ...paths.map(topOf)])]
}

interface Writing {
  readonly table: TableKeys
  readonly where: Condition | null
  readonly within: Pending | null
  readonly told: Told | null
  /** Fields that are written anew from what they hold. */
  readonly guards: readonly string[]
  /** Fields that are raised and not looked at. */
  readonly raises?: ReadonlyMap<string, Json>
}

export class DynamoAdapter implements DocumentAdapter {
  readonly ordersLists = true
  readonly #client: DynamoClient
  readonly #tables: Tables

  /** No I/O. `numericIds`: the key of tables that are made without fields is a number. */
  constructor(client: DynamoClient, numericIds: boolean) {
    this.#client = client
    this.#tables = new Tables(client, numericIds)
  }

  collections(): Promise<readonly string[]> {
    return this.#tables.names()
  }

  key(name: string): Promise<readonly Column[]> {
    return this.#tables.columns(name)
  }

  create(name: string, key?: readonly NewKey[]): Promise<void> {
    return this.#tables.create(name, key)
  }

  drop(name: string): Promise<void> {
    return this.#tables.drop(name)
  }

  async find(name: string, query: Query, within: Transaction, signal?: AbortSignal): Promise<readonly Raw[]> {
    const table = await this.#tables.keys(name)
    return this.#found(table, { ...query, where: keyed(query.where, table.keys) }, pendingOf(within), signal)
  }

  async count(name: string, where: Condition | null, within: Transaction, signal?: AbortSignal): Promise<number> {
    const table = await this.#tables.keys(name)
    const met = keyed(where, table.keys)
    const pending = pendingOf(within)
    if (pending !== null && pending.of(table).size > 0)
      return (await this.#found(table, { where: met, order: [], skip: 0, limit: null, fields: null }, pending, signal))
        .length
    if (met === null) return countAll(this.#client, table, signal)
    const reading = { access: accessOf(met, table.keys), where: met, names: namesOf(table, met, []), signal }
    let count = 0
    for await (const page of pagesOf(this.#client, table, reading))
      count += page.filter((item) => matches(item, met)).length
    return count
  }

  async #found(
    table: TableKeys,
    query: Query,
    pending: Pending | null,
    signal?: AbortSignal,
  ): Promise<readonly Item[]> {
    const { where, order, skip, limit, fields } = query
    const written = pending?.of(table) ?? new Map<string, Item | null>()
    const access = accessOf(where, table.keys)
    const natural = written.size === 0 ? naturalOrder(order, access, table.keys) : null
    const end = natural === null || limit === null ? Number.POSITIVE_INFINITY : skip + limit
    if (end === 0) return []
    const reading = {
      access,
      where,
      names:
        fields === null || written.size > 0
          ? null
          : namesOf(table, where, [...fields, ...order.map(({ path }) => path)]),
      descending: natural?.descending === true,
      most: where === null && Number.isFinite(end) ? end : null,
      after: query.after === undefined ? null : this.#afterKey(table, query.after),
      signal,
    }
    const found: Item[] = []
    for await (const page of pagesOf(this.#client, table, reading)) {
      for (const item of page) if (!written.has(keyText(item, table)) && matches(item, where)) found.push(item)
      if (found.length >= end) break
      if (found.length > mostInMemory && order.length > 0) throw tooMany()
    }
    for (const item of written.values()) if (item !== null && matches(item, where)) found.push(item)
    if (natural === null && order.length > 0) found.sort((a, b) => compareItems(a, b, order))
    return found.slice(skip, limit === null ? undefined : skip + limit)
  }

  #afterKey(table: TableKeys, values: readonly Json[]): Item {
    const parts = partsOf(table.keys).map((part, at) => [part.name, keyValue(values[at] ?? null, part)] as const)
    if (parts.some(([, value]) => value === null)) throw new BadRequest("Invalid 'cursor'.")
    return Object.fromEntries(parts) as Item
  }

  // ---- writes

  async insert(
    name: string,
    documents: readonly Members[],
    mode: 'halt' | 'continue',
    within: Transaction,
  ): Promise<readonly Inserted[]> {
    const table = await this.#tables.keys(name)
    const one = async (document: Members): Promise<Inserted> => {
      try {
        const now = this.#newItem(table, document)
        if (!(await this.#create(table, now, pendingOf(within)))) return { ok: false, error: duplicate(table) }
        return { ok: true, id: toMembers(now)[table.keys.hash.name] ?? null, now }
      } catch (error) {
        if (!(error instanceof BadRequest)) throw error
        return { ok: false, error }
      }
    }
    if (mode === 'continue') return eachOf(documents, one)
    const results: Inserted[] = []
    for (let at = 0; at < documents.length; at += mostInTransaction) {
      const some = documents.slice(at, at + mostInTransaction)
      const together = within === null && some.length > 1 ? await this.#insertTogether(table, some) : null
      if (together !== null) results.push(...together)
      else
        for (const document of some) {
          const result = await one(document)
          results.push(result)
          if (!result.ok) return results
        }
    }
    return results
  }

  /** null: not all of them can be made; none was. */
  async #insertTogether(table: TableKeys, documents: readonly Members[]): Promise<readonly Inserted[] | null> {
    try {
      const items = documents.map((document) => this.#newItem(table, document))
      if (items.reduce((total, item) => total + sizeOf(item), 0) > largest) return null
      const steps = items.flatMap((now) => stepOf(table, { before: null, now, guards: [] }) ?? [])
      if (!(await transact(this.#client, steps))) return null
      return items.map((now) => ({ ok: true, id: null, now }))
    } catch (error) {
      if (error instanceof BadRequest || error instanceof WriteConflict) return null
      throw error
    }
  }

  #newItem(table: TableKeys, document: Members): Item {
    const made = toItem(document)
    for (const part of partsOf(table.keys)) {
      if (part.name === '_id' && part.type === 'S' && table.keys.range === null && !Object.hasOwn(document, '_id'))
        made._id = { S: newId() }
      const value = keyValue(document[part.name] ?? (made[part.name]?.S as string | undefined) ?? null, part)
      if (value === null)
        throw new BadRequest(`Field '${part.name}' is a part of the key, and must be ${words[part.type]}.`)
      made[part.name] = value
    }
    return made
  }

  /** false: there is one of this key. */
  async #create(table: TableKeys, now: Item, pending: Pending | null): Promise<boolean> {
    if (pending !== null) {
      if ((await this.#current(table, now, pending)) !== null) return false
      pending.put(table, null, now, [])
      return true
    }
    const step = stepOf(table, { before: null, now, guards: [] })
    try {
      if (step !== null) await perform(this.#client, step, true)
      return true
    } catch (thrown) {
      if (isUnmet(thrown)) return false
      throw thrown
    }
  }

  update(
    name: string,
    where: Condition | null,
    change: Change,
    within: Transaction,
    told: Told | null = null,
  ): Promise<number> {
    const plain = change.raise.filter(([path]) => !path.includes('.'))
    const raises: ReadonlyMap<string, Json> = new Map(told === null && within === null ? plain : [])
    const how = { told, raises, guards: rebuilt(change, raises) }
    return this.#each(name, where, within, how, (table) => (before) => changed(before, change, table))
  }

  replace(
    name: string,
    where: Condition | null,
    document: Members,
    within: Transaction,
    told: Told | null = null,
  ): Promise<number> {
    return this.#each(
      name,
      where,
      within,
      { told, guards: [] },
      (table) => (before) => replaced(before, document, table),
    )
  }

  async remove(name: string, where: Condition | null, within: Transaction, told: Told | null = null): Promise<number> {
    if (where === null && within === null && told === null)
      return removeAll(this.#client, await this.#tables.keys(name))
    return this.#each(name, where, within, { told, guards: [] }, () => () => null)
  }

  async upsert(
    name: string,
    id: Json,
    where: Condition | null,
    change: Change,
    others: readonly (readonly [string, Json])[],
    within: Transaction,
    told: Told | null = null,
  ): Promise<number> {
    const table = await this.#tables.keys(name)
    const pending = pendingOf(within)
    const parts = partsOf(table.keys)
    const given = parts.length === 1 ? { [table.keys.hash.name]: id } : (id as Members)
    const key = this.#newItem(table, given)
    const met = keyed(where, table.keys)
    const deadline = this.#client.deadline()
    for (let attempt = 1; ; attempt++) {
      const before = await this.#current(table, key, pending)
      if (before !== null) {
        if (!matches(before, met)) return 0
        const writing: Writing = { table, where: met, within: pending, told, guards: rebuilt(change, new Map()) }
        if (await this.#write(writing, before, (one) => changed(one, change, table))) return 1
      } else {
        const made = changed(key, { set: [...change.set, ...others], raise: change.raise }, table)
        if (await this.#create(table, made, pending)) {
          told?.({ before: null, now: made })
          return 1
        }
      }
      if (Date.now() > deadline) throw conflict()
      await waitFor(attempt)
    }
  }

  async undo(name: string, { before, now }: Written): Promise<void> {
    const table = await this.#tables.keys(name)
    await takeBack(this.#client, { table, before: before as Item | null, now: now as Item | null })
  }

  async #each(
    name: string,
    where: Condition | null,
    within: Transaction,
    how: Pick<Writing, 'told' | 'guards' | 'raises'>,
    making: (table: TableKeys) => (before: Item) => Item | null,
  ): Promise<number> {
    const table = await this.#tables.keys(name)
    const writing: Writing = { table, where: keyed(where, table.keys), within: pendingOf(within), ...how }
    const query = { where: writing.where, order: [], skip: 0, limit: null, fields: null }
    const found = await this.#found(table, query, writing.within)
    const make = making(table)
    const written = await eachOf(found, (before) => this.#write(writing, before, make))
    return written.filter(Boolean).length
  }

  /** Writes one record, as long as the filter holds of it; false: it does not any more. */
  async #write(writing: Writing, first: Item, make: (before: Item) => Item | null): Promise<boolean> {
    const { table, where, within, told, guards: always, raises } = writing
    const deadline = this.#client.deadline()
    let before = first
    for (let attempt = 1; ; attempt++) {
      const now = make(before)
      const guards = new Set([...topsOf(where), ...always, ...(told === null ? [] : differences(before, now ?? {}))])
      if (within !== null) {
        within.put(table, before, now, guards)
        told?.({ before, now })
        return true
      }
      const step = stepOf(table, { before, now, guards, ...(raises && { raises }) })
      try {
        if (step !== null) await perform(this.#client, step, true)
        told?.({ before, now })
        return true
      } catch (thrown) {
        if (!isUnmet(thrown)) throw thrown
      }
      if (Date.now() > deadline) throw conflict()
      await waitFor(Math.min(attempt, 4))
      const again = await this.#current(table, before, null)
      if (again === null || !matches(again, where)) return false
      before = again
    }
  }

  async #current(table: TableKeys, item: Item, pending: Pending | null): Promise<Item | null> {
    const key = keyOf(item, table)
    const written = pending?.get(table, key)
    if (written !== undefined) return written
    const [found] = await byKeys(this.#client, table, [key], { names: null })
    return found ?? null
  }

  // ---- documents and transactions

  shown(document: Raw): Members {
    return toMembers(document as Item)
  }

  exact(document: Raw, path: string): Json {
    return exactAt(document as Item, path)
  }

  async transactions(): Promise<boolean> {
    return true
  }

  async transaction<T>(work: (within: Transaction) => Promise<T>): Promise<T> {
    const pending = new Pending()
    const result = await work(pending)
    await commit(this.#client, pending)
    return result
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}
