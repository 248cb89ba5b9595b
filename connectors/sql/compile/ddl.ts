/** Changes of structure as DDL (data-plane 6.4, 6.5): identifiers quoted, defaults as literals, names of constraints as DreamFactory gives them. */
import type { ColumnDefinition, ForeignKeyDefinition, SchemaPlan, TableName } from 'dataferry/records'
import { BadRequest } from 'dataferry/sdk'
import type { SqlCompiler } from './compiler.ts'

/** Throws BadRequest for a name, a type or a default that can't be written. */
export function compileSchema(sql: SqlCompiler, plan: SchemaPlan): readonly string[] {
  switch (plan.kind) {
    case 'create-table':
      return [createTable(sql, plan), ...(plan.indexes ?? []).map((columns) => indexOfTable(sql, plan, columns))]
    case 'add-column':
      return [`alter table ${tableText(sql, plan.table)} add column ${columnText(sql, plan.column)}`]
    case 'alter-column':
      return sql.alterColumn(plan)
    case 'drop-column':
      return sql.dropColumn(plan)
    case 'create-index':
      return [createIndex(sql, plan.table, plan.schema, plan.columns, plan.unique, plan.ifMissing)]
    case 'add-unique':
      return [`alter table ${tableText(sql, plan.table)} add ${uniqueText(sql, plan.table, plan.schema, plan.columns)}`]
    case 'add-foreign-key':
      return [
        `alter table ${tableText(sql, plan.table)} add ${foreignKeyText(sql, plan.table, plan.schema, plan.foreignKey)}`,
      ]
    case 'drop-unique':
      return plan.names.map((each) => `alter table ${tableText(sql, plan.table)} ${sql.dropUnique(each)}`)
    case 'drop-index':
      return [dropIndex(sql, plan.table, plan.schema, plan.column)]
    case 'drop-foreign-key':
      return plan.names.map((each) => `alter table ${tableText(sql, plan.table)} ${sql.dropForeignKey(each)}`)
    case 'drop-table':
      return [`drop table ${tableText(sql, plan.name)}`]
  }
}

type CreateTable = Extract<SchemaPlan, { kind: 'create-table' }>

const tableOf = ({ name, inSchema }: CreateTable): TableName =>
  inSchema === undefined ? name : { name, schema: inSchema }

function createTable(sql: SqlCompiler, plan: CreateTable): string {
  const table = tableOf(plan)
  const parts = plan.columns.map((column) => columnText(sql, column))
  const hasKey = plan.columns.some((column) => isKeyType(column.type))
  const key = plan.primaryKey ?? []
  if (!hasKey && key.length > 0) parts.push(`primary key (${names(sql, key)})`)
  for (const columns of plan.unique ?? []) parts.push(uniqueText(sql, table, plan.schema, columns))
  for (const foreign of plan.foreignKeys ?? []) parts.push(foreignKeyText(sql, table, plan.schema, foreign))
  const options = plan.options === undefined ? '' : ` ${optionsText(sql, plan.options)}`
  return `create table ${tableText(sql, table)} (${parts.join(', ')})${options}`
}

/** What stands behind a definition, as far as it is known to be nothing else. Throws BadRequest. */
function optionsText(sql: SqlCompiler, written: string): string {
  const text = written.trim().replace(/\s+/g, ' ')
  if (!sql.tableOptions.test(text))
    throw new BadRequest(`The options '${text.slice(0, 100)}' are not some of a table of this database.`)
  return text
}

const indexOfTable = (sql: SqlCompiler, plan: CreateTable, columns: readonly string[]): string =>
  createIndex(sql, tableOf(plan), plan.schema, columns, false)

export function createIndex(
  sql: SqlCompiler,
  table: TableName,
  schema: string | undefined,
  columns: readonly string[],
  unique: boolean,
  ifMissing = false,
): string {
  const index = constraintName(sql, unique ? 'undx' : 'ndx', table, schema, columns)
  const missing = ifMissing ? sql.ifNotExists : ''
  return `create ${unique ? 'unique ' : ''}index${missing} ${index} on ${tableText(sql, table)} (${names(sql, columns)})`
}

/** The index goes by the name that `createIndex` gives it, and may be gone. */
function dropIndex(sql: SqlCompiler, table: TableName, schema: string | undefined, column: string): string {
  const index = constraintName(sql, 'ndx', table, schema, [column])
  const where = typeof table === 'string' || table.schema === null ? '' : `${sql.identifier(table.schema)}.`
  return `drop index if exists ${where}${index}`
}

function uniqueText(
  sql: SqlCompiler,
  table: TableName,
  schema: string | undefined,
  columns: readonly string[],
): string {
  return `constraint ${constraintName(sql, 'undx', table, schema, columns)} unique (${names(sql, columns)})`
}

export function foreignKeyText(
  sql: SqlCompiler,
  table: TableName,
  schema: string | undefined,
  foreign: ForeignKeyDefinition,
): string {
  const constraint = constraintName(sql, 'fk', table, schema, foreign.columns)
  let text = `constraint ${constraint} foreign key (${names(sql, foreign.columns)})`
  text += ` references ${tableText(sql, foreign.refTable)} (${names(sql, foreign.refColumns)})`
  if (foreign.onDelete !== undefined) text += ` on delete ${foreign.onDelete.toLowerCase()}`
  if (foreign.onUpdate !== undefined) text += ` on update ${foreign.onUpdate.toLowerCase()}`
  return text
}

