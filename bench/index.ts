/**
 * `npm run bench`: how fast Dataferry answers, behind an API key and a role with row filters. Starts a private database, seeds it,
 * starts the server, looks whether its answers are right, loads it, and prints a table.
 *
 *     npm run bench                                        # PostgreSQL, MariaDB and SQLite, as far as they are on this machine
 *     npm run bench -- --db postgres --compare             # interleaved with servers written by hand (bench/baseline); prints ratios
 *     npm run bench -- --scenario record --profile prof    # only scenarios whose names hold a word; CPU profiles into a folder
 *     npm run bench -- --rounds 7 --seconds 5 --save       # more rounds; the results into bench/results
 *     npm run bench -- --mixed --db postgres               # records by id beside lists of 10,000 and batches of 1,000
 *     npm run bench -- --bare                              # SQLite against a bare node:http server: what the pipeline costs
 *     npm run bench -- --short --compare                   # small tables and one round: for CI, which looks at the answers
 *     npm run bench -- --url https://api.example.com --key KEY --path /api/v2/db/_table/orders?limit=100
 *                                                          # loads a running server with GETs; --path may be repeated
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchDatabase, openDatabase } from './databases.ts'
import { benchMixed, type Mixed, mixedTable, stopsIn } from './mixed.ts'
import { type Served, serve, serveOurs } from './process.ts'
import { benchRemote } from './remote.ts'
import { machine, type Report, type Result, type Round, resultOf, table } from './report.ts'
import { check, round, type Side } from './round.ts'
import { save } from './saved.ts'
import { bareScenarios, type Scenario, scenariosFor } from './scenarios.ts'
import { makeBench } from './setup.ts'
import { fullSize, type Kind, kinds, smallSize } from './tables.ts'

const { values: options } = parseArgs({
  options: {
    db: { type: 'string', multiple: true, default: [] },
    scenario: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    compare: { type: 'boolean', default: false },
    bare: { type: 'boolean', default: false },
    mixed: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    profile: { type: 'string' },
    save: { type: 'boolean', default: false },
    json: { type: 'string' },
    url: { type: 'string' },
    key: { type: 'string', default: '' },
    path: { type: 'string', multiple: true, default: [] },
    connections: { type: 'string', default: '16' },
  },
})
const rounds = Number(options.rounds ?? (options.short ? 1 : 5))
const seconds = Number(options.seconds ?? (options.short ? 1 : 3))
const sizes = options.short ? smallSize : fullSize
const admin = { email: 'bench@example.com', password: 'bench-only-password-1' }

const chosen = options.bare ? ['sqlite'] : options.db.flatMap((names) => names.split(','))
for (const name of chosen) {
  if (!kinds.includes(name as Kind)) throw new Error(`--db ${name}: it must be one of ${kinds.join(', ')}.`)
}

async function mixed(kind: Kind): Promise<Mixed | null> {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-bench-'))
  const stops = join(folder, 'stops')
  let database: BenchDatabase | null = null
  let server: Served | null = null
  try {
    database = await openDatabase(kind, sizes, folder)
    if (database === null) {
      console.error(`SKIPPED: there is no ${kind} on this machine.`)
      return null
    }
    const watched = ['--import', new URL('./stops.ts', import.meta.url).href]
    server = await serveOurs(folder, admin, { BENCH_STOPS: stops }, watched)
    const key = await makeBench(server.url, admin, database.service)
    return await benchMixed({
      server,
      headers: { 'X-DreamFactory-API-Key': key },
      database,
      scenarios: scenariosFor(sizes, seconds),
      rounds,
      seconds,
      longestStop: stopsIn(stops, server),
    })
  } finally {
    await server?.stop()
    await database?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function bench(kind: Kind): Promise<Report | null> {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-bench-'))
  const running: Served[] = []
  let database: BenchDatabase | null = null
  try {
    database = await openDatabase(kind, sizes, folder)
    if (database === null) {
      console.error(`SKIPPED: there is no ${kind} on this machine.`)
      return null
    }
    const profile =
      options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(process.cwd(), options.profile)}`]
    const ours = await serveOurs(folder, admin, {}, profile)
    running.push(ours)
    const key = await makeBench(ours.url, admin, database.service)
    const headers = { 'X-DreamFactory-API-Key': key }
    const sides: Side[] = [{ server: ours, headers, ask: (scenario) => scenario.ours }]
    if (options.compare || options.bare) {
      const script = options.bare ? 'bench/baseline/bare.ts' : 'bench/baseline/server.ts'
      const baseline = await serve([script], { BENCH_KIND: kind, BENCH_KEY: key, ...database.env })
      running.push(baseline)
      sides.push({ server: baseline, headers, ask: (scenario) => scenario.baseline })
    }
    const results: Result[] = []
    const { version } = database
    const report = (): Report => ({ database: version, kind, machine: machine(), rounds, seconds, results })
    for (const scenario of scenariosFor(sizes, seconds)) {
      if (options.scenario.length > 0 && !options.scenario.some((word) => scenario.name.includes(word))) continue
      if (options.bare && !bareScenarios.includes(scenario.name)) continue
      results.push(await measured(scenario, sides, database))
      // What is measured is kept, whatever becomes of the rest.
      if (options.save) save([report()])
    }
    return report()
  } finally {
    for (const server of running) await server.stop()
    await database?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The sides take turns, and the one that begins changes. */
async function measured(scenario: Scenario, sides: readonly Side[], database: BenchDatabase): Promise<Result> {
  await check(scenario, sides, database)
  const taken: Round[][] = sides.map(() => [])
  if (!options.short) for (const side of sides) await warm(scenario, side, database)
  for (let turn = 0; turn < rounds; turn++) {
    const order = turn % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse()
    for (const at of order) taken[at]?.push(await round(scenario, sides[at] as Side, database, seconds))
  }
  const result = resultOf(scenario.name, scenario.connections, taken[0] ?? [], taken[1] ?? [])
  const against = result.ratio === null ? '' : `, ${result.ratio.toFixed(2)} times the baseline`
  const cpu = result.cpuRatio === null ? '' : `, ${result.cpuRatio.toFixed(2)} times its CPU`
  console.error(`${database.version}, ${scenario.name}: ${result.ours.perSecond} req/s${against}${cpu}`)
  return result
}

/** A server gets faster as its code is compiled: it is loaded until a second is no longer clearly cheaper than the one before. */
async function warm(scenario: Scenario, side: Side, database: BenchDatabase): Promise<void> {
  let cheapest = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 10; turn++) {
    const { cpu, perSecond } = await round(scenario, side, database, 1)
    const cost = cpu ?? 1e6 / perSecond
    if (cost > cheapest * 0.95) return
    cheapest = Math.min(cheapest, cost)
  }
}

const reports: Report[] = []
if (options.url !== undefined) {
  const { url, key, path: paths } = options
  reports.push(await benchRemote({ url, key, paths, rounds, seconds, connections: Number(options.connections) }))
} else {
  for (const kind of chosen.length > 0 ? kinds.filter((name) => chosen.includes(name)) : kinds) {
    if (options.mixed) {
      const told = await mixed(kind)
      if (told !== null) console.log(`\n${mixedTable(told)}`)
      continue
    }
    const report = await bench(kind)
    if (report !== null) reports.push(report)
  }
}
for (const report of reports) console.log(`\n${table(report)}`)
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(reports, null, 2)}\n`)
