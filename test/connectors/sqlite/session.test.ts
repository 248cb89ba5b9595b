import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { WriteOutcome } from 'dataferry/records'
import { ApiError } from 'dataferry/sdk'
import { Collected, column, database, json, listProgram, signal, writeProgram } from './database.ts'

const schema = `
  CREATE TABLE parent (id integer PRIMARY KEY, name text NOT NULL UNIQUE);
  CREATE TABLE child (id integer PRIMARY KEY, parent_id integer NOT NULL REFERENCES parent, late integer REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE fatal (id integer PRIMARY KEY ON CONFLICT ROLLBACK);
  INSERT INTO parent VALUES (1, 'one'), (2, 'two');
  INSERT INTO fatal VALUES (1);
`
const insert = writeProgram('INSERT INTO parent (id, name) VALUES (?, ?) RETURNING id, name', [
  column('id', 'integer'),
  column('name'),
])
const rename = writeProgram('UPDATE parent SET name = ? WHERE id <= ? AND alive(id)', [], false)
const names = listProgram('SELECT name FROM parent ORDER BY id', [column('name')], { result: { kind: 'rows' } })

const brief = (outcomes: readonly WriteOutcome[]): unknown[] =>
  outcomes.map((outcome) => (outcome.ok ? outcome.rows.map((row) => ({ ...row })) : outcome.error.message))

test('a session commits what it wrote, and reads it before', async (t) => {
  const { runner, direct } = database(t, schema)
  await runner.session(async (session) => {
    assert.deepEqual(
      brief(
        await session.write(
          insert,
          [
            [3, 'three'],
            [4, 'four'],
          ],
          'halt',
        ),
      ),
      [[{ id: 3, name: 'three' }], [{ id: 4, name: 'four' }]],
    )
    assert.deepEqual(
      (await session.rows(names, [])).map((row) => row.name),
      ['one', 'two', 'three', 'four'],
    )
    assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 2, 'nobody else sees it')
  }, signal)
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 4)
})

test('a session that throws leaves nothing', async (t) => {
  const { runner, direct } = database(t, schema)
  await assert.rejects(
    runner.session(async (session) => {
      await session.write(insert, [[3, 'three']], 'halt')
      throw new Error('changed my mind')
    }, signal),
    /changed my mind/,
  )
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 2)
})

const duplicate = "Duplicate value for field 'name'."
const modes: [mode: 'halt' | 'continue', outcomes: unknown[], left: number][] = [
  ['halt', [[{ id: 3, name: 'three' }], duplicate], 3],
  ['continue', [[{ id: 3, name: 'three' }], duplicate, [{ id: 5, name: 'five' }]], 4],
]
for (const [mode, outcomes, left] of modes) {
  test(`an execution that fails spoils no other one: ${mode}`, async (t) => {
    const { runner, direct } = database(t, schema)
    const executions = [
      [3, 'three'],
      [4, 'one'],
      [5, 'five'],
    ]
    const found = await runner.session((session) => session.write(insert, executions, mode), signal)
    assert.deepEqual(brief(found), outcomes)
    assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, left)
  })
}

test('a statement of several rows that fails half way changes none of them', async (t) => {
  const { runner, direct } = database(t, schema)
  const outcomes = await runner.session(
    (session) =>
      session.write(
        rename,
        [
          ['same', 9],
          ['first', 1],
        ],
        'continue',
      ),
    signal,
  )
  assert.deepEqual(
    outcomes.map((outcome) => outcome.ok),
    [false, true],
  )
  assert.deepEqual(
    direct
      .prepare('SELECT name FROM parent ORDER BY id')
      .all()
      .map((row) => row.name),
    ['first', 'two'],
  )
})

test('savepoints: what is undone is gone, the session goes on', async (t) => {
  const { runner, direct } = database(t, schema)
  await runner.session(async (session) => {
    await session.execute('SAVEPOINT a')
    await session.write(insert, [[3, 'three']], 'halt')
    await session.execute('ROLLBACK TO a')
    await session.execute('RELEASE a')
    await session.write(insert, [[4, 'four']], 'halt')
  }, signal)
  assert.deepEqual(
    direct
      .prepare('SELECT id FROM parent')
      .all()
      .map((row) => row.id),
    [1, 2, 4],
  )
})

test('a foreign key that is checked at the end fails the commit, and nothing stays', async (t) => {
  const { runner, direct } = database(t, schema)
  const late = writeProgram('INSERT INTO child (id, parent_id, late) VALUES (?, ?, ?)')
  await assert.rejects(
    runner.session((session) => session.write(late, [[1, 1, 99]], 'halt'), signal),
    (thrown: unknown) =>
      thrown instanceof ApiError && thrown.status === 400 && /refers to does not exist/.test(thrown.message),
  )
  assert.equal(direct.prepare('SELECT count(*) n FROM child').get()?.n, 0)
  await runner.session((session) => session.write(late, [[1, 1, 2]], 'halt'), signal)
  assert.equal(direct.prepare('SELECT count(*) n FROM child').get()?.n, 1)
})

