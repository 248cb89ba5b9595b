/**
 * Encoders from rows in the server's binary form to JSON, CSV and XML: the same bytes as those of the driver's values (cells.ts and
 * wireValues). JSON is written from the bytes for what is usual; what is rare, and the other formats, go by values.
 */
import {
  type ByteBuffer,
  copyBytes,
  escapesIn,
  jsonNullBytes,
  jsonTextBytes,
  jsonWriters,
  printingOf,
  type RowEncoder,
  type RowForm,
  type WireColumn,
  type WireKind,
  type WireValue,
  wireValues,
} from 'dataferry/sql'
import { isTrue } from '../cells.ts'
import { ascii, decimal, double, float, int32, int64, natural, stamp, time } from './digits.ts'
import { kind, type Layout } from './layout.ts'
import { cellEnd, contentLength, contentStart, firstCell, isNull, type PlacedRow } from './row.ts'
import { cellValue } from './values.ts'

/** How a cell is written. Numbers, so that the loop over them calls each writer by its name. */
const write = {
  hidden: 0,
  byValue: 1,
  int8: 2,
  uint8: 3,
  int16: 4,
  uint16: 5,
  int32: 6,
  uint32: 7,
  int64: 8,
  uint64: 9,
  float: 10,
  double: 11,
  decimal: 12,
  date: 13,
  datetime: 14,
  time: 15,
  text: 16,
  base64: 17,
  truth: 18,
} as const

const numberWrites: { readonly [of: number]: number } = {
  [kind.int8]: write.int8,
  [kind.uint8]: write.uint8,
  [kind.int16]: write.int16,
  [kind.uint16]: write.uint16,
  [kind.int32]: write.int32,
  [kind.uint32]: write.uint32,
  [kind.int64]: write.int64,
  [kind.uint64]: write.uint64,
  [kind.float]: write.float,
  [kind.double]: write.double,
  [kind.decimal]: write.decimal,
}
const textWrites: { readonly [of: number]: number } = {
  [kind.date]: write.date,
  [kind.datetime]: write.datetime,
  [kind.time]: write.time,
  [kind.text]: write.text,
  [kind.bytes]: write.base64,
}

function writeOf(column: WireColumn, of: number): number {
  switch (printingOf(column)) {
    case 'number':
    case 'lossless':
      return numberWrites[of] ?? write.byValue
    case 'text':
    case 'stamp':
      return textWrites[of] ?? write.byValue
    case 'binary':
      return of === kind.bytes ? write.base64 : write.byValue
    case 'boolean':
      return of === kind.int8 || of === kind.uint8 ? write.truth : write.byValue
  }
}

/** As cells.ts has it. */
function valueAt(row: PlacedRow, at: number, index: number, column: WireColumn): WireValue {
  const value = cellValue(row, at, index)
  if (column.type !== 'boolean' || value === null) return value
  return isTrue(value) ? 1 : 0
}

/** The most that a cell takes beside 6 bytes out of each of its own. */
const around = 32
/** What larger rows take is counted. */
const large = 65_536

const literals = { true: Buffer.from('true'), false: Buffer.from('false') }

