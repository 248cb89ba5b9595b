/** Documents of the Sakila film rental and of tables with hostile names are valid on every database. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it, type TestContext } from 'node:test'
import mysql2 from 'mysql2/promise'
import pg from 'pg'
import { sakila } from '../../conformance/schemas/sakila.ts'
import type { Made } from '../../conformance/schemas/tables.ts'
import { mysql, postgres } from '../../support/databases.ts'
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { checkDocument, type Document, hostileNames } from './valid.ts'

const found = { postgres: await postgres(), mysql: await mysql() }

/** What the statements of a database call the types, and how names are quoted. */
interface Words {
  readonly quote: (name: string) => string
  readonly datetime: string
}
const doubled: Words = { quote: (name) => `"${name.replaceAll('"', '""')}"`, datetime: 'timestamp' }
const backticks: Words = { quote: (name) => `\`${name.replaceAll('`', '``')}\``, datetime: 'datetime' }

function filmRental({ quote, datetime }: Words): readonly string[] {
  const typeOf = ({ type, length, precision, scale }: Made['plan']['columns'][number]): string => {
    if (type === 'string') return `varchar(${length ?? 255})`
    if (type === 'decimal') return `decimal(${precision ?? 10},${scale ?? 2})`
    return type === 'datetime' ? datetime : String(type)
  }
  return sakila.map(({ name, plan, key, references, later }) => {
    const columns = plan.columns.map(
      (column) => `${quote(column.name)} ${typeOf(column)}${column.allowNull === true ? '' : ' not null'}`,
    )
    const foreign = references
      .filter(({ columns: own, table }) => table !== name && !own.some((column) => later.includes(column)))
      .map(
        ({ columns: own, table, refColumns }) =>
          `foreign key (${own.map(quote).join(', ')}) references ${quote(table)} (${refColumns.map(quote).join(', ')})`,
      )
    return `create table ${quote(name)} (${[...columns, `primary key (${key.map(quote).join(', ')})`, ...foreign].join(', ')})`
  })
}

const hostile = ({ quote }: Words): readonly string[] =>
  hostileNames.map(
    (name) =>
      `create table ${quote(name)} (id integer primary key, ${hostileNames.map((column) => `${quote(column)} varchar(20) default 'it''s'`).join(', ')})`,
  )

interface Kind {
  readonly name: string
  readonly skip: string | false
  readonly words: Words
  /** Makes a database with these tables; the type and the settings of a service for it. */
  make(database: string, statements: readonly string[], server: TestServer): Promise<{ type: string; config: object }>
}

const kinds: readonly Kind[] = [
  {
    name: 'SQLite',
    skip: false,
    words: doubled,
    async make(database, statements, { folder }) {
      const file = join(folder, `${database}.sqlite`)
      const direct = new DatabaseSync(file)
      for (const statement of statements) direct.exec(statement)
      direct.close()
      return { type: 'sqlite', config: { database: file } }
    },
  },
  {
    name: 'PostgreSQL',
    skip: found.postgres.skip,
    words: doubled,
    async make(database, statements) {
      const { host, port, user, password, database: own } = found.postgres.database ?? assert.fail()
      const connect = async (name: string) => {
        const client = new pg.Client({ host, port, user, password, database: name })
        await client.connect()
        return client
      }
      const first = await connect(own)
      await first.query(`create database ${database} template template0 encoding 'UTF8' lc_collate 'C'`)
      await first.end()
      const direct = await connect(database)
      for (const statement of statements) await direct.query(statement)
      await direct.end()
      return { type: 'pgsql', config: { host, port, database, username: user, password } }
    },
  },
  {
    name: 'MariaDB',
    skip: found.mysql.skip,
    words: backticks,
    async make(database, statements) {
      const { host, port, user, password, database: own } = found.mysql.database ?? assert.fail()
      const direct = await mysql2.createConnection({ host, port, user, password, database: own })
      await direct.query(`create database ${database} character set utf8mb4`)
      await direct.query(`use ${database}`)
      for (const statement of statements) await direct.query(statement)
      await direct.end()
      return { type: 'mysql', config: { host, port, database, username: user, password } }
    },
  },
]

let server: TestServer
let token = ''
before(async () => {
  server = await startServer()
  token = await signIn(server.url)
})
after(async () => {
  await server?.stop()
  await found.postgres.database?.stop()
  await found.mysql.database?.stop()
})

async function send(path: string, body?: object): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${server.url}/api/v2/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

const asked = (service: string) => [`api_docs/${service}`, `api_docs/${service}?expand_schema=true`, `${service}/_spec`]

async function checkAll(t: TestContext, service: string): Promise<void> {
  for (const path of asked(service)) {
    for (const version of ['3.1', '3.0']) {
      await t.test(`${path}, ${version}`, async () => {
        const { status, text } = await send(`${path}${path.includes('?') ? '&' : '?'}version=${version}`)
        assert.equal(status, 200, text)
        await checkDocument(JSON.parse(text) as Document, version)
      })
    }
  }
}

for (const { name, skip, words, make } of kinds) {
  describe(name, { skip }, () => {
    const tables = [
      ['sakila', filmRental(words), sakila.map((table) => table.name)],
      ['hostile', hostile(words), hostileNames],
    ] as const
    for (const [schema, statements, expected] of tables) {
      it(schema, async (t) => {
        const service = `${schema}_${name.toLowerCase()}`
        const settings = await make(`docs_${schema}_${process.pid}`, statements, server)
        const record = { name: service, label: schema, is_active: true, ...settings }
        const made = await send('system/service', { resource: [record] })
        assert.equal(made.status, 201, made.text)
        await checkAll(t, service)
        const { text } = await send(`api_docs/${service}?expand_schema=true`)
        const paths = Object.keys((JSON.parse(text) as Document).paths)
        // A path for each table, whatever it is called.
        assert.ok(paths.filter((path) => /^\/_table\/[^/]+$/.test(path)).length >= expected.length)
      })
    }
  })
}