test('a transaction that the database ends itself fails the session, and nothing runs outside of it', async (t) => {
  const { runner, direct } = database(t, schema)
  const fatal = writeProgram('INSERT INTO fatal VALUES (?)')
  await assert.rejects(
    runner.session(async (session) => {
      await session.write(insert, [[3, 'three']], 'halt')
      await session.write(fatal, [[1]], 'continue').catch(() => {})
      await assert.rejects(session.write(insert, [[4, 'four']], 'halt'))
    }, signal),
  )
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 2)
})

test('foreign keys are enforced', async (t) => {
  const { runner } = database(t, schema)
  const child = writeProgram('INSERT INTO child (id, parent_id) VALUES (?, ?)')
  const [outcome] = await runner.session((session) => session.write(child, [[1, 99]], 'halt'), signal)
  assert.equal(outcome?.ok, false)
})

test('sessions take turns in the order they came; a wait ends with its request', async (t) => {
  const { runner } = database(t, schema)
  const order: number[] = []
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const first = runner.session(async (session) => {
    await session.write(insert, [[10, 'ten']], 'halt')
    await gate
    order.push(1)
  }, signal)
  const gone = new AbortController()
  const second = runner.session(async () => assert.fail('it was aborted'), gone.signal)
  const third = runner.session(async () => void order.push(3), signal)
  const fourth = runner.session(async () => void order.push(4), signal)
  gone.abort(new Error('left the line'))
  await assert.rejects(second, /left the line/)
  open()
  await Promise.all([first, third, fourth])
  assert.deepEqual(order, [1, 3, 4])
})

test('a request that ends while its session writes leaves nothing', async (t) => {
  const { runner, direct } = database(t, schema)
  const request = new AbortController()
  const endless = writeProgram(
    `WITH RECURSIVE r (x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM r)
     INSERT INTO parent SELECT x, 'n' || x FROM r WHERE alive(x) AND x > ?`,
    [],
    false,
  )
  const running = runner.session(async (session) => {
    await session.write(insert, [[3, 'three']], 'halt')
    setTimeout(() => request.abort(new Error('gone')), 10)
    await session.write(endless, [[3]], 'halt')
  }, request.signal)
  await assert.rejects(running, /gone/)
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 2)
  await runner.session((session) => session.write(insert, [[3, 'three']], 'halt'), signal)
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 3)
})

test('readers see the state before a long write, side by side with it; the loop goes on', async (t) => {
  const { runner } = database(t, schema, { readers: 2 })
  const fill = writeProgram(
    `WITH RECURSIVE r (x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM r WHERE x < ?)
     INSERT INTO parent SELECT x, 'n' || x FROM r`,
    [],
    false,
  )
  const count = listProgram('SELECT count(*) FROM parent', [column('n', 'integer')])
  let turns = 0
  let writing = true
  const tick = (): void => {
    turns++
    if (writing) setImmediate(tick)
  }
  setImmediate(tick)
  const seen: string[] = []
  await runner.session(async (session) => {
    const written = session.write(fill, [[50_000]], 'halt')
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const sink = new Collected()
        await runner.run(count, [], json, sink, signal)
        seen.push(sink.text)
      }),
    )
    await written
  }, signal)
  writing = false
  assert.equal(new Set(seen).size, 1)
  assert.match(seen[0] ?? '', /\b2\b/)
  assert.ok(turns > 10, 'the event loop turned meanwhile')
})

test("another process's lock is waited for", async (t) => {
  const { runner, file, direct } = database(t, schema)
  const other = new DatabaseSync(file)
  t.after(() => other.close())
  other.exec("BEGIN IMMEDIATE; INSERT INTO parent VALUES (9, 'nine')")
  const written = runner.session((session) => session.write(insert, [[3, 'three']], 'halt'), signal)
  // The reader is up while the writer waits, so the wait stops neither the loop nor other threads.
  assert.equal((await runner.query('SELECT count(*) FROM parent', [], signal))[0]?.[0], 2)
  other.exec('COMMIT')
  await written
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 4)
})

test("another process's lock that does not end is a 503, and the session leaves nothing", async (t) => {
  const { runner, file, direct } = database(t, schema, { patienceMs: 30 })
  const other = new DatabaseSync(file)
  t.after(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(
    runner.session(async (session) => {
      await session.write(insert, [[3, 'three']], 'halt').catch(() => {})
      // Whoever goes on all the same writes nothing outside of a transaction.
      other.exec('ROLLBACK')
      await session.write(insert, [[4, 'four']], 'halt')
    }, signal),
    (thrown: unknown) =>
      thrown instanceof ApiError &&
      thrown.status === 503 &&
      thrown.message === 'The database is busy. Try again.' &&
      thrown.headers['Retry-After'] === '1',
  )
  assert.equal(direct.prepare('SELECT count(*) n FROM parent').get()?.n, 2)
})

test('an integer that is too large is refused, not rounded', async (t) => {
  const { runner } = database(t, schema)
  const [outcome] = await runner.session((session) => session.write(insert, [[2n ** 63n, 'large']], 'halt'), signal)
  assert.ok(outcome?.ok === false && outcome.error instanceof ApiError)
  assert.deepEqual([outcome.error.status, outcome.error.message], [400, 'A number is too large for the database.'])
  const larger = listProgram('SELECT name FROM parent WHERE id < ? AND alive()', [column('name')])
  const sink = new Collected()
  await runner.run(larger, [2n ** 64n], json, sink, signal)
  assert.equal(sink.text, '{"resource":[{"name":"one"},{"name":"two"}]}')
})
