/**
 * Encoders for drivers that hand over JavaScript values in an array. How a value is printed follows the column's simple type
 * (data-plane 9.1); a value that does not fit it, which SQLite may hold, is printed as what it is.
 */
import { type Bind, csvCell, parseJson, xmlName, xmlText } from 'dataferry/sdk'
import type { Row, SimpleType } from 'dataferry/records'
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

type ValueWriter = (value: WireValue, out: ByteBuffer) => void

function writeNumber(value: number, out: ByteBuffer): void {
  if (Number.isInteger(value)) out.integer(value)
  else out.ascii(Number.isFinite(value) ? String(value) : 'null')
}

function writeBigInt(value: bigint, out: ByteBuffer): void {
  const number = Number(value)
  if (Number.isSafeInteger(number)) out.integer(number)
  else out.ascii(String(value))
}

function writeNatural(value: WireValue, out: ByteBuffer): void {
  if (value === null) out.ascii('null')
  else if (typeof value === 'number') writeNumber(value, out)
  else if (typeof value === 'bigint') writeBigInt(value, out)
  else out.json(typeof value === 'string' ? value : base64(value))
}

const jsonWriters: { readonly [P in Printing]: ValueWriter } = {
  number: (value, out) => {
    if (typeof value === 'string' && jsonNumber.test(value)) out.ascii(value)
    else writeNatural(value, out)
  },
  boolean: (value, out) => {
    const truth = truthOf(value)
    if (truth === null) writeNatural(value, out)
    else out.ascii(truth ? 'true' : 'false')
  },
  text: (value, out) => {
    if (typeof value === 'string') out.json(value)
    else if (typeof value === 'number' || typeof value === 'bigint') out.json(String(value))
    else writeNatural(value, out)
  },
  binary: (value, out) => {
    if (typeof value === 'string') out.json(Buffer.from(value, 'utf8').toString('base64'))
    else writeNatural(value, out)
  },
  stamp: writeNatural,
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

/** One column: what stands before its value, and how the value is written. */
interface Member {
  readonly index: number
  readonly before: Uint8Array
  readonly write: ValueWriter
}

function members(columns: readonly WireColumn[], form: RowForm): readonly Member[] {
  const shown = columns.map((column, index) => ({ column, index })).filter(({ column }) => !column.hidden)
  return shown.map(({ column, index }, place) => {
    const printing = printings[column.type] ?? 'text'
    switch (form.kind) {
      case 'json':
        return { index, before: Buffer.from(`${place === 0 ? '' : ','}${JSON.stringify(column.as)}:`), write: jsonWriters[printing] }
      case 'csv': {
        const write: ValueWriter = (value, out) => out.utf8(csvCell(scalar(value, printing)))
        return { index, before: Buffer.from(place === 0 ? '' : ','), write }
      }
      case 'xml': {
        const name = xmlName(column.as)
        const after = Buffer.from(`</${name}>\n`)
        const write: ValueWriter = (value, out) => {
          const text = scalar(value, printing)
          if (text !== null) out.utf8(typeof text === 'string' ? xmlText(text) : String(text))
          out.bytes(after)
        }
        return { index, before: Buffer.from(`${'\t'.repeat(form.depth)}<${name}>`), write }
      }
    }
  })
}

/** Rows as arrays of JavaScript values. */
export const wireValues: WireKind<WireValues> = {
  encoder(columns, form): RowEncoder<WireValues> {
    const list = members(columns, form)
    return (row, out) => {
      for (const { index, before, write } of list) {
        out.bytes(before)
        write(row[index] ?? null, out)
      }
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
