// CouchDB through a service: revisions, writers at once, batches that are undone, documents of the server's own, a server that goes away.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { requestOf } from 'dataferry/conformance'
import { Decimal, type Json } from 'dataferry/sdk'
import { couchdb } from '../../support/couchdb.ts'
import { until } from '../../support/until.ts'
import { openService, rowOf, rowsOf, type TestService } from './service.ts'

const couch = await couchdb()
after(() => couch.stop())

const design = {
  views: {
    byKind: { map: 'function (doc) { if (doc.kind) emit(doc.kind, doc.n) }' },
    sums: { map: 'function (doc) { if (doc.kind) emit(doc.kind, doc.n) }', reduce: '_sum' },
  },
}

describe('documents', () => {
  let at: TestService
  before(async () => {
    at = await openService(couch, ['things'])
  })
  beforeEach(async () => {
    await at.direct('DELETE', 'things')
    await at.direct('PUT', 'things')
    await at.direct('PUT', 'things/_design/kinds', design)
  })
  after(() => at.close())

  const stored = async (id: string): Promise<{ readonly [name: string]: Json }> =>
    (await at.direct('GET', `things/${id}`)) as { readonly [name: string]: Json }
  const make = async (document: object): Promise<string> => {
    const made = rowsOf(await at.ask({ ask: 'POST things', body: { resource: [document as Json] } }))
    return String(made[0]?._rev)
  }

  const decimals = [
    { filter: 'n = 0.30000000000000004', ids: ['double'] },
    { filter: 'n = 0.1234567890123456789', ids: ['long'] },
    { filter: "n = '0.1234567890123456789'", ids: ['text'] },
    { filter: 'n IN (5, 0.1234567890123456789)', ids: ['long'] },
    { filter: 'n > 0.1234567890123456789', ids: ['double'] },
    { filter: 'n >= 0.1234567890123456789', ids: ['double', 'long'] },
    { filter: 'n != 0.1234567890123456789', ids: ['double', 'text'] },
  ]
  test('decimals of many digits are the doubles that the database makes of them', async () => {
    await at.ask({
      ask: 'POST things',
      body: {
        resource: [
          { _id: 'double', n: 0.30000000000000004 },
          { _id: 'long', n: new Decimal('0.1234567890123456789') },
          { _id: 'text', n: '0.1234567890123456789' },
        ],
      },
    })
    for (const { filter, ids } of decimals) {
      const found = rowsOf(await at.ask({ ask: 'GET things', query: { filter, fields: '_id' } }))
      assert.deepEqual(found.map(({ _id }) => _id).toSorted(), ids, filter)
    }
  })

  test('writes answer the revision that they made', async () => {
    const first = await make({ _id: 'a', n: 1 })
    assert.match(first, /^1-/)
    const patched = rowOf(await at.ask({ ask: 'PATCH things/a', body: { n: 2 } }))
    assert.deepEqual(patched, { _id: 'a', _rev: (await stored('a'))._rev })
    const put = rowOf(await at.ask({ ask: 'PUT things/a', body: { m: 3 } }))
    assert.deepEqual(await stored('a'), { _id: 'a', _rev: put._rev, m: 3 })
    const upserted = rowsOf(
      await at.ask({
        ask: 'POST things?upsert=true',
        body: {
          resource: [
            { _id: 'a', k: 1 },
            { _id: 'b', k: 2 },
          ],
        },
      }),
    )
    assert.deepEqual(
      upserted.map(({ _rev }) => _rev),
      [(await stored('a'))._rev, (await stored('b'))._rev],
    )
    assert.deepEqual((await at.ask({ ask: 'DELETE things/a' })).body, { _id: 'a' })
  })

  const stale = [
    { name: 'PATCH', ask: 'PATCH things/a', body: (_rev: string) => ({ _rev, n: 9 }) },
    { name: 'PUT', ask: 'PUT things/a', body: (_rev: string) => ({ _rev, n: 9 }) },
    {
      name: 'an upsert',
      ask: 'POST things?upsert=true',
      body: (_rev: string) => ({ resource: [{ _id: 'a', _rev, n: 9 }] }),
    },
    { name: 'DELETE', ask: 'DELETE things', body: (_rev: string) => ({ resource: [{ _id: 'a', _rev }] }) },
  ]
  for (const { name, ask, body } of stale) {
    test(`${name} under an old revision is a 409, under the present one it is done`, async () => {
      const old = await make({ _id: 'a', n: 1 })
      await at.ask({ ask: 'PATCH things/a', body: { n: 2 } })
      const was = await stored('a')
      const refused = await at.ask({ ask, body: body(old) })
      assert.match(JSON.stringify(refused.body), /"status_code":409/)
      assert.deepEqual(await stored('a'), was)
      const done = await at.ask({ ask, body: body(String(was._rev)) })
      assert.equal(done.status, 200, JSON.stringify(done.body))
    })
  }

  test('a conflict is the error of its record alone', async () => {
    const old = await make({ _id: 'a', n: 1 })
    await make({ _id: 'b', n: 1 })
    await at.ask({ ask: 'PATCH things/a', body: { n: 2 } })
    const { status, body } = await at.ask({
      ask: 'PATCH things?continue=true',
      body: {
        resource: [
          { _id: 'a', _rev: old, n: 9 },
          { _id: 'b', n: 9 },
        ],
      },
    })
    assert.equal(status, 400)
    const { error } = body as { readonly error: { readonly context: { readonly resource: readonly Json[] } } }
    assert.match(JSON.stringify(error.context.resource[0]), /409/)
    assert.equal((await stored('a')).n, 2)
    assert.equal((await stored('b')).n, 9)
  })

  test('a create never writes over a document', async () => {
    const _rev = await make({ _id: 'a', n: 1 })
    const { status } = await at.ask({ ask: 'POST things', body: { resource: [{ _id: 'a', _rev, n: 9 }] } })
    assert.equal(status, 400)
    assert.equal((await stored('a')).n, 1)
  })

  test('no update of writers at once is lost', async () => {
    await make({ _id: 'a', n: 0, by: {} })
    const writers = 8
    const rounds = 10
    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let round = 1; round <= rounds; round += 1) {
          const body = { n: { $inc: 1 }, [`by.w${writer}`]: round }
          const answer = await at.ask({ ask: 'PATCH things/a', body })
          assert.equal(answer.status, 200, JSON.stringify(answer.body))
        }
      }),
    )
    const { n, by } = await stored('a')
    assert.equal(n, writers * rounds)
    assert.deepEqual(by, Object.fromEntries(Array.from({ length: writers }, (_, writer) => [`w${writer}`, rounds])))
  })

  test('of writers that name one revision, one wins', async () => {
    const _rev = await make({ _id: 'a', n: 0 })
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, n) => at.ask({ ask: 'PUT things/a', body: { _rev, n: n + 1 } })),
    )
    const won = answers.flatMap(({ status }, n) => (status === 200 ? [n + 1] : []))
    assert.equal(won.length, 1)
    assert.ok(answers.every(({ status }) => status === 200 || status === 409))
    assert.equal((await stored('a')).n, won[0])
  })

  const undone = [
    {
      name: 'an update',
      ask: 'PATCH things?rollback=true',
      body: {
        resource: [
          { _id: 'a', n: 2 },
          { _id: 'none', n: 2 },
        ],
      },
    },
    {
      name: 'a replacement',
      ask: 'PUT things?rollback=true',
      body: {
        resource: [
          { _id: 'a', m: 2 },
          { _id: 'none', n: 2 },
        ],
      },
    },
    { name: 'a delete', ask: 'DELETE things?ids=a,none&rollback=true' },
    {
      name: 'an upsert',
      ask: 'POST things?upsert=true&rollback=true',
      body: {
        resource: [
          { _id: 'a', n: 2 },
          { _id: 'new', n: 1 },
          { _id: '_bad', n: 1 },
        ],
      },
    },
    {
      name: 'a create',
      ask: 'POST things?rollback=true',
      body: {
        resource: [
          { _id: 'new', n: 1 },
          { _id: 'a', n: 1 },
        ],
      },
    },
  ]
  for (const { name, ...asked } of undone) {
    test(`what was there is there again when ${name} is undone`, async () => {
      const _attachments = { 'x.txt': { content_type: 'text/plain', data: Buffer.from('hello').toString('base64') } }
      await at.direct('PUT', 'things/a', { n: 1, list: [1, null], _attachments })
      const answer = await at.ask(asked)
      assert.equal(answer.status, 400, JSON.stringify(answer.body))
      const { _rev, _attachments: attached, ...members } = await stored('a')
      assert.deepEqual(members, { _id: 'a', n: 1, list: [1, null] })
      assert.ok(Object.hasOwn(attached as object, 'x.txt'))
      assert.deepEqual(
        rowsOf(await at.ask({ ask: 'GET things?fields=_id' })),
        [{ _id: 'a' }],
        JSON.stringify(answer.body),
      )
    })
  }

  test('documents of the server are no records', async () => {
    await make({ _id: 'a', n: 1 })
    assert.deepEqual(
      rowsOf(await at.ask({ ask: 'GET things?include_count=true' })).map(({ _id }) => _id),
      ['a'],
    )
    assert.equal((await at.ask({ ask: 'GET things?count_only=true' })).body, 1)
    assert.equal((await at.ask({ ask: 'GET things?count_only=true', query: { filter: "_id > ''" } })).body, 1)
    for (const id of ['_design%2Fkinds', '_all_docs', '_design', '_local%2Fx', '..%2Fother', '%2F']) {
      for (const verb of ['GET', 'DELETE']) {
        const { status } = await at.ask({ ask: `${verb} things/${id}` })
        assert.equal(status, 404, `${verb} ${id}`)
      }
      assert.ok((await at.ask({ ask: `PUT things/${id}`, body: { n: 1 } })).status >= 400)
    }
    assert.equal((await stored('_design/kinds')).error, undefined)
  })

  for (const document of [
    { _id: '_design/evil', views: {} },
    { _id: '', n: 1 },
    { _id: { a: 1 } },
    { _id: 'b', _deleted: true },
    { _id: 'b', _revisions: {} },
    { _id: 'b', _anything: 1 },
  ] as Json[]) {
    test(`${JSON.stringify(document)} is refused`, async () => {
      const { status } = await at.ask({ ask: 'POST things', body: { resource: [document] } })
      assert.equal(status, 400)
    })
  }

  test('an update can not delete', async () => {
    await make({ _id: 'a', n: 1 })
    for (const body of [{ _deleted: true }, { n: 2, '_deleted.x': 1 }])
      for (const verb of ['PATCH', 'PUT'])
        assert.equal((await at.ask({ ask: `${verb} things/a`, body })).status, 400, verb)
    assert.equal((await stored('a')).n, 1)
  })

  test('selectors of clients are not taken', async () => {
    for (const filter of ['{"n":{"$gt":0}}', { n: 1 }])
      assert.equal((await at.ask({ ask: 'GET things', query: { filter } })).status, 501)
  })

  test('views are passed on, to who may see all', async () => {
    for (const [n, kind] of ['x', 'y', 'x'].entries()) await make({ _id: `d${n}`, kind, n })
    const by = await at.ask({
      ask: 'GET things',
      query: { design: 'kinds', view: 'byKind', include_docs: 'true', key: 'x' },
    })
    assert.deepEqual(
      rowsOf(by).map(({ id, key, value, doc }) => [id, key, value, (doc as { readonly n: Json }).n]),
      [
        ['d0', 'x', 0, 0],
        ['d2', 'x', 2, 2],
      ],
    )
    const sums = await at.ask({ ask: 'GET things', query: { design: 'kinds', view: 'sums', group: 'true', limit: 1 } })
    assert.deepEqual(rowsOf(sums), [{ key: 'x', value: 2 }])
    assert.equal((await at.ask({ ask: 'GET things?design=kinds&view=none' })).status, 404)
    assert.equal((await at.ask({ ask: 'GET things?design=kinds' })).status, 400)
    for (const as of [
      { things: { filters: [{ name: 'n', operator: '=', value: '1' }] } },
      { things: { hidden: ['n'] } },
      { things: { verbs: ['POST'] } },
      {},
    ] as const)
      assert.equal((await at.ask({ ask: 'GET things?design=kinds&view=byKind', as })).status, 403)
  })

  test('databases are made, described and dropped', async () => {
    assert.equal((await at.ask({ ask: 'POST _schema', body: { resource: [{ name: 'fresh' }] } })).status, 200)
    const { field, primary_key } = rowOf(await at.ask({ ask: 'GET _schema/fresh' })) as {
      readonly field: readonly { readonly name: string }[]
      readonly primary_key: Json
    }
    assert.deepEqual(
      field.map(({ name }) => name),
      ['_id', '_rev'],
    )
    assert.deepEqual(primary_key, ['_id'])
    assert.equal((await at.ask({ ask: 'POST _schema', body: { resource: [{ name: 'Not Good' }] } })).status, 400)
    assert.equal((await at.ask({ ask: 'DELETE _schema/fresh' })).status, 200)
    assert.equal((await at.ask({ ask: 'GET _table/fresh' })).status, 404)
  })

  test('walks of many pieces', async () => {
    const docs = Array.from({ length: 1_300 }, (_, n) => ({ _id: `n${String(n).padStart(5, '0')}`, n: n % 7, m: n }))
    await at.direct('POST', 'things/_bulk_docs', { docs })
    const ids = async (query: { readonly [name: string]: Json }): Promise<readonly Json[]> =>
      rowsOf(await at.ask({ ask: 'GET things?fields=_id', query })).map(({ _id }) => _id ?? null)
    const odd = docs.filter(({ n }) => n !== 3).map(({ _id }) => _id)
    assert.deepEqual(await ids({ filter: 'n != 3', limit: 1000 }), odd.slice(0, 1000))
    assert.deepEqual(await ids({ filter: 'n != 3', limit: 5, offset: 1000 }), odd.slice(1000, 1005))
    assert.deepEqual(
      await ids({ order: '_id desc', limit: 3, offset: 600 }),
      docs
        .toReversed()
        .slice(600, 603)
        .map(({ _id }) => _id),
    )
    assert.deepEqual(await ids({ order: 'm desc', limit: 2 }), ['n01299', 'n01298'])
    assert.equal((await at.ask({ ask: 'GET things?count_only=true&filter=n = 3' })).body, 186)
    const { meta } = rowOf(await at.ask({ ask: 'GET things?include_count=true&limit=1' })) as {
      readonly meta: { readonly count: Json }
    }
    assert.equal(meta.count, 1_300)
  })
})

