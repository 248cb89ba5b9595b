/**
 * `npm run bench:loop`: how long lists stop the event loop for, and with it everybody else. Clients list in a loop while another one reads
 * records by id; prints the longest stop of the loop (monitorEventLoopDelay), and how much of the longest turn was work of its own: where processors are
 * shared, a loop also stops while others have its processor.
 *
 *     npm run bench:loop                                   # SQLite, 2 clients that list, 5 s each
 *     npm run bench:loop -- --db postgres --clients 1 --seconds 10
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openDatabase } from './databases.ts'
import { load } from './load.ts'
import type { Stops } from './probe.ts'
import { probed, serveOurs } from './process.ts'
import { machine } from './report.ts'
import { type Scenario, scenariosFor } from './scenarios.ts'
import { makeBench } from './setup.ts'
import { fullSize, type Kind, kinds } from './tables.ts'

const { values: options } = parseArgs({
  options: {
    db: { type: 'string', default: 'sqlite' },
    clients: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
  },
})
const kind = kinds.find((name) => name === options.db) as Kind
const seconds = Number(options.seconds)
const admin = { email: 'bench@example.com', password: 'bench-only-password-1' }

const folder = mkdtempSync(join(tmpdir(), 'dataferry-stops-'))
const database = await openDatabase(kind, fullSize, folder)
if (database === null) throw new Error(`There is no ${kind} on this machine.`)
const server = await serveOurs(folder, admin, {}, probed)
try {
  const headers = { 'X-DreamFactory-API-Key': await makeBench(server.url, admin, database.service) }
  const run = ({ ours: ask, from, to }: Scenario, connections: number) =>
    load(server.url, { ask, headers, connections, seconds, from, to })
  const scenarios = scenariosFor(fullSize, seconds)
  const named = (name: string): Scenario => scenarios.find((each) => each.name === name) as Scenario
  const record = named('record by id')
  console.log(`\n${database.version}: ${machine()}; ${options.clients} clients list, one reads records by id\n`)
  console.log(
    '| beside records by id | lists/s | records/s | p99 ms of records | longest stop ms | longest turn of its own ms |',
  )
  console.log('|---|---|---|---|---|---|')
  for (const name of [
    null,
    'list of 25 with count',
    'list of 1,000',
    'list of 10,000',
    '100 orders, customer and items',
  ]) {
    // A first time, for what is compiled and started once.
    for (const measured of [false, true]) {
      await server.ask<Stops>('stops')
      const [lists, records] = await Promise.all([
        name === null ? null : run(named(name), Number(options.clients)),
        run(record, 1),
      ])
      const { longest, own } = await server.ask<Stops>('stops')
      if (!measured) continue
      const shown = [lists?.perSecond ?? 0, records.perSecond, records.p99, longest, own].map((value) =>
        value.toFixed(1),
      )
      console.log(`| ${[name ?? 'nothing', ...shown].join(' | ')} |`)
    }
  }
} finally {
  await server.stop()
  await database.stop()
  rmSync(folder, { recursive: true, force: true })
}
