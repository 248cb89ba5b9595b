/** How the cells of a result lie in its rows, in the server's binary form: by the definitions of its columns, which come before the rows. */
import { wire as type } from '../cells.ts'
import { driver } from '../driver.ts'

/** How a cell lies in a row. Numbers, so that the loops over them stay fast. */
export const kind = {
  none: 0,
  int8: 1,
  uint8: 2,
  int16: 3,
  uint16: 4,
  int32: 5,
  uint32: 6,
  int64: 7,
  uint64: 8,
  year: 9,
  float: 10,
  double: 11,
  /** Its length in one byte, then its parts. */
  date: 12,
  datetime: 13,
  time: 14,
  /** From here on: a length-encoded length, then the bytes. */
  decimal: 15,
  text: 16,
  bytes: 17,
  bits: 18,
  /** Text that is not UTF-8. */
  foreign: 19,
  geometry: 20,
  vector: 21,
} as const

/** Bytes of a cell of these kinds; 0: it tells its length itself. */
export const widths = Uint8Array.of(0, 1, 1, 2, 2, 4, 4, 8, 8, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)

/** What a definition tells, in one number each. */
export interface Layout {
  readonly count: number
  readonly types: Int32Array
  readonly sets: Int32Array
  readonly kinds: Uint8Array
  /** Digits behind the point; more than 6: the server does not say. */
  readonly decimals: Uint8Array
  readonly encodings: readonly string[]
}

/** Where a definition has these, from its end: what comes before them is of varying length. */
const fromEnd = { characterSet: 12, type: 6, flags: 5, decimals: 3 } as const

/** Of a definition that ends at `end`: type, whether it is unsigned, and digits. */
export function typeAt(bytes: Buffer, end: number): number {
  const unsigned = ((bytes[end - fromEnd.flags] as number) & 32) >> 5
  const decimals = bytes[end - fromEnd.decimals] as number
  return (bytes[end - fromEnd.type] as number) | (unsigned << 8) | (decimals << 16)
}

export const characterSetAt = (bytes: Buffer, end: number): number =>
  (bytes[end - fromEnd.characterSet] as number) | ((bytes[end - fromEnd.characterSet + 1] as number) << 8)

/** The same as the driver takes them for. */
export function layoutOf(types: Int32Array, sets: Int32Array): Layout {
  const count = types.length
  const { CharsetToEncoding } = driver()
  const encodings = Array.from(sets, (set) => CharsetToEncoding[set] ?? 'utf8')
  const kinds = Uint8Array.from(types, (packed, i) =>
    kindOf(packed & 0xff, (packed & 0x100) !== 0, sets[i] as number, encodings[i] as string),
  )
  return { count, types, sets, kinds, decimals: Uint8Array.from(types, (packed) => packed >> 16), encodings }
}

const binary = 63
/** What is UTF-8 in the texts of a server, under names of the driver's. */
const utf8: ReadonlySet<string> = new Set(['utf8', 'cesu8'])

function kindOf(of: number, unsigned: boolean, set: number, encoding: string): number {
  switch (of) {
    case type.tiny:
      return unsigned ? kind.uint8 : kind.int8
    case type.short:
      return unsigned ? kind.uint16 : kind.int16
    case type.long:
    case type.medium:
      return unsigned ? kind.uint32 : kind.int32
    case type.longlong:
      return unsigned ? kind.uint64 : kind.int64
    case type.year:
      return kind.year
    case type.float:
      return kind.float
    case type.double:
      return kind.double
    case type.null:
      return kind.none
    case type.date:
    case type.newDate:
      return kind.date
    case type.datetime:
    case type.timestamp:
      return kind.datetime
    case type.time:
      return kind.time
    case type.decimal:
    case type.newDecimal:
      return kind.decimal
    case type.json:
      return kind.text
    case type.geometry:
      return kind.geometry
    case type.vector:
      return kind.vector
    case type.bit:
      return kind.bits
    default:
      if (set === binary) return kind.bytes
      return utf8.has(encoding) ? kind.text : kind.foreign
  }
}
