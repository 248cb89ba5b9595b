/**
 * Replays recorded requests against a fresh server and holds each group to its floor: `node .ci/replay.ts <run>`, where a
 * run is a name in the first column of .ci/replay-floors. Every group must reach its own floor; the total decides nothing.
 */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tool = join(root, '..', 'shared', 'replay', 'replay.mjs')

/** How many differing answers are shown of a group that is under its floor. */
const SHOWN = 20

/** The floors of one run, from the text of .ci/replay-floors: percent by group. */
export function floorsOf(table: string, run: string): Map<string, number> {
  const rows = table
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/))
  return new Map(rows.filter(([name]) => name === run).map(([, group = '', floor]) => [group, Number(floor)]))
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

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.on('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address !== null && typeof address === 'object' ? done(address.port) : failed(new Error('no port')),
      )
    })
  })
}

async function replay(
  groups: readonly string[],
  folder: string,
  fails: string,
): Promise<{ output: string; code: number | null }> {
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('DF_') && name !== 'TARGET')
  const args = [tool, '--serve', 'npm start', '--mysql-as-sqlite', '--fails', fails, ...groups]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...Object.fromEntries(ours), PORT: String(await freePort()), DF_DATA_DIR: folder },
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

async function main(run: string): Promise<void> {
  const floors = floorsOf(readFileSync(join(root, '.ci', 'replay-floors'), 'utf8'), run)
  if (floors.size === 0) throw new Error(`there is no run ${run} in .ci/replay-floors`)
  const folder = await mkdtemp(join(tmpdir(), 'dataferry-replay-'))
  try {
    const fails = join(folder, 'fails.jsonl')
    const { output, code } = await replay([...floors.keys()], folder, fails)
    const short = shortfalls(floors, sharesOf(output))
    if (code !== 0) short.push(`the replay ended with ${code}`)
    else
      showFails(
        fails,
        [...floors.keys()].filter((group) => short.some((line) => line.startsWith(`${group}:`))),
      )
    for (const line of short) console.error(`under its floor: ${line}`)
    process.exitCode = short.length === 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

if (import.meta.main) await main(process.argv[2] ?? '')
