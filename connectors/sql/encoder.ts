/**
 * Encoders for drivers that hand over JavaScript values in an array. How a value is printed follows the column's simple type
 * (data-plane 9.1); a value that does not fit it, which SQLite may hold, is printed as what it is.
 */

import type { SimpleType } from 'dataferry/records'
import { type Bind, csvCell, xmlName, xmlText } from 'dataferry/sdk'
import type { ByteBuffer } from './buffer.ts'
import { decoderOf, keptDecoders } from './decoder.ts'
import type { WireColumn } from './types.ts'
import type { RowEncoder, RowForm, WireKind } from './wire.ts'

export type WireValue = null | number | bigint | string | Uint8Array
export type WireValues = readonly WireValue[]

/** `stamp`: dates and times, texts as a rule; `lossless`: a number, also one that JSON has no word for. */
export type Printing = 'number' | 'lossless' | 'boolean' | 'text' | 'binary' | 'stamp'

const printings: { readonly [T in SimpleType]?: Printing } = {
  id: 'number',
  bigid: 'number',
  smallid: 'number',
  mediumid: 'number',
  integer: 'number',
  bigint: 'number',
  smallint: 'number',
  mediumint: 'number',
  tinyint: 'number',
  reference: 'number',
  user_id: 'number',
  user_id_on_create: 'number',
  user_id_on_update: 'number',
  decimal: 'number',
  float: 'number',
  double: 'number',
  money: 'number',
  boolean: 'boolean',
  binary: 'binary',
  date: 'stamp',
  time: 'stamp',
  timetz: 'stamp',
  datetime: 'stamp',
  datetimetz: 'stamp',
  timestamp: 'stamp',
  timestamptz: 'stamp',
  timestamp_on_create: 'stamp',
  timestamp_on_update: 'stamp',
}

/** Without a declared type (what a view of SQLite computes, an expression) a value is what it is. */
export function printingOf({ type, dbType, lossless }: WireColumn): Printing {
  const printing = printings[type] ?? (dbType === '' ? 'stamp' : 'text')
  return lossless && printing === 'number' ? 'lossless' : printing
}

/** A text of digits is a number where one is declared: decimals keep theirs. */
const jsonDigits = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

// ---- JSON

/** Writes the JSON of a value. */
export type JsonWriter = (value: WireValue, out: ByteBuffer) => void

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/
/** Longer texts are looked at and written by one call each, shorter ones character by character: whichever is faster at that length. */
const short = 48

/** A JSON string. */
function jsonString(text: string, out: ByteBuffer): void {
  const { length } = text
  if (length >= short) {
    if (escaped.test(text)) return out.utf8(JSON.stringify(text))
    out.byte(34)
    out.utf8(text)
    return out.byte(34)
  }
  const into = out.room(length + 2)
  let at = out.length
  into[at++] = 34
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    // Nothing of it counts as written yet.
    if (code < 32 || code > 126 || code === 34 || code === 92) return out.utf8(JSON.stringify(text))
    into[at++] = code
  }
  into[at++] = 34
  out.wrote(at)
}

/** Digits of a small whole number, without a text of it. */
function jsonInteger(value: number, out: ByteBuffer): void {
  if (value < 0 || value > 0x7fffffff) return out.ascii(String(value))
  let digits = 1
  for (let rest = value; rest >= 10; rest = (rest / 10) | 0) digits++
  const into = out.room(digits)
  const end = out.length + digits
  let rest = value | 0
  for (let at = end - 1; at >= out.length; at--) {
    const next = (rest / 10) | 0
    into[at] = 48 + rest - next * 10
    rest = next
  }
  out.wrote(end)
}

function jsonNumber(value: number, out: ByteBuffer): void {
  if (Number.isInteger(value)) jsonInteger(value, out)
  else out.ascii(Number.isFinite(value) ? String(value) : 'null')
}

/** A value as what it is. */
function natural(value: WireValue, out: ByteBuffer): void {
  if (value === null) return out.ascii('null')
  switch (typeof value) {
    case 'string':
      return jsonString(value, out)
    case 'number':
      return jsonNumber(value, out)
    case 'bigint': {
      // Texts of numbers are made faster than those of bigints.
      const number = Number(value)
      return Number.isSafeInteger(number) ? jsonInteger(number, out) : out.ascii(String(value))
    }
    default:
      return quoted(base64(value), out)
  }
}

