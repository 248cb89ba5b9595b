/**
 * `npm run bench:catalog`: how long a database of 2,000 tables takes until it is usable. Makes the tables in a SQLite file and in private
 * PostgreSQL and MariaDB servers (those that are on this machine), starts the database server again so that it remembers nothing, and
 * prints how long the first requests take, and the CPU time of Dataferry in them, which a busy machine does not change.
 *
 *     npm run bench:catalog -- --tables 500 --only MariaDB
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { Admin } from './admin.ts'
import { serveOurs } from './process.ts'
import { type Database, startMysql, startPostgres } from './servers/private.ts'

const { values: options } = parseArgs({
  options: { tables: { type: 'string', default: '2000' }, only: { type: 'string' } },
})
const tables = Number(options.tables)
const nameOf = (n: number): string => `table_${n}`

/** Each refers to the one before it and to one of the first forty. */
const statements = (suffix: string): string[] =>
  Array.from({ length: tables }, (_, n) => {
    const references =
      n === 0
        ? ''
        : `, foreign key (before_id) references ${nameOf(n - 1)} (id), foreign key (hub_id) references ${nameOf(n % Math.min(n, 40))} (id)`
    return `create table ${nameOf(n)} (id integer primary key, name varchar(80) not null, code varchar(20) unique, price decimal(12, 2), made timestamp null, before_id integer, hub_id integer${references})${suffix}`
  })

interface Source {
  readonly type: string
  readonly config: object
  close(): Promise<void>
}

function sqlite(folder: string): Source {
  const database = join(folder, 'catalog.sqlite')
  const direct = new DatabaseSync(database)
  direct.exec(`begin; ${statements('').join(';')}; commit`)
  direct.close()
  return { type: 'sqlite', config: { database }, close: async () => {} }
}

const configOf = ({ host, port, user, password, database }: Database): object => ({
  host,
  port,
  database,
  username: user,
  password,
})

async function postgres(): Promise<Source | null> {
  const server = await startPostgres()
  if (server === null) return null
  const { host, port, user, password, database } = server
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  for (const text of statements('')) await client.query(text)
  await client.end()
  await server.restart?.()
  return { type: 'pgsql', config: configOf(server), close: () => server.stop() }
}

async function mariadb(): Promise<Source | null> {
  const server = await startMysql()
  if (server === null) return null
  const { host, port, user, password, database } = server
  const client = await mysql.createConnection({ host, port, user, password, database })
  for (const text of statements(' engine = innodb')) await client.query(text)
  await client.end()
  await server.restart?.()
  return { type: 'mysql', config: { ...configOf(server), schema: 'default' }, close: () => server.stop() }
}

const asked: readonly (readonly [what: string, paths: readonly string[]])[] = [
  ['records of one table', [`_table/${nameOf(Math.floor(tables / 2))}?limit=1`]],
  ['the names of all tables', ['_table?as_list=true']],
  ['another table, with its relations', [`_table/${nameOf(1)}?limit=1&related=*`]],
  ['100 further tables', Array.from({ length: 100 }, (_, n) => `_table/${nameOf((n * 13 + 5) % tables)}?limit=1`)],
]

const folder = mkdtempSync(join(tmpdir(), 'dataferry-catalog-'))
const sources: Source[] = []
const credentials = { email: 'bench@example.com', password: 'bench-only-password-1' }
const server = await serveOurs(folder, credentials)
try {
  const admin = await Admin.login(server.url, credentials)
  console.log(`\n${tables} tables; milliseconds, in brackets of CPU time; each request in turn.\n`)
  console.log(`| database | ${asked.map(([what]) => what).join(' | ')} |\n|---|${asked.map(() => '---').join('|')}|`)
  const makers: readonly (readonly [name: string, make: () => Source | Promise<Source | null>])[] = [
    ['SQLite', () => sqlite(folder)],
    ['PostgreSQL', postgres],
    ['MariaDB', mariadb],
  ]
  for (const [name, make] of makers) {
    if (options.only !== undefined && options.only !== name) continue
    const source = await make()
    if (source === null) continue
    sources.push(source)
    const { type, config } = source
    await admin.create('system/service', { name: type, label: name, type, is_active: true, config })
    const took: string[] = []
    for (const [, paths] of asked) {
      const began = performance.now()
      const used = server.cpu()
      for (const path of paths) await admin.call('GET', `${type}/${path}`)
      const cpu = used === null ? '' : ` (${(server.cpu() ?? used) - used})`
      took.push(`${Math.round(performance.now() - began)}${cpu}`)
    }
    console.log(`| ${name} | ${took.join(' | ')} |`)
  }
} finally {
  await server.stop()
  for (const source of sources) await source.close()
  rmSync(folder, { recursive: true, force: true })
}
