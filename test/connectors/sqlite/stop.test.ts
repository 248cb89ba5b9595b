import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, type ByteSink } from 'dataferry/sdk'
import { SqliteCatalog } from '../../../connectors/sqlite/catalog.ts'
import { SqliteCompiler } from '../../../connectors/sqlite/compiler.ts'
import { Collected, column, database, json, listProgram, log, signal } from './database.ts'

const rows = `
  CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL, other integer NOT NULL);
  WITH RECURSIVE r (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 3000)
  INSERT INTO t SELECT x, 'name ' || x, x % 7 FROM r;
`

/** Each would run for minutes or more: three thousand to the third are 27 thousand million rows. `alive` is asked in the innermost loop. */
const endless = [
  {
    name: 'a scan',
    text: 'SELECT a.id FROM t a CROSS JOIN t b CROSS JOIN t c WHERE alive(c.id) AND a.name || b.name || c.name = ?',
  },
  {
    name: 'a join',
    text: 'SELECT a.id FROM t a CROSS JOIN t b ON b.other = a.other CROSS JOIN t c ON c.other >= b.other WHERE alive(c.id) AND c.name = ?',
  },
  {
    name: 'a sort',
    text: 'SELECT a.name FROM t a CROSS JOIN t b CROSS JOIN t c WHERE alive(c.id) AND c.name <> ? ORDER BY a.name || b.name || c.name DESC LIMIT 5',
  },
  { name: 'a count', text: 'SELECT count(*) FROM t a CROSS JOIN t b CROSS JOIN t c WHERE alive(c.id) AND c.name <> ?' },
]
/** Programs as the compiler makes them: the guard is its own. */
const compiled: { name: string; table: string; order: boolean }[] = [
  { name: 'a compiled scan', table: 't3', order: false },
  { name: 'a compiled join', table: 'joined', order: false },
  { name: 'a compiled sort', table: 'joined', order: true },
]
const views = `
  CREATE VIEW t3 AS SELECT a.id, a.name || b.name AS name FROM t a CROSS JOIN t b;
  CREATE VIEW joined AS SELECT a.id, a.name || c.name AS name FROM t a CROSS JOIN t b ON b.other = a.other CROSS JOIN t c ON c.other = b.other AND c.id <= 100;
`
for (const { name, table, order } of compiled) {
  test(`${name} is stopped when the request is over`, async (t) => {
    const { runner } = database(t, rows + views, { readers: 1 })
    const found = await new SqliteCatalog(runner, log).table(table)
    const named = found?.columns.find((one) => one.name === 'name')
    assert.ok(found && named)
    const nameOf = { kind: 'column', column: named } as const
    const program = new SqliteCompiler().compileRead(
      {
        from: found,
        columns: [{ as: 'name', expr: nameOf, type: 'string', column: named, hidden: false }],
        where: { kind: 'match', op: 'contains', left: nameOf, right: { kind: 'value', value: 0 } },
        group: null,
        order: order ? [{ expr: nameOf, descending: true, nulls: null }] : [],
        limit: null,
        offset: null,
        related: [],
        result: { kind: 'list', count: 'no', schema: null },
      },
      name,
    )
    const request = new AbortController()
    const running = runner.run(program, [order ? 'name' : 'nobody'], json, new Collected(), request.signal)
    setTimeout(() => request.abort(new Error('gone')), 20)
    await assert.rejects(running, /gone/)
    assert.deepEqual(runner.threads, { readers: 1, writers: 0, abandoned: 0 })
  })
}

const points = listProgram('SELECT id FROM t WHERE id = ?', [column('id', 'integer')])

for (const { name, text } of endless) {
  test(`${name} is stopped when the request is over, and the thread goes on`, async (t) => {
    const { runner } = database(t, rows, { readers: 1 })
    const program = listProgram(text, [column('id', 'integer')])
    // The thread is up, so that it is in the statement when the request ends.
    await runner.query('SELECT 1', [], signal)
    const request = new AbortController()
    const gone = new Error('the client went away')
    const running = runner.run(program, ['nobody'], json, new Collected(), request.signal)
    setTimeout(() => request.abort(gone), 20)
    await assert.rejects(running, gone)
    const sink = new Collected()
    await runner.run(points, [5], json, sink, signal)
    assert.match(sink.text, /5/)
    assert.deepEqual(runner.threads, { readers: 1, writers: 0, abandoned: 0 })
  })
}

test('a statement that makes no progress is stopped by the time limit', async (t) => {
  const { runner } = database(t, rows, { readers: 1, timeoutMs: 50 })
  const running = runner.run(
    listProgram(endless[0]?.text ?? '', [column('id')]),
    ['nobody'],
    json,
    new Collected(),
    signal,
  )
  await assert.rejects(running, (thrown: unknown) => {
    assert.ok(thrown instanceof ApiError)
    assert.deepEqual(
      [thrown.status, thrown.message],
      [503, 'The request took too long in the database and was stopped.'],
    )
    return true
  })
})

