/**
 * The pool of worker threads, over Piscina: one set of threads for what is computed, one task at a time each, so that a thread that dies
 * takes nobody else's work along; and one for what is streamed, which mostly waits for databases and clients. Threads start when they are
 * needed and end when they are idle. How many may wait is bounded.
 */
import { fileURLToPath } from 'node:url'
import { MessageChannel, type Transferable, type Worker } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import type { Config } from '../../config/index.ts'
import { ServiceUnavailable } from '../errors.ts'
import type { Observe } from '../observe.ts'
import type { ByteSink } from '../plugins/contract.ts'
import type { Workers, WorkerTask } from '../plugins/workers.ts'
import { receive } from './channel.ts'
import { fromFault } from './fault.ts'
import { Gate } from './gate.ts'
import { heapLimits, MemoryWatch } from './memory.ts'
import type { PoolAnswer, PoolData, PoolTask } from './perform.ts'

/** Sources run as they are, so the entry has the same ending as this file. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './entry.ts' : './entry.js', import.meta.url))

/** Streams of one thread. */
const streamsAThread = 4
const idleMs = 30_000

export interface PoolCounts {
  /** Running or waiting. */
  readonly computing: number
  readonly streaming: number
  /** Threads that ended with work in their hands, since the start. */
  readonly lost: number
  readonly threads: number
}

export class WorkerPool implements Workers {
  readonly #config: Config
  readonly #observe: Observe
  #computers: Promise<Piscina> | null = null
  #streamers: Promise<Piscina> | null = null
  /** Those of the two that run. */
  readonly #pools = new Set<Piscina>()
  readonly #computing: Gate
  readonly #streaming: Gate
  #lost = 0
  /** Threads that were ended for their memory, and whose work has not been told so yet. */
  #outgrown = 0
  #closed = false
  readonly #memory: MemoryWatch

