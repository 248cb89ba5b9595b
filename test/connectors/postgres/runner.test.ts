/** Programs on a real server: point reads side by side, lists that stream, stopping, recovery. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ApiError } from 'dataferry/sdk'
import type { ReadProgram } from 'dataferry/sql'
import { postgresql } from '../../../connectors/postgres/flavours.ts'
import { PostgresRunner } from '../../../connectors/postgres/runner.ts'
import { readSettings } from '../../../connectors/postgres/settings.ts'
import { postgres } from '../../support/databases.ts'
import { arrange, Collected, column, configOf, direct, host, json, listProgram, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const items = `create table items (id int primary key, name text);
  insert into items select n, 'item ' || n from generate_series(1, 20000) n`

const item = [column('id', 'integer'), column('name')]
const byId = listProgram('select id, name from items where id = $1', item, true)
const all = listProgram('select id, name from items order by id', item)

test('point reads share few connections and get their own answers', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items)
  const ids = Array.from({ length: 500 }, (_, i) => 1 + ((i * 37) % 20_000))
  const texts = await Promise.all(
    ids.map(async (id) => {
      const sink = new Collected()
      await runner.run(byId, [id], json, sink, signal)
      return sink.text
    }),
  )
  assert.deepEqual(
    texts,
    ids.map((id) => `{"resource":[{"id":${id},"name":"item ${id}"}]}`),
  )
  assert.ok(runner.connections.shared <= 2, `${runner.connections.shared} shared connections`)
  assert.equal(runner.connections.own, 0)
})

test('an error of one statement in flight is its own', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items)
  const divide = listProgram('select 10 / $1::int as q', [column('q', 'integer')], true)
  const settled = await Promise.allSettled(
    Array.from({ length: 40 }, async (_, i) => {
      const sink = new Collected()
      await runner.run(divide, [i % 4], json, sink, signal)
      return sink.text
    }),
  )
  for (const [i, each] of settled.entries()) {
    if (i % 4 === 0) assert.equal(each.status === 'rejected' && (each.reason as Error).message, 'A division by zero.')
    else assert.equal(each.status === 'fulfilled' && each.value, `{"resource":[{"q":${Math.trunc(10 / (i % 4))}}]}`)
  }
})

test('a statement that can not be prepared does not spoil its text', { skip }, async (t) => {
  assert.ok(database)
  const { runner, client } = await arrange(t, database, items)
  const late = listProgram('select id from later where id = $1', [column('id', 'integer')], true)
  const attempts = await Promise.allSettled(
    Array.from({ length: 5 }, () => runner.run(late, [1], json, new Collected(), signal)),
  )
  for (const attempt of attempts)
    assert.equal(attempt.status === 'rejected' && (attempt.reason as ApiError).status, 503)
  await client.query('create table later (id int primary key); insert into later values (1)')
  const sink = new Collected()
  await runner.run(late, [1], json, sink, signal)
  assert.equal(sink.text, '{"resource":[{"id":1}]}')
})

test('a prepared statement whose result has changed is prepared anew', { skip }, async (t) => {
  assert.ok(database)
  const { runner, client } = await arrange(t, database, items)
  for (const program of [
    listProgram('select * from items where id = $1', item, true),
    listProgram('select * from items where id = $1 order by 1', item),
  ]) {
    await runner.run(program, [7], json, new Collected(), signal)
    await client.query('alter table items alter name type varchar(80)')
    const sink = new Collected()
    await runner.run(program, [7], json, sink, signal)
    assert.equal(sink.text, '{"resource":[{"id":7,"name":"item 7"}]}')
    await client.query('alter table items alter name type text')
  }
})

test('more statements than are kept', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items)
  const programs = Array.from({ length: 450 }, (_, i) =>
    listProgram(`select ${i} as n where $1::int = 1`, [column('n', 'integer')], true),
  )
  for (let round = 0; round < 2; round++) {
    const texts = await Promise.all(
      programs.map(async (program) => {
        const sink = new Collected()
        await runner.run(program, [1], json, sink, signal)
        return sink.text
      }),
    )
    assert.deepEqual(
      texts,
      programs.map((_, i) => `{"resource":[{"n":${i}}]}`),
    )
  }
})

test('a list waits for a slow client and stays whole', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items)
  let most = 0
  let waiting = 0
  const sink = new Collected()
  await runner.run(
    all,
    [],
    json,
    {
      async write(chunk) {
        most = Math.max(most, ++waiting)
        await new Promise((resolve) => setImmediate(resolve))
        waiting--
        sink.write(chunk)
      },
    },
    signal,
  )
  assert.equal(most, 1)
  const { resource } = JSON.parse(sink.text) as { resource: { id: number; name: string }[] }
  assert.equal(resource.length, 20_000)
  assert.ok(resource.every(({ id, name }, i) => id === i + 1 && name === `item ${id}`))
})

test('rows longer than a chunk of the socket', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items)
  const long = listProgram('select n as id, repeat(chr(64 + n), 300000 + n) as name from generate_series(1, 5) n', item)
  const sink = new Collected()
  await runner.run(long, [], json, sink, signal)
  const { resource } = JSON.parse(sink.text) as { resource: { id: number; name: string }[] }
  assert.deepEqual(
    resource.map(({ name }) => name.length),
    [300_001, 300_002, 300_003, 300_004, 300_005],
  )
})

test('an abort stops the statement on the server and the next list goes on', { skip }, async (t) => {
  assert.ok(database)
  const { runner, client } = await arrange(t, database, items)
  const stop = new AbortController()
  const slow = listProgram("select 1 as id, 'stop me'::text as name from (select pg_sleep(600)) s", item)
  const run = runner.run(slow, [], json, new Collected(), stop.signal)
  const running = async (): Promise<number> => {
    const { rows } = await client.query(
      "select count(*)::int n from pg_stat_activity where query like '%stop me%' and state = 'active' and pid <> pg_backend_pid()",
    )
    return (rows[0] as { n: number }).n
  }
  while ((await running()) === 0);
  stop.abort(new Error('the client is gone'))
  await assert.rejects(run, /the client is gone/)
  while ((await running()) > 0);
  const sink = new Collected()
  await runner.run(listProgram('select id, name from items where id < 3 order by id', item), [], json, sink, signal)
  assert.equal(sink.text, '{"resource":[{"id":1,"name":"item 1"},{"id":2,"name":"item 2"}]}')
})

test('an abort while the client is slow ends the list', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items)
  const stop = new AbortController()
  const big = listProgram("select n as id, repeat('x', 1000) as name from generate_series(1, 1000000) n", item)
  let written = 0
  const run = runner.run(
    big,
    [],
    json,
    {
      async write() {
        if (++written === 3) stop.abort(new Error('the client is gone'))
        await new Promise((resolve) => setImmediate(resolve))
      },
    },
    stop.signal,
  )
  await assert.rejects(run, /the client is gone/)
  assert.equal(written, 3)
})

test('a statement beyond its time is stopped by the server', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items, { env: { DF_STATEMENT_TIMEOUT: '1' } })
  const slow = listProgram('select 1 as id, pg_sleep(600)::text as name', item)
  await assert.rejects(runner.run(slow, [], json, new Collected(), signal), {
    status: 503,
    message: 'The request took too long in the database and was stopped.',
  })
})

test('all connections in use: who waits too long gets a 503', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items, { config: { options: { pool_size: 2, pool_timeout: 3 } } })
  let release = (): void => {}
  const held = runner.session(async (session) => {
    await session.execute('select 1')
    await new Promise<void>((resolve) => {
      release = resolve
    })
  }, signal)
  await assert.rejects(
    runner.session(async (session) => session.execute('select 1'), signal),
    {
      status: 503,
      message: 'All connections to the database are in use. Try again.',
    },
  )
  release()
  await held
  await runner.session(async (session) => session.execute('select 1'), signal)
})

test('many lists at once share the pool', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items, { config: { options: { pool_size: 5 } } })
  const few = listProgram('select id, name from items order by id limit 50', item)
  const texts = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const sink = new Collected()
      await runner.run(few, [], json, sink, signal)
      return sink.text
    }),
  )
  assert.equal(new Set(texts).size, 1)
  assert.ok(runner.connections.own <= 3, `${runner.connections.own} connections`)
})

/** A page that says how many rows it has. */
const page = (text: string): ReadProgram => ({ ...listProgram(`${text} limit $1`, item), limit: 0 })

