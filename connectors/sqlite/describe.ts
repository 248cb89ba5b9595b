/** Makes the catalog's tables and columns of what SQLite tells about them (data-plane 5.1, 6.2, 6.3, 6.5). Pure. */

import {
  type Column,
  type ForeignKey,
  labelOf,
  type Relation,
  type SimpleType,
  type Table,
  type TableSummary,
} from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { declaredType, suppliesValue, typedDefault } from './declared.ts'
import type { ListedColumn, ListedIndex, ListedTable } from './introspect.ts'

/** All that is known of one table. */
export interface Listed {
  readonly table: ListedTable
  readonly columns: readonly ListedColumn[]
  readonly indexes: readonly ListedIndex[]
  readonly foreignKeys: readonly ForeignKey[]
}

export function describe(summary: TableSummary, listed: Listed, relations: readonly Relation[], epoch: number): Table {
  const { table, columns, indexes, foreignKeys: foreign } = listed
  const primaryKey = columns
    .filter((column) => column.keyPosition > 0)
    .sort((a, b) => a.keyPosition - b.keyPosition)
    .map((column) => column.name)
  const alias = rowidAlias(listed)
  const unique = new Set(indexes.filter((index) => isUnique(index)).map((index) => index.columns[0]))
  return {
    ...summary,
    columns: columns.map((column) => describeColumn(column, { isView: table.isView, alias, unique, foreign })),
    primaryKey,
    relations,
    constraints: constraints(table.name, indexes, foreign),
    nameField: null,
    epoch,
  }
}

/** A unique constraint over one column that is not the key (data-plane 6.3). */
const isUnique = ({ unique, origin, partial, columns }: ListedIndex): boolean =>
  unique && origin !== 'pk' && !partial && columns.length === 1 && columns[0] !== null

/**
 * The column that is another name of SQLite's own row number, which the database fills in. The words must be exactly INTEGER PRIMARY
 * KEY: with any others (INT, DESC, WITHOUT ROWID) the key has an index of its own.
 */
function rowidAlias({ table, columns, indexes }: Listed): string | null {
  const key = columns.filter((column) => column.keyPosition > 0)
  const only = key.length === 1 ? key[0] : undefined
  if (only === undefined || table.withoutRowid || only.declared.toLowerCase() !== 'integer') return null
  return indexes.some((index) => index.origin === 'pk') ? null : only.name
}

interface ColumnFacts {
  readonly isView: boolean
  readonly alias: string | null
  readonly unique: ReadonlySet<string | null | undefined>
  readonly foreign: readonly ForeignKey[]
}

const wholeNumbers: ReadonlySet<SimpleType> = new Set<SimpleType>(['integer', 'bigint'])

function describeColumn(column: ListedColumn, { isView, alias, unique, foreign }: ColumnFacts): Column {
  const { name } = column
  const declared = declaredType(column.declared)
  const isAlias = name === alias
  const own = foreign.filter((key) => key.columns.includes(name))
  const reference = own.find((key) => key.columns.length === 1) ?? own[0]
  let { type } = declared
  if (isAlias) type = 'id'
  else if (reference !== undefined && wholeNumbers.has(type)) type = 'reference'
  const isPrimaryKey = column.keyPosition > 0
  return {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type,
    dbType: column.declared,
    length: declared.length,
    precision: declared.precision,
    scale: declared.scale,
    default: typedDefault(column.default, type),
    hasDefault: isAlias || column.isGenerated || suppliesValue(column.default),
    allowNull: isView || !(column.notNull || isPrimaryKey),
    fixedLength: declared.fixedLength,
    supportsMultibyte: false,
    autoIncrement: isAlias,
    isPrimaryKey,
    isUnique: unique.has(name),
    isIndex: false,
    isForeignKey: reference !== undefined,
    refTable: reference?.refTable ?? null,
    refField: reference?.refColumns.join(',') ?? null,
    refOnUpdate: null,
    refOnDelete: null,
    picklist: null,
    validation: null,
    dbFunction: null,
    isVirtual: false,
    isAggregate: false,
    isGenerated: column.isGenerated,
    native: [],
  }
}

/** The SQLite form of data-plane 6.2: indexes with a list of columns, then foreign keys; `[]` when there are none. */
function constraints(table: string, indexes: readonly ListedIndex[], foreign: readonly ForeignKey[]): Json {
  const found: { [name: string]: Json } = {}
  for (const { name, origin, columns } of indexes) {
    found[name] = {
      table_schema: '',
      table_name: table,
      column_name: columns.filter((column) => column !== null),
      constraint_name: name,
      constraint_type: origin,
    }
  }
  for (const { columns, refTable, refColumns, onUpdate, onDelete } of foreign) {
    const name = `fk_${table}_${columns.join('_')}`
    const single = columns.length === 1
    found[name] = {
      table_schema: '',
      table_name: table,
      column_name: single ? (columns[0] ?? '') : columns,
      constraint_name: name,
      constraint_type: 'f',
      referenced_table_schema: '',
      referenced_table_name: refTable,
      referenced_column_name: single ? (refColumns[0] ?? '') : refColumns,
      update_rule: onUpdate,
      delete_rule: onDelete,
    }
  }
  return Object.keys(found).length === 0 ? [] : found
}
