// The document cases of the conformance suite on MongoDB, or on what speaks its protocol on this machine.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { MongoClient } from 'mongodb'
import { mongoService } from '../../connectors/mongodb/plugin.ts'
import { mongodb } from '../support/mongodb.ts'
import { databaseName } from './server.ts'

const { mongo, skip } = await mongodb()
if (mongo === null) test('MongoDB: conformance', { skip }, () => {})
else {
  after(() => mongo.stop())
  conformance({
    name: `MongoDB (${mongo.kind})`,
    documents: true,
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