test('short pages share connections, and who needs one of its own gets it', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items, { config: { options: { pool_size: 4 } } })
  const few = page('select id, name from items order by id')
  const ask = async (rows: number): Promise<number> => {
    const sink = new Collected()
    await runner.run(few, [rows], json, sink, signal)
    return (JSON.parse(sink.text) as { resource: unknown[] }).resource.length
  }
  let asking = true
  const pages = Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      while (asking) assert.equal(await ask(i + 1), i + 1)
    }),
  )
  for (let i = 0; i < 5; i++) await runner.session(async (session) => session.execute('select 1'), signal)
  asking = false
  await pages
  assert.ok(runner.connections.own <= 3, `${runner.connections.own} connections`)
})

test('pages that fail, are slow or are left behind spoil no others', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, items, { config: { options: { pool_size: 4 } } })
  const good = page('select id, name from items order by id')
  const slow = page('select id, name from items, pg_sleep(0.3) order by id')
  const wrong = page('select 1 / (id - 3), name from items order by id')
  const gone = new AbortController()
  const run = (program: ReadProgram, by = signal): Promise<string> => {
    const sink = new Collected()
    return runner.run(program, [5], json, sink, by).then(() => sink.text)
  }
  const expected = await run(good)
  const others = [wrong, slow, wrong, slow].flatMap((program) => [
    run(program, program === slow ? gone.signal : signal).catch((thrown: Error) => thrown.message),
    run(good),
  ])
  gone.abort(new Error('gone'))
  const answers = await Promise.all(others)
  assert.deepEqual(
    answers.filter((_, i) => i % 2 === 1),
    [expected, expected, expected, expected],
  )
  assert.equal(answers[0], 'A division by zero.')
  assert.equal(await run(good), expected)
})

