/**
 * The shape of a plan: a text that equal plans share and that holds no value and no caller. With the table's epoch it is the key
 * under which compiled programs are kept.
 */
import type { Column, Table } from '../catalog/types.ts'
import type { PlanExpr, Predicate, RelatedStep, RelatedValue } from '../filter/types.ts'
import type { OrderTerm, Projection, ReadPlan, RelatedRead, ResultShape, WritePlan } from './types.ts'

const plainName = /^\w+$/

/** Names that could be taken for signs of a shape are quoted. */
const token = (name: string): string => (plainName.test(name) ? name : JSON.stringify(name))

const tableToken = (table: Table): string =>
  table.schema === null ? token(table.name) : `${token(table.schema)}.${token(table.name)}`
const columnToken = (column: Column): string => token(column.name)

export function shapeOfRead(plan: ReadPlan): string {
  const { from, columns, where, group, order, limit, offset, related, result } = plan
  let shape = `read ${tableToken(from)}(${columnsShape(columns)})`
  if (where) shape += `?${predicateShape(where)}`
  if (group) shape += `%${group.map(exprShape).join()}`
  if (plan.having) shape += `&${predicateShape(plan.having)}`
  if (plan.distinct === true) shape += '*distinct'
  if (plan.lock === true) shape += '*lock'
  if (order.length > 0) shape += `^${order.map(orderShape).join()}`
  if (limit !== null) shape += `<${limit}`
  if (offset !== null) shape += `>${offset}`
  for (const each of related) shape += `[${relatedShape(each)}]`
  return `${shape}=${resultShape(result)}`
}

export function shapeOfWrite(plan: WritePlan): string {
  const { kind, into, set, where, key, returning } = plan
  let shape = `${plan.replaces === true ? 'replacing ' : ''}${kind} ${tableToken(into)}(${set.map((each) => `${columnToken(each.column)}:${exprShape(each.expr)}`).join()})`
  if (where) shape += `?${predicateShape(where)}`
  if (key.length > 0) shape += `!${key.map(columnToken).join()}`
  if (plan.overwrite) shape += `+${plan.overwrite.map(columnToken).join()}`
  return returning.length > 0 ? `${shape}=(${columnsShape(returning)})` : shape
}

const knownColumns = new WeakMap<readonly Projection[], string>()

function columnsShape(columns: readonly Projection[]): string {
  const known = knownColumns.get(columns)
  if (known !== undefined) return known
  const shape = columns.map(projectionShape).join()
  knownColumns.set(columns, shape)
  return shape
}

function projectionShape({ as, expr, type, column, hidden, without, lossless }: Projection): string {
  const sign = `${hidden ? '~' : ''}${lossless ? '=' : ''}${without ? `-${without.map(token).join('-')}-` : ''}`
  if (expr.kind === 'column')
    return as === expr.column.name ? sign + token(as) : `${sign}${columnToken(expr.column)}>${token(as)}`
  const value =
    expr.kind === 'aggregate' ? `${expr.name}(${expr.of === null ? '*' : exprShape(expr.of)})` : exprShape(expr)
  return `${sign}${value}:${type}${column ? `/${columnToken(column)}` : ''}>${token(as)}`
}

function orderShape({ expr, descending, nulls }: OrderTerm): string {
  const by = expr.kind === 'output' ? `#${expr.index}` : valueShape(expr)
  return `${by}${descending ? '-' : ''}${nulls === null ? '' : nulls}`
}

function relatedShape({ name, shape, on, via, perParent, skip, plan }: RelatedRead): string {
  const keys = on.map(({ parent, child }) => `${parent}:${columnToken(child)}`).join()
  const junction =
    via === null
      ? ''
      : `@${tableToken(via.table)}(${via.near.map(columnToken).join()};${via.far
          .map((each) => `${columnToken(each.junction)}:${columnToken(each.child)}`)
          .join()})${via.where ? `?${predicateShape(via.where)}` : ''}`
  return `${token(name)} ${shape} ${keys}${junction} ${skip === null ? '' : `${skip}-`}${perParent} ${shapeOfRead(plan)}`
}

function resultShape(result: ResultShape): string {
  switch (result.kind) {
    case 'list':
      return `list-${result.count}${result.schema === null ? '' : `-${result.schema}`}`
    case 'record':
      return `record-${result.missing}`
    case 'count':
    case 'rows':
      return result.kind
  }
}

export function predicateShape(predicate: Predicate): string {
  switch (predicate.kind) {
    case 'and':
    case 'or':
    case 'xor':
      return `(${predicate.kind} ${predicate.of.map(predicateShape).join(' ')})`
    case 'not':
      return `(not ${predicateShape(predicate.of)})`
    case 'compare':
    case 'match':
      return `(${'stored' in predicate ? 'stored ' : ''}${predicate.op} ${exprShape(predicate.left)} ${exprShape(predicate.right)})`
    case 'in':
      return `(in ${exprShape(predicate.left)} ${predicate.list})`
    case 'between':
      return `(between ${exprShape(predicate.left)} ${exprShape(predicate.low)} ${exprShape(predicate.high)})`
    case 'null':
      return `(null ${exprShape(predicate.left)})`
    case 'exists':
      return `(exists ${stepShape(predicate.step)})`
    case 'native':
      return `(native $${predicate.value})`
  }
}

function stepShape({ from, to, on, via, where }: RelatedStep): string {
  const keys = on.map(({ own, other }) => `${columnToken(own)}:${columnToken(other)}`).join()
  const far = via?.far.map(({ junction, child }) => `${columnToken(junction)}:${columnToken(child)}`).join() ?? ''
  const junction =
    via === null ? '' : `@${tableToken(via.table)}(${far})${via.where ? `?${predicateShape(via.where)}` : ''}`
  return `${tableToken(from)}>${tableToken(to)} ${keys}${junction}${where ? `?${predicateShape(where)}` : ''}`
}

const valueShape = (value: PlanExpr | RelatedValue): string =>
  value.kind === 'related' ? `[${stepShape(value.step)}=${valueShape(value.value)}]` : exprShape(value)

export function exprShape(expr: PlanExpr): string {
  switch (expr.kind) {
    case 'column':
      return columnToken(expr.column)
    case 'value':
      return `$${expr.value}`
    case 'call':
      return `${expr.name}(${expr.args.map(exprShape).join()})`
    case 'arithmetic':
      return `(${exprShape(expr.left)}${expr.op}${exprShape(expr.right)})`
  }
}
