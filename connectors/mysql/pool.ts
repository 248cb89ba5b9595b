/** The connections of one service: opened when they are needed, kept for a while, each used by one request at a time. */

import type { Connections as PoolCounts } from 'dataferry/sdk'
import { Rested } from 'dataferry/sql'
import { Pool, TimeoutError } from 'tarn'
import { MysqlConnection } from './connection.ts'
import { Closed, ConnectFailed, PoolExhausted } from './faults.ts'
import { modern, type ServerFacts, type Vendor } from './server.ts'
import type { ConnectionSettings } from './settings.ts'

const lookEveryMs = 1_000
/** Records that are in flight on one connection before another is taken. */
const joinedAtMost = 16
/** Nobody joins those on a connection whose server has said nothing for so long: something slow is in front. */
const slowMs = 50

export class Connections {
  readonly #settings: ConnectionSettings
  readonly #vendor: Vendor | null
  readonly #pool: Pool<MysqlConnection>
  readonly #alive = new Set<MysqlConnection>()
  readonly #rested: Rested<MysqlConnection>
  /** Connections on which records are read together, and how many are. */
  readonly #joined = new Map<MysqlConnection, number>()
  /** Connections that were made can be shared. */
  #share = false
  #facts: ServerFacts | null = null
  #closed = false

  constructor(settings: ConnectionSettings, vendor: Vendor | null) {
    this.#settings = settings
    this.#vendor = vendor
    this.#rested = new Rested(
      (connection) => ({
        get gone() {
          return connection.spent
        },
        ask: () => connection.simple('select 1'),
        cut: () => connection.destroy(),
      }),
      settings.connectTimeoutMs,
    )
    this.#pool = new Pool<MysqlConnection>({
      create: () => this.#open(),
      destroy: (connection: MysqlConnection) => {
        this.#alive.delete(connection)
        connection.end()
      },
      validate: (connection: MysqlConnection) => !connection.spent,
      min: 0,
      max: settings.poolSize,
      acquireTimeoutMillis: settings.acquireTimeoutMs,
      createTimeoutMillis: settings.connectTimeoutMs * 2,
      destroyTimeoutMillis: 5_000,
      idleTimeoutMillis: settings.idleMs,
      reapIntervalMillis: lookEveryMs,
      propagateCreateError: true,
    })
  }

  /** Of the server that was connected to last. */
  get facts(): ServerFacts {
    return this.#facts ?? modern
  }
  get pooled(): PoolCounts {
    const waiting = this.#pool.numPendingAcquires()
    return { open: this.#alive.size, idle: this.#pool.numFree(), waiting, most: this.#settings.poolSize }
  }
  get count(): number {
    return this.#alive.size
  }

  /**
   * A connection for the length of the call. When the signal aborts, what runs on it is killed and the connection is given up, and with it
   * a transaction, unless `shield` was called before: what comes then is seen to its end. `surely`: it is not one that the server has
   * closed while it rested, as far as that can be known.
   */
  async use<T>(
    work: (connection: MysqlConnection, shield: () => void) => Promise<T>,
    signal: AbortSignal,
    surely = false,
  ): Promise<T> {
    signal.throwIfAborted()
    if (this.#closed) throw new Closed()
    const acquire = (): Promise<MysqlConnection> => this.#acquire(signal)
    const giveBack = (connection: MysqlConnection): boolean => this.#pool.release(connection)
    const connection = surely ? await this.#rested.standing(acquire, giveBack, signal) : await acquire()
    let gone = false
    const onAbort = (): void => {
      gone = true
      void connection.stop()
    }
    const shield = (): void => signal.removeEventListener('abort', onAbort)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await work(connection, shield)
    } catch (thrown) {
      if (gone) throw signal.reason
      throw thrown
    } finally {
      shield()
      await connection.rest()
      // At once: the server holds a transaction, and its locks, for as long as the connection stands.
      if (connection.spent) connection.destroy()
      this.#rested.rests(connection)
      giveBack(connection)
    }
  }

  /**
   * For a record by a unique key, which is known to be short: several are in flight on one connection (`MysqlConnection.one`), and none is
   * stopped. null: they can't be, as far as it is known.
   */
  together<T>(work: (connection: MysqlConnection) => Promise<T>, signal: AbortSignal): Promise<T> | null {
    if (!this.#share || this.#closed) return null
    signal.throwIfAborted()
    const connection = this.#joinable()
    return connection === null ? this.#first(work, signal) : this.#join(connection, work)
  }

  async #first<T>(work: (connection: MysqlConnection) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#join(await this.#acquire(signal), work)
  }

  async #join<T>(connection: MysqlConnection, work: (connection: MysqlConnection) => Promise<T>): Promise<T> {
    this.#joined.set(connection, (this.#joined.get(connection) ?? 0) + 1)
    try {
      return await work(connection)
    } finally {
      const left = (this.#joined.get(connection) ?? 1) - 1
      if (left > 0) {
        this.#joined.set(connection, left)
      } else {
        this.#joined.delete(connection)
        if (connection.spent) connection.destroy()
        this.#rested.rests(connection)
        this.#pool.release(connection)
      }
    }
  }

  /** The fullest that is not full, or where there is no other the emptiest. Who waits for a connection of their own comes first. */
  #joinable(): MysqlConnection | null {
    if (this.#pool.numPendingAcquires() > 0) return null
    let fullest: MysqlConnection | null = null
    let emptiest: MysqlConnection | null = null
    let most = 0
    let fewest = Number.POSITIVE_INFINITY
    for (const [connection, count] of this.#joined) {
      if (connection.spent || connection.silence > slowMs) continue
      if (count < joinedAtMost && count > most) {
        fullest = connection
        most = count
      }
      if (count < fewest) {
        emptiest = connection
        fewest = count
      }
    }
    if (fullest !== null) return fullest
    const isFull = this.#pool.numUsed() + this.#pool.numPendingCreates() >= this.#settings.poolSize
    return isFull ? emptiest : null
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const connection of this.#alive) void connection.stop()
    await this.#pool.destroy()
  }

  async #open(): Promise<MysqlConnection> {
    const connection = await MysqlConnection.open(this.#settings, this.#vendor)
    this.#facts = connection.facts
    this.#share = connection.shares
    this.#alive.add(connection)
    this.#rested.rests(connection)
    return connection
  }

  async #acquire(signal: AbortSignal): Promise<MysqlConnection> {
    const pending = this.#pool.acquire()
    const onAbort = (): void => pending.abort()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await pending.promise
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      if (thrown instanceof ConnectFailed) throw thrown
      if (this.#closed) throw new Closed()
      throw thrown instanceof TimeoutError ? new PoolExhausted(thrown) : new ConnectFailed(thrown)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}
