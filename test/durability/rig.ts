/**
 * Dataferry as a process, with a service over each of the three databases, and the databases seen from beside it: what was written, what
 * runs, and how to be in the way.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import mysqlDriver, { type Connection } from 'mysql2'
import pg from 'pg'
import { Admin } from '../../bench/admin.ts'
import { type Served, serveOurs } from '../../bench/process.ts'
import { type Database, type Found, mysql, postgres } from '../support/databases.ts'

type Rows = readonly (readonly unknown[])[]

/** A database, seen from beside the service. */
export interface Engine {
  readonly name: string
  readonly skip: string | false
  readonly type: 'sqlite' | 'pgsql' | 'mysql'
  readonly config: Readonly<Record<string, unknown>>
  /** The rows of the last statement. */
  run(sql: string): Promise<Rows>
  /** A transaction of its own that runs `sql` and stays open; the result undoes it. */
  hold(sql: string): Promise<() => Promise<void>>
  /** Statements of the service that wait for a lock; null: they can't be seen. */
  waiting(): Promise<number> | null
  /** Transactions of the service under way; of SQLite those that write. */
  running(): Promise<number>
  /** Ends the service's connections; null: it has none that can be ended. */
  readonly cut: (() => Promise<void>) | null
  /** Kills the server and starts it again; null: there is none, or it is not ours. */
  readonly restart: (() => Promise<void>) | null
  stop(): Promise<void>
}

/** A function from numbers to rows, as each database writes it. */
export const series: Readonly<Record<Engine['type'], (from: string, to: string) => string>> = {
  sqlite: (from, to) =>
    `(with recursive s (n) as (select ${from} union all select n + 1 from s where n < ${to}) select n from s) s`,
  pgsql: (from, to) => `generate_series(${from}, ${to}) s (n)`,
  mysql: (from, to) => `(select seq as n from seq_${from}_to_${to}) s`,
}

