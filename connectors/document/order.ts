/** The order of values of all types, for stores that don't have it themselves: nothing, numbers, texts, objects, lists, booleans. */
import { compareDigits, compareText, digitsOf, isMembers } from 'dataferry/records'
import { Decimal, encodeJson, type Json } from 'dataferry/sdk'

const isNumber = (value: Json): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

function rank(value: Json): number {
  if (value === null) return 0
  if (isNumber(value) || value instanceof Decimal) return 1
  if (typeof value === 'string') return 2
  if (typeof value === 'boolean') return 5
  return Array.isArray(value) ? 4 : 3
}

/** Negative, 0 or positive; texts by code points. */
export function compareAny(a: Json, b: Json): number {
  const place = rank(a)
  if (place !== rank(b)) return place - rank(b)
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0
  if (place === 1) return compareNumbers(a, b)
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (typeof a === 'boolean') return Number(a) - Number(b)
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a as readonly Json[], b as readonly Json[])
  return isMembers(a) && isMembers(b) ? compareText(encodeJson(a), encodeJson(b)) : 0
}

function compareNumbers(a: Json, b: Json): number {
  const left = digitsOf(a)
  const right = digitsOf(b)
  return left && right ? compareDigits(left, right) : 0
}

function compareLists(a: readonly Json[], b: readonly Json[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const order = compareAny(a[at] ?? null, b[at] ?? null)
    if (order !== 0) return order
  }
  return a.length - b.length
}
