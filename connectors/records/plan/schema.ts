/**
 * Changes of structure, in the simple types of data-plane 6.5: for the schema resource, the system store's migrations and the sample.
 * The dialect turns one into DDL; identifiers are quoted by it, defaults are literals or one of a few expressions.
 */
import type { Column, SimpleType, Table } from '../catalog/types.ts'

/** What the database computes as a default. */
export type DefaultExpression = 'now' | 'current_date' | 'current_time' | 'uuid'
export type DefaultValue = string | number | bigint | boolean | { readonly expression: DefaultExpression }

export interface ColumnDefinition {
  readonly name: string
  readonly type: SimpleType
  /** The database's own words for the type, `varchar(20)`, instead of `type`: the dialect knows which it has. */
  readonly native?: string
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
  /** Of a string: `char` instead of `varchar`. */
  readonly fixedLength?: boolean
  /** Of a string: a national character type, where the database has one. */
  readonly supportsMultibyte?: boolean
  /** Of a text: told apart byte by byte, also where the database would not tell `a` from `A`. Left out: as the database does. */
  readonly exact?: boolean
  /** false where left out, as on the wire (data-plane 6.4). */
  readonly allowNull?: boolean
  readonly default?: DefaultValue
}
export interface ForeignKeyDefinition {
  readonly columns: readonly string[]
  readonly refTable: TableName
  readonly refColumns: readonly string[]
  readonly onDelete?: ReferenceRule
  readonly onUpdate?: ReferenceRule
}
export type ReferenceRule = 'CASCADE' | 'SET NULL' | 'SET DEFAULT' | 'RESTRICT' | 'NO ACTION'

/** A name alone is one of the connection's default schema. */
export type TableName = string | Pick<Table, 'name' | 'schema'>

/** What of a column is to be changed; the rest stays as it is. */
export interface ColumnParts {
  readonly type: boolean
  readonly allowNull: boolean
  readonly default: boolean
}

/** `schema`: that whose name stands in the names of constraints and indexes (data-plane 6.4); left out: none. */
export type SchemaPlan =
  | {
      readonly kind: 'create-table'
      readonly name: string
      /** Where it is made, when that is not the default schema; `name` is without it. */
      readonly inSchema?: string
      readonly schema?: string
      /** A column of type `id` is the key by itself, and its numbers are never used twice. */
      readonly columns: readonly ColumnDefinition[]
      readonly primaryKey?: readonly string[]
      readonly unique?: readonly (readonly string[])[]
      readonly indexes?: readonly (readonly string[])[]
      readonly foreignKeys?: readonly ForeignKeyDefinition[]
      /** The database's own words behind the definition, such as `engine=innodb`: the dialect knows which it takes. */
      readonly options?: string
    }
  | { readonly kind: 'add-column'; readonly table: TableName; readonly column: ColumnDefinition }
  | {
      readonly kind: 'alter-column'
      readonly table: TableName
      /** As it is to be. Where the default stays, it is not looked at. */
      readonly column: ColumnDefinition
      readonly was: Column
      readonly parts: ColumnParts
    }
  | {
      readonly kind: 'drop-column'
      readonly table: TableName
      readonly column: string
      /** Foreign keys over the column, by the names of the catalog: some databases drop them first. */
      readonly foreignKeys: readonly string[]
    }
  | {
      readonly kind: 'create-index'
      readonly table: TableName
      readonly schema?: string
      readonly columns: readonly string[]
      readonly unique: boolean
      /** One of its name that is there already does. */
      readonly ifMissing?: boolean
    }
  | {
      readonly kind: 'add-unique'
      readonly table: TableName
      readonly schema?: string
      readonly columns: readonly string[]
    }
  | {
      readonly kind: 'add-foreign-key'
      readonly table: TableName
      readonly schema?: string
      readonly foreignKey: ForeignKeyDefinition
    }
  | {
      /** A unique constraint over this column alone. */
      readonly kind: 'drop-unique'
      readonly table: TableName
      readonly column: string
      /** Its names in the catalog, where it has any. */
      readonly names: readonly string[]
    }
  | {
      /** The index of this column alone; where the catalog tells of none, that which `create-index` made of it. */
      readonly kind: 'drop-index'
      readonly table: TableName
      readonly schema?: string
      readonly column: string
    }
  | {
      readonly kind: 'drop-foreign-key'
      readonly table: TableName
      readonly column: string
      readonly names: readonly string[]
    }
  | { readonly kind: 'drop-table'; readonly name: TableName }
