/** Reads: a ReadPlan becomes the statement of its rows, the statement of its count, and a statement for each relation. */
import type { OrderTerm, ReadPlan } from 'dataferry/records'
import type { ReadProgram, Statement } from '../types.ts'
import type { SqlCompiler } from './compiler.ts'
import { columnText, expressionText, projectionText, wireColumn } from './expression.ts'
import { fixesKey } from './keys.ts'
import { grouped, predicateText } from './predicate.ts'
import { compileRelated } from './related.ts'
import { valueText } from './step.ts'
import { type Context, StatementWriter, whereClause } from './writer.ts'

export function compileRead(sql: SqlCompiler, plan: ReadPlan, id: string): ReadProgram {
  const { result } = plan
  const counted = result.kind === 'count' || (result.kind === 'list' && result.count !== 'no')
  return {
    kind: 'read',
    id,
    result,
    rows: result.kind === 'count' ? null : rowsStatement(sql, plan),
    count: counted ? countStatement(sql, plan) : null,
    grouped: plan.group !== null && !countsRows(plan),
    limit: plan.limit,
    offset: plan.offset,
    related: plan.related.map((related) => compileRelated(sql, related)),
  }
}

function rowsStatement(sql: SqlCompiler, plan: ReadPlan): Statement {
  const out = new StatementWriter(sql)
  const context: Context = { out, alias: null }
  const point = fixesKey(plan.from, plan.where) && plan.group === null
  const columns = plan.columns.map((projection) => projectionText(context, projection)).join(', ')
  const where = whereText(context, plan, point)
  const group = groupText(context, plan) + havingText(context, plan)
  const order = orderText(sql, plan.order, (term) =>
    term.kind === 'output' ? String(term.index + 1) : valueText(context, term),
  )
  const one = plan.result.kind === 'record' && plan.limit === null && !point
  const limit = sql.limit(out, one ? 'one' : plan.limit, plan.offset)
  const lock = plan.lock === true ? sql.lock() : ''
  const text = `select ${distinctText(plan)}${columns} from ${sql.table(plan.from)}${where}${group}${order}${limit}${lock}`
  return out.statement(text, plan.columns.map(wireColumn), point)
}

const distinctText = ({ distinct }: ReadPlan): string => (distinct === true ? 'distinct ' : '')

/** Groups and rows that are left out are no part of the count. */
const countsRows = ({ having, distinct }: ReadPlan): boolean => having !== undefined || distinct === true

/** Rows before limit and grouping (data-plane 3.4). */
function countStatement(sql: SqlCompiler, plan: ReadPlan): Statement {
  const out = new StatementWriter(sql)
  const context: Context = { out, alias: null }
  const point = fixesKey(plan.from, plan.where)
  const rows = countsRows(plan)
  const columns = rows ? plan.columns.map((projection, i) => `${projectionText(context, projection)} as c${i}`) : []
  const shown = rows ? `${distinctText(plan)}${columns.join(', ') || '1 as c0'}` : sql.aggregate('COUNT', null)
  const where = whereText(context, plan, point)
  const counted = `select ${shown} from ${sql.table(plan.from)}${where}`
  const groups = rows ? groupText(context, plan) + havingText(context, plan) : ''
  const text = rows ? `select ${sql.aggregate('COUNT', null)} from (${counted}${groups}) as d` : counted
  return out.statement(text, [{ as: 'count', type: 'bigint', dbType: '', hidden: false }], point)
}

function whereText(context: Context, plan: ReadPlan, point: boolean): string {
  // What a view joins inside is not known, but all of it must be there for all of its columns.
  const joined = plan.from.isView ? plan.from.columns.filter((column) => column.type !== 'binary') : []
  const reads = joined.map((column) => columnText(context, column))
  const guard = point ? null : context.out.sql.scanGuard(reads)
  if (plan.where === null) return whereClause([guard])
  return whereClause([guard, guard === null ? predicateText(context, plan.where) : grouped(context, plan.where)])
}

/** ` group by ...`, or nothing; `before`: terms that go first. */
export function groupText(context: Context, plan: ReadPlan, before: readonly string[] = []): string {
  if (plan.group === null || plan.group.length === 0) return ''
  const terms = plan.group.map((expr) => expressionText(context, expr, null))
  return ` group by ${[...before, ...terms].join(', ')}`
}

function havingText(context: Context, plan: ReadPlan): string {
  return plan.having === undefined ? '' : ` having ${predicateText(context, plan.having)}`
}

/** ` order by ...`, or nothing. */
export function orderText(
  sql: SqlCompiler,
  order: readonly OrderTerm[],
  text: (expr: OrderTerm['expr']) => string,
): string {
  if (order.length === 0) return ''
  const terms = order.map((term) => sql.orderTerm(text(term.expr), term.descending, term.nulls))
  return ` order by ${terms.join(', ')}`
}
