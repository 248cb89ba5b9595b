// The conformance suite on MariaDB.
import { after, test } from 'node:test'
import { conformance } from 'dataferry/conformance'
import { mysql } from '../support/databases.ts'
import { mysqlServer } from './servers.ts'

const { database, skip } = await mysql()
if (database === null) test('MariaDB: conformance', { skip }, () => {})
else {
  conformance(mysqlServer(database).subject)
  after(() => database.stop())
}
