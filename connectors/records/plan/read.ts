/** Plans of reads over one view: every one carries the view's row filter (architecture, "One policy engine"). */
import type { Json } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import {
  allOf,
  type Filter,
  type OrderAsked,
  type Predicate,
  parseGroup,
  resolveFilter,
  resolveGroup,
  resolveOrder,
} from '../filter/index.ts'
import { type Relating, relatedReads } from '../relate/read.ts'
import type { TableView } from '../view.ts'
import { Binds } from './binds.ts'
import { projection } from './fields.ts'
import { shapeOfRead } from './shape.ts'
import type { Planned, Projection, ReadPlan, ResultShape } from './types.ts'

/** What a read may be asked for. */
export interface ReadAsked {
  readonly view: TableView
  readonly columns: readonly Projection[]
  readonly filter?: Filter | null
  readonly params?: ReadonlyMap<string, Json>
  /** A condition of the engine's own, such as a key. */
  readonly where?: (binds: Binds) => Predicate
  readonly group?: string | null
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
  const scope = view.scope(binds, asked.params)
  const where = allOf([
    asked.where ? asked.where(binds) : null,
    asked.filter ? resolveFilter(asked.filter, scope) : null,
    view.rows(binds),
  ])
  const columns = related.length === 0 ? asked.columns : withJoinColumns(asked.columns, related)
  const plan: ReadPlan = {
    from: view.table,
    columns,
    where,
    group: asked.group ? resolveGroup(parseGroup(asked.group), scope) : null,
    order: asked.order && asked.order.length > 0 ? resolveOrder(asked.order, scope, asked.columns.length) : none,
    limit: limit === null ? null : binds.add(limit),
    offset: offset === 0 ? null : binds.add(offset),
    related: related.length === 0 ? none : relatedReads(related, columns, binds, asked.maxRelated ?? 1000),
    result: asked.result(binds),
  }
  return { plan, shape: shapeOfRead(plan), binds: binds.values }
}

export const asRows = (): ResultShape => ({ kind: 'rows' })

/** Names of values that the engine reads for itself and takes out of the rows again. */
const isEngineName = (as: string): boolean => as.startsWith('#')

/** The columns under names that no row keeps: to know a row again by its key. */
export const keyProjections = (key: readonly Column[]): readonly Projection[] =>
  key.map((column, index) => ({ ...projection(column), as: `#${index}` }))

/** Takes the key out of a row, in the key's order. */
export function takeKey(row: { [name: string]: Json }, key: readonly Column[]): readonly Json[] {
  return key.map((_, index) => {
    const name = `#${index}`
    const value = row[name] ?? null
    delete row[name]
    return value
  })
}

/** The columns that relations are matched by are added behind the fields that were asked for, and stay (data-plane 5.3). */
function withJoinColumns(columns: readonly Projection[], related: readonly Relating[]): readonly Projection[] {
  const there = new Set(
    columns.map(({ as, expr }) => (expr.kind === 'column' && !isEngineName(as) ? expr.column : null)),
  )
  const added: Projection[] = []
  for (const { own } of related) {
    for (const column of own) {
      if (there.has(column)) continue
      there.add(column)
      added.push(projection(column))
    }
  }
  return added.length === 0 ? columns : [...columns, ...added]
}

/** The order of a key, ascending. */
export const keyOrder = (key: readonly Column[]): readonly OrderAsked[] =>
  key.map((column) => ({
    by: { kind: 'expr', expr: { kind: 'column', column: column.alias ?? column.name } },
    descending: false,
    nulls: null,
  }))
