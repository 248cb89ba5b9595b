/**
 * Casts of comparison values by the type of the column (data-plane 4.5, 9.2). Integers beyond 2^53 stay exact, decimals stay
 * digits, and a value that does not fit is a 400 that names the field.
 */
import { type Bind, Decimal, type Json } from 'dataferry/sdk'
import { type Column, nameOf, type SimpleType } from '../catalog/types.ts'
import { notBoolean, notInteger, notNumber, unparsable } from './faults.ts'
import { type Digits, digitsOf, integerOf, smallestInteger } from './numeric.ts'
import { inUtc } from './zones.ts'

export type CastKind = 'integer' | 'bigint' | 'boolean' | 'decimal' | 'float' | 'string' | 'other'

const kinds: ReadonlyMap<SimpleType, CastKind> = new Map<SimpleType, CastKind>([
  ['integer', 'integer'],
  ['id', 'integer'],
  ['reference', 'integer'],
  ['smallint', 'integer'],
  ['smallid', 'integer'],
  ['mediumint', 'integer'],
  ['mediumid', 'integer'],
  ['tinyint', 'integer'],
  ['user_id', 'integer'],
  ['user_id_on_create', 'integer'],
  ['user_id_on_update', 'integer'],
  ['bigint', 'bigint'],
  ['bigid', 'bigint'],
  ['boolean', 'boolean'],
  ['decimal', 'decimal'],
  ['float', 'float'],
  ['double', 'float'],
  ['string', 'string'],
  ['text', 'string'],
  ['mediumtext', 'string'],
  ['longtext', 'string'],
  ['enum', 'string'],
  ['set', 'string'],
])

export const castKind = (type: SimpleType): CastKind => kinds.get(type) ?? 'other'

const booleanWords: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', '1', 'yes', 'y', 'on'].map((word) => [word, true] as const),
  ...['false', 'f', '0', 'no', 'n', 'off'].map((word) => [word, false] as const),
])

/** What a word of data-plane 9.2 says, in any case; undefined for other words. */
export const booleanOf = (word: string): boolean | undefined => booleanWords.get(word.trim().toLowerCase())

/**
 * What the value is for. A value that is stored must fit. One that is compared saturates at the range of 64 bits (data-plane 4.5),
 * and a fraction beside an integer column becomes, for a comparison by order, the integer that means the same (`floor`, `ceil`).
 */
export type CastUse = 'store' | 'equal' | 'floor' | 'ceil'

/** The value as it is bound. A fraction for an integer column is refused but where `use` has an integer for it. Throws BadRequest. */
export function castValue(value: Json, column: Column, use: CastUse = 'store'): Bind {
  if (value === null) return null
  const scalar = scalarOf(value)
  const kind = castKind(column.type)
  if (scalar === undefined) throw kind === 'integer' ? notInteger(nameOf(column)) : unparsable()
  switch (kind) {
    case 'integer':
      return castInteger(scalar, column, use)
    case 'bigint':
      return castBigint(scalar, column)
    case 'boolean':
      return castBoolean(scalar, column)
    case 'decimal':
      return castDecimal(scalar, column)
    case 'float':
      return castFloat(scalar, column)
    case 'string':
      return textOf(scalar)
    case 'other':
      return column.zoneless === true && typeof scalar === 'string' ? inUtc(scalar) : scalar
  }
}

/** A value for a place without a type; lists and objects are refused. Throws BadRequest. */
export function plainValue(value: Json): Scalar | null {
  const scalar = value === null ? null : scalarOf(value)
  if (scalar === undefined) throw unparsable()
  return scalar
}

/** The text that a pattern or a text column is given. */
export const textOf = (value: Scalar): string => {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return String(value)
}

export type Scalar = boolean | number | bigint | string

function scalarOf(value: Json): Scalar | undefined {
  if (value instanceof Decimal) return value.digits
  return value === null || typeof value === 'object' ? undefined : value
}

const most = 2n ** 63n - 1n
const least = -(2n ** 63n)

/** Zero has no sign. */
const isPlainInteger = (value: Scalar): value is number => Number.isSafeInteger(value) && !Object.is(value, -0)

function castInteger(value: Scalar, column: Column, use: CastUse): Bind {
  if (isPlainInteger(value)) return value
  if (value === '' && column.allowNull) return null
  const digits = typeof value === 'boolean' ? null : digitsOf(value)
  const integer = digits && integerOf(digits, use === 'floor' || use === 'ceil' ? use : 'none')
  if (digits === null || integer === null) throw notInteger(nameOf(column))
  if (integer !== 'huge' && integer <= most && integer >= least) return smallestInteger(integer)
  if (use === 'store') throw notInteger(nameOf(column))
  return digits.negative ? least : most
}

/** Given as it is, but exact where it is an integer: unsigned ones go beyond the signed range. */
function castBigint(value: Scalar, column: Column): Bind {
  if (isPlainInteger(value)) return value
  if (value === '' && column.allowNull) return null
  if (typeof value === 'boolean') throw notInteger(nameOf(column))
  const digits = digitsOf(value)
  const integer = digits && integerOf(digits, 'none')
  return integer === null || integer === 'huge' ? value : smallestInteger(integer)
}

function castBoolean(value: Scalar, column: Column): Bind {
  if (value === '') return null
  const truth = typeof value === 'boolean' ? value : booleanOf(textOf(value))
  if (truth === undefined) throw notBoolean(nameOf(column))
  return /int|num|bit/i.test(column.dbType) ? Number(truth) : truth
}

function castDecimal(value: Scalar, column: Column): Bind {
  if (typeof value === 'number') {
    const text = String(value)
    // Printed with the digits that it has, unless there are too many.
    if (plainDecimal.test(text)) return text
  }
  if (value === '') return null
  const digits = typeof value === 'boolean' ? null : digitsOf(value)
  if (!digits) throw notNumber(nameOf(column))
  return printDigits(digits)
}

const plainDecimal = /^-?\d+(?:\.\d+)?$/

/** Beyond this many places a decimal is printed with an exponent. */
const mostPlaces = 100

function printDigits({ negative, digits, exponent }: Digits): string {
  const sign = negative ? '-' : ''
  if (Math.abs(exponent) > mostPlaces) return `${sign}${digits}e${exponent}`
  if (exponent >= 0) return `${sign}${digits}${'0'.repeat(exponent)}`
  const padded = digits.padStart(1 - exponent, '0')
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}

/** A double, from text too. One beyond its range is refused: as an infinity nothing could show it again. */
function castFloat(value: Scalar, column: Column): Bind {
  if (value === '') return null
  const number = typeof value === 'string' && !digitsOf(value) ? Number.NaN : Number(value)
  if (!Number.isFinite(number)) throw notNumber(nameOf(column))
  return number
}
