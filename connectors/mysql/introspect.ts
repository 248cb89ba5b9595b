/**
 * Reads the server's catalog (information_schema): which tables there are, the keys of all tables or of some, and one table's columns and
 * indexes. A few statements whatever the number of tables. A server that has just started opens every table that it is asked about, so
 * that what one table needs is asked by name.
 */
import type { Json } from 'dataferry/sdk'
import type { ProgramRunner } from 'dataferry/sql'
import type { ServerFacts } from './server.ts'

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

/** The columns of tables and views, in order, for each of them. */
export async function listColumns(
  runner: Runner,
  tables: readonly Place[],
  signal: AbortSignal,
): Promise<readonly (readonly ListedColumn[])[]> {
  const rows = await runner.query(
    `${each(
      `select table_schema, table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name, collation_name, ordinal_position
       from information_schema.columns`,
      named('table_schema', tables),
    )} order by 1, 2, ordinal_position`,
    placesOf(tables),
    signal,
  )
  const found = byTable(rows)
  return tables.map((table) =>
    (found.get(id(table.schema, table.name)) ?? []).map(
      ([, , name, columnType, nullable, dflt, extra, characterSet, collation]) => ({
        name: text(name),
        columnType: text(columnType),
        nullable: nullable === 'YES',
        default: optional(dflt),
        extra: text(extra),
        characterSet: optional(characterSet),
        collation: optional(collation),
      }),
    ),
  )
}

/** The indexes of tables, the primary key first, for each of them. */
export async function listIndexes(
  runner: Runner,
  tables: readonly Place[],
  signal: AbortSignal,
): Promise<readonly (readonly ListedIndex[])[]> {
  if (tables.length === 0) return []
  const rows = await runner.query(
    `${each(
      `select table_schema, table_name, index_name, non_unique, column_name, index_name <> 'PRIMARY', seq_in_index
       from information_schema.statistics`,
      named('table_schema', tables),
    )} order by 1, 2, 6, 3, 7`,
    placesOf(tables),
    signal,
  )
  const found = byTable(rows)
  return tables.map((table) => indexesOf(found.get(id(table.schema, table.name)) ?? []))
}

function indexesOf(rows: readonly (readonly Json[])[]): readonly ListedIndex[] {
  const found = new Map<string, { readonly unique: boolean; readonly columns: (string | null)[] }>()
  for (const [, , name, nonUnique, column] of rows) {
    const entry = found.get(text(name)) ?? { unique: Number(nonUnique) === 0, columns: [] }
    entry.columns.push(optional(column))
    found.set(text(name), entry)
  }
  return [...found].map(([name, entry]) => ({ name, ...entry }))
}

/** Rows that begin with a database and a table. */
const byTable = (rows: readonly (readonly Json[])[]): Map<string, (readonly Json[])[]> =>
  Map.groupBy(rows, ([schema, name]) => id(schema, name))

/** Keys of tables, and the foreign keys that lead from them. */
export interface ListedKeys {
  readonly keys: readonly ListedKey[]
  readonly foreignKeys: readonly ListedForeignKey[]
}

export type Place = Pick<ListedTable, 'schema' | 'name'>

interface Condition {
  readonly text: string
  readonly binds: readonly string[]
}

/** The server looks a table up by its name only where one condition is one table. */
const named = (schema: string, tables: readonly Place[]): readonly Condition[] =>
  tables.map(({ schema: within, name }) => ({ text: `${schema} = ? and table_name = ?`, binds: [within, name] }))
const placesOf = (tables: readonly Place[]): readonly string[] => tables.flatMap(({ schema, name }) => [schema, name])

/** The select under each condition, all in one statement. */
const each = (select: string, conditions: readonly Condition[]): string =>
  conditions.map((condition) => `${select} where ${condition.text}`).join(' union all ')

/** The primary and unique keys of every table, and the foreign keys between them. */
export const listKeys = (runner: Runner, scope: Scope, signal: AbortSignal): Promise<ListedKeys> =>
  keysWhere(runner, (schema) => [within(schema, scope)], signal)