export type KeyType = 'id' | 'bigid' | 'mediumid' | 'smallid'
const keyTypes: ReadonlySet<string> = new Set<KeyType>(['id', 'bigid', 'mediumid', 'smallid'])
const isKeyType = (type: ColumnDefinition['type']): type is KeyType => keyTypes.has(type)

/** A column's name with its whole definition. */
export function columnText(sql: SqlCompiler, column: ColumnDefinition): string {
  const quoted = name(sql, column.name)
  if (column.native === undefined && isKeyType(column.type)) return `${quoted} ${sql.keyType(column.type)}`
  return `${quoted} ${typeText(sql, column)}${column.allowNull === true ? '' : ' not null'}${defaultText(sql, column)}`
}

/** The type alone. */
export const typeText = (sql: SqlCompiler, column: ColumnDefinition): string =>
  column.native === undefined ? sql.columnType(column) : nativeText(sql, column.name, column.native)

const nativeShape =
  /^([a-z_][a-z0-9_]*(?: [a-z_][a-z0-9_]*)*?)(?: ?(\( ?\d{1,6} ?(?:, ?-?\d{1,6} ?)?\)))?(?: ([a-z][a-z ]*))?((?:\[\])*)$/

/** `enum('a','b')`: quotes inside are doubled. */
const memberShape = /^(enum|set)\s*\((\s*'(?:[^']|'')*'\s*(?:,\s*'(?:[^']|'')*'\s*)*)\)$/is
const member = /'((?:[^']|'')*)'/gs

/** The database's own words, as far as they are a type with numbers in parentheses. Throws BadRequest. */
function nativeText(sql: SqlCompiler, field: string, written: string): string {
  const [, list, members] = memberShape.exec(written.trim()) ?? []
  if (list !== undefined && members !== undefined && sql.hasMembers(list.toLowerCase())) {
    const texts = [...members.matchAll(member)].map(([, text = '']) => sql.stringLiteral(text.replaceAll("''", "'")))
    return `${list.toLowerCase()}(${texts.join(',')})`
  }
  const text = written.trim().toLowerCase().replace(/\s+/g, ' ')
  const [, before = '', measures = '', after = '', array = ''] = nativeShape.exec(text) ?? []
  const word = `${before} ${after}`.replace(/ +/g, ' ').trim()
  if (word === '' || !sql.hasType(word)) {
    throw new BadRequest(`Field '${field}': the type '${written.slice(0, 100)}' is not one of this database.`)
  }
  return `${before.trim()}${measures.replaceAll(' ', '')}${after === '' ? '' : ` ${after.trim()}`}${array}`
}

/** ` default ...`, or nothing. */
export function defaultText(sql: SqlCompiler, column: ColumnDefinition): string {
  const value = defaultValue(sql, column)
  return value === null ? '' : ` default ${value}`
}

/** null: none. */
export function defaultValue(sql: SqlCompiler, column: ColumnDefinition): string | null {
  const value = column.default
  const stamped = column.type === 'timestamp_on_create' || column.type === 'timestamp_on_update'
  if (value === undefined) return stamped ? sql.defaultExpression('now', column) : null
  if (typeof value === 'object') return sql.defaultExpression(value.expression, column)
  if (typeof value === 'boolean') return sql.booleanLiteral(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new BadRequest(`The default of field '${column.name}' must be a finite number.`)
    if (column.type === 'boolean') return sql.booleanLiteral(value !== 0)
    return String(value)
  }
  if (typeof value === 'bigint') return String(value)
  if (value.includes('\0')) throw new BadRequest(`The default of field '${column.name}' can not hold a zero character.`)
  return sql.stringLiteral(value)
}

/** Throws BadRequest for a name that the database can't have. */
export function name(sql: SqlCompiler, text: string): string {
  if (text === '' || text.includes('\0'))
    throw new BadRequest('Names of tables and fields can not be empty or hold a zero character.')
  if (!sql.fits(text)) throw new BadRequest(`The name '${text.slice(0, 40)}...' is too long for this database.`)
  return sql.identifier(text)
}

/** A table's name, checked, by its schema where it has one of its own. */
export function tableText(sql: SqlCompiler, table: TableName): string {
  name(sql, bareName(table))
  return typeof table === 'string' ? sql.identifier(table) : sql.table(table)
}

/** Without the schema in front. */
function bareName(table: TableName): string {
  if (typeof table === 'string') return table
  const prefix = `${table.schema ?? ''}.`
  return table.schema !== null && table.name.startsWith(prefix) ? table.name.slice(prefix.length) : table.name
}

const names = (sql: SqlCompiler, list: readonly string[]): string => list.map((each) => name(sql, each)).join(', ')

/** `undx_{schema}_{table}_{columns}` and its like, cut to the database's limit (data-plane 6.4). */
function constraintName(
  sql: SqlCompiler,
  prefix: string,
  table: TableName,
  schema: string | undefined,
  columns: readonly string[],
): string {
  const parts = [prefix, ...(schema === undefined ? [] : [schema]), bareName(table), ...columns]
  const letters = [...parts.join('_')].slice(0, sql.nameLimit)
  while (!sql.fits(letters.join(''))) letters.pop()
  return name(sql, letters.join(''))
}
