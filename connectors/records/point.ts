/**
 * Plans of records by id, made once for each table and policy: two requests for a record differ in the id alone. Only the plainest
 * request is served so, a GET without options; everything else is planned anew.
 */
import type { ApiReply, ApiRequest, Bind, Policy } from 'dataferry/sdk'
import { type Column, nameOf, type Table } from './catalog/types.ts'
import { printFilter } from './filter/index.ts'
import { isUniqueKey, keyOfPath, notFoundMessage } from './keys.ts'
import { allFields } from './plan/fields.ts'
import { keyIs } from './plan/predicates.ts'
import { planRead } from './plan/read.ts'
import type { Planned, ReadPlan } from './plan/types.ts'
import type { RecordStore } from './store.ts'
import type { TableView } from './view.ts'

interface PointPlan {
  readonly key: readonly Column[]
  readonly plan: ReadPlan
  readonly shape: string
  /** The id is the first, the text for a missing record the last. */
  readonly binds: readonly Bind[]
}

/** Records may be kept by who asked for them, and are asked about again by their tag. */
export const revalidated = { 'cache-control': 'private, no-cache' } as const

/** Nothing but a table and an id is asked for. */
export const isPlainRead = ({ verb, query, body }: ApiRequest, id: string | null): id is string =>
  id !== null && verb === 'GET' && query.size === 0 && body.kind === 'none'

export class PointReads {
  /** null: such a read is planned anew each time. */
  readonly #plans = new WeakMap<Policy, WeakMap<Table, PointPlan | null>>()

  /** The reply, or null where the read must be planned. Throws as `keyOfPath`. */
  read(store: RecordStore, table: Table, policy: Policy, id: string, view: () => TableView): ApiReply | null {
    const point = this.#planOf(table, policy, view)
    if (point === null) return null
    const found = keyOfPath(point.key, id)
    const binds = point.binds.slice()
    binds[0] = found.values[0] as Bind
    binds[binds.length - 1] = notFoundMessage(found.text)
    return {
      status: 200,
      headers: revalidated,
      body: { kind: 'rows', rows: store.read({ plan: point.plan, shape: point.shape, binds, kept: true }) },
    }
  }

  #planOf(table: Table, policy: Policy, view: () => TableView): PointPlan | null {
    let plans = this.#plans.get(policy)
    if (plans === undefined) {
      plans = new WeakMap()
      this.#plans.set(policy, plans)
    }
    let point = plans.get(table)
    if (point === undefined) {
      point = makePlan(view())
      plans.set(table, point)
    }
    return point
  }
}

function makePlan(view: TableView): PointPlan | null {
  const { key } = view
  // A lookup stands for another value with each caller; a relation that is always fetched has a policy of its own.
  if (
    key.length !== 1 ||
    !isUniqueKey(view, key) ||
    view.rowFilters.some((filter) => printFilter(filter).includes('{'))
  )
    return null
  if (view.table.relations.some((relation) => relation.alwaysFetch)) return null
  const planned: Planned<ReadPlan> = planRead({
    view,
    columns: allFields(view),
    where: (binds) => keyIs(key, [''], binds),
    result: (binds) => ({ kind: 'record', missing: binds.add(nameOf(view.table)) }),
  })
  return { key, ...planned }
}
