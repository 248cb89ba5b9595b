/** Where the system store is (`DF_SYSTEM_DB`): the service type and the configuration that open it. */
import { dirname, join } from 'node:path'
import type { ConfigValues } from 'dataferry/sdk'

export interface StoreLocation {
  readonly type: 'sqlite' | 'pgsql' | 'mysql' | 'mariadb'
  readonly config: ConfigValues
  /** Several nodes may work on it at once. */
  readonly shared: boolean
  /** The folder of a SQLite file that lies outside of the data folder: one process at a time has it. */
  readonly folder: string | null
}

/** A node that vanished without a word must not keep the others from changing anything for long. */
const postgresStatements = ["set idle_in_transaction_session_timeout = '20s'"]
const mysqlStatements = [
  'set session innodb_lock_wait_timeout = 20 /*M!100301 , session idle_write_transaction_timeout = 20 */',
]

/** Throws one line that names the setting, without what is in it. */
export function locate(systemDb: string | null, dataDir: string): StoreLocation {
  if (systemDb === null) return sqlite(join(dataDir, 'system.sqlite'), dataDir)
  const scheme = systemDb.slice(0, systemDb.indexOf(':')).toLowerCase()
  if (scheme === 'sqlite') return sqlite(systemDb.slice('sqlite:'.length), dataDir)
  const url = new URL(systemDb)
  const database = decodeURIComponent(url.pathname.replace(/^\//, ''))
  if (url.hostname === '' || database === '')
    throw new Error(`DF_SYSTEM_DB must name a host and a database, as in ${scheme}://user:password@host/database.`)
  const { schema, sslmode, ...options } = Object.fromEntries(url.searchParams)
  const config = {
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    database,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    options,
  }
  if (scheme.startsWith('postgres')) {
    const path = schema === undefined ? [] : [`set search_path = "${schema.replaceAll('"', '""')}"`]
    return {
      type: 'pgsql',
      config: {
        ...config,
        schema: 'default',
        ...(sslmode === undefined ? {} : { sslmode }),
        statements: [...postgresStatements, ...path],
      },
      shared: true,
      folder: null,
    }
  }
  return {
    type: scheme === 'mariadb' ? 'mariadb' : 'mysql',
    config: { ...config, strict: true, statements: mysqlStatements },
    shared: true,
    folder: null,
  }
}

function sqlite(file: string, dataDir: string): StoreLocation {
  const folder = dirname(file)
  return { type: 'sqlite', config: { database: file }, shared: false, folder: folder === dataDir ? null : folder }
}
