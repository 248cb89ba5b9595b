/**
 * Proof that the permission suite holds each check: one at a time is taken out of a temporary copy of the tree, the suite runs there on
 * SQLite, and what caught it is printed as a table.
 *
 * Temporary folders can't be below /dev then, where no file service may be.
 *
 *     npm run test:mutations [-- --jobs=2] [-- pattern of names]     the table in docs/threat-model.md; ends with 1 when nobody notices one
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutation } from './checks/mutation.ts'
import { mutations } from './checks.ts'

interface Caught {
  readonly group: string
  readonly name: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const parts = ['bench', 'bin', 'config', 'connectors', 'kernel', 'plugins', 'test', 'package.json', 'tsconfig.json']
const suites = {
  surfaces: 'test/security/permissions/surfaces.test.ts',
  credentials: 'test/security/permissions/credentials.test.ts',
}

function copyTree(from: string): string {
  const tree = mkdtempSync(join(tmpdir(), 'dataferry-mutation-'))
  for (const part of parts) cpSync(join(from, part), join(tree, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  mkdirSync(join(tree, 'tmp'))
  return tree
}

/** Enough to tell by what a check is held. */
const enough = 3

/** The first cases that fail; `ran`: false, where the suite could not even begin. `by`: null for all of both suites. */
function run(
  tree: string,
  suite: keyof typeof suites,
  groups: string | null,
): Promise<{ readonly failed: readonly Caught[]; readonly ran: boolean }> {
  const reporter = join(tree, 'test/security/failures.ts')
  const args = [
    '-C',
    'dataferry-source',
    '--test',
    '--test-isolation=none',
    `--test-reporter=${reporter}`,
    join(tree, suites[suite]),
  ]
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const env = {
    ...inherited,
    PERMISSIONS_ENGINES: 'sqlite',
    NODE_COMPILE_CACHE: join(tree, 'cache'),
    // What a run that was stopped leaves behind goes with the tree.
    TMPDIR: join(tree, 'tmp'),
    ...(groups === null ? {} : { PERMISSIONS_GROUPS: groups }),
  }
  const child = spawn(process.execPath, args, { cwd: tree, env, stdio: ['ignore', 'pipe', 'ignore'] })
  const limit = setTimeout(() => child.kill('SIGKILL'), 600_000)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.split('\n').length > enough) child.kill('SIGTERM')
  })
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(limit)
      const lines = output.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'))
      const failed = lines.map((line) => JSON.parse(line) as Caught)
      resolve({ failed, ran: code === 0 || failed.length > 0 })
    })
  })
}

async function caughtBy(tree: string, { suite, by }: Mutation): Promise<readonly Caught[] | null> {
  const first = await run(tree, suite, by)
  if (first.failed.length > 0) return first.failed
  let { ran } = first
  for (const each of ['surfaces', 'credentials'] as const) {
    const more = await run(tree, each, null)
    ran ||= more.ran
    if (more.failed.length > 0) return more.failed
  }
  return ran ? [] : null
}

async function tryOut(tree: string, mutation: Mutation): Promise<string> {
  const file = join(tree, mutation.file)
  const source = readFileSync(file, 'utf8')
  const times = source.split(mutation.find).length - 1
  if (times !== 1) return `is not in its file once, but ${times} times`
  writeFileSync(
    file,
    source.replace(mutation.find, () => mutation.replace),
  )
  try {
    const caught = await caughtBy(tree, mutation)
    if (caught === null) return 'the suite did not run'
    if (caught.length === 0) return 'MISSED'
    const shown = caught.slice(0, enough).map(({ group, name }) => `${group}: ${name}`)
    return shown.join('; ')
  } finally {
    writeFileSync(file, source)
  }
}

/** `--jobs=2`: so many at a time, each in a copy of its own. `--trust`: of the suite as it is only a part is run first. */
const given = process.argv.slice(2)
const jobs = Number(given.find((arg) => arg.startsWith('--jobs='))?.slice(7) ?? 1)
const wanted = given.find((arg) => !arg.startsWith('--')) ?? ''
const pattern = new RegExp(wanted)
const chosen = mutations.filter(({ name, file }) => pattern.test(`${name} ${file}`))
const results = new Map<Mutation, string>()

async function work(base: string, queue: Mutation[]): Promise<void> {
  const tree = copyTree(base)
  try {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await tryOut(tree, next)
      results.set(next, result)
      console.error(`${next.name}: ${result}`)
    }
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

const queue = [...chosen]
const base = copyTree(root)
try {
  // What fails anyway would seem to catch everything.
  for (const [suite, groups] of [
    ['surfaces', null],
    ['credentials', 'tokens'],
  ] as const) {
    const { failed, ran } = await run(base, suite, given.includes('--trust') ? 'lists' : groups)
    if (!ran || failed.length > 0) throw new Error(`The suite fails as it is: ${JSON.stringify(failed)}`)
  }
  await Promise.all(Array.from({ length: jobs }, () => work(base, queue)))
} finally {
  rmSync(base, { recursive: true, force: true })
}
console.log('| Check that was taken out | File | First cases that caught it |\n|---|---|---|')
for (const mutation of chosen)
  console.log(`| ${mutation.name} | \`${mutation.file}\` | ${(results.get(mutation) ?? '').replaceAll('|', '\\|')} |`)
const missed = [...results.values()].filter((result) => /^(?:MISSED|the suite did not|is not in)/.test(result))
process.exitCode = missed.length === 0 ? 0 : 1
