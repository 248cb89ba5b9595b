// The conformance suite on SQLite.
import { conformance } from 'dataferry/conformance'
import { sqliteConnector } from '../../connectors/sqlite/connector.ts'
import { paging } from './paging.ts'
import { properties, runsOf } from './properties.ts'
import { relations } from './relations.ts'
import { sqliteServer } from './sqlite.ts'

conformance(sqliteServer().subject)
relations(sqliteServer())
paging(sqliteServer(), [
  { type: 'double', values: ['-9e999', '-1e300', '-1.5', '0', '0.1', '7', '9e999'] },
  { type: 'decimal(10,2)', values: ['-9e999', '-1.5', '0', '9e999'] },
  { type: 'integer', values: ['-9223372036854775808', '0', '9223372036854775807', "'Infinity'", "'a text'"] },
])
properties(sqliteConnector, sqliteServer, runsOf())
