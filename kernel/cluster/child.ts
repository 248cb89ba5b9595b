/** A worker process, as the leader has it: what it is told, what it tells, and its end. */
import cluster, { type Worker } from 'node:cluster'
import { createInterface } from 'node:readline'
import { Asks } from '../bus/cluster/asks.ts'
import type { BusHub } from '../bus/cluster/hub.ts'
import type { Family } from '../metrics/families.ts'
import { workerVariable } from '../process.ts'
import type { Boot, ToLeader, ToWorker } from './messages.ts'

/** How long a worker may take to listen. */
const startMostMs = 120_000
const reportMostMs = 2_000

export interface ChildDeps {
  readonly hub: BusHub
  readonly boot: () => Boot
  /** A line of its log. */
  readonly line: (line: string) => void
  /** The figures of all processes. */
  readonly collect: () => Promise<readonly Family[]>
}

export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

export class Child {
  readonly index: number
  readonly startedAt = performance.now()
  /** Where it listens. Rejects with a reason of one line when it can't start. */
  readonly ready: Promise<string>
  readonly gone: Promise<Ending>
  /** The leader wanted it to end. */
  asked = false
  /** What it told last; null: nothing yet. */
  figures: readonly Family[] | null = null
  #listens = false
  readonly #worker: Worker
  readonly #deps: ChildDeps
  readonly #reports = new Asks<null>(reportMostMs, null)

  constructor(index: number, deps: ChildDeps) {
    this.index = index
    this.#deps = deps
    cluster.setupPrimary({ silent: true })
    const worker = cluster.fork({ [workerVariable]: String(index + 1) })
    this.#worker = worker
    const { stdout, stderr } = worker.process
    if (stderr) createInterface({ input: stderr }).on('line', (line) => deps.line(`${line}\n`))
    stdout?.pipe(process.stdout, { end: false })
    const bus = deps.hub.join({ send: (message) => this.#send({ kind: 'bus', message }) })
    let failed = 'it ended before it listened'
    this.gone = new Promise((resolve) => {
      // Not `exit`: its last lines may still be on their way.
      worker.process.once('close', (code: number | null, signal: string | null) => {
        bus.leave()
        this.#reports.end()
        resolve({ code, signal })
      })
    })
    this.ready = new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        failed = `it did not listen within ${startMostMs / 1_000} s`
        this.kill()
      }, startMostMs)
      void this.gone.then(() => {
        clearTimeout(late)
        reject(new Error(failed))
      })
      worker.on('message', (message: ToLeader) => {
        if (message.kind === 'bus') bus.receive(message.message)
        else if (message.kind === 'hello') this.#send({ kind: 'boot', boot: deps.boot() })
        else if (message.kind === 'failed') failed = message.reason
        else if (message.kind === 'ready') {
          clearTimeout(late)
          this.#listens = true
          resolve(message.url)
        } else this.#figures(message)
      })
    })
    // Who waits for it hears of it; a worker whose fault nobody waits for is told of by its end.
    this.ready.catch(() => {})
  }

  get pid(): number {
    return this.#worker.process.pid ?? 0
  }
  get listens(): boolean {
    return this.#listens
  }

  retire(): void {
    this.asked = true
    this.#send({ kind: 'retire' })
  }

  stop(signal: string): void {
    this.asked = true
    if (this.#listens) this.#send({ kind: 'stop', signal })
    else this.kill()
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  /** Brings `figures` up to date, as far as the worker answers in time. */
  async report(): Promise<void> {
    if (!this.#listens || !this.#worker.isConnected()) return
    await this.#reports.ask((ask) => this.#send({ kind: 'report', ask }))
  }

  #figures(message: ToLeader & { readonly kind: 'report' | 'figures' }): void {
    if (message.kind === 'report') {
      this.figures = message.families
      if (message.ask !== null) this.#reports.answer(message.ask, null)
      return
    }
    const { ask } = message
    void this.#deps.collect().then((families) => this.#send({ kind: 'figures', ask, families }))
  }

  /** One that is ending hears nothing. */
  #send(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => {})
  }
}
