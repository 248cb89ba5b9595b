/** Columns and keys as the steps of the system store define them. */
import type { ColumnDefinition, ForeignKeyDefinition } from 'dataferry/records'

export const id: ColumnDefinition = { name: 'id', type: 'id' }
export const text = (name: string, length: number, more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  name,
  type: 'string',
  length,
  exact: true,
  ...more,
})
export const optional = (name: string, length: number): ColumnDefinition => text(name, length, { allowNull: true })
export const longText = (name: string): ColumnDefinition => ({
  name,
  type: 'longtext',
  exact: true,
  allowNull: true,
})
export const number = (name: string, more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  name,
  type: 'integer',
  ...more,
})
export const reference = (name: string): ColumnDefinition => number(name, { allowNull: true })
export const flag = (name: string, preset: boolean): ColumnDefinition => ({ name, type: 'boolean', default: preset })

/** `2026-01-05T10:00:00.000000Z` */
export const stamp = (name: string): ColumnDefinition => text(name, 27)
export const stamps: readonly ColumnDefinition[] = [
  stamp('created_date'),
  stamp('last_modified_date'),
  reference('created_by_id'),
  reference('last_modified_by_id'),
]

export const key = (column: string, refTable: string, onDelete: 'CASCADE' | 'SET NULL'): ForeignKeyDefinition => ({
  columns: [column],
  refTable,
  refColumns: ['id'],
  onDelete,
})
