/**
 * Arrays of many values in PostgreSQL's binary form: nothing has to be quoted here and taken apart there. Lists of texts may hold whatever a
 * parameter may, lists of integers and of booleans nothing else.
 */
import type { Bind } from 'dataferry/sdk'
import { bindText } from './binds.ts'

export type ArrayKind = 'text' | 'integer' | 'boolean'

/** Object identifiers of the elements' types, the same on every server. */
const oids: { readonly [K in ArrayKind]: number } = { text: 25, integer: 20, boolean: 16 }
/** The element's type as it is named in a statement. */
export const arrayTypes: { readonly [K in ArrayKind]: string } = {
  text: 'text[]',
  integer: 'int8[]',
  boolean: 'bool[]',
}

const headBytes = 20
/** Texts up to here are written byte by byte while they are ASCII: that is faster than a call of the encoder. */
const shortText = 40
const largestKept = 1024 * 1024

/** Written over with each array. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024)

function room(at: number, bytes: number): void {
  if (at + bytes <= scratch.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(scratch.length * 2, at + bytes))
  scratch.copy(larger, 0, 0, at)
  scratch = larger
}

/** The parameter; null: a value is not of this kind. */
export function binaryArray(kind: ArrayKind, values: readonly (Bind | undefined)[]): Uint8Array | null {
  let at = headBytes
  let nulls = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? null
    if (value === null) {
      room(at, 4)
      at = scratch.writeInt32BE(-1, at)
      nulls = 1
      continue
    }
    const end =
      kind === 'text' ? writeText(value, at) : kind === 'integer' ? writeInteger(value, at) : writeBoolean(value, at)
    if (end < 0) return null
    at = end
  }
  scratch.writeInt32BE(1, 0)
  scratch.writeInt32BE(nulls, 4)
  scratch.writeInt32BE(oids[kind], 8)
  scratch.writeInt32BE(values.length, 12)
  scratch.writeInt32BE(1, 16)
  const array = Buffer.from(scratch.subarray(0, at))
  if (scratch.length > largestKept) scratch = Buffer.allocUnsafeSlow(64 * 1024)
  return array
}

function writeText(value: Bind, from: number): number {
  const text = typeof value === 'string' ? value : (bindText(value) ?? '')
  room(from, 4 + text.length * 3)
  const start = from + 4
  let at = start
  if (text.length <= shortText) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        at = start + scratch.write(text, start, 'utf8')
        break
      }
      scratch[at++] = code
    }
  } else {
    at = start + scratch.write(text, start, 'utf8')
  }
  scratch.writeInt32BE(at - start, from)
  return at
}

/** -1: it is none. */
function writeInteger(value: Bind, from: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return -1
  room(from, 12)
  const high = Math.floor(value / 2 ** 32)
  let at = scratch.writeInt32BE(8, from)
  at = scratch.writeInt32BE(high, at)
  return scratch.writeUInt32BE(value - high * 2 ** 32, at)
}

function writeBoolean(value: Bind, from: number): number {
  if (typeof value !== 'boolean') return -1
  room(from, 5)
  const at = scratch.writeInt32BE(1, from)
  scratch[at] = value ? 1 : 0
  return at + 1
}
