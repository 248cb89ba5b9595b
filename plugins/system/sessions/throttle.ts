/**
 * Slows guessing of passwords down: failed logins are counted for each pair of account and client address over a sliding minute. Of
 * attempts at once no more are under way than may still fail, so that many together do not slip through; right ones just take turns.
 */
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { TooManyRequests } from 'dataferry/sdk'
import { countedAlone, type SharedCounts } from '../shared.ts'

const windowMs = 60_000
/** How long right attempts at several nodes wait for each other, and how often they ask. */
const busyMostMs = 10_000
const busyAgainMs = 50

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

export interface ThrottleOptions {
  /** Pairs remembered. */
  readonly pairsMost?: number
  readonly now?: () => number
  /** Failures at other nodes count too. */
  readonly shared?: SharedCounts
  /** What is tried, where several kinds of tries are shared. */
  readonly name?: string
  /** Told when a pair has failed so often that it is refused from now on. */
  readonly refused?: (account: string, address: string) => void
}

export class LoginThrottle {
  readonly #most: number
  readonly #pairsMost: number
  readonly #now: () => number
  readonly #shared: SharedCounts
  readonly #name: string
  readonly #refused: (account: string, address: string) => void
  /** In the order of their last attempts. */
  readonly #pairs = new Map<string, Pair>()

  /** `most`: failures of one pair in a minute before 429. */
  constructor(most: number, options: ThrottleOptions = {}) {
    const { pairsMost = 20_000, now = Date.now, shared = countedAlone, name = '', refused = () => {} } = options
    this.#most = most
    this.#pairsMost = pairsMost
    this.#now = now
    this.#shared = shared
    this.#name = name
    this.#refused = refused
  }

  /** Throws 429 with `Retry-After` when the pair has failed too often. */
  async begin(account: string, address: string): Promise<Attempt> {
    const name = `${account.toLowerCase()}\n${address}`
    const pair = this.#pair(name)
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
    let elsewhere: Attempt | null
    try {
      elsewhere = await this.#elsewhere(name)
    } catch (thrown) {
      end()
      throw thrown
    }
    return {
      succeeded: () => {
        pair.failures = []
        elsewhere?.succeeded()
        end()
      },
      failed: () => {
        pair.failures.push(this.#now())
        elsewhere?.failed()
        end()
        if (pair.failures.length === this.#most) this.#refused(account, address)
      },
      abandoned: () => {
        elsewhere?.abandoned()
        end()
      },
    }
  }

  /** The same attempt as all nodes count it; null: nobody else does at present. */
  async #elsewhere(pair: string): Promise<Attempt | null> {
    const { bus, prefix } = this.#shared
    if (bus.state() !== 'up') return null
    // Who tries to log in is nothing for a cache.
    const digest = createHash('sha256').update(`${this.#name}\n${pair}`).digest('base64url')
    const until = this.#now() + busyMostMs
    for (;;) {
      const admission = await bus.attempt(`${prefix}${digest}`, this.#most, windowMs)
      if (admission === null) return null
      if (admission.kind === 'admitted') return admission.attempt
      if (admission.kind === 'refused') throw tooMany(admission.waitMs)
      if (this.#now() > until) throw tooMany(busyAgainMs)
      await pause(busyAgainMs)
    }
  }

  #refuse(pair: Pair): void {
    const now = this.#now()
    const { failures } = pair
    while (failures[0] !== undefined && failures[0] <= now - windowMs) failures.shift()
    if (failures.length < this.#most) return
    throw tooMany((failures[0] ?? now) + windowMs - now)
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

function tooMany(waitMs: number): TooManyRequests {
  const wait = Math.max(1, Math.ceil(waitMs / 1000))
  return new TooManyRequests(`Too many failed logins. Try again in ${wait} seconds.`, {
    headers: { 'Retry-After': String(wait) },
  })
}
