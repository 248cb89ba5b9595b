/** What this connector keeps beside the shared types: it describes its tables with these, and its compiler finds them again in plans. */
import type { Column, Table } from 'dataferry/records'
import type { WriteProgram } from 'dataferry/sql'

/** [C] */
export interface MysqlColumn extends Column {
  /** Of text columns: texts of another collation are compared by it. null: no text. */
  readonly collation: string | null
}

/** [C] */
export interface MysqlTable extends Table {
  /** `MyISAM` and its like can't undo a statement that failed half-way. */
  readonly transactional: boolean
}

export const collationOf = (column: Column): string | null =>
  'collation' in column ? (column as MysqlColumn).collation : null
export const isTransactional = (table: Table): boolean =>
  !('transactional' in table) || (table as MysqlTable).transactional

/** How the server's names in errors are called by clients. [C] */
export interface ErrorNames {
  /** Fields by the lower-case name of a unique key. */
  readonly unique: { readonly [key: string]: readonly string[] }
  /** Fields by the name of their column, where they differ. */
  readonly fields: { readonly [column: string]: string }
}
export const noNames: ErrorNames = { unique: {}, fields: {} }

/** Where a column of an inserted row's answer comes from. [C] */
export type InsertAnswer =
  | { readonly kind: 'generated' }
  | {
      readonly kind: 'given'
      readonly slot: number /** null and 0 are replaced by a generated value. */
      readonly generates: boolean
    }
  | { readonly kind: 'unknown' }

/** [C] */
export interface MysqlWriteProgram extends WriteProgram {
  readonly names: ErrorNames
  readonly upsert: boolean
  /** A plain insert: its text is `head` and `tuple`, and more tuples may follow. */
  readonly insert: {
    readonly head: string
    readonly tuple: string
    readonly answers: readonly InsertAnswer[]
    /** Many rows can go in one statement. */
    readonly many: boolean
  } | null
}

export const isMysqlWrite = (program: WriteProgram): program is MysqlWriteProgram => 'names' in program
