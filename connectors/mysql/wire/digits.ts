/** Numbers and dates of the server's binary form as ASCII, byte by byte. Writers answer where they ended; there is room for 32 bytes. */
import { shortestFloat } from '../cells.ts'

const minus = 45
const point = 46
const zero = 48

/** The two digits of each number below 100. */
const pairs = Buffer.from(Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0')).join(''), 'latin1')

export function ascii(text: string, out: Buffer, at: number): number {
  for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i)
  return at
}

/** Two digits. */
export function pair(value: number, out: Buffer, at: number): number {
  out[at] = pairs[value * 2] as number
  out[at + 1] = pairs[value * 2 + 1] as number
  return at + 2
}

/** Of 0 to 2,147,483,647. */
export function natural(value: number, out: Buffer, at: number): number {
  if (value < 10) {
    out[at] = zero + value
    return at + 1
  }
  if (value < 100) return pair(value, out, at)
  let end = at
  for (let rest = value; rest > 0; rest = (rest / 10) | 0) end++
  let to = end
  let rest = value
  while (rest >= 100) {
    const next = (rest / 100) | 0
    to -= 2
    pair(rest - next * 100, out, to)
    rest = next
  }
  if (rest >= 10) pair(rest, out, at)
  else out[at] = zero + rest
  return end
}

export function int32(value: number, out: Buffer, at: number): number {
  if (value >= 0) return natural(value, out, at)
  if (value === -2147483648) return ascii('-2147483648', out, at)
  out[at] = minus
  return natural(-value, out, at + 1)
}

const billion = 1_000_000_000

/** A whole number that a double holds. */
function safe(value: number, out: Buffer, at: number): number {
  if (value < 0) {
    out[at] = minus
    return safe(-value, out, at + 1)
  }
  if (value <= 0x7fffffff) return natural(value, out, at)
  const high = Math.floor(value / billion)
  const start = natural(high, out, at)
  let rest = value - high * billion
  for (let to = start + 8; to >= start; to--) {
    const next = (rest / 10) | 0
    out[to] = zero + rest - next * 10
    rest = next
  }
  return start + 9
}

/** 64 bits at `from`. */
export function int64(bytes: Buffer, from: number, signed: boolean, out: Buffer, at: number): number {
  const low = bytes.readUInt32LE(from)
  const high = signed ? bytes.readInt32LE(from + 4) : bytes.readUInt32LE(from + 4)
  if (high === 0 && low <= 0x7fffffff) return natural(low, out, at)
  const value = high * 4_294_967_296 + low
  if (Number.isSafeInteger(value)) return safe(value, out, at)
  return ascii(String(signed ? bytes.readBigInt64LE(from) : bytes.readBigUInt64LE(from)), out, at)
}

const bits = new Float64Array(1)
const bitBytes = new Uint8Array(bits.buffer)
const floatBits = new Float32Array(1)
const floatBytes = new Uint8Array(floatBits.buffer)

/** The shortest digits that read back the same. */
export function double(bytes: Buffer, from: number, out: Buffer, at: number): number {
  for (let i = 0; i < 8; i++) bitBytes[i] = bytes[from + i] as number
  const value = bits[0] as number
  if (value === (value | 0)) return int32(value | 0, out, at)
  // A double has room for 15 digits: a shorter decimal that reads back the same is the only one.
  const scaled = Math.round(value * 10_000)
  if (scaled / 10_000 === value && scaled < 2e9 && scaled > -2e9) return tenThousandths(scaled, out, at)
  return ascii(Number.isFinite(value) ? String(value) : 'null', out, at)
}

export function float(bytes: Buffer, from: number, out: Buffer, at: number): number {
  for (let i = 0; i < 4; i++) floatBytes[i] = bytes[from + i] as number
  const value = floatBits[0] as number
  // A float has room for 6.
  if (value === (value | 0) && value < 1e6 && value > -1e6) return int32(value | 0, out, at)
  const scaled = Math.round(value * 10_000)
  if (scaled < 1e6 && scaled > -1e6 && Math.fround(scaled / 10_000) === value) return tenThousandths(scaled, out, at)
  return ascii(Number.isFinite(value) ? String(shortestFloat(value)) : 'null', out, at)
}

