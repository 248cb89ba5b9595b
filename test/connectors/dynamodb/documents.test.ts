// DynamoDB through a service: composite keys, exact values, conditional writes among many writers, pages, and a server that goes away.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Json } from 'dataferry/sdk'
import { DynamoAdapter } from '../../../connectors/dynamodb/adapter.ts'
import { DynamoClient } from '../../../connectors/dynamodb/client.ts'
import { readDynamo } from '../../../connectors/dynamodb/config.ts'
import { dynamodb } from '../../support/dynamodb.ts'
import { until } from '../../support/until.ts'
import { openService, rowsOf, type TestService } from './service.ts'

const dynamo = await dynamodb()
after(() => dynamo.stop())

const bodyText = ({ body }: { readonly body: Json }): string => JSON.stringify(body)

describe('records with a composite key', () => {
  let at: TestService
  before(async () => {
    at = await openService(dynamo)
    const field = [
      { name: 'order', type: 'string', is_primary_key: true },
      { name: 'line', type: 'integer', is_primary_key: true },
    ]
    assert.equal((await at.ask({ ask: 'POST _schema', body: { resource: [{ name: 'lines', field }] } })).status, 200)
  })
  beforeEach(async () => {
    await at.ask({ ask: 'DELETE lines?force=true' })
    const resource = ['a', 'b'].flatMap((order) =>
      [1, 2, 3].map((line) => ({ order, line, name: `${order}${line}`, size: line })),
    )
    assert.equal((await at.ask({ ask: 'POST lines', body: { resource } })).status, 201)
  })
  after(() => at.close())

  const one = { order: 'a', line: 2 }
  const reads = [
    { name: 'a path', ask: 'GET lines/(a,2)?fields=name' },
    { name: 'a path with quotes', ask: "GET lines/('a',2)?fields=name" },
    { name: 'ids', ask: 'GET lines', body: { ids: [one] }, list: true },
    { name: 'ids as lists', ask: 'GET lines', body: { ids: [['a', 2]] }, list: true },
    { name: 'records', ask: 'GET lines', body: { resource: [one] }, list: true },
    { name: 'a filter', ask: 'GET lines', query: { filter: "order = 'a' AND line = 2" }, list: true },
  ]
  for (const { name, list, ...asked } of reads) {
    test(`are found by ${name}`, async () => {
      const answer = await at.ask(asked)
      assert.equal(answer.status, 200, bodyText(answer))
      const found = list ? rowsOf(answer)[0] : answer.body
      assert.partialDeepStrictEqual(found, { ...one, name: 'a2' })
    })
  }

  const writes = [
    { name: 'PATCH by a path', ask: 'PATCH lines/(a,2)', body: { size: 9 }, size: 9 },
    { name: 'PATCH of records', ask: 'PATCH lines', body: { resource: [{ ...one, size: 9 }] }, size: 9 },
    { name: 'PATCH by ids', ask: 'PATCH lines', body: { ids: [one], resource: [{ size: 9 }] }, size: 9 },
    {
      name: 'PATCH by a filter',
      ask: 'PATCH lines',
      query: { filter: "name = 'a2'" },
      body: { resource: [{ size: 9 }] },
      size: 9,
    },
    { name: 'PUT', ask: 'PUT lines/(a,2)', body: { size: 9 }, size: 9 },
    { name: 'an upsert', ask: 'POST lines?upsert=true', body: { resource: [{ ...one, size: 9 }] }, size: 9 },
    { name: 'an increment', ask: 'PATCH lines/(a,2)', body: { size: { $inc: 7 } }, size: 9 },
  ]
  for (const { name, size, ...asked } of writes) {
    test(`are written by ${name}`, async () => {
      const answer = await at.ask(asked)
      assert.equal(answer.status, asked.ask.startsWith('POST') ? 200 : 200, bodyText(answer))
      assert.partialDeepStrictEqual((await at.ask({ ask: 'GET lines/(a,2)' })).body, { ...one, size })
      assert.partialDeepStrictEqual((await at.ask({ ask: 'GET lines/(b,2)' })).body, { size: 2 })
    })
  }

  test('are deleted, and not made twice', async () => {
    const twice = await at.ask({ ask: 'POST lines', body: { resource: [one] } })
    assert.equal(twice.status, 400)
    assert.match(bodyText(twice), /Duplicate value for the fields 'order', 'line' together/)
    assert.equal((await at.ask({ ask: 'DELETE lines/(a,2)' })).status, 200)
    assert.equal((await at.ask({ ask: 'GET lines/(a,2)' })).status, 404)
    assert.equal((await at.ask({ ask: 'GET lines?count_only=true' })).body, 5)
  })

  test('need their whole key', async () => {
    const answer = await at.ask({ ask: 'POST lines', body: { resource: [{ order: 'c' }] } })
    assert.equal(answer.status, 400)
    assert.match(bodyText(answer), /Required id field\(s\) not found in record 0: line/)
  })

  test('are ordered within a partition by the store, forwards and backwards', async () => {
    const names = async (query: { readonly [name: string]: Json }): Promise<readonly Json[]> =>
      rowsOf(await at.ask({ ask: 'GET lines', query })).map((row) => row.name ?? null)
    assert.deepEqual(await names({ filter: "order = 'a'", order: 'line desc', limit: 2 }), ['a3', 'a2'])
    assert.deepEqual(await names({ filter: "order = 'b' AND line > 1 AND line <= 3", order: 'line' }), ['b2', 'b3'])
    assert.deepEqual(await names({ order: 'line desc,order' }), ['a3', 'b3', 'a2', 'b2', 'a1', 'b1'])
  })

  test('are described with their keys', async () => {
    const { body } = await at.ask({ ask: 'GET _schema/lines' })
    const { field, primary_key } = body as { field: { name: string; db_type: string }[]; primary_key: string[] }
    assert.deepEqual(primary_key, ['order', 'line'])
    assert.deepEqual(
      field.map(({ name, db_type }) => [name, db_type]),
      [
        ['order', 'S'],
        ['line', 'N'],
      ],
    )
  })

  test('a token of a page is good for its list alone', async () => {
    const first = await at.ask({ ask: 'GET lines', query: { cursor: '*', limit: 2 } })
    const { meta } = first.body as { readonly meta: { readonly next_cursor: string } }
    const other = await at.ask({
      ask: 'GET lines',
      query: { cursor: meta.next_cursor, limit: 2, filter: "order = 'a'" },
    })
    assert.equal(other.status, 400)
    const forged = await at.ask({ ask: 'GET lines', query: { cursor: `${meta.next_cursor.slice(0, -2)}xx`, limit: 2 } })
    assert.equal(forged.status, 400)
  })
})

