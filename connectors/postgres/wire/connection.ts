/**
 * One connection. `pg` makes it (TCP, TLS, authentication); once it stands, messages are handled here, where they lie in the socket's
 * chunk, so that rows need not become strings or objects. Several statements may be in flight; each ends with its own Sync, so an error
 * ends only its own. It leans on these internals of pg: `attachListeners`, `stream`, `processID`, `secretKey`.
 */
import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import pg from 'pg'
import { type ColumnFact, readColumns } from './columns.ts'
import { ConnectionLost, readFault, type ServerFault } from './fault.ts'
import {
  bindAndExecute,
  bindAndFetch,
  bindDescribeAndExecute,
  closeMessage,
  fetchMessage,
  parseMessage,
  queryMessage,
  type TextParameter,
  type WireParameter,
} from './messages.ts'
import { type Prepared, StatementNames } from './names.ts'
import { PlacedRow } from './row.ts'

/** Called for each row, with the body of its DataRow message; must not keep the bytes. */
export type OnRow = (bytes: Buffer, start: number, end: number) => void

/** Called before the first row, where the statement has columns. */
export type OnColumns = (columns: readonly ColumnFact[]) => void

/** What became of a statement that was carried out. */
export interface Outcome {
  readonly affected: number
  /** The portal has more rows. */
  readonly suspended: boolean
  /** How long it took, from when it was the next to be answered. */
  readonly ms: number
}

/** A statement whose Parse is under way: its name is dropped when that fails. */
interface Parsing {
  readonly text: string
  readonly name: string
}

const parsing = (text: string, { name, isNew }: Prepared): Parsing | null => (isNew ? { text, name } : null)
const unnamed = (text: string): Prepared => ({ name: '', before: [parseMessage('', text)], isNew: false })

/** One statement in flight, until its ReadyForQuery. */
interface Exchange {
  readonly onRow: OnRow | null
  readonly onColumns: OnColumns | null
  readonly parsing: Parsing | null
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (thrown: unknown) => void
  affected: number
  suspended: boolean
  parsed: boolean
  fault: unknown
}

const nothing = Buffer.alloc(0)
/** A longer message is collected in parts, so that it is not copied with each chunk. */
const collected = 65_536

const type = {
  parseComplete: 49,
  commandComplete: 67,
  dataRow: 68,
  error: 69,
  rowDescription: 84,
  copyIn: 71,
  ready: 90,
  suspended: 115,
} as const

type Listening = { attachListeners(this: pg.Connection, stream: EventEmitter): void }
type BackendKey = { readonly processID: number | null; readonly secretKey: number | null }

export class Wire extends pg.Connection {
  readonly #statements: StatementNames
  /** pg's own parser, for what comes before the connection stands. */
  readonly #own = new EventEmitter()
  #live = false
  #lost: unknown = null
  #onLost: (() => void) | null = null

  readonly #queue: Exchange[] = []
  #head = 0
  /** Messages of this turn of the loop. */
  readonly #outgoing: Buffer[] = []
  #portals = 0
  readonly #released: Buffer[] = []

  /** What comes in lies in memory that the next reading writes over. */
  readonly #reused: boolean
  #rest: Buffer = nothing
  #parts: Buffer[] | null = null
  #have = 0
  #want = 0
  #paused = false
  #scanning = false
  /** `I` idle, `T` in a transaction, `E` in one that failed. */
  #status = 'I'
  #heardAt = 0
  /** Since when the first in the queue is the next to be answered. */
  #firstSince = 0
  #backend: BackendKey = { processID: null, secretKey: null }

  constructor(config: pg.ConnectionConfig, statementLimit = 200) {
    const reading: Reading = { take: null }
    super(config.ssl ? config : { ...config, stream: () => readingInPlace(reading) })
    this.#statements = new StatementNames(statementLimit)
    this.#reused = !config.ssl
    reading.take = (chunk) => this.#take(chunk)
  }

