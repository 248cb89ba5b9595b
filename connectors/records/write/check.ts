/** What is written must satisfy the role's row filter (data-plane 3.11). */
import { type Bind, Decimal, Forbidden, type Json, parseJson } from 'dataferry/sdk'
import { atPath, overlap } from '../catalog/open.ts'
import type { Column } from '../catalog/types.ts'
import { evaluate, evaluatePresent } from '../filter/index.ts'
import { Binds } from '../plan/binds.ts'
import type { TableView } from '../view.ts'
import type { FieldValue, FieldValues } from './fields.ts'

/** Throws Forbidden for values that leave the row filter. */
export type RowCheck = (values: FieldValues, kind: 'insert' | 'update') => void

/**
 * Makes the check of one view. A new record counts a missing field as null; of an update only the fields that it sets are looked at,
 * because the old row is within the filter already. What only the database can compute is denied where the filter looks at it.
 */
export function rowCheck(view: TableView): RowCheck {
  if (!view.filtered) return () => {}
  const binds = new Binds()
  const predicate = view.rows(binds)
  return (values, kind) => {
    let unknown = false
    const setTo = (column: Column): Json | undefined => {
      if (column.open === true) {
        const found = openValue(values, column)
        // Which member of a list, or what of an object, would be compared?
        if (found === 'unknown' || isStructure(found)) unknown = true
        return found === 'unknown' ? null : found
      }
      const value = values.get(column)
      if (value === undefined) return undefined
      if (value.kind === 'expr') unknown = true
      return shown(value)
    }
    const judge = kind === 'insert' ? evaluate : evaluatePresent
    const holds = predicate === null || judge(predicate, binds.values, setTo)
    if (!holds || unknown) throw new Forbidden('Denied access to some of the requested fields.')
  }
}

/**
 * Whether a new record is within the row filter, for tables that are not open: `held` tells what it holds in a column. null: there is
 * no filter.
 */
export function insertCheck(view: TableView): ((held: (column: Column) => Bind | undefined) => boolean) | null {
  if (!view.filtered) return null
  const binds = new Binds()
  const predicate = view.rows(binds)
  if (predicate === null) return null
  return (held) =>
    evaluate(predicate, binds.values, (column) => {
      const value = held(column)
      return value === undefined ? undefined : shown({ kind: 'value', value })
    })
}

const isStructure = (value: Json | undefined): boolean =>
  typeof value === 'object' && value !== null && !(value instanceof Decimal)

/** What an open column is set to, by itself or by a field above it; `unknown`: by one below it, or by what only the store can compute. */
function openValue(values: FieldValues, column: Column): Json | undefined | 'unknown' {
  for (const [set, value] of values) {
    if (set.open !== true || !overlap(set.name, column.name)) continue
    const within = set.name === column.name || column.name.startsWith(`${set.name}.`)
    if (!within || value.kind === 'expr') return 'unknown'
    const stored = typeof value.value === 'string' ? parseJson(value.value) : null
    if (set.name === column.name) return stored
    if (Array.isArray(stored)) return 'unknown'
    return reach(stored, column.name.slice(set.name.length + 1))
  }
  return undefined
}

/** null: nothing is there any more. A list on the way has many values. */
function reach(value: Json, path: string): Json | 'unknown' {
  let here: Json | undefined = value
  for (const segment of path.split('.')) {
    if (Array.isArray(here)) return 'unknown'
    here = here === undefined ? undefined : atPath(here, segment)
  }
  return here ?? null
}

function shown(value: FieldValue): Json {
  if (value.kind === 'expr' || Array.isArray(value.value)) return null
  if (value.value instanceof Uint8Array) return Buffer.from(value.value).toString('base64')
  return value.value as Json
}
