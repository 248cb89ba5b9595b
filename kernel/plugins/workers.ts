/**
 * Threads for work that would hold up the event loop. The kernel offers them; whoever has such work names a module that does it. Data goes
 * over by structured clone: plain values, bytes, ports; never functions.
 */
import type { Transferable } from 'node:worker_threads'
import type { Config } from '../../config/index.ts'
import { type Ability, ability, type ByteSink } from './contract.ts'

export interface WorkerTask {
  /** The URL of a module whose default export is a `WorkerJob` (or a `StreamJob`, for a stream). */
  readonly module: string
  /** What the job is given. */
  readonly data: unknown
  /** What of it changes hands instead of being copied. */
  readonly moved?: readonly Transferable[]
}

/** Computes an answer. The only thing that its thread does meanwhile; it may be ended at any time. */
export type WorkerJob<T, R> = (data: T) => Promise<WorkerAnswer<R>> | WorkerAnswer<R>
export interface WorkerAnswer<R> {
  readonly value: R
  readonly moved?: readonly Transferable[]
}

/** Writes bytes as fast as they are taken. Others do so in the same thread: it must not compute for long. */
export type StreamJob<T, R> = (data: T, context: StreamContext) => Promise<R>
export interface StreamContext {
  readonly settings: Config
  readonly sink: ByteSink
  /** Aborted when nobody wants the rest. */
  readonly signal: AbortSignal
}

export interface Workers {
  /** How many threads there are at most; 0: none, and nothing may be sent to them. */
  readonly threads: number
  /** A stream would begin at once. */
  readonly streamsFree: boolean
  /**
   * The job's answer. Rejects with the error that the job threw, with ServiceUnavailable when too many wait or the thread was lost, and with
   * the signal's reason: the thread is ended then.
   */
  compute<R>(task: WorkerTask, signal: AbortSignal): Promise<R>
  /** Hands what the job writes to the sink, as fast as that takes it; answers what the job answers. Rejects as `compute`. */
  stream<R>(task: WorkerTask, sink: ByteSink, signal: AbortSignal): Promise<R>
}
export const WorkersAbility: Ability<Workers> = ability<Workers>('Workers')
