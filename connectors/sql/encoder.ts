/**
 * Encoders for drivers that hand over JavaScript values in an array. How a value is printed follows the column's simple type
 * (data-plane 9.1); a value that does not fit it, which SQLite may hold, is printed as what it is.
 */

import type { Row, SimpleType } from 'dataferry/records'
import { type Bind, csvCell, parseJson, xmlName, xmlText } from 'dataferry/sdk'
import { ByteBuffer } from './buffer.ts'
import type { WireColumn } from './types.ts'
import type { RowEncoder, RowForm, WireKind } from './wire.ts'

export type WireValue = null | number | bigint | string | Uint8Array
export type WireValues = readonly WireValue[]

/** `stamp`: dates and times, texts as a rule. */
type Printing = 'number' | 'boolean' | 'text' | 'binary' | 'stamp'

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

/** A text of digits is a number where one is declared: decimals keep theirs. */
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

// ---- JSON

/** The JSON text of a value. */
type JsonWriter = (value: WireValue) => string

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/

/** A JSON string; short texts are looked at character by character, which is faster. */
function jsonString(text: string): string {
  const { length } = text
  if (length >= 32) return escaped.test(text) ? JSON.stringify(text) : `"${text}"`
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code === 34 || code === 92 || (code >= 0xd800 && code <= 0xdfff)) return JSON.stringify(text)
  }
  return `"${text}"`
}

/** A value as what it is. */
function natural(value: WireValue): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return jsonString(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'bigint': {
      // Texts of numbers are made faster than those of bigints.
      const number = Number(value)
      return String(Number.isSafeInteger(number) ? number : value)
    }
    default:
      return `"${base64(value)}"`
  }
}

const jsonWriters: { readonly [P in Printing]: JsonWriter } = {
  number: (value) => (typeof value === 'string' && jsonNumber.test(value) ? value : natural(value)),
  boolean: (value) => {
    const truth = truthOf(value)
    return truth === null ? natural(value) : String(truth)
  },
  text: (value) => (typeof value === 'number' || typeof value === 'bigint' ? `"${value}"` : natural(value)),
  binary: (value) =>
    typeof value === 'string' ? `"${Buffer.from(value, 'utf8').toString('base64')}"` : natural(value),
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

/** One column: where it is in the row, what stands before its value and after it, and the value's text. */
interface Member {
  readonly index: number
  readonly before: string
  readonly text: (value: WireValue) => string
  readonly after: string
}

function members(columns: readonly WireColumn[], form: RowForm): readonly Member[] {
  const shown = columns.map((column, index) => ({ column, index })).filter(({ column }) => !column.hidden)
  return shown.map(({ column, index }, place) => member(column, index, place, form))
}

function member({ as, type, dbType }: WireColumn, index: number, place: number, form: RowForm): Member {
  // Without a declared type (what a view of SQLite computes, an expression) a value is what it is.
  const printing = printings[type] ?? (dbType === '' ? 'stamp' : 'text')
  const comma = place === 0 ? '' : ','
  switch (form.kind) {
    case 'json':
      return { index, before: `${comma}${JSON.stringify(as)}:`, text: jsonWriters[printing], after: '' }
    case 'csv':
      return { index, before: comma, text: (value) => csvCell(scalar(value, printing)), after: '' }
    case 'xml': {
      const name = xmlName(as)
      const text = (value: WireValue): string => xmlScalar(scalar(value, printing))
      return { index, before: `${'\t'.repeat(form.depth)}<${name}>`, text, after: `</${name}>\n` }
    }
  }
}

const xmlScalar = (value: null | boolean | string): string =>
  value === null ? '' : typeof value === 'string' ? xmlText(value) : String(value)

/** Rows as arrays of JavaScript values. A row is put together as text and written at once: faster than byte by byte. */
export const wireValues: WireKind<WireValues> = {
  encoder(columns, form): RowEncoder<WireValues> {
    const list = members(columns, form)
    return (row, out) => {
      let text = ''
      for (const member of list) text += member.before + member.text(row[member.index] ?? null) + member.after
      out.utf8(text)
    }
  },
  bind(row, index): Bind {
    return row[index] ?? null
  },
}

/** Makes rows of values, by the same encoder: what they hold is what a client would read. */
export function rowDecoder(columns: readonly WireColumn[]): (row: WireValues) => Row {
  const encode = wireValues.encoder(columns, { kind: 'json' })
  const out = new ByteBuffer()
  return (row) => {
    out.clear()
    out.byte(123)
    encode(row, out)
    out.byte(125)
    return parseJson(out.text()) as Row
  }
}
