/** What a related record says of itself: its key, its fields, and whether it can be made without more (data-plane 5.4, 5.5). */
import { BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { castToColumn, meansNull } from '../cast.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import type { TableView } from '../view.ts'
import type { NestedElement, NestedWork } from './nested.ts'
import type { Given, RelatedRows, StoredRow } from './rows.ts'

/** Inserts a record that names no key. Throws BadRequest where the database makes none. */
export async function insertNew(
  work: NestedWork,
  { record }: NestedElement,
  rows: RelatedRows,
  given: Given,
  index = 0,
): Promise<StoredRow> {
  if (work.rule === null) {
    const missing = rows.key.find(
      (column) =>
        !column.autoIncrement && !column.hasDefault && !given.has(column) && sentNothing(work.view, record, column),
    )
    if (missing) throw new BadRequest(`Related record has no primary key value for '${nameOf(missing)}'.`)
  }
  return rows.insert(record, given, index)
}

/** The value that a record was sent with for a column; undefined: none, or the caller does not see it. */
export function sentFor(view: TableView, record: { readonly [name: string]: Json }, column: Column): Json | undefined {
  if (!view.sees(column)) return undefined
  const name = nameOf(column)
  if (Object.hasOwn(record, name)) return record[name]
  const lower = name.toLowerCase()
  const found = Object.keys(record).find((each) => each.toLowerCase() === lower)
  return found === undefined ? undefined : record[found]
}

function sentNothing(view: TableView, record: { readonly [name: string]: Json }, column: Column): boolean {
  const value = sentFor(view, record, column)
  return value === undefined || meansNull(value, column)
}

/** The key that a related record names; null where a part is missing. `filled`: parts that are known anyway. */
export function sentKey(
  { view }: NestedWork,
  { record }: NestedElement,
  key: readonly Column[],
  filled: Given = new Map(),
): readonly Bind[] | null {
  if (key.length === 0) return null
  const values: Bind[] = []
  for (const column of key) {
    const known = filled.get(column)
    if (known !== undefined && known !== null) {
      values.push(known)
      continue
    }
    if (sentNothing(view, record, column)) return null
    values.push(castToColumn(sentFor(view, record, column) ?? null, column))
  }
  return values
}

/** Whether a related record says more than these columns. */
export function bringsMore({ view }: NestedWork, { record }: NestedElement, than: readonly Column[]): boolean {
  return Object.keys(record).some((name) => {
    const column = view.column(name)
    return column !== null && !than.includes(column)
  })
}
