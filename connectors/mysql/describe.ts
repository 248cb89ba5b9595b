/** Makes the catalog's tables and columns of what the server tells about them (data-plane 5.1, 6.2, 6.3, 6.5). Pure. */

import { labelOf, type Relation, type SimpleType, type TableSummary } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { type DefaultFacts, declaredType, isMultibyte, stampType, suppliesValue, typedDefault } from './declared.ts'
import type { ListedColumn, ListedForeignKey, ListedIndex, ListedTable } from './introspect.ts'
import type { MysqlColumn, MysqlTable } from './names.ts'

/** All that is known of one table. */
export interface Listed {
  readonly table: ListedTable
  readonly columns: readonly ListedColumn[]
  readonly indexes: readonly ListedIndex[]
  /** Its own, with the names under which their tables are served. */
  readonly foreignKeys: readonly (ListedForeignKey & { readonly refName: string })[]
  /** Defaults are SQL. */
  readonly quotedDefaults: boolean
  /** Sessions run in UTC. */
  readonly utc: boolean
}

const primary = 'PRIMARY'

export function describe(
  summary: TableSummary,
  listed: Listed,
  relations: readonly Relation[],
  epoch: number,
): MysqlTable {
  const { table, columns, indexes, foreignKeys } = listed
  const primaryKey = (indexes.find((index) => index.name === primary)?.columns ?? []).filter((name) => name !== null)
  return {
    ...summary,
    columns: columns.map((column) => describeColumn(column, listed, primaryKey)),
    primaryKey,
    relations,
    constraints: constraints(table, indexes, foreignKeys),
    nameField: null,
    epoch,
    transactional:
      table.engine === null || !/^(?:myisam|aria|memory|csv|archive|merge|mrg_myisam)$/i.test(table.engine),
  }
}

const wholeNumbers: ReadonlySet<SimpleType> = new Set<SimpleType>(['integer', 'bigint'])

function describeColumn(
  column: ListedColumn,
  { indexes, foreignKeys, quotedDefaults, utc }: Listed,
  primaryKey: readonly string[],
): MysqlColumn {
  const { name, columnType, extra } = column
  const declared = declaredType(columnType)
  const facts: DefaultFacts = { text: column.default, extra, quoted: quotedDefaults }
  const autoIncrement = /\bauto_increment\b/i.test(extra)
  const isGenerated = /\b(?:virtual|stored|persistent) generated\b/i.test(extra)
  const own = foreignKeys.filter((key) => key.columns.includes(name))
  const reference = own.find((key) => key.columns.length === 1) ?? own[0]
  const isPrimaryKey = primaryKey.includes(name)
  const type = typeOf(declared.type, {
    isId: isPrimaryKey && primaryKey.length === 1 && autoIncrement,
    isForeignKey: reference !== undefined,
    stamp: stampType(facts),
  })
  const others = indexes.filter((index) => index.name !== primary)
  return {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type,
    dbType: columnType,
    length: declared.length,
    precision: declared.precision,
    scale: declared.scale,
    default: isGenerated ? null : typedDefault(facts, type),
    hasDefault: autoIncrement || isGenerated || suppliesValue(facts),
    allowNull: column.nullable,
    fixedLength: declared.fixedLength,
    supportsMultibyte: isMultibyte(column.characterSet),
    autoIncrement,
    isPrimaryKey,
    isUnique: others.some((index) => index.unique && index.columns.length === 1 && index.columns[0] === name),
    isIndex: !isPrimaryKey && others.some((index) => !index.unique && index.columns[0] === name),
    isForeignKey: reference !== undefined,
    refTable: reference?.refName ?? null,
    refField: reference?.refColumns.join(',') ?? null,
    refOnUpdate: null,
    refOnDelete: null,
    picklist: null,
    validation: null,
    dbFunction: null,
    isVirtual: false,
    isAggregate: false,
    isGenerated,
    ...(utc && /^(?:datetime|timestamp)\b/i.test(columnType) ? ({ zoneless: true } as const) : {}),
    native: [],
    collation: column.collation,
  }
}

interface TypeFacts {
  readonly isId: boolean
  readonly isForeignKey: boolean
  readonly stamp: 'timestamp_on_create' | 'timestamp_on_update' | null
}

function typeOf(type: SimpleType, { isId, isForeignKey, stamp }: TypeFacts): SimpleType {
  if (wholeNumbers.has(type)) return isForeignKey ? 'reference' : isId ? 'id' : type
  return type === 'timestamp' && stamp !== null ? stamp : type
}

/** The map of data-plane 6.2: keys are lower-case names, several columns are lists; `[]` when there are none. */
function constraints(
  { schema, name: table }: ListedTable,
  indexes: readonly ListedIndex[],
  foreignKeys: Listed['foreignKeys'],
): Json {
  const found: { [name: string]: Json } = {}
  const oneOrAll = (list: readonly string[]): Json => (list.length === 1 ? (list[0] ?? '') : list)
  for (const { name, unique, columns } of indexes) {
    const named = columns.filter((column) => column !== null)
    if (!unique || named.length !== columns.length) continue
    found[name.toLowerCase()] = {
      constraint_type: name === primary ? 'PRIMARY KEY' : 'UNIQUE',
      constraint_schema: schema,
      constraint_name: name,
      table_schema: schema,
      table_name: table,
      column_name: oneOrAll(named),
      referenced_table_schema: null,
      referenced_table_name: null,
      referenced_column_name: null,
      update_rule: null,
      delete_rule: null,
    }
  }
  for (const key of foreignKeys) {
    found[key.name.toLowerCase()] = {
      constraint_type: 'FOREIGN KEY',
      constraint_schema: schema,
      constraint_name: key.name,
      table_schema: schema,
      table_name: table,
      column_name: oneOrAll(key.columns),
      referenced_table_schema: key.refSchema,
      referenced_table_name: key.refTable,
      referenced_column_name: oneOrAll(key.refColumns),
      update_rule: key.onUpdate,
      delete_rule: key.onDelete,
    }
  }
  return Object.keys(found).length === 0 ? [] : found
}
