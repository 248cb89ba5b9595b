/** Keys of the records that a filter meets, where each is to be written by itself. */

import { castToColumn } from '../cast.ts'
import type { Column } from '../catalog/types.ts'
import type { Filter } from '../filter/index.ts'
import { type KeyValue, needIdentifiers } from '../keys.ts'
import { asRows, keyProjections, planRead } from '../plan/read.ts'
import type { RelatedFields } from '../relate/fields.ts'
import type { Row } from '../store.ts'
import { rowsOf } from '../values.ts'
import { splitRow, type Writing } from './writing.ts'

/** null: every record that the view shows. */
export async function keysWhere(
  writing: Writing,
  filter: Filter | null,
  fields: RelatedFields | null,
  signal: AbortSignal,
): Promise<readonly KeyValue[]> {
  const { target, options } = writing
  const key = needIdentifiers(writing.key)
  const planned = planRead({
    view: target.view,
    columns: keyProjections(key),
    filter,
    fields,
    params: options.params,
    result: asRows,
  })
  return keysOf(await rowsOf(target.store.read(planned), signal), key)
}

/** The keys of rows that were read for them. */
export const keysOf = (rows: readonly Row[], key: readonly Column[]): readonly KeyValue[] =>
  rows.map((row) => {
    const values = splitRow(row, key).key
    const text = values.length === 1 ? String(values[0]) : `(${values.map(String).join(',')})`
    return { text, values: key.map((column, at) => castToColumn(values[at] ?? null, column)) }
  })
