/**
 * What is used of the driver beyond what it documents: commands of one's own in its queue, which are given the packets of the server where
 * they lie. Whether it is all there is looked at before any of it is used.
 */
import type { Connection } from 'mysql2'

/** A packet as the driver hands it over: one object for all of them, so its places are of use during the call only. */
export interface DriverPacket {
  readonly buffer: Buffer
  readonly start: number
  /** Where the payload begins, behind the header. */
  offset: number
  readonly end: number
  asError(encoding: string): Error
  parseGeometryValue(): unknown
  parseVector(): unknown
  readLengthCodedString(encoding: string): unknown
}

/** What the driver runs, one after the other. */
export interface DriverCommand {
  /** Called without a packet when it is its turn, then with each of the server's; true: that was the last. */
  execute(packet: DriverPacket | undefined): boolean
}

/** A statement that the server has prepared; the driver closes it when too many are. */
export interface DriverStatement {
  readonly id: number
  close(): unknown
}

export interface DriverQueue {
  readonly clientEncoding: string
  readonly serverCapabilityFlags: number
  readonly config: { readonly clientFlags: number; readonly debug?: unknown; readonly compress?: unknown }
  addCommand(command: DriverCommand): unknown
  _resetSequenceId(): void
  _bumpSequenceId(packets: number): void
  write(bytes: Buffer): void
  pause(): void
  resume(): void
  prepare(
    options: { readonly sql: string; readonly rowsAsArray: true },
    done: (error: unknown, statement: DriverStatement) => void,
  ): unknown
}

/** Names and values of parameters would come in between. */
const queryAttributes = 0x08000000

const methods = ['addCommand', '_resetSequenceId', '_bumpSequenceId', 'write', 'pause', 'resume', 'prepare'] as const

/** The connection's queue; null: it is not as it is known here. */
export function queueOf(driver: Connection): DriverQueue | null {
  const queue = driver as unknown as DriverQueue
  if (methods.some((name) => typeof queue[name] !== 'function')) return null
  const { config, serverCapabilityFlags: server, clientEncoding } = queue
  if (typeof server !== 'number' || typeof config?.clientFlags !== 'number') return null
  if (clientEncoding !== 'utf8' || config.debug || config.compress) return null
  return (config.clientFlags & server & queryAttributes) === 0 ? queue : null
}

/** The first packet of an answer tells whether they are as they are known here. */
export const isPacket = (packet: DriverPacket): boolean =>
  Buffer.isBuffer(packet.buffer) &&
  packet.offset === packet.start + 4 &&
  packet.end > packet.offset &&
  packet.end <= packet.buffer.length &&
  typeof packet.asError === 'function' &&
  typeof packet.parseGeometryValue === 'function' &&
  typeof packet.parseVector === 'function' &&
  typeof packet.readLengthCodedString === 'function'

/** Reads a cell by a method of the driver's: for what is rare. */
export type CellReader = (bytes: Buffer, at: number, end: number, read: (packet: DriverPacket) => unknown) => unknown

type PacketClass = new (id: number, bytes: Buffer, start: number, end: number) => DriverPacket
const readers = new WeakMap<PacketClass, CellReader>()

/** `packet`: any of the driver's. */
export function cellReader(packet: DriverPacket): CellReader {
  const Packet = packet.constructor as PacketClass
  let reader = readers.get(Packet)
  if (reader === undefined) {
    reader = (bytes, at, end, read) => {
      const own = new Packet(0, bytes, 0, end)
      own.offset = at
      return read(own)
    }
    readers.set(Packet, reader)
  }
  return reader
}
