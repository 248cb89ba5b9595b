// Beyond the original, on each database: paging by cursor, conditions on writes, what many do at once, a structure that was changed
// behind the service, and statements that take too long.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerOf, houseHost, makeTables, type Opened, requestOf, type SeedTable } from 'dataferry/conformance'
import { type ApiRequest, entityTag, type Json } from 'dataferry/sdk'
import { mysqlServer } from '../conformance/mysql.ts'
import { postgresServer } from '../conformance/postgres.ts'
import type { Server } from '../conformance/server.ts'
import { sqliteServer } from '../conformance/sqlite.ts'
import { type Database, mysql, postgres } from '../support/databases.ts'

type Members = { readonly [name: string]: Json }
type Case = Parameters<typeof requestOf>[0]

const nullable = { allowNull: true } as const
const rows = 137
/** Ties, nulls and hostile texts in every column that is ordered by. */
const points: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'points',
    columns: [
      { name: 'id', type: 'id' },
      { name: 'grade', type: 'integer', ...nullable },
      { name: 'name', type: 'string', length: 40, ...nullable },
      { name: 'ratio', type: 'float', ...nullable },
      { name: 'price', type: 'decimal', precision: 12, scale: 4, ...nullable },
      { name: 'at', type: 'datetime', ...nullable },
      { name: 'big', type: 'bigint', ...nullable },
      { name: 'flag', type: 'boolean', ...nullable },
      { name: 'stock', type: 'integer', ...nullable },
    ],
  },
  rows: Array.from({ length: rows }, (_, n) => ({
    id: 1001 + n,
    grade: n % 5 === 0 ? null : n % 4,
    name: n % 7 === 0 ? null : ["it's", 'a"b', 'ä%_', '', 'x,(y)', 'Z', 'zz'][n % 6],
    ratio: n % 6 === 0 ? null : Math.fround((n % 9) / 10),
    price: n % 8 === 0 ? null : (n % 11) / 4,
    at: n % 9 === 0 ? null : `2024-0${1 + (n % 6)}-01 10:00:0${n % 10}`,
    big: n % 10 === 0 ? null : 9_007_199_254_740_993n + BigInt(n % 3),
    flag: n % 3 === 0 ? null : n % 2 === 0,
    stock: 0,
  })) as SeedTable['rows'],
}
const pairs: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'pairs',
    columns: [
      { name: 'region', type: 'string', length: 8 },
      { name: 'no', type: 'integer' },
      { name: 'note', type: 'string', length: 20, ...nullable },
    ],
    primaryKey: ['region', 'no'],
  },
  rows: Array.from({ length: 25 }, (_, n) => ({ region: `r${n % 3}`, no: n, note: n % 2 === 0 ? null : 'x' })),
}
const bare: SeedTable = {
  plan: { kind: 'create-table', name: 'bare', columns: [{ name: 'n', type: 'integer', ...nullable }] },
  rows: [{ n: 1 }],
}

const orders = [
  null,
  'grade',
  'grade desc,name',
  'grade asc nulls last,name desc nulls first,id desc',
  'grade desc nulls last',
  'name desc',
  'ratio',
  'ratio desc,price',
  'price desc',
  'at,grade desc',
  'big desc',
  'flag,name',
  'flag desc nulls last,ratio asc nulls last',
  'abs(id - 1060)',
  'lower(name) desc,grade',
  'coalesce(price, 1) desc,id desc',
  '2 desc',
]

