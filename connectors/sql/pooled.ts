/**
 * Long lists in worker threads: a program and its binds go over, the thread runs it on a connection of its own and encodes there, chunks of
 * bytes come back. Everything else, and lists for which no thread is free, runs on the connector's own runner. The thread has its connections
 * out of the same number that the service may have altogether.
 */
import { StructureChanged } from 'dataferry/records'
import {
  type Bind,
  type ByteSink,
  type ConfigValues,
  type Json,
  type Output,
  placeOf,
  type ServiceHost,
  type Workers,
  WorkersAbility,
} from 'dataferry/sdk'
import { settingCount, settingOptions } from './config.ts'
import type { ListAnswer, ListTask } from './task.ts'
import type { ProgramRunner, ReadProgram, SqlConnector } from './types.ts'
import { rowsAtMost } from './weight.ts'

/** Sources run as they are, so the thread's module has the same ending as this file. */
const task = new URL(import.meta.url.endsWith('.ts') ? './task.ts' : './task.js', import.meta.url).href

/** Services that may have fewer connections keep all of them for the event loop. */
const connectionsAtLeast = 4
/** The part of a service's connections that threads have. */
const share = 1 / 3

/** What of a program can be run elsewhere. */
export type ListRunner = Pick<ProgramRunner, 'run'>

/** How lists of one service go to threads. */
export interface Pooling {
  readonly workers: Workers
  readonly module: string
  readonly argument: Json
  /** Of the service in each thread. */
  readonly threadConfig: ConfigValues
  /** Of the connector on the event loop. */
  readonly loopConfig: ConfigValues
  /** Lists at once. */
  readonly atOnce: number
  /** Records of a list that stays. */
  readonly listRows: number
}

/** null: lists stay where everything else is. */
export function poolingOf(connector: SqlConnector, config: ConfigValues, host: ServiceHost): Pooling | null {
  const { elsewhere } = connector
  if (!elsewhere || host.service.id <= 0 || placeOf({}, config) !== 'auto') return null
  const workers = workersOf(host)
  if (workers === null || workers.threads === 0) return null
  const all = settingCount(settingOptions(config).pool_size, elsewhere.connections)
  if (all < connectionsAtLeast) return null
  const atOnce = Math.max(1, Math.floor((host.share?.(all, 1) ?? all) * share))
  const threads = Math.min(workers.threads, atOnce)
  return {
    workers,
    module: elsewhere.module,
    argument: elsewhere.argument ?? null,
    threadConfig: withPool(config, elsewhere.besides + Math.max(1, Math.floor(atOnce / threads))),
    // The part of this process is taken of it later.
    loopConfig: withPool(config, all - Math.floor(all * share)),
    atOnce,
    listRows: host.settings.workers.listRows,
  }
}

function workersOf(host: ServiceHost): Workers | null {
  try {
    return host.ask(WorkersAbility)
  } catch {
    return null
  }
}

const withPool = (config: ConfigValues, size: number): ConfigValues => ({
  ...config,
  options: { ...settingOptions(config), pool_size: size },
})

/** Runs lists in threads, where they are long and a thread is free. */
export class PooledLists implements ListRunner {
  readonly #pooling: Pooling
  readonly #runner: ProgramRunner
  /** What the thread remembers the service by. */
  readonly #key = crypto.randomUUID()
  readonly #name: string
  #running = 0
  readonly #stop = new AbortController()

  constructor(pooling: Pooling, runner: ProgramRunner, host: ServiceHost) {
    this.#pooling = pooling
    this.#runner = runner
    this.#name = host.service.name
  }

  run(
    program: ReadProgram,
    binds: readonly Bind[],
    output: Output,
    sink: ByteSink,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#goes(program, binds)
      ? this.#elsewhere(program, binds, output, sink, signal)
      : this.#runner.run(program, binds, output, sink, signal)
  }

  /** Stops the lists that still run. */
  close(thrown: unknown): void {
    this.#stop.abort(thrown)
  }

  #goes(program: ReadProgram, binds: readonly Bind[]): boolean {
    const { workers, atOnce, listRows } = this.#pooling
    return this.#running < atOnce && rowsAtMost(program, binds) > listRows && workers.streamsFree
  }

  async #elsewhere(
    program: ReadProgram,
    binds: readonly Bind[],
    output: Output,
    sink: ByteSink,
    signal: AbortSignal,
  ): Promise<void> {
    const { workers, module, argument, threadConfig } = this.#pooling
    const data: ListTask = {
      key: this.#key,
      service: this.#name,
      module,
      argument,
      config: threadConfig,
      program,
      binds,
      output,
    }
    this.#running++
    try {
      const either = AbortSignal.any([signal, this.#stop.signal])
      const { stale } = await workers.stream<ListAnswer>({ module: task, data }, sink, either)
      if (stale) throw new StructureChanged()
    } finally {
      this.#running--
    }
  }
}