const refused = [
  { name: 'nobody listens', config: { port: 1 }, message: 'The database can not be reached.' },
  { name: 'unknown host', config: { host: 'no-such-host.invalid' }, message: 'The database can not be reached.' },
  {
    name: 'unknown database',
    config: { database: 'no such database' },
    message: 'The database of this service does not exist.',
  },
  {
    name: 'unknown login',
    config: { username: 'nobody at all' },
    message: 'The database refuses the login of this service.',
  },
  {
    name: 'unknown time zone',
    config: { timezone: 'Middle Earth' },
    message: 'A setting or statement that this service gives each connection is refused by the database.',
  },
  {
    name: 'a wrong statement',
    config: { statements: ['set search_path to x', 'selekt 1'] },
    message: 'A setting or statement that this service gives each connection is refused by the database.',
  },
  { name: 'no TLS', config: { sslmode: 'require' }, message: 'A secure connection to the database can not be made.' },
]
for (const { name, config, message } of refused) {
  test(`no connection, ${name}: a 503 without host, login or password`, { skip }, async (t) => {
    assert.ok(database)
    const runner = new PostgresRunner(() => readSettings(configOf(database, config), host(), postgresql))
    t.after(() => runner.close())
    for (const run of [
      () => runner.query('select 1', [], signal),
      () => runner.run(byId, [1], json, new Collected(), signal),
    ]) {
      await assert.rejects(run(), (thrown: unknown) => {
        assert.ok(thrown instanceof ApiError)
        assert.deepEqual([thrown.status, thrown.message], [503, message])
        assert.ok(thrown.cause instanceof Error, 'the log is told more')
        return true
      })
    }
  })
}

