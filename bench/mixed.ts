/**
 * `npm run bench -- --mixed`: whether small requests go on beside heavy ones. Records by id are loaded alone; then again while two clients
 * list 10,000 rows in a loop and another inserts batches of 1,000. Told are their rates, and how long the event loop stood still at most.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { BenchDatabase } from './databases.ts'
import { type Ask, load, median } from './load.ts'
import type { Served } from './process.ts'
import type { Scenario } from './scenarios.ts'

export interface Mixed {
  readonly database: string
  /** Records by id each second. */
  readonly alone: number
  readonly beside: number
  /** Lists and batches that were done beside them each second. */
  readonly lists: number
  readonly batches: number
  /** The longest stops of the event loop, milliseconds. */
  readonly stopAlone: number
  readonly stopBeside: number
}

export interface MixedAsked {
  readonly server: Served
  readonly headers: { readonly [name: string]: string }
  readonly database: BenchDatabase
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  readonly seconds: number
  /** The longest stop since it was asked last, milliseconds. */
  readonly longestStop: () => Promise<number>
}

/** Medians of the rounds; of the stops too, because the machine may stop everything once. */
export async function benchMixed(asked: MixedAsked): Promise<Mixed> {
  const { server, headers, database, scenarios, rounds, seconds, longestStop } = asked
  const askOf = (name: string): Scenario => {
    const found = scenarios.find((each) => each.name === name)
    if (found === undefined) throw new Error(`There is no scenario '${name}'.`)
    return found
  }
  const point = askOf('record by id')
  const small = { ask: point.ours, headers, connections: 8, seconds, from: point.from, to: point.to }
  await database.refill(0)
  await load(server.url, small)
  const taken: Omit<Mixed, 'database'>[] = []
  for (let round = 0; round < rounds; round++) {
    await longestStop()
    const alone = await load(server.url, small)
    const stopAlone = await longestStop()
    const stop = new AbortController()
    const loops = [
      askOf('list of 10,000').ours,
      askOf('list of 10,000').ours,
      askOf('insert 1,000 in one request').ours,
    ]
    const counts = loops.map((ask) => inLoop(server.url, ask, headers, stop.signal))
    // Connections and statements of the heavy ones are there when the clock starts.
    await new Promise((resolve) => setTimeout(resolve, 500))
    await longestStop()
    const began = performance.now()
    const before = counts.map(({ done }) => done())
    const beside = await load(server.url, small)
    const perSecond = counts.map(({ done }, i) => ((done() - (before[i] ?? 0)) * 1_000) / (performance.now() - began))
    const stopBeside = await longestStop()
    stop.abort()
    await Promise.all(counts.map(({ over }) => over))
    const [first = 0, second = 0, batches = 0] = perSecond
    taken.push({
      alone: alone.perSecond,
      beside: beside.perSecond,
      lists: first + second,
      batches,
      stopAlone,
      stopBeside,
    })
    await database.refill(0)
  }
  const of = (name: keyof Omit<Mixed, 'database'>): number => median(taken.map((each) => each[name]))
  return {
    database: database.version,
    alone: of('alone'),
    beside: of('beside'),
    lists: of('lists'),
    batches: of('batches'),
    stopAlone: of('stopAlone'),
    stopBeside: of('stopBeside'),
  }
}

/** Tells the longest stop of a server that writes its stops (bench/stops.ts) into the file. */
export function stopsIn(file: string, server: Served): () => Promise<number> {
  let known = 0
  writeFileSync(file, '')
  return async () => {
    server.tell('SIGUSR2')
    for (;;) {
      const lines = readFileSync(file, 'utf8').split('\n')
      if (lines.length - 1 > known) {
        known = lines.length - 1
        return Number(lines[known - 1])
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

/** Asks again and again. Throws for an answer that is no success. */
function inLoop(
  url: string,
  { method, path, body }: Ask,
  headers: { readonly [name: string]: string },
  signal: AbortSignal,
): { readonly done: () => number; readonly over: Promise<void> } {
  let done = 0
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      const answer = await fetch(url + path, {
        method,
        headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
        ...(body !== undefined && { body }),
      })
      // As bytes: what is measured is not how fast this process reads.
      await answer.arrayBuffer()
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`)
      done++
    }
  }
  return { done: () => done, over: loop() }
}

export const mixedTable = ({ database, alone, beside, lists, batches, stopAlone, stopBeside }: Mixed): string =>
  [
    `${database}: records by id (8 connections) beside two lists of 10,000 and batches of 1,000`,
    '',
    '| | records by id, req/s | longest stop ms | lists of 10,000, req/s | batches of 1,000, req/s |',
    '|---|---|---|---|---|',
    `| alone | ${alone.toFixed(0)} | ${stopAlone.toFixed(1)} | | |`,
    `| beside | ${beside.toFixed(0)} (${((beside / alone) * 100).toFixed(0)} %) | ${stopBeside.toFixed(1)} | ${lists.toFixed(1)} | ${batches.toFixed(1)} |`,
  ].join('\n')
