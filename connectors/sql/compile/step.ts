/** Steps to related rows inside a condition or an order: subqueries whose tables have aliases of their own (`e1`, `x1`, `e2`, ...). */
import type { PlanExpr, RelatedStep, RelatedValue } from 'dataferry/records'
import { columnText, expressionText } from './expression.ts'
import { grouped } from './predicate.ts'
import { type Context, whereClause } from './writer.ts'

/** Some related row counts. */
export const existsText = (context: Context, step: RelatedStep): string =>
  `exists (${stepText(context, step, () => '1')})`

/** A value of a plan's order, or of the one related row. */
export function valueText(context: Context, value: PlanExpr | RelatedValue): string {
  if (value.kind !== 'related') return expressionText(context, value, null)
  const { out } = context
  const { oneByLimit } = out.sql
  const read = stepText(context, value.step, (inner) => {
    const text = valueText(inner, value.value)
    return oneByLimit ? text : out.sql.aggregate('MAX', text)
  })
  return `(${read}${oneByLimit ? out.sql.limit(out, 'one', null) : ''})`
}

function stepText(context: Context, step: RelatedStep, selected: (inner: Context) => string): string {
  const { out } = context
  const { sql } = out
  const level = Number(/^e(\d+)$/.exec(context.alias ?? '')?.[1] ?? 0) + 1
  const inner: Context = { out, alias: `e${level}` }
  const junction: Context = { out, alias: `x${level}` }
  // Without an alias of its own the outer table goes by its name, which the aliases inside do not hide.
  const outer = context.alias ?? sql.table(step.from)
  const { via } = step
  const near = via === null ? inner : junction
  const select = `select ${selected(inner)} from ${sql.table(step.to)} as ${inner.alias}`
  const join =
    via === null ? '' : ` join ${sql.table(via.table)} as ${junction.alias} on ${farText(inner, junction, via.far)}`
  const on = step.on.map(({ own, other }) => `${columnText(near, other)} = ${columnText({ out, alias: outer }, own)}`)
  const visible = via?.where ? grouped(junction, via.where) : null
  const where = step.where ? grouped(inner, step.where) : null
  return `${select}${join}${whereClause([...on, visible, where])}`
}

const farText = (inner: Context, junction: Context, far: NonNullable<RelatedStep['via']>['far']): string =>
  far.map((pair) => `${columnText(inner, pair.child)} = ${columnText(junction, pair.junction)}`).join(' and ')
