/** A MongoDB service over a database of its own, for the tests of this folder. */
import { answerOf, type Case, houseHost, requestOf } from 'dataferry/conformance'
import type { ConfigValues, Json, Service } from 'dataferry/sdk'
import { type Db, MongoClient } from 'mongodb'
import { mongoService } from '../../../connectors/mongodb/plugin.ts'
import type { Mongo } from '../../support/mongodb.ts'

type Asked = Pick<Case, 'ask' | 'query' | 'body' | 'as'>

export interface TestService {
  readonly service: Service
  /** Past the service. */
  readonly db: Db
  ask(asked: Asked): ReturnType<typeof answerOf>
  close(): Promise<void>
}

let databases = 0

export async function openService(mongo: Mongo, config: ConfigValues = {}): Promise<TestService> {
  const database = `connector_${process.pid}_${++databases}`
  const client = new MongoClient(mongo.url)
  const db = client.db(database)
  const service = mongoService({ dsn: mongo.url, database, ...config }, await houseHost())
  return {
    service,
    db,
    ask: (asked) => answerOf(service, requestOf(asked)),
    async close() {
      await service.close()
      await db.dropDatabase().catch(() => {})
      await client.close()
    },
  }
}

/** The rows of a list. */
export const rowsOf = ({ body }: Awaited<ReturnType<typeof answerOf>>): readonly { readonly [name: string]: Json }[] =>
  (body as { readonly resource: readonly { readonly [name: string]: Json }[] }).resource
