// The conformance suite on PostgreSQL.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { postgresConnector } from '../../connectors/postgres/connector.ts'
import { postgresql } from '../../connectors/postgres/flavours.ts'
import { postgres } from '../support/databases.ts'
import { paging } from './paging.ts'
import { postgresServer } from './postgres.ts'
import { properties, runsOf } from './properties.ts'
import { relations } from './relations.ts'

const { database, skip } = await postgres()
if (database === null) test('PostgreSQL: conformance', { skip }, () => {})
else {
  conformance(postgresServer(database).subject)
  relations(postgresServer(database))
  const finite = ['-1.5', '0', '0.1', '7']
  const all = ["'-Infinity'", ...finite, "'Infinity'", "'NaN'"]
  paging(postgresServer(database), [
    { type: 'double precision', values: [...all.slice(0, 1), "'-1e300'", ...all.slice(1)] },
    { type: 'real', values: all },
    { type: 'numeric', values: ['-1e40', ...finite, "'NaN'"] },
    { type: 'money', values: ['-1.5', '0', '0.1', '1000'] },
  ])
  properties(postgresConnector(postgresql), (connector) => postgresServer(database, connector), runsOf())
  after(() => database.stop())
}
