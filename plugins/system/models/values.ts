/** Values that clients send for system records, as the types that columns hold. */
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'

const truths: ReadonlySet<string> = new Set(['1', 'true', 'yes', 'y', 't', 'on'])
const untruths: ReadonlySet<string> = new Set(['0', 'false', 'no', 'n', 'f', 'off'])

/** Booleans, numbers and words; null and '' give `preset`. */
export function flagOf(field: string, value: Json, preset: boolean): boolean {
  if (typeof value === 'boolean') return value
  if (value === null || value === '') return preset
  const word = String(value).trim().toLowerCase()
  if (truths.has(word)) return true
  if (untruths.has(word)) return false
  throw new BadRequest(`Field '${field}' must be a valid boolean.`)
}

/** Whole numbers and their texts; null and '' are null. */
export function integerOf(field: string, value: Json): number | null {
  if (value === null || value === '') return null
  const number =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string'
      ? Number(value)
      : value instanceof Decimal
        ? Number(value.digits)
        : Number.NaN
  if (!Number.isSafeInteger(number)) throw new BadRequest(`Field '${field}' must be a valid integer.`)
  return number
}

/** The id of another record: as integers, and 0 is none (the admin interface sends it so). */
export function referenceOf(field: string, value: Json): number | null {
  return integerOf(field, value) || null
}
