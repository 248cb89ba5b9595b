// The conformance suite on PostgreSQL.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { postgresConnector } from '../../connectors/postgres/connector.ts'
import { postgresql } from '../../connectors/postgres/flavours.ts'
import { postgres } from '../support/databases.ts'
import { postgresServer } from './postgres.ts'
import { properties, runsOf } from './properties.ts'
import { relations } from './relations.ts'

const { database, skip } = await postgres()
if (database === null) test('PostgreSQL: conformance', { skip }, () => {})
else {
  conformance(postgresServer(database).subject)
  relations(postgresServer(database))
  properties(postgresConnector(postgresql), (connector) => postgresServer(database, connector), runsOf())
  after(() => database.stop())
}
