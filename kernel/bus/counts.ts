/** Counters and tries in memory, as the bus counts them: for the processes of one node. What is over is forgotten. */
import type { Admission, Counted } from '../plugins/bus.ts'

interface Counter {
  count: number
  endsAt: number
}

interface Tries {
  /** Times of the failures, oldest first. */
  failed: number[]
  /** Tries under way by their ids, with the time at which they are given up. */
  readonly pending: Map<number, number>
  /** When nothing of it counts any more. */
  endsAt: number
}

/** So many are kept before those that are over are looked for. */
const roomy = 10_000

export class Counts {
  readonly #now: () => number
  readonly #counters = new Map<string, Map<string, Counter>>()
  readonly #tries = new Map<string, Tries>()
  #members = 0
  #sweepAt = roomy
  #ids = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  hit(counter: string, member: string, windowMs: number): Counted {
    const now = this.#now()
    const known = this.#counters.get(counter)?.get(member)
    const next = known !== undefined && known.endsAt > now ? known : { count: 0, endsAt: now + windowMs }
    next.count++
    this.#keep(counter, member, next)
    return { count: next.count, endsInMs: next.endsAt - now }
  }

  /** Takes over where a counter stands. */
  note(counter: string, member: string, { count, endsInMs }: Counted): void {
    this.#keep(counter, member, { count, endsAt: this.#now() + endsInMs })
  }

  counted(counter: string): ReadonlyMap<string, Counted> {
    const now = this.#now()
    const found = new Map<string, Counted>()
    for (const [member, { count, endsAt }] of this.#counters.get(counter) ?? [])
      if (endsAt > now) found.set(member, { count, endsInMs: endsAt - now })
    return found
  }

  forget(counters: readonly string[]): void {
    for (const counter of counters) {
      this.#members -= this.#counters.get(counter)?.size ?? 0
      this.#counters.delete(counter)
    }
  }

  /** As Bus.attempt. */
  attempt(name: string, most: number, windowMs: number): Admission {
    const now = this.#now()
    const tries = this.#of(name, windowMs)
    tries.failed = tries.failed.filter((at) => at > now - windowMs)
    for (const [id, givenUpAt] of tries.pending) if (givenUpAt <= now) tries.pending.delete(id)
    if (tries.failed.length >= most) return { kind: 'refused', waitMs: (tries.failed[0] ?? now) + windowMs - now }
    if (tries.failed.length + tries.pending.size >= most) return { kind: 'busy' }
    const id = ++this.#ids
    tries.pending.set(id, now + windowMs)
    return {
      kind: 'admitted',
      attempt: {
        succeeded: () => {
          tries.pending.delete(id)
          this.succeeded(name)
        },
        failed: () => {
          tries.pending.delete(id)
          this.failed(name, windowMs)
        },
        abandoned: () => void tries.pending.delete(id),
      },
    }
  }

  /** A try that was admitted elsewhere failed. */
  failed(name: string, windowMs: number): void {
    this.#of(name, windowMs).failed.push(this.#now())
  }

  succeeded(name: string): void {
    const tries = this.#tries.get(name)
    if (tries !== undefined) tries.failed = []
  }

  #of(name: string, windowMs: number): Tries {
    const tries = this.#tries.get(name) ?? { failed: [], pending: new Map(), endsAt: 0 }
    tries.endsAt = this.#now() + windowMs
    this.#tries.set(name, tries)
    this.#sweep()
    return tries
  }

  #keep(counter: string, member: string, value: Counter): void {
    let members = this.#counters.get(counter)
    if (members === undefined) {
      members = new Map()
      this.#counters.set(counter, members)
    }
    if (!members.has(member)) this.#members++
    members.set(member, value)
    this.#sweep()
  }

  /** Forgets what is over, whenever twice as much is kept as was left the last time. */
  #sweep(): void {
    if (this.#members + this.#tries.size < this.#sweepAt) return
    const now = this.#now()
    for (const [counter, members] of this.#counters) {
      for (const [member, { endsAt }] of members) if (endsAt <= now) members.delete(member)
      if (members.size === 0) this.#counters.delete(counter)
    }
    for (const [name, { endsAt }] of this.#tries) if (endsAt <= now) this.#tries.delete(name)
    this.#members = [...this.#counters.values()].reduce((sum, members) => sum + members.size, 0)
    this.#sweepAt = Math.max(roomy, 2 * (this.#members + this.#tries.size))
  }
}
