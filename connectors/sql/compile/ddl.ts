/** Changes of structure as DDL (data-plane 6.4, 6.5): identifiers quoted, defaults as literals, names of constraints as DreamFactory gives them. */
import type { ColumnDefinition, ForeignKeyDefinition, SchemaPlan } from 'dataferry/records'
import { BadRequest } from 'dataferry/sdk'
import type { SqlCompiler } from './compiler.ts'

/** Throws BadRequest for a name or default that can't be written. */
export function compileSchema(sql: SqlCompiler, plan: SchemaPlan): readonly string[] {
  switch (plan.kind) {
    case 'create-table':
      return [
        createTable(sql, plan),
        ...(plan.indexes ?? []).map((columns) => createIndex(sql, plan.name, columns, false)),
      ]
    case 'add-column':
      return [`alter table ${name(sql, plan.table)} add column ${columnText(sql, plan.column)}`]
    case 'create-index':
      return [createIndex(sql, plan.table, plan.columns, plan.unique)]
    case 'drop-table':
      return [`drop table ${name(sql, plan.name)}`]
  }
}

function createTable(sql: SqlCompiler, plan: Extract<SchemaPlan, { kind: 'create-table' }>): string {
  const parts = plan.columns.map((column) => columnText(sql, column))
  const hasKey = plan.columns.some((column) => isKeyType(column.type))
  const key = plan.primaryKey ?? []
  if (!hasKey && key.length > 0) parts.push(`primary key (${names(sql, key)})`)
  for (const columns of plan.unique ?? []) {
    parts.push(`constraint ${constraintName(sql, 'undx', plan.name, columns)} unique (${names(sql, columns)})`)
  }
  for (const foreign of plan.foreignKeys ?? []) parts.push(foreignKeyText(sql, plan.name, foreign))
  return `create table ${name(sql, plan.name)} (${parts.join(', ')})`
}

function createIndex(sql: SqlCompiler, table: string, columns: readonly string[], unique: boolean): string {
  const index = constraintName(sql, unique ? 'undx' : 'ndx', table, columns)
  return `create ${unique ? 'unique ' : ''}index ${index} on ${name(sql, table)} (${names(sql, columns)})`
}

function foreignKeyText(sql: SqlCompiler, table: string, foreign: ForeignKeyDefinition): string {
  let text = `constraint ${constraintName(sql, 'fk', table, foreign.columns)} foreign key (${names(sql, foreign.columns)})`
  text += ` references ${name(sql, foreign.refTable)} (${names(sql, foreign.refColumns)})`
  if (foreign.onDelete !== undefined) text += ` on delete ${foreign.onDelete.toLowerCase()}`
  if (foreign.onUpdate !== undefined) text += ` on update ${foreign.onUpdate.toLowerCase()}`
  return text
}

const isKeyType = (type: ColumnDefinition['type']): type is 'id' | 'bigid' => type === 'id' || type === 'bigid'

function columnText(sql: SqlCompiler, column: ColumnDefinition): string {
  if (isKeyType(column.type)) return `${name(sql, column.name)} ${sql.keyType(column.type)}`
  const nullable = column.allowNull === true ? '' : ' not null'
  return `${name(sql, column.name)} ${sql.columnType(column)}${nullable}${defaultText(sql, column)}`
}

function defaultText(sql: SqlCompiler, column: ColumnDefinition): string {
  const value = column.default
  const stamped = column.type === 'timestamp_on_create' || column.type === 'timestamp_on_update'
  if (value === undefined) return stamped ? ' default current_timestamp' : ''
  if (typeof value === 'object') return ' default current_timestamp'
  if (typeof value === 'boolean') return ` default ${sql.booleanLiteral(value)}`
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new BadRequest(`The default of field '${column.name}' must be a finite number.`)
    if (column.type === 'boolean') return ` default ${sql.booleanLiteral(value !== 0)}`
    return ` default ${value}`
  }
  if (value.includes('\0')) throw new BadRequest(`The default of field '${column.name}' can not hold a zero character.`)
  return ` default ${sql.stringLiteral(value)}`
}

function name(sql: SqlCompiler, text: string): string {
  if (text === '' || text.includes('\0'))
    throw new BadRequest('Names of tables and fields can not be empty or hold a zero character.')
  return sql.identifier(text)
}

const names = (sql: SqlCompiler, list: readonly string[]): string => list.map((each) => name(sql, each)).join(', ')

/** `undx_{table}_{columns}` and its like, cut to the database's limit (data-plane 6.4). */
const constraintName = (sql: SqlCompiler, prefix: string, table: string, columns: readonly string[]): string =>
  name(sql, `${prefix}_${table}_${columns.join('_')}`.slice(0, sql.nameLimit))
