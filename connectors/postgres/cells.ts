/**
 * Encoders from the bytes of a row, in the server's text form, to JSON, CSV and XML: how a value is printed follows the column's simple
 * type and the server's own (data-plane 9.1). Values are made by reading back what was encoded, so there is one way to print.
 */
import { type Bind, csvCell, xmlName, xmlText } from 'dataferry/sdk'
import type { SimpleType } from 'dataferry/records'
import type { ByteBuffer, RowEncoder, RowForm, WireColumn, WireKind } from 'dataferry/sql'
import type { PlacedRow } from './wire/row.ts'

type Printing = 'number' | 'boolean' | 'binary' | 'text'

const numbers: ReadonlySet<SimpleType> = new Set<SimpleType>([
  'id',
  'bigid',
  'smallid',
  'mediumid',
  'integer',
  'bigint',
  'smallint',
  'mediumint',
  'tinyint',
  'reference',
  'user_id',
  'user_id_on_create',
  'user_id_on_update',
  'decimal',
  'float',
  'double',
])

/** bytea is called a string on the wire and printed as base64 all the same. */
function printingOf({ type, dbType }: WireColumn): Printing {
  if (dbType === 'bytea' || type === 'binary') return 'binary'
  if (type === 'boolean') return 'boolean'
  return numbers.has(type) ? 'number' : 'text'
}

const char = { quote: 34, plus: 43, minus: 45, point: 46, zero: 48, nine: 57, backslash: 92, e: 101, t: 116, f: 102 } as const

/** Writes a cell that is not NULL. */
type CellWriter = (bytes: Buffer, start: number, length: number, out: ByteBuffer) => void

// ---- JSON

/** 1: must be escaped in a JSON string. Bytes of UTF-8 sequences go through as they are. */
const escaped = new Uint8Array(256)
escaped.fill(1, 0, 32)
escaped[char.quote] = 1
escaped[char.backslash] = 1

const jsonString: CellWriter = (bytes, start, length, out) => {
  out.byte(char.quote)
  const end = start + length
  let from = start
  for (let at = start; at < end; at++) {
    if (escaped[bytes[at] as number] === 0) continue
    if (at > from) out.bytes(bytes, from, at)
    out.ascii(JSON.stringify(String.fromCharCode(bytes[at] as number)).slice(1, -1))
    from = at + 1
  }
  if (end > from) out.bytes(bytes, from, end)
  out.byte(char.quote)
}

/** What stands in the place of an end: no number; one with an exponent. */
const noNumber = -1
const scientific = -2

/** Where the digits end that say something: zeros behind the point say nothing. */
function numberEnd(bytes: Buffer, start: number, length: number): number {
  const end = start + length
  let point = -1
  let exponent = false
  let digits = false
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte >= char.zero && byte <= char.nine) digits = true
    else if (byte === char.point && point < 0 && !exponent) point = at
    else if (byte === char.e && digits && !exponent) exponent = true
    else if (byte !== char.minus && byte !== char.plus) return noNumber
  }
  if (!digits) return noNumber
  if (exponent) return scientific
  if (point < 0) return end
  let last = end
  while (bytes[last - 1] === char.zero) last--
  return last - 1 === point ? point : last
}

/** Only floating point numbers have exponents; up to 21 digits they are printed without one. */
const plainNumber = (bytes: Buffer, start: number, length: number): string =>
  String(Number(bytes.toString('latin1', start, start + length)))

/** NaN and the infinities have no JSON. */
const isNotFinite = (bytes: Buffer, start: number, length: number): boolean =>
  /^-?(?:NaN|Infinity)$/.test(bytes.toString('latin1', start, start + length))

const jsonNumber: CellWriter = (bytes, start, length, out) => {
  const end = numberEnd(bytes, start, length)
  if (end >= 0) out.bytes(bytes, start, end)
  else if (end === scientific) out.ascii(plainNumber(bytes, start, length))
  else if (isNotFinite(bytes, start, length)) out.ascii('null')
  else jsonString(bytes, start, length, out)
}

