/** Related rows in memory: the steps of predicates and orders, over rows that were loaded before (filters on related fields). */
import type { Bind, Json } from 'dataferry/sdk'
import type { SimpleType, Table } from '../catalog/types.ts'
import {
  compareValues,
  compute,
  evaluate,
  type PlanExpr,
  type Predicate,
  type RelatedRows,
  type RelatedStep,
  type RelatedValue,
  type RowGetter,
  type Value,
  valueFrom,
} from '../filter/index.ts'
import type { OrderTerm } from '../plan/types.ts'
import type { Row } from '../store.ts'

/** The tables that predicates and orders look at beside their own. */
export function tablesAside(where: Predicate | null, order: readonly OrderTerm[] = []): ReadonlySet<Table> {
  const found = new Set<Table>()
  const step = (each: RelatedStep): void => {
    found.add(each.to)
    if (each.via) {
      found.add(each.via.table)
      if (each.via.where) walk(each.via.where)
    }
    if (each.where) walk(each.where)
  }
  const walk = (predicate: Predicate): void => {
    if (predicate.kind === 'exists') step(predicate.step)
    else if (predicate.kind === 'not') walk(predicate.of)
    else if (predicate.kind === 'and' || predicate.kind === 'or' || predicate.kind === 'xor') predicate.of.forEach(walk)
  }
  const value = (each: OrderTerm['expr']): void => {
    if (each.kind !== 'related') return
    step(each.step)
    value(each.value)
  }
  if (where) walk(where)
  for (const { expr } of order) value(expr)
  return found
}

/** Follows steps over the rows of these tables. */
export function relatedRowsOf(rows: ReadonlyMap<Table, readonly Row[]>, binds: readonly Bind[]): RelatedRows {
  const of = (table: Table): readonly Row[] => rows.get(table) ?? []
  const related: RelatedRows = (step, row) => {
    const meets = (other: Row): boolean =>
      step.on.every((pair) => same(row(pair.own) ?? null, other[pair.other.name] ?? null, pair.other.type))
    const { via } = step
    if (via === null) return of(step.to).filter(meets).map(getter)
    const links = of(via.table)
      .filter(meets)
      .filter((link) => via.where === null || evaluate(via.where, binds, getter(link), related))
    return of(step.to)
      .filter((child) =>
        links.some((link) =>
          via.far.every((far) => same(link[far.junction.name] ?? null, child[far.child.name] ?? null, far.child.type)),
        ),
      )
      .map(getter)
  }
  return related
}

/** The value of an order's term. */
export function orderValue(
  expr: PlanExpr | RelatedValue,
  binds: readonly Bind[],
  row: RowGetter,
  related: RelatedRows,
): Value {
  if (expr.kind !== 'related') return compute(expr, binds, row) ?? null
  const { step } = expr
  for (const each of related(step, row)) {
    if (step.where === null || evaluate(step.where, binds, each, related))
      return orderValue(expr.value, binds, each, related)
  }
  return null
}

export const getter =
  (row: Row): RowGetter =>
  (column) =>
    Object.hasOwn(row, column.name) ? (row[column.name] as Json) : null

const same = (a: Json, b: Json, type: SimpleType): boolean => compareValues(valueFrom(a), valueFrom(b), type) === 0
