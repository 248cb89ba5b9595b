/**
 * The pool of worker threads, over Piscina: one set of threads for what is computed, one task at a time each, so that a thread that dies
 * takes nobody else's work along; and one for what is streamed, which mostly waits for databases and clients. Threads start when they are
 * needed and end when they are idle. How many may wait is bounded.
 */
import { fileURLToPath } from 'node:url'
import { MessageChannel, type Transferable } from 'node:worker_threads'
import { Piscina } from 'piscina'
import type { Config } from '../../config/index.ts'
import { ServiceUnavailable } from '../errors.ts'
import type { Observe } from '../observe.ts'
import type { ByteSink } from '../plugins/contract.ts'
import type { Workers, WorkerTask } from '../plugins/workers.ts'
import { receive } from './channel.ts'
import type { PoolAnswer, PoolData, PoolTask } from './entry.ts'
import { fromFault } from './fault.ts'

/** Sources run as they are, so the entry has the same ending as this file. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './entry.ts' : './entry.js', import.meta.url))

/** Streams of one thread. */
const streamsAThread = 4
const idleMs = 30_000
const MIB = 1024 * 1024

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
  #computers: Piscina | null = null
  #streamers: Piscina | null = null
  #computing = 0
  #streaming = 0
  #lost = 0
  #closed = false

  /** Starts nothing yet. */
  constructor(config: Config, observe: Observe) {
    this.#config = config
    this.#observe = observe
  }

  get threads(): number {
    return this.#closed ? 0 : this.#config.workers.threads
  }

  get streamsFree(): boolean {
    return this.#streaming < this.threads * streamsAThread
  }

  get counts(): PoolCounts {
    const threads = (this.#computers?.threads.length ?? 0) + (this.#streamers?.threads.length ?? 0)
    return { computing: this.#computing, streaming: this.#streaming, lost: this.#lost, threads }
  }

  async compute<R>({ module, data, moved = [] }: WorkerTask, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted()
    const { queue, timeoutMs } = this.#config.workers
    if (this.#computing >= this.threads + queue) throw tooMany()
    this.#computers ??= this.#start(1)
    this.#computing++
    const late = AbortSignal.timeout(timeoutMs)
    const task: PoolTask = { module, data, port: null }
    try {
      const answer = (await this.#computers.run(task, {
        transferList: [...moved] as never,
        signal: AbortSignal.any([signal, late]),
      })) as PoolAnswer
      if (!answer.ok) throw fromFault(answer.fault)
      return answer.value as R
    } catch (thrown) {
      if (signal.aborted) throw signal.reason
      throw this.#named(thrown, late.aborted)
    } finally {
      this.#computing--
    }
  }

  async stream<R>({ module, data, moved = [] }: WorkerTask, sink: ByteSink, signal: AbortSignal): Promise<R> {
    signal.throwIfAborted()
    const { queue } = this.#config.workers
    if (this.#streaming >= this.threads * streamsAThread + queue) throw tooMany()
    this.#streamers ??= this.#start(streamsAThread)
    this.#streaming++
    const { port1, port2 } = new MessageChannel()
    const task: PoolTask = { module, data, port: port2 }
    let crash: unknown = null
    const done = this.#streamers
      .run(task, { transferList: [port2, ...moved] as readonly Transferable[] as never })
      .catch((thrown: unknown) => {
        crash = thrown
        // Where the thread never had the port, nobody closes the other end.
        port2.close()
      })
      .finally(() => {
        this.#streaming--
      })
    try {
      return await receive<R>(port1, sink, signal, () => new LostPort())
    } catch (thrown) {
      if (!(thrown instanceof LostPort)) throw thrown
      await done
      throw this.#named(crash ?? new Error('The thread ended.'), false)
    } finally {
      port1.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([this.#computers?.destroy(), this.#streamers?.destroy()])
  }

  #start(tasks: number): Piscina {
    if (this.#closed) throw new ServiceUnavailable('The server is stopping.')
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
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / MIB) },
    })
    // One that died without work.
    pool.on('error', (error: unknown) => this.#tell(error, 0, false))
    return pool
  }

  /** What is thrown where a thread was lost; an error of the task itself as it is. */
  #named(thrown: unknown, late: boolean): unknown {
    if (thrown instanceof Error && 'status' in thrown) return thrown
    if (!late && !isLoss(thrown)) return thrown
    if (this.#closed) return new ServiceUnavailable('The server is stopping.')
    this.#lost++
    this.#tell(thrown, 1, late)
    const text = late
      ? 'The request took too long to be worked on. Try again with less in it.'
      : reasonOf(thrown) === 'memory'
        ? 'The request needs more memory than a worker has. Try again with less in it.'
        : 'The request was interrupted: its worker ended. Try again.'
    return new ServiceUnavailable(text, { headers: { 'Retry-After': '1' }, cause: thrown })
  }

  #tell(error: unknown, failed: number, late: boolean): void {
    this.#observe({ kind: 'worker-lost', service: null, reason: late ? 'stalled' : reasonOf(error), failed, error })
  }
}

class LostPort extends Error {}

const tooMany = (): ServiceUnavailable =>
  new ServiceUnavailable('The server is too busy with large requests. Try again.', { headers: { 'Retry-After': '1' } })

/** Why a thread ended, by the error of its end. */
export function reasonOf(error: unknown): 'memory' | 'exit' | 'error' {
  if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'memory'
  return error instanceof Error && /exited with code/.test(error.message) ? 'exit' : 'error'
}

/** Errors of tasks come as data: what is thrown in its own right is the end of a thread, or a message that could not be sent. */
const isLoss = (thrown: unknown): boolean => !(thrown instanceof Error && thrown.name === 'DataCloneError')
