/**
 * Reads SQLite's own catalog: which tables there are, the columns and indexes of some, and the keys around some or of all at once. A few statements whatever the number of tables. Tables of SQLite itself, and those behind virtual tables, do not exist here.
 */

import type { ForeignKey, TableKeys } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'

export interface ListedTable {
  readonly name: string
  readonly isView: boolean
  readonly withoutRowid: boolean
}

export interface ListedColumn {
  readonly name: string
  readonly declared: string
  readonly notNull: boolean
  /** The SQL text of the default. */
  readonly default: string | null
  /** Position in the primary key from 1; 0: no part of it. */
  readonly keyPosition: number
  readonly isGenerated: boolean
}

export interface ListedIndex {
  readonly name: string
  readonly unique: boolean
  /** What made it: `pk`, `u` (UNIQUE), `c` (CREATE INDEX). */
  readonly origin: string
  readonly partial: boolean
  /** null: an expression. */
  readonly columns: readonly (string | null)[]
}

const tables = `
  SELECT name, type, wr FROM pragma_table_list
  WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`

/** Those named in a JSON text. */
const givenTables = 'FROM (SELECT value AS name FROM json_each(?)) t'

/** SQLite's counter of changes of structure. */
export async function schemaVersion(runner: ProgramRunner, signal: AbortSignal): Promise<number> {
  const [row] = await runner.query('PRAGMA schema_version', [], signal)
  return Number(row?.[0] ?? 0)
}

/** All tables and views, in no order. */
export async function listTables(runner: ProgramRunner, signal: AbortSignal): Promise<readonly ListedTable[]> {
  const rows = await runner.query(tables, [], signal)
  return rows.map(([name, type, wr]) => ({ name: text(name), isView: type === 'view', withoutRowid: wr === 1 }))
}

