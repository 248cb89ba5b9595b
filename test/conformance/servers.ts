/** The three first-party connectors as subjects of the suite: SQLite in a temporary file, the others in a database of their own on a real server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Subject } from 'dataferry/conformance'
import { type SqlConnector, sqlService } from 'dataferry/sql'
import mysql from 'mysql2'
import pg from 'pg'
import { mysqlConnector } from '../../connectors/mysql/connector.ts'
import { postgresConnector } from '../../connectors/postgres/connector.ts'
import { postgresql } from '../../connectors/postgres/flavours.ts'
import { sqliteConnector } from '../../connectors/sqlite/connector.ts'
import type { Database } from '../support/databases.ts'

/** A subject and the connector behind it. */
export interface Server {
  readonly subject: Subject
  readonly connector: SqlConnector
  /** An identifier as the database's own statements write it. */
  readonly quote: (name: string) => string
}

const doubled = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const sqliteServer: Server = {
  connector: sqliteConnector,
  quote: doubled,
  subject: {
    name: 'SQLite',
    open(host, config) {
      const folder = mkdtempSync(join(tmpdir(), 'dataferry-conformance-'))
      const database = join(folder, 'test.db')
      const direct = new DatabaseSync(database)
      direct.exec('pragma journal_mode = wal')
      const service = sqlService(sqliteConnector)({ database, ...config }, host)
      return {
        service,
        sql: async (text) => direct.exec(text),
        async close() {
          await service.close()
          direct.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
    lax: ['length', 'range', 'dates', 'decimals', 'floats'],
  },
}

let databases = 0
const nextName = (): string => `conformance_${process.pid}_${++databases}`

export function postgresServer({ host: address, port, user, password, database }: Database): Server {
  const connector = postgresConnector(postgresql)
  const connect = async (name: string): Promise<pg.Client> => {
    const client = new pg.Client({ host: address, port, user, password, database: name })
    client.on('error', () => {})
    await client.connect()
    return client
  }
  const once = async (text: string): Promise<void> => {
    const client = await connect(database)
    await client.query(text)
    await client.end()
  }
  return {
    connector,
    quote: doubled,
    subject: {
      name: 'PostgreSQL',
      async open(host, config) {
        const name = nextName()
        await once(`create database ${name}`)
        const direct = await connect(name)
        const service = sqlService(connector)({ host: address, port, database: name, username: user, password, ...config }, host)
        return {
          service,
          sql: async (text) => void (await direct.query(text)),
          async close() {
            await service.close()
            await direct.end()
            await once(`drop database ${name} with (force)`)
          },
        }
      },
      lax: [],
    },
  }
}

export function mysqlServer({ host: address, port, user, password, database }: Database): Server {
  const connector = mysqlConnector(null)
  const connect = (name: string): mysql.Connection => {
    const connection = mysql.createConnection({ host: address, port, user, password, database: name, multipleStatements: true })
    connection.on('error', () => {})
    return connection
  }
  const run = (connection: mysql.Connection, text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      connection.query(text, (error) => (error ? reject(error) : resolve()))
    })
  const once = async (text: string): Promise<void> => {
    const connection = connect(database)
    await run(connection, text)
    connection.destroy()
  }
  return {
    connector,
    quote: (name) => `\`${name.replaceAll('`', '``')}\``,
    subject: {
      name: 'MariaDB',
      async open(host, config) {
        const name = nextName()
        // By code points and without padding, as the suite compares texts.
        await once(`create database ${name} character set utf8mb4 collate utf8mb4_nopad_bin`)
        const direct = connect(name)
        const service = sqlService(connector)(
          { host: address, port, database: name, username: user, password, schema: 'default', ...config },
          host,
        )
        return {
          service,
          sql: (text) => run(direct, text),
          async close() {
            await service.close()
            direct.destroy()
            await once(`drop database ${name}`)
          },
        }
      },
      lax: [],
    },
  }
}