describe('documents', () => {
  let at: TestService
  before(async () => {
    at = await openService(dynamo, ['things'])
  })
  beforeEach(() => at.ask({ ask: 'DELETE things?force=true' }))
  after(() => at.close())
  const make = async (...resource: Json[]): Promise<void> => {
    const answer = await at.ask({ ask: 'POST things', body: { resource } })
    assert.equal(answer.status, 201, bodyText(answer))
  }
  const item = async (id: string) => (await at.db.getItem({ TableName: 'things', Key: { _id: { S: id } } })).Item

  test('keep their types and digits', async () => {
    const digits = '1234567890123456789012345678.0123456789'
    await at.db.putItem({
      TableName: 'things',
      Item: {
        _id: { S: 'a' },
        long: { N: digits },
        whole: { N: '9007199254740993' },
        bytes: { B: Buffer.from('abc') },
        set: { SS: ['x', 'y'] },
        numbers: { NS: ['1', '2.5'] },
        deep: { M: { list: { L: [{ NULL: true }, { BOOL: false }, { N: '0.1' }] } } },
        size: { S: 'a reserved word' },
      },
    })
    const { body } = await at.ask({ ask: 'GET things/a' })
    assert.deepEqual(body, {
      _id: 'a',
      long: { digits },
      whole: { digits: '9007199254740993' },
      bytes: 'YWJj',
      set: ['x', 'y'],
      numbers: [1, 2.5],
      deep: { list: [null, false, 0.1] },
      size: 'a reserved word',
    })
    await at.ask({
      ask: 'PATCH things/a',
      body: { set: ['y', 'z'], size: 'other', long: { $inc: 1 }, b: { $binary: 'eA==' } },
    })
    const stored = await item('a')
    assert.deepEqual(stored?.set?.SS?.toSorted(), ['y', 'z'])
    assert.equal(stored?.long?.N, '1234567890123456789012345679.0123456789')
    assert.equal(Buffer.from(stored?.b?.B ?? []).toString(), 'x')
    assert.equal(
      rowsOf(await at.ask({ ask: 'GET things', query: { filter: "size = 'other' AND set = 'z'" } })).length,
      1,
    )
  })

  const digits = '1234567890123456789012345678.0123456789'
  const decimals = [
    { filter: `n = ${digits}`, ids: ['long'] },
    { filter: `n = '${digits}'`, ids: ['text'] },
    { filter: `n != ${digits}`, ids: ['less', 'near', 'text'] },
    { filter: `n IN (1, ${digits})`, ids: ['long'] },
    { filter: `n > ${digits.replace(/9$/, '8')}`, ids: ['long'] },
    { filter: `n <= ${digits}`, ids: ['less', 'long', 'near'] },
    { filter: `n BETWEEN 3 AND ${digits}`, ids: ['less', 'long'] },
    { filter: 'n = 0.30000000000000004', ids: ['near'] },
    { filter: 'n < 0.300000000000000040001', ids: ['near'] },
    { filter: 'deep.list = 0.12345678901234567890123', ids: ['less'] },
  ]
  test('are found by numbers of all their digits', async () => {
    const put = (id: string, n: AttributeValue, deep: AttributeValue = { NULL: true }) =>
      at.db.putItem({ TableName: 'things', Item: { _id: { S: id }, n, deep } })
    await put('long', { N: digits })
    await put('less', { N: digits.replace(/9$/, '8') }, { M: { list: { L: [{ N: '0.12345678901234567890123' }] } } })
    await put('near', { N: '0.30000000000000004' })
    await put('text', { S: digits })
    for (const { filter, ids } of decimals) {
      const found = rowsOf(await at.ask({ ask: 'GET things', query: { filter, fields: '_id' } }))
      assert.deepEqual(found.map(({ _id }) => _id).toSorted(), ids, filter)
    }
  })

  test('change at most 100 fields at once that other writers may not touch in between', async () => {
    const fieldsOf = (count: number, value: number): { [name: string]: Json } =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, value]))
    const both = (count: number, value: number) => ({
      resource: ['wide', 'wider'].map((_id) => ({ _id, ...fieldsOf(count, value) })),
    })
    assert.equal((await at.ask({ ask: 'POST things', body: both(101, 1) })).status, 201)
    const write = (query: string, count: number) => at.ask({ ask: `PATCH things?${query}`, body: both(count, 2) })
    const refused = await write('rollback=true', 101)
    assert.equal(refused.status, 400)
    assert.match(bodyText(refused), /depends on 101 fields/)
    assert.deepEqual((await item('wide'))?.f0, { N: '1' })
    assert.equal((await write('rollback=true', 100)).status, 200)
    assert.equal((await write('', 101)).status, 200)
    assert.deepEqual((await item('wider'))?.f100, { N: '2' })
  })

  test('hold numbers of 38 digits and no more', async () => {
    const answer = await at.ask({ ask: 'POST things', body: { resource: [{ _id: 'a', n: 1e200 }] } })
    assert.equal(answer.status, 400)
    assert.match(bodyText(answer), /has more digits than a document can hold/)
  })

  test('are made by one writer only', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, by) => at.ask({ ask: 'POST things', body: { resource: [{ _id: 'one', by }] } })),
    )
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, ...Array(11).fill(400)])
  })

  test('lose no write of many writers', async () => {
    await make({ _id: 'a', n: 0, deep: { n: 0 }, team: 'x' })
    const writes = Array.from({ length: 10 }, (_, by) => [
      at.ask({ ask: 'PATCH things/a', body: { n: { $inc: 1 } } }),
      at.ask({ ask: 'PATCH things/a', body: { 'deep.n': { $inc: 1 } } }),
      at.ask({ ask: 'PATCH things/a', body: { [`f${by}`]: by } }),
    ])
    for (const { status, body } of await Promise.all(writes.flat())) assert.equal(status, 200, JSON.stringify(body))
    const { body } = await at.ask({ ask: 'GET things/a' })
    assert.partialDeepStrictEqual(body, { n: 10, deep: { n: 10 } })
    assert.equal(Object.keys(body as object).filter((name) => name.startsWith('f')).length, 10)
  })

  test('are taken by one of many who ask for a state', async () => {
    await make({ _id: 'a', state: 'free' })
    const client = new DynamoClient(() => readDynamo(dynamo.config), 0)
    const adapter = new DynamoAdapter(client, false)
    const free = { kind: 'in', path: 'state', values: ['free'], holds: true } as const
    const taken = await Promise.all(
      Array.from({ length: 8 }, (_, by) =>
        adapter.update('things', free, { set: [['state', `of ${by}`]], raise: [] }, null),
      ),
    )
    await adapter.close()
    assert.deepEqual(taken.toSorted(), [0, 0, 0, 0, 0, 0, 0, 1])
  })

  test('are what they were when a request is undone', async () => {
    await make({ _id: 'a', n: 1, list: [{ x: 1 }] }, { _id: 'b', n: 1 })
    for (const asked of [
      {
        ask: 'PATCH things?rollback=true',
        body: {
          resource: [
            { _id: 'a', n: 2, list: [] },
            { _id: 'none', n: 2 },
          ],
        },
      },
      {
        ask: 'PUT things?rollback=true',
        body: {
          resource: [
            { _id: 'a', n: 2 },
            { _id: 'none', n: 2 },
          ],
        },
      },
      { ask: 'DELETE things?ids=a,b,none&rollback=true' },
    ]) {
      assert.equal((await at.ask(asked)).status, 400)
      assert.deepEqual((await at.ask({ ask: 'GET things?order=_id' })).body, {
        resource: [
          { _id: 'a', n: 1, list: [{ x: 1 }] },
          { _id: 'b', n: 1 },
        ],
      })
    }
  })

  test('more than a transaction holds are all or nothing too', async () => {
    const records = Array.from({ length: 130 }, (_, n) => ({ _id: `k${n}`, n }))
    assert.equal((await at.ask({ ask: 'POST things?rollback=true', body: { resource: records } })).status, 201)
    const twice = [...records.slice(0, 120).map((each) => ({ ...each, _id: `new${each.n}` })), { _id: 'k1' }]
    assert.equal((await at.ask({ ask: 'POST things?rollback=true', body: { resource: twice } })).status, 400)
    assert.equal((await at.ask({ ask: 'GET things?count_only=true' })).body, 130)
    const many = records.map(({ _id }) => _id).join(',')
    assert.equal(rowsOf(await at.ask({ ask: 'GET things', query: { ids: many } })).length, 130)
  })

  test('a filter of another store is refused', async () => {
    assert.equal((await at.ask({ ask: 'GET things', query: { filter: '{"n":1}' } })).status, 501)
  })
})

