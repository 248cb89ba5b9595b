/** The databases that the suite runs on: each with its service's configuration, and a direct connection to fill it and to look. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import mysql2 from 'mysql2'
import pg from 'pg'
import { type Database, mysql, postgres } from '../../support/databases.ts'

export interface Engine {
  readonly name: 'SQLite' | 'PostgreSQL' | 'MariaDB'
  /** The service's name. */
  readonly service: string
  readonly type: string
  readonly config: object
  run(sql: string): Promise<void>
  rows(sql: string): Promise<readonly unknown[]>
  stop(): Promise<void>
}

const everyEngine = ['sqlite', 'postgresql', 'mariadb']

/** `folder` is the server's data folder. PERMISSIONS_ENGINES names some of them, in lower case, between commas. */
export async function openEngines(
  folder: string,
  wanted: readonly string[] = process.env.PERMISSIONS_ENGINES?.split(',') ?? everyEngine,
): Promise<readonly Engine[]> {
  const opened: Engine[] = []
  if (wanted.includes('sqlite')) opened.push(sqlite(folder))
  if (wanted.includes('postgresql')) opened.push(...(await found(postgres, postgresql)))
  if (wanted.includes('mariadb')) opened.push(...(await found(mysql, mariadb)))
  return opened
}

async function found(
  find: () => Promise<{ readonly database: Database | null }>,
  open: (database: Database) => Promise<Engine>,
): Promise<readonly Engine[]> {
  const { database } = await find()
  return database === null ? [] : [await open(database)]
}

function sqlite(folder: string): Engine {
  const databases = join(folder, 'data', 'databases')
  mkdirSync(databases, { recursive: true })
  const database = new DatabaseSync(join(databases, 'permissions.sqlite'))
  database.exec('pragma journal_mode = wal; pragma synchronous = off')
  return {
    name: 'SQLite',
    service: 'lite',
    type: 'sqlite',
    config: { database: 'permissions.sqlite' },
    run: async (sql) => database.exec(sql),
    rows: async (sql) => database.prepare(sql).all(),
    stop: async () => database.close(),
  }
}

const databaseName = `permissions_${process.pid}`

async function postgresql(server: Database): Promise<Engine> {
  const { host, port, user, password } = server
  const connect = async (database: string): Promise<pg.Client> => {
    const client = new pg.Client({ host, port, user, password, database })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const base = await connect(server.database)
  await base.query(`create database ${databaseName}`)
  const direct = await connect(databaseName)
  return {
    name: 'PostgreSQL',
    service: 'pg',
    type: 'pgsql',
    config: { host, port, username: user, password, database: databaseName },
    run: async (sql) => void (await direct.query(sql)),
    rows: async (sql) => (await direct.query(sql)).rows,
    async stop() {
      await direct.end()
      await base.query(`drop database ${databaseName} with (force)`)
      await base.end()
      await server.stop()
    },
  }
}

async function mariadb(server: Database): Promise<Engine> {
  const { host, port, user, password } = server
  const direct = mysql2.createConnection({
    host,
    port,
    user,
    password,
    database: server.database,
    multipleStatements: true,
  })
  direct.on('error', () => {})
  const query = (sql: string): Promise<readonly unknown[]> =>
    new Promise((resolve, reject) => {
      direct.query(sql, (error: Error | null, rows: unknown) => (error ? reject(error) : resolve(rows as unknown[])))
    })
  await query(`create database ${databaseName} character set utf8mb4; use ${databaseName}`)
  return {
    name: 'MariaDB',
    service: 'maria',
    type: 'mysql',
    config: { host, port, username: user, password, database: databaseName, schema: 'default' },
    run: async (sql) => void (await query(sql)),
    rows: query,
    async stop() {
      await query(`drop database ${databaseName}`)
      direct.destroy()
      await server.stop()
    },
  }
}
