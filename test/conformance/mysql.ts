/** MariaDB or MySQL as a subject: a database of its own on a real server. */
import { sqlService } from 'dataferry/sql'
import mysql from 'mysql2'
import { mysqlConnector } from '../../connectors/mysql/connector.ts'
import type { Database } from '../support/databases.ts'
import { databaseName, type Server } from './server.ts'

export function mysqlServer(
  { host: address, port, user, password, database }: Database,
  connector = mysqlConnector(null),
): Server {
  const connect = (name: string): mysql.Connection => {
    const connection = mysql.createConnection({
      host: address,
      port,
      user,
      password,
      database: name,
      multipleStatements: true,
    })
    connection.on('error', () => {})
    return connection
  }
  const run = (connection: mysql.Connection, text: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      connection.query(text, (error, rows) => (error ? reject(error) : resolve(rows)))
    })
  const once = async (text: string): Promise<unknown> => {
    const connection = connect(database)
    try {
      return await run(connection, text)
    } finally {
      connection.destroy()
    }
  }
  /** By code points and without padding, as the suite compares texts. */
  const collation = async (): Promise<string> => {
    const rows = await once("show collation where collation in ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')")
    const [first] = rows as readonly { readonly Collation: string }[]
    return first?.Collation ?? 'utf8mb4_bin'
  }
  return {
    connector,
    quote: (name) => `\`${name.replaceAll('`', '``')}\``,
    altersKeys: true,
    subject: {
      name: 'MariaDB',
      async open(host, config) {
        const name = databaseName()
        await once(`create database ${name} character set utf8mb4 collate ${await collation()}`)
        const direct = connect(name)
        const service = sqlService(connector)(
          { host: address, port, database: name, username: user, password, schema: 'default', ...config },
          host,
        )
        return {
          service,
          async sql(text) {
            await run(direct, text)
          },
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
