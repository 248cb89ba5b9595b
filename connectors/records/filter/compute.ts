/** Values of expressions and how they compare, in memory, as SQLite does it unless the column's type says more. */
import { type Bind, Decimal, type Json } from 'dataferry/sdk'
import type { Column, SimpleType } from '../catalog/types.ts'
import { booleanOf, castKind } from './casts.ts'
import { compareDigits, type Digits, digitsOf, integerOf, smallestInteger } from './numeric.ts'
import type { ArithmeticOp, FunctionName, PlanExpr } from './types.ts'

/** One value of a row; undefined: the row does not have the column. */
export type RowGetter = (column: Column) => Json | undefined

/** What an expression comes to: null is SQL's, Decimals are digits as text, bytes are base64, lists and objects are JSON text. */
export type Value = null | boolean | number | bigint | string

/** Computes an expression; undefined where a column that it needs is absent. */
export function compute(expr: PlanExpr, binds: readonly Bind[], row: RowGetter): Value | undefined {
  switch (expr.kind) {
    case 'column': {
      const value = row(expr.column)
      return value === undefined ? undefined : valueFrom(value)
    }
    case 'value':
      return valueFrom(binds[expr.value] ?? null)
    case 'arithmetic': {
      const left = compute(expr.left, binds, row)
      const right = compute(expr.right, binds, row)
      return left === undefined || right === undefined ? undefined : calculate(expr.op, left, right)
    }
    case 'call': {
      const args: Value[] = []
      for (const arg of expr.args) {
        const value = compute(arg, binds, row)
        if (value === undefined) return undefined
        args.push(value)
      }
      return call(expr.name, args)
    }
  }
}

export function valueFrom(value: Json | Bind): Value {
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Decimal) return value.digits
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : member))
}

const numericKinds: ReadonlySet<string> = new Set(['integer', 'bigint', 'decimal', 'float', 'boolean'])

/**
 * Negative, 0 or positive; null where either is null. Numbers compare with numbers exactly, also as texts where the column's type
 * is numeric; a number and a text that is no number compare as texts.
 */
export function compareValues(a: Value, b: Value, type: SimpleType | null): number | null {
  if (a === null || b === null) return null
  const texts = typeof a === 'string' && typeof b === 'string'
  const kind = type === null ? 'other' : castKind(type)
  if (texts && !numericKinds.has(kind)) return compareText(a, b)
  const left = kind === 'boolean' ? asBoolean(a) : a
  const right = kind === 'boolean' ? asBoolean(b) : b
  if (isNumber(left) && isNumber(right)) return left === right ? 0 : left < right ? -1 : left > right ? 1 : 0
  const leftDigits = digitsOf(left)
  const rightDigits = digitsOf(right)
  if (leftDigits && rightDigits) return compareDigits(leftDigits, rightDigits)
  return compareText(String(left), String(right))
}

const isNumber = (value: Value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

const asBoolean = (value: Value): Value => (typeof value === 'string' ? (booleanOf(value) ?? value) : value)

/** By code points, as a binary collation of UTF-8 sorts them. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all other units. */
const codePointRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)

function calculate(op: ArithmeticOp, left: Value, right: Value): Value {
  if (left === null || right === null) return null
  const a = numberOf(left)
  const b = numberOf(right)
  if ((op === '/' || op === '%') && Number(b) === 0) return null
  if (typeof a === 'bigint' && typeof b === 'bigint') return smallestInteger(integerOperations[op](a, b))
  return floatOperations[op](Number(a), Number(b))
}

const integerOperations: { readonly [O in ArithmeticOp]: (a: bigint, b: bigint) => bigint } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}
const floatOperations: { readonly [O in ArithmeticOp]: (a: number, b: number) => number } = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}

/** bigint for whole numbers, 0 for what is no number. */
function numberOf(value: Exclude<Value, null>): number | bigint {
  const digits = digitsOf(value)
  if (!digits) return 0n
  const whole = digits.exponent < 0 ? null : integerOf(digits, 'none')
  return typeof whole === 'bigint' ? whole : Number(value)
}

function call(name: FunctionName, args: readonly Value[]): Value {
  if (name === 'coalesce') return args.find((arg) => arg !== null) ?? null
  if (name === 'now' || name.startsWith('current_')) return clock(name)
  const [first, second] = args
  if (first === undefined || first === null || second === null) return null
  const text = String(first)
  switch (name) {
    case 'lower':
      return text.toLowerCase()
    case 'upper':
      return text.toUpperCase()
    case 'trim':
      return text.replace(/^ +/, '').replace(/(?<! ) +$/, '')
    case 'length':
      return [...text].length
    case 'abs': {
      const number = numberOf(first)
      return typeof number === 'number' ? Math.abs(number) : smallestInteger(number < 0n ? -number : number)
    }
    case 'round':
      return round(first, second === undefined ? 0 : Number(numberOf(second)))
    case 'floor':
    case 'ceil':
      return wholeOf(digitsOf(first), name)
    default:
      return datePart(name, text)
  }
}

function wholeOf(digits: Digits | null, rounding: 'floor' | 'ceil'): Value {
  const whole = digits && integerOf(digits, rounding)
  return typeof whole === 'bigint' ? smallestInteger(whole) : null
}

/** Halves go away from zero. */
function round(value: Exclude<Value, null>, places: number): Value {
  const number = numberOf(value)
  if (typeof number === 'bigint') return smallestInteger(number)
  const kept = Math.max(0, Math.min(30, Math.trunc(places)))
  const size = Number(`${Math.round(Number(`${Math.abs(number)}e${kept}`))}e-${kept}`)
  return Number.isNaN(size) ? number : Math.sign(number) * size
}

/** UTC, like the sessions of databases (data-plane 3.2). */
function clock(name: FunctionName): string {
  const [date = '', time = ''] = new Date().toISOString().slice(0, 19).split('T')
  if (name === 'current_date') return date
  return name === 'current_time' ? time : `${date} ${time}`
}

const dateShape = /^(?:(\d{4})-(\d{2})-(\d{2}))?(?:^|[T ]|$)(?:(\d{2}):(\d{2})(?::(\d{2}))?)?/
const dateParts: readonly FunctionName[] = ['year', 'month', 'day', 'hour', 'minute', 'second']

function datePart(name: FunctionName, text: string): Value {
  const index = dateParts.indexOf(name)
  const found = index === -1 ? null : dateShape.exec(text)
  if (!found) return null
  const part = found[index + 1]
  if (part !== undefined) return Number(part)
  return found[1] !== undefined && index > 2 ? 0 : null
}
