/** Groups, aggregates and distinct values as a store can be asked for them; what of a plan is beyond that is done in memory. */
import {
  aggregatedBy,
  type Column,
  openField,
  type PlanExpr,
  type Predicate,
  type ReadPlan,
  type Row,
} from 'dataferry/records'
import type { Bind, Json } from 'dataferry/sdk'
import type { Aggregate, Grouping, Members, OrderBy } from './adapter.ts'
import { type Condition, conditionOf } from './condition.ts'

export interface Grouped {
  readonly grouping: Grouping
  /** A row of the answer. */
  row(group: Members): Row
}

const isGroup = ({ columns, group, distinct }: ReadPlan): boolean =>
  group !== null || distinct === true || columns.some(({ expr }) => expr.kind === 'aggregate')

/**
 * null: it calls functions, computes, shows fields that are not grouped, or orders by what is in no row. `where` is what of the plan's
 * filter the store judges, which must be all of it.
 */
export function groupedBy(
  plan: ReadPlan,
  binds: readonly Bind[],
  where: Condition | null,
  page: { readonly skip: number; readonly limit: number | null },
): Grouped | null {
  const { columns, group, having, distinct, order } = plan
  if (
    !isGroup(plan) ||
    (distinct === true && (group !== null || columns.some(({ expr }) => expr.kind === 'aggregate')))
  )
    return null
  const keys: string[] = []
  const aggregates: Aggregate[] = []
  const nameOf = (expr: ReadPlan['columns'][number]['expr'], add: boolean): string | null => {
    if (expr.kind === 'column') {
      const path = groupable(expr.column)
      if (path === null) return null
      if (!keys.includes(path)) {
        if (!add) return null
        keys.push(path)
      }
      return `k${keys.indexOf(path)}`
    }
    return expr.kind === 'aggregate' ? aggregateNamed(expr, aggregates) : null
  }
  for (const expr of group ?? []) if (nameOf(expr, true) === null) return null
  const names: (readonly [as: string, name: string])[] = []
  const all: (string | null)[] = []
  for (const { as, expr, without = [], hidden } of columns) {
    const name = without.length > 0 ? null : nameOf(expr, distinct === true)
    if (name === null) return null
    all.push(name)
    if (!hidden) names.push([as, name])
  }
  const condition = having ? conditionOf(renamed(having, keys, aggregates), binds) : null
  if (having && condition === null) return null
  const orders = ordersOf(order, (expr) => (expr.kind === 'output' ? (all[expr.index] ?? null) : nameOf(expr, false)))
  if (orders === null) return null
  const sorted = new Set(orders.map(({ path }) => path))
  // Pages must not depend on how the store happens to find its groups.
  const rest = keys.map((_, at) => `k${at}`).filter((name) => !sorted.has(name))
  return {
    grouping: {
      where,
      keys,
      aggregates,
      having: condition,
      order: [...orders, ...rest.map((path) => ({ path, descending: false }))],
      ...page,
    },
    row: (found) => Object.fromEntries(names.map(([as, name]) => [as, dateText(found[name] ?? null)])),
  }
}

/** The aggregates of no documents. */
export const ofNothing = ({ aggregates }: Grouping): Members =>
  Object.fromEntries(aggregates.map(({ name }, at) => [`a${at}`, name === 'COUNT' ? 0 : null]))

/** Places in lists are no names. */
const groupable = ({ name }: Column): string | null => (/(?:^|\.)[$\d]|^[*#]/.test(name) ? null : name)

function aggregateNamed(
  { name, of }: { readonly name: Aggregate['name']; readonly of: PlanExpr | null },
  aggregates: Aggregate[],
): string | null {
  const path = of === null ? null : of.kind === 'column' ? groupable(of.column) : null
  if (of !== null && path === null) return null
  const known = aggregates.findIndex((each) => each.name === name && each.path === path)
  return `a${known === -1 ? aggregates.push({ name, path }) - 1 : known}`
}

/** The predicate over the names of groups. What has none makes it one that is not understood. */
function renamed(having: Predicate, keys: readonly string[], aggregates: Aggregate[]): Predicate {
  const column = (each: Column): Column => {
    const aggregated = aggregatedBy(each)
    const at = keys.indexOf(each.name)
    const name = aggregated === null ? (at === -1 ? null : `k${at}`) : aggregateNamed(aggregated, aggregates)
    return openField(name ?? '#')
  }
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (value === null || typeof value !== 'object') return value
    const node = value as { readonly kind?: unknown; readonly column?: Column }
    if (node.kind === 'column' && node.column) return { ...node, column: column(node.column) }
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]))
  }
  return walk(having) as Predicate
}

/** What the aggregates of a condition on groups are made of. */
export function aggregatedIn(having: Predicate): readonly PlanExpr[] {
  const found: PlanExpr[] = []
  const walk = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return
    const { kind, column } = value as { readonly kind?: unknown; readonly column?: Column }
    if (kind === 'column' && column) {
      const of = aggregatedBy(column)?.of
      if (of) found.push(of)
    } else for (const member of Object.values(value)) walk(member)
  }
  walk(having)
  return found
}

function ordersOf(
  order: ReadPlan['order'],
  nameOf: (expr: Exclude<ReadPlan['order'][number]['expr'], { readonly kind: 'related' }>) => string | null,
): readonly OrderBy[] | null {
  const found: OrderBy[] = []
  for (const { expr, descending, nulls } of order) {
    if (expr.kind === 'related' || (nulls !== null && (nulls === 'first') === descending)) return null
    const path = nameOf(expr)
    if (path === null) return null
    if (!found.some((each) => each.path === path)) found.push({ path, descending })
  }
  return found
}

/** Dates are texts in groups. */
const dateText = (value: Json): Json =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && '$date' in value
    ? ((value as Members).$date ?? null)
    : value
