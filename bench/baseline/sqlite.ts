/** SQLite with node:sqlite on the main thread: prepared statements, the write-ahead log, one transaction a batch. */
import { DatabaseSync } from 'node:sqlite'
import type { Contact, Customer, Item, Order, Store } from './store.ts'

const shown = <R extends object>(row: R, name: 'active' | 'express'): R => ({
  ...row,
  [name]: Reflect.get(row, name) === 1,
})

export function openSqlite(env: NodeJS.ProcessEnv): Store {
  const database = new DatabaseSync(env.BENCH_FILE ?? '', { timeout: 30_000 })
  database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -16384')
  const customer = database.prepare('select * from customers where id = ?')
  const contacts = database.prepare(
    'select id, name, email, country, credit from customers where country = ? order by id desc limit ?',
  )
  const list = database.prepare('select * from customers where country = ? order by id desc limit ?')
  const count = database.prepare('select count(*) as n from customers where country = ?')
  const orders = database.prepare('select * from orders order by id limit ?')
  const customersOf = database.prepare('select * from customers where id in (select value from json_each(?))')
  const itemsOf = database.prepare(
    'select * from order_items where order_id in (select value from json_each(?)) order by order_id, id',
  )
  const insert = database.prepare(
    'insert into visits (customer_id, page, referrer, seconds, amount, mobile, visited_at) values (?, ?, ?, ?, ?, ?, ?)',
  )
  const setNote = database.prepare('update customers set note = ? where id = ?')
  const remove = database.prepare('delete from visits where id = ?')
  return {
    async customer(id) {
      const row = customer.get(id) as Customer | undefined
      return row && shown(row, 'active')
    },
    contacts: async (country, limit) => contacts.all(country, limit) as unknown as Contact[],
    counted: async (country, limit) => ({
      rows: (list.all(country, limit) as unknown as Customer[]).map((row) => shown(row, 'active')),
      count: Number(count.get(country)?.n),
    }),
    orders: async (limit) => (orders.all(limit) as unknown as Order[]).map((row) => shown(row, 'express')),
    customersOf: async (ids) =>
      (customersOf.all(JSON.stringify(ids)) as unknown as Customer[]).map((row) => shown(row, 'active')),
    itemsOf: async (ids) => itemsOf.all(JSON.stringify(ids)) as unknown as Item[],
    async insert(visits) {
      const ids: number[] = []
      database.exec('begin immediate')
      try {
        for (const visit of visits) {
          const { lastInsertRowid } = insert.run(
            visit.customer_id,
            visit.page,
            visit.referrer ?? null,
            visit.seconds,
            visit.amount,
            visit.mobile ? 1 : 0,
            visit.visited_at,
          )
          ids.push(Number(lastInsertRowid))
        }
        database.exec('commit')
      } catch (thrown) {
        database.exec('rollback')
        throw thrown
      }
      return ids
    },
    setNote: async (id, note) => setNote.run(note, id).changes === 1,
    removeVisit: async (id) => remove.run(id).changes === 1,
  }
}
