/**
 * Slows guessing of passwords down: failed logins are counted for each pair of account and client address over a sliding minute. Of
 * attempts at once no more are under way than may still fail, so that many together do not slip through; right ones just take turns.
 */
import { TooManyRequests } from 'dataferry/sdk'

const windowMs = 60_000

/** One attempt. Exactly one of the three is called, once. */
export interface Attempt {
  /** The password was right: what failed before is forgotten. */
  succeeded(): void
  failed(): void
  /** It came to no answer: it does not count. */
  abandoned(): void
}

interface Pair {
  /** Times of the failures, oldest first. */
  failures: number[]
  /** Attempts under way. */
  pending: number
  /** Attempts that wait for one of these to end. */
  waiting: (() => void)[]
}

export class LoginThrottle {
  readonly #most: number
  readonly #pairsMost: number
  readonly #now: () => number
  /** In the order of their last attempts. */
  readonly #pairs = new Map<string, Pair>()

  /** `most`: failures of one pair in a minute before 429. `pairsMost`: pairs remembered. */
  constructor(most: number, pairsMost = 20_000, now: () => number = Date.now) {
    this.#most = most
    this.#pairsMost = pairsMost
    this.#now = now
  }

  /** Throws 429 with `Retry-After` when the pair has failed too often. */
  async begin(account: string, address: string): Promise<Attempt> {
    const pair = this.#pair(`${account.toLowerCase()}\n${address}`)
    for (;;) {
      this.#refuse(pair)
      if (pair.failures.length + pair.pending < this.#most) break
      await new Promise<void>((resolve) => pair.waiting.push(resolve))
    }
    pair.pending++
    const end = (): void => {
      pair.pending--
      for (const go of pair.waiting.splice(0)) go()
    }
    return {
      succeeded: () => {
        pair.failures = []
        end()
      },
      failed: () => {
        pair.failures.push(this.#now())
        end()
      },
      abandoned: end,
    }
  }

  #refuse(pair: Pair): void {
    const now = this.#now()
    const { failures } = pair
    while (failures[0] !== undefined && failures[0] <= now - windowMs) failures.shift()
    if (failures.length < this.#most) return
    const wait = Math.max(1, Math.ceil(((failures[0] ?? now) + windowMs - now) / 1000))
    throw new TooManyRequests(`Too many failed logins. Try again in ${wait} seconds.`, {
      headers: { 'Retry-After': String(wait) },
    })
  }

  #pair(name: string): Pair {
    const pair = this.#pairs.get(name) ?? { failures: [], pending: 0, waiting: [] }
    this.#pairs.delete(name)
    this.#pairs.set(name, pair)
    if (this.#pairs.size > this.#pairsMost) {
      for (const [oldest, { pending }] of this.#pairs) {
        if (pending > 0) continue
        this.#pairs.delete(oldest)
        break
      }
    }
    return pair
  }
}
