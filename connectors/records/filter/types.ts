/**
 * The two trees of the filter language. A `Filter` is what was written: names, raw operands, lookups; it needs no schema.
 * A `Predicate` is what it means against one table: columns, and slots that index the plan's binds. Values are never in a
 * Predicate, so it can be part of the key under which compiled programs are cached.
 */
import type { Bind, Json } from 'dataferry/sdk'
import type { Column, Table } from '../catalog/types.ts'

export type CompareOp = '=' | '!=' | '<' | '<=' | '>' | '>='
/** `contains`, `starts`, `ends` are LIKE with % added; the wildcards of the operand stay wildcards (data-plane 4.3). */
export type MatchOp = 'like' | 'ilike' | 'contains' | 'starts' | 'ends'
/** Functions that expressions may call (data-plane 4.7). */
export type FunctionName =
  | 'lower'
  | 'upper'
  | 'trim'
  | 'length'
  | 'abs'
  | 'round'
  | 'floor'
  | 'ceil'
  | 'coalesce'
  | 'now'
  | 'current_date'
  | 'current_time'
  | 'current_timestamp'
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%'

/** C: how a column is named; V: how a value is given. */
export type Expr<C, V> =
  | { readonly kind: 'column'; readonly column: C }
  | { readonly kind: 'value'; readonly value: V }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly args: readonly Expr<C, V>[] }
  | { readonly kind: 'arithmetic'; readonly op: ArithmeticOp; readonly left: Expr<C, V>; readonly right: Expr<C, V> }

/** L: how the list of IN is given; X: tests that only a resolved tree has. NOT forms are a `not` around the plain one. */
export type Tree<C, V, L, X = never> =
  | X
  | { readonly kind: 'and' | 'or' | 'xor'; readonly of: readonly Tree<C, V, L, X>[] }
  | { readonly kind: 'not'; readonly of: Tree<C, V, L, X> }
  | {
      readonly kind: 'compare'
      readonly op: CompareOp
      readonly left: Expr<C, V>
      readonly right: Expr<C, V>
      /** Of an open column: the value is JSON text as it was read, and every type has its place in the order. */
      readonly stored?: true
    }
  | { readonly kind: 'match'; readonly op: MatchOp; readonly left: Expr<C, V>; readonly right: Expr<C, V> }
  | { readonly kind: 'in'; readonly left: Expr<C, V>; readonly list: L }
  | { readonly kind: 'between'; readonly left: Expr<C, V>; readonly low: Expr<C, V>; readonly high: Expr<C, V> }
  | { readonly kind: 'null'; readonly left: Expr<C, V> }

/** A raw operand: the text between quotes or bare; or a named parameter, `:x`. Texts may hold `{lookups}`, replaced when resolved. */
export type Operand =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | { readonly kind: 'param'; readonly name: string }

/** A field as written, maybe with dots; compared in any case. */
export type FieldName = string
export type FilterExpr = Expr<FieldName, Operand>
/** A filter in the source's own language, as JSON text. No field that the house could look at is in it. */
export interface NativeFilter {
  readonly kind: 'native'
  readonly text: string
  readonly of: readonly never[]
}
/** As written. The kernel's contract carries it as an opaque `RoleFilter` and never reads it. */
export type Filter = Tree<FieldName, Operand, readonly Operand[], NativeFilter>

/** An index into the plan's binds. */
export type Slot = number
export type PlanExpr = Expr<Column, Slot>
/** Resolved. The list of `in` is one slot, whose bind is an array. */
export type Predicate = Tree<Column, Slot, Slot, Exists | NativeTest>

/** From a row to those that a relation joins it with, many_many through a junction. */
export interface RelatedStep {
  readonly from: Table
  readonly to: Table
  /** `own` of the row meets `other` of the related one, or of the junction. */
  readonly on: readonly { readonly own: Column; readonly other: Column }[]
  readonly via: {
    readonly table: Table
    readonly far: readonly { readonly junction: Column; readonly child: Column }[]
    /** What the caller may see of the junction. */
    readonly where: Predicate | null
  } | null
  /** Which of them count: what the caller may see, and what is asked. */
  readonly where: Predicate | null
}
/** Some related row counts. */
export interface Exists {
  readonly kind: 'exists'
  readonly step: RelatedStep
}
/** What the source's own language says; its JSON text is in the slot. */
export interface NativeTest {
  readonly kind: 'native'
  readonly value: Slot
}
/** A value of the one related row; null where there is none. */
export interface RelatedValue {
  readonly kind: 'related'
  readonly step: RelatedStep
  readonly value: PlanExpr | RelatedValue
}
/** A field of a related table, as a filter or an order names it by the relation (`customer.country`). */
export interface RelatedField {
  readonly column: Column
  /** What its own table makes of names and values. */
  readonly scope: Scope
  /** What a test of it means, where that was looked up beforehand; null: nobody did. */
  known(test: Filter): Predicate | null
  /** The predicate, which is about the related row, as one about the row itself. */
  exists(where: Predicate): Predicate
  /** The field's value; null where a row may have several related ones. */
  value(): RelatedValue | null
}

/** What resolving needs to know: a TableView makes one for each plan. */
export interface Scope {
  /** The column that a client may name so, or null: hidden columns do not exist. */
  column(name: FieldName): Column | null
  /** What stands for the column where it is not itself (data-plane 6.6); null: it can't be asked for. Left out: every column is itself. */
  meaning?(column: Column): PlanExpr | null
  /** The field of a related table that a client may name so, or null. */
  related?(name: FieldName): RelatedField | null
  /** Filters in the source's own language may be used. Left out: not by this caller, or not here. */
  readonly native?: true
  /** Adds a value to the plan's binds. */
  bind(value: Bind): Slot
  /** Named values, keys with their colon. */
  readonly params: ReadonlyMap<string, Json>
  /** The value of a lookup such as `user.id`, undefined where there is none. */
  lookup(name: string): Json | undefined
  /** `{modifier(name)}`: names allowed (data-plane 2.13). */
  readonly modifiers: ReadonlySet<string>
}

/** One term of `order`, as written. */
export interface OrderAsked {
  readonly by:
    | { readonly kind: 'expr'; readonly expr: FilterExpr }
    | { readonly kind: 'position'; readonly position: number }
  readonly descending: boolean
  readonly nulls: 'first' | 'last' | null
}
