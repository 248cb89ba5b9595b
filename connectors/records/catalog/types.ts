/**
 * What a source of records knows about its tables. Plain data, shared by every connector; names are the
 * source's own, `alias` is what clients see where one is set (data-plane 5, 6.2, 6.3).
 */
import type { Json } from 'dataferry/sdk'

/** The simple types of data-plane 6.5. */
export type SimpleType =
  | 'array'
  | 'bigid'
  | 'bigint'
  | 'binary'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'datetimetz'
  | 'decimal'
  | 'double'
  | 'float'
  | 'id'
  | 'integer'
  | 'json'
  | 'jsonb'
  | 'longtext'
  | 'mediumid'
  | 'mediumint'
  | 'mediumtext'
  | 'money'
  | 'object'
  | 'reference'
  | 'ref_cursor'
  | 'row'
  | 'smallid'
  | 'smallint'
  | 'string'
  | 'table'
  | 'text'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestamptz'
  | 'timestamp_on_create'
  | 'timestamp_on_update'
  | 'tinyint'
  | 'user_id'
  | 'user_id_on_create'
  | 'user_id_on_update'
  | 'uuid'
  | 'timeuuid'
  | 'year'
  | 'enum'
  | 'set'
  | 'interval'
  | 'geometry'
  | 'bit'
  | 'xml'

/** The simple types whose values are whole numbers. */
export const integerTypes: ReadonlySet<SimpleType> = new Set<SimpleType>([
  'id',
  'bigid',
  'smallid',
  'mediumid',
  'integer',
  'bigint',
  'smallint',
  'mediumint',
  'tinyint',
  'reference',
  'user_id',
  'user_id_on_create',
  'user_id_on_update',
])

/** One column, real or virtual (data-plane 6.3). */
export interface Column {
  readonly name: string
  readonly alias: string | null
  readonly label: string
  readonly description: string | null
  readonly type: SimpleType
  /** The driver's own spelling, for example `varchar(255)`. */
  readonly dbType: string
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
  readonly default: Json
  /** The database supplies a value when none is sent: a default (typed or not), an identity, a generated column. */
  readonly hasDefault: boolean
  readonly allowNull: boolean
  readonly fixedLength: boolean
  readonly supportsMultibyte: boolean
  readonly autoIncrement: boolean
  readonly isPrimaryKey: boolean
  readonly isUnique: boolean
  readonly isIndex: boolean
  readonly isForeignKey: boolean
  readonly refTable: string | null
  readonly refField: string | null
  readonly refOnUpdate: string | null
  readonly refOnDelete: string | null
  readonly picklist: readonly string[] | null
  readonly validation: { readonly [rule: string]: Json } | null
  readonly dbFunction: Json
  readonly isVirtual: boolean
  readonly isAggregate: boolean
  /** Computed by the database and never written. */
  readonly isGenerated: boolean
  readonly native: Json
  /** Holds values of any type, each compared with its own kind only; what is stored is bound as JSON text (catalog/open.ts). */
  readonly open?: true
  /** Takes times without a zone alone, in UTC: one with a zone is bound as the same moment there. */
  readonly zoneless?: true
}

export type RelationType = 'belongs_to' | 'has_one' | 'has_many' | 'many_many'

/** One relation, real or virtual (data-plane 5.1, 5.2). Field lists are pairwise: `fields[i]` meets `refFields[i]`. */
export interface Relation {
  readonly name: string
  readonly alias: string | null
  readonly label: string
  readonly description: string | null
  readonly type: RelationType
  readonly isVirtual: boolean
  readonly fields: readonly string[]
  /** null: a table of the same service. */
  readonly refServiceId: number | null
  readonly refTable: string
  readonly refFields: readonly string[]
  readonly onUpdate: string | null
  readonly onDelete: string | null
  readonly junction: {
    readonly serviceId: number | null
    readonly table: string
    readonly fields: readonly string[]
    readonly refFields: readonly string[]
  } | null
  readonly alwaysFetch: boolean
  readonly native: Json
}

/** What the list of tables holds for each (data-plane 1.5), known without describing the table. */
export interface TableSummary {
  readonly name: string
  /** The database schema, null for the connection's default one. */
  readonly schema: string | null
  readonly alias: string | null
  readonly label: string
  readonly plural: string
  readonly description: string | null
  readonly isView: boolean
  readonly native: Json
}

/** A table, described (data-plane 6.2). */
export interface Table extends TableSummary {
  readonly columns: readonly Column[]
  /** Column names in key order; empty when there is no key. */
  readonly primaryKey: readonly string[]
  readonly relations: readonly Relation[]
  /** As the contract prints them: constraint name to its description. */
  readonly constraints: Json
  readonly nameField: string | null
  /** Records have fields that are not declared: documents. Left out: none but the columns. */
  readonly open?: true
  /** The column that every write changes: writes answer it, and a record that holds it is written only while it holds. Left out: none. */
  readonly revision?: string
  /** The catalog's epoch when the table was described: part of every cache key made from it. */
  readonly epoch: number
}

/** Lazy: a single table's first request does not wait for the rest. */
export interface Catalog {
  /** Raised by every refresh. */
  readonly epoch: number
  /** Sorted naturally by lower-cased name, tables and views merged. */
  list(): Promise<readonly TableSummary[]>
  /** By alias where one is set, else by name, in any case. A cached table is answered without a promise. */
  table(name: string): Table | null | Promise<Table | null>
  /** By its real name, in any case, aliased or not: for relations and the schema resource. */
  realTable(name: string): Table | null | Promise<Table | null>
  /**
   * The same tables, which may lack the relations that others make: for reads that name none of theirs, on sources that must look at every
   * table to tell who refers to one. Left out: that is no quicker.
   */
  readonly bare?: Pick<Catalog, 'table' | 'realTable'>
  /** Forgets what is known; the next call reads the source again. */
  refresh(): void
  /** The name of the default schema, where names of constraints have it in front (data-plane 6.4). */
  defaultSchema?(): Promise<string | null>
}

/** The name that clients use. */
export const nameOf = (named: { readonly name: string; readonly alias: string | null }): string =>
  named.alias ?? named.name