test('a request that is over before its turn never runs', async (t) => {
  const { runner } = database(t, rows, { readers: 1 })
  const first = new AbortController()
  const second = new AbortController()
  const program = listProgram(endless[0]?.text ?? '', [column('id')])
  const one = runner.run(program, ['nobody'], json, new Collected(), first.signal)
  const other = runner.run(program, ['nobody'], json, new Collected(), second.signal)
  second.abort(new Error('second'))
  await assert.rejects(other, /second/)
  first.abort(new Error('first'))
  await assert.rejects(one, /first/)
  await assert.rejects(
    runner.run(program, ['nobody'], json, new Collected(), AbortSignal.abort(new Error('third'))),
    /third/,
  )
})

test('readers that do not stop are given up, two at most; then lists are refused until they end', async (t) => {
  const { runner } = database(t, rows, { readers: 2, graceMs: 20 })
  // Without alive() nothing can stop it. It ends by itself after some seconds: what is asked meanwhile finds it running.
  const deaf = listProgram('SELECT count(*) FROM t a, t b, t c WHERE c.id <= 3 AND a.name || b.name LIKE ?', [
    column('n', 'integer'),
  ])
  // The threads are up, so that they are in the statement when the request ends.
  await Promise.all([runner.query('SELECT 1', [], signal), runner.query('SELECT 1', [], signal)])
  const request = new AbortController()
  const running = [1, 2].map((n) => runner.run(deaf, [`%x${n}`], json, new Collected(), request.signal))
  setTimeout(() => request.abort(new Error('gone')), 20)
  for (const one of running) await assert.rejects(one, /gone/)
  assert.equal(runner.threads.abandoned, 2)
  await assert.rejects(runner.run(points, [5], json, new Collected(), signal), (thrown: unknown) => {
    assert.ok(thrown instanceof ApiError)
    assert.equal(thrown.status, 503)
    assert.match(thrown.message, /still busy with requests that were stopped/)
    return true
  })
  while (runner.threads.abandoned > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  const sink = new Collected()
  await runner.run(points, [5], json, sink, signal)
  assert.match(sink.text, /5/)
})

test('a client that takes nothing holds a bounded part of the result, and can go', async (t) => {
  const { runner } = database(t, rows, { readers: 1 })
  const request = new AbortController()
  let taken = 0
  let stuck = (): void => {}
  const reached = new Promise<void>((resolve) => {
    stuck = resolve
  })
  const sink: ByteSink = {
    write: () => {
      taken++
      stuck()
      return new Promise(() => {})
    },
  }
  const program = listProgram('SELECT a.name, b.name FROM t a CROSS JOIN t b WHERE alive(b.id)', [
    column('a'),
    column('b'),
  ])
  const running = runner.run(program, [], json, sink, request.signal)
  await reached
  // Other requests get a reader all the same: this one only waits for its client.
  const beside = new Collected()
  await runner.run(points, [7], json, beside, signal)
  assert.match(beside.text, /7/)
  assert.equal(taken, 1)
  request.abort(new Error('left'))
  await assert.rejects(running, /left/)
})

test('a slow client gets every byte in order', async (t) => {
  const { runner } = database(t, rows, { readers: 1 })
  const program = listProgram('SELECT a.id, a.name FROM t a, t b WHERE b.id <= 40', [
    column('id', 'integer'),
    column('name'),
  ])
  const fast = new Collected()
  await runner.run(program, [], json, fast, signal)
  const parts: Uint8Array[] = []
  await runner.run(
    program,
    [],
    json,
    {
      write: async (chunk) => {
        await new Promise((resolve) => setImmediate(resolve))
        parts.push(chunk)
      },
    },
    signal,
  )
  assert.ok(parts.length > 10, 'the result is longer than what may be under way')
  assert.ok(Buffer.concat(parts).equals(Buffer.concat(fast.chunks)))
})

test('a sink that fails ends the read with its error', async (t) => {
  const { runner } = database(t, rows, { readers: 1 })
  const program = listProgram('SELECT a.name, b.name FROM t a CROSS JOIN t b WHERE alive(b.id)', [
    column('a'),
    column('b'),
  ])
  const failing: ByteSink[] = [
    { write: () => assert.fail('at once') },
    { write: () => Promise.reject(new Error('later')) },
  ]
  for (const sink of failing) await assert.rejects(runner.run(program, [], json, sink, signal), /at once|later/)
  const sink = new Collected()
  await runner.run(points, [3], json, sink, signal)
  assert.match(sink.text, /3/)
})
