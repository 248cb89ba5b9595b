/**
 * What a good engineer would write by hand for exactly the benchmark's requests: Fastify, a constant key, schemas of bodies and of
 * answers. Lists beyond a page are left to JSON.stringify, which is faster there than a serializer made from a schema.
 *
 * Environment: PORT, BENCH_KIND, BENCH_KEY, and what the database needs (see the files beside this one).
 */
import Fastify from 'fastify'
import { openMariadb } from './mariadb.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import type { Item, Store, Visit } from './store.ts'

const stores: { readonly [kind: string]: (env: NodeJS.ProcessEnv) => Store } = {
  postgres: openPostgres,
  mariadb: openMariadb,
  sqlite: openSqlite,
}
const store = stores[process.env.BENCH_KIND ?? '']?.(process.env)
if (store === undefined) throw new Error('BENCH_KIND must be postgres, mariadb or sqlite.')
const key = process.env.BENCH_KEY ?? ''

const contact = {
  id: { type: 'integer' },
  name: { type: 'string' },
  email: { type: 'string' },
  country: { type: 'string' },
  credit: { type: 'number' },
} as const
const customer = {
  type: 'object',
  properties: {
    id: contact.id,
    name: contact.name,
    email: contact.email,
    country: contact.country,
    region: { type: 'integer' },
    credit: contact.credit,
    active: { type: 'boolean' },
    created_at: { type: 'string' },
    note: { type: ['string', 'null'] },
  },
} as const
const listOf = (item: object): object => ({ type: 'object', properties: { resource: { type: 'array', items: item } } })
const identity = { type: 'object', properties: { id: { type: 'integer' } } } as const
const params = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] } as const
const querystring = {
  type: 'object',
  properties: { country: { type: 'string' }, limit: { type: 'integer', minimum: 1, maximum: 100_000, default: 25 } },
} as const
const visit = {
  type: 'object',
  required: ['customer_id', 'page', 'seconds', 'amount', 'mobile', 'visited_at'],
  properties: {
    customer_id: { type: 'integer' },
    page: { type: 'string', maxLength: 120 },
    referrer: { type: ['string', 'null'] },
    seconds: { type: 'integer' },
    amount: { type: 'number' },
    mobile: { type: 'boolean' },
    visited_at: { type: 'string' },
  },
} as const

interface Listing {
  Querystring: { readonly country: string; readonly limit: number }
}
interface ById {
  Params: { readonly id: number }
}

const app = Fastify({ logger: false, bodyLimit: 16 * 1024 * 1024 })
app.addHook('onRequest', (request, reply, done) => {
  if (request.headers['x-dreamfactory-api-key'] === key || request.url === '/') return done()
  void reply.code(401).send({ error: 'The key is missing or wrong.' })
})
app.get('/', () => ({ status: 'ok' }))
app.get('/_health/live', () => ({ status: 'ok' }))

const table = '/api/v2/bench/_table'
app.get<ById>(
  `${table}/customers/:id`,
  { schema: { params, response: { 200: customer } } },
  async (request, reply) =>
    (await store.customer(request.params.id)) ?? reply.code(404).send({ error: 'There is no such customer.' }),
)
app.get<Listing>(
  `${table}/customers`,
  { schema: { querystring, response: { 200: listOf({ type: 'object', properties: contact }) } } },
  async ({ query: { country, limit } }) => ({ resource: await store.contacts(country, limit) }),
)
app.get<Listing>(
  `${table}/customers/counted`,
  {
    schema: {
      querystring,
      response: {
        200: {
          type: 'object',
          properties: {
            resource: { type: 'array', items: customer },
            meta: { type: 'object', properties: { count: { type: 'integer' }, next: { type: 'integer' } } },
          },
        },
      },
    },
  },
  async ({ query: { country, limit } }) => {
    const { rows, count } = await store.counted(country, limit)
    return { resource: rows, meta: { count, ...(count > limit && { next: limit }) } }
  },
)
app.get<Listing>(`${table}/orders`, { schema: { querystring } }, async ({ query: { limit } }) => ({
  resource: await store.orders(limit),
}))
app.get<Listing>(`${table}/orders/related`, { schema: { querystring } }, async ({ query: { limit } }) => {
  const orders = await store.orders(limit)
  const [customers, items] = await Promise.all([
    store.customersOf([...new Set(orders.map((order) => order.customer_id))]),
    store.itemsOf(orders.map((order) => order.id)),
  ])
  const customerById = new Map(customers.map((row) => [row.id, row]))
  const itemsByOrder = new Map<number, Item[]>()
  for (const item of items) {
    const known = itemsByOrder.get(item.order_id)
    if (known === undefined) itemsByOrder.set(item.order_id, [item])
    else known.push(item)
  }
  return {
    resource: orders.map((order) => ({
      ...order,
      customers_by_customer_id: customerById.get(order.customer_id) ?? null,
      order_items_by_order_id: itemsByOrder.get(order.id) ?? [],
    })),
  }
})
app.post<{ Body: { readonly resource: readonly Visit[] } }>(
  `${table}/visits`,
  {
    schema: {
      body: { type: 'object', required: ['resource'], properties: { resource: { type: 'array', items: visit } } },
      response: { 200: listOf(identity) },
    },
  },
  async ({ body }) => ({ resource: (await store.insert(body.resource)).map((id) => ({ id })) }),
)
app.patch<ById & { Body: { readonly note: string | null } }>(
  `${table}/customers/:id`,
  {
    schema: {
      params,
      body: { type: 'object', required: ['note'], properties: { note: { type: ['string', 'null'] } } },
      response: { 200: identity },
    },
  },
  async (request, reply) => {
    const { id } = request.params
    if (await store.setNote(id, request.body.note)) return { id }
    return reply.code(404).send({ error: 'There is no such customer.' })
  },
)
app.delete<ById>(`${table}/visits/:id`, { schema: { params, response: { 200: identity } } }, async (request, reply) => {
  const { id } = request.params
  return (await store.removeVisit(id)) ? { id } : reply.code(404).send({ error: 'There is no such visit.' })
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
