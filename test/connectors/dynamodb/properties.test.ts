// Random filters, orders and pages on DynamoDB give what an evaluation in memory gives, with lists and sets among the values, over tables
// with a simple key and with a composite one.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { conditionOf, satisfies } from '../../../connectors/document/condition.ts'
import { toItem, toMembers } from '../../../connectors/dynamodb/values.ts'
import { dynamodb } from '../../support/dynamodb.ts'
import {
  type Doc,
  documentProperties,
  pick,
  predicateOf,
  type Random,
  randomDocument,
  randomFilter,
  randomOf,
  runs,
  seed,
} from '../document/properties.ts'
import { openService, rowsOf } from './service.ts'

/** The server is slow: few where nobody says how many. */
const requests = process.env.TEST_PROPERTY_RUNS ? runs : 25

const dynamo = await dynamodb()
after(() => dynamo.stop())

documentProperties(
  () => openService(dynamo, ['docs']),
  false,
  (id) => `k${String(id).padStart(3, '0')}`,
  requests,
)

/** With lists, sets and bytes where values were. */
function withLists(random: Random, value: Json): Json {
  if (value !== null && typeof value === 'object' && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withLists(random, member as Json)]))
  if (random() < 0.6) return value
  return pick<Json>(random, [
    [value],
    [value, 1, 'a'],
    [],
    [{ x: value, y: { z: value } }],
    [{ x: [value] }, null],
    { $stringSet: ['a', 'ab'] },
    { $numberSet: [1, 2.5] },
    { $binary: 'YWJj' },
    [[value]],
  ])
}

/** A condition on the key of the partition, or of the order in it. */
function keyFilter(random: Random): string {
  const op = pick(random, ['=', '<', '<=', '>', '>=', '!='])
  return pick(random, [
    `p = 'p${Math.floor(random() * 4)}'`,
    "p IN ('p1','p2')",
    `r ${op} ${Math.floor(random() * 20)}`,
    'r BETWEEN 3 AND 9',
  ])
}

test('what narrows a read loses nothing', async () => {
  const random = randomOf(seed + 2)
  const { ask, close } = await openService(dynamo)
  try {
    const field = [
      { name: 'p', type: 'string', is_primary_key: true },
      { name: 'r', type: 'integer', is_primary_key: true },
    ]
    assert.equal((await ask({ ask: 'POST _schema', body: { resource: [{ name: 'docs', field }] } })).status, 200)
    const sent = Array.from({ length: 60 }, (_, at): Doc => {
      const { _id, ...members } = withLists(random, randomDocument(random, 'x')) as Doc
      return { ...members, p: `p${at % 4}`, r: Math.floor(at / 4) }
    })
    const made = await ask({ ask: 'POST docs', body: { resource: sent } })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const docs = sent.map((doc) => toMembers(toItem(doc)))
    for (let run = 0; run < requests; run += 1) {
      const some = randomFilter(random, 3)
      const filter = pick(random, [
        some,
        `(${keyFilter(random)}) AND (${some})`,
        `(${keyFilter(random)}) AND (${keyFilter(random)}) AND (${some})`,
        `(${keyFilter(random)}) OR (${some})`,
      ])
      const { predicate, binds } = predicateOf(filter)
      const condition = conditionOf(predicate, binds)
      if (condition === null) continue
      const name = ({ p, r }: Doc): string => `${p} ${r}`
      const expected = docs.filter((doc) => satisfies(doc, condition)).map(name)
      const told = `seed ${seed}, run ${run}: ${filter}`
      const answer = await ask({ ask: 'GET docs?fields=', query: { filter } })
      assert.equal(answer.status, 200, `${told}: ${JSON.stringify(answer.body)}`)
      assert.deepEqual(rowsOf(answer).map(name).toSorted(), expected.toSorted(), told)
      const count = await ask({ ask: 'GET docs?count_only=true', query: { filter } })
      assert.equal(count.body, expected.length, `${told} counted`)
      // Pages in the order of the store meet the same.
      const met: string[] = []
      for (let cursor = '*'; cursor !== ''; ) {
        const page = await ask({ ask: 'GET docs?fields=', query: { filter, cursor, limit: 7 } })
        assert.equal(page.status, 200, `${told}: ${JSON.stringify(page.body)}`)
        met.push(...rowsOf(page).map(name))
        cursor = (page.body as { readonly meta?: { readonly next_cursor?: string } }).meta?.next_cursor ?? ''
      }
      assert.deepEqual(met.toSorted(), expected.toSorted(), `${told} by pages`)
    }
  } finally {
    await close()
  }
})