/** Those of some tables alone. */
export const listKeysOf = (runner: Runner, tables: readonly Place[], signal: AbortSignal): Promise<ListedKeys> =>
  keysWhere(runner, (schema) => named(schema, tables), signal)

/**
 * The tables that refer to any of these, and maybe others; null: that can't be had without opening every table. MySQL 8 has it in its
 * dictionary; the servers before it and MariaDB tell it to who may see the tables of InnoDB.
 */
export async function listReferring(
  runner: Runner,
  facts: ServerFacts,
  tables: readonly Place[],
  signal: AbortSignal,
): Promise<readonly Place[] | null> {
  if (facts.vendor === 'mysql' && facts.version >= 80_000) {
    const rows = await runner.query(
      `select distinct table_schema, table_name from information_schema.key_column_usage
       where (referenced_table_schema, referenced_table_name) in (${tables.map(() => '(?, ?)').join(', ')})`,
      placesOf(tables),
      signal,
    )
    return rows.map(([schema, name]) => ({ schema: text(schema), name: text(name) }))
  }
  const files = tables.map(fileName).filter((file) => file !== null)
  if (files.length < tables.length || !facts.foreignKeys || !(await seesInnodb(runner, signal))) return null
  const rows = await runner.query(
    `select distinct for_name from information_schema.innodb_sys_foreign where ref_name in (${files.map(() => '?').join(', ')})`,
    files,
    signal,
  )
  const found = rows.map(([from]) => placeOf(text(from)))
  return found.some((place) => place === null) ? null : found.filter((place) => place !== null)
}

/** Whether the login has the privilege PROCESS by itself, and the server has InnoDB. */
async function seesInnodb(runner: Runner, signal: AbortSignal): Promise<boolean> {
  const [row] = await runner.query(
    `select (select count(*) from information_schema.user_privileges
       where privilege_type = 'PROCESS' and replace(grantee, char(39 using utf8mb4), '') = current_user())
     and (select count(*) from information_schema.engines where engine = 'InnoDB' and support in ('YES', 'DEFAULT'))`,
    [],
    signal,
  )
  return Number(row?.[0]) === 1
}

/** A table as InnoDB names it: `database/table`, what is no letter, digit or `_` as its number. null: letters beyond ASCII. */
function fileName({ schema, name }: Place): string | null {
  const encoded = [schema, name].map((part) =>
    part.replace(/[^0-9a-z_]/gi, (char) => `@${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
  return /[^ -~]/.test(schema + name) ? null : encoded.join('/')
}

function placeOf(file: string): Place | null {
  const [schema, name] = file.split('/')
  // Letters beyond ASCII are written in ways of their own.
  if (schema === undefined || name === undefined || /@(?!00[0-7][0-9a-f])/i.test(file)) return null
  const decode = (part: string): string =>
    part.replace(/@([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return { schema: decode(schema), name: decode(name) }
}

/** `where`: conditions on a column that names a database, each looked up by itself. */
async function keysWhere(
  runner: Runner,
  where: (schema: string) => readonly Condition[],
  signal: AbortSignal,
): Promise<ListedKeys> {
  const bindsOf = (conditions: readonly Condition[]): readonly string[] => conditions.flatMap(({ binds }) => binds)
  const keyed = where('table_schema')
  const used = await runner.query(
    `${each(
      `select table_schema, table_name, constraint_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name, ordinal_position
       from information_schema.key_column_usage`,
      keyed,
    )} order by 1, 2, 3, 8`,
    bindsOf(keyed),
    signal,
  )
  const constrained = where('constraint_schema')
  const refers = used.some(([, , , , , refTable]) => refTable !== null && refTable !== undefined)
  const ruled = refers
    ? await runner.query(
        each(
          `select constraint_schema, table_name, constraint_name, update_rule, delete_rule
           from information_schema.referential_constraints`,
          constrained,
        ),
        bindsOf(constrained),
        signal,
      )
    : []
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
