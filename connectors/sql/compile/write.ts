/** Writes: a WritePlan becomes one statement, executed once for each row of binds. */
import type { WritePlan } from 'dataferry/records'
import type { WriteProgram } from '../types.ts'
import type { SqlCompiler } from './compiler.ts'
import { expressionText, projectionText, wireColumn } from './expression.ts'
import { fixesKey } from './keys.ts'
import { grouped, predicateText } from './predicate.ts'
import { type Context, StatementWriter, whereClause } from './writer.ts'

export function compileWrite(sql: SqlCompiler, plan: WritePlan, id: string): WriteProgram {
  const out = new StatementWriter(sql)
  const context: Context = { out, alias: null }
  const text = `${bodyText(context, plan)}${returningText(context, plan)}`
  const point = plan.kind === 'insert' || plan.kind === 'upsert' || fixesKey(plan.into, plan.where)
  return { kind: 'write', id, statement: out.statement(text, plan.returning.map(wireColumn), point) }
}

function bodyText(context: Context, plan: WritePlan): string {
  const { sql } = context.out
  const table = sql.table(plan.into)
  switch (plan.kind) {
    case 'insert':
      return `insert into ${table}${valuesText(context, plan)}`
    case 'upsert': {
      const key = new Set(plan.key.map((column) => column.name))
      const overwritten =
        plan.overwrite ?? plan.set.map((part) => part.column).filter((column) => !key.has(column.name))
      if (plan.where === null)
        return `insert into ${table}${valuesText(context, plan)}${sql.onConflict(plan.key, overwritten)}`
      // The row that is there has a name of its own, beside the one that was to be inserted.
      const insert = `insert into ${table} as t${valuesText(context, plan)}${sql.onConflict(plan.key, overwritten)}`
      return `${insert} where ${predicateText({ out: context.out, alias: 't' }, plan.where)}`
    }
    case 'update': {
      const set = plan.set.map(
        ({ column, expr }) =>
          `${sql.identifier(column.name)} = ${sql.written(expressionText(context, expr, null), column)}`,
      )
      return `update ${table} set ${set.join(', ')}${whereText(context, plan)}`
    }
    case 'delete':
      return `delete from ${table}${whereText(context, plan)}`
  }
}

function valuesText(context: Context, plan: WritePlan): string {
  const { sql } = context.out
  if (plan.set.length === 0) return sql.insertDefaults()
  const names = plan.set.map(({ column }) => sql.identifier(column.name))
  const values = plan.set.map(({ column, expr }) => sql.written(expressionText(context, expr, null), column))
  return ` (${names.join(', ')}) values (${values.join(', ')})`
}

/** Without a condition there is no guard either: the database may have a faster way to empty a table. */
function whereText(context: Context, { into, where }: WritePlan): string {
  if (where === null) return ''
  const guard = fixesKey(into, where) ? null : context.out.sql.scanGuard([])
  return whereClause([guard, guard === null ? predicateText(context, where) : grouped(context, where)])
}

function returningText(context: Context, plan: WritePlan): string {
  if (plan.returning.length === 0) return ''
  return context.out.sql.returning(plan.returning.map((projection) => projectionText(context, projection)).join(', '))
}
