/**
 * The catalog of one service: the list first, a table at its first use, several at once together. A table without what others tell of it
 * is read alone; for its relations the first few tables ask for the keys around them, where the server tells them, those behind them for
 * the keys of all tables at once. Tables outside of the connection's own database are called `database.table` (data-plane 3.2).
 */

import {
  type Catalog,
  type ForeignKey,
  Gathering,
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
  type ListedKeys,
  type ListedTable,
  listColumns,
  listIndexes,
  listKeys,
  listKeysOf,
  listReferring,
  listTables,
  type Scope,
} from './introspect.ts'
import type { MysqlRunner } from './runner.ts'
import { runsInUtc } from './settings.ts'

/** How old the list must be before it is read again for a name that is not in it. */
const listAgeMs = 1_000
/** Tables whose relations do not wait for the keys of all. */
const aloneAtMost = 10
/** Tables that are read by their names in one statement; the keys of more are those of all. */
const togetherAtMost = 100

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
  /** Tables that asked for the keys around them. */
  alone: number
  readonly whole: Described
  readonly bare: Described
}

/** `bare`: without the relations that other tables make. */
type How = 'whole' | 'bare'

interface Described {
  readonly tables: Map<string, Table>
  readonly loading: Map<string, Promise<Table>>
  readonly gathering: Gathering<Entry, Table>
}

export class MysqlCatalog implements Catalog {
  readonly #runner: MysqlRunner
  readonly #scope: Scope
  readonly #utc: boolean
  readonly #log: ServiceHost['log']
  #known: Known = this.#nothing(1)

  constructor(runner: MysqlRunner, config: ConfigValues, log: ServiceHost['log']) {
    this.#runner = runner
    this.#scope = scopeOf(config)
    this.#utc = runsInUtc(config)
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
    return this.#known.whole.tables.get(folded) ?? this.#load(folded, 'whole')
  }

  readonly bare = {
    table: (name: string): Table | Promise<Table | null> => this.bare.realTable(name),
    realTable: (name: string): Table | Promise<Table | null> => {
      const folded = name.toLowerCase()
      const { whole, bare } = this.#known
      return whole.tables.get(folded) ?? bare.tables.get(folded) ?? this.#load(folded, 'bare')
    },
  }

  refresh(): void {
    this.#known = this.#nothing(this.#known.epoch + 1)
  }

  defaultSchema(): Promise<string | null> {
    return currentSchema(this.#runner, never)
  }

  #nothing(epoch: number): Known {
    const described = (how: How): Described => ({
      tables: new Map(),
      loading: new Map(),
      gathering: new Gathering((entries) => this.#describe(known, entries, how), togetherAtMost),
    })
    const known: Known = {
      epoch,
      lookedAt: performance.now(),
      list: null,
      keys: null,
      alone: 0,
      whole: described('whole'),
      bare: described('bare'),
    }
    return known
  }

  async #load(folded: string, how: How): Promise<Table | null> {
    if (!(await this.#list(this.#known)).has(folded)) await this.#lookFor(folded)
    const known = this.#known
    const entry = (await this.#list(known)).get(folded)
    if (entry === undefined) return null
    const { tables, loading, gathering } = known[how]
    let table = loading.get(folded)
    if (table === undefined) {
      table = gathering.get(entry)
      loading.set(folded, table)
    }
    try {
      const found = await table
      tables.set(folded, found)
      return found
    } finally {
      loading.delete(folded)
    }
  }

  /** A few statements, however many there are. */
  async #describe(known: Known, entries: readonly Entry[], how: How): Promise<readonly Table[]> {
    const all = entries.map(({ listed }) => listed)
    const tables = all.filter(({ isView }) => !isView)
    const columns = await listColumns(this.#runner, all, never)
    const indexes = await listIndexes(this.#runner, tables, never)
    const keys = await this.#keysFor(known, tables, how)
    const { quotedDefaults } = this.#runner.facts
    return entries.map(({ listed, summary }, index) =>
      describe(
        summary,
        {
          table: listed,
          columns: columns[index] ?? [],
          indexes: indexes[tables.indexOf(listed)] ?? [],
          foreignKeys: keys.foreign.get(summary.name) ?? [],
          quotedDefaults,
          utc: this.#utc,
        },
        listed.isView ? [] : relationsOfTable(summary.name, keys.tables),
        known.epoch,
      ),
    )
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

  /** What descriptions are made of: the tables' own keys, and for their relations those of the tables that refer to them. */
  async #keysFor(known: Known, tables: readonly ListedTable[], how: How): Promise<Keys> {
    if (tables.length === 0) return noKeys
    if (known.keys === null && how === 'bare') return this.#keysOf(known, tables)
    if (known.keys === null && known.alone + tables.length <= aloneAtMost) {
      known.alone += tables.length
      const near = await this.#around(known, tables)
      if (near !== null) return this.#keysOf(known, near)
    }
    known.keys ??= this.#forgetting(known, 'keys', async () =>
      keysOf(await this.#entries(known), await listKeys(this.#runner, this.#scope, never)),
    )
    return known.keys
  }

  async #keysOf(known: Known, tables: readonly ListedTable[]): Promise<Keys> {
    return keysOf(await this.#entries(known), await listKeysOf(this.#runner, tables, never))
  }

  /** Tables and those that refer to them; null: the keys of all are to be read. */
  async #around(known: Known, tables: readonly ListedTable[]): Promise<readonly ListedTable[] | null> {
    const referring = await listReferring(this.#runner, this.#runner.facts, tables, never)
    if (referring === null || referring.length > togetherAtMost) return null
    // The server may keep names in small letters that it lists as they were written.
    const id = ({ schema, name }: Pick<ListedTable, 'schema' | 'name'>): string =>
      JSON.stringify([schema, name]).toLowerCase()
    const ids = new Set([...tables, ...referring].map(id))
    return (await this.#entries(known)).map(({ listed }) => listed).filter((listed) => ids.has(id(listed)))
  }

  async #entries(known: Known): Promise<readonly Entry[]> {
    return [...(await this.#list(known)).values()]
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

const noKeys: Keys = { tables: [], foreign: new Map() }

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
function keysOf(entries: readonly Entry[], { keys, foreignKeys }: ListedKeys): Keys {
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
