/** PostgreSQL as a subject: a database of its own on a real server. */
import { sqlService } from 'dataferry/sql'
import pg from 'pg'
import { postgresConnector } from '../../connectors/postgres/connector.ts'
import { postgresql } from '../../connectors/postgres/flavours.ts'
import type { Database } from '../support/databases.ts'
import { databaseName, doubled, type Server } from './server.ts'

export function postgresServer(
  { host: address, port, user, password, database }: Database,
  connector = postgresConnector(postgresql),
): Server {
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
    altersKeys: true,
    subject: {
      name: 'PostgreSQL',
      async open(host, config) {
        const name = databaseName()
        await once(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C'`)
        const direct = await connect(name)
        const service = sqlService(connector)(
          { host: address, port, database: name, username: user, password, ...config },
          host,
        )
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
