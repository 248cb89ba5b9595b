/** BSON as JSON and back, at every depth (data-plane 8.1): dates keep their milliseconds, long integers and decimals their digits. */
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'
import type { Decimal128 } from 'mongodb'
import { driver } from './driver.ts'

type Members = { readonly [name: string]: Json }

const hex24 = /^[0-9a-f]{24}$/i
const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** `exact`: in a form that `toBson` reads back as the same type. */
export function toJson(value: unknown, exact = false): Json {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint')
    return value
  const bson = driver()
  if (value instanceof bson.Int32) return value.value
  if (value instanceof bson.Double)
    return Number.isFinite(value.value) ? value.value : { $numberDouble: String(value.value) }
  if (value instanceof bson.ObjectId) return exact ? { $oid: value.toHexString() } : value.toHexString()
  if (value instanceof Date) return { $date: dateText(value) }
  if (value instanceof bson.Timestamp)
    return exact ? { $timestamp: { t: value.t, i: value.i } } : `[${value.i}:${value.t}]`
  if (value instanceof bson.Long) return integer(value.toBigInt())
  if (value instanceof bson.Decimal128) {
    const digits = exact ? null : decimalDigits(value)
    return digits === null ? { $numberDecimal: value.toString() } : new Decimal(digits)
  }
  if (value instanceof bson.Binary) {
    const base64 = Buffer.from(value.value()).toString('base64')
    return exact ? { $binary: { base64, subType: value.sub_type.toString(16) } } : base64
  }
  if (value instanceof bson.BSONRegExp) return { $regex: value.pattern, $options: value.options }
  if (value instanceof bson.MinKey) return { $minKey: 1 }
  if (value instanceof bson.MaxKey) return { $maxKey: 1 }
  if (value instanceof bson.BSONSymbol) return exact ? { $symbol: value.valueOf() } : value.valueOf()
  if (value instanceof bson.Code)
    return { $code: value.code, ...(value.scope ? { $scope: toJson(value.scope, exact) } : {}) }
  if (value instanceof bson.DBRef) return toJson(value.toJSON(), exact)
  if (Array.isArray(value)) return value.map((each) => toJson(each, exact))
  const members: { [name: string]: Json } = Object.create(null)
  for (const [name, member] of Object.entries(value)) members[name] = toJson(member, exact)
  return members
}

/** null: it is no number. */
export function decimalDigits(value: Decimal128): string | null {
  const digits = value.toString()
  return number.test(digits) ? digits : null
}

const integer = (value: bigint): Json => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

/** As the contract prints dates, milliseconds only where there are some. */
export function dateText(date: Date): string {
  const time = date.getTime()
  if (Number.isNaN(time)) return ''
  return date.toISOString().replace(/(?:\.000)?Z$/, '+00:00')
}

/** Throws BadRequest for what can be no value. `operators`: names that begin with `$` are left to the caller. */
export function toBson(value: Json, operators = false): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || Object.is(value, -0) || !Number.isSafeInteger(value))
      return new (driver().Double)(value)
    return value >= -(2 ** 31) && value < 2 ** 31 ? new (driver().Int32)(value) : driver().Long.fromNumber(value)
  }
  if (typeof value === 'bigint')
    return value >= -(2n ** 63n) && value < 2n ** 63n ? driver().Long.fromBigInt(value) : decimal(String(value))
  if (value instanceof Decimal) return decimal(value.digits)
  if (Array.isArray(value)) return value.map((each) => toBson(each as Json, operators))
  const object = value as Members
  const names = Object.keys(object)
  if (names[0]?.startsWith('$')) {
    const special = extended(object, names)
    if (special !== undefined) return special
  }
  const members: { [name: string]: unknown } = Object.create(null)
  for (const name of names) {
    if (!operators) checkName(name)
    const member = object[name] ?? null
    members[name] =
      operators && name === '_id' && isHex(member) ? new (driver().ObjectId)(member) : toBson(member, operators)
  }
  return members
}

