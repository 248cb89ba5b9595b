/**
 * Whether a connection that has rested in a pool still stands. A write must not be sent twice, so what can be known is found out before
 * it is sent: a server that has closed the connection has said so by then, and where it may have gone without a word it is asked.
 */

import { ServiceUnavailable } from 'dataferry/sdk'

/** A connection as it is looked at here. */
export interface Resting {
  /** Its end was heard of. */
  readonly gone: boolean
  /** Asks the server for something harmless. */
  ask(): Promise<unknown>
  /** Cuts it; what is asked rejects. */
  cut(): void
}

/** Networks forget connections on which nothing was sent for minutes; seconds are surely remembered. */
const askAfterMs = 10_000

/** The resting connections of one pool. */
export class Rested<C extends object> {
  readonly #look: (connection: C) => Resting
  readonly #patienceMs: number
  readonly #askAfterMs: number
  readonly #since = new WeakMap<C, number>()
  /** Those that came to rest in this turn of the event loop: nothing can have come in since. */
  readonly #thisTurn = new Set<C>()

  /** `patienceMs`: how long a server that is asked is waited for. */
  constructor(look: (connection: C) => Resting, patienceMs: number, after = askAfterMs) {
    this.#look = look
    this.#patienceMs = patienceMs
    this.#askAfterMs = after
  }

  /** The connection was opened or used just now. */
  rests(connection: C): void {
    this.#since.set(connection, performance.now())
    if (this.#thisTurn.size === 0) setImmediate(() => this.#thisTurn.clear())
    this.#thisTurn.add(connection)
  }

  /** false: it is of no use any more, and nothing but a question was sent on it. Never throws. */
  async stands(connection: C): Promise<boolean> {
    const resting = this.#look(connection)
    if (this.#thisTurn.has(connection)) return !resting.gone
    await whatCameIn()
    if (resting.gone) return false
    if (performance.now() - (this.#since.get(connection) ?? 0) < this.#askAfterMs) return true
    const timer = setTimeout(() => resting.cut(), this.#patienceMs)
    try {
      await resting.ask()
      return !resting.gone
    } catch {
      return false
    } finally {
      clearTimeout(timer)
    }
  }

  /** One of the pool that stands: each that does not is cut and given back, and a new one does. */
  async standing(acquire: () => Promise<C>, giveBack: (connection: C) => unknown, signal: AbortSignal): Promise<C> {
    for (;;) {
      const connection = await acquire()
      const stands = await this.stands(connection)
      if (stands && !signal.aborted) return connection
      if (!stands) this.#look(connection).cut()
      giveBack(connection)
      signal.throwIfAborted()
    }
  }
}

/** For what makes a change final: where the connection ended meanwhile, the change may be there already, and the client is told so. */
export async function surely<T>(sent: Promise<T>, isLost: (thrown: unknown) => boolean): Promise<T> {
  try {
    return await sent
  } catch (thrown) {
    throw isLost(thrown) ? new ServiceUnavailable(outcomeUnknown, { cause: thrown }) : thrown
  }
}

const outcomeUnknown =
  'The connection to the database was lost, and it is not known whether the change was made. Look before you try again.'

/** Between two immediates the event loop reads all sockets. */
const whatCameIn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
