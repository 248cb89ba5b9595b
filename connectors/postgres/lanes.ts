/**
 * The connections of one service, in two lanes. Point reads share a few connections, several in flight on each: they are never cancelled,
 * only timed out. Short pages join each other on connections of the pool while they are at work. Lists, transactions and single writes have
 * a connection to themselves for as long as they need it, from a pool; lists and transactions are cancelled, by a second connection. Nothing
 * is opened before it is used, and what is idle is closed.
 */

import type { Connections } from 'dataferry/sdk'
import { Rested } from 'dataferry/sql'
import { Pool, TimeoutError } from 'tarn'
import type { ConnectionSettings } from './settings.ts'
import type { Wire } from './wire/connection.ts'
import { Closed, ConnectionLost, PoolExhausted } from './wire/fault.ts'
import { cancel, openWire } from './wire/open.ts'

/** Two serve what ten do when statements are pipelined. */
const sharedAtMost = 2
/** In a pool of so many one is shared: there may be transactions inside of others' (locks of several processes), which need one each. */
const small = 4
/** A second shared connection is opened when the first has so many in flight. */
const busy = 4
/** How long beyond its own timeout a statement is waited for. */
const graceMs = 5_000
const lookEveryMs = 1_000
/** Pages that are in flight on one connection before another is taken. */
const joinedAtMost = 8
/** Nobody joins those on a connection whose server has said nothing for so long: something slow is in front. */
const slowMs = 50

export class Lanes {
  readonly #settings: ConnectionSettings
  readonly #pool: Pool<Wire>
  readonly #sharedMost: number
  readonly #ownMost: number
  readonly #shared: Wire[] = []
  readonly #usedAt = new WeakMap<Wire, number>()
  /** Connections in sessions, and the pool's idle ones. */
  readonly #own = new Set<Wire>()
  readonly #rested: Rested<Wire>
  /** Connections on which there are pages, and how many. */
  readonly #pages = new Map<Wire, number>()
  /** Who waits for a connection of their own. */
  #waiting = 0
  #opening: Promise<Wire> | null = null
  #looking: NodeJS.Timeout | null = null
  #closed = false

