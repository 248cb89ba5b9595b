/** Expressions of plans as text: columns, bound values, the functions of data-plane 4.7, arithmetic. */
import {
  aggregatedBy,
  type Column,
  type FunctionName,
  type PlanExpr,
  type Projection,
  type SimpleType,
} from 'dataferry/records'
import type { WireColumn } from '../types.ts'
import type { Context } from './writer.ts'

/** What a bound value is, as an argument of a function. */
const argumentTypes: { readonly [N in FunctionName]?: SimpleType } = {
  lower: 'text',
  upper: 'text',
  trim: 'text',
  length: 'text',
  abs: 'decimal',
  round: 'decimal',
  floor: 'decimal',
  ceil: 'decimal',
  year: 'timestamp',
  month: 'timestamp',
  day: 'timestamp',
  hour: 'timestamp',
  minute: 'timestamp',
  second: 'timestamp',
}

export function columnText(context: Context, column: Column): string {
  const aggregated = aggregatedBy(column)
  if (aggregated !== null) {
    const of = aggregated.of === null ? null : expressionText(context, aggregated.of, null)
    return context.out.sql.comparedAggregate(context.out.sql.aggregate(aggregated.name, of), column.type)
  }
  const name = context.out.sql.identifier(column.name)
  return context.alias === null ? name : `${context.alias}.${name}`
}

/** The type of an expression where it is a column, else null. */
export const columnType = (expr: PlanExpr): SimpleType | null => (expr.kind === 'column' ? expr.column.type : null)

/** `type`: what a bound value at this place is used as; null leaves it to the database. */
export function expressionText(context: Context, expr: PlanExpr, type: SimpleType | null): string {
  const { out } = context
  switch (expr.kind) {
    case 'column':
      return columnText(context, expr.column)
    case 'value':
      return out.value(expr.value, type)
    case 'call': {
      const wanted = argumentTypes[expr.name] ?? null
      const args = expr.args.map((arg, i) =>
        expressionText(context, arg, expr.name === 'round' && i === 1 ? 'integer' : wanted),
      )
      return out.sql.call(expr.name, args, expr.args.map(columnType))
    }
    case 'arithmetic': {
      const left = expressionText(context, expr.left, 'decimal')
      return out.sql.arithmetic(expr.op, left, expressionText(context, expr.right, 'decimal'))
    }
  }
}

/** One value of an output row. */
export function projectionText(context: Context, projection: Projection): string {
  const { sql } = context.out
  const { expr } = projection
  if (expr.kind === 'aggregate') {
    return sql.aggregate(expr.name, expr.of === null ? null : expressionText(context, expr.of, null))
  }
  return sql.projected(expressionText(context, expr, null), expr.kind === 'column' ? expr.column : null)
}

export function wireColumn({ as, type, column, hidden, lossless }: Projection): WireColumn {
  return { as, type, dbType: column?.dbType ?? '', hidden, ...(lossless && { lossless }) }
}
