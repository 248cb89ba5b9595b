/** What is written must satisfy the role's row filter (data-plane 3.11). */
import { Forbidden, type Json } from 'dataferry/sdk'
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

function shown(value: FieldValue): Json {
  if (value.kind === 'expr' || Array.isArray(value.value)) return null
  if (value.value instanceof Uint8Array) return Buffer.from(value.value).toString('base64')
  return value.value as Json
}
