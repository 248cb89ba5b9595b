import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ApiError } from 'dataferry/sdk'
import { SqliteRunner } from '../../../connectors/sqlite/runner.ts'
import { Collected, column, database, folder, json, listProgram, signal, writeProgram } from './database.ts'

const lost = (thrown: unknown): boolean =>
  thrown instanceof ApiError && thrown.status === 503 && /was lost/.test(thrown.message)

const entry = new URL('./mortal.ts', import.meta.url)
const insert = writeProgram('INSERT INTO t VALUES (?)')

test('a reader that dies fails its own request with 503, and the next one finds a new thread', async (t) => {
  const { runner } = database(t, 'CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1)', {
    readers: 1,
    entry,
  })
  assert.deepEqual(await runner.query('SELECT id FROM t', [], signal), [[1]])
  await assert.rejects(runner.query('die', [], signal), lost)
  assert.equal(runner.threads.readers, 0)
  const list = listProgram('SELECT id FROM t WHERE alive(id)', [column('id', 'integer')])
  const sink = new Collected()
  await runner.run(list, [], json, sink, signal)
  assert.match(sink.text, /1/)
})

test('a writer that dies takes its transaction with it, and is replaced', async (t) => {
  const { runner, direct } = database(t, 'CREATE TABLE t (id integer PRIMARY KEY)', { entry })
  const broken = runner.session(async (session) => {
    await session.write(insert, [[1]], 'halt')
    await session.execute('die').catch(() => {})
    // Nothing that follows may run outside of the transaction that is gone.
    await session.write(insert, [[2]], 'halt')
  }, signal)
  await assert.rejects(broken, lost)
  await runner.session((session) => session.write(insert, [[3]], 'halt'), signal)
  assert.deepEqual(
    direct
      .prepare('SELECT id FROM t')
      .all()
      .map((row) => row['id']),
    [3],
  )
})

test('the file and its folder are made when they are missing', async (t) => {
  const file = join(folder(t), 'deep', 'er', 'new.db')
  const runner = new SqliteRunner({ file, statements: [], readers: 1, timeoutMs: 30_000 })
  t.after(() => runner.close())
  assert.equal(existsSync(file), false, 'nothing happens before the first use')
  assert.deepEqual(await runner.query('PRAGMA journal_mode', [], signal), [['wal']])
  assert.equal(existsSync(file), true)
})

test('statements of the configuration run on each connection', async (t) => {
  const { runner } = database(t, 'CREATE TABLE t (id integer PRIMARY KEY)', {
    statements: ['PRAGMA case_sensitive_like = ON'],
  })
  assert.deepEqual(await runner.query("SELECT 'A' LIKE 'a'", [], signal), [[0]])
})

test('readers that nobody needs are ended, and started again', async (t) => {
  const { runner } = database(t, 'CREATE TABLE t (id integer PRIMARY KEY)', { idleMs: 5 })
  await runner.query('SELECT 1', [], signal)
  while (runner.threads.readers > 0) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(await runner.query('SELECT 2', [], signal), [[2]])
})

test('a closed runner refuses work', async (t) => {
  const { runner } = database(t, 'CREATE TABLE t (id integer PRIMARY KEY)')
  await runner.query('SELECT 1', [], signal)
  await runner.session((session) => session.write(insert, [[1]], 'halt'), signal)
  await runner.close()
  assert.deepEqual(runner.threads, { readers: 0, writers: 0, abandoned: 0 })
  await assert.rejects(runner.query('SELECT 1', [], signal), /is being closed/)
})