  /** Called by pg when the socket stands, and again when TLS does. */
  attachListeners(stream: Duplex): void {
    if (this.#own.listenerCount('data') === 0) {
      ;(pg.Connection.prototype as unknown as Listening).attachListeners.call(this, this.#own)
    }
    if (!this.#reused) stream.on('data', (chunk: Buffer) => this.#take(chunk))
  }

  /** The connection stands: from here on messages are handled here. */
  goLive(backend: BackendKey): void {
    this.#live = true
    this.#backend = backend
    this.#heardAt = performance.now()
    this.on('error', (thrown: unknown) => this.lose(thrown))
    this.on('end', () => this.lose(null))
  }

  /** Called once, when the connection is gone. */
  onLost(listener: () => void): void {
    this.#onLost = listener
  }

  /** Nothing can be sent on it any more. */
  get lost(): boolean {
    return this.#lost !== null || !this.stream.writable
  }
  get inFlight(): number {
    return this.#queue.length - this.#head
  }
  get inTransaction(): boolean {
    return this.#status !== 'I'
  }
  /** The transaction can only be undone, whole or to a savepoint. */
  get transactionFailed(): boolean {
    return this.#status === 'E'
  }
  get backend(): BackendKey {
    return this.#backend
  }
  get encrypted(): boolean {
    return this.stream instanceof TLSSocket
  }
  /** Milliseconds that answers have been waited for without a byte; 0 where nothing is waited for. */
  get silence(): number {
    return this.inFlight === 0 || this.#paused ? 0 : performance.now() - this.#heardAt
  }

  /** For who takes rows of this connection: a row is of use only until the next. */
  readonly row = new PlacedRow()

  // ---- statements

  /**
   * Runs a statement under a name that it keeps on this connection. Rejects with ServerFault, or with ConnectionLost when it is not known
   * whether the statement was carried out.
   */
  run(text: string, parameters: readonly WireParameter[], onRow: OnRow | null): Promise<Outcome> {
    const prepared = this.#statements.prepare(text)
    return this.#send(bindAndExecute(prepared.before, prepared.name, parameters), onRow, parsing(text, prepared))
  }

  /**
   * The same up to the first rows of a portal, which lives to the end of the transaction. `once`: the statement gets no name, so that no
   * earlier preparation of it can be out of date.
   */
  openPortal(
    portal: string,
    text: string,
    parameters: readonly TextParameter[],
    rows: number,
    onRow: OnRow,
    once: boolean,
  ): Promise<Outcome> {
    const prepared = once ? unnamed(text) : this.#statements.prepare(text)
    const before = [...this.#released.splice(0), ...prepared.before]
    const message = bindAndFetch(before, portal, prepared.name, parameters, rows)
    return this.#send(message, onRow, parsing(text, prepared))
  }

  /** A name for a portal that no other has had on this connection. */
  portalName(): string {
    return `p${++this.#portals}`
  }

  /** A portal that is of no use any more is closed with the next one, or by the end of the transaction. */
  releasePortal(portal: string): void {
    this.#released.push(closeMessage('portal', portal))
  }

  /** Runs a statement that gets no name, and tells the columns of its rows. */
  described(text: string, parameters: readonly TextParameter[], onColumns: OnColumns, onRow: OnRow): Promise<Outcome> {
    const { before, name } = unnamed(text)
    return this.#send(bindDescribeAndExecute(before, name, parameters), onRow, null, onColumns)
  }

  /** More rows of a portal. */
  fetch(portal: string, rows: number, onRow: OnRow): Promise<Outcome> {
    return this.#send(fetchMessage(portal, rows), onRow, null)
  }

  /** A text without parameters, which may hold several statements. */
  simple(text: string): Promise<Outcome> {
    return this.#send(queryMessage(text), null, null)
  }

  /** Statements whose preparation is out of date are prepared anew at their next use. */
  forgetStatements(): void {
    this.#statements.forget()
  }

  #send(
    message: Buffer,
    onRow: OnRow | null,
    parsing: Parsing | null,
    onColumns: OnColumns | null = null,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      if (this.lost) {
        reject(new ConnectionLost(this.#lost))
        return
      }
      if (this.inFlight === 0) {
        this.#heardAt = performance.now()
        this.#firstSince = this.#heardAt
      }
      this.#queue.push({
        onRow,
        onColumns,
        parsing,
        resolve,
        reject,
        affected: 0,
        suspended: false,
        parsed: false,
        fault: null,
      })
      if (this.#outgoing.push(message) === 1) setImmediate(this.#flush)
    })
  }

  /** What was sent in one turn of the loop goes out in one piece: each writing costs more than many messages. */
  readonly #flush = (): void => {
    const messages = this.#outgoing
    const [only] = messages
    if (only === undefined) return
    const piece = messages.length === 1 ? only : Buffer.concat(messages)
    messages.length = 0
    if (this.#lost === null) this.stream.write(piece)
  }

  // ---- pausing: only for who has the connection alone

  /** No further row is handed over until `resume`, and the server is slowed down by the socket. */
  pause(): void {
    this.#paused = true
    this.stream.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#heardAt = performance.now()
    if (!this.#scanning) this.#scan(nothing)
    if (!this.#paused) this.stream.resume()
  }

  // ---- the end

  /** Cuts the connection. */
  destroy(): void {
    this.stream.destroy()
    this.lose(null)
  }

  /** Says goodbye, where nothing is under way. */
  finish(): void {
    this.#onLost = null
    this.#lost ??= new Error('The connection was closed.')
    this.end()
  }

  /** The connection is gone: everything that waits for it is told. */
  lose(cause: unknown): void {
    if (this.#lost !== null) return
    this.#lost = cause ?? new Error('The server closed the connection.')
    const waiting = this.#queue.splice(this.#head)
    this.#queue.length = 0
    this.#head = 0
    for (const exchange of waiting) exchange.reject(new ConnectionLost(exchange.fault ?? this.#lost))
    this.stream.destroy()
    this.#onLost?.()
  }

  // ---- what comes in

  #take(chunk: Buffer): void {
    this.#heardAt = performance.now()
    if (this.#parts !== null) {
      this.#parts.push(this.#kept(chunk))
      this.#have += chunk.length
      if (this.#have < this.#want) return
      const whole = Buffer.concat(this.#parts, this.#have)
      this.#parts = null
      this.#scan(whole)
    } else {
      this.#scan(chunk)
    }
  }

  /** Handles the whole messages of what was left and the chunk, and keeps what is left of it. */
  #scan(chunk: Buffer): void {
    const rest = this.#rest
    this.#rest = nothing
    if (rest.length === 0) return this.#messages(chunk, 0, chunk)
    if (chunk.length === 0) return this.#messages(rest, 0, chunk)
    // As a rule one message lies in both: it alone is put together.
    const missing = rest.length < 5 ? 0 : 1 + length(rest, 0) - rest.length
    if (missing <= 0 || missing > chunk.length) return this.#messages(Buffer.concat([rest, chunk]), 0, chunk)
    this.#scanning = true
    this.#message(Buffer.concat([rest, chunk.subarray(0, missing)]), 0, rest.length + missing)
    this.#messages(chunk, missing, chunk)
  }

  /** `chunk`: what was read last, whose memory may be written over. */
  #messages(bytes: Buffer, from: number, chunk: Buffer): void {
    const end = bytes.length
    let at = from
    this.#scanning = true
    while (end - at >= 5 && !this.#paused) {
      const next = at + 1 + length(bytes, at)
      if (next > end) break
      this.#message(bytes, at, next)
      at = next
    }
    this.#scanning = false
    if (at === end) return
    const rest = bytes === chunk ? this.#kept(bytes.subarray(at)) : at === 0 ? bytes : bytes.subarray(at)
    const missing = rest.length < 5 ? 0 : 1 + length(rest, 0) - rest.length
    if (!this.#paused && missing > collected) {
      this.#parts = [rest]
      this.#have = rest.length
      this.#want = rest.length + missing
    } else {
      this.#rest = rest
    }
  }

  #kept(bytes: Buffer): Buffer {
    return this.#reused ? Buffer.from(bytes) : bytes
  }

  #message(bytes: Buffer, start: number, end: number): void {
    if (!this.#live) {
      this.#own.emit('data', this.#kept(bytes.subarray(start, end)))
      return
    }
    const exchange = this.#queue[this.#head]
    switch (bytes[start]) {
      case type.dataRow:
        if (exchange !== undefined) row(exchange, bytes, start + 5, end)
        return
      case type.commandComplete:
        if (exchange !== undefined) exchange.affected = affectedRows(bytes, end)
        return
      case type.rowDescription:
        exchange?.onColumns?.(readColumns(bytes, start + 5))
        return
      case type.parseComplete:
        if (exchange !== undefined) exchange.parsed = true
        return
      case type.suspended:
        if (exchange !== undefined) exchange.suspended = true
        return
      case type.ready:
        this.#status = String.fromCharCode(bytes[start + 5] ?? 73)
        this.#settle()
        return
      case type.error: {
        const fault = readFault(bytes, start + 5, end)
        if (exchange === undefined || fault.severity === 'FATAL' || fault.severity === 'PANIC')
          this.#fatal(exchange, fault)
        else exchange.fault ??= fault
        return
      }
      case type.copyIn:
        // Nobody sends data; without this the connection would wait for ever.
        this.stream.write(Buffer.from('f\0\0\0\x05\0'))
        return
      // BindComplete, CloseComplete, NoData, descriptions, notices, settings, notifications: nothing to do.
    }
  }

  /** The server ends the connection; the first that waits is told why. */
  #fatal(exchange: Exchange | undefined, fault: ServerFault): void {
    if (exchange !== undefined) exchange.fault ??= fault
    this.lose(fault)
  }

  #settle(): void {
    const exchange = this.#queue[this.#head++]
    const ms = this.#heardAt - this.#firstSince
    this.#firstSince = this.#heardAt
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
    } else if (this.#head > 1_024) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    if (exchange === undefined) return
    const { parsing, parsed } = exchange
    if (parsing !== null && !parsed) this.#statements.failed(parsing.text, parsing.name)
    if (exchange.fault !== null) exchange.reject(exchange.fault)
    else exchange.resolve({ affected: exchange.affected, suspended: exchange.suspended, ms })
  }
}

interface Reading {
  take: ((chunk: Buffer) => void) | null
}

/** A socket that reads into one piece of memory of its own, again and again: new memory for each reading keeps the garbage collector busy. */
function readingInPlace(reading: Reading): Socket {
  const memory = Buffer.allocUnsafeSlow(collected)
  return new Socket({
    onread: {
      buffer: memory,
      callback(length) {
        reading.take?.(memory.subarray(0, length))
        return true
      },
    },
  })
}

/** What the receiver of a row throws ends its own statement only, once the server is done with it. */
function row(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  if (exchange.onRow === null || exchange.fault !== null) return
  try {
    exchange.onRow(bytes, start, end)
  } catch (thrown) {
    exchange.fault = thrown ?? new Error('A row could not be taken.')
  }
}

const length = (bytes: Buffer, at: number): number =>
  ((bytes[at + 1] as number) << 24) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 8) |
  (bytes[at + 4] as number)

/** The last number of a command tag such as `INSERT 0 5`; 0 where there is none. */
function affectedRows(bytes: Buffer, end: number): number {
  let at = end - 2
  let affected = 0
  for (let factor = 1; (bytes[at] as number) >= 48 && (bytes[at] as number) <= 57; at--, factor *= 10) {
    affected += ((bytes[at] as number) - 48) * factor
  }
  return bytes[at] === 32 ? affected : 0
}
