/** The rows of one statement on their way: some wait here for whoever takes them, the rest waits on the server. */

import type { RowCursor, WireValue } from 'dataferry/sql'
import type { Connection } from 'mysql2'

/** What waits here at most, as long as nothing else is to run on the connection: rows, and about as many bytes. */
const waitingAtMost = 256
const bytesAtMost = 1024 * 1024
/** Rows read for nobody before the statement is stopped by the server. */
const wastedAtMost = 1_000

export class RowStream implements RowCursor<WireValue[]> {
  readonly #driver: Pick<Connection, 'pause' | 'resume'>
  readonly #stop: () => Promise<void>
  #waiting: WireValue[][] = []
  #next = 0
  #bytes = 0
  #unlimited = false
  #paused = false
  #ended = false
  #discarding = false
  #wasted = 0
  #fault: { readonly thrown: unknown } | null = null
  readonly #waiters: (() => void)[] = []

  /** `stop` ends the statement on the server. */
  constructor(driver: Pick<Connection, 'pause' | 'resume'>, stop: () => Promise<void>) {
    this.#driver = driver
    this.#stop = stop
  }

  /** Nothing more comes from the server. */
  get done(): boolean {
    return this.#ended
  }

  push(row: WireValue[]): void {
    if (this.#discarding) {
      if (++this.#wasted === wastedAtMost) void this.#stop()
      return
    }
    this.#waiting.push(row)
    if (this.#unlimited) return this.#wake()
    for (const value of row) if (typeof value === 'string' || value instanceof Uint8Array) this.#bytes += value.length
    if ((this.#waiting.length >= waitingAtMost || this.#bytes >= bytesAtMost) && !this.#paused) {
      this.#paused = true
      this.#driver.pause()
    }
    this.#wake()
  }
  end(): void {
    this.#ended = true
    this.#wake()
  }
  fail(thrown: unknown): void {
    this.#fault ??= { thrown }
    this.end()
  }

  pull(take: (row: WireValue[]) => boolean): boolean | Promise<boolean> {
    return this.#take(take) ?? this.#takeLater(take)
  }

  /** All that is still to come is read into memory, so that another statement can run. Never rejects. */
  async buffered(): Promise<void> {
    this.#unlimited = true
    this.#flow()
    while (!this.#ended) await this.#more()
  }

  /** Whoever takes rows gets this instead; what is still to come is thrown away. */
  abandon(thrown: unknown): void {
    if (this.#ended) return
    this.#fault ??= { thrown }
    this.#discard()
    this.#wake()
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#discard()
    while (!this.#ended) await this.#more()
  }

  #discard(): void {
    this.#discarding = true
    this.#waiting = []
    this.#next = 0
    this.#flow()
  }

  /** null: there is nothing to take yet. */
  #take(take: (row: WireValue[]) => boolean): boolean | null {
    for (;;) {
      while (this.#next < this.#waiting.length) {
        const row = this.#waiting[this.#next++] as WireValue[]
        if (!take(row)) return true
      }
      this.#waiting.length = 0
      this.#next = 0
      this.#bytes = 0
      // Rows that came before a failure were taken; it ends the body all the same.
      if (this.#fault !== null) throw this.#fault.thrown
      if (this.#ended) return false
      this.#flow()
      if (this.#waiting.length === 0 && !this.#ended) return null
    }
  }

  async #takeLater(take: (row: WireValue[]) => boolean): Promise<boolean> {
    for (;;) {
      await this.#more()
      const taken = this.#take(take)
      if (taken !== null) return taken
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve))
  }
  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** The driver may hand over rows before this returns. */
  #flow(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#driver.resume()
  }
}
