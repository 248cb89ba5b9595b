/** The databases that are benchmarked: started, seeded, asked directly, and how each server is told of them. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { type Database, startMysql, startPostgres } from './servers/private.ts'
import { type Kind, refillStatements, type Sizes, seedStatements } from './tables.ts'

export interface BenchDatabase {
  readonly kind: Kind
  /** For the log: product and version. */
  readonly version: string
  /** A service of Dataferry over it. */
  readonly service: { readonly type: string; readonly config: object }
  /** What the baseline server is told. */
  readonly env: { readonly [name: string]: string }
  /** Leaves `visits` with the rows 1 to n. */
  refill(rows: number): Promise<void>
  run(sql: string): Promise<void>
  /** The first row's first value, as text. */
  one(sql: string): Promise<string>
  stop(): Promise<void>
}

/** null: there is no such server on this machine. `folder`: the data folder of the Dataferry that will read it. */
export async function openDatabase(kind: Kind, sizes: Sizes, folder: string): Promise<BenchDatabase | null> {
  switch (kind) {
    case 'sqlite':
      return openSqlite(sizes, folder)
    case 'postgres': {
      const server = await startPostgres()
      return server && guarded(server, () => openPostgres(server, sizes))
    }
    case 'mariadb': {
      const server = await startMysql()
      return server && guarded(server, () => openMariadb(server, sizes))
    }
  }
}

/** A server that can't be seeded is not left running. */
async function guarded(server: Database, open: () => Promise<BenchDatabase>): Promise<BenchDatabase> {
  try {
    return await open()
  } catch (thrown) {
    await server.stop()
    throw thrown
  }
}

async function openPostgres(server: Database, sizes: Sizes): Promise<BenchDatabase> {
  const { host, port, user, password, database } = server
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const sql of statements) await client.query(sql)
  }
  await run([...seedStatements('postgres', sizes), 'vacuum analyze', 'checkpoint'])
  const one = async (sql: string): Promise<string> => {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    return String(rows[0]?.[0])
  }
  return {
    kind: 'postgres',
    version: `PostgreSQL ${(await one('show server_version')).split(' ')[0]}`,
    service: { type: 'pgsql', config: { host, port, username: user, password, database } },
    env: { BENCH_HOST: host, BENCH_PORT: String(port), BENCH_USER: user, BENCH_PASSWORD: password, BENCH_DB: database },
    refill: (rows) => run(refillStatements('postgres', rows)),
    run: (sql) => run([sql]),
    one,
    async stop() {
      await client.end()
      await server.stop()
    },
  }
}

async function openMariadb(server: Database, sizes: Sizes): Promise<BenchDatabase> {
  const { host, port, user, password, database } = server
  const client = await mysql.createConnection({ host, port, user, password, database, rowsAsArray: true })
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const sql of statements) await client.query(sql)
  }
  await run(["set sql_mode = 'PIPES_AS_CONCAT'", ...seedStatements('mariadb', sizes)])
  const one = async (sql: string): Promise<string> => {
    const [rows] = await client.query(sql)
    return String((rows as unknown[][])[0]?.[0])
  }
  const version = await one('select version()')
  return {
    kind: 'mariadb',
    version: `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${version.split('-')[0]}`,
    service: { type: 'mysql', config: { host, port, username: user, password, database } },
    env: { BENCH_HOST: host, BENCH_PORT: String(port), BENCH_USER: user, BENCH_PASSWORD: password, BENCH_DB: database },
    refill: (rows) => run(refillStatements('mariadb', rows)),
    run: (sql) => run([sql]),
    one,
    async stop() {
      await client.end()
      await server.stop()
    },
  }
}

function openSqlite(sizes: Sizes, folder: string): BenchDatabase {
  mkdirSync(join(folder, 'databases'), { recursive: true })
  const file = join(folder, 'databases', 'bench.sqlite')
  const client = new DatabaseSync(file, { timeout: 30_000 })
  const run = (statements: readonly string[]): void => {
    client.exec('begin immediate')
    for (const sql of statements) client.exec(sql)
    client.exec('commit')
  }
  client.exec('pragma journal_mode = wal; pragma synchronous = normal')
  run(seedStatements('sqlite', sizes))
  const one = (sql: string): string => String(Object.values(client.prepare(sql).get() ?? {})[0])
  return {
    kind: 'sqlite',
    version: `SQLite ${one('select sqlite_version()')}`,
    service: { type: 'sqlite', config: { database: 'bench.sqlite' } },
    env: { BENCH_FILE: file },
    refill: async (rows) => {
      run(refillStatements('sqlite', rows))
      client.exec('pragma wal_checkpoint(truncate)')
    },
    run: async (sql) => run([sql]),
    one: async (sql) => one(sql),
    stop: async () => client.close(),
  }
}
