/** SQLite as a subject: a file in a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sqlService } from 'dataferry/sql'
import { sqliteConnector } from '../../connectors/sqlite/connector.ts'
import { doubled, type Server } from './server.ts'

export const sqliteServer = (connector = sqliteConnector): Server => ({
  connector,
  quote: doubled,
  altersKeys: false,
  subject: {
    name: 'SQLite',
    open(host, config) {
      const folder = mkdtempSync(join(tmpdir(), 'dataferry-conformance-'))
      const database = join(folder, 'test.db')
      const direct = new DatabaseSync(database)
      direct.exec('pragma journal_mode = wal')
      const service = sqlService(connector)({ database, ...config }, host)
      return {
        service,
        sql: async (text) => direct.exec(text),
        async close() {
          await service.close()
          direct.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
    lax: ['length', 'range', 'dates', 'decimals'],
  },
})
