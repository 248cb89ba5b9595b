/** What a thread of the pool does with a task: runs the module that it names, with its data. What it throws goes back as data. */
import { type MessagePort, workerData } from 'node:worker_threads'
import { move, transferableSymbol, valueSymbol } from 'piscina'
import type { Config } from '../../config/index.ts'
import type { StreamJob, WorkerJob } from '../plugins/workers.ts'
import { serve } from './channel.ts'
import { type Fault, faultOf } from './fault.ts'

/** What a thread of the pool is started with. */
export interface PoolData {
  readonly settings: Config
}
/** `port`: for what is streamed over it; null: one answer. */
export interface PoolTask {
  readonly module: string
  readonly data: unknown
  readonly port: MessagePort | null
}
export type PoolAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: Fault }

async function jobOf<J>(module: string): Promise<J> {
  const { default: job } = (await import(module)) as { readonly default: J }
  return job
}

export default async function perform({ module, data, port }: PoolTask): Promise<unknown> {
  if (port === null) return compute(module, data)
  const { settings } = workerData as PoolData
  await serve(port, async (sink, signal) =>
    (await jobOf<StreamJob<unknown, unknown>>(module))(data, { settings, sink, signal }),
  )
}

async function compute(module: string, data: unknown): Promise<unknown> {
  try {
    const job = await jobOf<WorkerJob<unknown, unknown>>(module)
    const { value, moved = [] } = await job(data)
    const answer: PoolAnswer = { ok: true, value }
    return moved.length === 0 ? answer : move({ [transferableSymbol]: moved, [valueSymbol]: answer } as never)
  } catch (thrown) {
    return { ok: false, fault: faultOf(thrown) } satisfies PoolAnswer
  }
}