function suite(
  name: string,
  start: () => Promise<{ server: Server; database: Database | null } | null>,
  slow: string,
): void {
  describe(name, () => {
    let opened: Opened
    let database: Database | null = null
    let server: Server
    before(async () => {
      const found = await start()
      if (found === null) return
      ;({ server, database } = found)
      opened = await server.subject.open(await houseHost(), {})
      await makeTables(opened, [points, pairs, bare])
    })
    after(async () => {
      await opened?.close()
      await database?.stop()
    })
    const ask = (asked: Case, headers: ApiRequest['headers'] = {}): Promise<{ status: number; body: Json }> =>
      answerOf(opened.service, { ...requestOf(asked), headers })
    const list = async (asked: Case): Promise<{ rows: readonly Members[]; next: string | undefined }> => {
      const { status, body } = await ask(asked)
      assert.equal(status, 200, JSON.stringify(body))
      const { resource, meta } = body as unknown as { resource: Members[]; meta?: { next_cursor?: string } }
      return { rows: resource, next: meta?.next_cursor }
    }
    const walk = async (table: string, query: Members, limit: number): Promise<readonly Members[]> => {
      const seen: Members[] = []
      let cursor: string | undefined = '*'
      for (let pages = 0; cursor !== undefined; pages++) {
        assert.ok(pages < 200)
        const page = await list({ ask: `GET ${table}`, query: { ...query, limit, cursor } })
        assert.ok(page.rows.length === limit || page.next === undefined)
        seen.push(...page.rows)
        cursor = page.next
      }
      return seen
    }
    const skip = (): boolean => opened === undefined
    const each = (title: string, work: () => Promise<void>): void => {
      test(title, async (t) => (skip() ? t.skip('there is no such database here') : work()))
    }

    for (const order of orders) {
      each(`paging by cursor shows every row once, in order: ${order ?? 'none'}`, async () => {
        const query = { fields: 'id,grade,name', ...(order === null ? {} : { order }) }
        const seen = await walk('points', query, 10)
        const ids = seen.map(({ id }) => id)
        assert.equal(new Set(ids).size, rows)
        const whole = await list({ ask: 'GET points', query: { ...query, cursor: '' } })
        assert.equal(whole.next, undefined)
        assert.deepEqual(
          ids,
          whole.rows.map(({ id }) => id),
        )
        const plain = await list({
          ask: 'GET points',
          query: { ...query, order: `${order === null ? '' : `${order},`}id` },
        })
        if (!/\bid desc$/.test(order ?? ''))
          assert.deepEqual(
            ids,
            plain.rows.map(({ id }) => id),
          )
      })
    }
    each('a filter and a row filter hold on every page', async () => {
      const seen = await walk('points', { filter: 'grade = 1', order: 'name', fields: 'id,grade' }, 3)
      assert.ok(seen.length > 20 && seen.every(({ grade }) => grade === 1))
      const as = { points: { filters: [{ name: 'grade', operator: '=', value: '2' }] } }
      const first = await list({ ask: 'GET points?limit=2&cursor=*&fields=grade', as })
      const second = await list({
        ask: 'GET points',
        query: { limit: 100, cursor: first.next ?? '', fields: 'grade' },
        as,
      })
      assert.ok([...first.rows, ...second.rows].every(({ grade }) => grade === 2))
      assert.equal(second.next, undefined)
    })
    each('a key of two columns', async () => {
      assert.equal((await walk('pairs', { order: 'note desc' }, 4)).length, 25)
      assert.equal((await walk('pairs', {}, 7)).length, 25)
    })
    each('rows that come and go shift nothing', async () => {
      const first = await list({ ask: 'GET pairs?order=no&limit=5&cursor=*' })
      await ask({ ask: "DELETE pairs/('r0',0)" })
      const second = await list({ ask: 'GET pairs', query: { order: 'no', limit: 5, cursor: first.next ?? '' } })
      assert.deepEqual(
        second.rows.map(({ no }) => no),
        [5, 6, 7, 8, 9],
      )
    })
    each('a count is shown where it is asked for, and no meta where nothing follows', async () => {
      const { body } = await ask({ ask: 'GET points?limit=1000&cursor=&fields=id' })
      assert.deepEqual(Object.keys(body as object), ['resource'])
      const counted = await ask({ ask: 'GET points?limit=2&cursor=&fields=id&include_count=true' })
      const { meta } = counted.body as unknown as { meta: Members }
      assert.deepEqual(Object.keys(meta), ['count', 'next_cursor'])
      assert.equal(meta.count, rows)
    })
    each('wrong and foreign tokens are refused, and what has no order of single rows', async () => {
      const { next = '' } = await list({ ask: 'GET points?limit=1&cursor=*&order=name' })
      const wrong: readonly [ask: string, cursor: string, message: RegExp][] = [
        ['points?order=name', 'nonsense', /^The 'cursor' is damaged/],
        ['points?order=name', `${next.slice(0, -1)}${next.endsWith('A') ? 'B' : 'A'}`, /^The 'cursor' is damaged/],
        ['points?order=name', `${next.startsWith('W') ? 'X' : 'W'}${next.slice(1)}`, /^The 'cursor' is damaged/],
        ['points?order=name desc', next, /^The 'cursor' is damaged/],
        ['pairs?order=name', next, /^(The 'cursor' is damaged|Invalid field)/],
        ['points?order=name&offset=1', next, /'offset'/],
        ['points?group=name&fields=name', '*', /'group'/],
        ['points?distinct=true&fields=name', '*', /'distinct'/],
        ['bare?order=n', '*', /needs a table with a key/],
      ]
      for (const [what, cursor, message] of wrong) {
        const { status, body } = await ask({ ask: `GET ${what}&cursor=${cursor}` })
        assert.equal(status, 400, `${what} ${cursor}`)
        assert.match((body as { error: { message: string } }).error.message, message)
      }
    })

    const tagOf = async (asked: Case): Promise<string> => {
      const { body } = await opened.service.handle(requestOf(asked), AbortSignal.timeout(10_000))
      assert.ok(body.kind === 'rows')
      const chunks: Uint8Array[] = []
      await body.rows.encode(
        requestOf(asked).output,
        { write: (chunk) => void chunks.push(chunk) },
        AbortSignal.timeout(10_000),
      )
      return entityTag(Buffer.concat(chunks))
    }
    each('If-Match lets through who has seen the record as it is', async () => {
      for (const options of ['', '?fields=id,stock', '?fields=*']) {
        const path = `points/1010${options}`
        const seen = await tagOf({ ask: `GET ${path}` })
        const write: Case = { ask: `PATCH ${path}`, body: { stock: { $inc: 1 } } }
        assert.equal((await ask(write, { 'if-match': '"other"' })).status, 412)
        assert.equal((await ask(write, { 'if-match': seen })).status, 200, path)
        assert.equal((await ask(write, { 'if-match': seen })).status, 412)
        assert.equal((await ask(write, { 'if-match': `"x", ${await tagOf({ ask: `GET ${path}` })}` })).status, 200)
        assert.equal((await ask(write, { 'if-match': '*' })).status, 200)
      }
      assert.equal((await list({ ask: 'GET points?ids=1010&fields=stock' })).rows[0]?.stock, 9)
    })
    each('If-Match holds for PUT and DELETE, and for one record only', async () => {
      const seen = await tagOf({ ask: 'GET points/1011' })
      const put = await ask({ ask: 'PUT points/1011', body: { stock: 1 } }, { 'if-match': '"other"' })
      assert.deepEqual([put.status, (put.body as { error: Members }).error.status_code], [412, 412])
      assert.equal((await ask({ ask: 'PUT points/1011', body: { stock: 1 } }, { 'if-match': seen })).status, 200)
      assert.equal((await ask({ ask: 'DELETE points/1011' }, { 'if-match': seen })).status, 412)
      assert.equal(
        (await ask({ ask: 'DELETE points/1011' }, { 'if-match': await tagOf({ ask: 'GET points/1011' }) })).status,
        200,
      )
      assert.equal((await ask({ ask: 'DELETE points/1011' }, { 'if-match': '*' })).status, 404)
      assert.equal(
        (await ask({ ask: 'PUT points/1011?upsert=true', body: { stock: 1 } }, { 'if-match': '*' })).status,
        412,
      )
      assert.equal((await ask({ ask: 'PATCH points?ids=1012', body: [{ stock: 1 }] }, { 'if-match': '*' })).status, 400)
    })
    each('of many who have seen the same record one writes', async () => {
      const seen = await tagOf({ ask: 'GET points/1020' })
      const answers = await Promise.all(
        Array.from({ length: 8 }, () =>
          ask({ ask: 'PATCH points/1020', body: { stock: { $inc: 1 } } }, { 'if-match': seen }),
        ),
      )
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(7).fill(412)])
    })
    each('increments of many at once all count', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, () => ask({ ask: 'PATCH points/1021', body: { stock: { $inc: 1 } } })),
      )
      assert.ok(answers.every(({ status }) => status === 200))
      assert.equal((await list({ ask: 'GET points?ids=1021&fields=stock' })).rows[0]?.stock, 40)
    })
    each('upserts of one record by many at once make one record', async () => {
      for (const verb of ['PUT', 'POST'] as const) {
        const no = verb === 'PUT' ? 801 : 802
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, n) =>
            verb === 'PUT'
              ? ask({ ask: `PUT pairs/('up',${no})?upsert=true`, body: { note: `n${n}` } })
              : ask({ ask: 'POST pairs?upsert=true', body: { resource: [{ region: 'up', no, note: `n${n}` }] } }),
          ),
        )
        assert.deepEqual(
          answers.filter(({ status }) => status !== 200).map(({ body }) => body),
          [],
        )
        assert.equal((await list({ ask: `GET pairs?filter=no = ${no}` })).rows.length, 1)
      }
    })

    each('a field dropped behind the service is noticed, and the request done again', async () => {
      const { quote } = server
      const alter = async (text: string): Promise<void> => opened.sql?.(text)
      await alter(`create table changing (id integer primary key, a integer, b integer, c integer)`)
      await ask({ ask: 'GET _table?refresh=true' })
      assert.equal((await ask({ ask: 'POST changing', body: [{ id: 1, a: 1, b: 2, c: 3 }] })).status, 201)
      assert.deepEqual((await ask({ ask: 'GET changing/1' })).body, { id: 1, a: 1, b: 2, c: 3 })
      await alter(`alter table changing drop column ${quote('a')}`)
      assert.deepEqual((await ask({ ask: 'GET changing/1' })).body, { id: 1, b: 2, c: 3 })
      await alter(`alter table changing drop column ${quote('b')}`)
      assert.deepEqual((await list({ ask: 'GET changing' })).rows, [{ id: 1, c: 3 }])
      await alter(`alter table changing add column d integer`)
      await ask({ ask: 'GET _table?refresh=true' })
      assert.equal((await ask({ ask: 'PATCH changing/1', body: { c: 4, d: 5 } })).status, 200)
      await alter(`alter table changing drop column ${quote('d')}`)
      assert.deepEqual(await ask({ ask: 'PATCH changing/1', body: { c: 5, d: 6 } }), { status: 200, body: { id: 1 } })
      await alter('alter table changing add column e integer')
      await ask({ ask: 'GET _table?refresh=true' })
      assert.equal((await ask({ ask: 'GET changing?fields=e' })).status, 200)
      await alter(`alter table changing drop column ${quote('e')}`)
      assert.equal((await ask({ ask: 'POST changing', body: [{ id: 2, c: 1, e: 1 }] })).status, 201)
      assert.equal((await ask({ ask: 'GET changing?fields=e' })).status, 400)
      await alter('drop table changing')
      assert.equal((await ask({ ask: 'GET changing' })).status, 404)
    })

    each('a statement that takes too long is stopped with a clear 503', async () => {
      const host = await houseHost()
      const impatient = {
        ...host,
        settings: { ...host.settings, records: { ...host.settings.records, statementTimeoutMs: 300 } },
      }
      const place = await server.subject.open(impatient, {})
      try {
        await place.sql?.(slow)
        const { status, body } = await answerOf(place.service, requestOf({ ask: 'GET slow?filter=x < 0' }))
        const { message } = (body as { error: { message: string } }).error
        assert.deepEqual([status, message], [503, 'The request took too long in the database and was stopped.'])
        assert.equal((await answerOf(place.service, requestOf({ ask: 'GET _table' }))).status, 200)
      } finally {
        await place.close()
      }
    })
  })
}

/** Its rows come out one by one and never come to an end. */
const endless = `create view slow as with recursive r (x) as (select 1 union all select x + 1 from r where x < 900)
   select a.x + b.x + c.x + d.x as x from r a cross join r b cross join r c cross join r d`

suite('SQLite', async () => ({ server: sqliteServer(), database: null }), endless)
suite(
  'PostgreSQL',
  async () => {
    const { database } = await postgres()
    return database && { server: postgresServer(database), database }
  },
  'create view slow as select length(pg_sleep(20)::text) as x',
)
suite(
  'MariaDB',
  async () => {
    const { database } = await mysql()
    return database && { server: mysqlServer(database), database }
  },
  endless,
)
