// MongoDB through a service: types that stay what they are, batches that are undone exactly, and a server that goes away.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { Binary, Double, Int32, Long, ObjectId, Timestamp } from 'mongodb'
import { mongodb } from '../../support/mongodb.ts'
import { until } from '../../support/until.ts'
import { openService, rowsOf, type TestService } from './service.ts'

const { mongo, skip } = await mongodb()
after(() => mongo?.stop())

describe('documents', { skip }, () => {
  let at: TestService
  before(async () => {
    if (mongo === null) return
    at = await openService(mongo)
    await at.db.createCollection('things')
  })
  beforeEach(() => at.db.collection('things').deleteMany({}))
  after(() => at.close())

  const typed = {
    id: new ObjectId(),
    whole: new Int32(5),
    half: new Double(2.5),
    round: new Double(3),
    long: Long.fromString('9007199254740993'),
    date: new Date('2024-01-02T03:04:05.678Z'),
    bytes: new Binary(Buffer.from('abc')),
    stamp: new Timestamp({ t: 7, i: 8 }),
    list: [{ deep: new Date(0) }, null],
  }
  const bytesOf = async (id: Json): Promise<Buffer> => {
    const found = await at.db.collection('things').findOne({ _id: id as never }, { raw: true })
    assert.ok(found)
    return Buffer.from(found as unknown as Uint8Array)
  }

  test('are shown with all their types', async () => {
    await at.db.collection('things').insertOne({ _id: 'a' as never, ...typed })
    const { body } = await at.ask({ ask: 'GET things/a' })
    assert.deepEqual(body, {
      _id: 'a',
      id: typed.id.toHexString(),
      whole: 5,
      half: 2.5,
      round: 3,
      long: { digits: '9007199254740993' },
      date: { $date: '2024-01-02T03:04:05.678+00:00' },
      bytes: 'YWJj',
      stamp: '[8:7]',
      list: [{ deep: { $date: '1970-01-01T00:00:00+00:00' } }, null],
    })
  })

  const decimals = [
    { filter: 'n = 0.30000000000000004', ids: ['double'] },
    { filter: "n = '0.30000000000000004'", ids: ['text'] },
    { filter: 'n IN (7, 0.30000000000000004)', ids: ['double'] },
    { filter: 'n != 0.30000000000000004', ids: ['long', 'text'] },
    { filter: 'n > 9007199254740992.5000000001', ids: ['long'] },
    { filter: 'n < 0.50000000000000000000001', ids: ['double'] },
    { filter: 'n BETWEEN 0.20000000000000000000001 AND 0.50000000000000000000001', ids: ['double'] },
  ]
  test('are found by numbers of many digits', async () => {
    const things = at.db.collection<{ _id: string; n: unknown }>('things')
    await things.insertMany([
      { _id: 'double', n: new Double(0.30000000000000004) },
      { _id: 'long', n: Long.fromString('9007199254740993') },
      { _id: 'text', n: '0.30000000000000004' },
    ])
    for (const { filter, ids } of decimals) {
      const found = rowsOf(await at.ask({ ask: 'GET things', query: { filter, fields: '_id' } }))
      assert.deepEqual(found.map(({ _id }) => _id).toSorted(), ids, filter)
    }
    const filter = 'n = 0.300000000000000040000001'
    const { body } = await at.ask({ ask: 'GET things', query: { filter, count_only: true } })
    assert.equal(body, mongo?.kind === 'ferretdb' ? 1 : 0)
  })

  const undone = [
    {
      name: 'an update',
      ask: 'PATCH things?rollback=true',
      body: {
        resource: [
          { _id: 'a', whole: 1, list: [] },
          { _id: 'none', whole: 1 },
        ],
      },
    },
    {
      name: 'a replacement',
      ask: 'PUT things?rollback=true',
      body: {
        resource: [
          { _id: 'a', whole: 1 },
          { _id: 'none', whole: 1 },
        ],
      },
    },
    { name: 'a delete', ask: 'DELETE things?ids=a,none&rollback=true' },
    {
      name: 'an upsert',
      ask: 'POST things?upsert=true&rollback=true',
      body: { resource: [{ _id: 'a', whole: 1 }, { _id: 'new', x: 1 }, { _id: { $oid: 'x' } }] },
    },
  ]
  for (const { name, ...asked } of undone) {
    test(`are byte for byte what they were when ${name} is undone`, async () => {
      await at.db.collection('things').insertOne({ _id: 'a' as never, ...typed })
      const was = await bytesOf('a')
      const { status } = await at.ask(asked)
      assert.equal(status, 400)
      assert.deepEqual(await bytesOf('a'), was)
      assert.equal(await at.db.collection('things').countDocuments(), 1)
    })
  }

  test('are found by their ids in every form', async () => {
    const id = new ObjectId()
    await at.db.collection('things').insertOne({ _id: id, n: 1 })
    const hex = id.toHexString()
    assert.deepEqual((await at.ask({ ask: `GET things/${hex}` })).body, { _id: hex, n: 1 })
    assert.equal(rowsOf(await at.ask({ ask: `GET things?ids=${hex}` })).length, 1)
    assert.equal(rowsOf(await at.ask({ ask: 'GET things', query: { filter: `_id = '${hex}'` } })).length, 1)
    assert.deepEqual((await at.ask({ ask: 'PATCH things', body: { resource: [{ _id: hex, n: 2 }] } })).body, {
      resource: [{ _id: hex }],
    })
    assert.deepEqual((await at.ask({ ask: `DELETE things/${hex}?fields=n` })).body, { _id: hex, n: 2 })
  })

  test('are compared with dates by texts', async () => {
    await at.db.collection('things').insertMany([
      { _id: 1 as never, d: new Date('2024-01-01T00:00:00Z') },
      { _id: 2 as never, d: new Date('2024-06-01T00:00:00Z') },
      { _id: 3 as never, d: '2024-06-02' },
    ])
    const ids = async (filter: string): Promise<readonly Json[]> =>
      rowsOf(await at.ask({ ask: 'GET things?order=_id', query: { filter } })).map((row) => row._id ?? null)
    assert.deepEqual(await ids("d >= '2024-03-01'"), [2, 3])
    assert.deepEqual(await ids("d = '2024-01-01T00:00:00Z'"), [1])
  })

  test('are grouped and computed with', async () => {
    await at.db.collection('things').insertMany([
      { _id: 1 as never, kind: 'a', n: 1 },
      { _id: 2 as never, kind: 'a', n: 2 },
      { _id: 3 as never, kind: 'b', n: 5 },
    ])
    const grouped = await at.ask({ ask: 'GET things?group=kind&fields=kind,SUM(n),COUNT(*)&order=kind' })
    assert.deepEqual(
      rowsOf(grouped).map((row) => Object.values(row)),
      [
        ['a', 3, 2],
        ['b', 5, 1],
      ],
    )
    const computed = await at.ask({
      ask: 'GET things?order=n desc',
      query: { filter: "n < (_id + 2) AND kind = (lower('A'))" },
    })
    assert.deepEqual(
      rowsOf(computed).map((row) => row._id),
      [2, 1],
    )
  })

  test('page by cursor is refused where lists are', async () => {
    await at.db.collection('things').insertMany([
      { _id: 1 as never, n: 1 },
      { _id: 2 as never, n: 2 },
      { _id: 3 as never, n: [0, 9] },
    ])
    const first = await at.ask({ ask: 'GET things?order=n&cursor=*&limit=1' })
    const { meta } = first.body as { readonly meta: { readonly next_cursor: string } }
    const next = await at.ask({ ask: 'GET things', query: { order: 'n', cursor: meta.next_cursor, limit: 1 } })
    assert.equal(next.status, 400)
    assert.match(JSON.stringify(next.body), /some records hold lists/)
  })

  test('collections are made, described and dropped', async () => {
    assert.equal((await at.ask({ ask: 'POST _schema', body: { resource: [{ name: 'fresh' }] } })).status, 200)
    const described = (await at.ask({ ask: 'GET _schema/fresh' })).body as {
      field: { name: string }[]
      primary_key: string[]
    }
    assert.deepEqual(
      described.field.map(({ name }) => name),
      ['_id'],
    )
    assert.deepEqual(described.primary_key, ['_id'])
    assert.equal((await at.ask({ ask: 'DELETE _schema/fresh' })).status, 200)
    assert.equal((await at.ask({ ask: 'GET _schema/fresh' })).status, 404)
  })

  test('are described from a sample', async () => {
    await at.db.collection('things').insertMany([
      { _id: 1 as never, n: 1, at: { x: 1.5 }, d: new Date() },
      { _id: 2 as never, n: 2, s: 'x', m: 1 },
      { _id: 3 as never, m: 'x' },
    ])
    const fields = async (as?: object): Promise<object> => {
      const { body } = await at.ask({ ask: 'GET _schema/things?sample=10', ...(as ? { as: as as never } : {}) })
      return Object.fromEntries(
        (body as { field: { name: string; type: string }[] }).field.map(({ name, type }) => [name, type]),
      )
    }
    assert.deepEqual(await fields(), {
      _id: 'string',
      n: 'integer',
      at: 'object',
      d: 'datetime',
      s: 'string',
      m: 'object',
    })
    assert.deepEqual(await fields({ things: { hidden: ['n'], filters: [{ name: 'm', operator: '=', value: '1' }] } }), {
      _id: 'string',
      s: 'string',
      m: 'integer',
    })
  })
})

describe('a server that is away', { skip }, () => {
  test('is a 503 that tells nothing, and is found again', async (t) => {
    if (mongo === null) return
    if (mongo.kill === null || mongo.start === null) return t.skip('the given server stays as it is')
    const at = await openService(mongo, { options: { serverSelectionTimeoutMS: 3_000 } })
    try {
      await at.db.createCollection('things')
      assert.equal((await at.ask({ ask: 'POST things', body: { resource: [{ _id: 'a', n: 1 }] } })).status, 201)
      await mongo.kill()
      const away = await at.ask({ ask: 'GET things' })
      assert.equal(away.status, 503)
      assert.doesNotMatch(JSON.stringify(away.body), /127\.0\.0\.1|mongodb:/)
      await mongo.start()
      await until(
        'the service finds the server again',
        async () => (await at.ask({ ask: 'GET things/a' })).status === 200,
      )
    } finally {
      await at.close()
    }
  })
})
