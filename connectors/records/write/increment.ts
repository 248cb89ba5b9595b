/**
 * `{"stock":{"$inc":-1}}`: the field is raised by a number where it is stored, so that two requests at once both count. A field without
 * a value counts as 0.
 */
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'
import { openStored } from '../cast.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import { castKind, castValue, type FilterExpr } from '../filter/index.ts'
import { isMembers } from '../payload.ts'
import type { FieldValue } from './fields.ts'

const numbers: ReadonlySet<string> = new Set(['integer', 'bigint', 'decimal', 'float'])

const isNumeric = ({ type, isForeignKey }: Column): boolean => numbers.has(castKind(type)) && !isForeignKey

/** Columns that store objects as they are. */
const keepsObjects = ({ type, dbType, open }: Column): boolean =>
  (open !== true && type === 'object') || type === 'json' || type === 'jsonb' || dbType === 'json' || dbType === 'jsonb'

/**
 * What an increment sets the column to; null for any other value. `insert`: the record is made by an upsert, and begins with the amount.
 * Throws BadRequest for a field or an amount that is no number, and for an increment of a record that is being created.
 */
export function incrementOf(raw: Json, column: Column, kind: 'insert' | 'update', upserts: boolean): FieldValue | null {
  if (!isMembers(raw) || !Object.hasOwn(raw, '$inc') || keepsObjects(column)) return null
  const name = nameOf(column)
  if (Object.keys(raw).length !== 1) throw new BadRequest(`Field '${name}': '$inc' stands alone.`)
  if (!isNumeric(column) && column.open !== true)
    throw new BadRequest(`Field '${name}' is no number that '$inc' could raise.`)
  const amount = raw.$inc ?? null
  if (typeof amount !== 'number' && typeof amount !== 'bigint' && !(amount instanceof Decimal))
    throw new BadRequest(`Field '${name}': '$inc' must be a number.`)
  const bound = castValue(amount, column)
  if (kind === 'insert') {
    if (!upserts) throw new BadRequest(`Field '${name}': '$inc' is for records that are updated.`)
    return { kind: 'value', value: column.open === true ? openStored(amount) : bound }
  }
  return { kind: 'expr', expr: { kind: 'arithmetic', op: '+', left: currentOf(column), right: literal(String(bound)) } }
}

const literal = (text: string): FilterExpr => ({ kind: 'value', value: { kind: 'text', text, quoted: false } })

function currentOf(column: Column): FilterExpr {
  const current: FilterExpr = { kind: 'column', column: nameOf(column) }
  return column.allowNull ? { kind: 'call', name: 'coalesce', args: [current, literal('0')] } : current
}
