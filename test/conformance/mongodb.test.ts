// The document cases of the conformance suite on MongoDB, or on what speaks its protocol on this machine; and on one that groups by itself.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { MongoClient } from 'mongodb'
import { mongoService } from '../../connectors/mongodb/plugin.ts'
import { type FoundMongo, groupingMongodb, mongodb } from '../support/mongodb.ts'
import { databaseName } from './server.ts'

const found = await mongodb()
cases(found)
if (found.mongo?.kind === 'ferretdb' || found.mongo === null) cases(await groupingMongodb())

function cases({ mongo, skip }: FoundMongo): void {
  if (mongo === null) {
    test('MongoDB: conformance', { skip }, () => {})
    return
  }
  after(() => mongo.stop())
  conformance({
    name: `MongoDB (${mongo.kind})`,
    documents: true,
    // Its patterns meet numbers.
    ...(mongo.kind === 'mongo-java-server' && { lax: ['patterns'] }),
    open(host, config) {
      const database = databaseName()
      const service = mongoService({ dsn: mongo.url, database, ...config }, host)
      return {
        service,
        async close() {
          await service.close()
          const client = new MongoClient(mongo.url)
          await client.db(database).dropDatabase()
          await client.close()
        },
      }
    },
  })
}
