import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ApiError } from 'dataferry/sdk'
import type { ReadProgram } from 'dataferry/sql'
import { Collected, column, database, json, listProgram, signal, statement, writeProgram } from './database.ts'

const schema = `
  CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL);
  WITH RECURSIVE r (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 3000) INSERT INTO t SELECT x, 'name ' || x FROM r;
`
const columns = [column('id', 'integer'), column('name')]
const record: ReadProgram = listProgram('', columns, {
  result: { kind: 'record', missing: 1 },
  rows: statement('SELECT id, name FROM t WHERE id = ?', columns, true),
})
const scan = listProgram(
  'SELECT a.id FROM t a CROSS JOIN t b CROSS JOIN t c WHERE alive(c.id) AND a.name || b.name || c.name = ?',
  columns.slice(0, 1),
)
const list = listProgram('SELECT id, name FROM t WHERE id <= ? ORDER BY id', columns)

test('a record by its key is read though every reader is busy and another process writes', async (t) => {
  const { runner, file } = database(t, schema, { readers: 1 })
  await runner.query('SELECT 1', [], signal)
  const request = new AbortController()
  const busy = runner.run(scan, ['nobody'], json, new Collected(), request.signal)
  const other = new DatabaseSync(file)
  t.after(() => other.close())
  other.exec("BEGIN IMMEDIATE; UPDATE t SET name = 'other'")
  const sink = new Collected()
  await runner.run(record, [7, ''], json, sink, signal)
  assert.equal(sink.text, '{"id":7,"name":"name 7"}')
  other.exec('COMMIT')
  const after = new Collected()
  await runner.run(record, [7, ''], json, after, signal)
  assert.equal(after.text, '{"id":7,"name":"other"}')
  request.abort(new Error('enough'))
  await assert.rejects(busy, /enough/)
})

test('what a session committed is seen by the next record by its key', async (t) => {
  const { runner } = database(t, schema)
  const rename = writeProgram('UPDATE t SET name = ? WHERE id = ?')
  for (let n = 0; n < 20; n++) {
    await runner.session((session) => session.write(rename, [[`round ${n}`, 7]], 'halt'), signal)
    const sink = new Collected()
    await runner.run(record, [7, ''], json, sink, signal)
    assert.equal(sink.text, `{"id":7,"name":"round ${n}"}`)
  }
})

test('a record that is not there is a 404, by a thread and on the event loop', async (t) => {
  const { runner } = database(t, schema)
  for (const round of ['thread', 'loop']) {
    await assert.rejects(
      runner.run(record, [9999, "Record with identifier '9999' not found."], json, new Collected(), signal),
      (thrown: unknown) =>
        thrown instanceof ApiError &&
        thrown.status === 404 &&
        thrown.message === "Record with identifier '9999' not found.",
      round,
    )
    await runner.query('SELECT 1', [], signal)
  }
})

test('readers run side by side', async (t) => {
  const { runner } = database(t, schema, { readers: 2 })
  const request = new AbortController()
  const endless = runner.run(scan, ['nobody'], json, new Collected(), request.signal)
  // With one reader these would wait for the scan, which has no end.
  for (const most of [1, 2, 3]) {
    const sink = new Collected()
    await runner.run(list, [most], json, sink, signal)
    assert.equal(sink.text.match(/"id"/g)?.length, most)
  }
  assert.equal(runner.threads.readers, 2)
  request.abort(new Error('enough'))
  await assert.rejects(endless, /enough/)
})

test('many requests at once share the readers, and each gets its own answer', async (t) => {
  const { runner } = database(t, schema, { readers: 2 })
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      const sink = new Collected()
      await runner.run(list, [n + 1], json, sink, signal)
      return sink.text.match(/"id"/g)?.length
    }),
  )
  assert.deepEqual(
    answers,
    Array.from({ length: 50 }, (_, n) => n + 1),
  )
  assert.equal(runner.threads.readers, 2)
})

test('more programs than a thread remembers', async (t) => {
  const { runner } = database(t, schema, { readers: 1 })
  const programs = Array.from({ length: 600 }, (_, n) =>
    listProgram(`SELECT id + ${n} AS id FROM t WHERE id = ? AND alive()`, columns.slice(0, 1)),
  )
  for (const round of [1, 2]) {
    for (const [n, program] of programs.entries()) {
      const sink = new Collected()
      await runner.run(program, [round], json, sink, signal)
      assert.equal(sink.text, `{"resource":[{"id":${n + round}}]}`)
    }
  }
})

test('a statement that fails says so in plain words, and the reader goes on', async (t) => {
  const { runner } = database(t, schema, { readers: 1 })
  const absent = listProgram('SELECT absent FROM t', columns.slice(0, 1))
  let stale = 0
  runner.onStale(() => stale++)
  await assert.rejects(
    runner.run(absent, [], json, new Collected(), signal),
    (thrown: unknown) =>
      thrown instanceof ApiError &&
      thrown.status === 503 &&
      /structure of the database has changed/.test(thrown.message),
  )
  assert.equal(stale, 1)
  const sink = new Collected()
  await runner.run(list, [1], json, sink, signal)
  assert.equal(sink.text, '{"resource":[{"id":1,"name":"name 1"}]}')
})

test('a file that is no database is a 503, until it is one', async (t) => {
  const { runner, file, direct } = database(t, schema, { readers: 1 })
  direct.close()
  const { rmSync, writeFileSync } = await import('node:fs')
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true })
  writeFileSync(
    file,
    'no database, but long enough to be taken for one by whoever looks at the size of the file alone: a hundred bytes',
  )
  const broken = (thrown: unknown): boolean =>
    thrown instanceof ApiError && thrown.status === 503 && /no SQLite database/.test(thrown.message)
  await assert.rejects(runner.query('SELECT 1', [], signal), broken)
  await assert.rejects(runner.run(record, [1, ''], json, new Collected(), signal), broken)
  rmSync(file)
  assert.deepEqual(await runner.query('SELECT 1', [], signal), [[1]])
})
