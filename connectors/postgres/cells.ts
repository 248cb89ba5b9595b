/**
 * Encoders from the bytes of a row, in the server's text form, to JSON, CSV and XML: how a value is printed follows the column's simple
 * type and the server's own (data-plane 9.1). Values are made by reading back what was encoded, so there is one way to print.
 */

import { integerTypes, type SimpleType } from 'dataferry/records'
import { type Bind, csvCell, xmlName, xmlText } from 'dataferry/sdk'
import {
  type ByteBuffer,
  jsonNullBytes,
  type RowEncoder,
  type RowForm,
  type WireColumn,
  type WireKind,
} from 'dataferry/sql'
import {
  base64,
  isNotFinite,
  jsonBinary,
  jsonBoolean,
  jsonLossless,
  jsonNumber,
  jsonString,
  numberEnd,
  plainNumber,
  scientific,
  truth,
} from './json-cells.ts'
import { int32, type PlacedRow } from './wire/row.ts'

/** `lossless`: a number, also one that JSON has no word for. */
type Printing = 'number' | 'lossless' | 'boolean' | 'binary' | 'text'

const numbers: ReadonlySet<SimpleType> = new Set<SimpleType>([...integerTypes, 'decimal', 'float', 'double'])

/** bytea is called a string on the wire and printed as base64 all the same. */
function printingOf({ type, dbType, lossless }: WireColumn): Printing {
  if (dbType === 'bytea' || type === 'binary') return 'binary'
  if (type === 'boolean') return 'boolean'
  if (!numbers.has(type)) return 'text'
  return lossless ? 'lossless' : 'number'
}

interface Shown {
  readonly index: number
  readonly name: string
  readonly printing: Printing
}

const shownOf = (columns: readonly WireColumn[]): readonly Shown[] =>
  columns.flatMap((column, index) => (column.hidden ? [] : [{ index, name: column.as, printing: printingOf(column) }]))

// ---- JSON

/** The most that one byte of a cell becomes, and what a cell may need beyond that. */
const growth = 6
const around = 24

/** How cells are written; numbers, so that the loop over them calls each writer by its name. */
const write = { hidden: 0, number: 1, lossless: 2, boolean: 3, binary: 4, text: 5 } as const

/** Walks over the cells as they lie in the row: nothing of them is noted down. */
function jsonEncoder(columns: readonly WireColumn[]): RowEncoder<PlacedRow> {
  const { length: most } = columns
  const writes = Int8Array.from(columns, (column) => (column.hidden ? write.hidden : write[printingOf(column)]))
  let shown = 0
  const befores = columns.map(({ as, hidden }) =>
    Buffer.from(hidden ? '' : `${shown++ === 0 ? '' : ','}${JSON.stringify(as)}:`),
  )
  const names = befores.map(eights)
  const words = Float64Array.from(names.flat())
  let end = 0
  const ends = Int32Array.from(names, (name) => (end += name.length))
  const lengths = Int32Array.from(befores, (before) => before.length)
  const fixed = words.length * 8 + most * around
  return (row, out) => {
    const { bytes, count } = row
    const into = out.room(fixed + row.size * growth)
    const { view } = out
    let at = out.length
    let from = 0
    let cell = row.first
    for (let i = 0; i < most; i++) {
      let name = at
      for (const until = ends[i] as number; from < until; from++) {
        view.setFloat64(name, words[from] as number, true)
        name += 8
      }
      at += lengths[i] as number
      const length = i < count ? int32(bytes, cell) : -1
      cell += 4
      const how = writes[i]
      if (length < 0) {
        if (how !== write.hidden) at = jsonNullBytes(into, at)
        continue
      }
      switch (how) {
        case write.number:
          at = jsonNumber(bytes, cell, length, into, at)
          break
        case write.text:
          at = jsonString(bytes, cell, length, into, at)
          break
        case write.boolean:
          at = jsonBoolean(bytes, cell, length, into, at)
          break
        case write.binary:
          at = jsonBinary(bytes, cell, length, into, at)
          break
        case write.lossless:
          at = jsonLossless(bytes, cell, length, into, at)
      }
      cell += length
    }
    out.wrote(at)
  }
}

/** A text as numbers of eight bytes each, with zeros behind it: none is NaN, since no text of UTF-8 has such bytes. */
function eights(text: Buffer): number[] {
  const whole = Buffer.alloc(Math.ceil(text.length / 8) * 8)
  text.copy(whole)
  return Array.from({ length: whole.length / 8 }, (_, i) => whole.readDoubleLE(i * 8))
}

// ---- CSV and XML

/** The value as these formats know it. */
function scalar(printing: Printing, bytes: Buffer, start: number, length: number): null | boolean | string {
  switch (printing) {
    case 'number':
    case 'lossless': {
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

function valueIn(row: PlacedRow, { index, printing }: Shown): null | boolean | string {
  const length = row.lengthOf(index)
  return length < 0 ? null : scalar(printing, row.bytes, row.startOf(index), length)
}

function csvEncoder(columns: readonly WireColumn[]): RowEncoder<PlacedRow> {
  const members = shownOf(columns)
  return (row, out) => {
    for (const [place, member] of members.entries()) {
      if (place > 0) out.byte(44)
      out.utf8(csvCell(valueIn(row, member)))
    }
  }
}

function xmlEncoder(columns: readonly WireColumn[], depth: number): RowEncoder<PlacedRow> {
  const members = shownOf(columns).map((shown) => {
    const name = xmlName(shown.name)
    return { shown, before: Buffer.from(`${'\t'.repeat(depth)}<${name}>`), after: Buffer.from(`</${name}>\n`) }
  })
  return (row, out) => {
    for (const { shown, before, after } of members) {
      out.bytes(before)
      xmlValue(valueIn(row, shown), out)
      out.bytes(after)
    }
  }
}

function xmlValue(value: null | boolean | string, out: ByteBuffer): void {
  if (value !== null) out.utf8(typeof value === 'string' ? xmlText(value) : String(value))
}

// ---- rows

/** A whole number whose text is the only one for it. */
const canonicalInteger = /^(?:0|-?[1-9]\d{0,18})$/

function encoderOf(columns: readonly WireColumn[], form: RowForm): RowEncoder<PlacedRow> {
  switch (form.kind) {
    case 'json':
      return jsonEncoder(columns)
    case 'csv':
      return csvEncoder(columns)
    case 'xml':
      return xmlEncoder(columns, form.depth)
  }
}

/** Rows as they lie in the server's messages. */
export const placedRows: WireKind<PlacedRow> = {
  encoder: encoderOf,

  /** Text as the server has it, which it also takes back; whole numbers as numbers. */
  bind(row, index): Bind {
    const small = row.smallInteger(index)
    if (small !== null) return small
    const text = row.text(index)
    if (text === null || !canonicalInteger.test(text)) return text
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : BigInt(text)
  },
}
