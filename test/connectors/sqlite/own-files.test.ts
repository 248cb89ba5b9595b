/** No service may be made of the server's own files (control-plane 13): by no name, path or link. */
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BadRequest } from 'dataferry/sdk'
import { refuseAttaching, refuseOwnFiles } from '../../../connectors/sqlite/own-files.ts'
import { folder } from './database.ts'

test('files of the data folder', async (t) => {
  const data = folder(t)
  const elsewhere = folder(t)
  mkdirSync(join(data, 'databases'))
  for (const name of ['system.sqlite', 'system.sqlite-wal', 'app.key']) writeFileSync(join(data, name), 'x')
  symlinkSync(join(data, 'system.sqlite'), join(elsewhere, 'link.sqlite'))
  symlinkSync(data, join(elsewhere, 'folder'))
  linkSync(join(data, 'system.sqlite'), join(elsewhere, 'hard.sqlite'))
  const cases = [
    { name: 'the store', file: join(data, 'system.sqlite'), refused: true },
    { name: 'the store in another case', file: join(data, 'SYSTEM.sqlite'), refused: true },
    { name: 'the store by a longer way', file: `${data}/databases/../system.sqlite`, refused: true },
    { name: 'the log of the store', file: join(data, 'system.sqlite-wal'), refused: true },
    { name: 'a file that is not there yet', file: join(data, 'jwt.secret'), refused: true },
    { name: 'the lock', file: join(data, 'instance.lock'), refused: true },
    { name: 'the key', file: join(data, 'app.key'), refused: true },
    { name: 'a symbolic link', file: join(elsewhere, 'link.sqlite'), refused: true },
    { name: 'a linked folder', file: join(elsewhere, 'folder', 'system.sqlite'), refused: true },
    { name: 'a hard link', file: join(elsewhere, 'hard.sqlite'), refused: true },
    { name: 'a database of the folder of databases', file: join(data, 'databases', 'system.sqlite'), refused: false },
    { name: 'a database beside', file: join(data, 'shop.sqlite'), refused: false },
    { name: 'a database elsewhere', file: join(elsewhere, 'system.sqlite'), refused: false },
    { name: 'the store elsewhere', file: join(elsewhere, 'folder', '..', 'store.sqlite'), refused: true },
    { name: 'its log', file: join(elsewhere, 'store.sqlite-wal'), refused: true },
  ]
  for (const { name, file, refused } of cases) {
    await t.test(name, () => {
      if (!refused) return refuseOwnFiles(file, data, join(elsewhere, 'store.sqlite'))
      assert.throws(
        () => refuseOwnFiles(file, data, join(elsewhere, 'store.sqlite')),
        (thrown: unknown) => thrown instanceof BadRequest && !thrown.message.includes(data),
      )
    })
  }
})

test('statements that open other files', async (t) => {
  const cases = [
    { statement: "ATTACH DATABASE '/data/system.sqlite' AS s", refused: true },
    { statement: "pragma foreign_keys=on; attach 'x' as y", refused: true },
    { statement: '/**/aTTaCH ?1 AS s', refused: true },
    { statement: "VACUUM INTO '/tmp/copy'", refused: true },
    { statement: "vacuum main into 'copy'", refused: true },
    { statement: 'VACUUM', refused: false },
    { statement: 'PRAGMA foreign_keys = ON', refused: false },
    { statement: 'DELETE FROM attachments', refused: false },
  ]
  for (const { statement, refused } of cases) {
    await t.test(statement, () => {
      if (refused) assert.throws(() => refuseAttaching([statement]), BadRequest)
      else refuseAttaching([statement])
    })
  }
})
