/** One load: autocannon against one path, with the answers checked first. */
import autocannon from 'autocannon'
import type { Served } from './process.ts'

export interface Load {
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly connections: number
  readonly seconds: number
}
export interface Measured {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** The server's CPU microseconds for each request; null where the system does not tell. */
  readonly cpu: number | null
}

/** Throws when an answer is not 2xx: a benchmark of errors measures nothing. */
export async function load(server: Served, { path, headers, connections, seconds }: Load): Promise<Measured> {
  const before = server.cpu()
  const result = await autocannon({ url: server.url + path, headers: { ...headers }, connections, duration: seconds })
  const after = server.cpu()
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${result.non2xx} answers were not 2xx, ${result.errors} requests failed`)
  const requests = result['2xx']
  return {
    perSecond: requests / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpu: before === null || after === null ? null : ((after - before) * 1000) / requests,
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
