/**
 * Reads the server's catalog (information_schema): which tables there are, the keys of all tables at once, and one table's columns and
 * indexes. A few statements whatever the number of tables.
 */
import type { Json } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'

/** Which databases of the server are served: one, or all but the server's own. `current`: that of the connection. */
export type Scope =
  | { readonly kind: 'current' }
  | { readonly kind: 'all' }
  | { readonly kind: 'named'; readonly name: string }

export interface ListedTable {
  readonly schema: string
  readonly name: string
  readonly isView: boolean
  readonly engine: string | null
}

export interface ListedColumn {
  readonly name: string
  readonly columnType: string
  readonly nullable: boolean
  readonly default: string | null
  readonly extra: string
  readonly characterSet: string | null
  readonly collation: string | null
}

export interface ListedIndex {
  readonly name: string
  readonly unique: boolean
  /** null: an expression. */
  readonly columns: readonly (string | null)[]
}

/** A foreign key and the tables at its ends. */
export interface ListedForeignKey {
  readonly name: string
  readonly schema: string
  readonly table: string
  readonly columns: readonly string[]
  readonly refSchema: string
  readonly refTable: string
  readonly refColumns: readonly string[]
  readonly onUpdate: string | null
  readonly onDelete: string | null
}

/** The unique keys of a table, the primary key among them. */
export interface ListedKey {
  readonly schema: string
  readonly table: string
  readonly name: string
  readonly columns: readonly string[]
}

type Runner = Pick<ProgramRunner, 'query'>

/** A condition on a column that names a database. */
export function within(column: string, scope: Scope): { readonly text: string; readonly binds: readonly string[] } {
  switch (scope.kind) {
    case 'current':
      return { text: `${column} = database()`, binds: [] }
    case 'named':
      return { text: `${column} = ?`, binds: [scope.name] }
    case 'all':
      return { text: `${column} not in ('information_schema', 'performance_schema', 'mysql', 'sys')`, binds: [] }
  }
}

/** The database of the connection. */
export async function currentSchema(runner: Runner, signal: AbortSignal): Promise<string> {
  const [row] = await runner.query('select database()', [], signal)
  return text(row?.[0])
}

/** All tables and views, in no order. */
export async function listTables(runner: Runner, scope: Scope, signal: AbortSignal): Promise<readonly ListedTable[]> {
  const where = within('table_schema', scope)
  const rows = await runner.query(
    `select table_schema, table_name, table_type, engine from information_schema.tables
     where ${where.text} and table_type in ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')`,
    where.binds,
    signal,
  )
  return rows.map(([schema, name, type, engine]) => ({
    schema: text(schema),
    name: text(name),
    isView: type === 'VIEW',
    engine: engine === null || engine === undefined ? null : text(engine),
  }))
}

/** The columns of one table or view, in order. */
export async function listColumns(
  runner: Runner,
  schema: string,
  table: string,
  signal: AbortSignal,
): Promise<readonly ListedColumn[]> {
  const rows = await runner.query(
    `select column_name, column_type, is_nullable, column_default, extra, character_set_name, collation_name
     from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position`,
    [schema, table],
    signal,
  )
  return rows.map(([name, columnType, nullable, dflt, extra, characterSet, collation]) => ({
    name: text(name),
    columnType: text(columnType),
    nullable: nullable === 'YES',
    default: optional(dflt),
    extra: text(extra),
    characterSet: optional(characterSet),
    collation: optional(collation),
  }))
}

/** The indexes of one table, the primary key first. */
export async function listIndexes(
  runner: Runner,
  schema: string,
  table: string,
  signal: AbortSignal,
): Promise<readonly ListedIndex[]> {
  const rows = await runner.query(
    `select index_name, non_unique, column_name from information_schema.statistics
     where table_schema = ? and table_name = ? order by index_name = 'PRIMARY' desc, index_name, seq_in_index`,
    [schema, table],
    signal,
  )
  const found = new Map<string, { readonly unique: boolean; readonly columns: (string | null)[] }>()
  for (const [name, nonUnique, column] of rows) {
    const entry = found.get(text(name)) ?? { unique: Number(nonUnique) === 0, columns: [] }
    entry.columns.push(optional(column))
    found.set(text(name), entry)
  }
  return [...found].map(([name, entry]) => ({ name, ...entry }))
}

/** The primary and unique keys of every table, and the foreign keys between them. */
export async function listKeys(
  runner: Runner,
  scope: Scope,
  signal: AbortSignal,
): Promise<{ readonly keys: readonly ListedKey[]; readonly foreignKeys: readonly ListedForeignKey[] }> {
  const where = within('table_schema', scope)
  const used = await runner.query(
    `select table_schema, table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name
     from information_schema.key_column_usage where ${where.text}
     order by table_schema, table_name, constraint_name, ordinal_position`,
    where.binds,
    signal,
  )
  const rules = within('constraint_schema', scope)
  const ruled = await runner.query(
    `select constraint_schema, table_name, constraint_name, update_rule, delete_rule
     from information_schema.referential_constraints where ${rules.text}`,
    rules.binds,
    signal,
  )
  const ruleOf = new Map(
    ruled.map(([schema, table, name, onUpdate, onDelete]) => [id(schema, table, name), { onUpdate, onDelete }]),
  )
  const keys = new Map<string, { schema: string; table: string; name: string; columns: string[] }>()
  const foreign = new Map<string, Draft>()
  for (const [schema, table, name, column, refSchema, refTable, refColumn] of used) {
    const key = id(schema, table, name)
    if (refTable === null || refTable === undefined) {
      const entry = keys.get(key) ?? { schema: text(schema), table: text(table), name: text(name), columns: [] }
      entry.columns.push(text(column))
      keys.set(key, entry)
      continue
    }
    const { onUpdate, onDelete } = ruleOf.get(key) ?? {}
    const entry = foreign.get(key) ?? {
      name: text(name),
      schema: text(schema),
      table: text(table),
      columns: [],
      refSchema: text(refSchema),
      refTable: text(refTable),
      refColumns: [],
      onUpdate: optional(onUpdate),
      onDelete: optional(onDelete),
    }
    entry.columns.push(text(column))
    entry.refColumns.push(text(refColumn))
    foreign.set(key, entry)
  }
  return { keys: [...keys.values()], foreignKeys: [...foreign.values()] }
}

type Draft = Omit<ListedForeignKey, 'columns' | 'refColumns'> & {
  readonly columns: string[]
  readonly refColumns: string[]
}

const id = (...parts: readonly (Json | undefined)[]): string => JSON.stringify(parts.map(text))
export const optional = (value: Json | undefined): string | null =>
  value === null || value === undefined ? null : text(value)
export const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value)
