/**
 * `explain=true`: how a read would be done, for administrators: the plan, and the statements that a source makes of it. Nothing is read,
 * and no value is shown: a plan has none, and statements have placeholders for them.
 */
import { type ApiReply, type ApiRequest, BadRequest, Forbidden, type Json } from 'dataferry/sdk'
import { nameOf } from './catalog/types.ts'
import { exprShape, predicateShape } from './plan/shape.ts'
import type { OrderTerm, Planned, ReadPlan } from './plan/types.ts'
import type { RecordStore } from './store.ts'
import type { RecordTarget } from './target.ts'

/** Thrown in the place of the first read, which it carries. */
class Explained extends Error {
  readonly planned: Planned<ReadPlan>
  constructor(planned: Planned<ReadPlan>) {
    super('The read is explained, not done.')
    this.planned = planned
  }
}

/**
 * Does the work up to its first read and answers how that would be done: `{"plan":{...},"statements":[...]}`, the latter where the source
 * has statements. Throws Forbidden for everybody but administrators, BadRequest for anything but a GET, and what the work throws.
 */
export async function explainRead(
  target: RecordTarget,
  { caller, verb }: ApiRequest,
  work: (target: RecordTarget) => Promise<ApiReply>,
): Promise<ApiReply> {
  if (!caller.admin) throw new Forbidden("'explain' is for administrators.")
  if (verb !== 'GET') throw new BadRequest("'explain' is for reading: use GET.")
  const { store } = target
  try {
    return await work({ ...target, store: explaining(store) })
  } catch (thrown) {
    if (!(thrown instanceof Explained)) throw thrown
    const { planned } = thrown
    const statements = store.explain?.(planned)
    const value: Json = { plan: planShown(planned.plan), ...(statements === undefined ? {} : { statements }) }
    return { status: 200, headers: {}, body: { kind: 'value', value } }
  }
}

const explaining = ({ can, catalog, routines }: RecordStore): RecordStore => ({
  can,
  catalog,
  routines,
  read: (planned) => {
    throw new Explained(planned)
  },
  write: () => Promise.reject(new TypeError('Nothing is written where a read is explained.')),
  close: async () => {},
})

function planShown(plan: ReadPlan): Json {
  const { from, columns, where, group, having, distinct, order, limit, offset, related, result } = plan
  return {
    table: nameOf(from),
    fields: columns.filter((each) => !each.hidden && !each.as.startsWith('#')).map((each) => each.as),
    where: where === null ? null : predicateShape(where),
    group: group === null ? null : group.map(exprShape),
    having: having === undefined ? null : predicateShape(having),
    distinct: distinct === true,
    order: order.map(orderShown),
    limited: limit !== null,
    skips: offset !== null,
    related: related.map((each) => ({ name: each.name, shape: each.shape, ...(planShown(each.plan) as object) })),
    result: result.kind,
  }
}

function orderShown({ expr, descending, nulls }: OrderTerm): string {
  const by =
    expr.kind === 'output' ? String(expr.index + 1) : expr.kind === 'related' ? 'a related field' : exprShape(expr)
  return `${by}${descending ? ' desc' : ''}${nulls === null ? '' : ` nulls ${nulls}`}`
}