describe('row filters', () => {
  let at: TestService
  const right = (value: string, operator = '=') => ({ docs: { filters: [{ name: 'team', operator, value }] } })
  const all = [
    { _id: '1', team: 'a', note: 'open' },
    { _id: '2', team: 'a', note: 'open' },
    { _id: '3', team: 'b', note: 'TOPSECRET' },
    { _id: '4', note: 'TOPSECRET' },
    { _id: '5', team: ['b'], note: 'TOPSECRET' },
    { _id: '6', team: { a: 'a' }, note: 'TOPSECRET' },
    { _id: '7', team: { $stringSet: ['b', 'c'] }, note: 'TOPSECRET' },
  ]
  before(async () => {
    at = await openService(dynamo, ['docs'])
    assert.equal((await at.ask({ ask: 'POST docs', body: { resource: all } })).status, 201)
  })
  after(() => at.close())

  const keys = [
    "_id = '3'",
    "_id IN ('1','3','4','5','6','7')",
    "_id > ''",
    "_id != '1'",
    "_id LIKE '%'",
    "_id BETWEEN '1' AND '9'",
  ]
  const others = [
    "team = 'b'",
    'team IS NULL',
    'team IS NOT NULL',
    "team != 'a'",
    "NOT (team = 'a')",
    "note LIKE '%SECRET%'",
    "note = 'TOPSECRET'",
    "team.a = 'a'",
    "team.0 = 'b'",
    "note = (coalesce(note, 'x'))",
    "lower(note) = 'topsecret'",
    'attribute_exists(team)',
    "x' OR '1'='1",
    '#n0 = 1',
    ':v0 = 1',
    "note > ''",
    '{"team":"b"}',
    "team = 'a' OR team = 'b'",
    ') OR (1 = 1',
  ]
  const filters = [
    ...[...keys, ...others],
    ...keys
      .slice(1, 4)
      .flatMap((key) => others.flatMap((other) => [`(${key}) OR (${other})`, `NOT ((${key}) AND (${other}))`])),
  ]

  test('hold whatever is asked', async () => {
    const was = JSON.stringify((await at.ask({ ask: 'GET docs?ids=3,4,5,6,7' })).body)
    let attacks = 0
    for (const as of [right("'a'"), right("('a','zz')", 'IN')]) {
      for (const filter of filters) {
        const seen = await at.ask({ ask: 'GET docs', query: { filter }, as })
        assert.ok(seen.status < 500 || seen.status === 501, `${filter}: ${bodyText(seen)}`)
        if (seen.status === 200) assert.doesNotMatch(bodyText(seen), /TOPSECRET/, filter)
        const page = await at.ask({ ask: 'GET docs', query: { filter, cursor: '*', limit: 3 }, as })
        if (page.status === 200) assert.doesNotMatch(bodyText(page), /TOPSECRET/, filter)
        attacks += 2
      }
      for (const filter of [...keys, ...others]) {
        for (const ask of ['PATCH docs', 'PUT docs', 'DELETE docs']) {
          const query = ask.startsWith('DELETE') ? { filter: `(${filter}) AND (note != 'open')` } : { filter }
          await at.ask({
            ask,
            query,
            as,
            ...(ask.startsWith('DELETE') ? {} : { body: { resource: [{ team: 'a', note: 'open' }] } }),
          })
          attacks += 1
        }
      }
      for (const id of ['3', '4', '5', '6', '7']) {
        const answers = [
          await at.ask({ ask: `GET docs/${id}`, as }),
          await at.ask({ ask: `PATCH docs/${id}`, body: { team: 'a' }, as }),
          await at.ask({ ask: `PUT docs/${id}`, body: { team: 'a' }, as }),
          await at.ask({ ask: `DELETE docs/${id}`, as }),
          await at.ask({ ask: 'POST docs?upsert=true', body: { resource: [{ _id: id, team: 'a' }] }, as }),
        ]
        for (const answer of answers) assert.ok(answer.status === 404 || answer.status === 400, bodyText(answer))
        attacks += answers.length
      }
      assert.equal(JSON.stringify((await at.ask({ ask: 'GET docs?ids=3,4,5,6,7' })).body), was)
    }
    assert.ok(attacks > 500, String(attacks))
  })
})

