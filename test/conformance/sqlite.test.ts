// The conformance suite on SQLite.
import { conformance } from 'dataferry/conformance'
import { sqliteConnector } from '../../connectors/sqlite/connector.ts'
import { properties, runsOf } from './properties.ts'
import { relations } from './relations.ts'
import { sqliteServer } from './sqlite.ts'

conformance(sqliteServer().subject)
relations(sqliteServer())
properties(sqliteConnector, sqliteServer, runsOf())