function checkName(name: string): void {
  if (name.startsWith('$') || name.includes('.') || name.includes('\0') || name === '')
    throw new BadRequest(
      `A field can not be named '${name}': names are not empty, and hold no dot and no '$' in front.`,
    )
}

const text = (value: Json | undefined): string => (typeof value === 'object' ? '' : String(value ?? ''))

function decimal(digits: string): Decimal128 {
  try {
    return driver().Decimal128.fromString(digits)
  } catch (cause) {
    throw new BadRequest(`The number ${digits.slice(0, 60)} has more digits than a document can hold.`, { cause })
  }
}

/** Extended JSON, and the forms of the contract; undefined: none of them. */
function extended(value: Members, names: readonly string[]): unknown {
  const [name = ''] = names
  const inner = value[name] ?? null
  const beside = names.length > 1
  try {
    switch (name) {
      case '$oid':
      case '$id':
        return beside || !hex24.test(text(inner)) ? refused(name) : new (driver().ObjectId)(text(inner))
      case '$date':
        return beside ? refused(name) : dateOf(inner)
      case '$numberInt':
        return beside ? refused(name) : new (driver().Int32)(Number(text(inner)))
      case '$numberLong':
        return beside ? refused(name) : driver().Long.fromBigInt(BigInt(text(inner)))
      case '$numberDouble':
        return beside ? refused(name) : new (driver().Double)(Number(text(inner)))
      case '$numberDecimal':
        return beside ? refused(name) : driver().Decimal128.fromString(text(inner))
      case '$binary': {
        const parts = isMembers(inner) ? inner : { base64: inner, subType: value.$type ?? '0' }
        return new (driver().Binary)(
          Buffer.from(text(parts.base64), 'base64'),
          Number.parseInt(text(parts.subType) || '0', 16),
        )
      }
      case '$uuid':
        return beside ? refused(name) : new (driver().UUID)(text(inner))
      case '$timestamp':
        return isMembers(inner) ? new (driver().Timestamp)({ t: Number(inner.t), i: Number(inner.i) }) : refused(name)
      case '$regularExpression':
        return isMembers(inner) ? new (driver().BSONRegExp)(text(inner.pattern), text(inner.options)) : refused(name)
      case '$regex':
        return names.every((each) => each === '$regex' || each === '$options')
          ? new (driver().BSONRegExp)(text(inner), text(value.$options))
          : undefined
      case '$minKey':
        return new (driver().MinKey)()
      case '$maxKey':
        return new (driver().MaxKey)()
      case '$symbol':
        return new (driver().BSONSymbol)(text(inner))
      case '$code':
        return new (driver().Code)(text(inner))
      default:
        return undefined
    }
  } catch (cause) {
    if (cause instanceof BadRequest) throw cause
    return refused(name, cause)
  }
}

const isMembers = (value: Json): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)

function refused(name: string, cause?: unknown): never {
  throw new BadRequest(`'${name}' does not hold what it must.`, { cause })
}

/** A text, seconds, milliseconds as `$numberLong`, or nothing for the present moment. */
function dateOf(value: Json): Date {
  if (value === null || value === '') return new Date()
  const date = isMembers(value)
    ? new Date(Number(text(value.$numberLong)))
    : new Date(
        typeof value === 'string'
          ? value.includes('T') || !/\d \d/.test(value)
            ? value
            : zoned(value)
          : Number(value) * 1000,
      )
  return Number.isNaN(date.getTime()) ? refused('$date') : date
}

/** UTC where the text does not say. */
const zoned = (value: string): string => (/(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value.replace(' ', 'T')}Z`)

/** An identifier: 24 hexadecimal digits are an ObjectId, in quotes they stay text. */
export function idOf(value: Json): unknown {
  if (typeof value !== 'string') return toBson(value)
  if (hex24.test(value)) return new (driver().ObjectId)(value)
  const quoted = /^'([0-9a-f]{24})'$/i.exec(value)?.[1]
  return quoted ?? value
}

export const isHex = (value: unknown): value is string => typeof value === 'string' && hex24.test(value)
