/**
 * Values of the server as encoders take them (data-plane 9.1): decimals with their own digits, 32-bit floats in the shortest text that
 * reads back the same, times with the fraction that their column has, bits and small integers of boolean columns as 1 and 0.
 */
import type { SimpleType } from 'dataferry/records'
import type { WireColumn, WireValue } from 'dataferry/sql'

/** What the driver tells of a column of a result. */
export interface Field {
  readonly columnType?: number | undefined
  readonly type?: number | undefined
  readonly decimals?: number | undefined
}

export interface NamedField extends Field {
  readonly name: string
}

/** A row as the driver makes it, an array in the order of the columns. */
export type DriverRow = unknown[]

type Cell = (value: unknown) => WireValue

/** Numbers of the protocol. */
export const wire = {
  decimal: 0,
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  medium: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newDate: 14,
  bit: 16,
  vector: 242,
  json: 245,
  newDecimal: 246,
  blob: 252,
  varString: 253,
  geometry: 255,
} as const

/** The simple type of a column of which nothing is known but this. */
export function typeOfField({ columnType, type }: Field): SimpleType {
  switch (columnType ?? type) {
    case wire.decimal:
    case wire.newDecimal:
      return 'decimal'
    case wire.tiny:
    case wire.short:
    case wire.long:
    case wire.medium:
    case wire.bit:
      return 'integer'
    case wire.longlong:
      return 'bigint'
    case wire.float:
    case wire.double:
      return 'double'
    default:
      return 'string'
  }
}

/** Changes a row in place. `columns`: what is wanted of each, none for the connector's own statements. */
export function cellsOf(fields: readonly Field[], columns: readonly WireColumn[]): (row: DriverRow) => WireValue[] {
  const list = fields.flatMap((field, index) => {
    const cell = cellOf(field, columns[index] ?? null)
    return cell === null ? [] : [{ index, cell }]
  })
  return (row) => {
    for (const { index, cell } of list) {
      const value = row[index]
      if (value !== null && value !== undefined) row[index] = cell(value)
    }
    return row as WireValue[]
  }
}

/** null: what the driver makes is right. */
function cellOf(field: Field, column: WireColumn | null): Cell | null {
  const type = field.columnType ?? field.type
  if (column?.type === 'boolean') return (value) => (isTrue(value) ? 1 : 0)
  switch (type) {
    case wire.decimal:
    case wire.newDecimal:
      return decimal
    case wire.float:
      return (value) => shortestFloat(Number(value))
    case wire.year:
      return (value) => String(value).padStart(4, '0')
    case wire.bit:
      return (value) => bits(value as Uint8Array)
    case wire.timestamp:
    case wire.datetime:
    case wire.time: {
      const digits = field.decimals ?? 0
      return digits > 0 && digits <= 6 ? (value) => fraction(String(value), digits) : null
    }
    default:
      return other
  }
}

/** Values that the driver takes apart further than is wanted. */
export function other(value: unknown): WireValue {
  if (typeof value === 'object' && !(value instanceof Uint8Array)) return JSON.stringify(value)
  return value as WireValue
}

/** `10.50` is 10.5, `5.00` is 5: digits as they are, zeros that say nothing left out. */
export function decimal(value: unknown): string {
  const text = String(value)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Nine digits tell any two of them apart. */
export function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}

export function isTrue(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.some((byte) => byte !== 0)
  return typeof value === 'string' ? /[1-9]/.test(value) : Boolean(value)
}

export function bits(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = value * 256n + BigInt(byte)
  return value
}

export function fraction(text: string, digits: number): string {
  const dot = text.indexOf('.')
  return dot === -1 ? `${text}.${'0'.repeat(digits)}` : text.slice(0, dot + 1) + text.slice(dot + 1).padEnd(digits, '0')
}
