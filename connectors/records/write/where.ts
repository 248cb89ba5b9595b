/** Keys of the records that a filter meets, where each is to be written by itself. */

import { castToColumn } from '../cast.ts'
import type { Filter } from '../filter/index.ts'
import { type KeyValue, needIdentifiers } from '../keys.ts'
import { asRows, keyProjections, planRead } from '../plan/read.ts'
import { rowsOf } from '../values.ts'
import { splitRow, type Writing } from './writing.ts'

/** null: every record that the view shows. */
export async function keysWhere(
  writing: Writing,
  filter: Filter | null,
  signal: AbortSignal,
): Promise<readonly KeyValue[]> {
  const { target, options } = writing
  const key = needIdentifiers(writing.key)
  const planned = planRead({
    view: target.view,
    columns: keyProjections(key),
    filter,
    params: options.params,
    result: asRows,
  })
  const rows = await rowsOf(target.store.read(planned), signal)
  return rows.map((row) => {
    const values = splitRow(row, key).key
    const text = values.length === 1 ? String(values[0]) : `(${values.map(String).join(',')})`
    return { text, values: key.map((column, at) => castToColumn(values[at] ?? null, column)) }
  })
}