/** `t` and `f`, or a bit. null: neither. */
function truth(bytes: Buffer, start: number, length: number): boolean | null {
  if (length !== 1) return null
  const byte = bytes[start]
  if (byte === char.t || byte === char.zero + 1) return true
  return byte === char.f || byte === char.zero ? false : null
}

const jsonBoolean: CellWriter = (bytes, start, length, out) => {
  const value = truth(bytes, start, length)
  if (value === null) jsonString(bytes, start, length, out)
  else out.ascii(value ? 'true' : 'false')
}

/** The server sends bytes as `\x` and hexadecimal digits. */
const base64 = (bytes: Buffer, start: number, length: number): string =>
  Buffer.from(bytes.toString('latin1', start + 2, start + length), 'hex').toString('base64')

const jsonBinary: CellWriter = (bytes, start, length, out) => {
  out.byte(char.quote)
  out.ascii(base64(bytes, start, length))
  out.byte(char.quote)
}

const jsonWriters: { readonly [P in Printing]: CellWriter } = {
  number: jsonNumber,
  boolean: jsonBoolean,
  binary: jsonBinary,
  text: jsonString,
}

// ---- CSV and XML

/** The value as these formats know it. */
function scalar(printing: Printing, bytes: Buffer, start: number, length: number): null | boolean | string {
  switch (printing) {
    case 'number': {
      const end = numberEnd(bytes, start, length)
      if (end >= 0) return bytes.toString('latin1', start, end)
      if (end === scientific) return plainNumber(bytes, start, length)
      return isNotFinite(bytes, start, length) ? null : bytes.toString('utf8', start, start + length)
    }
    case 'boolean':
      return truth(bytes, start, length) ?? bytes.toString('utf8', start, start + length)
    case 'binary':
      return base64(bytes, start, length)
    case 'text':
      return bytes.toString('utf8', start, start + length)
  }
}

// ---- rows

interface Member {
  readonly index: number
  readonly before: Uint8Array
  readonly write: CellWriter
  readonly writeNull: Uint8Array
}

const jsonNull = Buffer.from('null')

function member(column: WireColumn, index: number, place: number, form: RowForm): Member {
  const printing = printingOf(column)
  switch (form.kind) {
    case 'json':
      return {
        index,
        before: Buffer.from(`${place === 0 ? '' : ','}${JSON.stringify(column.as)}:`),
        write: jsonWriters[printing],
        writeNull: jsonNull,
      }
    case 'csv':
      return {
        index,
        before: Buffer.from(place === 0 ? '' : ','),
        write: (bytes, start, length, out) => out.utf8(csvCell(scalar(printing, bytes, start, length))),
        writeNull: Buffer.from(csvCell(null)),
      }
    case 'xml': {
      const name = xmlName(column.as)
      const after = Buffer.from(`</${name}>\n`)
      return {
        index,
        before: Buffer.from(`${'\t'.repeat(form.depth)}<${name}>`),
        write: (bytes, start, length, out) => {
          const value = scalar(printing, bytes, start, length)
          if (value !== null) out.utf8(typeof value === 'string' ? xmlText(value) : String(value))
          out.bytes(after)
        },
        writeNull: after,
      }
    }
  }
}

/** A whole number whose text is the only one for it. */
const canonicalInteger = /^(?:0|-?[1-9]\d{0,18})$/

/** Rows as they lie in the server's messages. */
export const placedRows: WireKind<PlacedRow> = {
  encoder(columns, form): RowEncoder<PlacedRow> {
    const shown = columns.map((column, index) => ({ column, index })).filter(({ column }) => !column.hidden)
    const members = shown.map(({ column, index }, place) => member(column, index, place, form))
    return (row, out) => {
      for (let i = 0; i < members.length; i++) {
        const { index, before, write, writeNull } = members[i] as Member
        out.bytes(before)
        const length = index < row.count ? (row.lengths[index] as number) : -1
        if (length < 0) out.bytes(writeNull)
        else write(row.bytes, row.starts[index] as number, length, out)
      }
    }
  },

  /** Text as the server has it, which it also takes back; whole numbers as numbers. */
  bind(row, index): Bind {
    const text = row.text(index)
    if (text === null || !canonicalInteger.test(text)) return text
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : BigInt(text)
  },
}
