/**
 * Rows of statements on one connection, handed over where they lie in the server's messages. Who shares the connection takes what
 * comes; who has it alone stops the server by not reading when its client is slow; who needs other statements in between (relations)
 * fetches from a portal, some rows at a time.
 */
import type { Bind } from 'dataferry/sdk'
import type { ParentRow, RowCursor, RowSourceOf, Statement } from 'dataferry/sql'
import { textParameters } from './binds.ts'
import type { Outcome, Wire } from './wire/connection.ts'
import { PlacedRow } from './wire/row.ts'

/** How a statement's rows are taken from its connection. `session`: from a portal, by a statement that is prepared for this once. */
export type Manner = 'shared' | 'alone' | 'portal' | 'session'

/** Rows of one fetch from a portal. */
const fetchSize = 1_000
/** How long the rest of an answer that nobody wants is waited for, before the connection is cut. */
const drainMs = 250

export class WireSource implements RowSourceOf<PlacedRow> {
  readonly #wire: Wire
  readonly #manner: Manner
  #portals = 0

  constructor(wire: Wire, manner: Manner) {
    this.#wire = wire
    this.#manner = manner
  }

  open(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null): RowCursor<PlacedRow> {
    const parameters = textParameters(statement.parameters, binds, parents)
    return new WireCursor(this.#wire, this.#manner, `p${++this.#portals}`, statement.text, parameters)
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
  readonly #portal: string
  readonly #row = new PlacedRow()
  /** Who waits for rows; null: nobody takes any. */
  #waiting: Waiting | null = null
  /** Bodies of rows that nobody was there to take. */
  readonly #held: Buffer[] = []
  #state: 'running' | 'suspended' | 'ended' = 'running'
  #failed: { readonly thrown: unknown } | null = null
  #unwanted = false
  #settled: Promise<void>

  constructor(wire: Wire, manner: Manner, portal: string, text: string, parameters: readonly (string | null)[]) {
    this.#wire = wire
    this.#manner = manner
    this.#portal = portal
    this.#settled = this.#follow(
      manner === 'portal' || manner === 'session'
        ? wire.openPortal(portal, text, parameters, fetchSize, this.#onRow, manner === 'session')
        : wire.run(text, parameters, this.#onRow),
    )
  }

  pull(take: Take): boolean | Promise<boolean> {
    while (this.#held.length > 0) {
      const body = this.#held.shift() as Buffer
      this.#row.place(body, 0)
      if (!take(this.#row)) return this.#held.length > 0 || this.#state !== 'ended'
    }
    if (this.#failed !== null) return Promise.reject(this.#failed.thrown)
    if (this.#state === 'ended') return false
    return new Promise((resolve, reject) => {
      this.#waiting = { take, resolve, reject }
      if (this.#state === 'suspended') this.#fetch()
      else if (this.#manner === 'alone') this.#wire.resume()
    })
  }

  async close(): Promise<void> {
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
    this.#row.place(bytes, start)
    if (waiting.take(this.#row)) return
    this.#waiting = null
    if (this.#manner === 'alone') this.#wire.pause()
    waiting.resolve(true)
  }

  #fetch(): void {
    this.#state = 'running'
    this.#settled = this.#follow(this.#wire.fetch(this.#portal, fetchSize, this.#onRow))
  }

  async #follow(sent: Promise<Outcome>): Promise<void> {
    try {
      const { suspended } = await sent
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
