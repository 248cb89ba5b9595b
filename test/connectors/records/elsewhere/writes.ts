/** Records that are written along in another service: what they become, under which rights, and that a fault leaves nothing behind. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, type Rights, requestOf } from 'dataferry/conformance'
import type { Json } from 'dataferry/sdk'
import type { Shop } from './shop.ts'

type Members = { readonly [name: string]: Json }

/** What a table holds afterwards: `there/customers?fields=...&filter=...`, and its records. */
type Holds = readonly [table: string, records: readonly Json[]]

interface Written {
  readonly name: string
  readonly ask: string
  readonly query?: { readonly [name: string]: string }
  readonly body?: Json
  readonly as?: Rights
  readonly answers?: Members
  /** Fields that are different each time. */
  readonly answersBut?: readonly string[]
  readonly fails?: readonly [status: number, message: RegExp]
  readonly holds: readonly Holds[]
}

const customers = 'there/customers?fields=name,country&order=name'
const seeded: readonly Members[] = [
  { name: 'ann', country: 'DE' },
  { name: 'bob', country: 'FR' },
  { name: 'cy', country: null },
]
const notes = 'there/notes?fields=order_no,body&order=body&filter=body is not null'
const seededNotes: readonly Members[] = [
  { order_no: '1', body: 'n1' },
  { order_no: '2', body: 'n3' },
  { order_no: null, body: 'n4' },
  { order_no: '07', body: 'n5' },
]
const orders = "here/orders?fields=title&order=title&filter=title like '%new%'"
const dora = { name: 'dora', country: 'IT' }
const every: Rights = {
  orders: {},
  order_tags: {},
  customers: {},
  tags: {},
  notes: {},
  labels: {},
  label_links: {},
  cards: {},
}
const without = (table: string, ...verbs: readonly ('GET' | 'POST' | 'PATCH' | 'DELETE')[]): Rights => ({
  ...every,
  [table]: {
    verbs: (['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const).filter((each) => !verbs.some((verb) => verb === each)),
  },
})

const cases: readonly Written[] = [
  {
    name: 'belongs_to: created there, and referred to',
    ask: 'POST orders',
    query: { fields: 'title', related: 'customer', 'customer.fields': 'name' },
    body: { resource: [{ title: 'new', customer: dora }] },
    answers: { title: 'new', customer: { name: 'dora' } },
    answersBut: ['customer_id'],
    holds: [[customers, [...seeded.slice(0, 3), dora]]],
  },
  {
    name: 'belongs_to: updated there',
    ask: 'PATCH orders/4',
    body: { customer: { id: 2, country: 'ES' } },
    query: { fields: 'id,customer_id' },
    answers: { id: 4, customer_id: 2 },
    holds: [[customers, [seeded[0] ?? {}, { name: 'bob', country: 'ES' }, seeded[2] ?? {}]]],
  },
  {
    name: 'belongs_to: only referred to',
    ask: 'PATCH orders/4',
    body: { customer: { id: 3 } },
    query: { fields: 'id,customer_id' },
    answers: { id: 4, customer_id: 3 },
    holds: [[customers, seeded]],
  },
  {
    name: 'belongs_to by several columns',
    ask: 'PATCH orders/4',
    body: { place: { area: 'w', no: 3.5, title: 'west' } },
    query: { fields: 'area,no', related: 'place', 'place.fields': 'title' },
    answers: { area: 'w', no: 3.5, place: { title: 'west' } },
    holds: [],
  },
  {
    name: 'has_many: created, adopted, updated and disowned, by numbers that are texts there',
    ask: 'PATCH orders/1',
    body: { notes: [{ body: 'made' }, { id: 4 }, { id: 3, body: 'moved' }, { id: 1, order_no: null }] },
    query: { fields: 'id' },
    answers: { id: 1 },
    holds: [
      [
        notes,
        [
          { order_no: '1', body: 'made' },
          { order_no: '1', body: 'moved' },
          { order_no: null, body: 'n1' },
          { order_no: '1', body: 'n4' },
          { order_no: '07', body: 'n5' },
        ],
      ],
    ],
  },
  {
    name: 'has_one: one that must have a parent is deleted',
    ask: 'PATCH orders/1',
    query: { allow_related_delete: 'true' },
    body: { card: null },
    holds: [['there/cards?fields=order_id,body', [{ order_id: 3, body: null }]]],
  },
  {
    name: 'has_one: or kept where that is not allowed',
    ask: 'PATCH orders/1',
    body: { title: 'new', card: null },
    fails: [400, /Field 'order_id' can not be NULL/],
    holds: [
      ['there/cards?fields=order_id&order=order_id', [{ order_id: 1 }, { order_id: 3 }]],
      [orders, []],
    ],
  },
  {
    name: 'many_many by a junction here: made and joined, joined, parted',
    ask: 'PATCH orders/1',
    body: { tags: [{ code: 'n', label: 'made' }, { code: 'c' }, { code: 'a', 'orders.id': null }] },
    holds: [
      [
        'here/order_tags?fields=tag_code&filter=order_id = 1&order=tag_code',
        [{ tag_code: 'b' }, { tag_code: 'c' }, { tag_code: 'n' }],
      ],
      ["there/tags?fields=label&filter=code = 'n'", [{ label: 'made' }]],
    ],
  },
  {
    name: 'many_many by a junction there',
    ask: 'PATCH orders/2',
    body: { labels: [{ label: 'made' }, { id: 1 }, { id: 2, 'orders.id': null }] },
    query: { fields: 'id', related: 'labels', 'labels.fields': 'label', 'labels.order': 'label' },
    answers: { id: 2, labels: [{ label: 'made' }, { label: 'red' }] },
    holds: [["there/label_links?filter=ord = '2'&fields=ord", [{ ord: '2' }, { ord: '2' }]]],
  },
  {
    name: 'there and back again',
    ask: 'POST orders',
    query: { fields: 'title' },
    body: {
      resource: [
        { title: 'new', customer: { name: 'dora', country: 'IT', orders: [{ title: 'new too' }, { id: 4 }] } },
      ],
    },
    answers: { title: 'new' },
    holds: [
      [orders, [{ title: 'new' }, { title: 'new too' }]],
      [
        "here/orders?fields=title&order=title&filter=customer.name = 'dora'",
        [{ title: 'four' }, { title: 'new' }, { title: 'new too' }],
      ],
    ],
  },
  {
    name: 'from there',
    ask: 'there PATCH customers/2',
    body: { orders: [{ title: 'new' }, { id: 5 }] },
    holds: [
      [
        'here/orders?fields=title&order=title&filter=customer_id = 2',
        [{ title: 'five' }, { title: 'new' }, { title: 'two' }],
      ],
    ],
  },
  {
    name: 'for each record that a filter meets',
    ask: 'PATCH orders',
    query: { filter: 'id <= 2' },
    body: { resource: [{ notes: [{ body: 'each' }] }] },
    holds: [
      ["there/notes?fields=order_no&order=order_no&filter=body = 'each'", [{ order_no: '1' }, { order_no: '2' }]],
    ],
  },
  {
    name: 'upserted with what they bring',
    ask: 'PUT orders/50',
    query: { upsert: 'true', fields: 'id' },
    body: { title: 'new', notes: [{ body: 'up' }] },
    answers: { id: 50 },
    holds: [["there/notes?fields=order_no&filter=body = 'up'", [{ order_no: '50' }]]],
  },
  // ---- faults
  {
    name: 'a fault there leaves nothing here',
    ask: 'POST orders',
    body: { resource: [{ title: 'new', notes: [{ body: 'n' }, { id: 77, body: 'x' }] }] },
    fails: [400, /Failed to update many to one assignment\.\\nRecord with identifier '77' not found/],
    holds: [
      [orders, []],
      [notes, seededNotes],
    ],
  },
  {
    name: 'a fault here leaves nothing there',
    ask: 'POST orders',
    body: { resource: [{ title: 'new', parent_id: 999, customer: dora }] },
    fails: [400, /./],
    holds: [
      [orders, []],
      [customers, seeded],
    ],
  },
  {
    name: 'continue: each record by itself, in both',
    ask: 'POST orders',
    query: { continue: 'true' },
    body: {
      resource: [
        { title: 'new a', customer: { name: 'a' }, notes: [{ body: 'of a' }] },
        { title: 'new b', customer: { name: 'b' }, notes: [{ body: 'of b' }, { id: 77, body: 'x' }] },
        { title: 'new c', customer: { name: 'c' }, notes: [{ body: 'of c' }] },
      ],
    },
    fails: [400, /Batch Error/],
    holds: [
      [orders, [{ title: 'new a' }, { title: 'new c' }]],
      ["there/customers?fields=name&order=name&filter=name in ('a','b','c')", [{ name: 'a' }, { name: 'c' }]],
      ["there/notes?fields=body&order=body&filter=body like 'of%'", [{ body: 'of a' }, { body: 'of c' }]],
    ],
  },
  {
    name: 'rollback: nothing of any',
    ask: 'POST orders',
    query: { rollback: 'true' },
    body: {
      resource: [
        { title: 'new a', customer: { name: 'a' } },
        { title: 'new b', notes: [{ id: 77, body: 'x' }] },
      ],
    },
    fails: [400, /./],
    holds: [
      [orders, []],
      [customers, seeded],
    ],
  },
  {
    name: 'a key that can be none there',
    ask: 'PATCH orders/1',
    body: { title: 'new', place: { area: 'n', no: 'x' } },
    fails: [400, /no/],
    holds: [[orders, []]],
  },
  // ---- rights
  {
    name: 'without the right to create there',
    ask: 'POST orders',
    body: { resource: [{ title: 'new', customer: dora }] },
    as: without('customers', 'POST'),
    fails: [400, /POST access to component '_table\/customers' of service 'there' is not allowed/],
    holds: [
      [orders, []],
      [customers, seeded],
    ],
  },
  {
    name: 'without the right to update there',
    ask: 'PATCH orders/1',
    body: { title: 'new', notes: [{ id: 3, body: 'x' }] },
    as: without('notes', 'PATCH'),
    fails: [400, /PATCH access to component '_table\/notes' of service 'there' is not allowed/],
    holds: [
      [orders, []],
      [notes, seededNotes],
    ],
  },
  {
    name: 'without any right there',
    ask: 'POST orders',
    body: { resource: [{ title: 'new', customer: dora }] },
    as: { orders: {} },
    fails: [400, /"code":403.*component '_table\/customers' of service 'there' is not allowed/],
    holds: [
      [orders, []],
      [customers, seeded],
    ],
  },
  {
    name: 'a record that the role does not see there can not be adopted',
    ask: 'PATCH orders/1',
    body: { title: 'new', notes: [{ id: 3, body: 'x' }] },
    as: { ...every, notes: { filters: [{ name: 'body', operator: '!=', value: 'n3' }] } },
    fails: [400, /Record with identifier '3' not found/],
    holds: [
      [orders, []],
      [notes, seededNotes],
    ],
  },
  {
    name: 'what is written must be within the row filter there',
    ask: 'POST orders',
    body: { resource: [{ title: 'new', customer: dora }] },
    as: { ...every, customers: { filters: [{ name: 'country', operator: '=', value: 'DE' }] } },
    fails: [400, /Denied access to some of the requested fields/],
    holds: [
      [orders, []],
      [customers, seeded],
    ],
  },
  {
    name: 'a hidden field there is not written',
    ask: 'PATCH orders/1',
    body: { customer: { id: 1, country: 'AT', secret: 'told' } },
    as: { ...every, customers: { hidden: ['secret'] } },
    holds: [['there/customers/1?fields=country,secret', [{ country: 'AT', secret: 'a' }]]],
  },
  {
    name: 'a foreign key that is read-only there',
    ask: 'PATCH orders/1',
    body: { title: 'new', notes: [{ id: 3, body: 'x' }] },
    as: { ...every, notes: { readOnly: ['order_no'] } },
    fails: [400, /Record with identifier '3' not found/],
    holds: [
      [orders, []],
      [notes, seededNotes],
    ],
  },
  {
    name: 'by a hidden key there: there is no relation',
    ask: 'PATCH orders/1',
    body: { notes: [{ body: 'x' }] },
    as: { ...every, notes: { hidden: ['order_no'] } },
    holds: [[notes, seededNotes]],
  },
]

interface Listed {
  readonly resource?: readonly Members[]
  readonly error?: { readonly message: string }
}

/** Registers the tests. */
export function writes(shop: () => Shop, engine: string): void {
  const held = async (from: string): Promise<Json> => {
    const [, service = '', path = '', options = ''] = /^(here|there)\/([^?]*)\??(.*)$/.exec(from) ?? []
    const { status, body } = await answerOf(
      service === 'here' ? shop().here : shop().there,
      requestOf({ ask: `GET ${path}?${options}` }),
    )
    assert.equal(status, 200, `${from}: ${JSON.stringify(body)}`)
    return (body as Listed).resource ?? [body]
  }
  for (const { name, ask, query, body, as, answers, answersBut = [], fails, holds } of cases) {
    test(name, async () => {
      await shop().reset()
      const from = ask.startsWith('there ') ? shop().there : shop().here
      const asked = {
        ask: ask.replace('there ', ''),
        ...(query ? { query } : {}),
        ...(body === undefined ? {} : { body }),
        ...(as ? { as } : {}),
      }
      const answer = await answerOf(from, requestOf(asked))
      if (fails) {
        assert.equal(answer.status, fails[0], JSON.stringify(answer.body))
        assert.match(JSON.stringify(answer.body), fails[1])
      } else assert.ok(answer.status < 300, JSON.stringify(answer.body))
      if (answers !== undefined) {
        const { resource } = answer.body as Listed
        const shown = { ...(resource ? resource[0] : (answer.body as Members)) } as { [name: string]: Json }
        for (const field of answersBut) delete shown[field]
        assert.deepEqual(shown, answers)
      }
      for (const [table, records] of holds) assert.deepEqual(await held(table), records, table)
    })
  }

  test('a commit that fails here undoes what was committed there', async () => {
    await shop().reset()
    shop().commits.fail = true
    const work = {
      customer: { id: 2, country: 'ES', secret: 'new' },
      notes: [{ body: 'made' }, { id: 3, body: 'moved' }],
      labels: [{ label: 'made' }, { id: 2, 'orders.id': null }],
    }
    const asked = requestOf({ ask: 'PATCH orders/1', body: { title: 'new', ...work } })
    await assert.rejects(answerOf(shop().here, asked), /The commit failed/)
    shop().commits.fail = false
    assert.deepEqual(await held(orders), [])
    assert.deepEqual(await held(customers), seeded)
    assert.deepEqual(await held(notes), seededNotes)
    assert.deepEqual(await held("there/labels?fields=id&filter=label = 'made'"), [])
    assert.deepEqual(await held("there/label_links?fields=id,ord,label_id&order=id&filter=ord = '1'"), [
      { id: 1, ord: '1', label_id: 1 },
      { id: 2, ord: '1', label_id: 2 },
    ])
  })

  test('what the database refuses at the commit undoes what was committed there', {
    skip: engine === 'MariaDB',
  }, async () => {
    await shop().reset()
    const { status } = await answerOf(
      shop().here,
      requestOf({ ask: 'POST ledger', body: { resource: [{ order_id: 999, customer: dora }] } }),
    )
    assert.ok(status >= 400)
    assert.deepEqual(await held('here/ledger?fields=order_id'), [])
    assert.deepEqual(await held(customers), seeded)
  })

  test('writes of both services at the same time do not stop each other for good', async () => {
    await shop().reset()
    const both = Array.from({ length: 6 }, (_, at) => [
      answerOf(shop().here, requestOf({ ask: 'PATCH orders/1', body: { title: 'x', notes: [{ body: `h${at}` }] } })),
      answerOf(
        shop().there,
        requestOf({ ask: 'PATCH customers/2', body: { name: 'bob', orders: [{ title: `new ${at}` }] } }),
      ),
    ])
    for (const { status, body } of await Promise.all(both.flat())) assert.equal(status, 200, JSON.stringify(body))
    assert.equal(((await held("there/notes?filter=body like 'h%'")) as readonly Json[]).length, 6)
    assert.equal(((await held(orders)) as readonly Json[]).length, 6)
  })
}