describe('a server that is away', () => {
  test('is a 503 that tells nothing, and is found again under load', async (t) => {
    const { kill, start } = dynamo
    if (kill === null || start === null) return t.skip('the given server stays as it is')
    const at = await openService(dynamo, ['things'])
    try {
      const answers: Awaited<ReturnType<typeof at.ask>>[] = []
      let going = true
      const writer = async (by: number): Promise<readonly string[]> => {
        const made: string[] = []
        for (let n = 0; going; n += 1) {
          const _id = `${by}-${n}`
          const answer = await at.ask({ ask: 'POST things', body: { resource: [{ _id, n }] } })
          answers.push(answer)
          if (answer.status === 201) made.push(_id)
        }
        return made
      }
      const writers = [0, 1, 2, 3].map(writer)
      await until('something is written', () => answers.some(({ status }) => status === 201))
      await kill()
      await until('somebody is told', () => answers.some(({ status }) => status === 503))
      await start()
      const before = answers.length
      await until('the service finds the server again', () =>
        answers.slice(before).some(({ status }) => status === 201),
      )
      going = false
      const made = (await Promise.all(writers)).flat()
      for (const answer of answers) {
        assert.ok([201, 400, 503].includes(answer.status), bodyText(answer))
        assert.doesNotMatch(bodyText(answer), /127\.0\.0\.1|AKIATEST|secret\+of/)
      }
      const found = rowsOf(await at.ask({ ask: 'GET things', query: { ids: made.slice(-50).join(','), fields: '' } }))
      assert.equal(found.length, Math.min(50, made.length))
    } finally {
      await at.close()
    }
  })

  test('keys that the server refuses are not told', async () => {
    const at = await openService(dynamo, [], { endpoint: 'http://127.0.0.1:9', secret: 'a-very-secret-key' })
    try {
      const answer = await at.ask({ ask: 'GET things' })
      assert.equal(answer.status, 503)
      assert.doesNotMatch(bodyText(answer), /127\.0\.0\.1|AKIATEST|very-secret/)
    } finally {
      await at.service.close()
      at.db.destroy()
    }
  })
})
