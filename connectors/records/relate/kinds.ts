/** Kinds of key columns: values of one kind are compared by the database, those of two by us (architecture, "Records" 5). */
import { BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { castToColumn } from '../cast.ts'
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import { castKind, readDigits } from '../filter/index.ts'

/** `number`, or what the column holds. */
export function keyKind({ type }: Column): string {
  const kind = castKind(type)
  if (kind === 'integer' || kind === 'bigint' || kind === 'decimal' || kind === 'float' || kind === 'boolean') {
    return 'number'
  }
  return kind === 'other' ? type : kind
}

/** Keys of a virtual relation may be of different kinds, which a database refuses to compare or compares in its own way. */
export function isOtherKind(relation: Relation, from: Table, child: Table, junction: Table | null): boolean {
  // No store joins documents.
  if (from.open === true || child.open === true || junction?.open === true) return true
  if (!relation.isVirtual) return false
  const differ = (a: readonly Column[], b: readonly Column[]): boolean =>
    a.some((column, at) => keyKind(column) !== keyKind(b[at] ?? column))
  const of = ({ columns }: Table, names: readonly string[]): readonly Column[] =>
    names.flatMap((name) => columns.find((column) => column.name.toLowerCase() === name.toLowerCase()) ?? [])
  const own = of(from, relation.fields)
  const refs = of(child, relation.refFields)
  if (relation.junction === null || junction === null) return differ(own, refs)
  const { fields, refFields } = relation.junction
  return differ(own, of(junction, fields)) || differ(of(junction, refFields), refs)
}

/**
 * A key's value as the other column of its relation holds it. Between a number and a text the text is the number as it is plainly
 * written: `7` is `"7"`, never `"07"`. Throws BadRequest for what can be no value of the column.
 */
export function keyAs(value: Json | Bind, from: Column, column: Column): Bind {
  if (value === null || value instanceof Uint8Array || isList(value)) return value as Bind
  const one = value as Json
  if (column.open === true) return castToColumn(one, column)
  if (from.open === true && typeof one === 'number' && keyKind(column) === 'number') return castToColumn(one, column)
  if (keyKind(from) === 'number') return castToColumn(numberText(one), column)
  if (keyKind(column) === 'number' && numberText(one) !== one) {
    throw new BadRequest(`Field '${nameOf(from)}' holds what can be no value of '${nameOf(column)}'.`)
  }
  return castToColumn(castKind(column.type) === 'string' ? String(one) : one, column)
}

const isList = (value: Json | Bind): value is readonly Bind[] => Array.isArray(value)

/** The text under which two keys are the same: `7`, `"7"` and `7.0` are where one of the columns holds numbers, texts are as written. */
export function joinKey(key: readonly Json[], numeric: readonly boolean[]): string {
  return JSON.stringify(key.map((value, at) => (numeric[at] ? numberText(value) : String(value))))
}

/** Places beyond which a number is written with an exponent. */
const mostPlaces = 100

/** The one way to write a number; what is none is as it is. */
function numberText(value: Json): string {
  const text = String(typeof value === 'boolean' ? Number(value) : value)
  const read = readDigits(text.trim())
  if (!read) return text
  const digits = read.digits.replace(/0+$/, '').replace(/^0+/, '')
  if (digits === '') return '0'
  const sign = read.negative ? '-' : ''
  const exponent = read.exponent + read.digits.length - read.digits.replace(/0+$/, '').length
  if (Math.abs(exponent) > mostPlaces) return `${sign}${digits}e${exponent}`
  if (exponent >= 0) return `${sign}${digits}${'0'.repeat(exponent)}`
  const padded = digits.padStart(1 - exponent, '0')
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}
