/** Checks and loads one server with one scenario. */
import assert from 'node:assert/strict'
import type { BenchDatabase } from './databases.ts'
import { type Ask, filled, type Loaded, load } from './load.ts'
import type { Served } from './process.ts'
import type { Round } from './report.ts'
import type { Scenario } from './scenarios.ts'

type Headers = { readonly [name: string]: string }

export interface Side {
  readonly server: Served
  readonly headers: Headers
  readonly ask: (scenario: Scenario) => Ask
}

/** The body of an answer that must be a success. */
export async function answered(
  url: string,
  { method, path, body }: Ask,
  headers: Headers,
  n: number,
): Promise<unknown> {
  const answer = await fetch(url + filled(path, n), {
    method,
    headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: filled(body, n) }),
  })
  const text = await answer.text()
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text.slice(0, 500)}`)
  return JSON.parse(text)
}

/** Both sides answer as they must, and the same where nothing is written. */
export async function check(scenario: Scenario, sides: readonly Side[], database: BenchDatabase): Promise<void> {
  const numbers = [...new Set([scenario.from, Math.min(scenario.to, scenario.from + 41)])]
  for (const n of numbers) {
    const bodies: unknown[] = []
    for (const { server, headers, ask } of sides) {
      if (scenario.visits !== null) await database.refill(Math.min(scenario.visits.before, 1_000))
      const body = await answered(server.url, ask(scenario), headers, n)
      scenario.check(body, n)
      await scenario.checkDatabase?.(database, n)
      bodies.push(body)
    }
    const [ours, baseline = ours] = bodies
    if (ask(sides).method === 'GET') assert.deepEqual(ours, baseline, `${scenario.name}: the answers differ`)
  }
  function ask([first]: readonly Side[]): Ask {
    return first === undefined ? scenario.ours : first.ask(scenario)
  }
}

/** One measured load. Afterwards the rows in the database are as many as the answers say. */
export async function round(
  scenario: Scenario,
  { server, headers, ask }: Side,
  database: BenchDatabase,
  seconds: number,
): Promise<Round> {
  const { visits, connections, from, to } = scenario
  if (visits !== null) await database.refill(visits.before)
  server.measure()
  const before = server.cpu()
  const loaded = await load(server.url, { ask: ask(scenario), headers, connections, seconds, from, to })
  const after = server.cpu()
  const peak = server.memory()?.peak ?? null
  if (visits !== null) await checkRows(scenario.name, visits, loaded, connections, database)
  const { perSecond, p50, p99, p999, requests } = loaded
  return {
    perSecond,
    p50,
    p99,
    p999,
    cpu: before === null || after === null ? null : ((after - before) * 1_000) / requests,
    peak: peak === null ? null : peak / 2 ** 20,
  }
}

/** What was on its way when the load ended may have been done or not. */
async function checkRows(
  name: string,
  { before, each }: { readonly before: number; readonly each: number },
  { requests }: Loaded,
  connections: number,
  database: BenchDatabase,
): Promise<void> {
  const rows = await settled(() => database.one('select count(*) from visits'))
  const done = (rows - before) / each
  assert.ok(
    done >= requests && done <= requests + connections,
    `${name}: ${requests} requests were answered, and the rows are those of ${done}`,
  )
}

/** What a load leaves behind is still carried out when it has ended: waits until the number stays the same. */
async function settled(read: () => Promise<string>): Promise<number> {
  let known = await read()
  for (let same = 0; same < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = await read()
    same = now === known ? same + 1 : 0
    known = now
  }
  return Number(known)
}
