/**
 * One execution of a prepared statement as a command in the driver's queue: rows are handed on where they lie in the packets of the server.
 * What a statement answers beyond its first result is read past.
 */
import type { WireColumn } from 'dataferry/sql'
import type { Scalar } from '../binds.ts'
import {
  type CellReader,
  cellReader,
  type DriverCommand,
  type DriverPacket,
  type DriverQueue,
  isPacket,
} from './driver.ts'
import { executeMessage, type Message } from './execute.ts'
import { characterSetAt, type Layout, layoutOf, typeAt } from './layout.ts'
import { contentLength } from './row.ts'

/** Who is told; nothing may be thrown. */
export interface Receiver {
  layout(layout: Layout, reader: CellReader): void
  /** A row's payload. */
  row(bytes: Buffer, start: number, end: number): void
  end(): void
  /** The driver's error, of the server or our own. */
  fail(error: unknown): void
}

/** The last layout of a statement's rows: definitions that are the same again are not taken apart. */
interface Known {
  layout: Layout | null
}
const layouts = new WeakMap<readonly WireColumn[], Known>()

function knownOf(columns: readonly WireColumn[]): Known {
  let known = layouts.get(columns)
  if (known === undefined) {
    known = { layout: null }
    layouts.set(columns, known)
  }
  return known
}

const state = { waiting: 0, sent: 1, columns: 2, columnsEnd: 3, rows: 4 } as const

const first = { ok: 0, localFile: 0xfb, end: 0xfe, error: 0xff } as const
/** Of a status: another result follows. */
const moreResults = 8
/** What is longer and begins like an end is none. */
const endAtMost = 9

export class PlacedCommand implements DriverCommand {
  /** Set by the preparation, which goes before it in the queue; null: that failed. */
  statement: number | null = null
  readonly #queue: DriverQueue
  readonly #values: readonly Scalar[]
  readonly #known: Known
  readonly #receiver: Receiver
  #state: number = state.waiting
  /** Results that are over. */
  #results = 0
  #count = 0
  #seen = 0
  /** Where the definitions are not those that are known. */
  #types: Int32Array | null = null
  #sets: Int32Array | null = null

  constructor(queue: DriverQueue, values: readonly Scalar[], columns: readonly WireColumn[], receiver: Receiver) {
    this.#queue = queue
    this.#values = values
    this.#known = knownOf(columns)
    this.#receiver = receiver
  }

  execute(packet: DriverPacket | undefined): boolean {
    if (packet === undefined) return this.#send()
    const { buffer, offset, end } = packet
    const marker = buffer[offset] as number
    if (marker === first.error) return this.#failed(packet.asError(this.#queue.clientEncoding))
    switch (this.#state) {
      case state.rows:
        if (marker === first.end && end - offset < endAtMost) return this.#resultEnds(buffer.readUInt16LE(offset + 3))
        if (this.#results === 0) this.#receiver.row(buffer, offset, end)
        return false
      case state.columns:
        this.#column(buffer, end)
        return false
      case state.columnsEnd:
        this.#columnsEnd(packet)
        return false
      default:
        return this.#header(packet, marker)
    }
  }

  /** What is to be sent; the server's packets are its own from then on. */
  begin(): Message {
    this.#state = state.sent
    return executeMessage(this.statement ?? 0, this.#values)
  }

  #send(): boolean {
    if (this.statement === null) return true
    const { bytes, packets } = this.begin()
    this.#queue._resetSequenceId()
    this.#queue._bumpSequenceId(packets)
    this.#queue.write(bytes)
    return false
  }

  #header(packet: DriverPacket, marker: number): boolean {
    if (!isPacket(packet) || marker === first.localFile) return this.#failed(unexpected())
    const { buffer, offset, end } = packet
    if (marker === first.ok) return this.#resultEnds(statusAt(buffer, offset + 1, end))
    this.#count = contentLength(buffer, offset)
    this.#seen = 0
    this.#types = null
    this.#sets = null
    this.#state = state.columns
    return false
  }

  #column(bytes: Buffer, end: number): void {
    const at = this.#seen++
    const type = typeAt(bytes, end)
    const set = characterSetAt(bytes, end)
    const { layout } = this.#known
    const isKnown = this.#types === null && layout?.count === this.#count
    if (!isKnown || layout.types[at] !== type || layout.sets[at] !== set) {
      this.#types ??= layout?.count === this.#count ? layout.types.slice() : new Int32Array(this.#count)
      this.#sets ??= layout?.count === this.#count ? layout.sets.slice() : new Int32Array(this.#count)
      this.#types[at] = type
      this.#sets[at] = set
    }
    if (this.#seen === this.#count) this.#state = state.columnsEnd
  }

  #columnsEnd(packet: DriverPacket): void {
    this.#state = state.rows
    if (this.#results > 0) return
    if (this.#types !== null && this.#sets !== null) this.#known.layout = layoutOf(this.#types, this.#sets)
    this.#receiver.layout(this.#known.layout as Layout, cellReader(packet))
  }

  #resultEnds(status: number): boolean {
    this.#results++
    this.#state = state.sent
    if ((status & moreResults) !== 0) return false
    this.#receiver.end()
    return true
  }

  #failed(error: unknown): boolean {
    this.#receiver.fail(error)
    return true
  }
}

/** Behind the numbers of changed rows and of the last key. */
function statusAt(bytes: Buffer, start: number, end: number): number {
  let at = start
  for (let i = 0; i < 2; i++) {
    const byte = bytes[at] as number
    at += byte < 251 ? 1 : byte === 252 ? 3 : byte === 253 ? 4 : 9
  }
  return at + 2 <= end ? bytes.readUInt16LE(at) : 0
}

const unexpected = (): Error =>
  Object.assign(new Error('The server answered in a way that is not known.'), {
    code: 'PROTOCOL_UNEXPECTED_PACKET',
    fatal: true,
  })
