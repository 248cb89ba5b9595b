// Random filters, orders and pages on CouchDB give what an evaluation in memory gives, lists and foreign dates among the values too.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { conditionOf, satisfies } from '../../../connectors/document/condition.ts'
import { couchdb } from '../../support/couchdb.ts'
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

const couch = await couchdb()
after(() => couch.stop())

documentProperties(
  () => openService(couch, ['docs']),
  false,
  (id) => `k${id}`,
)

/** With lists and dates of other stores where values were. */
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
    { $date: '2024-01-02T00:00:00Z' },
    [[value]],
  ])
}

test('what narrows a read loses nothing', async () => {
  const random = randomOf(seed + 2)
  const docs = Array.from({ length: 60 }, (_, id): Doc => {
    const made = withLists(random, randomDocument(random, `k${id}`)) as Doc
    return { ...made, _id: `k${id}` }
  })
  const { ask, direct, close } = await openService(couch, ['docs'])
  try {
    await direct('POST', 'docs/_bulk_docs', { docs })
    for (let run = 0; run < runs; run += 1) {
      const filter = randomFilter(random, 3).replace(/'abc'/g, "'2024-01-02'")
      const { predicate, binds } = predicateOf(filter)
      const condition = conditionOf(predicate, binds)
      if (condition === null) continue
      const expected = docs.filter((doc) => satisfies(doc, condition)).map(({ _id }) => String(_id))
      const answer = await ask({ ask: 'GET docs?fields=_id', query: { filter } })
      assert.equal(answer.status, 200, `${filter}: ${JSON.stringify(answer.body)}`)
      const found = rowsOf(answer).map(({ _id }) => String(_id))
      assert.deepEqual(found.toSorted(), expected.toSorted(), `seed ${seed}, run ${run}: ${filter}`)
      const count = await ask({ ask: 'GET docs?count_only=true', query: { filter } })
      assert.equal(count.body, expected.length, `seed ${seed}, run ${run}: ${filter} counted`)
    }
  } finally {
    await close()
  }
})
