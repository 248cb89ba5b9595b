/**
 * The catalog of one service: the list first, a table at its first use, the keys of all tables once. Tables outside of the connection's own
 * database are called `database.table` (data-plane 3.2).
 */

import {
  type Catalog,
  type ForeignKey,
  labelOf,
  naturalOrder,
  pluralOf,
  relationsOfTable,
  type Table,
  type TableKeys,
  type TableSummary,
} from 'dataferry/records'
import type { ConfigValues, ServiceHost } from 'dataferry/sdk'
import { describe } from './describe.ts'
import {
  currentSchema,
  type ListedForeignKey,
  type ListedKey,
  type ListedTable,
  listColumns,
  listIndexes,
  listKeys,
  listTables,
  type Scope,
} from './introspect.ts'
import type { MysqlRunner } from './runner.ts'

/** How old the list must be before it is read again for a name that is not in it. */
const listAgeMs = 1_000

interface Entry {
  readonly listed: ListedTable
  readonly summary: TableSummary
}
interface Keys {
  readonly tables: readonly TableKeys[]
  readonly foreign: ReadonlyMap<string, readonly (ListedForeignKey & { readonly refName: string })[]>
}

/** All that is known between two refreshes; thrown away whole. */
interface Known {
  readonly epoch: number
  /** When it was last looked whether there are other tables. */
  lookedAt: number
  list: Promise<ReadonlyMap<string, Entry>> | null
  keys: Promise<Keys> | null
  readonly tables: Map<string, Table>
  readonly loading: Map<string, Promise<Table | null>>
}

export class MysqlCatalog implements Catalog {
  readonly #runner: MysqlRunner
  readonly #scope: Scope
  readonly #log: ServiceHost['log']
  #known: Known = nothing(1)

  constructor(runner: MysqlRunner, config: ConfigValues, log: ServiceHost['log']) {
    this.#runner = runner
    this.#scope = scopeOf(config)
    this.#log = log
    runner.onStale(() => {
      this.#log.info('The structure of the database may have changed; it is read again.')
      this.refresh()
    })
  }

  get epoch(): number {
    return this.#known.epoch
  }