function sqlite(): Engine {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-rig-'))
  const file = join(folder, 'rig.sqlite')
  const open = (): DatabaseSync => new DatabaseSync(file, { timeout: 20_000, returnArrays: true })
  const direct = open()
  direct.exec('pragma journal_mode = wal')
  return {
    name: 'SQLite',
    skip: false,
    type: 'sqlite',
    config: { database: file },
    async run(sql) {
      if (/^\s*select/i.test(sql)) return direct.prepare(sql).all() as unknown as Rows
      direct.exec(sql)
      return []
    },
    async hold(sql) {
      const other = open()
      other.exec(`begin immediate; ${sql}`)
      return async () => {
        other.exec('rollback')
        other.close()
      }
    },
    waiting: () => null,
    /** Whether somebody writes. */
    async running() {
      const probe = new DatabaseSync(file, { timeout: 0 })
      try {
        probe.exec('begin immediate; rollback')
        return 0
      } catch {
        return 1
      } finally {
        probe.close()
      }
    },
    cut: null,
    restart: null,
    async stop() {
      direct.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function postgresEngine({ database, skip }: Found): Engine {
  const given = database as Database
  const connect = async (): Promise<pg.Client> => {
    const { host, port, user, password } = given
    const client = new pg.Client({ host, port, user, password, database: given.database })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  let direct: Promise<pg.Client> | null = null
  const run = async (sql: string): Promise<Rows> => {
    direct ??= connect()
    const { rows } = await (await direct).query({ text: sql, rowMode: 'array' })
    return rows
  }
  const service = "datname = current_database() and pid <> pg_backend_pid() and application_name = 'rig'"
  return {
    name: 'PostgreSQL',
    skip,
    type: 'pgsql',
    config: { ...address(database), application_name: 'rig' },
    run,
    async hold(sql) {
      const other = await connect()
      await other.query(`begin; ${sql}`)
      return () => other.end()
    },
    waiting: () => count(run, `select count(*) from pg_stat_activity where ${service} and wait_event_type = 'Lock'`),
    running: () => count(run, `select count(*) from pg_stat_activity where ${service} and state <> 'idle'`),
    cut: async () => void (await run(`select pg_terminate_backend(pid) from pg_stat_activity where ${service}`)),
    restart: afterwards(database, () => {
      direct = null
    }),
    async stop() {
      await (await direct)?.end().catch(() => {})
      await database?.stop()
    },
  }
}

function mysqlEngine({ database, skip }: Found): Engine {
  const given = database as Database
  const connect = (): Connection => {
    const { host, port, user, password } = given
    const connection = mysqlDriver.createConnection({
      host,
      port,
      user,
      password,
      database: given.database,
      multipleStatements: true,
      rowsAsArray: true,
    })
    connection.on('error', () => {})
    return connection
  }
  const runOn = (connection: Connection, sql: string): Promise<Rows> =>
    new Promise((resolve, reject) => {
      connection.query(sql, (error, rows) => (error ? reject(error) : resolve(rows as unknown as Rows)))
    })
  let direct: Connection | null = null
  const run = (sql: string): Promise<Rows> => {
    direct ??= connect()
    return runOn(direct, sql)
  }
  const service = "db = database() and id <> connection_id() and user = 'rig'"
  /** What the server tells of each transaction under way. Its table of them is a copy that is up to date only where it is rarely read. */
  const transactions = async (): Promise<readonly string[]> => {
    const [row] = await run('show engine innodb status')
    const each = String(row?.[2]).split('---TRANSACTION ').slice(1)
    return each.filter((text) => /^[^\n]*, ACTIVE/.test(text))
  }
  return {
    name: 'MariaDB',
    skip,
    type: 'mysql',
    config: { ...address(database), username: 'rig', password: 'a secret of the rig', schema: 'default' },
    run,
    async hold(sql) {
      const other = connect()
      await runOn(other, `begin; ${sql}`)
      return async () => {
        await runOn(other, 'rollback')
        other.destroy()
      }
    },
    waiting: async () => (await transactions()).filter((each) => /^LOCK WAIT /m.test(each)).length,
    async running() {
      const reading = `select count(*) from information_schema.processlist where ${service} and command in ('Query', 'Execute')`
      return (await count(run, reading)) + (await transactions()).filter((each) => / rig( |$)/m.test(each)).length
    },
    async cut() {
      const ids = await run(`select id from information_schema.processlist where ${service}`)
      for (const [id] of ids) await run(`kill connection ${Number(id)}`).catch(() => {})
    },
    restart: afterwards(database, () => {
      direct?.destroy()
      direct = null
    }),
    async stop() {
      direct?.destroy()
      await database?.stop()
    },
  }
}

const count = async (run: Engine['run'], sql: string): Promise<number> => Number((await run(sql))[0]?.[0])

function address(database: Database | null): Readonly<Record<string, unknown>> {
  if (database === null) return {}
  const { host, port, user, password } = database
  return { host, port, database: database.database, username: user, password }
}

function afterwards(database: Database | null, then: () => void): Engine['restart'] {
  const restart = database?.restart
  if (!restart) return null
  return async () => {
    await restart()
    then()
  }
}

/** SQLite, PostgreSQL and MariaDB; one that is not on this machine has a reason to skip. */
export async function engines(): Promise<readonly Engine[]> {
  const [ours, theirs] = await Promise.all([postgres(), mysql()])
  const maria = mysqlEngine(theirs)
  if (theirs.database !== null) {
    await maria.run(
      `create user if not exists rig@'%' identified by 'a secret of the rig'; grant all on *.* to rig@'%';
       create user if not exists rig@localhost identified by 'a secret of the rig'; grant all on *.* to rig@localhost`,
    )
  }
  return [sqlite(), postgresEngine(ours), maria]
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface Rig {
  readonly server: Served
  /** Asks the service over the engine; a path below `_table`. */
  ask(engine: Engine, method: string, path: string, body?: unknown): Promise<Answer>
  /** The same by hand: the answer's body is not read. */
  send(engine: Engine, method: string, path: string, body?: string): Sent
  stop(): Promise<void>
}

export interface Sent {
  readonly request: ClientRequest
  /** Rejects where the connection ended before. */
  readonly answer: Promise<IncomingMessage>
}

/** A server with a service over each engine that is there; `config` is added to each service's own. */
export async function rig(
  over: readonly Engine[],
  config: Readonly<Record<string, unknown>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-rig-'))
  const credentials = { email: 'admin@example.com', password: 'a password of some length' }
  const server = await serveOurs(folder, credentials, { DF_LOG_LEVEL: 'error', ...env })
  const admin = await Admin.login(server.url, credentials)
  const access: object[] = []
  for (const engine of over.filter(({ skip }) => skip === false)) {
    const service = await admin.create('system/service', {
      name: engine.type,
      label: engine.name,
      type: engine.type,
      is_active: true,
      config: { ...engine.config, ...config },
    })
    access.push({ service_id: service.id, component: '*', verb_mask: 31, requestor_mask: 1 })
  }
  const key = await admin.createKey('rig', access)
  const headers = { 'X-DreamFactory-API-Key': key, 'Content-Type': 'application/json' }
  const place = (engine: Engine, path: string): string => `${server.url}/api/v2/${engine.type}/_table/${path}`
  return {
    server,
    async ask(engine, method, path, body) {
      const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
      const answer = await fetch(place(engine, path), init)
      return { status: answer.status, body: await answer.json() }
    },
    send(engine, method, path, body) {
      const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
      const sent = request(place(engine, path), { method, headers: { ...headers, ...length }, agent: false })
      const answer = new Promise<IncomingMessage>((resolve, reject) => {
        sent.on('response', resolve).on('error', reject)
      })
      answer.catch(() => {})
      sent.end(body)
      return { request: sent, answer }
    },
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Asks again until it holds, 60 s at most. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, ms = 60_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    assert.ok(Date.now() < end, `it did not come about: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