function tenThousandths(scaled: number, out: Buffer, at: number): number {
  let value = scaled
  if (value < 0) {
    out[at++] = minus
    value = -value
  }
  const whole = (value / 10_000) | 0
  const rest = value - whole * 10_000
  at = natural(whole, out, at)
  out[at] = point
  pair((rest / 100) | 0, out, at + 1)
  pair(rest % 100, out, at + 3)
  return withoutZeros(out, at + 5)
}

/** Zeros at the end say nothing, nor does a point in front of them. */
function withoutZeros(out: Buffer, end: number): number {
  while (out[end - 1] === zero) end--
  return out[end - 1] === point ? end - 1 : end
}

/** Copies a decimal; -1: it is none that JSON has, for example because zeros are in front. */
export function decimal(bytes: Buffer, start: number, end: number, out: Buffer, at: number): number {
  let from = start
  if (bytes[from] === minus) out[at++] = bytes[from++] as number
  if (from === end || (bytes[from] === zero && from + 1 < end && bytes[from + 1] !== point)) return -1
  let isFraction = false
  for (; from < end; from++) {
    const byte = bytes[from] as number
    if (byte === point && !isFraction) isFraction = true
    else if (byte < zero || byte > zero + 9) return -1
    out[at++] = byte
  }
  return isFraction ? withoutZeros(out, at) : at
}

// ---- dates and times; `from`: where the length is

function date(bytes: Buffer, from: number, out: Buffer, at: number): number {
  if ((bytes[from] as number) <= 3) return ascii('0000-00-00', out, at)
  const year = (bytes[from + 1] as number) | ((bytes[from + 2] as number) << 8)
  const century = (year / 100) | 0
  at = pair(century, out, at)
  at = pair(year - century * 100, out, at)
  out[at] = minus
  at = pair(bytes[from + 3] as number, out, at + 1)
  out[at] = minus
  return pair(bytes[from + 4] as number, out, at + 1)
}

function clock(bytes: Buffer, from: number, out: Buffer, at: number): number {
  out[at] = 58
  at = pair(bytes[from] as number, out, at + 1)
  out[at] = 58
  return pair(bytes[from + 1] as number, out, at + 1)
}

/** The first of six digits. */
function fraction(micros: number, digits: number, out: Buffer, at: number): number {
  out[at] = point
  const high = (micros / 10_000) | 0
  const low = micros - high * 10_000
  pair(high, out, at + 1)
  pair((low / 100) | 0, out, at + 3)
  pair(low % 100, out, at + 5)
  return at + 1 + digits
}

/** A quoted date, or date and time; -1: its fraction is none that the column tells of. */
export function stamp(bytes: Buffer, from: number, timed: boolean, digits: number, out: Buffer, at: number): number {
  const length = bytes[from] as number
  if (length > 10 && digits === 0) return -1
  out[at] = 34
  at = date(bytes, from, out, at + 1)
  if (timed || length > 6) {
    out[at++] = 32
    if (length > 6) at = clock(bytes, from + 6, out, pair(bytes[from + 5] as number, out, at))
    else at = ascii('00:00:00', out, at)
    const shown = digits <= 6 && timed ? digits : length > 10 ? Math.min(digits, 6) : 0
    if (shown > 0) at = fraction(length > 10 ? bytes.readUInt32LE(from + 8) : 0, shown, out, at)
  }
  out[at] = 34
  return at + 1
}

/** A quoted time; -1: its fraction is none that the column tells of. */
export function time(bytes: Buffer, from: number, digits: number, out: Buffer, at: number): number {
  const length = bytes[from] as number
  const micros = length > 10 ? bytes.readUInt32LE(from + 9) : 0
  if (digits > 6 || (digits === 0 && micros !== 0)) return -1
  out[at++] = 34
  if (length > 0 && bytes[from + 1] !== 0) out[at++] = minus
  if (length > 6) {
    const hours = bytes.readUInt32LE(from + 2) * 24 + (bytes[from + 6] as number)
    at = clock(bytes, from + 7, out, hours < 100 ? pair(hours, out, at) : natural(hours, out, at))
  } else {
    at = ascii('00:00:00', out, at)
  }
  if (digits > 0) at = fraction(micros, digits, out, at)
  out[at] = 34
  return at + 1
}
