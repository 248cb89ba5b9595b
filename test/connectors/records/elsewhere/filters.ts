/** Conditions on fields of another service mean what they mean on fields of the own one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, type Rights, requestOf } from 'dataferry/conformance'
import type { Json } from 'dataferry/sdk'
import type { Shop } from './shop.ts'

/** REL is the relation; run over both services, and over the copies in one. */
const conditions: readonly (readonly [relation: string, condition: string])[] = [
  ['customer', "REL.country = 'DE'"],
  ['customer', "NOT (REL.country = 'DE')"],
  ['customer', "REL.country != 'DE'"],
  ['customer', "NOT (REL.country != 'DE')"],
  ['customer', 'REL.country IS NULL'],
  ['customer', 'REL.country IS NOT NULL'],
  ['customer', 'NOT (REL.country IS NULL)'],
  ['customer', "REL.country IN ('DE','FR')"],
  ['customer', "NOT (REL.country IN ('DE','FR'))"],
  ['customer', "REL.name LIKE '%b%'"],
  ['customer', 'REL.id BETWEEN 1 AND 2'],
  ['customer', "REL.name = 'nobody'"],
  ['customer', "NOT (REL.name = 'nobody')"],
  ['customer', "(REL.country = 'DE') OR (title = 'four')"],
  ['customer', "(REL.country = 'DE') AND (REL.name = 'bob')"],
  ['customer', "(title != 'one') AND (NOT (REL.country = 'FR'))"],
  ['place', "REL.title = 'north one'"],
  ['place', "NOT (REL.title = 'north one')"],
  ['place', 'REL.title IS NULL'],
  ['place', 'REL.no > 1'],
  ['tags', "REL.label = 'second'"],
  ['tags', "NOT (REL.label = 'second')"],
  ['tags', "REL.label != 'second'"],
  ['tags', 'REL.label IS NULL'],
  ['labels', "REL.label = 'blue'"],
  ['labels', "NOT (REL.label = 'blue')"],
  ['labels', 'REL.label IS NULL'],
  ['notes', "REL.body = 'n1'"],
  ['notes', "NOT (REL.body = 'n1')"],
  ['notes', 'REL.body IS NULL'],
  ['notes', "REL.body = 'n5'"],
  ['card', "REL.body = 'c1'"],
  ['card', 'NOT (REL.body IS NULL)'],
  ['customer', "parent_by_parent_id.REL.country = 'DE'"],
  ['customer', "NOT (parent_by_parent_id.REL.country = 'DE')"],
]

interface Asked {
  readonly name: string
  readonly ask: string
  readonly filter?: string
  readonly query?: { readonly [name: string]: Json }
  readonly as?: Rights
  readonly shows?: readonly Json[]
  readonly fails?: readonly [status: number, message: RegExp]
}

const cases: readonly Asked[] = [
  { name: 'its meaning', ask: 'GET orders', filter: "customer.country = 'DE'", shows: [1, 7] },
  {
    name: 'behind NOT, records without one too',
    ask: 'GET orders',
    filter: "NOT (customer.country = 'DE')",
    shows: [2, 3, 4, 5],
  },
  { name: 'a multi-column key', ask: 'GET orders', filter: "place.title = 'north one'", shows: [1] },
  { name: 'a number that is a text there', ask: 'GET orders', filter: "notes.body = 'n3'", shows: [2] },
  { name: 'a text that is no number as it is written', ask: 'GET orders', filter: "notes.body = 'n5'", shows: [] },
  { name: 'a junction there, by texts', ask: 'GET orders', filter: "labels.label = 'red'", shows: [1] },
  { name: 'a junction here', ask: 'GET orders', filter: "tags.label = 'second'", shows: [1, 2] },
  { name: 'there and back', ask: 'GET orders', filter: "customer.orders.title = 'seven'", shows: [1, 7] },
  {
    name: 'in the filter of a relation',
    ask: 'GET orders/1',
    query: { related: 'orders_by_parent_id', 'orders_by_parent_id.filter': "customer.country = 'FR'" },
    shows: [1],
  },
  {
    name: 'parameters',
    ask: 'GET orders',
    filter: 'customer.country = :c',
    query: { params: { ':c': 'FR' } },
    shows: [2],
  },
  {
    name: 'an order can not be followed there',
    ask: 'GET orders',
    query: { order: 'customer.name' },
    fails: [501, /ordered by 'customer\.name': relation 'customer' leads to another service/],
  },
  {
    name: 'a field that is not there',
    ask: 'GET orders',
    filter: 'customer.nothing = 1',
    fails: [400, /customer\.nothing/],
  },
  {
    name: 'a field of another record beside it',
    ask: 'GET orders',
    filter: 'customer.name = (lower(title))',
    fails: [400, /title/],
  },
  { name: 'a value that does not fit', ask: 'GET orders', filter: "customer.id = 'x'", fails: [400, /id/] },
  {
    name: 'a hidden field does not exist',
    ask: 'GET orders',
    filter: "customer.secret = 'a'",
    as: { orders: {}, customers: { hidden: ['secret'] } },
    fails: [400, /customer\.secret/],
  },
  {
    name: 'by a hidden key: there is no relation',
    ask: 'GET orders',
    filter: "customer.country = 'DE'",
    as: { orders: {}, customers: { hidden: ['id'] } },
    fails: [400, /customer\.country/],
  },
  {
    name: 'records that the role does not see do not count',
    ask: 'GET orders',
    filter: "customer.country IN ('DE','FR')",
    as: { orders: {}, customers: { filters: [{ name: 'country', operator: '=', value: 'FR' }] } },
    shows: [2],
  },
  {
    name: 'neither do links that it does not see',
    ask: 'GET orders',
    filter: "labels.label = 'blue'",
    as: { orders: {}, labels: {}, label_links: { filters: [{ name: 'ord', operator: '=', value: '2' }] } },
    shows: [2],
  },
  {
    name: 'a table that may not be read there',
    ask: 'GET orders',
    filter: "customer.country = 'DE'",
    as: { orders: {}, customers: { verbs: ['PATCH'] } },
    fails: [403, /component '_table\/customers' of service 'there'/],
  },
  {
    name: 'a junction that may not be read there',
    ask: 'GET orders',
    filter: "labels.label = 'red'",
    as: { orders: {}, labels: {} },
    fails: [403, /component '_table\/label_links' of service 'there'/],
  },
]

