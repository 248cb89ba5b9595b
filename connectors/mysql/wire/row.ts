/** One row where it lies in the bytes that the server sent, in its binary form. */
import type { Bind } from 'dataferry/sdk'
import type { CellReader } from './driver.ts'
import { kind, type Layout, widths } from './layout.ts'
import { cellValue } from './values.ts'

export class PlacedRow {
  bytes: Buffer = Buffer.alloc(0)
  /** Of the payload, which begins with a zero byte and a bit for each cell that is NULL. */
  start = 0
  end = 0
  layout: Layout
  readonly reader: CellReader

  constructor(layout: Layout, reader: CellReader) {
    this.layout = layout
    this.reader = reader
  }

  place(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** A value as a parameter. */
  bind(index: number): Bind {
    const { bytes, layout } = this
    let at = firstCell(this.start, layout.count)
    for (let i = 0; i < index; i++)
      if (!isNull(bytes, this.start, i)) at = cellEnd(bytes, at, layout.kinds[i] as number)
    if (index >= layout.count || isNull(bytes, this.start, index)) return null
    const of = layout.kinds[index] as number
    if (of === kind.int32) return bytes.readInt32LE(at)
    const value = cellValue(this, at, index)
    // As a text it would be compared as a double.
    return typeof value === 'string' && (of === kind.int64 || of === kind.uint64) ? BigInt(value) : value
  }
}

export const firstCell = (start: number, count: number): number => start + 1 + ((count + 9) >> 3)

/** The first two bits are none of cells. */
export const isNull = (bytes: Buffer, start: number, index: number): boolean =>
  ((bytes[start + 1 + ((index + 2) >> 3)] as number) & (1 << ((index + 2) & 7))) !== 0

/** Where a cell ends that begins at `at`. */
export function cellEnd(bytes: Buffer, at: number, of: number): number {
  if (of === kind.none) return at
  const width = widths[of] as number
  if (width > 0) return at + width
  if (of <= kind.time) return at + 1 + (bytes[at] as number)
  return contentStart(bytes, at) + contentLength(bytes, at)
}

/** Of a cell with a length in front. */
export function contentStart(bytes: Buffer, at: number): number {
  const first = bytes[at] as number
  if (first < 251) return at + 1
  return at + (first === 252 ? 3 : first === 253 ? 4 : 9)
}

export function contentLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number
  if (first < 251) return first
  if (first === 252) return (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8)
  return first === 253 ? bytes.readUIntLE(at + 1, 3) : bytes.readUIntLE(at + 1, 6)
}
