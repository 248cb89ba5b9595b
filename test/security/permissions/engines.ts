/** The databases that the suite runs on: each with its service's configuration, and a direct connection to fill it and to look. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import mysql2 from 'mysql2'
import pg from 'pg'
import { type Database, mysql, postgres } from '../../support/databases.ts'

/** A database, and the service that serves it. */
export interface Source {
  /** The service's name. */
  readonly service: string
  readonly type: string
  readonly config: object
  /** Any number of statements. */
  run(sql: string): Promise<void>
  /** The rows of each statement, in one exchange with the server. */
  rows(statements: readonly string[]): Promise<readonly (readonly unknown[])[]>
  stop(): Promise<void>
}
export interface Engine extends Source {
  readonly name: 'SQLite' | 'PostgreSQL' | 'MariaDB'
  /** Another service, to which relations lead. */
  readonly far: Source
}

const everyEngine = ['sqlite', 'postgresql', 'mariadb']

/** `folder` is the server's data folder. PERMISSIONS_ENGINES names some of them, in lower case, between commas. */
export async function openEngines(
  folder: string,
  wanted: readonly string[] = process.env.PERMISSIONS_ENGINES?.split(',') ?? everyEngine,
): Promise<readonly Engine[]> {
  const opened: Engine[] = []
  if (wanted.includes('sqlite')) opened.push(sqlite(folder))
  if (wanted.includes('postgresql')) opened.push(...(await found(postgres, postgresql, folder)))
  if (wanted.includes('mariadb')) opened.push(...(await found(mysql, mariadb, folder)))
  return opened
}

async function found(
  find: () => Promise<{ readonly database: Database | null }>,
  open: (database: Database, folder: string) => Promise<Engine>,
  folder: string,
): Promise<readonly Engine[]> {
  const { database } = await find()
  return database === null ? [] : [await open(database, folder)]
}

const sqlite = (folder: string): Engine => ({ name: 'SQLite', ...file(folder, 'lite'), far: far(folder, 'lite') })

/** Of the engine's own, since each is looked at for what has changed. */
const far = (folder: string, service: string): Source => file(folder, `${service}_far`)

function file(folder: string, service: string): Source {
  const databases = join(folder, 'data', 'databases')
  mkdirSync(databases, { recursive: true })
  const database = new DatabaseSync(join(databases, `${service}.sqlite`))
  database.exec('pragma journal_mode = wal; pragma synchronous = off')
  return {
    service,
    type: 'sqlite',
    config: { database: `${service}.sqlite` },
    run: async (sql) => database.exec(sql),
    rows: async (statements) => statements.map((sql) => database.prepare(sql).all()),
    stop: async () => database.close(),
  }
}

const databaseName = `permissions_${process.pid}`

async function postgresql(server: Database, folder: string): Promise<Engine> {
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
    async rows(statements) {
      const results = await direct.query(statements.join(';'))
      return [results].flat().map(({ rows }) => rows)
    },
    far: far(folder, 'pg'),
    async stop() {
      await direct.end()
      await base.query(`drop database ${databaseName} with (force)`)
      await base.end()
      await server.stop()
    },
  }
}

async function mariadb(server: Database, folder: string): Promise<Engine> {
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
    async rows(statements) {
      const results = await query(statements.join(';'))
      return statements.length === 1 ? [results] : (results as (readonly unknown[])[])
    },
    far: far(folder, 'maria'),
    async stop() {
      await query(`drop database ${databaseName}`)
      direct.destroy()
      await server.stop()
    },
  }
}
