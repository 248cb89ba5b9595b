/** DynamoDB's values as JSON and back, at every depth: numbers keep their 38 digits, sets and bytes their kind where it is asked for. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { compareDigits, digitsOf, isMembers } from 'dataferry/records'
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'

export type Item = { readonly [name: string]: AttributeValue }
type Members = { readonly [name: string]: Json }

const mostDigits = 38

/** `exact`: in a form that `toValue` reads back as the same type. */
export function toJson(value: AttributeValue, exact = false): Json {
  if (value.S !== undefined) return value.S
  if (value.N !== undefined) return numberOf(value.N)
  if (value.BOOL !== undefined) return value.BOOL
  if (value.M !== undefined) return toMembers(value.M, exact)
  if (value.L !== undefined) return value.L.map((each) => toJson(each, exact))
  if (value.B !== undefined) return exact ? { $binary: base64(value.B) } : base64(value.B)
  if (value.SS !== undefined) return exact ? { $stringSet: value.SS.toSorted() } : value.SS
  if (value.NS !== undefined) return exact ? { $numberSet: value.NS.map(numberOf) } : value.NS.map(numberOf)
  if (value.BS !== undefined) return exact ? { $binarySet: value.BS.map(base64) } : value.BS.map(base64)
  return null
}

export function toMembers(item: Item, exact = false): Members {
  const members: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of Object.entries(item)) members[name] = toJson(value, exact)
  return members
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

function numberOf(text: string): Json {
  const number = Number(text)
  const [all, near] = [digitsOf(new Decimal(text)), digitsOf(number)]
  if (all && near && compareDigits(all, near) === 0) return number
  return /^-?\d+$/.test(text) ? BigInt(text) : new Decimal(text)
}

/** Throws BadRequest for what can be no value. */
export function toValue(value: Json): AttributeValue {
  if (value === null) return { NULL: true }
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'boolean') return { BOOL: value }
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal)
    return { N: numberText(value) }
  if (Array.isArray(value)) return { L: value.map((each) => toValue(each as Json)) }
  return special(value as Members) ?? { M: toItem(value as Members) }
}

export function toItem(members: Members): { [name: string]: AttributeValue } {
  const made: { [name: string]: AttributeValue } = {}
  for (const [name, member] of Object.entries(members)) {
    if (name.startsWith('$') || name.includes('.') || name.includes('\0') || name === '')
      throw new BadRequest(
        `A field can not be named '${name}': names are not empty, and hold no dot and no '$' in front.`,
      )
    made[name] = toValue(member)
  }
  return made
}

/** As DynamoDB takes it. Throws BadRequest for what is too large, too small, or has too many digits. */
export function numberText(value: Json): string {
  const text = value instanceof Decimal ? value.digits : String(value)
  if (!fits(value)) throw new BadRequest(`The number ${text.slice(0, 60)} has more digits than a document can hold.`)
  return text.replace('e+', 'E')
}

/** Whether DynamoDB has such a number. */
export function fits(value: Json): boolean {
  const parts = digitsOf(value)
  if (parts === null) return false
  const digits = parts.digits.replace(/^0+|0+$/g, '')
  if (digits === '') return true
  const magnitude = parts.digits.replace(/^0+/, '').length + parts.exponent - 1
  return digits.length <= mostDigits && magnitude <= 125 && magnitude >= -130
}

/** `$binary`, sets, and the present time of the engine; undefined: none of them. */
function special(value: Members): AttributeValue | undefined {
  const [name = '', ...others] = Object.keys(value)
  if (!name.startsWith('$') || others.length > 0) return undefined
  const inner = value[name] ?? null
  const refuse = (): never => {
    throw new BadRequest(`'${name}' does not hold what it must.`)
  }
  const list = (): readonly Json[] => (Array.isArray(inner) && inner.length > 0 ? (inner as readonly Json[]) : refuse())
  switch (name) {
    case '$date':
      return { S: typeof inner === 'string' && inner !== '' ? inner : new Date().toISOString() }
    case '$binary':
      return { B: bytes(inner) ?? refuse() }
    case '$stringSet':
      return { SS: unique(list().map((each) => (typeof each === 'string' ? each : refuse()))) }
    case '$numberSet':
      return { NS: unique(list().map((each) => (isNumber(each) ? numberText(each) : refuse()))) }
    case '$binarySet':
      return { BS: list().map((each) => bytes(each) ?? refuse()) }
    default:
      return undefined
  }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]

export const isNumber = (value: Json): value is number | bigint | Decimal =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Decimal

const base64Text = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** null: no base64. */
export function bytes(value: Json): Uint8Array | null {
  const text = isMembers(value) ? value.base64 : value
  return typeof text === 'string' && base64Text.test(text) ? new Uint8Array(Buffer.from(text, 'base64')) : null
}

/** A list that is written over a set stays one where its members are of the set's kind and no two are equal. */
export function likeBefore(before: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  const list = value.L
  if (list === undefined || list.length === 0 || before === undefined) return value
  const texts = list.flatMap((each) => (before.NS ? (each.N ?? []) : before.SS ? (each.S ?? []) : []))
  if (texts.length < list.length || new Set(texts).size < texts.length) return value
  return before.NS ? { NS: texts } : { SS: texts }
}

/** A text under which equal values are equal. */
export const valueText = (value: AttributeValue): string =>
  JSON.stringify(toJson(value, true), (_, each) =>
    typeof each === 'bigint' ? String(each) : each instanceof Decimal ? each.digits : each,
  )

/** `a + b`, exactly. Throws BadRequest where it has more digits than DynamoDB holds. */
export function sum(a: Json, b: Json): Decimal {
  const [left, right] = [scaled(a), scaled(b)]
  const exponent = Math.min(left.exponent, right.exponent)
  const up = (one: Scaled): bigint => one.value * 10n ** BigInt(one.exponent - exponent)
  const total = new Decimal(decimalText(up(left) + up(right), exponent))
  numberText(total)
  return total
}

interface Scaled {
  readonly value: bigint
  readonly exponent: number
}

function scaled(value: Json): Scaled {
  const text = value instanceof Decimal ? value.digits : String(value)
  const [mantissa = '0', power = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { value: BigInt(`${whole}${fraction}`), exponent: Number(power) - fraction.length }
}

function decimalText(value: bigint, exponent: number): string {
  if (exponent >= 0) return `${value}${value === 0n ? '' : '0'.repeat(exponent)}`
  const digits = String(value < 0n ? -value : value).padStart(1 - exponent, '0')
  const fraction = digits.slice(exponent).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, exponent)}${fraction === '' ? '' : `.${fraction}`}`
}
