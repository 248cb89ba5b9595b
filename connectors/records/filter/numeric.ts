/** Numbers as digits: read, cut and compared without a double in between, so that nothing is lost (data-plane 9.2). */
import { Decimal, type Json } from 'dataferry/sdk'

/** `digits` (no zeros in front, '0' alone is zero) times ten to the power of `exponent`. */
export interface Digits {
  readonly negative: boolean
  readonly digits: string
  readonly exponent: number
}

const shape = /^[ \t\n\r\v\f]*([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?[ \t\n\r\v\f]*$/

/** A numeric text: blanks around it, a sign, a fraction and an exponent are allowed, hexadecimal is not. null: not numeric. */
export function readDigits(text: string): Digits | null {
  const found = shape.exec(text)
  if (!found) return null
  const fraction = found[3] ?? found[4] ?? ''
  const all = (found[2] ?? '') + fraction
  let start = 0
  while (start < all.length - 1 && all[start] === '0') start += 1
  const digits = all.slice(start)
  const zero = digits === '0'
  return {
    negative: found[1] === '-' && !zero,
    digits,
    exponent: zero ? 0 : Number(found[5] ?? 0) - fraction.length,
  }
}

/** Which integer stands for a fraction; `none`: no integer does. */
export type Rounding = 'none' | 'floor' | 'ceil'

/** More digits than any database's integer has: read no further. */
const mostDigits = 40

/** The integer; null for a fraction under `none`; 'huge' where it has over 40 digits (the sign is the number's). */
export function integerOf(number: Digits, rounding: Rounding): bigint | 'huge' | null {
  const { negative, digits, exponent } = number
  if (digits === '0') return 0n
  const length = digits.length + exponent
  if (length > mostDigits) return 'huge'
  const kept = exponent >= 0 ? digits + '0'.repeat(exponent) : length > 0 ? digits.slice(0, length) : '0'
  const lost = exponent < 0 && /[1-9]/.test(digits.slice(Math.max(0, length)))
  if (lost && rounding === 'none') return null
  const whole = negative ? -BigInt(kept) : BigInt(kept)
  if (lost && rounding === 'floor' && negative) return whole - 1n
  if (lost && rounding === 'ceil' && !negative) return whole + 1n
  return whole
}

/** -1, 0 or 1, exactly. */
export function compareDigits(a: Digits, b: Digits): number {
  if (a.negative !== b.negative) return a.negative ? -1 : 1
  return a.negative ? compareSize(b, a) : compareSize(a, b)
}

function compareSize(a: Digits, b: Digits): number {
  if (a.digits === '0' || b.digits === '0') return Number(a.digits !== '0') - Number(b.digits !== '0')
  const length = a.digits.length + a.exponent - (b.digits.length + b.exponent)
  if (length !== 0) return Math.sign(length)
  const width = Math.max(a.digits.length, b.digits.length)
  const left = a.digits.padEnd(width, '0')
  const right = b.digits.padEnd(width, '0')
  return left === right ? 0 : left < right ? -1 : 1
}

/** The digits of a value that is a number or a numeric text; true is 1, false 0; null for the rest. */
export function digitsOf(value: Json): Digits | null {
  if (typeof value === 'boolean') return readDigits(value ? '1' : '0')
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string')
    return readDigits(String(value))
  return value instanceof Decimal ? readDigits(value.digits) : null
}

/** A number where it is exact as one, else its digits. `text` is a JSON number. */
export function smallestNumber(text: string): number | Decimal {
  const number = Number(text)
  const [all, near] = [readDigits(text), readDigits(String(number))]
  return all && near && compareDigits(all, near) === 0 ? number : new Decimal(text)
}

/** A number where it is exact as one, else a bigint. */
export const smallestInteger = (value: bigint): number | bigint =>
  value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