describe('a server that is away', () => {
  test('is a 503 that tells nothing, while it is killed under load, and is found again', async (t) => {
    if (couch.kill === null || couch.start === null) return t.skip('the given server stays as it is')
    const at = await openService(couch, ['things'])
    try {
      assert.equal((await at.ask({ ask: 'POST things', body: { resource: [{ _id: 'a', n: 0 }] } })).status, 201)
      let done = false
      const statuses = new Set<number>()
      let raised = 0
      const load = Array.from({ length: 6 }, async () => {
        while (!done) {
          const answer = await at.ask({ ask: 'PATCH things/a', body: { n: { $inc: 1 } } })
          statuses.add(answer.status)
          if (answer.status === 200) raised += 1
          else assert.doesNotMatch(JSON.stringify(answer.body), /127\.0\.0\.1|http:/)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      })
      await until('writes are done', () => raised > 10)
      await couch.kill()
      await until('requests fail', () => statuses.has(503))
      await couch.start()
      const before = raised
      await until('the service finds the server again', () => raised > before + 10)
      done = true
      await Promise.all(load)
      assert.deepEqual([...statuses].toSorted(), [200, 503])
      // A write whose answer was lost may have been done.
      const { n } = rowOf(await at.ask({ ask: 'GET things/a' })) as { readonly n: number }
      assert.ok(n >= raised && n <= raised + 6 * 2, `${n} of ${raised}`)
    } finally {
      await at.close()
    }
  })

  const silent = async (
    answer: (server: Server) => void,
  ): Promise<{ readonly server: Server; readonly dsn: string }> => {
    const server = createServer()
    answer(server)
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return { server, dsn: `http://admin:hidden@127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  const wrong = [
    {
      name: 'refuses the user',
      status: 401,
      body: '{"error":"unauthorized","reason":"hidden"}',
      says: /refuses the user/,
    },
    { name: 'fails', status: 500, body: '{"error":"internal","reason":"hidden"}', says: /failed/ },
    { name: 'is no CouchDB', status: 200, body: '<html>hidden</html>', says: /no CouchDB/ },
    { name: 'sends elsewhere', status: 302, body: '', says: /./ },
  ]
  for (const { name, status, body, says } of wrong) {
    test(`one that ${name} is a 503 that tells nothing`, async () => {
      const { server, dsn } = await silent((made) =>
        made.on('request', (_, response) => response.writeHead(status, { location: 'http://hidden/' }).end(body)),
      )
      const at = await openService(couch, [], { dsn })
      try {
        const answer = await at.ask({ ask: 'GET things' })
        assert.equal(answer.status, 503)
        assert.match(JSON.stringify(answer.body), says)
        assert.doesNotMatch(JSON.stringify(answer.body), /hidden|127\.0/)
      } finally {
        await at.service.close()
        server.close()
      }
    })
  }

  test('one that stalls lets go of who leaves, and leaves no connection behind', async () => {
    const { server, dsn } = await silent((made) =>
      made.on('request', ({ url }, response) => {
        if (url?.endsWith('_all_dbs')) response.end(`["t${process.pid}_things"]`)
        else response.writeHead(200).write('{"docs":[')
      }),
    )
    const at = await openService(couch, [], { dsn, options: { prefix: `t${process.pid}_` } })
    try {
      const leaving = new AbortController()
      const reply = await at.service.handle(requestOf({ ask: 'GET things' }), leaving.signal)
      assert.equal(reply.body.kind, 'rows')
      if (reply.body.kind !== 'rows') return
      const value = reply.body.rows.value({ bytes: 1 << 20, rows: 10 }, leaving.signal)
      leaving.abort(new Error('The client has left.'))
      await assert.rejects(value, /client has left/)
      const connections = (): Promise<number> =>
        new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
      await at.service.close()
      await until('connections are closed', async () => (await connections()) === 0)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