test('a wrong password', { skip }, async (t) => {
  assert.ok(database)
  if (database.restart === null) return t.skip('needs a server of its own')
  const client = await direct(t, database)
  const { rows } = await client.query('show hba_file')
  const file = (rows[0] as { hba_file: string }).hba_file
  const { readFileSync, writeFileSync } = await import('node:fs')
  const before = readFileSync(file, 'utf8')
  await client.query("create role locked login password 'the right one'")
  writeFileSync(file, `host all locked 127.0.0.1/32 scram-sha-256\n${before}`)
  await client.query('select pg_reload_conf()')
  t.after(() => writeFileSync(file, before))
  const attempt = async (password: string): Promise<unknown> => {
    const runner = new PostgresRunner(() =>
      readSettings(configOf(database, { username: 'locked', password }), host(), postgresql),
    )
    try {
      return await runner.query('select current_user', [], signal)
    } finally {
      await runner.close()
    }
  }
  const refusal = { status: 503, message: 'The database refuses the login of this service.' }
  // The server reads its rules anew a moment after it was told to.
  for (let tries = 0; tries < 100; tries++) {
    try {
      await attempt('a wrong one')
    } catch {
      break
    }
  }
  await assert.rejects(attempt('a wrong one'), refusal)
  await assert.rejects(attempt(''), refusal)
  assert.deepEqual(await attempt('the right one'), [['locked']])
})

test('connections that are cut are replaced', { skip }, async (t) => {
  assert.ok(database)
  const { runner, client } = await arrange(t, database, items)
  const few = listProgram('select id, name from items where id = 5 order by id', item)
  for (const program of [byId, few]) {
    await runner.run(program, [5].slice(0, program === byId ? 1 : 0), json, new Collected(), signal)
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    )
    const sink = new Collected()
    await runner.run(program, [5].slice(0, program === byId ? 1 : 0), json, sink, signal)
    assert.equal(sink.text, '{"resource":[{"id":5,"name":"item 5"}]}')
  }
})

test('a transaction whose connection is cut is a 503, and nothing of it is there', { skip }, async (t) => {
  assert.ok(database)
  const { runner, client } = await arrange(t, database, items)
  const cut = runner.session(async (session) => {
    await session.execute("insert into items values (-1, 'half')")
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
    )
    await session.execute("insert into items values (-2, 'half')")
  }, signal)
  await assert.rejects(cut, { status: 503, message: 'The connection to the database was lost. Try again.' })
  assert.deepEqual((await client.query('select * from items where id < 0')).rows, [])
})

test('a server that is restarted: errors meanwhile, then answers again', { skip }, async (t) => {
  assert.ok(database)
  if (database.restart === null) return t.skip('needs a server of its own')
  const { runner } = await arrange(t, database, items)
  const read = async (): Promise<string> => {
    const sink = new Collected()
    await runner.run(byId, [9], json, sink, signal)
    return sink.text
  }
  const expected = '{"resource":[{"id":9,"name":"item 9"}]}'
  assert.equal(await read(), expected)
  let restarted = false
  const restart = database.restart().then(() => {
    restarted = true
  })
  while (!restarted) {
    try {
      assert.equal(await read(), expected)
    } catch (thrown) {
      assert.ok(thrown instanceof ApiError, String(thrown))
      assert.equal(thrown.status, 503)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await restart
  for (let tries = 0; ; tries++) {
    try {
      assert.equal(await read(), expected)
      break
    } catch (thrown) {
      assert.ok(tries < 1000 && thrown instanceof ApiError && thrown.status === 503, String(thrown))
    }
  }
})
