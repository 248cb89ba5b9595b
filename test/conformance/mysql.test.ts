// The conformance suite on MariaDB.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { mysqlConnector } from '../../connectors/mysql/connector.ts'
import { mysql } from '../support/databases.ts'
import { mysqlServer } from './mysql.ts'
import { properties, runsOf } from './properties.ts'
import { relations } from './relations.ts'

const { database, skip } = await mysql()
if (database === null) test('MariaDB: conformance', { skip }, () => {})
else {
  conformance(mysqlServer(database).subject)
  relations(mysqlServer(database))
  properties(mysqlConnector(null), (connector) => mysqlServer(database, connector), runsOf())
  after(() => database.stop())
}
