/** The channel of a worker process to the leader of its node. */
import { Asks } from '../bus/cluster/asks.ts'
import { BusMember } from '../bus/cluster/member.ts'
import type { Family } from '../metrics/families.ts'
import type { Boot, ToLeader, ToWorker } from './messages.ts'

const figuresMostMs = 5_000

/** What the leader may want of it. */
export interface Wanted {
  readonly stop: (signal: string) => void
  readonly retire: () => void
  /** What this process counted. */
  readonly report: () => readonly Family[]
}

export class LeaderChannel {
  readonly bus = new BusMember({ send: (message) => this.#send({ kind: 'bus', message }) })
  readonly #figures = new Asks<readonly Family[]>(figuresMostMs, [])
  #wanted: Wanted | null = null

  /** Asks what it has to know. Without a leader there is nothing to do: the process ends with its channel. */
  boot(): Promise<Boot> {
    return new Promise((resolve) => {
      process.on('message', (message: ToWorker) => {
        if (message.kind === 'boot') resolve(message.boot)
        else this.#receive(message)
      })
      this.#send({ kind: 'hello' })
    })
  }

  follow(wanted: Wanted): void {
    this.#wanted = wanted
  }

  ready(url: string): void {
    this.#send({ kind: 'ready', url })
  }

  /** Resolves when it is told. */
  failed(reason: string): Promise<void> {
    return this.#told({ kind: 'failed', reason })
  }

  /** The last report, before the end. Resolves when it is told. */
  lastReport(families: readonly Family[]): Promise<void> {
    return this.#told({ kind: 'report', ask: null, families })
  }

  /** The figures of all processes; nothing where the leader does not answer. */
  collect(): Promise<readonly Family[]> {
    return this.#figures.ask((ask) => this.#send({ kind: 'figures', ask }))
  }

  #receive(message: ToWorker): void {
    if (message.kind === 'bus') this.bus.receive(message.message)
    else if (message.kind === 'stop') this.#wanted?.stop(message.signal)
    else if (message.kind === 'retire') this.#wanted?.retire()
    else if (message.kind === 'figures') this.#figures.answer(message.ask, message.families)
    else if (message.kind === 'report')
      this.#send({ kind: 'report', ask: message.ask, families: this.#wanted?.report() ?? [] })
  }

  #send(message: ToLeader): void {
    void this.#told(message)
  }

  #told(message: ToLeader): Promise<void> {
    return new Promise((resolve) => {
      if (!process.connected) return resolve()
      process.send?.(message, undefined, undefined, () => resolve())
    })
  }
}
