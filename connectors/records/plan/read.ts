/** Plans of reads over one view: every one carries the view's row filter (architecture, "One policy engine"). */
import { BadRequest, type Json } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import {
  allOf,
  type Filter,
  type OrderAsked,
  type Predicate,
  parseGroup,
  resolveFilter,
  resolveGroup,
  resolveHaving,
  resolveOrder,
  type Scope,
  type Slot,
} from '../filter/index.ts'
import type { RelatedFields } from '../relate/fields.ts'
import { withJoinColumns } from '../relate/joins.ts'
import { type Relating, relatedReads } from '../relate/read.ts'
import type { TableView } from '../view.ts'
import { Binds } from './binds.ts'
import { projection } from './fields.ts'
import { throughFunctions } from './functions.ts'
import { shapeOfRead } from './shape.ts'
import type { OrderTerm, Planned, Projection, ReadPlan, ResultShape } from './types.ts'

/** What a read may be asked for. */
export interface ReadAsked {
  readonly view: TableView
  readonly columns: readonly Projection[]
  readonly filter?: Filter | null
  readonly params?: ReadonlyMap<string, Json>
  /** Fields of related tables that the filter and the order name. */
  readonly fields?: RelatedFields | null
  /** A condition of the engine's own, such as a key. */
  readonly where?: (binds: Binds) => Predicate
  /** The key behind which the source's own order goes on. */
  readonly after?: (binds: Binds) => readonly Slot[]
  readonly group?: string | null
  readonly having?: string | null
  readonly distinct?: boolean
  /** Most terms of `having`. */
  readonly maxTerms?: number
  /** What the engine reads for itself beside the columns, under names that no row keeps. */
  readonly extra?: (binds: Binds) => readonly Projection[]
  readonly lock?: boolean
  readonly order?: readonly OrderAsked[]
  readonly limit?: number | null
  readonly offset?: number
  readonly related?: readonly Relating[]
  /** Most children of one parent, where a relation has no limit of its own or a larger one. */
  readonly maxRelated?: number
  readonly result: (binds: Binds) => ResultShape
}

const none: readonly never[] = []

/** Throws BadRequest for a filter, an order or a group that does not fit the view. */
export function planRead(asked: ReadAsked): Planned<ReadPlan> {
  const { view, limit = null, offset = 0, related = none } = asked
  const binds = new Binds()
  const scope = view.scope(binds, asked.params, asked.fields)
  const where = allOf([
    asked.where ? asked.where(binds) : null,
    asked.filter ? resolveFilter(asked.filter, scope) : null,
    view.rows(binds),
  ])
  const shown = related.length === 0 ? asked.columns : withJoinColumns(asked.columns, related)
  const named = throughFunctions(shown, view.table, (value) => binds.add(value))
  const columns = asked.extra ? [...named, ...asked.extra(binds)] : named
  const group = asked.group ? resolveGroup(parseGroup(asked.group), scope) : null
  const order =
    asked.order && asked.order.length > 0
      ? resolveOrder(byPosition(asked.order, asked.columns), scope, asked.columns.length)
      : none
  const plan: ReadPlan = {
    from: view.table,
    columns,
    where,
    group,
    ...(asked.having ? havingOf(asked, group, scope) : null),
    ...(asked.distinct === true ? distinctOf(columns, order) : null),
    ...(asked.lock === true ? { lock: true } : null),
    order,
    ...(asked.after ? { after: asked.after(binds) } : null),
    limit: limit === null ? null : binds.add(limit),
    offset: offset === 0 ? null : binds.add(offset),
    related: related.length === 0 ? none : relatedReads(related, columns, binds, asked.maxRelated ?? 1000),
    result: asked.result(binds),
  }
  return { plan, shape: shapeOfRead(plan), binds: binds.values }
}

function havingOf(
  { having, maxTerms }: ReadAsked,
  group: ReadPlan['group'],
  scope: Scope,
): { readonly having?: Predicate } {
  if (group === null) throw new BadRequest("'having' needs a 'group'.")
  const resolved = resolveHaving(having ?? '', group, scope, maxTerms === undefined ? {} : { maxTerms })
  return resolved === null ? {} : { having: resolved }
}

/** A field that is an aggregate can be ordered by where it is shown. */
const byPosition = (order: readonly OrderAsked[], columns: readonly Projection[]): readonly OrderAsked[] =>
  order.map((term) => {
    if (term.by.kind !== 'expr' || term.by.expr.kind !== 'column') return term
    const name = term.by.expr.column.toLowerCase()
    const at = columns.findIndex((each) => each.column?.isAggregate === true && each.as.toLowerCase() === name)
    return at === -1 ? term : { ...term, by: { kind: 'position', position: at + 1 } }
  })

/** Rows that are put together have no other values to be ordered by than their own. */
function distinctOf(columns: readonly Projection[], order: readonly OrderTerm[]): { readonly distinct: true } {
  const shown = (expr: OrderTerm['expr']): boolean =>
    expr.kind === 'output' ||
    (expr.kind === 'column' && columns.some((each) => each.expr.kind === 'column' && each.expr.column === expr.column))
  if (!order.every(({ expr }) => shown(expr))) {
    throw new BadRequest("With 'distinct' the order can only name fields that are asked for.")
  }
  return { distinct: true }
}

export const asRows = (): ResultShape => ({ kind: 'rows' })

const keyNames: string[] = []

/** The name that no row keeps of a member of a key. */
export function keyName(index: number): string {
  keyNames[index] ??= `#${index}`
  return keyNames[index]
}

/** The columns under names that no row keeps: to know a row again by its key. */
export const keyProjections = (key: readonly Column[]): readonly Projection[] =>
  key.map((column, index) => ({ ...projection(column), as: keyName(index) }))

/** Takes the key out of a row, in the key's order. */
export function takeKey(row: { [name: string]: Json }, key: readonly Column[]): readonly Json[] {
  return key.map((_, index) => {
    const name = keyName(index)
    const value = row[name] ?? null
    delete row[name]
    return value
  })
}

/** The order of a key, ascending. */
export const keyOrder = (key: readonly Column[]): readonly OrderAsked[] =>
  key.map((column) => ({
    by: { kind: 'expr', expr: { kind: 'column', column: column.alias ?? column.name } },
    descending: false,
    nulls: null,
  }))