  async list(): Promise<readonly TableSummary[]> {
    return [...(await this.#list(this.#known)).values()]
      .map(({ summary }) => summary)
      .sort((a, b) => naturalOrder(a.name, b.name))
  }

  table(name: string): Table | null | Promise<Table | null> {
    return this.realTable(name)
  }

  realTable(name: string): Table | null | Promise<Table | null> {
    const folded = name.toLowerCase()
    return this.#known.tables.get(folded) ?? this.#load(folded)
  }

  refresh(): void {
    this.#known = nothing(this.#known.epoch + 1)
  }

  defaultSchema(): Promise<string | null> {
    return currentSchema(this.#runner, never)
  }

  async #load(folded: string): Promise<Table | null> {
    if (!(await this.#list(this.#known)).has(folded)) await this.#lookFor(folded)
    const known = this.#known
    let loading = known.loading.get(folded)
    if (loading === undefined) {
      loading = this.#describe(known, folded)
      known.loading.set(folded, loading)
    }
    try {
      return await loading
    } finally {
      known.loading.delete(folded)
    }
  }

  async #describe(known: Known, folded: string): Promise<Table | null> {
    const entry = (await this.#list(known)).get(folded)
    if (entry === undefined) return null
    const { listed, summary } = entry
    const columns = await listColumns(this.#runner, listed.schema, listed.name, never)
    const indexes = listed.isView ? [] : await listIndexes(this.#runner, listed.schema, listed.name, never)
    const keys = await this.#keys(known)
    const foreignKeys = keys.foreign.get(summary.name) ?? []
    const relations = listed.isView ? [] : relationsOfTable(summary.name, keys.tables)
    const { quotedDefaults } = this.#runner.facts
    const table = describe(
      summary,
      { table: listed, columns, indexes, foreignKeys, quotedDefaults },
      relations,
      known.epoch,
    )
    known.tables.set(folded, table)
    return table
  }

  /** An unknown name may be that of a table made since; one that is none costs a look at the list, and no more than one a second. */
  async #lookFor(folded: string): Promise<void> {
    const known = this.#known
    if (performance.now() - known.lookedAt < listAgeMs) return
    known.lookedAt = performance.now()
    if ((await this.#readList()).has(folded) && known === this.#known) this.refresh()
  }

  #list(known: Known): NonNullable<Known['list']> {
    known.list ??= this.#forgetting(known, 'list', () => this.#readList())
    return known.list
  }

  async #readList(): Promise<ReadonlyMap<string, Entry>> {
    const current = await currentSchema(this.#runner, never)
    const listed = await listTables(this.#runner, this.#scope, never)
    return new Map(
      listed.map((table) => {
        const summary = summaryOf(table, current)
        return [summary.name.toLowerCase(), { listed: table, summary }]
      }),
    )
  }

  #keys(known: Known): Promise<Keys> {
    known.keys ??= this.#forgetting(known, 'keys', async () => {
      const { keys, foreignKeys } = await listKeys(this.#runner, this.#scope, never)
      return keysOf([...(await this.#list(known)).values()], keys, foreignKeys)
    })
    return known.keys
  }

  /** What failed is tried again at the next use. */
  async #forgetting<T>(known: Known, what: 'list' | 'keys', read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (thrown) {
      known[what] = null
      throw thrown
    }
  }
}

const nothing = (epoch: number): Known => ({
  epoch,
  lookedAt: performance.now(),
  list: null,
  keys: null,
  tables: new Map(),
  loading: new Map(),
})

/** Shared by all who wait for it, so no single request ends it; the statement timeout does. */
const never = new AbortController().signal

/** The service's `schema`: empty is all, `default` that of the connection (data-plane 3.2). */
export function scopeOf({ schema }: ConfigValues): Scope {
  const name = typeof schema === 'string' ? schema.trim() : ''
  if (name === '') return { kind: 'all' }
  return name.toLowerCase() === 'default' ? { kind: 'current' } : { kind: 'named', name }
}

function summaryOf({ schema, name: bare, isView }: ListedTable, current: string): TableSummary {
  const own = schema === current
  const name = own ? bare : `${schema}.${bare}`
  const label = labelOf(name)
  return {
    name,
    schema: own ? null : schema,
    alias: null,
    label,
    plural: pluralOf(label),
    description: null,
    isView,
    native: [],
  }
}

/** Foreign keys to tables that are not served are left out. */
function keysOf(entries: readonly Entry[], keys: readonly ListedKey[], foreignKeys: readonly ListedForeignKey[]): Keys {
  const place = (schema: string, table: string): string => JSON.stringify([schema, table])
  const names = new Map(entries.map(({ listed, summary }) => [place(listed.schema, listed.name), summary.name]))
  const tables = new Map<
    string,
    { name: string; primaryKey: readonly string[]; unique: (readonly string[])[]; foreignKeys: ForeignKey[] }
  >()
  for (const name of names.values()) tables.set(name, { name, primaryKey: [], unique: [], foreignKeys: [] })
  for (const key of keys) {
    const table = tables.get(names.get(place(key.schema, key.table)) ?? '')
    if (table === undefined) continue
    if (key.name === 'PRIMARY') table.primaryKey = key.columns
    else table.unique.push(key.columns)
  }
  const foreign = new Map<string, (ListedForeignKey & { readonly refName: string })[]>()
  for (const key of foreignKeys) {
    const table = tables.get(names.get(place(key.schema, key.table)) ?? '')
    const refName = names.get(place(key.refSchema, key.refTable))
    if (table === undefined || refName === undefined) continue
    const { columns, refColumns, onUpdate, onDelete } = key
    table.foreignKeys.push({ columns, refTable: refName, refColumns, onUpdate, onDelete })
    foreign.set(table.name, [...(foreign.get(table.name) ?? []), { ...key, refName }])
  }
  return { tables: [...tables.values()], foreign }
}
