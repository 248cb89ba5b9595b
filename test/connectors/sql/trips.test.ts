/** A write of one record that needs no more than its statement is one trip to the database: no BEGIN, no COMMIT. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { answerOf, houseHost, type Opened, requestOf } from 'dataferry/conformance'
import type { Json } from 'dataferry/sdk'
import { mysqlServer } from '../../conformance/mysql.ts'
import { postgresServer } from '../../conformance/postgres.ts'
import type { Server } from '../../conformance/server.ts'
import { type Database, mysql, postgres } from '../../support/databases.ts'

/** Stands between a service and its database, and counts how often one side waited for the other. */
class Counter {
  trips = 0
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => this.#join(client))
  readonly #to: Database

  constructor(to: Database) {
    this.#to = to
  }

  async open(): Promise<Database> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return { ...this.#to, host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #join(client: Socket): void {
    const server = connect(this.#to.port, this.#to.host)
    let asked = false
    client.on('data', () => {
      asked = true
    })
    server.on('data', () => {
      if (asked) this.trips += 1
      asked = false
    })
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  }
}

interface Written {
  readonly name: string
  readonly ask: string
  readonly body?: Json
  readonly status?: number
  /** By the name of the subject. */
  readonly trips: { readonly [subject: string]: number }
}

const one = { PostgreSQL: 1, MariaDB: 1 }
const cases: readonly Written[] = [
  { name: 'create', ask: 'POST item', body: { resource: [{ name: 'a' }] }, trips: one },
  {
    name: 'create, answered whole',
    ask: 'POST item?fields=*',
    body: { resource: [{ name: 'a' }] },
    trips: { PostgreSQL: 1, MariaDB: 4 },
  },
  { name: 'update by id', ask: 'PATCH item/1001', body: { name: 'b' }, trips: one },
  { name: 'replace by id', ask: 'PUT item/1001', body: { name: 'c' }, trips: one },
  { name: 'update in a list', ask: 'PATCH item', body: { resource: [{ id: 1001, name: 'd' }] }, trips: one },
  { name: 'count up', ask: 'PATCH item/1001', body: { stock: { $inc: 1 } }, trips: one },
  { name: 'what is not there', ask: 'PATCH item/1099', body: { name: 'b' }, status: 404, trips: one },
  {
    name: 'what the database refuses',
    ask: 'PATCH item/1001',
    body: { name: 'x'.repeat(30) },
    status: 400,
    trips: one,
  },
  { name: 'delete by id', ask: 'DELETE item/1002', trips: one },
]

for (const found of [
  { found: await postgres(), server: postgresServer },
  { found: await mysql(), server: mysqlServer },
]) {
  const { database, skip } = found.found
  describe(`trips of ${database?.kind ?? 'a database'}`, { skip }, () => {
    if (database === null) return
    const counter = new Counter(database)
    let opened: Opened
    let subject: Server['subject']
    before(async () => {
      subject = found.server(await counter.open()).subject
      opened = await subject.open(await houseHost(), {})
      const key = subject.name === 'MariaDB' ? 'int not null auto_increment primary key' : 'serial primary key'
      await opened.sql?.(`create table item (id ${key}, name varchar(20), stock int)`)
      const refers = subject.name === 'MariaDB' ? '' : ' references item (id) deferrable initially deferred'
      await opened.sql?.(`create table part (id ${key}, item int${refers})`)
    })
    after(async () => {
      await opened.close()
      counter.close()
      await database.stop()
    })
    const rows = async (): Promise<void> => {
      await opened.sql?.('delete from item')
      await opened.sql?.("insert into item (id, name, stock) values (1001, 'one', 1), (1002, 'two', 2)")
    }
    for (const { name, ask, body, status, trips } of cases) {
      test(name, async () => {
        const asked = requestOf({ ask, ...(body === undefined ? {} : { body }) })
        // The first time statements are prepared, and the table described.
        await rows()
        await answerOf(opened.service, asked)
        await rows()
        counter.trips = 0
        const answer = await answerOf(opened.service, asked)
        const took = counter.trips
        assert.equal(Math.floor(answer.status / 100), Math.floor((status ?? 200) / 100), JSON.stringify(answer.body))
        assert.equal(took, trips[subject.name])
      })
    }
    test('what the database refuses at the commit', { skip: database.kind === 'mysql' }, async () => {
      await rows()
      const asked = requestOf({ ask: 'POST part?continue=true', body: { resource: [{ item: 7 }] } })
      const { status, body } = await answerOf(opened.service, asked)
      assert.equal(status, 400, JSON.stringify(body))
      const left = await answerOf(opened.service, requestOf({ ask: 'GET part' }))
      assert.deepEqual(left.body, { resource: [] })
    })
  })
}
