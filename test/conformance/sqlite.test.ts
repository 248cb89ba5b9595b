// The conformance suite on SQLite.
import { conformance } from 'dataferry/conformance'
import { sqliteServer } from './servers.ts'

conformance(sqliteServer.subject)
