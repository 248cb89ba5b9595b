// The conformance suite on PostgreSQL.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { postgres } from '../support/databases.ts'
import { postgresServer } from './servers.ts'

const { database, skip } = await postgres()
if (database === null) test('PostgreSQL: conformance', { skip }, () => {})
else {
  conformance(postgresServer(database).subject)
  after(() => database.stop())
}
