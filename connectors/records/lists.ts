/** The generic rule for lists of resources (data-plane 1.4): identifiers, `fields`, `as_list`. */
import type { Json } from 'dataferry/sdk'
import type { FieldsAsked } from './options.ts'
import type { Row } from './store.ts'

/** `as_list`: the identifier of each row, `(v1,v2)` for several columns; rows that lack one are dropped. */
export function identifierList(rows: readonly Row[], names: readonly string[]): readonly Json[] {
  const [only] = names
  if (only === undefined) return []
  if (names.length === 1) return rows.flatMap((row) => (Object.hasOwn(row, only) ? [row[only] as Json] : []))
  return rows.flatMap((row) =>
    names.every((name) => Object.hasOwn(row, name)) ? [`(${names.map((name) => String(row[name])).join(',')})`] : [],
  )
}

/** What a list of described things shows: its identifiers, everything, or the members asked for. */
export function projectList(
  rows: readonly Row[],
  options: { readonly fields: FieldsAsked; readonly asList: boolean; readonly idField: readonly string[] | null },
): readonly Json[] {
  const identifier = options.idField ?? ['name']
  if (options.asList) return identifierList(rows, identifier)
  if (options.fields === 'all') return rows
  const names = Array.isArray(options.fields) ? (options.fields as readonly string[]) : identifier
  return rows.map((row) =>
    Object.fromEntries(names.filter((name) => Object.hasOwn(row, name)).map((name) => [name, row[name] as Json])),
  )
}
