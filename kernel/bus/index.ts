/** The bus as the settings want it. */
import type { Bus } from '../plugins/bus.ts'
import type { Log } from '../plugins/contract.ts'
import type { CacheState } from './cluster/messages.ts'
import { localBus } from './local.ts'

export interface OpenBus {
  readonly bus: Bus
  /** How the cache does that nodes share; null: they share none. */
  cache(): CacheState
  close(): Promise<void>
}

/** Nobody to share with. */
export const alone: OpenBus = { bus: localBus, cache: () => null, close: async () => {} }

/** Never waits for the other side, and never fails: a server that does not answer is tried again until it does. */
export async function openBus(url: string | null, log: Log): Promise<OpenBus> {
  if (url === null) return alone
  const { RedisBus } = await import('./redis.ts')
  const bus = new RedisBus(url, log)
  bus.open()
  return { bus, cache: () => bus.state(), close: () => bus.close() }
}
