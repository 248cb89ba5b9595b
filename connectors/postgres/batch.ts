/**
 * Many inserts in one statement: each column's values go as one array of texts, `unnest` makes rows of them, and each is cast to its
 * column's own type without measures, so that the column refuses what is too long as it would alone. One text whatever the number of rows.
 */

import type { WritePlan } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import type { SqlCompiler, Statement, WriteProgram } from 'dataferry/sql'
import { arrayText, bindText } from './binds.ts'
import { castOf } from './describe.ts'
import type { TextParameter } from './wire/messages.ts'

/** [C] */
export interface Batch {
  readonly text: string
  /** The slot of each parameter. */
  readonly slots: readonly number[]
}

/** A program that has a form for many executions at once. [C] */
export interface BatchProgram extends WriteProgram {
  readonly batch: Batch | null
}

export const batchOf = (program: WriteProgram): Batch | null =>
  'batch' in program ? (program as BatchProgram).batch : null

/**
 * The form for many executions of a compiled insert; null: they must go one by one, because a value is computed or the type of a column
 * is not known.
 */
export function compileBatch(sql: SqlCompiler, plan: WritePlan, single: Statement): Batch | null {
  if (plan.kind !== 'insert' || plan.set.length === 0) return null
  const slots: number[] = []
  const names: string[] = []
  const values: string[] = []
  for (const { column, expr } of plan.set) {
    const cast = castOf(column)
    if (expr.kind !== 'value' || cast === null) return null
    slots.push(expr.value)
    names.push(sql.identifier(column.name))
    values.push(`u.c${slots.length}::${cast}`)
  }
  const into = `insert into ${sql.table(plan.into)} (${names.join(', ')})`
  // What stands behind the values of the single statement, its `returning`, is the same here.
  const one = `${into} values (${slots.map((_, i) => sql.placeholder(i + 1)).join(', ')})`
  if (!single.text.startsWith(one) || single.parameters.length !== slots.length) return null
  const arrays = slots.map((_, i) => `${sql.placeholder(i + 1)}::text[]`)
  const aliases = slots.map((_, i) => `c${i + 1}`)
  const rows = `select ${values.join(', ')} from unnest(${arrays.join(', ')}) as u (${aliases.join(', ')})`
  return { text: `${into} ${rows}${single.text.slice(one.length)}`, slots }
}

export const batchParameters = ({ slots }: Batch, executions: readonly (readonly Bind[])[]): TextParameter[] =>
  slots.map((slot) => arrayText(executions.map((binds) => elementOf(binds[slot]))))

/** A list is the text of its own literal here. */
const elementOf = (bind: Bind | undefined): Bind | undefined => (Array.isArray(bind) ? bindText(bind) : bind)
