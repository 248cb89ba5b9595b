/**
 * Changes of structure, in the simple types of data-plane 6.5: for the schema resource, the system store's migrations and the sample.
 * The dialect turns one into DDL; identifiers are quoted by it, defaults are literals.
 */
import type { SimpleType } from '../catalog/types.ts'

export interface ColumnDefinition {
  readonly name: string
  readonly type: SimpleType
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
  /** false where left out, as on the wire (data-plane 6.4). */
  readonly allowNull?: boolean
  readonly default?: string | number | boolean | { readonly expression: 'now' }
}
export interface ForeignKeyDefinition {
  readonly columns: readonly string[]
  readonly refTable: string
  readonly refColumns: readonly string[]
  readonly onDelete?: 'CASCADE' | 'SET NULL' | 'RESTRICT' | 'NO ACTION'
  readonly onUpdate?: 'CASCADE' | 'SET NULL' | 'RESTRICT' | 'NO ACTION'
}
export type SchemaPlan =
  | {
      readonly kind: 'create-table'
      readonly name: string
      /** A column of type `id` is the key by itself, and its numbers are never used twice. */
      readonly columns: readonly ColumnDefinition[]
      readonly primaryKey?: readonly string[]
      readonly unique?: readonly (readonly string[])[]
      readonly indexes?: readonly (readonly string[])[]
      readonly foreignKeys?: readonly ForeignKeyDefinition[]
    }
  | { readonly kind: 'add-column'; readonly table: string; readonly column: ColumnDefinition }
  | {
      readonly kind: 'create-index'
      readonly table: string
      readonly columns: readonly string[]
      readonly unique: boolean
    }
  | { readonly kind: 'drop-table'; readonly name: string }
