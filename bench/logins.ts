/**
 * `npm run bench:logins`: what a crowd that signs in does to everybody else. A process of its own reads a record at a steady rate, by
 * turns alone and while clients sign in as fast as they are let, half of them with wrong passwords; prints the latencies of the reads
 * in both times, of as many samples. All connections are opened, and all code has run, before anything is measured.
 *
 *     npm run bench:logins                                   # 200 reads a second, 100 clients, twice 10 s each
 *     npm run bench:logins -- --rate 100 --clients 50 --seconds 5 --rounds 1
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Admin } from './admin.ts'
import type { Round } from './logins-reader.ts'
import { serveOurs } from './process.ts'

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    clients: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '2' },
  },
})
const rate = Number(options.rate)
const clients = Number(options.clients)
const seconds = Number(options.seconds)
const rounds = Number(options.rounds)

const agent = new Agent({ keepAlive: true })
const password = 'bench-only-password-1'
const admin = { email: 'bench@example.com', password }

/** The status of the answer, when its last byte has come. */
function signIn(url: string, email: string, secret: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' }
    const sent = request(`${url}/api/v2/user/session`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(JSON.stringify({ email, password: secret }))
  })
}

/** How often each status was answered. */
async function logins(url: string, until: () => boolean): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  const one = async (n: number): Promise<void> => {
    while (!until()) {
      const status = await signIn(url, `user${n}@example.com`, n % 2 === 0 ? password : 'a guess')
      counts.set(status, (counts.get(status) ?? 0) + 1)
      // Who is refused comes again at once, but not in a busy loop.
      if (status === 429 || status === 503) await pause(100)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, n) => one(n)))
  return counts
}

/** A round of reads in the process that times them. */
async function reads(reader: ChildProcess, round: Round): Promise<readonly number[]> {
  const stop = new AbortController()
  const { signal } = stop
  try {
    reader.send(round)
    const gone = once(reader, 'exit', { signal }).then(([code]) => {
      throw new Error(`the reader ended with ${code}`)
    })
    const [times] = (await Promise.race([once(reader, 'message', { signal }), gone])) as [readonly number[]]
    return times
  } finally {
    stop.abort()
  }
}

const at = (times: readonly number[], part: number): number => {
  const sorted = times.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0) * 10) / 10
}

const folder = mkdtempSync(join(tmpdir(), 'dataferry-logins-'))
// No guess is refused before its hash was computed.
const server = await serveOurs(folder, admin, { DF_SAMPLE: 'true', DF_LOGIN_ATTEMPTS: '10000' })
const reader = fork(join(import.meta.dirname, 'logins-reader.ts'))
try {
  const session = await Admin.login(server.url, admin)
  const apps = (await session.call('GET', 'system/app?filter=name=sample_reader&fields=api_key')) as {
    resource: readonly { api_key: string }[]
  }
  for (let n = 0; n < clients; n++)
    await session.create('system/user', { name: `User ${n}`, email: `user${n}@example.com`, password })
  const round = { url: server.url, key: apps.resource[0]?.api_key ?? '', rate, seconds }
  const crowded = async (of: Round): Promise<readonly [readonly number[], ReadonlyMap<number, number>]> => {
    let over = false
    const crowd = logins(server.url, () => over)
    const times = await reads(reader, of).finally(() => {
      over = true
    })
    return [times, await crowd]
  }
  await crowded({ ...round, seconds: Math.min(seconds, 5) })
  const alone: number[] = []
  const busy: number[] = []
  const answers = new Map<number, number>()
  for (let n = 0; n < rounds; n++) {
    alone.push(...(await reads(reader, round)))
    const [times, counts] = await crowded(round)
    busy.push(...times)
    for (const [status, count] of counts) answers.set(status, (answers.get(status) ?? 0) + count)
  }
  console.log(
    `\n${rate} reads of a record by id a second, ${rounds} times ${seconds} s each; Node ${process.version}\n`,
  )
  console.log('| reads | p50 ms | p90 ms | p99 ms | most ms |\n|---|---|---|---|---|')
  const line = (times: readonly number[]): string => [0.5, 0.9, 0.99, 1].map((part) => at(times, part)).join(' | ')
  console.log(`| alone | ${line(alone)} |`)
  console.log(`| while ${clients} clients sign in | ${line(busy)} |`)
  console.log(`\np99 under logins is ${(at(busy, 0.99) / at(alone, 0.99)).toFixed(1)} times that of reads alone.`)
  console.log(`Logins by status: ${[...answers].map(([status, count]) => `${status}: ${count}`).join(', ')}.`)
} finally {
  reader.disconnect()
  agent.destroy()
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
