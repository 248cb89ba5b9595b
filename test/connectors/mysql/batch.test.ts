/** Many records in one request: generated keys in order, each error its record's own, nothing left behind that failed (data-plane 3.9). */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import type { WriteProgram } from 'dataferry/sql'
import { mysql } from '../../support/databases.ts'
import { type Arranged, arrange, numbers, signal } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())

const item = (engine = 'InnoDB') =>
  `create table item (id int auto_increment primary key, name varchar(20) not null unique, note longtext) engine = ${engine}; insert into item (name) values ('taken')`

const named = (from: number, to: number): { name: string }[] =>
  Array.from({ length: to - from }, (_, i) => ({ name: `n${from + i}` }))
/** Twenty records, of which the 11th can't be written. */
const withBad = [...named(0, 10), { name: 'taken' }, ...named(11, 20)]

const resource = (body: Json): readonly { readonly [field: string]: Json }[] =>
  (body as unknown as { readonly resource: readonly { readonly [field: string]: Json }[] }).resource
const names = async ({ direct }: Arranged): Promise<readonly unknown[]> =>
  (await direct.run("select name from item where name <> 'taken' order by cast(substr(name, 2) as signed)")).map(
    ([name]) => name,
  )

interface Mode {
  readonly query: string
  readonly kept: readonly { readonly name: string }[]
  /** How many entries the error shows. */
  readonly shown: number
  readonly message: string
}
const created = 'Batch Error: Not all requested records could be created.'
const modes: readonly Mode[] = [
  { query: '', kept: named(0, 10), shown: 11, message: created },
  { query: '?continue=true', kept: [...named(0, 10), ...named(11, 20)], shown: 20, message: created },
  { query: '?rollback=true', kept: [], shown: 11, message: `${created} All changes rolled back.` },
]

describe('a batch with a bad record', { skip }, () => {
  for (const engine of ['InnoDB', 'MyISAM']) {
    for (const { query, kept, shown, message } of modes) {
      // Nothing can be rolled back there.
      if (engine === 'MyISAM' && query.includes('rollback')) continue
      it(`${engine}, ${query === '' ? 'halt' : query.slice(1)}`, async (t) => {
        assert.ok(database)
        const service = await arrange(t, database, item(engine))
        const { status, body } = await service.ask({
          verb: 'POST',
          path: `_table/item${query}`,
          body: { resource: withBad },
        })
        assert.equal(status, 400)
        const { message: said, context } = body as unknown as {
          readonly message: string
          readonly context: {
            readonly error: readonly number[]
            readonly resource: readonly { readonly message?: string; readonly id?: number }[]
          }
        }
        assert.equal(said, message)
        assert.deepEqual(context.error, [10])
        assert.equal(context.resource.length, shown)
        assert.equal(context.resource[10]?.message, "Duplicate value for field 'name'.")
        assert.deepEqual(
          await names(service),
          kept.map(({ name }) => name),
        )
        if (kept.length === 0) return
        const rows = await service.direct.run("select id, name from item where name <> 'taken' order by id")
        const told = context.resource.flatMap(({ id }) => (id === undefined ? [] : [id]))
        assert.deepEqual(
          rows.map(([id]) => id),
          told,
        )
      })
    }
  }

  it('several bad ones', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, item())
    const records = named(0, 100).map((record, i) => (i % 30 === 5 ? { name: 'taken' } : record))
    const { body } = await service.ask({ verb: 'POST', path: '_table/item?continue=true', body: { resource: records } })
    assert.deepEqual((body as unknown as { context: { error: number[] } }).context.error, [5, 35, 65, 95])
    assert.equal((await names(service)).length, 96)
  })
})

describe('generated keys', { skip }, () => {
  it('are those of their records', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, item())
    const { status, body } = await service.ask({
      verb: 'POST',
      path: '_table/item',
      body: { resource: named(0, 1_500) },
    })
    assert.equal(status, 201)
    await same(service, resource(body), 0)
  })

  it('of two batches at the same time', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, item())
    const lots = await Promise.all(
      [0, 1, 2, 3].map((lot) =>
        service.ask({ verb: 'POST', path: '_table/item', body: { resource: named(lot * 700, lot * 700 + 700) } }),
      ),
    )
    for (const [lot, { status, body }] of lots.entries()) {
      assert.equal(status, 201)
      await same(service, resource(body), lot * 700)
    }
  })

  it('a step between them', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, item(), { config: { statements: ['set auto_increment_increment = 5'] } })
    const { body } = await service.ask({ verb: 'POST', path: '_table/item', body: { resource: named(0, 20) } })
    await same(service, resource(body), 0)
  })

  it('beside keys that are given', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, item())
    const records = named(0, 8).map((record, i) =>
      i % 2 === 0 ? { ...record, id: 1_000 + i * 10 } : { ...record, id: null },
    )
    const { status, body } = await service.ask({
      verb: 'POST',
      path: '_table/item?fields=*',
      body: { resource: records },
    })
    assert.equal(status, 201)
    assert.deepEqual(
      resource(body).map(({ id, name }) => [id, name]),
      await service.direct.run(
        "select id, name from item where name <> 'taken' order by cast(substr(name, 2) as signed)",
      ),
    )
  })

  it('what is longer than the server takes at once', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, item())
    const note = 'x'.repeat(1024 * 1024)
    const { status, body } = await service.ask({
      verb: 'POST',
      path: '_table/item',
      body: { resource: named(0, 24).map((record) => ({ ...record, note })) },
    })
    assert.equal(status, 201)
    await same(service, resource(body), 0)
  })
})