function jsonEncoder(columns: readonly WireColumn[]): RowEncoder<PlacedRow> {
  let place = 0
  const befores = columns.map(({ as, hidden }) =>
    Buffer.from(hidden ? '' : `${place++ === 0 ? '' : ','}${JSON.stringify(as)}:`),
  )
  const names = Buffer.concat(befores)
  let end = 0
  const ends = Int32Array.from(befores, (before) => (end += before.length))
  const writers = columns.map((column) => jsonWriters[printingOf(column)])
  const fixed = names.length + columns.length * around
  let layout: Layout | null = null
  let writes = new Uint8Array(0)

  return (row, out) => {
    if (row.layout !== layout) {
      layout = row.layout
      const { kinds } = layout
      writes = Uint8Array.from(columns, (column, i) =>
        column.hidden ? write.hidden : writeOf(column, kinds[i] ?? kind.none),
      )
    }
    const { bytes, start } = row
    const { kinds, decimals, count } = row.layout
    const room = fixed + roomFor(row)
    let into = out.room(room)
    let at = out.length
    let from = 0
    let cell = firstCell(start, count)
    for (let i = 0; i < columns.length; i++) {
      for (const until = ends[i] as number; from < until; from++) into[at++] = names[from] as number
      const how = writes[i] as number
      if (i >= count || isNull(bytes, start, i)) {
        if (how !== write.hidden) at = jsonNullBytes(into, at)
        continue
      }
      switch (how) {
        case write.int32:
          at = int32(bytes.readInt32LE(cell), into, at)
          cell += 4
          break
        case write.text: {
          const first = contentStart(bytes, cell)
          cell = first + contentLength(bytes, cell)
          at = jsonTextBytes(bytes, first, cell, into, at)
          break
        }
        case write.decimal: {
          const first = contentStart(bytes, cell)
          const last = first + contentLength(bytes, cell)
          const written = decimal(bytes, first, last, into, at)
          if (written >= 0) at = written
          else {
            out.wrote(at)
            jsonWriters.number(cellValue(row, cell, i), out)
            into = out.room(room)
            at = out.length
          }
          cell = last
          break
        }
        case write.datetime:
        case write.date:
        case write.time: {
          const digits = decimals[i] as number
          const written =
            how === write.time
              ? time(bytes, cell, digits, into, at)
              : stamp(bytes, cell, how === write.datetime, digits, into, at)
          at = written >= 0 ? written : ascii(`"${cellValue(row, cell, i)}"`, into, at)
          cell += 1 + (bytes[cell] as number)
          break
        }
        case write.truth: {
          const literal = bytes[cell++] === 0 ? literals.false : literals.true
          at = copyBytes(literal, 0, literal.length, into, at)
          break
        }
        case write.double:
          at = double(bytes, cell, into, at)
          cell += 8
          break
        case write.int64:
        case write.uint64:
          at = int64(bytes, cell, how === write.int64, into, at)
          cell += 8
          break
        case write.int8:
          at = int32(bytes.readInt8(cell++), into, at)
          break
        case write.uint8:
          at = natural(bytes[cell++] as number, into, at)
          break
        case write.int16:
          at = int32(bytes.readInt16LE(cell), into, at)
          cell += 2
          break
        case write.uint16:
          at = natural(bytes.readUInt16LE(cell), into, at)
          cell += 2
          break
        case write.uint32: {
          const value = bytes.readUInt32LE(cell)
          at = value <= 0x7fffffff ? natural(value, into, at) : ascii(String(value), into, at)
          cell += 4
          break
        }
        case write.float:
          at = float(bytes, cell, into, at)
          cell += 4
          break
        case write.base64: {
          const first = contentStart(bytes, cell)
          cell = first + contentLength(bytes, cell)
          into[at++] = 34
          at += into.write(bytes.toString('base64', first, cell), at, 'latin1')
          into[at++] = 34
          break
        }
        case write.byValue:
          out.wrote(at)
          writers[i]?.(valueAt(row, cell, i, columns[i] as WireColumn), out)
          into = out.room(room)
          at = out.length
          cell = cellEnd(bytes, cell, kinds[i] as number)
          break
        default:
          cell = cellEnd(bytes, cell, kinds[i] as number)
      }
    }
    out.wrote(at)
  }
}

/** The most that the cells take, beside what is around them. */
function roomFor(row: PlacedRow): number {
  const size = row.end - row.start
  if (size <= large) return size * 6
  const { bytes, start, layout } = row
  let more = 0
  let at = firstCell(start, layout.count)
  for (let i = 0; i < layout.count; i++) {
    if (isNull(bytes, start, i)) continue
    const of = layout.kinds[i] as number
    const end = cellEnd(bytes, at, of)
    if (of === kind.text) more += escapesIn(bytes, contentStart(bytes, at), end)
    at = end
  }
  return size * 2 + more
}

/** By values, which the shared encoder writes. */
function valueEncoder(columns: readonly WireColumn[], form: RowForm): RowEncoder<PlacedRow> {
  const encode = wireValues.encoder(columns, form)
  return (row, out: ByteBuffer) => {
    const { bytes, start, layout } = row
    const values: WireValue[] = new Array(columns.length)
    let at = firstCell(start, layout.count)
    for (let i = 0; i < columns.length; i++) {
      if (i >= layout.count || isNull(bytes, start, i)) {
        values[i] = null
        continue
      }
      const column = columns[i] as WireColumn
      values[i] = column.hidden ? null : valueAt(row, at, i, column)
      at = cellEnd(bytes, at, layout.kinds[i] as number)
    }
    encode(values, out)
  }
}

/** Rows as they lie in the server's packets. */
export const placedRows: WireKind<PlacedRow> = {
  encoder: (columns, form) => (form.kind === 'json' ? jsonEncoder(columns) : valueEncoder(columns, form)),
  bind: (row, index) => row.bind(index),
}
