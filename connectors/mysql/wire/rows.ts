/**
 * The rows of one statement, handed to whoever takes them as their packets come in. While nobody takes them the connection is paused, and
 * the server waits.
 */
import type { RowCursor } from 'dataferry/sql'
import type { Receiver } from './command.ts'
import type { CellReader, DriverQueue } from './driver.ts'
import type { Layout } from './layout.ts'
import { PlacedRow } from './row.ts'

/** Rows read for nobody before the statement is stopped by the server. */
const wastedAtMost = 1_000

/** A row that waits here; its bytes are not written over. */
interface Held {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

type Take = (row: PlacedRow) => boolean

export class PlacedRows implements RowCursor<PlacedRow>, Pick<Receiver, 'layout' | 'row'> {
  readonly #queue: Pick<DriverQueue, 'pause' | 'resume'>
  readonly #stop: () => Promise<void>
  readonly #most: number
  #row: PlacedRow | null = null
  #take: Take | null = null
  #taken = 0
  #held: Held[] = []
  #next = 0
  #unlimited = false
  #paused = false
  #ended = false
  #discarding = false
  #wasted = 0
  #fault: { readonly thrown: unknown } | null = null
  /** Who pulls. */
  #puller: { resolve(more: boolean): void; reject(thrown: unknown): void } | null = null
  readonly #atEnd: (() => void)[] = []

  /** `stop` ends the statement on the server; `most`: no more rows can come. */
  constructor(queue: Pick<DriverQueue, 'pause' | 'resume'>, stop: () => Promise<void>, most: number | null) {
    this.#queue = queue
    this.#stop = stop
    this.#most = most ?? Number.POSITIVE_INFINITY
  }

  /** Nothing more comes from the server. */
  get done(): boolean {
    return this.#ended
  }

  layout(layout: Layout, reader: CellReader): void {
    this.#row = new PlacedRow(layout, reader)
  }

  row(bytes: Buffer, start: number, end: number): void {
    if (this.#discarding) {
      if (++this.#wasted === wastedAtMost) void this.#stop()
      return
    }
    const take = this.#take
    if (take === null) {
      this.#held.push({ bytes, start, end })
      if (!this.#unlimited) this.#pause()
      return
    }
    const row = this.#row as PlacedRow
    row.place(bytes, start, end)
    let more: boolean
    try {
      more = take(row)
    } catch (thrown) {
      this.abandon(thrown)
      return
    }
    this.#taken++
    if (more) return
    this.#take = null
    // Only the end is still to come, which is waited for: the connection is free then.
    if (this.#taken >= this.#most) this.#discarding = true
    else if (this.#unlimited) this.#pulled()
    else this.#pause()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#take = null
    this.#pulled()
    for (const resolve of this.#atEnd.splice(0)) resolve()
  }

  fail(thrown: unknown): void {
    this.#fault ??= { thrown }
    this.end()
  }

  pull(take: Take): boolean | Promise<boolean> {
    while (this.#next < this.#held.length) {
      const { bytes, start, end } = this.#held[this.#next++] as Held
      const row = this.#row as PlacedRow
      row.place(bytes, start, end)
      this.#taken++
      if (!take(row)) return true
    }
    this.#held = []
    this.#next = 0
    if (!this.#isOver()) {
      this.#take = take
      // Packets that wait in the driver are handed over before this returns.
      this.#flow()
    }
    const outcome = this.#outcome()
    if (outcome !== null) return outcome
    return new Promise((resolve, reject) => {
      this.#puller = { resolve, reject }
    })
  }

  /** All that is still to come is read into memory, so that another statement can run. Never rejects. */
  async buffered(): Promise<void> {
    this.#unlimited = true
    this.#flow()
    await this.#end()
  }

  /** Whoever takes rows gets this instead; what is still to come is thrown away. */
  abandon(thrown: unknown): void {
    if (this.#ended) return
    this.#fault ??= { thrown }
    this.#discard()
    this.#pulled()
  }

  close(): void | Promise<void> {
    if (this.#ended) return
    this.#discard()
    return this.#end()
  }

  #isOver(): boolean {
    return this.#ended || this.#fault !== null
  }

  /** null: rows are still to come, and are taken. */
  #outcome(): boolean | null {
    // Rows that came before a failure were taken; it ends the body all the same.
    if (this.#fault !== null) throw this.#fault.thrown
    if (this.#ended) return false
    return this.#take === null && !this.#discarding ? true : null
  }

  /** Tells who pulls. */
  #pulled(): void {
    const puller = this.#puller
    if (puller === null) return
    try {
      const outcome = this.#outcome()
      if (outcome === null) return
      this.#puller = null
      puller.resolve(outcome)
    } catch (thrown) {
      this.#puller = null
      puller.reject(thrown)
    }
  }

  #end(): Promise<void> {
    return this.#ended ? Promise.resolve() : new Promise((resolve) => this.#atEnd.push(resolve))
  }

  #discard(): void {
    this.#discarding = true
    this.#take = null
    this.#held = []
    this.#next = 0
    this.#flow()
  }

  #pause(): void {
    if (!this.#paused) {
      this.#paused = true
      this.#queue.pause()
    }
    this.#pulled()
  }

  #flow(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#queue.resume()
  }
}
