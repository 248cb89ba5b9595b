import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BadRequest } from 'dataferry/sdk'
import plugin from '../../../connectors/sqlite/plugin.ts'
import { SqliteRunner } from '../../../connectors/sqlite/runner.ts'
import { folder, signal } from './database.ts'

const [type] = plugin.types

test('the type is what control-plane 5.2 says', () => {
  assert.ok(type !== undefined)
  assert.deepEqual(
    [type.name, type.label, type.group, type.description, type.body],
    ['sqlite', 'SQLite', 'Database', 'Database service supporting SQLite connections.', 'value'],
  )
  assert.deepEqual(
    type.config.map(({ name }) => name),
    ['database', 'options', 'attributes', 'statements', 'allow_upsert', 'max_records', 'cache_enabled', 'cache_ttl'],
  )
})

test('a configuration is checked when it is saved', () => {
  type?.check?.({ database: 'hr.sqlite' })
  assert.throws(
    () => type?.check?.({}),
    new BadRequest('Database connection information must contain at least database name.'),
  )
  assert.throws(() => type?.check?.({ database: '../secret.db' }), BadRequest)
})

test('a folder that can not be made is a 503 that names no path', async (t) => {
  const inside = folder(t)
  const blocked = new SqliteRunner({ file: join(inside, 'a.db'), statements: [], readers: 1, timeoutMs: 30_000 })
  await blocked.query('SELECT 1', [], signal)
  await blocked.close()
  assert.ok(existsSync(join(inside, 'a.db')))
  const runner = new SqliteRunner({ file: join(inside, 'a.db', 'b.db'), statements: [], readers: 1, timeoutMs: 30_000 })
  t.after(() => runner.close())
  await assert.rejects(runner.query('SELECT 1', [], signal), (thrown: unknown) => {
    assert.ok(thrown instanceof Error)
    assert.equal(thrown.message, 'The database can not be opened.')
    return true
  })
})
