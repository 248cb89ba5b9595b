/**
 * Replays the recorded requests against a fresh server, over private MariaDB and PostgreSQL servers, and holds each group to its
 * floor in .ci/replay-floors: `node .ci/replay.ts`. Every group must reach its own floor; the total decides nothing.
 */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../bench/process.ts'
import { type Database, startMysql, startPostgres } from '../bench/servers/private.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = join(root, '..', 'shared', 'replay', 'replay.mjs')

/** How many differing answers are shown of a group that is under its floor. */
const SHOWN = 20

/** The floors, from the text of .ci/replay-floors: percent by group. */
export function floorsOf(table: string): Map<string, number> {
  const rows = table
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/))
  return new Map(rows.map(([group = '', floor]) => [group, Number(floor)]))
}

/** What each group reached, from what the tool printed: percent by group. Groups without a share are absent. */
export function sharesOf(output: string): Map<string, number> {
  const lines = output.matchAll(/^(\w+)\s+(\d+(?:\.\d+)?) %\s+of\s+\d+ compared/gm)
  return new Map([...lines].map(([, group = '', share]) => [group, Number(share)]))
}

/** One line for each group that is under its floor or was not replayed at all. */
export function shortfalls(floors: ReadonlyMap<string, number>, shares: ReadonlyMap<string, number>): string[] {
  return [...floors].flatMap(([group, floor]) => {
    const share = shares.get(group)
    if (share === undefined) return [`${group}: not replayed, the floor is ${floor} %`]
    return share >= floor ? [] : [`${group}: ${share} %, the floor is ${floor} %`]
  })
}

async function replay(
  groups: readonly string[],
  servers: NodeJS.ProcessEnv,
  folder: string,
  fails: string,
): Promise<{ output: string; code: number | null }> {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('DF_') && name !== 'TARGET')
  const args = [tool, '--serve', 'npm start', '--fails', fails, ...groups]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...Object.fromEntries(ours), ...servers, PORT: String(await freePort()), DF_DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    process.stdout.write(chunk)
  })
  const code = await new Promise<number | null>((done) => child.on('close', done))
  return { output, code }
}

function showFails(fails: string, groups: readonly string[]): void {
  const lines = readFileSync(fails, 'utf8').split('\n')
  for (const group of groups) {
    const of = lines.filter((line) => line.startsWith(`{"id":"${group}/`))
    console.log(`\n${group}: the first ${Math.min(SHOWN, of.length)} of ${of.length} that differ`)
    for (const line of of.slice(0, SHOWN)) console.log(`  ${line.slice(0, 400)}`)
  }
}

/** Private servers: the recorded set-up needs an administrator's rights on them. Where there is none its groups fail. */
async function withServers<T>(work: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const started: Database[] = []
  const env: NodeJS.ProcessEnv = {}
  try {
    const postgres = await startPostgres()
    if (postgres !== null) {
      started.push(postgres)
      env.PG_PORT = String(postgres.port)
      env.PG_SUPERUSER = postgres.user
    }
    const mysql = await startMysql()
    if (mysql !== null) {
      started.push(mysql)
      env.MYSQL_PORT = String(mysql.port)
    }
    return await work(env)
  } finally {
    for (const database of started) await database.stop()
  }
}

async function main(): Promise<void> {
  const floors = floorsOf(readFileSync(join(root, '.ci', 'replay-floors'), 'utf8'))
  const groups = [...floors.keys()]
  const folder = await mkdtemp(join(tmpdir(), 'dataferry-replay-'))
  try {
    const fails = join(folder, 'fails.jsonl')
    const { output, code } = await withServers((env) => replay(groups, env, folder, fails))
    const short = shortfalls(floors, sharesOf(output))
    if (code === 0) {
      const under = (group: string): boolean => short.some((line) => line.startsWith(`${group}:`))
      showFails(fails, groups.filter(under))
    } else short.push(`the replay ended with ${code}`)
    for (const line of short) console.error(`under its floor: ${line}`)
    process.exitCode = short.length === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

if (import.meta.main) await main()
