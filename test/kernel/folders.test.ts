/** Folders that are made with those above them, and the ones that can't be. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeFolder } from '../../kernel/folders.ts'

const folder = mkdtempSync(join(tmpdir(), 'dataferry-folders-'))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'file'), '')
mkdirSync(join(folder, 'there'), { mode: 0o755 })

test('folders are made', async (t) => {
  const cases = [
    { name: 'one', path: 'a', mode: 0o700 },
    { name: 'one that was just made', path: 'a', mode: 0o700 },
    { name: 'with those above', path: 'b/c/d', mode: 0o700 },
    { name: 'one that is there keeps its mode', path: 'there', mode: 0o755 },
    { name: 'one below a folder that is there', path: 'there/e', mode: 0o700 },
  ]
  for (const { name, path, mode } of cases) {
    await t.test(name, () => {
      makeFolder(join(folder, path), 0o700)
      assert.equal(statSync(join(folder, path)).mode & 0o777, mode)
    })
  }
})

test('what can not be made is refused by the system', async (t) => {
  const cases = [
    { name: 'a file has the name', path: join(folder, 'file'), code: 'EEXIST' },
    { name: 'a file stands above', path: join(folder, 'file/x/y'), code: 'ENOTDIR' },
    ...(existsSync('/proc/self')
      ? [{ name: 'a folder of the system', path: '/proc/dataferry/x', code: 'ENOENT' }]
      : []),
  ]
  for (const { name, path, code } of cases) await t.test(name, () => assert.throws(() => makeFolder(path), { code }))
})
