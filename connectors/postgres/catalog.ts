/**
 * The catalog of one PostgreSQL database: the list first, a table at its first use, several at once together. The first few tables ask for the keys around them
 * alone, those behind them for the keys of all tables at once. A statement that names what is not there makes all of it be read again.
 */
import {
  type Catalog,
  Gathering,
  naturalOrder,
  relationsOfTable,
  type Table,
  type TableKeys,
  type TableSummary,
} from 'dataferry/records'
import { describe, keysOfTables, summaryOf } from './describe.ts'
import type { Flavour } from './flavours.ts'
import type { ListedKey, ListedTable, SchemaChoice } from './introspect.ts'
import type { PostgresRunner } from './runner.ts'

/** Tables that do not wait for the keys of all. */
const aloneAtMost = 10
/** Tables that are read by their names in one statement. */
const togetherAtMost = 100

interface Keys {
  readonly byTable: ReadonlyMap<string, readonly ListedKey[]>
  /** For relations. */
  readonly tables: readonly TableKeys[]
}

/** How old the list must be before it is read again for a name that is not in it. */
const listAgeMs = 1_000

interface List {
  readonly byName: ReadonlyMap<string, ListedTable>
  readonly byId: ReadonlyMap<string, ListedTable>
}

/** All that is known between two refreshes; thrown away whole. */
interface Known {
  readonly epoch: number
  /** When it was last looked whether there are other tables. */
  lookedAt: number
  list: Promise<List> | null
  keys: Promise<Keys> | null
  /** Tables that asked for the keys around them. */
  alone: number
  readonly tables: Map<string, Table>
  readonly loading: Map<string, Promise<Table | null>>
  readonly gathering: Gathering<ListedTable, Table | null>
}

/** Shared by all who wait for it, so no single request ends it; the statement timeout does. */
const never = new AbortController().signal

export class PostgresCatalog implements Catalog {
  readonly #runner: PostgresRunner
  readonly #flavour: Flavour
  readonly #choice: SchemaChoice
  #known = this.#nothing(1)

  constructor(runner: PostgresRunner, flavour: Flavour, choice: SchemaChoice) {
    this.#runner = runner
    this.#flavour = flavour
    this.#choice = choice
    runner.onStale(() => this.refresh())
  }

  get epoch(): number {
    return this.#known.epoch
  }

  async list(): Promise<readonly TableSummary[]> {
    const { byName } = await this.#list(this.#known)
    return [...byName.values()].map(summaryOf).sort((a, b) => naturalOrder(a.name, b.name))
  }

  table(name: string): Table | null | Promise<Table | null> {
    return this.realTable(name)
  }

  realTable(name: string): Table | null | Promise<Table | null> {
    const folded = name.toLowerCase()
    return this.#known.tables.get(folded) ?? this.#load(folded)
  }

  refresh(): void {
    this.#known = this.#nothing(this.#known.epoch + 1)
  }

  async defaultSchema(): Promise<string | null> {
    const [row] = await this.#runner.query('select current_schema()', [], never)
    return typeof row?.[0] === 'string' ? row[0] : null
  }

  #nothing(epoch: number): Known {
    const known: Known = {
      epoch,
      lookedAt: performance.now(),
      list: null,
      keys: null,
      alone: 0,
      tables: new Map(),
      loading: new Map(),
      gathering: new Gathering((tables) => this.#describe(known, tables), togetherAtMost),
    }
    return known
  }

  async #load(folded: string): Promise<Table | null> {
    if (!(await this.#list(this.#known)).byName.has(folded)) await this.#lookFor(folded)
    const known = this.#known
    const listed = (await this.#list(known)).byName.get(folded)
    if (listed === undefined) return null
    const { tables, loading, gathering } = known
    let table = loading.get(folded)
    if (table === undefined) {
      table = gathering.get(listed)
      loading.set(folded, table)
    }
    try {
      const found = await table
      if (found !== null) tables.set(folded, found)
      return found
    } finally {
      loading.delete(folded)
    }
  }

  /** A few statements, however many there are. */
  async #describe(known: Known, tables: readonly ListedTable[]): Promise<readonly (Table | null)[]> {
    const [columns, keys, { byId }] = await Promise.all([
      this.#flavour.introspection.listColumns(this.#runner, tables, never),
      this.#keysAround(known, tables),
      this.#list(known),
    ])
    const found = tables.map((table, index) => {
      const own = columns[index] ?? null
      if (own === null) return null
      const relations = table.isView ? [] : relationsOfTable(table.name, keys.tables)
      const listed = { table, columns: own, keys: keys.byTable.get(table.id) ?? [], tables: byId }
      return describe(listed, relations, known.epoch)
    })
    if (found.includes(null) && known === this.#known) this.refresh()
    return found
  }

  /** An unknown name may be that of a table made since; one that is none costs a look at the list, and no more than one a second. */
  async #lookFor(folded: string): Promise<void> {
    const known = this.#known
    if (performance.now() - known.lookedAt < listAgeMs) return
    known.lookedAt = performance.now()
    if ((await this.#readList()).byName.has(folded) && known === this.#known) this.refresh()
  }

  #list(known: Known): Promise<List> {
    known.list ??= forgetting(known, 'list', () => this.#readList())
    return known.list
  }

  async #readList(): Promise<List> {
    const tables = await this.#flavour.introspection.listTables(this.#runner, this.#flavour, this.#choice, never)
    const byName = new Map<string, ListedTable>()
    // The default schema's table wins where another's full name is the same, and of two that differ in case the first.
    for (const table of [...tables].sort(defaultFirst)) {
      const folded = table.name.toLowerCase()
      if (!byName.has(folded)) byName.set(folded, table)
    }
    return { byName, byId: new Map([...byName.values()].map((table) => [table.id, table])) }
  }

  #keysAround(known: Known, tables: readonly ListedTable[]): Promise<Keys> {
    const { listKeys, listKeysAround } = this.#flavour.introspection
    if (known.keys === null && listKeysAround !== undefined && known.alone + tables.length <= aloneAtMost) {
      known.alone += tables.length
      return this.#keys(known, listKeysAround(this.#runner, this.#flavour, tables, never))
    }
    known.keys ??= forgetting(known, 'keys', () => this.#keys(known, listKeys(this.#runner, this.#flavour, never)))
    return known.keys
  }

  async #keys(known: Known, listed: Promise<readonly ListedKey[]>): Promise<Keys> {
    const [keys, { byId }] = await Promise.all([listed, this.#list(known)])
    return { byTable: Map.groupBy(keys, (key) => key.table), tables: keysOfTables(byId, keys) }
  }
}

const defaultFirst = (a: ListedTable, b: ListedTable): number =>
  Number(b.inDefaultSchema) - Number(a.inDefaultSchema) || (a.name < b.name ? -1 : 1)

/** What failed is tried again at the next use. */
async function forgetting<T>(known: Known, what: 'list' | 'keys', read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    known[what] = null
    throw thrown
  }
}
