/**
 * `npm run bench:logins`: what a crowd that signs in does to everybody else. Reads a record at a steady rate, first alone, then while
 * clients sign in as fast as they are let, half of them with wrong passwords, and prints the latencies of the reads in both times.
 *
 *     npm run bench:logins                                   # 200 reads a second, 100 clients, 10 s each
 *     npm run bench:logins -- --rate 100 --clients 50 --seconds 5
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Admin } from './admin.ts'
import { serve } from './process.ts'

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    clients: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
  },
})
const rate = Number(options.rate)
const clients = Number(options.clients)
const seconds = Number(options.seconds)

const agent = new Agent({ keepAlive: true })
const password = 'bench-only-password-1'
const admin = { email: 'bench@example.com', password }

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The status of the answer, when its last byte has come. */
function ask(url: string, { method, path, headers = {}, body }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method, agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Milliseconds of reads that are begun at a steady rate, whether or not earlier ones were answered. */
async function reads(url: string, key: string): Promise<readonly number[]> {
  const times: number[] = []
  const underWay: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < rate * seconds; n++) {
    const due = began + (n * 1000) / rate
    const early = due - performance.now()
    if (early > 1) await pause(early)
    const path = `/api/v2/db/_table/employees/${10_001 + (n % 20)}`
    underWay.push(
      ask(url, { method: 'GET', path, headers: { 'X-DreamFactory-API-Key': key } }).then((status) => {
        if (status !== 200) throw new Error(`a read was answered by ${status}`)
        times.push(performance.now() - due)
      }),
    )
  }
  await Promise.all(underWay)
  return times.sort((a, b) => a - b)
}

/** How often each status was answered. */
async function logins(url: string, until: () => boolean): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  const one = async (n: number): Promise<void> => {
    while (!until()) {
      const body = JSON.stringify({ email: `user${n}@example.com`, password: n % 2 === 0 ? password : 'a guess' })
      const headers = { 'Content-Type': 'application/json' }
      const status = await ask(url, { method: 'POST', path: '/api/v2/user/session', headers, body })
      counts.set(status, (counts.get(status) ?? 0) + 1)
      // Who is refused comes again at once, but not in a busy loop.
      if (status === 429 || status === 503) await pause(100)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, n) => one(n)))
  return counts
}

const at = (times: readonly number[], part: number): number =>
  Math.round((times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0) * 10) / 10

const folder = mkdtempSync(join(tmpdir(), 'dataferry-logins-'))
const server = await serve(['bin/dataferry.js', 'start'], {
  DF_DATA_DIR: folder,
  DF_SAMPLE: 'true',
  DF_ADMIN_EMAIL: admin.email,
  DF_ADMIN_PASSWORD: admin.password,
  DF_LOG_LEVEL: 'error',
})
try {
  const session = await Admin.login(server.url, admin)
  const apps = (await session.call('GET', 'system/app?filter=name=sample_reader&fields=api_key')) as {
    resource: readonly { api_key: string }[]
  }
  const key = apps.resource[0]?.api_key ?? ''
  for (let n = 0; n < clients; n++)
    await session.create('system/user', { name: `User ${n}`, email: `user${n}@example.com`, password })
  await reads(server.url, key)
  const idle = await reads(server.url, key)
  let over = false
  const crowd = logins(server.url, () => over)
  const busy = await reads(server.url, key)
  over = true
  const answers = await crowd
  console.log(`\n${rate} reads of a record by id a second, ${seconds} s each; Node ${process.version}\n`)
  console.log('| reads | p50 ms | p99 ms |\n|---|---|---|')
  console.log(`| alone | ${at(idle, 0.5)} | ${at(idle, 0.99)} |`)
  console.log(`| while ${clients} clients sign in | ${at(busy, 0.5)} | ${at(busy, 0.99)} |`)
  console.log(`\np99 under logins is ${(at(busy, 0.99) / at(idle, 0.99)).toFixed(1)} times that of reads alone.`)
  console.log(`Logins by status: ${[...answers].map(([status, count]) => `${status}: ${count}`).join(', ')}.`)
} finally {
  agent.destroy()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
