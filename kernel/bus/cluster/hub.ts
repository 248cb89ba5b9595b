/**
 * The bus of a node of several processes, at the process that leads them: it passes on what workers tell, and counts for all of them. Where
 * nodes share a cache it stands between them: it counts there, and goes on by itself from there while the cache does not answer.
 */
import type { Admission, Bus, Counted, SharedAttempt } from '../../plugins/bus.ts'
import { Counts } from '../counts.ts'
import { Asks } from './asks.ts'
import type { Answer, CacheState, Line, ToHub, ToMember } from './messages.ts'

const lookEveryMs = 500
/** How long a process may take to act upon what it was told, before who told it goes on. */
const actMostMs = 1_000

/** A worker, as the hub knows it. */
interface Member {
  readonly line: Line<ToMember>
  readonly topics: Set<string>
  readonly attempts: Map<number, SharedAttempt>
  /** What it was told and has not acted upon yet. */
  readonly told: Asks<null>
}

export class BusHub implements Bus {
  /** What nodes share; `alone` where they share nothing. */
  readonly #outer: Bus
  readonly #counts = new Counts()
  readonly #members = new Set<Member>()
  readonly #listeners = new Map<string, Set<(message: string) => void | Promise<void>>>()
  readonly #heard = new Set<string>()
  readonly #looking: NodeJS.Timeout | null
  #cache: CacheState
  #attempts = 0

  constructor(outer: Bus) {
    this.#outer = outer
    this.#cache = this.cache()
    this.#looking = outer.state() === 'alone' ? null : setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /** How the cache does that nodes share. */
  cache(): CacheState {
    const state = this.#outer.state()
    return state === 'alone' ? null : state
  }

  /** A worker's end. What it sends goes to `receive`; `leave` when it is gone: what it had begun to try is abandoned. */
  join(line: Line<ToMember>): { readonly receive: (message: ToHub) => void; readonly leave: () => void } {
    const member: Member = { line, topics: new Set(), attempts: new Map(), told: new Asks(actMostMs, null) }
    this.#members.add(member)
    line.send({ bus: 'cache', state: this.#cache })
    return {
      receive: (message) => void this.#receive(member, message),
      leave: () => {
        this.#members.delete(member)
        for (const attempt of member.attempts.values()) attempt.abandoned()
        member.attempts.clear()
        member.told.end()
      },
    }
  }

  close(): void {
    if (this.#looking !== null) clearInterval(this.#looking)
    this.#members.clear()
  }

  state(): 'up' {
    return 'up'
  }

  /** To this node's processes at once, to other nodes as they are reached. What comes back from there is heard twice. */
  tell(topic: string, message: string): Promise<void> {
    return this.#tell(topic, message, null)
  }

  hear(topic: string, listener: (message: string) => void | Promise<void>): () => void {
    this.#hearOuter(topic)
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  async hit(counter: string, member: string, windowMs: number): Promise<Counted> {
    const shared = this.#outer.state() === 'up' ? await this.#outer.hit(counter, member, windowMs) : null
    if (shared === null) return this.#counts.hit(counter, member, windowMs)
    this.#counts.note(counter, member, shared)
    return shared
  }

  async counted(counter: string): Promise<ReadonlyMap<string, Counted>> {
    const shared = this.#outer.state() === 'up' ? await this.#outer.counted(counter) : null
    return shared ?? this.#counts.counted(counter)
  }

  async forget(counters: readonly string[]): Promise<void> {
    this.#counts.forget(counters)
    await this.#outer.forget(counters)
  }

  async attempt(name: string, most: number, windowMs: number): Promise<Admission> {
    const shared = this.#outer.state() === 'up' ? await this.#outer.attempt(name, most, windowMs) : null
    if (shared === null) return this.#counts.attempt(name, most, windowMs)
    if (shared.kind !== 'admitted') return shared
    const { attempt } = shared
    return {
      kind: 'admitted',
      attempt: {
        succeeded: () => {
          this.#counts.succeeded(name)
          attempt.succeeded()
        },
        failed: () => {
          this.#counts.failed(name, windowMs)
          attempt.failed()
        },
        abandoned: () => attempt.abandoned(),
      },
    }
  }

  async #receive(member: Member, message: ToHub): Promise<void> {
    switch (message.bus) {
      case 'tell':
        await this.#tell(message.topic, message.message, member)
        return answer(message.ask, null)
      case 'acted':
        return void member.told.answer(message.told, null)
      case 'hear':
        member.topics.add(message.topic)
        return this.#hearOuter(message.topic)
      case 'ended': {
        const attempt = member.attempts.get(message.attempt)
        member.attempts.delete(message.attempt)
        return attempt?.[message.how]()
      }
      case 'hit':
        return answer(message.ask, await this.hit(message.counter, message.member, message.windowMs))
      case 'counted':
        return answer(message.ask, [...(await this.counted(message.counter))])
      case 'forget':
        await this.forget(message.counters)
        return answer(message.ask, null)
      case 'attempt': {
        const admission = await this.attempt(message.name, message.most, message.windowMs)
        if (admission.kind !== 'admitted') return answer(message.ask, admission)
        // It may have ended while the cache was asked.
        if (!this.#members.has(member)) return admission.attempt.abandoned()
        const id = ++this.#attempts
        member.attempts.set(id, admission.attempt)
        return answer(message.ask, { kind: 'admitted', attempt: id })
      }
    }
    function answer(ask: number, given: Answer): void {
      member.line.send({ bus: 'answer', ask, answer: given })
    }
  }

  /** Once a topic, for whoever listens here. */
  #hearOuter(topic: string): void {
    if (this.#heard.has(topic)) return
    this.#heard.add(topic)
    this.#outer.hear(topic, (message) => void this.#deliver(topic, message, null))
  }

  async #tell(topic: string, message: string, from: Member | null): Promise<void> {
    void this.#outer.tell(topic, message)
    await this.#deliver(topic, message, from)
  }

  /** Resolves when the workers have acted upon it, but for the one that told, which knows. */
  async #deliver(topic: string, message: string, from: Member | null): Promise<void> {
    const acting: Promise<null>[] = []
    for (const member of this.#members) {
      if (!member.topics.has(topic)) continue
      const acted = member.told.ask((told) => member.line.send({ bus: 'told', told, topic, message }))
      if (member !== from) acting.push(acted)
    }
    for (const listener of this.#listeners.get(topic) ?? []) void listener(message)
    await Promise.all(acting)
  }

  #look(): void {
    const state = this.cache()
    if (state === this.#cache) return
    this.#cache = state
    for (const { line } of this.#members) line.send({ bus: 'cache', state })
  }
}