  /** Starts nothing yet. */
  constructor(config: Config, observe: Observe) {
    this.#config = config
    this.#observe = observe
    const { threads: most, queue } = config.workers
    // The line is held here: Piscina forgets its own where the last thread ends.
    this.#computing = new Gate(most, queue)
    this.#streaming = new Gate(most * streamsAThread, queue)
    this.#memory = new MemoryWatch(
      () => this.#running(),
      config.workers.memoryBytes,
      () => {
        this.#outgrown++
      },
    )
  }

  #running(): readonly Worker[] {
    return [...this.#pools].flatMap(({ threads }) => threads)
  }

  get threads(): number {
    return this.#closed ? 0 : this.#config.workers.threads
  }

  get streamsFree(): boolean {
    return !this.#closed && this.#streaming.free
  }

  get counts(): PoolCounts {
    return {
      computing: this.#computing.count,
      streaming: this.#streaming.count,
      lost: this.#lost,
      threads: this.#running().length,
    }
  }

  async compute<R>({ module, data, moved = [] }: WorkerTask, signal: AbortSignal): Promise<R> {
    await this.#enter(this.#computing, signal)
    const late = AbortSignal.timeout(this.#config.workers.timeoutMs)
    const task: PoolTask = { module, data, port: null }
    let answer: PoolAnswer
    try {
      this.#computers ??= this.#start(1, () => {
        this.#computers = null
      })
      const pool = await this.#computers
      answer = (await pool.run(task, {
        transferList: [...moved] as never,
        signal: AbortSignal.any([signal, late]),
      })) as PoolAnswer
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      throw this.#lostBy(thrown, late.aborted)
    } finally {
      this.#leave(this.#computing)
    }
    if (!answer.ok) throw fromFault(answer.fault)
    return answer.value as R
  }

  async stream<R>({ module, data, moved = [] }: WorkerTask, sink: ByteSink, signal: AbortSignal): Promise<R> {
    await this.#enter(this.#streaming, signal)
    this.#streamers ??= this.#start(streamsAThread, () => {
      this.#streamers = null
    })
    const { port1, port2 } = new MessageChannel()
    const task: PoolTask = { module, data, port: port2 }
    let crash: unknown = null
    const done = this.#streamers
      .then((pool) => pool.run(task, { transferList: [port2, ...moved] as readonly Transferable[] as never }))
      .catch((thrown: unknown) => {
        crash = thrown
        // Where the thread never had the port, nobody closes the other end.
        port2.close()
      })
      .finally(() => this.#leave(this.#streaming))
    try {
      return await receive<R>(port1, sink, signal, () => new LostPort())
    } catch (thrown) {
      if (!(thrown instanceof LostPort)) throw thrown
      await done
      throw this.#lostBy(crash ?? new Error('The thread ended.'), false)
    } finally {
      port1.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#memory.stop()
    for (const gate of [this.#computing, this.#streaming]) gate.shut(stopping())
    await Promise.all([this.#computers, this.#streamers].map(async (pool) => (await pool)?.destroy()))
  }

  /** Throws where there is no place. */
  async #enter(gate: Gate, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#closed) throw stopping()
    if (!(await gate.enter(signal))) throw tooMany()
    this.#memory.start()
  }

  #leave(gate: Gate): void {
    gate.leave()
    if (this.#computing.count + this.#streaming.count === 0) this.#memory.stop()
  }

  /** `forget` is called when the pool is of no further use. The library is loaded at first use: a server's start is quicker without. */
  async #start(tasks: number, forget: () => void): Promise<Piscina> {
    const { Piscina } = await import('piscina')
    const { threads, memoryBytes } = this.#config.workers
    const data: PoolData = { settings: this.#config }
    const pool = new Piscina({
      filename: entry,
      minThreads: 0,
      maxThreads: Math.max(1, threads),
      idleTimeout: idleMs,
      maxQueue: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: tasks,
      // A thread that waits for its next task must go on with its connections.
      atomics: 'disabled',
      recordTiming: false,
      workerData: data,
      resourceLimits: heapLimits(memoryBytes),
    })
    this.#pools.add(pool)
    // One that died without work.
    pool.on('error', (error: unknown) => {
      // One that can't even begin has left what it was for behind.
      if (pool.threads.length === 0 && this.#pools.delete(pool)) {
        forget()
        void pool.destroy()
      }
      this.#observe({ kind: 'worker-lost', service: null, reason: this.#reason(error), failed: 0, error })
    })
    return pool
  }

  /** What the end of a thread is for who had work in it. */
  #lostBy(thrown: unknown, late: boolean): unknown {
    // It never got there.
    if (thrown instanceof Error && thrown.name === 'DataCloneError') return thrown
    if (this.#closed) return stopping()
    this.#lost++
    const reason = late ? 'stalled' : this.#reason(thrown)
    this.#observe({ kind: 'worker-lost', service: null, reason, failed: 1, error: thrown })
    return new ServiceUnavailable(texts[reason], { headers: { 'Retry-After': '1' }, cause: thrown })
  }

  #reason(error: unknown): 'memory' | 'exit' | 'error' {
    const reason = reasonOf(error)
    if (reason !== 'exit' || this.#outgrown === 0) return reason
    this.#outgrown--
    return 'memory'
  }
}

const texts = {
  stalled: 'The request took too long to be worked on. Try again with less in it.',
  memory: 'The request needs more memory than a worker has. Try again with less in it.',
  exit: 'The request was interrupted: its worker ended. Try again.',
  error: 'The request was interrupted: its worker ended. Try again.',
}

class LostPort extends Error {}

const stopping = (): ServiceUnavailable => new ServiceUnavailable('The server is stopping.')
const tooMany = (): ServiceUnavailable =>
  new ServiceUnavailable('The server is too busy with large requests. Try again.', { headers: { 'Retry-After': '1' } })

/** Why a thread ended, by the error of its end. */
export function reasonOf(error: unknown): 'memory' | 'exit' | 'error' {
  if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'memory'
  return error instanceof Error && /exited with code/.test(error.message) ? 'exit' : 'error'
}
