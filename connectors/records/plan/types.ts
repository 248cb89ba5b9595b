/**
 * Plans: what is to be read or written, resolved against one table and one caller's policy, and nothing else. A plan holds no value
 * (values are `binds`, named by slots), so that equal plans compile to equal programs. Only a TableView builds one.
 */
import type { Bind } from 'dataferry/sdk'
import type { Column, SimpleType, Table } from '../catalog/types.ts'
import type { PlanExpr, Predicate, RelatedValue, Slot } from '../filter/types.ts'

export type AggregateFunction = 'SUM' | 'COUNT' | 'AVG' | 'MIN' | 'MAX'

/** One value of an output row. */
export interface Projection {
  /** The key in the output. */
  readonly as: string
  readonly expr:
    | PlanExpr
    | { readonly kind: 'aggregate'; readonly name: AggregateFunction; readonly of: PlanExpr | null }
  /** How the wire value is printed (data-plane 9.1). */
  readonly type: SimpleType
  /** The column behind it, where it is one: for type details. */
  readonly column: Column | null
  /** Read to match relations, not printed. */
  readonly hidden: boolean
  /** Planning puts the function that the column is shown through in the place of `expr` (data-plane 6.6). */
  readonly through?: boolean
  /** Of an open table: what of the value is left out, as paths from the record's top. */
  readonly without?: readonly string[]
  /** Numbers that JSON has no word for are printed as a list of their name, `["NaN"]`, and not as null: for the engine's own use. */
  readonly lossless?: true
}

export interface OrderTerm {
  readonly expr: PlanExpr | RelatedValue | { readonly kind: 'output'; readonly index: number }
  readonly descending: boolean
  readonly nulls: 'first' | 'last' | null
}

/** What the body looks like. */
export type ResultShape =
  /** `{"resource":[...]}` (under the request's wrapper), with `meta` when it has members (data-plane 3.4). `over`: counted, shown only when the count exceeds the limit. */
  | { readonly kind: 'list'; readonly count: 'no' | 'also' | 'over'; readonly schema: Slot | null }
  /** The bare object of the first row; none: 404 with the text in the slot. */
  | { readonly kind: 'record'; readonly missing: Slot }
  /** A bare integer: rows before limit and grouping. */
  | { readonly kind: 'count' }
  /** A bare array of rows: for the engine's own reads. */
  | { readonly kind: 'rows' }

export interface ReadPlan {
  readonly from: Table
  /** In output order. */
  readonly columns: readonly Projection[]
  readonly where: Predicate | null
  readonly group: readonly PlanExpr[] | null
  /** Which groups; its columns may be aggregates (`aggregatedBy`). Left out: all. */
  readonly having?: Predicate
  /** Rows that are equal in all columns come once. */
  readonly distinct?: boolean
  /** The rows are kept from other writers until the session ends. */
  readonly lock?: boolean
  readonly order: readonly OrderTerm[]
  /** Behind the record of this key, in the source's own order: only of stores that have one (`natural`). Left out: from the beginning. */
  readonly after?: readonly Slot[]
  /** null: no limit. */
  readonly limit: Slot | null
  readonly offset: Slot | null
  readonly related: readonly RelatedRead[]
  readonly result: ResultShape
}

/** A relation of the same source, read by one statement for each window of parents. Keys pair parent columns with child columns. */
export interface RelatedRead {
  /** The key in the parent's output. */
  readonly name: string
  /** What a parent without children shows: `null` (belongs_to), `[]` (has_many, many_many, and has_one, data-plane 5.3). */
  readonly shape: 'object-or-null' | 'object-or-list' | 'list'
  readonly on: readonly KeyPair[]
  readonly via: Junction | null
  /** Most children of one parent, those that are skipped counted. */
  readonly perParent: Slot
  /** How many children of each parent are skipped; null: none. */
  readonly skip: Slot | null
  /** `result` is `rows`, `limit` and `offset` are null. Its slots index the whole plan's binds. */
  readonly plan: ReadPlan
}
export interface KeyPair {
  /** Index into the parent plan's `columns`. */
  readonly parent: number
  readonly child: Column
}
/** many_many: `on` meets the junction's `near` columns; `far` meets the child's. */
export interface Junction {
  readonly table: Table
  readonly near: readonly Column[]
  readonly far: readonly { readonly junction: Column; readonly child: Column }[]
  /** What the caller may see of the junction. */
  readonly where: Predicate | null
}

/** One assignment of a write; a slot indexes the binds of each execution. */
export interface Assignment {
  readonly column: Column
  readonly expr: PlanExpr
}
/** One uniform statement, executed once for each row of binds. Nesting and batch modes are above it. */
export interface WritePlan {
  readonly kind: 'insert' | 'update' | 'upsert' | 'delete'
  readonly into: Table
  readonly set: readonly Assignment[]
  /** update: nothing of the record stays but its key and what is set; of open tables only. */
  readonly replaces?: true
  /** update, delete: which rows. */
  readonly where: Predicate | null
  /** upsert: the key whose conflict makes it an update; `where` says which rows it may update. */
  readonly key: readonly Column[]
  /** upsert: what an update overwrites; left out: all that is set but the key. */
  readonly overwrite?: readonly Column[]
  /** What each written row answers; empty: nothing is read back. */
  readonly returning: readonly Projection[]
}

/** `shape` names no value and no caller: with the table's epoch, the key of the cache of compiled programs. */
export interface Planned<P> {
  readonly plan: P
  readonly shape: string
  readonly binds: readonly Bind[]
  /** The same plan object comes again with other binds: what is compiled from it may be kept beside it. */
  readonly kept?: boolean
}
