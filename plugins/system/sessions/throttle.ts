/**
 * Slows guessing of passwords down: failed logins are counted for each pair of account and client address over a sliding minute.
 * An attempt counts from its beginning, so that many at once do not slip through.
 */
import { TooManyRequests } from 'dataferry/sdk'

const windowMs = 60_000

export interface Attempt {
  /** The password was right: what failed before is forgotten. */
  succeeded(): void
  /** It came to no answer: it does not count. */
  abandoned(): void
}

export class LoginThrottle {
  readonly #most: number
  readonly #pairsMost: number
  readonly #now: () => number
  /** Times of the failures of a pair, oldest first; pairs in order of their last attempt. */
  readonly #failures = new Map<string, number[]>()

  /** `most`: failures of one pair in a minute before 429. `pairsMost`: pairs remembered. */
  constructor(most: number, pairsMost = 20_000, now: () => number = Date.now) {
    this.#most = most
    this.#pairsMost = pairsMost
    this.#now = now
  }

  /** Throws 429 with `Retry-After` when the pair has failed too often. */
  begin(account: string, address: string): Attempt {
    const pair = `${account.toLowerCase()}\n${address}`
    const now = this.#now()
    const recent = this.#failures.get(pair) ?? []
    while (recent[0] !== undefined && recent[0] <= now - windowMs) recent.shift()
    if (recent.length >= this.#most) {
      const wait = Math.max(1, Math.ceil(((recent[0] ?? now) + windowMs - now) / 1000))
      throw new TooManyRequests(`Too many failed logins. Try again in ${wait} seconds.`, {
        headers: { 'Retry-After': String(wait) },
      })
    }
    recent.push(now)
    this.#failures.delete(pair)
    this.#failures.set(pair, recent)
    if (this.#failures.size > this.#pairsMost) {
      const [oldest] = this.#failures.keys()
      if (oldest !== undefined) this.#failures.delete(oldest)
    }
    return {
      succeeded: () => void this.#failures.delete(pair),
      abandoned: () => {
        const index = recent.indexOf(now)
        if (index >= 0) recent.splice(index, 1)
      },
    }
  }
}
