/** What the launcher keeps of compiled modules: only in a folder that nobody else can write. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/server.ts'

const user = process.getuid?.()
const skip = user === undefined ? 'there are no modes of files here' : false

const cases = [
  { name: 'a new folder is this user’s alone', prepare: () => {}, kept: true },
  { name: 'a folder that others can write', prepare: (folder: string) => open(folder), kept: false },
  {
    name: 'a link to somewhere else',
    prepare: (folder: string) => {
      mkdirSync(`${folder}-elsewhere`, { mode: 0o700 })
      symlinkSync(`${folder}-elsewhere`, folder)
    },
    kept: false,
  },
]

function open(folder: string): void {
  mkdirSync(folder)
  chmodSync(folder, 0o777)
}

for (const { name, prepare, kept } of cases)
  test(name, { skip }, () => {
    const temporary = mkdtempSync(join(tmpdir(), 'dataferry-test-'))
    try {
      const folder = join(temporary, `dataferry-compiled-${user}`)
      prepare(folder)
      const env = { PATH: process.env.PATH ?? '', TMPDIR: temporary }
      const args = ['-C', 'dataferry-source', join(root, 'bin/dataferry.js'), 'config', '--set']
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: temporary, env, encoding: 'utf8' })
      assert.equal(status, 0, stderr)
      assert.equal(readdirSync(folder).length > 0, kept)
      if (kept) assert.equal(statSync(folder).mode & 0o777, 0o700)
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
  })
