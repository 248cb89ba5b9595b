/** MariaDB with mysql2: a pool, prepared statements, dates as the texts they are, one insert of many rows for batches. */
import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import type { Contact, Customer, Item, Order, Store } from './store.ts'

/** A boolean is a small integer here. */
const shown = <R extends object>(row: R, name: 'active' | 'express'): R => ({
  ...row,
  [name]: Reflect.get(row, name) === 1,
})

export function openMariadb(env: NodeJS.ProcessEnv): Store {
  const { BENCH_HOST: host = '', BENCH_USER: user = '', BENCH_PASSWORD: password = '', BENCH_DB: database = '' } = env
  const pool = mysql.createPool({
    host,
    port: Number(env.BENCH_PORT),
    user,
    password,
    database,
    connectionLimit: 10,
    dateStrings: true,
    decimalNumbers: true,
  })
  type Value = string | number | boolean | null
  const rows = async <R>(sql: string, values: Value[]): Promise<R[]> =>
    (await pool.execute<RowDataPacket[]>(sql, values))[0] as R[]
  /** A list of ids has no parameter of its own: it goes in as text, which ids can. */
  const listed = async <R>(sql: string, ids: readonly number[]): Promise<R[]> =>
    (await pool.query<RowDataPacket[]>(sql, [ids]))[0] as R[]
  const changed = async (sql: string, values: Value[]): Promise<ResultSetHeader> =>
    (await pool.execute<ResultSetHeader>(sql, values))[0]
  return {
    async customer(id) {
      const [row] = await rows<Customer>('select * from customers where id = ?', [id])
      return row && shown(row, 'active')
    },
    contacts: (country, limit) =>
      rows<Contact>(
        'select id, name, email, country, credit from customers where country = ? order by id desc limit ?',
        // The server takes a limit as text only.
        [country, String(limit)],
      ),
    async counted(country, limit) {
      const [list, [counted]] = await Promise.all([
        rows<Customer>('select * from customers where country = ? order by id desc limit ?', [country, String(limit)]),
        rows<{ n: number }>('select count(*) as n from customers where country = ?', [country]),
      ])
      return { rows: list.map((row) => shown(row, 'active')), count: counted?.n ?? 0 }
    },
    orders: async (limit) =>
      (await rows<Order>('select * from orders order by id limit ?', [String(limit)])).map((row) =>
        shown(row, 'express'),
      ),
    customersOf: async (ids) =>
      (await listed<Customer>('select * from customers where id in (?)', ids)).map((row) => shown(row, 'active')),
    itemsOf: (ids) => listed<Item>('select * from order_items where order_id in (?) order by order_id, id', ids),
    async insert(visits) {
      const values = visits.map((visit) => [
        visit.customer_id,
        visit.page,
        visit.referrer ?? null,
        visit.seconds,
        visit.amount,
        visit.mobile,
        visit.visited_at,
      ])
      const into = 'insert into visits (customer_id, page, referrer, seconds, amount, mobile, visited_at) values'
      const [{ insertId }] = await pool.query<ResultSetHeader>(`${into} ?`, [values])
      return visits.map((_, i) => insertId + i)
    },
    setNote: async (id, note) =>
      (await changed('update customers set note = ? where id = ?', [note, id])).affectedRows === 1,
    removeVisit: async (id) => (await changed('delete from visits where id = ?', [id])).affectedRows === 1,
  }
}
