/** What is measured: requests, what their answers must be, and how the database must look after them. */
import assert from 'node:assert/strict'
import type { BenchDatabase } from './databases.ts'
import type { Ask } from './load.ts'
import { countries, type Sizes } from './tables.ts'

/** `{n}` in paths and bodies stands for a number that goes up with each request. */
export interface Scenario {
  readonly name: string
  readonly connections: number
  readonly ours: Ask
  readonly baseline: Ask
  /** What `{n}` runs through, again and again. */
  readonly from: number
  readonly to: number
  /** Rows of `visits` before each load; null: it is not touched. `each`: how many rows a request adds. */
  readonly visits: { readonly before: number; readonly each: number } | null
  /** Throws when the answer to the request with this `n` is wrong. */
  check(body: unknown, n: number): void
  /** Throws when the database is not as it must be after the request with this `n`. */
  checkDatabase?(database: BenchDatabase, n: number): Promise<void>
}

interface List {
  readonly resource: readonly Record<string, unknown>[]
  readonly meta?: { readonly count: number }
}

/** Customer i, as seeded. */
const customer = (i: number): object => ({
  id: i,
  name: `Customer "${i}" é`,
  email: `customer${i}@example.com`,
  country: countries[i % 8],
  region: i % 5,
  credit: i + 0.25,
  active: i % 3 !== 0,
  created_at: `2025-03-04 05:${10 + (i % 50)}:07`,
  note: i % 4 === 0 ? null : `Note ${i}: pays on time`,
})

const product = (i: number, { products }: Sizes): number => (i % products) + 1
const cents = (i: number): number => (((i * 37) % 9000) + 100) / 100

function checkOrders(body: unknown, rows: number, { customers }: Sizes): void {
  const { resource } = body as List
  assert.equal(resource.length, rows)
  for (const [at, row] of resource.entries()) {
    const i = at + 1
    assert.equal(row.id, i)
    assert.equal(row.customer_id, (i % customers) + 1)
    assert.equal(row.total, (((i * 7919) % 500_000) + 100) / 100)
    assert.equal(row.express, i % 6 === 0)
    assert.equal(row.ordered_at, `2025-03-04 07:${10 + (i % 50)}:07`)
    assert.equal(row.address, `${(i % 200) + 1} Long "Market" Street, 1${1000 + (i % 9000)} Köln`)
  }
}

const visit = (k: number): object => ({
  customer_id: 1_000 + k,
  page: `/catalogue/shoes/${k}?size=42`,
  referrer: k % 2 === 0 ? 'https://search.example.com/?q="shoes"' : null,
  seconds: k % 600,
  amount: 12.5,
  mobile: k % 2 === 1,
  visited_at: '2025-06-07 08:09:10',
})
const batch = (rows: number): string => JSON.stringify({ resource: Array.from({ length: rows }, (_, k) => visit(k)) })

function insert(name: string, rows: number, connections: number): Scenario {
  const ask: Ask = { method: 'POST', path: '/api/v2/bench/_table/visits', body: batch(rows) }
  return {
    name,
    connections,
    ours: ask,
    baseline: ask,
    from: 1,
    to: 1,
    visits: { before: 0, each: rows },
    check(body) {
      const { resource } = body as List
      assert.deepEqual(
        resource,
        Array.from({ length: rows }, (_, k) => ({ id: Number(resource[0]?.id) + k })),
      )
    },
    async checkDatabase(database) {
      assert.equal(await database.one('select count(*) from visits'), String(rows))
      assert.equal(await database.one('select seconds from visits order by id desc limit 1'), String((rows - 1) % 600))
      assert.equal(Number(await database.one('select sum(amount) from visits')), rows * 12.5)
    },
  }
}

const constantReply = 'constant reply'
const recordById = 'record by id'
const listOf25 = 'list of 25: filter, order, fields'
/** The scenarios that bench/baseline/bare.ts answers. */
export const bareScenarios: readonly string[] = [constantReply, recordById, listOf25]

