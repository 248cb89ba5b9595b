/**
 * `npm run bench:memory`: what memory Dataferry takes, in three parts.
 *
 * - `idle`: some time after a start with the sample, when nobody asks anything.
 * - `stream`: while a list of ten million records goes to a client that reads slowly for a while, and then as fast as it can.
 * - `requests`: after a million requests, as against a hundred thousand: what the heap holds after a collection.
 *
 *     npm run bench:memory                                        # all of it; takes some minutes
 *     npm run bench:memory -- --part stream --db sqlite,mariadb   # --rows, --slow (seconds)
 *     npm run bench:memory -- --part requests --requests 200000   # --minutes: ends then, wherever it is
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openDatabase } from './databases.ts'
import { load } from './load.ts'
import type { Heap } from './probe.ts'
import { probed, type Served, serveOurs } from './process.ts'
import { machine } from './report.ts'
import { type Scenario, scenariosFor } from './scenarios.ts'
import { makeBench } from './setup.ts'
import { fullSize, type Kind, kinds, numbersView, smallSize } from './tables.ts'

const { values: options } = parseArgs({
  options: {
    part: { type: 'string', multiple: true, default: [] },
    db: { type: 'string', default: kinds.join(',') },
    rows: { type: 'string', default: '10000000' },
    slow: { type: 'string', default: '40' },
    idle: { type: 'string', default: '90' },
    requests: { type: 'string', default: '1000000' },
    minutes: { type: 'string', default: '60' },
  },
})
const chosen = kinds.filter((kind) => options.db.split(',').includes(kind))
const admin = { email: 'bench@example.com', password: 'bench-only-password-1' }
const asked = (part: string): boolean => options.part.length === 0 || options.part.includes(part)
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-memory-'))
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The second start is measured: the first fills the sample, and makes and keeps what Node compiles. */
async function idle(folder: string): Promise<void> {
  console.log('\n| seconds after the start, with the sample | MiB in use |\n|---|---|')
  const most = Number(options.idle)
  for (const seconds of [0, most]) {
    const server = await serveOurs(folder, admin, { DF_SAMPLE: 'true' })
    try {
      for (let at = 0; at < seconds; ) {
        const next = at + Math.min(15, seconds - at)
        await pause((next - at) * 1_000)
        at = next
        console.log(`| ${at} | ${mib(server.memory()?.now ?? 0)} |`)
      }
    } finally {
      await server.stop()
    }
  }
}

/** Longer than threads without work are kept. */
const restMs = 35_000

interface Read {
  readonly bytes: number
  readonly rows: number
}

/** Takes at most 1 MiB a second for a while. */
function readSlowly(url: string, key: string, path: string, slowMs: number): Promise<Read> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { headers: { 'X-DreamFactory-API-Key': key } }, (answer) => {
      const began = performance.now()
      let bytes = 0
      let rows = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        for (let at = chunk.indexOf(125); at >= 0; at = chunk.indexOf(125, at + 1)) rows++
        const ahead = (bytes / 2 ** 20) * 1_000 - (performance.now() - began)
        if (ahead <= 0 || performance.now() - began > slowMs) return
        answer.pause()
        setTimeout(() => answer.resume(), ahead)
      })
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve({ bytes, rows }) : reject(new Error(`answered ${answer.statusCode}`)),
      )
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function stream(kind: Kind, folder: string): Promise<void> {
  const database = await openDatabase(kind, smallSize, folder)
  if (database === null) return console.error(`SKIPPED: there is no ${kind} on this machine.`)
  const server = await serveOurs(folder, admin, { DB_MAX_RECORDS_RETURNED: options.rows })
  try {
    const rows = Number(options.rows)
    await database.run(numbersView(kind, rows))
    const { type, config } = database.service
    const key = await makeBench(server.url, admin, { type, config }, rows)
    const path = `/api/v2/bench/_table/numbers?limit=${rows}`
    await readSlowly(server.url, key, '/api/v2/bench/_table/numbers?limit=1000', 0)
    // Until it has given back what the start took.
    await pause(restMs)
    const before = server.memory()?.now ?? 0
    server.measure()
    const began = performance.now()
    const read = await readSlowly(server.url, key, path, Number(options.slow) * 1_000)
    const seconds = ((performance.now() - began) / 1_000).toFixed(0)
    // One more brace: that of the list.
    if (read.rows - 1 !== rows) throw new Error(`${read.rows - 1} records came instead of ${rows}`)
    console.log(
      `| ${database.version} | ${rows.toLocaleString('en')} | ${mib(read.bytes)} | ${seconds} | ${mib(before)} | ${mib(server.memory()?.peak ?? 0)} |`,
    )
  } finally {
    await server.stop()
    await database.stop()
  }
}

/** Reads and single writes of every kind, one kind after the other, and one whose text is always another one. */
async function requests(kind: Kind, folder: string): Promise<void> {
  const database = await openDatabase(kind, fullSize, folder)
  if (database === null) return console.error(`SKIPPED: there is no ${kind} on this machine.`)
  const server = await serveOurs(folder, admin, {}, probed)
  try {
    const headers = { 'X-DreamFactory-API-Key': await makeBench(server.url, admin, database.service) }
    const names = ['record by id', 'list of 25: filter', 'list of 25 with count', 'update by id', 'list of 1,000']
    const kindly = scenariosFor(fullSize, 1).filter(({ name }) => names.some((word) => name.startsWith(word)))
    const sometimes: Scenario = {
      ...(kindly[0] as Scenario),
      ours: { method: 'GET', path: '/api/v2/bench/_table/customers?filter=(id%3D{n})and(region%3C9)&fields=id,name' },
    }
    const [record] = kindly
    const turns = [...kindly, sometimes].flatMap((scenario) => [scenario, record as Scenario, record as Scenario])
    await counted(server, turns, headers)
  } finally {
    await server.stop()
    await database.stop()
  }
}

async function counted(server: Served, turns: readonly Scenario[], headers: Record<string, string>): Promise<void> {
  const most = Number(options.requests)
  const until = performance.now() + Number(options.minutes) * 60_000
  console.log('\n| requests | heap after a collection, MiB | resident, MiB |\n|---|---|---|')
  let done = 0
  let first: Heap | null = null
  let last: Heap | null = null
  let next = most / 10
  for (let turn = 0; done < most && performance.now() < until; turn++) {
    const { ours: ask, connections, from, to } = turns[turn % turns.length] as Scenario
    done += (await load(server.url, { ask, headers, connections, seconds: 2, from, to })).requests
    if (done < next && done < most) continue
    next += most / 10
    await pause(1_000)
    last = await server.ask<Heap>('heap')
    first ??= last
    console.log(`| ${done.toLocaleString('en')} | ${mib(last.used)} | ${mib(last.resident)} |`)
  }
  if (first !== null && last !== null)
    console.log(
      `\nThe heap is ${((last.used / first.used - 1) * 100).toFixed(1)} % larger at the end than at the first look.`,
    )
}

console.log(machine())
if (asked('idle')) await inFolder(idle)
if (asked('stream')) {
  console.log(
    '\n| database | records | MiB read | seconds | MiB in use before | MiB at most |\n|---|---|---|---|---|---|',
  )
  for (const kind of chosen) await inFolder((folder) => stream(kind, folder))
}
if (asked('requests')) for (const kind of chosen.slice(0, 1)) await inFolder((folder) => requests(kind, folder))
