/**
 * `npm run bench`: starts Dataferry and a hand-written server over the same SQLite file, loads both in turn, and prints requests per
 * second, latencies and the server's CPU time a request. Ours checks an API key and a role with a row filter; the other a constant key.
 *
 *     npm run bench                         # 5 rounds of 3 s a scenario
 *     npm run bench -- --rounds 1 --seconds 1 --connections 16 --json out.json
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { load, type Measured, median } from './load.ts'
import { type Served, serve } from './process.ts'
import { seedCustomers } from './seed.ts'
import { makeReader } from './setup.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    json: { type: 'string' },
  },
})

interface Scenario {
  readonly name: string
  readonly ours: string
  readonly baseline: string
  /** Throws when an answer is wrong. */
  check(body: unknown): void
}
const scenarios: readonly Scenario[] = [
  { name: 'constant reply', ours: '/_health/live', baseline: '/_health/live', check: (body) => assert.ok(body) },
  {
    name: 'record by id',
    ours: '/api/v2/bench/_table/customers/4242',
    baseline: '/api/v2/bench/_table/customers/4242',
    check: (body) =>
      assert.deepEqual(body, {
        id: 4242,
        name: 'Customer "4242" é',
        email: 'customer4242@example.com',
        country: 'NL',
        region: 2,
        credit: 4242.25,
        active: false,
        created_at: '2025-03-04 05:42:07',
        note: 'Note 4242: pays on time',
      }),
  },
  {
    name: 'list of 25',
    ours: `/api/v2/bench/_table/customers?filter=${encodeURIComponent("country = 'DE'")}&order=id%20desc&limit=25`,
    baseline: '/api/v2/bench/_table/customers?country=DE',
    check: (body) => {
      const rows = (body as { resource: { id: number; country: string }[] }).resource
      assert.equal(rows.length, 25)
      assert.equal(rows[0]?.id, 10_000)
      assert.ok(rows.every((row) => row.country === 'DE'))
    },
  },
]

async function checked(
  server: Served,
  path: string,
  headers: { readonly [name: string]: string },
  check: (body: unknown) => void,
): Promise<void> {
  const answer = await fetch(server.url + path, { headers })
  assert.equal(answer.status, 200, await answer.clone().text())
  check(await answer.json())
}

const folder = mkdtempSync(join(tmpdir(), 'dataferry-bench-'))
const running: Served[] = []
try {
  mkdirSync(join(folder, 'databases'))
  const database = join(folder, 'databases', 'bench.sqlite')
  seedCustomers(database)

  const admin = { email: 'bench@example.com', password: 'bench-only-password-1' }
  const ours = await serve(['bin/dataferry.js', 'start'], {
    DF_DATA_DIR: folder,
    DF_SAMPLE: 'false',
    DF_ADMIN_EMAIL: admin.email,
    DF_ADMIN_PASSWORD: admin.password,
    DF_LOG_LEVEL: 'warn',
  })
  running.push(ours)
  const key = await makeReader(ours.url, admin, 'bench.sqlite')
  const headers = { 'X-DreamFactory-API-Key': key }
  const baseline = await serve(['bench/baseline/sqlite.ts'], { BENCH_DATABASE: database, BENCH_KEY: key })
  running.push(baseline)

  const results = []
  for (const scenario of scenarios) {
    await checked(ours, scenario.ours, headers, scenario.check)
    await checked(baseline, scenario.baseline, headers, scenario.check)
    const rounds: { ours: Measured; baseline: Measured }[] = []
    const shape = { headers, connections: Number(options.connections), seconds: Number(options.seconds) }
    for (let round = 0; round < Number(options.rounds); round++) {
      rounds.push({
        ours: await load(ours, { path: scenario.ours, ...shape }),
        baseline: await load(baseline, { path: scenario.baseline, ...shape }),
      })
    }
    const summary = (side: 'ours' | 'baseline') => {
      const of = (what: 'perSecond' | 'p50' | 'p99') => median(rounds.map((round) => round[side][what]))
      const cpu = rounds.map((round) => round[side].cpu).filter((value) => value !== null)
      return {
        perSecond: Math.round(of('perSecond')),
        p50: of('p50'),
        p99: of('p99'),
        cpuMicros: cpu.length > 0 ? Math.round(median(cpu)) : null,
      }
    }
    const ratio = median(rounds.map((round) => round.ours.perSecond / round.baseline.perSecond))
    results.push({
      scenario: scenario.name,
      ours: summary('ours'),
      baseline: summary('baseline'),
      ratio: Math.round(ratio * 100) / 100,
    })
  }

  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`
  console.log(
    `\n${machine}; server and load generator share them. ${options.rounds} interleaved rounds of ${options.seconds} s, ${options.connections} connections, medians.\n`,
  )
  console.log(
    '| scenario | server | req/s | p50 ms | p99 ms | server CPU us/req | ratio |\n|---|---|---|---|---|---|---|',
  )
  for (const { scenario, ours: mine, baseline: other, ratio } of results) {
    console.log(
      `| ${scenario} | dataferry | ${mine.perSecond} | ${mine.p50} | ${mine.p99} | ${mine.cpuMicros ?? 'n/a'} | ${ratio.toFixed(2)} |`,
    )
    console.log(
      `| | node:http by hand | ${other.perSecond} | ${other.p50} | ${other.p99} | ${other.cpuMicros ?? 'n/a'} | 1 |`,
    )
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, options, results }, null, 2)}\n`)
} finally {
  for (const server of running) await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
