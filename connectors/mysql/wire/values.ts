/** Cells as values: what the driver would make of them, and cells.ts of that. */
import type { WireValue } from 'dataferry/sql'
import { bits, decimal, fraction, other, shortestFloat } from '../cells.ts'
import { kind } from './layout.ts'
import { contentLength, contentStart, type PlacedRow } from './row.ts'

/** The cell `index`, which begins at `at` and is not NULL. */
export function cellValue(row: PlacedRow, at: number, index: number): WireValue {
  const { bytes, layout } = row
  const of = layout.kinds[index] as number
  switch (of) {
    case kind.none:
      return null
    case kind.int8:
      return bytes.readInt8(at)
    case kind.uint8:
      return bytes[at] as number
    case kind.int16:
      return bytes.readInt16LE(at)
    case kind.uint16:
      return bytes.readUInt16LE(at)
    case kind.int32:
      return bytes.readInt32LE(at)
    case kind.uint32:
      return bytes.readUInt32LE(at)
    case kind.int64:
      return safely(bytes.readBigInt64LE(at))
    case kind.uint64:
      return safely(bytes.readBigUInt64LE(at))
    case kind.year:
      return padded(bytes.readUInt16LE(at), 4)
    case kind.float:
      return shortestFloat(bytes.readFloatLE(at))
    case kind.double:
      return bytes.readDoubleLE(at)
    case kind.date:
      return dateText(bytes, at, false, layout.decimals[index] as number)
    case kind.datetime:
      return withFraction(dateText(bytes, at, true, layout.decimals[index] as number), layout.decimals[index] as number)
    case kind.time:
      return withFraction(timeText(bytes, at), layout.decimals[index] as number)
    case kind.geometry:
      return told(row.reader(bytes, at, row.end, (packet) => packet.parseGeometryValue()))
    case kind.vector:
      return told(row.reader(bytes, at, row.end, (packet) => packet.parseVector()))
    case kind.foreign: {
      const encoding = layout.encodings[index] as string
      return told(row.reader(bytes, at, row.end, (packet) => packet.readLengthCodedString(encoding)))
    }
    default: {
      const start = contentStart(bytes, at)
      const end = start + contentLength(bytes, at)
      if (of === kind.decimal) return decimal(bytes.toString('latin1', start, end))
      if (of === kind.text) return bytes.toString('utf8', start, end)
      const content = bytes.subarray(start, end)
      return of === kind.bits ? bits(content) : content
    }
  }
}

const told = (value: unknown): WireValue => (value === null || value === undefined ? null : other(value))

/** Whole numbers beyond what a double holds are texts. */
function safely(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}

export const padded = (value: number, width: number): string => String(value).padStart(width, '0')

/** A date has no time only where the column has none. */
function dateText(bytes: Buffer, at: number, timed: boolean, decimals: number): string {
  const length = bytes[at] as number
  const date =
    length > 3
      ? `${padded(bytes.readUInt16LE(at + 1), 4)}-${padded(bytes[at + 3] as number, 2)}-${padded(bytes[at + 4] as number, 2)}`
      : '0000-00-00'
  if (length <= 6) return timed ? `${date} 00:00:00` : date
  const text = `${date} ${clock(bytes[at + 5] as number, bytes, at + 6)}`
  if (length <= 10) return text
  const micros = bytes.readUInt32LE(at + 8)
  return `${text}.${decimals === 0 ? micros : padded(micros, 6).slice(0, decimals)}`
}

const clock = (hours: number, bytes: Buffer, at: number): string =>
  `${padded(hours, 2)}:${padded(bytes[at] as number, 2)}:${padded(bytes[at + 1] as number, 2)}`

function timeText(bytes: Buffer, at: number): string {
  const length = bytes[at] as number
  if (length === 0) return '00:00:00'
  const sign = bytes[at + 1] === 0 ? '' : '-'
  if (length <= 6) return `${sign}00:00:00`
  const text = `${sign}${clock(bytes.readUInt32LE(at + 2) * 24 + (bytes[at + 6] as number), bytes, at + 7)}`
  const micros = length > 10 ? bytes.readUInt32LE(at + 9) : 0
  return micros === 0 ? text : `${text}.${padded(micros, 6).replace(/0+$/, '')}`
}

const withFraction = (text: string, digits: number): string =>
  digits > 0 && digits <= 6 ? fraction(text, digits) : text
