/**
 * Rows of statements on one connection, handed over where they lie in the server's messages. Who shares the connection takes what
 * comes; who has it alone stops the server by not reading when its client is slow; who needs other statements in between (relations)
 * fetches from a portal, some rows at a time.
 */
import type { Bind } from 'dataferry/sdk'
import type { ParentRow, RowCursor, RowSourceOf, Statement } from 'dataferry/sql'
import { textParameters } from './binds.ts'
import type { Outcome, Wire } from './wire/connection.ts'
import type { PlacedRow } from './wire/row.ts'

/**
 * How a statement's rows are taken from its connection.
 * `shared`: as they come. `alone`: as they come, and the server waits while the client does.
 * `stream`: the same from a portal, so that no single Execute lasts as long as a slow client (the statement timeout counts that time).
 * `portal`: from a portal, while other statements run in between.
 * `session`: the same by a statement that is prepared for this once.
 */
export type Manner = 'shared' | 'alone' | 'stream' | 'portal' | 'session'

/** Rows of the first fetch from a portal, and of the next ones where the one before took no longer than this. */
export const fetchSize = 1_000
const quickFetchSize = 8_000
const quickMs = 250
/** How long the rest of an answer that nobody wants is waited for, before the connection is cut. */
const drainMs = 250

export class WireSource implements RowSourceOf<PlacedRow> {
  readonly pipelined = true
  readonly #wire: Wire
  readonly #manner: Manner
  /** The longest that one of the statements took. */
  slowestMs = 0

  constructor(wire: Wire, manner: Manner) {
    this.#wire = wire
    this.#manner = manner
  }

  open(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null): RowCursor<PlacedRow> {
    const parameters = textParameters(statement.parameters, binds, parents)
    return new WireCursor(this.#wire, this.#manner, statement.text, parameters, (ms) => {
      if (ms > this.slowestMs) this.slowestMs = ms
    })
  }
}

type Take = (row: PlacedRow) => boolean

interface Waiting {
  readonly take: Take
  readonly resolve: (more: boolean) => void
  readonly reject: (thrown: unknown) => void
}

class WireCursor implements RowCursor<PlacedRow> {
  readonly #wire: Wire
  readonly #manner: Manner
  /** null: its rows come by themselves. */
  readonly #portal: string | null
  readonly #row: PlacedRow
  /** Who waits for rows; null: nobody takes any. */
  #waiting: Waiting | null = null
  /** Bodies of rows that nobody was there to take. */
  readonly #held: Buffer[] = []
  #state: 'running' | 'suspended' | 'ended' = 'running'
  #failed: { readonly thrown: unknown } | null = null
  #unwanted = false
  #quick = false
  #settled: Promise<void>
  readonly #took: (ms: number) => void

  constructor(
    wire: Wire,
    manner: Manner,
    text: string,
    parameters: readonly (string | null)[],
    took: (ms: number) => void,
  ) {
    this.#took = took
    this.#row = wire.row
    this.#wire = wire
    this.#manner = manner
    this.#portal = manner === 'shared' || manner === 'alone' ? null : wire.portalName()
    this.#settled = this.#follow(
      this.#portal === null
        ? wire.run(text, parameters, this.#onRow)
        : wire.openPortal(this.#portal, text, parameters, fetchSize, this.#onRow, manner === 'session'),
    )
  }

  get #pauses(): boolean {
    return this.#manner === 'alone' || this.#manner === 'stream'
  }

  pull(take: Take): boolean | Promise<boolean> {
    while (this.#held.length > 0) {
      const body = this.#held.shift() as Buffer
      this.#row.place(body, 0, body.length)
      if (!take(this.#row)) return this.#held.length > 0 || this.#state !== 'ended'
    }
    if (this.#failed !== null) return Promise.reject(this.#failed.thrown)
    if (this.#state === 'ended') return false
    return new Promise((resolve, reject) => {
      this.#waiting = { take, resolve, reject }
      if (this.#state === 'suspended') this.#fetch()
      else if (this.#pauses) this.#wire.resume()
    })
  }

  async close(): Promise<void> {
    if (this.#portal !== null && !this.#unwanted) this.#wire.releasePortal(this.#portal)
    this.#unwanted = true
    this.#held.length = 0
    if (this.#state !== 'running') return
    if (this.#manner === 'shared') return
    this.#wire.resume()
    const timer = setTimeout(() => this.#wire.destroy(), drainMs)
    await this.#settled
    clearTimeout(timer)
  }

  readonly #onRow = (bytes: Buffer, start: number, end: number): void => {
    if (this.#unwanted) return
    const waiting = this.#waiting
    if (waiting === null) {
      this.#held.push(Buffer.from(bytes.subarray(start, end)))
      return
    }
    this.#row.place(bytes, start, end)
    if (waiting.take(this.#row)) return
    this.#waiting = null
    if (this.#pauses) this.#wire.pause()
    waiting.resolve(true)
  }

  #fetch(): void {
    this.#state = 'running'
    if (this.#portal === null) throw new Error('There is no portal to fetch from.')
    const rows = this.#pauses && this.#quick ? quickFetchSize : fetchSize
    this.#settled = this.#follow(this.#wire.fetch(this.#portal, rows, this.#onRow))
  }

  async #follow(sent: Promise<Outcome>): Promise<void> {
    try {
      const { suspended, ms } = await sent
      this.#took(ms)
      this.#quick = ms <= quickMs
      this.#state = suspended ? 'suspended' : 'ended'
    } catch (thrown) {
      this.#state = 'ended'
      this.#failed = { thrown }
    }
    const waiting = this.#waiting
    if (waiting === null) return
    if (this.#failed !== null) {
      this.#waiting = null
      waiting.reject(this.#failed.thrown)
    } else if (this.#state === 'suspended') {
      this.#fetch()
    } else {
      this.#waiting = null
      waiting.resolve(false)
    }
  }
}