  constructor(settings: ConnectionSettings) {
    this.#settings = settings
    this.#sharedMost = settings.poolSize > small ? sharedAtMost : 1
    this.#ownMost = Math.max(1, settings.poolSize - this.#sharedMost)
    this.#rested = new Rested(
      (wire) => ({
        get gone() {
          return wire.lost
        },
        ask: () => wire.simple('select 1'),
        cut: () => wire.destroy(),
      }),
      settings.connectTimeoutMs,
    )
    this.#pool = new Pool<Wire>({
      create: () => this.#open(),
      destroy: (wire: Wire) => {
        this.#own.delete(wire)
        if (wire.lost || wire.inFlight > 0) wire.destroy()
        else wire.finish()
      },
      validate: (wire: Wire) => !wire.lost,
      min: 0,
      max: this.#ownMost,
      acquireTimeoutMillis: settings.acquireTimeoutMs,
      createTimeoutMillis: settings.connectTimeoutMs * 2,
      destroyTimeoutMillis: 5_000,
      idleTimeoutMillis: settings.idleMs,
      reapIntervalMillis: lookEveryMs,
      propagateCreateError: true,
    })
  }

  /** Connections alive, for tests and the log. */
  get counts(): { readonly shared: number; readonly own: number } {
    return { shared: this.#shared.length, own: this.#own.size }
  }

  get pooled(): Connections {
    const idle = this.#shared.filter((wire) => wire.inFlight === 0).length
    return {
      open: this.#shared.length + this.#own.size,
      idle: idle + this.#pool.numFree(),
      waiting: this.#pool.numPendingAcquires(),
      most: this.#settings.poolSize,
    }
  }

  /** A connection to share: the one with the fewest in flight. */
  shared(): Wire | Promise<Wire> {
    if (this.#closed) throw new Closed()
    let best: Wire | null = null
    for (const wire of this.#shared) if (!wire.lost && (best === null || wire.inFlight < best.inFlight)) best = wire
    if (best === null) return this.#openShared()
    if (best.inFlight >= busy && this.#shared.length < this.#sharedMost) this.#openShared().catch(() => {})
    this.#usedAt.set(best, performance.now())
    return best
  }

  /**
   * A connection for the length of the call. When the signal aborts, what runs on it is cancelled and the connection is given up, and with
   * it a transaction: the call's statements reject then.
   */
  own<T>(use: (wire: Wire) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#lease(use, signal, false)
  }

  /** The same for what can't be tried again: not on one that the server has closed while it rested, as far as that can be known. */
  standing<T>(use: (wire: Wire) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#lease(use, signal, true)
  }

  /**
   * A standing connection for one statement that is its own transaction: it is not cancelled, only timed out, so that its end is known. Not
   * a shared one: there each would wait for the commits, and the locks, of those in front of it.
   */
  async single<T>(use: (wire: Wire) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#closed) throw new Closed()
    const wire = await this.#takeStanding(signal)
    try {
      return await use(wire)
    } finally {
      this.#putBack(wire)
    }
  }

  async #takeStanding(signal: AbortSignal): Promise<Wire> {
    this.#waiting++
    try {
      const giveBack = (connection: Wire): boolean => this.#pool.release(connection)
      return await this.#rested.standing(() => this.#acquire(signal), giveBack, signal)
    } finally {
      this.#waiting--
    }
  }

  /**
   * For a page that is known to be short: several are in flight on one connection, and none is cancelled. Who waits for a connection of
   * their own comes first: the pages go to their end then, and give theirs back.
   */
  async page<T>(use: (wire: Wire) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#closed) throw new Closed()
    const wire = this.#joined() ?? (await this.#acquire(signal))
    this.#pages.set(wire, (this.#pages.get(wire) ?? 0) + 1)
    try {
      return await use(wire)
    } finally {
      const left = (this.#pages.get(wire) ?? 1) - 1
      if (left > 0) {
        this.#pages.set(wire, left)
      } else {
        this.#pages.delete(wire)
        this.#putBack(wire)
      }
    }
  }

  /** The fullest that is not full, or where the pool has no other left the emptiest; null: one must be taken from the pool. */
  #joined(): Wire | null {
    if (this.#waiting > 0) return null
    let fullest: Wire | null = null
    let emptiest: Wire | null = null
    let most = 0
    let fewest = Number.POSITIVE_INFINITY
    for (const [wire, pages] of this.#pages) {
      if (wire.lost || wire.silence > slowMs) continue
      if (pages < joinedAtMost && pages > most) {
        fullest = wire
        most = pages
      }
      if (pages < fewest) {
        emptiest = wire
        fewest = pages
      }
    }
    if (fullest !== null) return fullest
    return this.#mayOpen ? null : emptiest
  }

  /** The pool may have another connection. */
  get #mayOpen(): boolean {
    return this.#pool.numUsed() + this.#pool.numPendingCreates() < this.#ownMost
  }

  #putBack(wire: Wire): void {
    // What was left behind is cut off: the next user must find a connection at rest.
    if (wire.inFlight > 0 || wire.inTransaction) this.#giveUp(wire)
    wire.resume()
    this.#rested.rests(wire)
    this.#pool.release(wire)
  }

  /** `surely`: one that stands. */
  async #lease<T>(use: (wire: Wire) => Promise<T>, signal: AbortSignal, surely: boolean): Promise<T> {
    signal.throwIfAborted()
    if (this.#closed) throw new Closed()
    this.#waiting++
    let wire: Wire
    try {
      const acquire = (): Promise<Wire> => this.#acquire(signal)
      const giveBack = (connection: Wire): boolean => this.#pool.release(connection)
      wire = surely ? await this.#rested.standing(acquire, giveBack, signal) : await acquire()
    } finally {
      this.#waiting--
    }
    let gone = false
    const onAbort = (): void => {
      gone = true
      this.#giveUp(wire)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await use(wire)
    } catch (thrown) {
      if (gone) throw signal.reason
      throw thrown
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#putBack(wire)
    }
  }

  /** Every connection prepares its statements anew: the structure that they were made for has changed. */
  forgetStatements(): void {
    for (const wire of [...this.#shared, ...this.#own]) wire.forgetStatements()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#looking !== null) clearInterval(this.#looking)
    for (const wire of this.#shared.splice(0)) wire.destroy()
    for (const wire of this.#own) if (wire.inFlight > 0) this.#giveUp(wire)
    await this.#pool.destroy()
  }

  async #acquire(signal: AbortSignal): Promise<Wire> {
    const pending = this.#pool.acquire()
    const onAbort = (): void => pending.abort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await pending.promise
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      throw thrown instanceof TimeoutError ? new PoolExhausted(thrown) : thrown
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** The server stops the statement, which it would go on with otherwise, and the connection is cut. */
  #giveUp(wire: Wire): void {
    if (wire.lost) return
    if (wire.inFlight > 0) cancel(wire, this.#settings).catch(() => {})
    wire.destroy()
  }

  async #open(): Promise<Wire> {
    const wire = await openWire(this.#settings)
    if (this.#closed) {
      wire.destroy()
      throw new Closed()
    }
    this.#own.add(wire)
    this.#rested.rests(wire)
    wire.onLost(() => this.#own.delete(wire))
    this.#look()
    return wire
  }

  /** Those who come while one is opened wait for the same. */
  #openShared(): Promise<Wire> {
    this.#opening ??= this.#addShared().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #addShared(): Promise<Wire> {
    const wire = await openWire(this.#settings)
    if (this.#closed) {
      wire.destroy()
      throw new Closed()
    }
    this.#shared.push(wire)
    this.#usedAt.set(wire, performance.now())
    wire.onLost(() => {
      const at = this.#shared.indexOf(wire)
      if (at >= 0) this.#shared.splice(at, 1)
    })
    this.#look()
    return wire
  }

  /** Closes idle shared connections, and cuts those whose server says nothing any more. */
  #look(): void {
    if (this.#looking !== null) return
    this.#looking = setInterval(() => {
      const now = performance.now()
      const { statementTimeoutMs, idleMs } = this.#settings
      const patience = statementTimeoutMs === 0 ? Number.POSITIVE_INFINITY : statementTimeoutMs + graceMs
      for (const wire of [...this.#shared, ...this.#own]) {
        if (wire.silence > patience) wire.lose(new ConnectionLost('The server did not answer in time.'))
      }
      for (const wire of [...this.#shared]) {
        if (wire.inFlight > 0 || now - (this.#usedAt.get(wire) ?? now) < idleMs) continue
        this.#shared.splice(this.#shared.indexOf(wire), 1)
        wire.finish()
      }
      if (this.#shared.length === 0 && this.#own.size === 0 && this.#looking !== null) {
        clearInterval(this.#looking)
        this.#looking = null
      }
    }, lookEveryMs)
    this.#looking.unref()
  }
}
