/**
 * Leads the workers of a node: starts them, replaces those that end by themselves with growing pauses, exchanges all of them one by one, and
 * lets them end. Answers no request itself.
 */
import { counter, type Family, gauge, sum } from '../metrics/families.ts'
import type { Observe } from '../observe.ts'
import { Child, type ChildDeps, type Ending } from './child.ts'

const firstPauseMs = 1_000
const longestPauseMs = 60_000
/** How long an idle connection to a worker that leaves is left alone: its client may be about to send. */
export const lingerMs = 5_000

export interface LeaderOptions extends Omit<ChildDeps, 'boot' | 'collect'> {
  readonly workers: number
  /** What the worker of this index has to know. */
  readonly boot: (index: number) => ReturnType<ChildDeps['boot']>
  readonly observe: Observe
  /** The figures of this process. */
  readonly own: () => readonly Family[]
  /** How long a worker may take to end, before it is killed. */
  readonly endMostMs: number
}

interface Slot {
  readonly index: number
  child: Child | null
  /** It is being exchanged: nobody else starts one here. */
  rolling: boolean
  /** Ends too soon, in a row. */
  failures: number
  timer: NodeJS.Timeout | null
}

export class Leader {
  readonly #options: LeaderOptions
  readonly #slots: readonly Slot[]
  /** Whatever runs, those that leave or only start too. */
  readonly #running = new Set<Child>()
  /** What workers counted that are gone: what is counted never becomes less. */
  #past: readonly Family[] = []
  #restarts = 0
  #rolling: Promise<void> | null = null
  #again = false
  #stopping = false

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#slots = Array.from({ length: options.workers }, (_, index) => ({
      index,
      child: null,
      rolling: false,
      failures: 0,
      timer: null,
    }))
  }

  /** Starts all; where they listen. Rejects with the first reason of one that can't start. */
  async start(): Promise<string> {
    const urls = await Promise.all(
      this.#slots.map((slot) => {
        slot.child = this.#fork(slot)
        return slot.child.ready
      }),
    )
    return urls[0] ?? ''
  }

  /** Exchanges the workers one by one: the new one listens before the old one leaves. A call meanwhile does it once more. */
  roll(): Promise<void> {
    if (this.#rolling !== null) {
      this.#again = true
      return this.#rolling
    }
    this.#rolling = this.#roll().finally(() => {
      this.#rolling = null
      if (this.#again && !this.#stopping) {
        this.#again = false
        void this.roll()
      }
    })
    return this.#rolling
  }

  /** Resolves when none runs any more; whether each ended well. */
  async stop(signal: string): Promise<boolean> {
    this.#stopping = true
    for (const slot of this.#slots) if (slot.timer !== null) clearTimeout(slot.timer)
    const ends = await Promise.all([...this.#running].map((child) => this.#ended(child, () => child.stop(signal))))
    return ends.every(({ code }) => code === 0)
  }

  /** At once. */
  kill(): void {
    for (const child of this.#running) child.kill()
  }

  /** The figures of all processes together. */
  async collect(): Promise<readonly Family[]> {
    await Promise.all([...this.#running].map((child) => child.report()))
    const told = [...this.#running].map((child) => child.figures ?? [])
    const listening = this.#slots.filter(({ child }) => child?.listens).length
    const about = [
      gauge('dataferry_processes', 'Processes that answer requests.', [
        [{ state: 'ready' }, listening],
        [{ state: 'missing' }, this.#slots.length - listening],
      ]),
      counter('dataferry_processes_started_total', 'Processes that were started after the first ones.', [
        [{}, this.#restarts],
      ]),
    ]
    return sum([about, this.#options.own(), this.#past, ...told])
  }

  #fork(slot: Slot): Child {
    const { hub, line, boot } = this.#options
    const child = new Child(slot.index, {
      hub,
      line,
      boot: () => boot(slot.index),
      collect: () => this.collect(),
    })
    this.#running.add(child)
    const ms = (): number => Math.round(performance.now() - child.startedAt)
    child.ready.then(
      () => this.#options.observe({ kind: 'process-ready', worker: slot.index + 1, pid: child.pid, ms: ms() }),
      () => {},
    )
    void child.gone.then((ending) => {
      this.#running.delete(child)
      this.#past = sum([this.#past, lasting(child.figures ?? [])])
      if (slot.child === child) slot.child = null
      if (!child.asked) this.#lost(slot, child, ending)
    })
    return child
  }

  /** One that worked for long is replaced at once. */
  #lost(slot: Slot, child: Child, { code, signal }: Ending): void {
    if (performance.now() - child.startedAt > longestPauseMs) slot.failures = 0
    const retryMs = slot.failures === 0 ? 0 : Math.min(firstPauseMs * 2 ** (slot.failures - 1), longestPauseMs)
    slot.failures++
    if (this.#stopping) return
    this.#options.observe({ kind: 'process-lost', worker: slot.index + 1, pid: child.pid, code, signal, retryMs })
    if (!slot.rolling) this.#replace(slot, retryMs)
  }

  #replace(slot: Slot, afterMs: number): void {
    slot.timer = setTimeout(() => {
      slot.timer = null
      if (this.#stopping || slot.rolling || slot.child !== null) return
      this.#restarts++
      slot.child = this.#fork(slot)
    }, afterMs)
  }

  async #roll(): Promise<void> {
    const { observe } = this.#options
    observe({ kind: 'rolling', phase: 'began' })
    for (const slot of this.#slots) {
      if (this.#stopping) return
      slot.rolling = true
      try {
        await this.#exchange(slot)
      } catch (error) {
        if (this.#stopping) return
        // What can't start would not start in the place of the others either.
        const reason = error instanceof Error ? error.message : String(error)
        observe({ kind: 'rolling-failed', worker: slot.index + 1, reason })
        return
      } finally {
        slot.rolling = false
        if (slot.child === null && !this.#stopping) this.#replace(slot, firstPauseMs)
      }
    }
    if (!this.#stopping) observe({ kind: 'rolling', phase: 'done' })
  }

  async #exchange(slot: Slot): Promise<void> {
    if (slot.timer !== null) clearTimeout(slot.timer)
    const fresh = this.#fork(slot)
    this.#restarts++
    await fresh.ready
    const old = slot.child
    slot.child = fresh
    slot.failures = 0
    if (old === null || this.#stopping) return
    await this.#ended(old, () => old.retire())
    this.#options.observe({ kind: 'process-retired', worker: slot.index + 1, pid: old.pid })
  }

  /** Asks it to end, and kills it where it does not. */
  async #ended(child: Child, ask: () => void): Promise<Ending> {
    ask()
    const late = setTimeout(() => child.kill(), this.#options.endMostMs + lingerMs)
    const ending = await child.gone
    clearTimeout(late)
    return ending
  }
}

/** What is added up over time, without what is of one process only. */
const lasting = (families: readonly Family[]): readonly Family[] =>
  families
    .filter(({ type }) => type !== 'gauge')
    .map((family) => ({ ...family, samples: family.samples.filter(({ labels }) => labels.process === undefined) }))
