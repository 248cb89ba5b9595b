/** The message that runs a prepared statement (COM_STMT_EXECUTE): every value is a parameter, in the type that it has. */
import type { Scalar } from '../binds.ts'
import { wire as type } from '../cells.ts'

const header = 4
const command = 23
/** Command, statement, no cursor, one iteration. */
const fixed = 10
/** The most that one packet holds; what is longer is sent in several. */
const packetBytes = 0xffffff

/** Whole, with the headers of its packets. */
export interface Message {
  readonly bytes: Buffer
  readonly packets: number
}

export function executeMessage(statement: number, values: readonly Scalar[]): Message {
  const nulls = values.length === 0 ? 0 : ((values.length + 7) >> 3) + 1
  let size = fixed + nulls + values.length * 2
  const lengths = new Array<number>(values.length)
  for (let i = 0; i < values.length; i++) {
    const length = lengthOf(values[i] as Scalar)
    lengths[i] = length
    size += length < 0 ? ~length : length + lengthBytes(length)
  }
  const bytes = Buffer.allocUnsafe(header + size)
  bytes[header] = command
  bytes.writeUInt32LE(statement, header + 1)
  bytes[header + 5] = 0
  bytes.writeUInt32LE(1, header + 6)
  if (values.length > 0) writeValues(bytes, header + fixed, values, lengths)
  return framed(bytes, size)
}

/** Bytes of a value with a length in front; `~n`: it has none and is n bytes long. */
function lengthOf(value: Scalar): number {
  switch (typeof value) {
    case 'string':
      return Buffer.byteLength(value)
    case 'bigint':
      return isWide(value) ? String(value).length : ~8
    case 'object':
      return value === null ? ~0 : value.length
    default:
      return ~8
  }
}

const isWide = (value: bigint): boolean => BigInt.asUintN(64, value) !== value && BigInt.asIntN(64, value) !== value

const lengthBytes = (length: number): number => (length < 251 ? 1 : length < 65_536 ? 3 : length < 16_777_216 ? 4 : 9)

function writeValues(bytes: Buffer, start: number, values: readonly Scalar[], lengths: readonly number[]): void {
  const nullBytes = (values.length + 7) >> 3
  bytes.fill(0, start, start + nullBytes)
  // Types come with it.
  bytes[start + nullBytes] = 1
  let typed = start + nullBytes + 1
  let at = typed + values.length * 2
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as Scalar
    if (value === null) bytes[start + (i >> 3)] = (bytes[start + (i >> 3)] as number) | (1 << (i & 7))
    bytes[typed] = typeOf(value)
    bytes[typed + 1] =
      typeof value === 'bigint' && value > 0n && BigInt.asIntN(64, value) !== value ? unsigned(value) : 0
    typed += 2
    at = writeValue(bytes, at, value, lengths[i] as number)
  }
}

const unsigned = (value: bigint): number => (isWide(value) ? 0 : 0x80)

function typeOf(value: Scalar): number {
  switch (typeof value) {
    case 'string':
      return type.varString
    case 'number':
      return Number.isSafeInteger(value) ? type.longlong : type.double
    case 'bigint':
      return isWide(value) ? type.newDecimal : type.longlong
    case 'boolean':
      return type.longlong
    default:
      return value === null ? type.null : type.blob
  }
}

function writeValue(bytes: Buffer, at: number, value: Scalar, length: number): number {
  switch (typeof value) {
    case 'number':
      return Number.isSafeInteger(value) ? writeInteger(bytes, at, value) : bytes.writeDoubleLE(value, at)
    case 'boolean':
      return writeInteger(bytes, at, value ? 1 : 0)
    case 'bigint':
      if (length < 0) return bytes.writeBigUInt64LE(BigInt.asUintN(64, value), at)
      return writeLength(bytes, at, length) + bytes.write(String(value), writeLength(bytes, at, length), 'latin1')
    case 'string': {
      const start = writeLength(bytes, at, length)
      return start + bytes.write(value, start, 'utf8')
    }
    default: {
      if (value === null) return at
      const start = writeLength(bytes, at, length)
      bytes.set(value, start)
      return start + length
    }
  }
}

function writeInteger(bytes: Buffer, at: number, value: number): number {
  bytes.writeUInt32LE(value >>> 0, at)
  return bytes.writeInt32LE(Math.floor(value / 4_294_967_296), at + 4)
}

function writeLength(bytes: Buffer, at: number, length: number): number {
  if (length < 251) return bytes.writeUInt8(length, at)
  if (length < 65_536) {
    bytes[at] = 252
    return bytes.writeUInt16LE(length, at + 1)
  }
  if (length < 16_777_216) {
    bytes[at] = 253
    return bytes.writeUIntLE(length, at + 1, 3)
  }
  bytes[at] = 254
  return bytes.writeBigUInt64LE(BigInt(length), at + 1)
}

/** `bytes`: room for one header, then `size` bytes. */
function framed(bytes: Buffer, size: number): Message {
  if (size < packetBytes) {
    bytes.writeUIntLE(size, 0, 3)
    bytes[3] = 0
    return { bytes, packets: 1 }
  }
  const pieces: Buffer[] = []
  let packets = 0
  // What fills its last packet is followed by an empty one.
  for (let from = 0; from <= size; from += packetBytes) {
    const length = Math.min(packetBytes, size - from)
    const before = Buffer.alloc(header)
    before.writeUIntLE(length, 0, 3)
    before[3] = packets++ & 0xff
    pieces.push(before, bytes.subarray(header + from, header + from + length))
  }
  return { bytes: Buffer.concat(pieces), packets }
}
