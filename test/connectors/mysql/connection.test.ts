/** Connections that can't be made, break, are cut and given up; and the service's recovery by itself. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { ByteSink, ConfigValues } from 'dataferry/sdk'
import { freePort } from '../../../bench/process.ts'
import { mysql } from '../../support/databases.ts'
import { type Asked, requestFor } from '../records/company.ts'
import { type Arranged, arrange, configOf, Direct, isMariadb, numbers, serve, signal } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())
const mariadb = database === null || (await isMariadb(database))

const small =
  "create table item (id int auto_increment primary key, name varchar(40)); insert into item (name) values ('one'), ('two')"
const slow = `${small}; create view slow as select id, sleep(20) as waited from item`
const adding = (...names: string[]): Asked => ({
  verb: 'POST',
  path: '_table/item',
  body: { resource: names.map((name) => ({ name })) },
})
const one = { status: 200, body: { id: 1, name: 'one' } }

interface Refused {
  readonly name: string
  readonly config: () => ConfigValues | Promise<ConfigValues>
  readonly message: string
}
const refused: readonly Refused[] = [
  {
    name: 'a wrong password',
    config: () => ({ password: 'a secret' }),
    message: 'The database refuses the login of this service.',
  },
  {
    name: 'an unknown user',
    config: () => ({ username: 'nobody_here' }),
    message: 'The database refuses the login of this service.',
  },
  {
    name: 'a wrong database',
    config: () => ({ database: 'no_such_database' }),
    message: 'The database of this service does not exist.',
  },
  {
    name: 'a port that nobody listens on',
    config: async () => ({ port: await freePort() }),
    message: 'The database can not be reached.',
  },
  {
    name: 'a host that does not exist',
    config: () => ({ host: 'no-such-host.invalid' }),
    message: 'The database can not be reached.',
  },
  {
    name: 'no socket',
    config: () => ({ unix_socket: '/no/such/socket' }),
    message: 'The database can not be reached.',
  },
  {
    name: 'TLS where there is none',
    config: () => ({ options: { ssl_mode: 'REQUIRED' } }),
    message: 'A secure connection to the database can not be made.',
  },
  {
    name: 'statements that fail',
    config: () => ({ statements: ['select nonsense'] }),
    message: 'The database refuses the connection as it is configured.',
  },
]

describe('a connection that can not be made', { skip }, () => {
  for (const { name, config, message } of refused) {
    // MySQL makes a certificate for itself.
    if (name === 'TLS where there is none' && !mariadb) continue
    it(`${name} is a 503 without a secret`, async (t) => {
      assert.ok(database)
      const { ask } = serve(t, configOf(database, await config()))
      const answer = await ask({ path: '_table/item' })
      assert.deepEqual(answer, { status: 503, body: { message, context: null } })
    })
  }
})

describe('a session', { skip }, () => {
  const settings: readonly (readonly [name: string, config: ConfigValues, text: string, value: string])[] = [
    ['UTC', {}, '@@time_zone', '+00:00'],
    ['another time zone', { timezone: '+02:00' }, '@@time_zone', '+02:00'],
    ['utf8mb4', { charset: 'latin1' }, '@@character_set_connection', 'utf8mb4'],
    ['the collation', { collation: 'utf8mb4_bin' }, '@@collation_connection', 'utf8mb4_bin'],
    ['strict', { strict: true }, "@@sql_mode like '%STRICT_TRANS_TABLES%'", '1'],
    ['not strict', { strict: false }, '@@sql_mode', 'NO_ENGINE_SUBSTITUTION'],
    ['modes', { modes: 'ANSI_QUOTES, NO_ZERO_DATE', strict: true }, '@@sql_mode', 'ANSI_QUOTES,NO_ZERO_DATE'],
    ['statements', { statements: ['set @mine = 7', ''] }, '@mine', '7'],
  ]
  for (const [name, config, text, value] of settings) {
    it(name, async (t) => {
      assert.ok(database)
      const { runner } = serve(t, configOf(database, config))
      assert.deepEqual(
        (await runner.query(`select ${text}`, [], signal)).map((row) => row.map(String)),
        [[value]],
      )
    })
  }
})

describe('recovery', { skip }, () => {
  it('from a restart of the server', { skip: database?.restart === null && 'the server is not ours' }, async (t) => {
    assert.ok(database?.restart)
    const { ask, direct } = await arrange(t, database, '')
    // What was committed must outlive a killed server here.
    await direct.run(`set global innodb_flush_log_at_trx_commit = 1; ${small}`)
    assert.deepEqual(await ask({ path: '_table/item/1' }), one)
    await database.restart()
    assert.deepEqual(await ask({ path: '_table/item/1' }), one)
    await database.restart()
    const made = await ask({ verb: 'POST', path: '_table/item', body: { resource: [{ name: 'three' }] } })
    assert.equal(made.status, 201)
  })

  it('under load: what was answered is there', {
    skip: database?.restart === null && 'the server is not ours',
  }, async (t) => {
    assert.ok(database?.restart)
    const { ask, direct, name } = await arrange(t, database, '')
    await direct.run(`set global innodb_flush_log_at_trx_commit = 1; ${small}`)
    const answered: string[] = []
    const others = new Set<number>()
    let on = true
    const writer = async (w: number): Promise<void> => {
      for (let i = 0; on; i++) {
        const text = `w${w}-${i}`
        const { status } = await ask({ verb: 'POST', path: '_table/item', body: { resource: [{ name: text }] } })
        if (status === 201) answered.push(text)
        else others.add(status)
      }
    }
    const writers = [0, 1, 2, 3, 4, 5].map(writer)
    await until(async () => answered.length > 30)
    await database.restart()
    const before = answered.length
    await until(async () => answered.length > before + 30)
    on = false
    await Promise.all(writers)
    const again = new Direct(database, name)
    const there = new Set((await again.run('select name from item')).map(([text]) => text))
    again.end()
    assert.deepEqual(
      answered.filter((text) => !there.has(text)),
      [],
    )
    assert.deepEqual(
      [...others].filter((status) => status !== 503),
      [],
    )
  })

  it('from connections that the server ended', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, small)
    assert.deepEqual(await service.ask({ path: '_table/item/1' }), one)
    await killAll(service)
    assert.deepEqual(await service.ask({ path: '_table/item/1' }), one)
    for (let i = 0; i < 5; i++) {
      await killAll(service)
      assert.equal((await service.ask(adding(`single ${i}`))).status, 201)
      await killAll(service)
      assert.equal((await service.ask(adding(`first ${i}`, `second ${i}`))).status, 201)
    }
    assert.deepEqual(await service.direct.run('select count(*), count(distinct name) from item'), [[17, 17]])
  })

  it('from several connections that ended at once', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, small)
    await Promise.all(['three', 'four', 'five', 'six'].map((name) => service.ask(adding(name))))
    await killAll(service)
    const answers = await Promise.all(['3', '4', '5', '6'].map((name) => service.ask(adding(name))))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 201, 201],
    )
    assert.deepEqual(await service.direct.run('select count(*), count(distinct name) from item'), [[10, 10]])
  })

  it('from connections that idled longer than the server lets them', async (t) => {
    assert.ok(database)
    const config = { statements: ['set session wait_timeout = 1'] }
    const service = await arrange(t, database, small, { config })
    assert.equal((await service.ask(adding('three'))).status, 201)
    await until(async () => (await connected(service)).length === 0)
    assert.equal((await service.ask(adding('four'))).status, 201)
    assert.deepEqual(await service.direct.run('select name from item where id > 2 order by id'), [['three'], ['four']])
  })

  it('a single write whose connection is cut under way is not repeated', async (t) => {
    assert.ok(database)
    const sql = `${small}; create trigger slowly before insert on item for each row do sleep(20)`
    const service = await arrange(t, database, sql)
    // The table is known, so that what runs is the write.
    await service.ask({ path: '_table/item/1' })
    const asked = service.ask(adding('three'))
    await until(async () => (await running(service)).some(([, state]) => state === 'User sleep'))
    await killAll(service)
    assert.deepEqual(await asked, {
      status: 503,
      body: {
        message:
          'The connection to the database was lost, and it is not known whether the change was made. Look before you try again.',
        context: null,
      },
    })
    assert.deepEqual(await service.direct.run('select count(*) from item'), [[2]])
  })

  it('from a login that was wrong first', async (t) => {
    assert.ok(database)
    const own = await arrange(t, database, small)
    const user = `late${process.pid}`
    const { ask } = serve(t, configOf(database, { database: own.name, username: user, password: 'secret' }))
    assert.equal((await ask({ path: '_table/item/1' })).status, 503)
    await own.direct.run(`create user ${user}@'%' identified by 'secret'; grant all on ${own.name}.* to ${user}@'%'`)
    t.after(async () => {
      const direct = new Direct(database)
      await direct.run(`drop user ${user}@'%'`)
      direct.end()
    })
    assert.deepEqual(await ask({ path: '_table/item/1' }), one)
  })

  it('a connection that is cut in a transaction leaves nothing behind', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, small)
    const cut = service.runner.session(async (session) => {
      await session.execute('savepoint before_all')
      await service.direct.run('select 1')
      await killAll(service)
      await session.execute('savepoint behind')
    }, signal)
    await assert.rejects(cut, { status: 503, message: 'The connection to the database was lost. Try again.' })
    assert.deepEqual(await service.ask({ path: '_table/item/1' }), one)
  })
})

describe('giving up', { skip }, () => {
  it('a client that goes away stops its statement', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, slow)
    const client = new AbortController()
    const asked = service.ask({ path: '_table/slow' }, client.signal)
    await until(async () => (await running(service)).length === 1)
    client.abort(new Error('gone'))
    await assert.rejects(asked, { message: 'gone' })
    await until(async () => (await running(service)).length === 0)
    assert.deepEqual(await service.ask({ path: '_table/item/1' }), one)
  })

  it('a client that goes away in a write leaves nothing behind', async (t) => {
    assert.ok(database)
    const service = await arrange(
      t,
      database,
      `${small}; create trigger slowly before insert on item for each row if new.name = 'last' then do sleep(20); end if`,
    )
    const client = new AbortController()
    const body = { resource: [{ name: 'first' }, { name: 'last' }] }
    const asked = service.ask({ verb: 'POST', path: '_table/item', body }, client.signal)
    await until(async () => (await running(service)).length === 1)
    client.abort(new Error('gone'))
    await assert.rejects(asked, { message: 'gone' })
    assert.deepEqual(await service.direct.run('select count(*) from item'), [[2]])
  })

  it('a client that goes away in the middle of a list', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, many)
    const client = new AbortController()
    let chunks = 0
    const sink: ByteSink = {
      write() {
        if (++chunks === 3) client.abort(new Error('gone'))
      },
    }
    await assert.rejects(list(service, sink, client.signal), { message: 'gone' })
    await until(async () => (await running(service)).length === 0)
    assert.equal((await service.ask({ path: '_table/wide?fields=id&limit=1' })).status, 200)
  })

  it('a read that takes too long', async (t) => {
    assert.ok(database)
    const { ask } = await arrange(t, database, slow, { env: { DF_STATEMENT_TIMEOUT: '1' } })
    const answer = await ask({ path: '_table/slow' })
    assert.deepEqual(answer, tooSlow)
  })

  it('a write that takes too long', async (t) => {
    assert.ok(database)
    const sql = `${small}; create trigger slowly before update on item for each row do sleep(20)`
    const { ask, direct } = await arrange(t, database, sql, { env: { DF_STATEMENT_TIMEOUT: '1' } })
    assert.deepEqual(await ask({ verb: 'PATCH', path: '_table/item/1', body: { name: 'x' } }), tooSlow)
    assert.deepEqual(await direct.run('select name from item where id = 1'), [['one']])
  })

  it('a pool that is exhausted', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, slow, { config: { options: { pool_size: 1, pool_timeout: 3 } } })
    assert.equal((await service.ask({ path: '_table/item/1' })).status, 200)
    await service.catalog.table('slow')
    const client = new AbortController()
    const asked = service.ask({ path: '_table/slow' }, client.signal)
    await until(async () => (await running(service)).length === 1)
    assert.deepEqual(await service.ask({ path: '_table/item/1' }), {
      status: 503,
      body: { message: 'All connections to the database are in use. Try again.', context: null },
    })
    client.abort(new Error('gone'))
    await assert.rejects(asked, { message: 'gone' })
    assert.deepEqual(await service.ask({ path: '_table/item/1' }), one)
    assert.equal(service.runner.connections, 1)
  })

  it('a service that is closed', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, slow)
    await service.catalog.table('slow')
    const asked = service.ask({ path: '_table/slow' })
    await until(async () => (await running(service)).length === 1)
    await service.store.close()
    assert.equal((await asked).status, 503)
    assert.equal((await service.ask({ path: '_table/item/1' })).status, 503)
    assert.equal(service.runner.connections, 0)
  })
})

const tooSlow = {
  status: 503,
  body: { message: 'The request took too long in the database and was stopped.', context: null },
}

const many = `create table wide (id int primary key, note text); insert into wide select seq, repeat('x', 400) from ${numbers(60_000)}`

describe('long lists', { skip }, () => {
  it('come whole and in order', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, many, { config: { max_records: 100_000 } })
    const { body } = await service.ask({ path: '_table/wide?fields=id&order=id' })
    const ids = (body as unknown as { readonly resource: readonly { readonly id: number }[] }).resource.map(
      ({ id }) => id,
    )
    assert.equal(ids.length, 60_000)
    assert.ok(ids.every((id, i) => id === i + 1))
  })

  it('wait for a client that is slow', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, many, { config: { max_records: 100_000 } })
    let go: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      go = resolve
    })
    let bytes = 0
    const asked = list(
      service,
      {
        write: (chunk) => {
          bytes += chunk.length
          return held
        },
      },
      signal,
    )
    await until(async () => (await running(service)).some(([, state]) => /net|client/i.test(String(state))))
    const before = bytes
    go()
    await asked
    assert.ok(before < 1_000_000 && bytes > 24_000_000, `${before} of ${bytes} bytes`)
  })
})

async function list({ store, catalog }: Arranged, sink: ByteSink, signal: AbortSignal): Promise<void> {
  await catalog.table('wide')
  const { recordService } = await import('dataferry/records')
  const { host } = await import('./database.ts')
  const service = recordService(store, { host: host(), config: { max_records: 100_000 } })
  const request = requestFor({ path: '_table/wide' })
  const { body } = await service.handle(request, signal)
  assert.ok(body.kind === 'rows')
  await body.rows.encode(request.output, sink, signal)
}

/** What the service's own connections run at the moment. */
async function running({ direct, name }: Arranged): Promise<readonly (readonly unknown[])[]> {
  return direct.run(
    `select info, state from information_schema.processlist where db = '${name}' and command in ('Query', 'Execute') and id <> connection_id()`,
  )
}

const connected = ({ direct, name }: Arranged): Promise<readonly (readonly unknown[])[]> =>
  direct.run(`select id from information_schema.processlist where db = '${name}' and id <> connection_id()`)

/** They are closed when this returns. */
async function killAll(service: Arranged): Promise<void> {
  const ids = (await connected(service)).map(([id]) => Number(id))
  for (const id of ids) await service.direct.run(`kill connection ${id}`).catch(() => {})
  await until(async () => !(await connected(service)).some(([id]) => ids.includes(Number(id))))
}

/** Asks again until it holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await holds())) {
    assert.ok(Date.now() < end, 'it did not come about')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