interface Listed {
  readonly resource?: readonly { readonly id: Json }[]
  readonly id?: Json
  readonly error?: { readonly message: string }
}

/** Registers the tests. */
export function filters(shop: () => Shop): void {
  const ids = async (filter: string): Promise<readonly Json[]> => {
    const { status, body } = await answerOf(
      shop().here,
      requestOf({ ask: 'GET orders', query: { filter, order: 'id' } }),
    )
    assert.equal(status, 200, `${filter}: ${JSON.stringify(body)}`)
    return ((body as Listed).resource ?? []).map(({ id }) => id)
  }
  for (const [relation, condition] of conditions) {
    test(condition.replaceAll('REL', relation), async () => {
      const across = await ids(condition.replaceAll('REL', relation))
      const beside = await ids(condition.replaceAll('REL', `${relation}_l`))
      assert.deepEqual(across, beside)
    })
  }
  for (const { name, ask, filter, query, as, shows, fails } of cases) {
    test(name, async () => {
      const asked = { ask, query: { ...(filter === undefined ? {} : { filter }), ...query }, ...(as ? { as } : {}) }
      const { status, body } = await answerOf(shop().here, requestOf(asked))
      const { resource, id, error } = body as Listed
      if (fails) {
        assert.equal(status, fails[0], JSON.stringify(body))
        assert.match(error?.message ?? '', fails[1])
      } else {
        assert.equal(status, 200, JSON.stringify(body))
        assert.deepEqual(resource ? resource.map((row) => row.id).sort() : [id], shows)
      }
    })
  }
  test('too many records there', async () => {
    for (let at = 0; at < 51; at += 1)
      await shop().thereSql(`insert into customers (name, country) values ('c${at}', 'IT')`)
    const { status, body } = await answerOf(
      shop().here,
      requestOf({ ask: 'GET orders', query: { filter: "customer.country = 'IT'" } }),
    )
    assert.equal(status, 400)
    assert.match((body as Listed).error?.message ?? '', /met by more than 50 records of another service\. Narrow it/)
    await shop().reset()
  })
  test('counted, updated and deleted by one', async () => {
    const filter = "customer.country = 'DE'"
    const count = await answerOf(shop().here, requestOf({ ask: 'GET orders', query: { filter, count_only: 'true' } }))
    assert.equal(count.body, 2)
    const patched = await answerOf(
      shop().here,
      requestOf({ ask: 'PATCH orders', query: { filter, fields: 'title' }, body: { resource: [{ title: 'new' }] } }),
    )
    assert.deepEqual(patched.body, { resource: [{ title: 'new' }, { title: 'new' }] })
    await answerOf(
      shop().here,
      requestOf({ ask: 'DELETE orders', query: { filter: "(customer.country = 'DE') AND (id = 7)" } }),
    )
    assert.deepEqual(await ids("title = 'new'"), [1])
    await shop().reset()
  })
}
