/**
 * JSON from the bytes of cells: bytes to bytes, without a string in between where none is needed. Writers take a cell of `length` bytes at
 * `start`, write to `out` at `at`, and answer where they ended. Whoever calls them has made room for 6 bytes out of 1, and 24 more.
 */

import { copyBytes, jsonNullBytes, jsonTextBytes } from 'dataferry/sql'

export type CellWriter = (bytes: Buffer, start: number, length: number, out: Buffer, at: number) => number

const char = {
  quote: 34,
  plus: 43,
  minus: 45,
  point: 46,
  zero: 48,
  nine: 57,
  listStart: 91,
  listEnd: 93,
  a: 97,
  e: 101,
  f: 102,
  l: 108,
  r: 114,
  s: 115,
  t: 116,
  u: 117,
} as const

export const jsonString: CellWriter = (bytes, start, length, out, at) =>
  jsonTextBytes(bytes, start, start + length, out, at)

// ---- numbers

/** What stands in the place of an end: no number; one with an exponent. */
export const noNumber = -1
export const scientific = -2

const isSign = (byte: number): boolean => byte === char.minus || byte === char.plus

/** Where the digits end that say something: zeros behind the point say nothing. */
export function numberEnd(bytes: Buffer, start: number, length: number): number {
  const end = start + length
  let point = -1
  let exponent = false
  let digits = false
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte >= char.zero && byte <= char.nine) digits = true
    else if (byte === char.point && point < 0 && !exponent) point = at
    else if (byte === char.e && digits && !exponent) exponent = true
    else if (!isSign(byte) || (at > start ? bytes[at - 1] !== char.e : byte === char.plus)) return noNumber
  }
  if (!digits) return noNumber
  if (exponent) return scientific
  if (point < 0) return end
  let last = end
  while (bytes[last - 1] === char.zero) last--
  return last - 1 === point ? point : last
}

/** Only floating point numbers have exponents; up to 21 digits they are printed without one. */
export const plainNumber = (bytes: Buffer, start: number, length: number): string =>
  String(Number(bytes.toString('latin1', start, start + length)))

/** NaN and the infinities have no JSON. */
export const isNotFinite = (bytes: Buffer, start: number, length: number): boolean =>
  /^-?(?:NaN|Infinity)$/.test(bytes.toString('latin1', start, start + length))

/** Digits go through in one pass; what is anything else is looked at as a whole. */
export const jsonNumber: CellWriter = (bytes, start, length, out, at) => {
  const end = start + length
  let from = start
  let to = at
  if (bytes[from] === char.minus) out[to++] = bytes[from++] as number
  const first = bytes[from] as number
  if (from === end || first < char.zero || first > char.nine) return otherNumber(bytes, start, length, out, at)
  let point = -1
  for (; from < end; from++) {
    const byte = bytes[from] as number
    if (byte < char.zero || byte > char.nine) {
      if (byte !== char.point || point >= 0) return otherNumber(bytes, start, length, out, at)
      point = to
    }
    out[to++] = byte
  }
  if (point < 0) return to
  while (out[to - 1] === char.zero) to--
  return to - 1 === point ? point : to
}

const otherNumber: CellWriter = (bytes, start, length, out, at) => {
  const end = numberEnd(bytes, start, length)
  if (end >= 0) return copyBytes(bytes, start, end, out, at)
  if (end === scientific) return at + out.write(plainNumber(bytes, start, length), at, 'latin1')
  return isNotFinite(bytes, start, length) ? jsonNullBytes(out, at) : jsonString(bytes, start, length, out, at)
}

/** The same, but for those: their names in a list. */
export const jsonLossless: CellWriter = (bytes, start, length, out, at) => {
  if (!isNotFinite(bytes, start, length)) return jsonNumber(bytes, start, length, out, at)
  out[at++] = char.listStart
  at = jsonString(bytes, start, length, out, at)
  out[at++] = char.listEnd
  return at
}

// ---- booleans and bytes

/** `t` and `f`, or a bit. null: neither. */
export function truth(bytes: Buffer, start: number, length: number): boolean | null {
  if (length !== 1) return null
  const byte = bytes[start]
  if (byte === char.t || byte === char.zero + 1) return true
  return byte === char.f || byte === char.zero ? false : null
}

export const jsonBoolean: CellWriter = (bytes, start, length, out, at) => {
  const value = truth(bytes, start, length)
  if (value === null) return jsonString(bytes, start, length, out, at)
  if (value) {
    out[at++] = char.t
    out[at++] = char.r
    out[at++] = char.u
  } else {
    out[at++] = char.f
    out[at++] = char.a
    out[at++] = char.l
    out[at++] = char.s
  }
  out[at++] = char.e
  return at
}

/** The server sends bytes as `\x` and hexadecimal digits. */
export const base64 = (bytes: Buffer, start: number, length: number): string =>
  Buffer.from(bytes.toString('latin1', start + 2, start + length), 'hex').toString('base64')

export const jsonBinary: CellWriter = (bytes, start, length, out, at) => {
  out[at++] = char.quote
  at += out.write(base64(bytes, start, length), at, 'latin1')
  out[at++] = char.quote
  return at
}
