/**
 * Many inserts in one statement: each column's values go as one array, of texts as a rule, `unnest` makes rows of them, and each is cast to
 * its column's own type without measures, so that the column refuses what is too long as it would alone. One text whatever the number of rows.
 */

import type { Column, Columns, WritePlan } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import type { SqlCompiler, Statement, WriteProgram } from 'dataferry/sql'
import { type ArrayKind, arrayTypes, binaryArray } from './arrays.ts'
import { arrayText, bindText } from './binds.ts'
import { castOf } from './describe.ts'
import type { WireParameter } from './wire/messages.ts'

/** [C] */
export interface Batch {
  readonly text: string
  /** The slot of each parameter. */
  readonly slots: readonly number[]
  /** The same with arrays in their binary form; null: the server is not known to take them. */
  readonly binary: { readonly text: string; readonly kinds: readonly ArrayKind[] } | null
}

/** A batch with the values of its rows. */
export interface BatchStatement {
  readonly text: string
  readonly parameters: readonly WireParameter[]
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
export function compileBatch(sql: SqlCompiler, plan: WritePlan, single: Statement, binary: boolean): Batch | null {
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
  const aliases = slots.map((_, i) => `c${i + 1}`)
  const behind = single.text.slice(one.length)
  const over = (kinds: readonly ArrayKind[]): string => {
    const arrays = kinds.map((kind, i) => `${sql.placeholder(i + 1)}::${arrayTypes[kind]}`)
    return `${into} select ${values.join(', ')} from unnest(${arrays.join(', ')}) as u (${aliases.join(', ')})${behind}`
  }
  const kinds = plan.set.map(({ column }) => kindOf(column))
  return {
    text: over(kinds.map(() => 'text')),
    slots,
    binary: binary ? { text: over(kinds), kinds } : null,
  }
}

const kindOf = (column: Column): ArrayKind => {
  const cast = castOf(column) ?? ''
  if (/^(?:int[248]|smallint|integer|bigint)$/.test(cast)) return 'integer'
  return cast === 'bool' || cast === 'boolean' ? 'boolean' : 'text'
}

/** The statement for many executions. */
export const batchOfRows = (batch: Batch, executions: readonly (readonly Bind[])[]): BatchStatement =>
  batchStatement(
    batch,
    batch.slots.map((slot) => executions.map((binds) => binds[slot])),
  )

/** The statement for the rows from `from` to `to` of columns, which are the plan's slots. */
export const batchOfColumns = (batch: Batch, columns: Columns, from: number, to: number): BatchStatement =>
  batchStatement(
    batch,
    batch.slots.map((slot) => (columns[slot] ?? []).slice(from, to)),
  )

type Lists = readonly (readonly (Bind | undefined)[])[]

function batchStatement({ text, binary }: Batch, lists: Lists): BatchStatement {
  const arrays = binary === null ? null : binaryArrays(binary.kinds, lists)
  if (binary !== null && arrays !== null) return { text: binary.text, parameters: arrays }
  return { text, parameters: lists.map((list) => arrayText(list.map(elementOf))) }
}

/** null: a value is not of its column's kind. */
function binaryArrays(kinds: readonly ArrayKind[], lists: Lists): readonly Uint8Array[] | null {
  const arrays: Uint8Array[] = []
  for (let i = 0; i < kinds.length; i++) {
    const array = binaryArray(kinds[i] as ArrayKind, lists[i] ?? [])
    if (array === null) return null
    arrays.push(array)
  }
  return arrays
}

/** A list is the text of its own literal here. */
const elementOf = (bind: Bind | undefined): Bind | undefined => (Array.isArray(bind) ? bindText(bind) : bind)
