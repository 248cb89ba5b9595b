/**
 * The catalog of one SQLite database: the list first, a table at its first use, the keys of all tables once. A change of structure
 * from outside is noticed by SQLite's own counter of them.
 */
import type { ServiceHost } from 'dataferry/sdk'
import { type Catalog, labelOf, naturalOrder, pluralOf, relationsOfTable, type Table, type TableKeys, type TableSummary } from 'dataferry/records'
import { describe } from './describe.ts'
import { type ListedTable, listColumns, listIndexes, listKeys, listTables, schemaVersion } from './introspect.ts'
import type { SqliteRunner } from './runner.ts'

/** How often the counter is looked at while tables are found in the cache. */
const lookEveryMs = 1_000

/** All that is known between two refreshes; thrown away whole. */
interface Known {
  readonly epoch: number
  /** SQLite's counter when it was read; null: not known yet. */
  version: number | null
  list: Promise<ReadonlyMap<string, { readonly listed: ListedTable; readonly summary: TableSummary }>> | null
  keys: Promise<readonly TableKeys[]> | null
  readonly tables: Map<string, Table>
  readonly loading: Map<string, Promise<Table | null>>
}

export class SqliteCatalog implements Catalog {
  readonly #runner: SqliteRunner
  readonly #log: ServiceHost['log']
  #known: Known = nothing(1)
  #lookedAt = 0

  constructor(runner: SqliteRunner, log: ServiceHost['log']) {
    this.#runner = runner
    this.#log = log
    runner.onStale(() => this.#look())
  }

  get epoch(): number {
    return this.#known.epoch
  }

  async list(): Promise<readonly TableSummary[]> {
    this.#look()
    return [...(await this.#list(this.#known)).values()].map(({ summary }) => summary).sort((a, b) => naturalOrder(a.name, b.name))
  }

  table(name: string): Table | null | Promise<Table | null> {
    return this.realTable(name)
  }

  realTable(name: string): Table | null | Promise<Table | null> {
    const now = performance.now()
    if (now - this.#lookedAt > lookEveryMs) this.#look(now)
    const folded = name.toLowerCase()
    return this.#known.tables.get(folded) ?? this.#load(folded)
  }

  refresh(): void {
    this.#known = nothing(this.#known.epoch + 1)
  }

  /** Forgets what is known when the structure has changed since it was read. */
  #look(now = performance.now()): void {
    this.#lookedAt = now
    const version = this.#runner.schemaVersion()
    if (version === null) return
    const known = this.#known
    if (known.version === null) known.version = version
    else if (known.version !== version) {
      this.refresh()
      this.#known.version = version
      this.#log.info('The structure of the database has changed; it is read again.')
    }
  }

  async #load(folded: string): Promise<Table | null> {
    // An unknown name may be that of a table made since; a look is cheap.
    if (!(await this.#list(this.#known)).has(folded)) this.#look()
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
    const { name } = listed
    const columns = await listColumns(this.#runner, name, never)
    const indexes = listed.isView ? [] : await listIndexes(this.#runner, name, never)
    const keys = await this.#keys(known)
    const foreignKeys = keys.find((table) => table.name === name)?.foreignKeys ?? []
    const relations = listed.isView ? [] : relationsOfTable(name, keys)
    const table = describe(summary, { table: listed, columns, indexes, foreignKeys }, relations, known.epoch)
    known.tables.set(folded, table)
    return table
  }

  #list(known: Known): NonNullable<Known['list']> {
    known.list ??= this.#forgetting(known, 'list', async () => {
      // Before the list, so that a change in between shows as one.
      known.version ??= await schemaVersion(this.#runner, never)
      const listed = await listTables(this.#runner, never)
      return new Map(listed.map((table) => [table.name.toLowerCase(), { listed: table, summary: summary(table) }]))
    })
    return known.list
  }

  #keys(known: Known): Promise<readonly TableKeys[]> {
    known.keys ??= this.#forgetting(known, 'keys', () => listKeys(this.#runner, never))
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

const nothing = (epoch: number): Known => ({ epoch, version: null, list: null, keys: null, tables: new Map(), loading: new Map() })

/** Shared by all who wait for it, so no single request ends it; the statement timeout does. */
const never = new AbortController().signal

function summary({ name, isView }: ListedTable): TableSummary {
  const label = labelOf(name)
  return { name, schema: null, alias: null, label, plural: pluralOf(label), description: null, isView, native: [] }
}