/** The columns of tables and views, in order, for each of them; hidden ones of virtual tables left out. */
export async function listColumns(
  runner: ProgramRunner,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<readonly (readonly ListedColumn[])[]> {
  const names = JSON.stringify(tables)
  const rows = await runner.query(
    `SELECT t.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
     ${givenTables} JOIN pragma_table_xinfo(t.name) x WHERE x.hidden <> 1 ORDER BY t.name, x.cid`,
    [names],
    signal,
  )
  const made = await runner.query(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name IN (SELECT value FROM json_each(?))",
    [names],
    signal,
  )
  const statements = new Map(made.map(([name, sql]) => [text(name), text(sql)]))
  const found = byTable(rows)
  return tables.map((table) =>
    (found.get(table) ?? []).map(([, name, declared, notNull, dflt, pk, hidden]) => ({
      name: text(name),
      declared: asWritten(text(declared), text(name), statements.get(table) ?? ''),
      notNull: notNull === 1,
      default: dflt === null || dflt === undefined ? null : text(dflt),
      keyPosition: Number(pk),
      isGenerated: hidden === 2 || hidden === 3,
    })),
  )
}

const byTable = (rows: Rows): Map<string, (readonly Json[])[]> => Map.groupBy(rows, ([name]) => text(name))

/** Types that SQLite keeps as numbers and tells in capitals, however they were written. */
const capitals: ReadonlySet<string> = new Set(['ANY', 'BLOB', 'INT', 'INTEGER', 'REAL', 'TEXT'])

/** The letters that the type was declared with, from the statement that made the table; of a view, small ones. */
function asWritten(type: string, column: string, statement: string): string {
  if (!capitals.has(type)) return type
  const name = column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const quoted = `"${name.replaceAll('"', '""')}"|\`${name.replaceAll('`', '``')}\`|'${name.replaceAll("'", "''")}'|\\[${name}\\]`
  const found = new RegExp(`[\\s,(](?:(?:${quoted})\\s*|${name}\\s+)(${type})\\b`, 'i').exec(statement)
  return found?.[1] ?? type.toLowerCase()
}

/** The indexes of tables, the newest first, for each of them. */
export async function listIndexes(
  runner: ProgramRunner,
  tables: readonly string[],
  signal: AbortSignal,
): Promise<readonly (readonly ListedIndex[])[]> {
  const rows = await runner.query(
    `SELECT t.name, l.name, l."unique", l.origin, l.partial, i.name
     ${givenTables} JOIN pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i ORDER BY t.name, l.seq, i.seqno`,
    [JSON.stringify(tables)],
    signal,
  )
  const found = byTable(rows)
  return tables.map((table) => indexesFrom(found.get(table) ?? []))
}

function indexesFrom(rows: Rows): readonly ListedIndex[] {
  const found = new Map<string, { unique: boolean; origin: string; partial: boolean; columns: (string | null)[] }>()
  for (const [, index, unique, origin, partial, column] of rows) {
    const name = text(index)
    const entry = found.get(name) ?? { unique: unique === 1, origin: text(origin), partial: partial === 1, columns: [] }
    entry.columns.push(column === null || column === undefined ? null : text(column))
    found.set(name, entry)
  }
  return [...found].map(([name, entry]) => ({ name, ...entry }))
}

const allTables = `FROM (${tables.replace(", 'view', 'virtual'", '')}) t`
type From = typeof allTables | typeof givenTables

const columnsOf = (from: From): string =>
  `SELECT t.name, c.name, c.pk ${from} JOIN pragma_table_xinfo(t.name) c ORDER BY t.name, c.pk, c.cid`
const indexesOf = (from: From): string =>
  `SELECT t.name, l.name, i.name ${from} JOIN pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i
   WHERE l."unique" = 1 AND l.partial = 0 AND l.origin <> 'pk' ORDER BY t.name, l.seq, i.seqno`
const referencesOf = (from: From): string =>
  `SELECT t.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete
   ${from} JOIN pragma_foreign_key_list(t.name) f ORDER BY t.name, f.id, f.seq`

/**
 * The keys of every table, in three statements, in the tables' and columns' real names. A foreign key to a table that is missing is
 * left out.
 */
export async function listKeys(runner: ProgramRunner, signal: AbortSignal): Promise<readonly TableKeys[]> {
  const columns = await runner.query(columnsOf(allTables), [], signal)
  const indexed = await runner.query(indexesOf(allTables), [], signal)
  return keysOf(columns, indexed, await runner.query(referencesOf(allTables), [], signal))
}

/** The same, in four statements, of some tables and of those that refer to them: all that the tables' relations are made of. */
export async function listKeysAround(
  runner: ProgramRunner,
  around: readonly string[],
  tables: Iterable<ListedTable>,
  signal: AbortSignal,
): Promise<readonly TableKeys[]> {
  const referring = await runner.query(
    `SELECT DISTINCT t.name ${allTables} JOIN pragma_foreign_key_list(t.name) f
     WHERE f."table" COLLATE NOCASE IN (SELECT value FROM json_each(?))`,
    [JSON.stringify(around)],
    signal,
  )
  const near = [...new Set([...around, ...referring.map(([name]) => text(name))])]
  const references = await runner.query(referencesOf(givenTables), [JSON.stringify(near)], signal)
  const referred = new Set(references.map(([, , name]) => text(name).toLowerCase()))
  const far = [...tables].filter(({ name, isView }) => !isView && referred.has(name.toLowerCase()))
  const all = [...new Set([...near, ...far.map(({ name }) => name)])]
  const columns = await runner.query(columnsOf(givenTables), [JSON.stringify(all)], signal)
  const indexed = await runner.query(indexesOf(givenTables), [JSON.stringify(near)], signal)
  return keysOf(columns, indexed, references)
}

function keysOf(columns: Rows, indexed: Rows, referring: Rows): readonly TableKeys[] {
  const known = knownTables(columns)
  const unique = uniqueKeys(indexed)
  const foreign = foreignKeys(referring, known)
  return [...known.values()].map(({ name, primaryKey }) => ({
    name,
    primaryKey,
    unique: unique.get(name) ?? [],
    foreignKeys: foreign.get(name) ?? [],
  }))
}

type Rows = readonly (readonly Json[])[]

interface KnownTable {
  readonly name: string
  readonly primaryKey: string[]
  /** Real names by lower-case ones. */
  readonly columns: Map<string, string>
}

/** By lower-case name. */
function knownTables(rows: Rows): ReadonlyMap<string, KnownTable> {
  const found = new Map<string, KnownTable>()
  for (const [table, column, position] of rows) {
    const name = text(table)
    const entry = found.get(name.toLowerCase()) ?? { name, primaryKey: [], columns: new Map<string, string>() }
    if (position !== 0) entry.primaryKey.push(text(column))
    entry.columns.set(text(column).toLowerCase(), text(column))
    found.set(name.toLowerCase(), entry)
  }
  return found
}

/** SQLite tells the referred names as they were declared: in any case, and no columns where the primary key is meant. */
function foreignKeys(rows: Rows, known: ReadonlyMap<string, KnownTable>): ReadonlyMap<string, readonly ForeignKey[]> {
  const declared = new Map<
    string,
    { table: string; from: string[]; refTable: string; to: string[]; onUpdate: string; onDelete: string }
  >()
  for (const [name, id, refTable, from, to, onUpdate, onDelete] of rows) {
    const table = text(name)
    const key = `${id} ${table}`
    const entry = declared.get(key) ?? {
      table,
      from: [],
      refTable: text(refTable),
      to: [],
      onUpdate: text(onUpdate),
      onDelete: text(onDelete),
    }
    entry.from.push(text(from))
    if (to !== null && to !== undefined) entry.to.push(text(to))
    declared.set(key, entry)
  }
  const found = new Map<string, ForeignKey[]>()
  for (const { table, from, refTable, to, onUpdate, onDelete } of declared.values()) {
    const parent = known.get(refTable.toLowerCase())
    if (parent === undefined) continue
    const refColumns =
      to.length === 0 ? parent.primaryKey : to.map((column) => parent.columns.get(column.toLowerCase()) ?? column)
    if (refColumns.length !== from.length) continue
    const keys = found.get(table) ?? []
    keys.push({ columns: from, refTable: parent.name, refColumns, onUpdate, onDelete })
    found.set(table, keys)
  }
  return found
}

/** Unique indexes over columns alone, by table. */
function uniqueKeys(rows: Rows): ReadonlyMap<string, readonly (readonly string[])[]> {
  const indexes = new Map<string, { table: string; columns: (string | null)[] }>()
  for (const [table, index, column] of rows) {
    const entry = indexes.get(text(index)) ?? { table: text(table), columns: [] }
    entry.columns.push(column === null || column === undefined ? null : text(column))
    indexes.set(text(index), entry)
  }
  const found = new Map<string, (readonly string[])[]>()
  for (const { table, columns } of indexes.values()) {
    if (columns.every((column) => column !== null)) found.set(table, [...(found.get(table) ?? []), columns])
  }
  return found
}

const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value)
