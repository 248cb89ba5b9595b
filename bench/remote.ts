/** Loads a server that runs already, one's own: it is only read from. */
import assert from 'node:assert/strict'
import { type Ask, load } from './load.ts'
import { machine, type Report, type Result, type Round, resultOf } from './report.ts'
import { answered } from './round.ts'

export interface Remote {
  readonly url: string
  /** An app's API key; empty: none is sent. */
  readonly key: string
  readonly paths: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

/** Throws where an answer is not a success, or differs from the one before. */
export async function benchRemote({ url, key, paths, rounds, seconds, connections }: Remote): Promise<Report> {
  if (paths.length === 0) throw new Error('--url needs --path, for example --path /api/v2/db/_table/customers?limit=25')
  const server = url.replace(/\/+$/, '')
  const headers: { readonly [name: string]: string } = key === '' ? {} : { 'X-DreamFactory-API-Key': key }
  const results: Result[] = []
  for (const path of paths) {
    const ask: Ask = { method: 'GET', path: path.startsWith('/') ? path : `/${path}` }
    const first = await answered(server, ask, headers, 0)
    assert.deepEqual(await answered(server, ask, headers, 0), first, `${path}: two answers differ`)
    const taken: Round[] = []
    for (let turn = 0; turn < rounds; turn++) {
      const { perSecond, p50, p99, p999 } = await load(server, { ask, headers, connections, seconds, from: 0, to: 0 })
      taken.push({ perSecond, p50, p99, p999, cpu: null, peak: null })
    }
    results.push(resultOf(path, connections, taken, []))
  }
  return { database: new URL(server).host, kind: null, machine: `loaded from ${machine()}`, rounds, seconds, results }
}