describe('a value that is longer than the server takes at all', { skip }, () => {
  it('is told, and the service goes on', async (t) => {
    assert.ok(database)
    const { ask, direct } = await arrange(t, database, item())
    const [[most] = []] = await direct.run('select @@max_allowed_packet')
    const record = { name: 'long', note: 'x'.repeat(Number(most) + 1) }
    const { body } = await ask({ verb: 'POST', path: '_table/item', body: { resource: [record] } })
    assert.match(JSON.stringify(body), /A value is too large for the database\./)
    assert.equal((await ask({ path: '_table/item/1?fields=name' })).status, 200)
  })
})

/** The key of each record is that under which its name is found. */
async function same(
  { direct }: Arranged,
  told: readonly { readonly [field: string]: Json }[],
  from: number,
): Promise<void> {
  const rows = new Map((await direct.run('select id, name from item')).map(([id, name]) => [name, id]))
  assert.deepEqual(
    told.map(({ id }) => id),
    told.map((_, i) => rows.get(`n${from + i}`)),
  )
}

describe('upsert', { skip }, () => {
  it('by PUT, where the service allows it', async (t) => {
    assert.ok(database)
    const { ask, direct } = await arrange(t, database, item(), { config: { allow_upsert: true } })
    assert.equal((await ask({ verb: 'PUT', path: '_table/item/1', body: { name: 'changed' } })).status, 200)
    assert.equal((await ask({ verb: 'PUT', path: '_table/item/9', body: { name: 'made' } })).status, 200)
    assert.deepEqual(await direct.run('select id, name from item order by id'), [
      [1, 'changed'],
      [9, 'made'],
    ])
  })
})

const update = (text: string): WriteProgram => ({
  kind: 'write',
  id: 'w',
  statement: { text, parameters: [], columns: [], point: false },
})

describe('a deadlock', { skip }, () => {
  const rows = `${item()}; insert into item (name) select concat('n', seq) from ${numbers(500)} order by seq`

  it('of a first statement is tried again', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, rows)
    const { direct } = service
    // Whoever has changed less is the victim.
    await direct.run("begin; update item set note = 'direct' where id > 100")
    const asked = service.runner.session(
      (session) =>
        session.write(update("update item set note = 'ours' where id in (1, 200) order by id"), [[]], 'halt'),
      signal,
    )
    await waiting(service)
    await direct.run("update item set note = 'direct' where id = 1; commit")
    assert.deepEqual(await asked, [{ ok: true, affected: 2, rows: [] }])
    assert.deepEqual(await direct.run('select note from item where id in (1, 200)'), [['ours'], ['ours']])
  })

  it('of a later one undoes all, and says so', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, rows)
    const { direct } = service
    await direct.run("begin; update item set note = 'direct' where id > 100")
    const asked = service.runner.session(async (session) => {
      await session.write(update("update item set note = 'ours' where id = 1"), [[]], 'halt')
      return session.write(update("update item set note = 'ours' where id = 200"), [[]], 'continue')
    }, signal)
    const refused = assert.rejects(asked, {
      status: 503,
      message: 'The request waited for another one that waited for it. Try again.',
    })
    await waiting(service)
    await direct.run("update item set note = 'direct' where id = 1; commit")
    await refused
    assert.deepEqual(await direct.run("select count(*) from item where note = 'ours'"), [[0]])
  })
})

/** Until a statement of the service waits for a lock. */
async function waiting({ direct, name }: Arranged): Promise<void> {
  const end = Date.now() + 15_000
  for (;;) {
    const [row] = await direct.run(
      `select count(*) from information_schema.innodb_trx join information_schema.processlist on id = trx_mysql_thread_id where trx_state = 'LOCK WAIT' and db = '${name}'`,
    )
    if (Number(row?.[0]) > 0) return
    assert.ok(Date.now() < end, 'nothing waits')
    // The server shows the same again to whoever asks sooner.
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
}
