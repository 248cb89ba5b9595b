/**
 * Real database servers for tests. A URL given in the environment is used as it is; else a private server is started from a binary found
 * on this machine, with its data in a temporary folder on a free port of 127.0.0.1; else the tests that need it are skipped loudly,
 * and fail where CI=true.
 *
 *     TEST_POSTGRES_URL   postgres://user:password@host:port/database    (the user may create schemas)
 *     TEST_MYSQL_URL      mysql://user:password@host:port/database       (the user may create databases and users)
 */
import { type Database, startMysql, startPostgres } from '../../bench/servers/private.ts'

export type { Database }

/** Why there is none, for `test(..., { skip })`; false where there is one. */
export interface Found {
  readonly database: Database | null
  readonly skip: string | false
}

/** PostgreSQL for one test file; stop it in `after`. */
export const postgres = (): Promise<Found> => find('PostgreSQL', 'TEST_POSTGRES_URL', startPostgres)
/** MariaDB or MySQL for one test file; stop it in `after`. */
export const mysql = (): Promise<Found> => find('MariaDB or MySQL', 'TEST_MYSQL_URL', startMysql)

async function find(label: string, variable: string, start: () => Promise<Database | null>): Promise<Found> {
  const given = process.env[variable]
  const database = given ? fromUrl(given) : await start()
  if (database !== null) return { database, skip: false }
  const why = `${label} is not on this machine and ${variable} is not set`
  if (process.env.CI === 'true') throw new Error(why)
  console.error(`SKIPPED: ${why}`)
  return { database: null, skip: why }
}

export function fromUrl(text: string): Database {
  const url = new URL(text)
  const kind = url.protocol.startsWith('postgres') ? 'postgres' : 'mysql'
  return {
    kind,
    host: url.hostname,
    port: Number(url.port || (kind === 'postgres' ? 5432 : 3306)),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    stop: async () => {},
    restart: null,
  }
}
