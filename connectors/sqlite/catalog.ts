/**
 * The catalog of one SQLite database: the list first, a table at its first use, several at once together. The first few tables ask for the keys around them alone,
 * those behind them for the keys of all tables at once. A change of structure from outside is noticed by SQLite's own counter of them.
 */

import {
  type Catalog,
  Gathering,
  LazyCatalog,
  labelOf,
  pluralOf,
  relationsOfTable,
  type Table,
  type TableKeys,
  type TableSummary,
} from 'dataferry/records'
import type { ServiceHost } from 'dataferry/sdk'
import { describe } from './describe.ts'
import {
  type ListedTable,
  listColumns,
  listIndexes,
  listKeys,
  listKeysAround,
  listTables,
  schemaVersion,
} from './introspect.ts'
import type { SqliteRunner } from './runner.ts'

/** Tables that do not wait for the keys of all. */
const aloneAtMost = 10
/** Tables that are read by their names in one statement. */
const togetherAtMost = 100
/** How often the counter is looked at while tables are found in the cache. */
const lookEveryMs = 1_000

/** Shared by all who wait for it, so no single request ends it; the statement timeout does. */
const never = new AbortController().signal

interface Asked {
  readonly summary: TableSummary
  readonly epoch: number
}

/** What tables are described from; thrown away whole by a refresh. */
interface Facts {
  readonly tables: Map<string, ListedTable>
  keys: Promise<readonly TableKeys[]> | null
  /** Tables that asked for the keys around them. */
  alone: number
  readonly described: Map<string, Promise<Table | null>>
  readonly gathering: Gathering<Asked, Table | null>
  /** SQLite's counter when the list was read; null: not read yet. */
  version: number | null
}

export class SqliteCatalog implements Catalog {
  readonly #runner: SqliteRunner
  readonly #log: ServiceHost['log']
  readonly #lazy: LazyCatalog
  #facts: Facts = this.#nothing()
  #lookedAt = 0

  constructor(runner: SqliteRunner, log: ServiceHost['log']) {
    this.#runner = runner
    this.#log = log
    this.#lazy = new LazyCatalog({
      list: () => this.#list(),
      describe: (summary, epoch) => this.#describe(summary, epoch),
    })
    runner.onStale(() => this.#look())
  }

  get epoch(): number {
    return this.#lazy.epoch
  }

  list(): Promise<readonly TableSummary[]> {
    this.#look()
    return this.#lazy.list()
  }

  table(name: string): Table | null | Promise<Table | null> {
    return this.#find(() => this.#lazy.table(name))
  }

  realTable(name: string): Table | null | Promise<Table | null> {
    return this.#find(() => this.#lazy.realTable(name))
  }

  refresh(): void {
    this.#facts = this.#nothing()
    this.#lazy.refresh()
  }

  #find(look: () => Table | null | Promise<Table | null>): Table | null | Promise<Table | null> {
    if (performance.now() - this.#lookedAt > lookEveryMs) this.#look()
    const found = look()
    return found instanceof Promise ? this.#again(found, look) : found
  }

  /** An unknown name may be that of a table made since. */
  async #again(found: Promise<Table | null>, look: () => Table | null | Promise<Table | null>): Promise<Table | null> {
    const table = await found
    return table === null && this.#look() ? look() : table
  }

  /** Forgets what is known when the structure has changed since it was read; whether it has. Takes microseconds. */
  #look(): boolean {
    this.#lookedAt = performance.now()
    const known = this.#facts.version
    const version = known === null ? null : this.#runner.schemaVersion()
    if (version === null || version === known) return false
    this.#log.info('The structure of the database has changed; it is read again.')
    this.refresh()
    return true
  }

  async #list(): Promise<readonly TableSummary[]> {
    const facts = this.#facts
    await this.#fill(facts)
    return [...facts.tables.values()].map(summary)
  }

  async #fill(facts: Facts): Promise<void> {
    // Before the list, so that a change in between shows as one.
    const version = await schemaVersion(this.#runner, never)
    for (const table of await listTables(this.#runner, never)) facts.tables.set(table.name, table)
    facts.version = version
  }

  /** Once, however many wait for it; what failed, and what was not there, is looked for again at the next use. */
  #describe(summary: TableSummary, epoch: number): Promise<Table | null> {
    const { described } = this.#facts
    let table = described.get(summary.name)
    if (table === undefined) {
      const forget = (): boolean => described.delete(summary.name)
      table = this.#facts.gathering.get({ summary, epoch })
      table.then((found) => found ?? forget(), forget)
      described.set(summary.name, table)
    }
    return table
  }

  #nothing(): Facts {
    const facts: Facts = {
      tables: new Map(),
      keys: null,
      alone: 0,
      described: new Map(),
      gathering: new Gathering((asked) => this.#read(facts, asked), togetherAtMost),
      version: null,
    }
    return facts
  }

  /** A few statements, however many there are. */
  async #read(facts: Facts, asked: readonly Asked[]): Promise<readonly (Table | null)[]> {
    // The names were listed, maybe before a refresh that came in between.
    if (facts.version === null) await this.#fill(facts)
    const listed = asked.flatMap(({ summary: { name } }) => facts.tables.get(name) ?? [])
    const names = listed.map(({ name }) => name)
    const tables = listed.filter(({ isView }) => !isView).map(({ name }) => name)
    const columns = await listColumns(this.#runner, names, never)
    const indexes = tables.length === 0 ? [] : await listIndexes(this.#runner, tables, never)
    const keys = tables.length === 0 ? [] : await this.#keys(facts, tables)
    return asked.map(({ summary, epoch }) => {
      const at = names.indexOf(summary.name)
      const table = listed[at]
      const own = columns[at] ?? []
      if (table === undefined || own.length === 0) return null
      const { name } = table
      const foreignKeys = keys.find((one) => one.name === name)?.foreignKeys ?? []
      const described = { table, columns: own, indexes: indexes[tables.indexOf(name)] ?? [], foreignKeys }
      return describe(summary, described, table.isView ? [] : relationsOfTable(name, keys), epoch)
    })
  }

  #keys(facts: Facts, tables: readonly string[]): Promise<readonly TableKeys[]> {
    if (facts.keys === null && facts.alone + tables.length <= aloneAtMost) {
      facts.alone += tables.length
      return listKeysAround(this.#runner, tables, facts.tables.values(), never)
    }
    if (facts.keys === null) {
      const keys = listKeys(this.#runner, never)
      keys.catch(() => {
        facts.keys = null
      })
      facts.keys = keys
    }
    return facts.keys
  }
}

function summary({ name, isView }: ListedTable): TableSummary {
  const label = labelOf(name)
  return { name, schema: null, alias: null, label, plural: pluralOf(label), description: null, isView, native: [] }
}
