/** Makes the catalog's tables and columns of what the server tells about them (data-plane 5.1, 6.2, 6.3, 6.5). Pure. */

import {
  type Column,
  labelOf,
  pluralOf,
  type Relation,
  type SimpleType,
  type Table,
  type TableKeys,
  type TableSummary,
} from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { isSerial, measures, simpleType, typedDefault } from './declared.ts'
import type { ListedColumn, ListedKey, ListedTable } from './introspect.ts'

/** Casts of values to a column's own type, known for columns that were described here. */
const casts = new WeakMap<Column, string>()

/** The type that a text is cast to on its way into the column, without measures, so that nothing is cut; null: not known. */
export const castOf = (column: Column): string | null => casts.get(column) ?? null

export function summaryOf({ name, schema, inDefaultSchema, isView }: ListedTable): TableSummary {
  const label = labelOf(name)
  return {
    name,
    schema: inDefaultSchema ? null : schema,
    alias: null,
    label,
    plural: pluralOf(label),
    description: null,
    isView,
    native: [],
  }
}

/** All that is known of one table. */
export interface Listed {
  readonly table: ListedTable
  readonly columns: readonly ListedColumn[]
  /** Its own keys. */
  readonly keys: readonly ListedKey[]
  /** The tables of the service by their `id`. */
  readonly tables: ReadonlyMap<string, ListedTable>
}

export function describe(listed: Listed, relations: readonly Relation[], epoch: number): Table {
  const { table, columns, keys } = listed
  const primaryKey = keys.find((key) => key.kind === 'primary')?.columns ?? []
  return {
    ...summaryOf(table),
    columns: columns.map((column) => describeColumn(column, listed, primaryKey)),
    primaryKey,
    relations,
    constraints: constraints(listed),
    nameField: null,
    epoch,
  }
}

function describeColumn(column: ListedColumn, { table, keys, tables }: Listed, primaryKey: readonly string[]): Column {
  const { name, dbType, typeName } = column
  const isPrimaryKey = primaryKey.includes(name)
  const autoIncrement = column.isIdentity || isSerial(column.default)
  const own = keys.filter((key) => key.kind === 'foreign' && key.columns.includes(name) && tables.has(key.refTable))
  const reference = own.find((key) => key.columns.length === 1) ?? own[0]
  let type: SimpleType = simpleType(typeName, dbType)
  if (type === 'integer') {
    if (autoIncrement && isPrimaryKey && primaryKey.length === 1) type = 'id'
    else if (reference !== undefined) type = 'reference'
  }
  const described: Column = {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type,
    dbType,
    ...measures(typeName, dbType),
    default: typedDefault(column.default, type),
    hasDefault: column.default !== null || column.isIdentity || column.isGenerated,
    allowNull: table.isView || !column.notNull,
    supportsMultibyte: false,
    autoIncrement,
    isPrimaryKey,
    isUnique: keys.some((key) => key.kind === 'unique' && key.columns.length === 1 && key.columns[0] === name),
    isIndex: false,
    isForeignKey: reference !== undefined,
    refTable: reference === undefined ? null : (tables.get(reference.refTable)?.name ?? null),
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
  casts.set(described, column.castType)
  return described
}

const types = { primary: 'PRIMARY KEY', unique: 'UNIQUE', foreign: 'FOREIGN KEY' } as const

/** By their lower-cased names; `[]` when there are none. */
function constraints({ table, keys, tables }: Listed): Json {
  const found: { [name: string]: Json } = {}
  for (const { name, kind, columns, refTable, refColumns, onUpdate, onDelete } of keys) {
    const to = kind === 'foreign' ? tables.get(refTable) : undefined
    found[name.toLowerCase()] = {
      constraint_type: types[kind],
      constraint_schema: table.schema,
      constraint_name: name,
      table_schema: table.schema,
      table_name: table.relation,
      column_name: oneOrAll(columns),
      referenced_table_schema: to?.schema ?? null,
      referenced_table_name: to?.relation ?? null,
      referenced_column_name: to === undefined ? null : oneOrAll(refColumns),
      update_rule: to === undefined ? null : onUpdate,
      delete_rule: to === undefined ? null : onDelete,
    }
  }
  return Object.keys(found).length === 0 ? [] : found
}

const oneOrAll = (columns: readonly string[]): Json => (columns.length === 1 ? (columns[0] ?? null) : columns)

/** What relations are derived from: keys to tables that the service does not show are left out. */
export function keysOfTables(
  tables: ReadonlyMap<string, ListedTable>,
  keys: readonly ListedKey[],
): readonly TableKeys[] {
  const byTable = Map.groupBy(keys, (key) => key.table)
  return [...tables.values()]
    .filter((table) => byTable.has(table.id))
    .map(({ id, name }) => {
      const own = byTable.get(id) ?? []
      return {
        name,
        primaryKey: own.find((key) => key.kind === 'primary')?.columns ?? [],
        unique: own.filter((key) => key.kind === 'unique').map((key) => key.columns),
        foreignKeys: own.flatMap((key) => {
          const to = key.kind === 'foreign' ? tables.get(key.refTable) : undefined
          if (to === undefined) return []
          const { columns, refColumns, onUpdate, onDelete } = key
          return [{ columns, refTable: to.name, refColumns, onUpdate, onDelete }]
        }),
      }
    })
}
