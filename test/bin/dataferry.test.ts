/** The launcher, run as a process over small trees that look like a checkout and like an installed package. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'dataferry-launcher-')))
after(() => rmSync(temporary, { recursive: true }))

/** Says what it runs on, then waits for SIGTERM and exits with 5. */
const entry = `
  import { resolved } from 'dataferry/sdk'
  const alive = setInterval(() => {}, 1000)
  process.on('SIGTERM', () => { clearInterval(alive); process.exitCode = 5 })
  console.log('running', import.meta.url.split('/').slice(-2).join('/'), resolved, process.argv.slice(2).join(' '))
`

function tree(name: string, files: Readonly<Record<string, string>>): string {
  const root = join(temporary, name)
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  mkdirSync(join(root, 'bin'), { recursive: true })
  for (const file of ['bin/dataferry.js', 'package.json']) copyFileSync(join(repository, file), join(root, file))
  return root
}

const built = {
  'dist/kernel/main.js': entry,
  'dist/kernel/plugins/sdk.js': "export const resolved = 'built'",
}
const sources = {
  'kernel/main.ts': entry,
  'kernel/plugins/sdk.ts': "export const resolved: string = 'sources'",
}
const checkout = tree('checkout', { ...sources, ...built })
const installed = tree('app/node_modules/dataferry', built)
const unbuilt = tree('other/node_modules/dataferry', {})

/** Makes the process believe that it is an old Node. */
const old = [
  '--import',
  `data:text/javascript,${encodeURIComponent("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })")}`,
]

function launch(root: string, args: readonly string[], flags: readonly string[] = []): ChildProcess {
  const { NODE_OPTIONS: _, ...env } = process.env
  return spawn(process.execPath, [...flags, join(root, 'bin', 'dataferry.js'), ...args], { env, stdio: 'pipe' })
}

interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** The end of a launch; a server that says it is running is sent SIGTERM. */
async function ending(child: ChildProcess): Promise<Ending> {
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk
    if (out.includes('running')) child.kill('SIGTERM')
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out, err }
}

describe('start', { skip: process.platform === 'win32' }, () => {
  const cases: readonly { name: string; root: string; args: string[]; flags: string[]; runs: string }[] = [
    { name: 'sources, in a process of their own', root: checkout, args: [], flags: [], runs: 'kernel/main.ts sources' },
    {
      name: 'sources, in the same process',
      root: checkout,
      args: ['start'],
      flags: ['-C', 'dataferry-source'],
      runs: 'kernel/main.ts sources',
    },
    { name: 'an installed package', root: installed, args: ['start'], flags: [], runs: 'kernel/main.js built' },
  ]
  for (const { name, root, args, flags, runs } of cases) {
    test(name, async () => {
      const { code, out, err } = await ending(launch(root, args, flags))
      assert.deepEqual({ code, out: out.trim(), err }, { code: 5, out: `running ${runs} start`, err: '' })
    })
  }

  test('a package that was not built says so', async () => {
    const { code, err } = await ending(launch(unbuilt, []))
    assert.equal(code, 1)
    assert.match(err, /npm run build/)
  })
})

describe('on a Node that is too old', { skip: process.platform === 'win32' }, () => {
  test('without another one: one line', async () => {
    const { code, out, err } = await ending(launch(checkout, ['start'], old))
    assert.deepEqual(
      { code, out, err },
      { code: 1, out: '', err: 'dataferry needs Node 24.7 or newer; this is Node 20.1.0\n' },
    )
  })

  test('with the one of the optional dependency: goes on with it', async () => {
    const folder = `node_modules/node-${process.platform}-${process.arch}`
    const node = join(folder, 'bin', 'node')
    const root = tree('with-node', {
      ...sources,
      [`${folder}/package.json`]: '{}',
      [node]: '#!/bin/sh\necho "$@"\nexit 7\n',
    })
    chmodSync(join(root, node), 0o755)
    const { code, out } = await ending(launch(root, [], old))
    assert.equal(code, 7)
    assert.ok(out.trim().endsWith(`-C dataferry-source ${join(root, 'bin', 'dataferry.js')} start`), out)
  })
})

describe('other commands', () => {
  const cases: readonly { name: string; args: string[]; code: number; out: RegExp }[] = [
    { name: 'the version is told by the launcher', args: ['version'], code: 0, out: /^\d+\.\d+\.\d+\n$/ },
    { name: 'anything else goes on with its words', args: ['fly', '--high'], code: 5, out: /running .* fly --high$/m },
  ]
  for (const { name, args, code, out } of cases) {
    test(name, async () => {
      const end = await ending(launch(checkout, args))
      assert.deepEqual({ code: end.code, err: end.err }, { code, err: '' })
      assert.match(end.out, out)
    })
  }
})
