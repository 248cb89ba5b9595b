/**
 * The bus of a process that answers requests beside others: everything goes to the hub in the process that leads them. A hub that does not
 * answer costs a request at most `patienceMs`; then the process counts by itself.
 */
import type { Admission, Bus, Counted } from '../../plugins/bus.ts'
import { Asks } from './asks.ts'
import type { Answer, CacheState, Ending, Line, ToHub, ToMember } from './messages.ts'

const patienceMs = 2_000

/** What an ask is sent as, but for its number. */
type Asking = ToHub extends infer M ? (M extends { readonly ask: number } ? Omit<M, 'ask'> : never) : never

export class BusMember implements Bus {
  readonly #line: Line<ToHub>
  readonly #asks = new Asks<Answer>(patienceMs, null)
  readonly #listeners = new Map<string, Set<(message: string) => void | Promise<void>>>()
  #cache: CacheState = null
  #closed = false

  constructor(line: Line<ToHub>) {
    this.#line = line
  }

  /** What came from the hub. */
  receive(message: ToMember): void {
    switch (message.bus) {
      case 'told':
        void this.#heard(message)
        return
      case 'answer': {
        const { ask, answer } = message
        if (this.#asks.answer(ask, answer)) return
        // Nobody waits for it any more.
        if (answer !== null && 'kind' in answer && answer.kind === 'admitted')
          this.#send({ bus: 'ended', attempt: answer.attempt, how: 'abandoned' })
        return
      }
      case 'cache':
        this.#cache = message.state
    }
  }

  /** How the cache does that nodes share, as far as the hub told. */
  cache(): CacheState {
    return this.#cache
  }

  /** The hub is gone, or not needed any more. */
  close(): void {
    this.#closed = true
    this.#asks.end()
  }

  state(): 'up' | 'down' {
    return this.#closed ? 'down' : 'up'
  }

  async tell(topic: string, message: string): Promise<void> {
    await this.#ask({ bus: 'tell', topic, message })
  }

  hear(topic: string, listener: (message: string) => void | Promise<void>): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    if (!this.#listeners.has(topic)) this.#send({ bus: 'hear', topic })
    this.#listeners.set(topic, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  async hit(counter: string, member: string, windowMs: number): Promise<Counted | null> {
    return (await this.#ask({ bus: 'hit', counter, member, windowMs })) as Counted | null
  }

  async counted(counter: string): Promise<ReadonlyMap<string, Counted> | null> {
    const counted = await this.#ask({ bus: 'counted', counter })
    return counted === null ? null : new Map(counted as readonly (readonly [string, Counted])[])
  }

  async forget(counters: readonly string[]): Promise<void> {
    if (counters.length > 0) await this.#ask({ bus: 'forget', counters })
  }

  async attempt(name: string, most: number, windowMs: number): Promise<Admission | null> {
    const answer = (await this.#ask({ bus: 'attempt', name, most, windowMs })) as
      | Exclude<Admission, { readonly kind: 'admitted' }>
      | { readonly kind: 'admitted'; readonly attempt: number }
      | null
    if (answer?.kind !== 'admitted') return answer
    const end = (how: Ending) => (): void => this.#send({ bus: 'ended', attempt: answer.attempt, how })
    return {
      kind: 'admitted',
      attempt: { succeeded: end('succeeded'), failed: end('failed'), abandoned: end('abandoned') },
    }
  }

  async #heard({ told, topic, message }: ToMember & { readonly bus: 'told' }): Promise<void> {
    await Promise.allSettled([...(this.#listeners.get(topic) ?? [])].map((listener) => listener(message)))
    this.#send({ bus: 'acted', told })
  }

  #send(message: ToHub): void {
    if (!this.#closed) this.#line.send(message)
  }

  /** null where there is no answer in time. Never rejects. */
  #ask(asking: Asking): Promise<Answer> {
    if (this.#closed) return Promise.resolve(null)
    return this.#asks.ask((ask) => this.#send({ ...asking, ask } as ToHub))
  }
}