/** A text that needs no escapes. */
function quoted(text: string, out: ByteBuffer): void {
  out.byte(34)
  out.ascii(text)
  out.byte(34)
}

export const jsonWriters: { readonly [P in Printing]: JsonWriter } = {
  number: (value, out) =>
    typeof value === 'string' && jsonDigits.test(value) ? out.ascii(value) : natural(value, out),
  lossless: (value, out) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return jsonWriters.number(value, out)
    out.ascii(`["${value}"]`)
  },
  boolean: (value, out) => {
    const truth = truthOf(value)
    if (truth === null) natural(value, out)
    else out.ascii(truth ? 'true' : 'false')
  },
  text: (value, out) =>
    typeof value === 'number' || typeof value === 'bigint' ? quoted(String(value), out) : natural(value, out),
  binary: (value, out) =>
    typeof value === 'string' ? quoted(Buffer.from(value, 'utf8').toString('base64'), out) : natural(value, out),
  stamp: natural,
}

/** null: neither of both. */
function truthOf(value: WireValue): boolean | null {
  if (value === 1n || value === 1) return true
  return value === 0n || value === 0 ? false : null
}

// ---- CSV and XML

/** The value as these formats know it. */
function scalar(value: WireValue, printing: Printing): null | boolean | string {
  if (value === null) return null
  if (printing === 'boolean') {
    const truth = truthOf(value)
    if (truth !== null) return truth
  }
  if (typeof value === 'string') return printing === 'binary' ? Buffer.from(value, 'utf8').toString('base64') : value
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : null
  return typeof value === 'bigint' ? String(value) : base64(value)
}

/** One column: where it is in the row, and what stands before its value and after it. */
interface Member {
  readonly index: number
  readonly printing: Printing
  readonly before: string
  readonly after: string
}

function members(columns: readonly WireColumn[], around: (as: string, place: number) => [string, string]): Member[] {
  const shown = columns.map((column, index) => ({ column, index })).filter(({ column }) => !column.hidden)
  return shown.map(({ column, index }, place) => {
    const [before, after] = around(column.as, place)
    return { index, printing: printingOf(column), before, after }
  })
}

function jsonEncoder(columns: readonly WireColumn[]): RowEncoder<WireValues> {
  const list = members(columns, (as, place) => [`${place === 0 ? '' : ','}${JSON.stringify(as)}:`, '']).map(
    ({ index, printing, before }) => ({ index, before: Buffer.from(before), write: jsonWriters[printing] }),
  )
  return (row, out) => {
    for (let i = 0; i < list.length; i++) {
      const { index, before, write } = list[i] as (typeof list)[number]
      out.bytes(before)
      write(row[index] ?? null, out)
    }
  }
}

/** A row is put together as text and written at once. */
function textEncoder(
  list: readonly Member[],
  textOf: (value: WireValue, printing: Printing) => string,
): RowEncoder<WireValues> {
  return (row, out) => {
    let text = ''
    for (const { index, printing, before, after } of list) text += before + textOf(row[index] ?? null, printing) + after
    out.utf8(text)
  }
}

function encoderOf(columns: readonly WireColumn[], form: RowForm): RowEncoder<WireValues> {
  switch (form.kind) {
    case 'json':
      return jsonEncoder(columns)
    case 'csv':
      return textEncoder(
        members(columns, (_, place) => [place === 0 ? '' : ',', '']),
        (value, printing) => csvCell(scalar(value, printing)),
      )
    case 'xml':
      return textEncoder(
        members(columns, (as) => [`${'\t'.repeat(form.depth)}<${xmlName(as)}>`, `</${xmlName(as)}>\n`]),
        (value, printing) => xmlScalar(scalar(value, printing)),
      )
  }
}

const xmlScalar = (value: null | boolean | string): string =>
  value === null ? '' : typeof value === 'string' ? xmlText(value) : String(value)

/** Rows as arrays of JavaScript values. */
export const wireValues: WireKind<WireValues> = {
  encoder: encoderOf,
  bind(row, index): Bind {
    return row[index] ?? null
  },
}

export const rowDecoder = keptDecoders<WireValues>((columns) => decoderOf(wireValues, columns))
