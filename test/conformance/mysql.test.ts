// The conformance suite on MariaDB.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { mysqlConnector } from '../../connectors/mysql/connector.ts'
import { mysql } from '../support/databases.ts'
import { mysqlServer } from './mysql.ts'
import { paging } from './paging.ts'
import { properties, runsOf } from './properties.ts'
import { relations } from './relations.ts'

const { database, skip } = await mysql()
if (database === null) test('MariaDB: conformance', { skip }, () => {})
else {
  conformance(mysqlServer(database).subject)
  relations(mysqlServer(database))
  paging(mysqlServer(database), [
    { type: 'double', values: ['-1.7e308', '-1.5', '0', '0.1', '7', '1.7e308'] },
    { type: 'float', values: ['-3.4e38', '-1.5', '0', '0.1', '7', '3.4e38'] },
    { type: 'decimal(40,5)', values: ['-12345678901234567890123456789012345.12345', '-1.5', '0', '0.1', '7'] },
    { type: 'bigint unsigned', values: ['0', '9223372036854775808', '18446744073709551615'] },
  ])
  properties(mysqlConnector(null), (connector) => mysqlServer(database, connector), runsOf())
  after(() => database.stop())
}
