/** PostgreSQL with pg as its documentation says: a pool, named (prepared) statements, dates as the texts they are, `unnest` for batches. */
import pg from 'pg'
import type { Contact, Customer, Item, Order, Store } from './store.ts'

const { types } = pg
types.setTypeParser(types.builtins.NUMERIC, Number)
types.setTypeParser(types.builtins.TIMESTAMP, (text) => text)
types.setTypeParser(types.builtins.INT8, Number)

export function openPostgres(env: NodeJS.ProcessEnv): Store {
  const pool = new pg.Pool({
    host: env.BENCH_HOST,
    port: Number(env.BENCH_PORT),
    user: env.BENCH_USER,
    password: env.BENCH_PASSWORD,
    database: env.BENCH_DB,
    max: 10,
  })
  const rows = async <R extends object>(name: string, text: string, values: unknown[]): Promise<R[]> =>
    (await pool.query<R>({ name, text, values })).rows
  return {
    customer: async (id) => (await rows<Customer>('customer', 'select * from customers where id = $1', [id]))[0],
    contacts: (country, limit) =>
      rows<Contact>(
        'contacts',
        'select id, name, email, country, credit from customers where country = $1 order by id desc limit $2',
        [country, limit],
      ),
    async counted(country, limit) {
      const [list, [counted]] = await Promise.all([
        rows<Customer>('counted', 'select * from customers where country = $1 order by id desc limit $2', [
          country,
          limit,
        ]),
        rows<{ n: number }>('count', 'select count(*) as n from customers where country = $1', [country]),
      ])
      return { rows: list, count: counted?.n ?? 0 }
    },
    orders: (limit) => rows<Order>('orders', 'select * from orders order by id limit $1', [limit]),
    customersOf: (ids) => rows<Customer>('customers', 'select * from customers where id = any($1)', [ids]),
    itemsOf: (ids) =>
      rows<Item>('items', 'select * from order_items where order_id = any($1) order by order_id, id', [ids]),
    async insert(visits) {
      const inserted = await rows<{ id: number }>(
        'insert',
        `insert into visits (customer_id, page, referrer, seconds, amount, mobile, visited_at)
         select * from unnest($1::int[], $2::text[], $3::text[], $4::int[], $5::numeric[], $6::bool[], $7::timestamp[]) returning id`,
        [
          visits.map((visit) => visit.customer_id),
          visits.map((visit) => visit.page),
          visits.map((visit) => visit.referrer ?? null),
          visits.map((visit) => visit.seconds),
          visits.map((visit) => visit.amount),
          visits.map((visit) => visit.mobile),
          visits.map((visit) => visit.visited_at),
        ],
      )
      return inserted.map(({ id }) => id)
    },
    setNote: async (id, note) =>
      (await pool.query({ name: 'note', text: 'update customers set note = $2 where id = $1', values: [id, note] }))
        .rowCount === 1,
    removeVisit: async (id) =>
      (await pool.query({ name: 'remove', text: 'delete from visits where id = $1', values: [id] })).rowCount === 1,
  }
}
