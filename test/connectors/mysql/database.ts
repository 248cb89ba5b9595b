/** A database of its own on a real server, and a service of the connector over it; what was made is gone when the test is. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type RecordStore, recordService } from 'dataferry/records'
import type { ConfigValues, Json, Service, ServiceHost } from 'dataferry/sdk'
import { ApiError, allVerbs, encodeJson } from 'dataferry/sdk'
import { type Dialect, type SqlConnector, sqlStore } from 'dataferry/sql'
import mysql, { type Connection } from 'mysql2'
import { load } from '../../../config/index.ts'
import { MysqlCatalog } from '../../../connectors/mysql/catalog.ts'
import { mysqlConnector } from '../../../connectors/mysql/connector.ts'
import { MysqlRunner } from '../../../connectors/mysql/runner.ts'
import type { Database } from '../../support/databases.ts'
import { type Asked, requestFor } from '../records/company.ts'

export const signal = new AbortController().signal

const none: ReadonlySet<string> = new Set()

/** A host whose caller may do everything. */
export const host = (env: Readonly<Record<string, string>> = {}): ServiceHost => ({
  log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  settings: load({ env, directory: '/nowhere' }).config,
  service: { id: 1, name: 'db', label: 'db', type: 'mysql' },
  ask: () => assert.fail('nothing is asked'),
  maskFor: () => allVerbs,
  policyFor: () => ({ verbs: allVerbs, rows: null, hidden: none, readOnly: none }),
  serviceName: () => null,
  other: () => assert.fail('no other service is asked'),
})

/** A direct connection, to arrange and to look: `run` takes several statements, and answers the rows of the last. */
export class Direct {
  readonly #connection: Connection

  constructor({ host, port, user, password }: Database, database?: string) {
    this.#connection = mysql.createConnection({
      host,
      port,
      user,
      password,
      ...(database !== undefined && { database }),
      multipleStatements: true,
      rowsAsArray: true,
      charset: 'UTF8MB4_GENERAL_CI',
    })
    this.#connection.on('error', () => {})
  }

  run(sql: string): Promise<readonly (readonly unknown[])[]> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, rows) => (error ? reject(error) : resolve(rows as unknown as unknown[][])))
    })
  }
  end(): void {
    this.#connection.destroy()
  }
}

export const configOf = (database: Database, more: ConfigValues = {}): ConfigValues => ({
  host: database.host,
  port: database.port,
  database: database.database,
  username: database.user,
  password: database.password,
  schema: 'default',
  ...more,
})

export interface Answer {
  readonly status: number
  readonly body: Json
}

export interface Arranged {
  readonly runner: MysqlRunner
  readonly catalog: MysqlCatalog
  readonly store: RecordStore
  /** What the store compiles with; tests may put another in its place. */
  readonly dialect: { compileRead: Dialect['compileRead'] }
  readonly direct: Direct
  /** The database's name. */
  readonly name: string
  /** The answer of a request, errors by their message and context. */
  ask(asked: Asked, signal?: AbortSignal): Promise<Answer>
  /** The body as it is sent, digit by digit. */
  text(asked: Asked): Promise<string>
}

export interface Options {
  readonly config?: ConfigValues
  readonly env?: Readonly<Record<string, string>>
}

/** A service over a configuration, and what it is made of. */
export function serve(
  t: TestContext,
  config: ConfigValues,
  env: Readonly<Record<string, string>> = {},
): Omit<Arranged, 'direct' | 'name'> {
  const own = host(env)
  const base = mysqlConnector(null)
  const made: { runner?: MysqlRunner; catalog?: MysqlCatalog } = {}
  const dialect = { ...base.dialect }
  const connector: SqlConnector = {
    ...base,
    dialect,
    createRunner(configuration, serviceHost) {
      const runner = base.createRunner(configuration, serviceHost)
      assert.ok(runner instanceof MysqlRunner)
      made.runner = runner
      return runner
    },
    createCatalog(runner, configuration, serviceHost) {
      const catalog = base.createCatalog(runner, configuration, serviceHost)
      assert.ok(catalog instanceof MysqlCatalog)
      made.catalog = catalog
      return catalog
    },
  }
  const store = sqlStore(connector, config, own)
  const service = recordService(store, { host: own, config })
  t.after(() => service.close())
  const { runner, catalog } = made
  assert.ok(runner !== undefined && catalog !== undefined)
  return {
    runner,
    catalog,
    store,
    dialect,
    async ask(asked, given = signal) {
      try {
        const { status, text } = await answer(service, asked, given)
        return { status, body: JSON.parse(text) as Json }
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown
        return { status: thrown.status, body: { message: thrown.message, context: thrown.context } }
      }
    },
    text: async (asked) => (await answer(service, asked, signal)).text,
  }
}

async function answer(
  service: Service,
  asked: Asked,
  given: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const request = requestFor(asked)
  const { status, body } = await service.handle(request, given)
  if (body.kind === 'value') return { status, text: encodeJson(body.value) }
  assert.ok(body.kind === 'rows')
  const chunks: Uint8Array[] = []
  await body.rows.encode(request.output, { write: (chunk) => void chunks.push(chunk) }, given)
  return { status, text: Buffer.concat(chunks).toString('utf8') }
}

/** Which of the two it is: they differ in what they tell of themselves. */
export async function isMariadb(database: Database): Promise<boolean> {
  const direct = new Direct(database)
  try {
    const [[version] = []] = await direct.run('select version()')
    return /mariadb/i.test(String(version))
  } finally {
    direct.end()
  }
}

/** A table of one column `seq` of the numbers from 1, on MariaDB and MySQL alike. */
export const numbers = (most: number): string =>
  `(select d0.n + 10 * d1.n + 100 * d2.n + 1000 * d3.n + 10000 * d4.n + 1 as seq from ${[0, 1, 2, 3, 4]
    .map((place) => `(${[...'0123456789'].map((digit) => `select ${digit} as n`).join(' union all ')}) d${place}`)
    .join(', ')} having seq <= ${most}) numbers`

let databases = 0

/** A database filled by the statements. */
export async function arrange(
  t: TestContext,
  database: Database,
  sql: string,
  options: Options = {},
): Promise<Arranged> {
  const name = `t${process.pid}_${++databases}`
  const before = new Direct(database)
  await before.run(`create database ${name} character set utf8mb4 collate utf8mb4_unicode_ci`)
  before.end()
  const direct = new Direct(database, name)
  if (sql !== '') await direct.run(sql)
  const served = serve(t, configOf(database, { database: name, ...options.config }), options.env)
  t.after(async () => {
    direct.end()
    const last = new Direct(database)
    await last.run(`set foreign_key_checks = 0; drop database if exists ${name}`)
    last.end()
  })
  return { ...served, direct, name }
}