/** `seconds`: of one load, for how many rows there must be to delete. */
export function scenariosFor(sizes: Sizes, seconds: number): readonly Scenario[] {
  const table = '/api/v2/bench/_table'
  const german = encodeURIComponent("country = 'DE'")
  const inGermany = (rows: readonly Record<string, unknown>[]): void => {
    assert.equal(rows.length, 25)
    for (const [at, row] of rows.entries()) assert.equal(row.id, sizes.customers - (sizes.customers % 8) - 8 * at)
  }
  const read = { from: 1, to: 1, visits: null } as const
  const get = (path: string): Ask => ({ method: 'GET', path })
  return [
    {
      ...read,
      name: constantReply,
      connections: 32,
      ours: get('/_health/live'),
      baseline: get('/_health/live'),
      check: (body) => assert.deepEqual(body, { status: 'ok' }),
    },
    {
      ...read,
      name: recordById,
      connections: 32,
      ours: get(`${table}/customers/{n}`),
      baseline: get(`${table}/customers/{n}`),
      to: sizes.customers,
      check: (body, n) => assert.deepEqual(body, customer(n)),
    },
    {
      ...read,
      name: listOf25,
      connections: 32,
      ours: get(
        `${table}/customers?filter=${german}&order=id%20desc&limit=25&fields=id%2Cname%2Cemail%2Ccountry%2Ccredit`,
      ),
      baseline: get(`${table}/customers?country=DE&limit=25`),
      check: (body) => {
        const { resource } = body as List
        inGermany(resource)
        assert.deepEqual(Object.keys(resource[0] ?? {}), ['id', 'name', 'email', 'country', 'credit'])
      },
    },
    {
      ...read,
      name: 'list of 25 with count',
      connections: 32,
      ours: get(`${table}/customers?filter=${german}&order=id%20desc&limit=25&include_count=true`),
      baseline: get(`${table}/customers/counted?country=DE&limit=25`),
      check: (body) => {
        const { resource, meta } = body as List
        inGermany(resource)
        assert.equal(meta?.count, sizes.customers / 8)
      },
    },
    {
      ...read,
      name: 'list of 1,000',
      connections: 8,
      ours: get(`${table}/orders?order=id&limit=1000`),
      baseline: get(`${table}/orders?limit=1000`),
      check: (body) => checkOrders(body, 1_000, sizes),
    },
    {
      ...read,
      name: 'list of 10,000',
      connections: 8,
      ours: get(`${table}/orders?order=id&limit=10000`),
      baseline: get(`${table}/orders?limit=10000`),
      check: (body) => checkOrders(body, 10_000, sizes),
    },
    {
      ...read,
      name: '100 orders, customer and items',
      connections: 16,
      ours: get(`${table}/orders?order=id&limit=100&related=customers_by_customer_id%2Corder_items_by_order_id`),
      baseline: get(`${table}/orders/related?limit=100`),
      check: (body) => {
        checkOrders(body, 100, sizes)
        const { resource } = body as List
        for (const [at, row] of resource.entries()) {
          assert.deepEqual(row.customers_by_customer_id, customer(((at + 1) % sizes.customers) + 1))
          const children = (row.order_items_by_order_id as { readonly id: number }[]).toSorted((a, b) => a.id - b.id)
          const expected = [at, at + sizes.orders, at + 2 * sizes.orders, at + 3 * sizes.orders]
            .filter((i) => i > 0 && i <= sizes.items)
            .map((i) => ({
              id: i,
              order_id: at + 1,
              product_id: product(i, sizes),
              quantity: (i % 9) + 1,
              price: cents(i),
            }))
          assert.deepEqual(children, expected)
        }
      },
    },
    insert('insert one', 1, 16),
    insert('insert 100 in one request', 100, 8),
    insert('insert 1,000 in one request', 1_000, 4),
    {
      name: 'update by id',
      connections: 16,
      ours: { method: 'PATCH', path: `${table}/customers/{n}`, body: '{"note":"Changed by request {n}"}' },
      baseline: { method: 'PATCH', path: `${table}/customers/{n}`, body: '{"note":"Changed by request {n}"}' },
      from: 1,
      to: sizes.customers,
      visits: null,
      check: (body, n) => assert.deepEqual(body, { id: n }),
      checkDatabase: async (database, n) =>
        assert.equal(await database.one(`select note from customers where id = ${n}`), `Changed by request ${n}`),
    },
    {
      name: 'delete by id',
      connections: 16,
      ours: { method: 'DELETE', path: `${table}/visits/{n}` },
      baseline: { method: 'DELETE', path: `${table}/visits/{n}` },
      from: 1,
      to: 20_000 * seconds,
      visits: { before: 20_000 * seconds, each: -1 },
      check: (body, n) => assert.deepEqual(body, { id: n }),
      checkDatabase: async (database, n) =>
        assert.equal(await database.one(`select count(*) from visits where id = ${n}`), '0'),
    },
  ]
}
