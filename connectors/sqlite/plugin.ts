/** The SQLite connector: files on the server's own disk, the sample database among them. */

import type { Plugin } from 'dataferry/sdk'
import { sqlConfigFields, sqlService } from 'dataferry/sql'
import { sqliteConnector } from './connector.ts'
import { databaseName } from './location.ts'

const plugin: Plugin = {
  name: 'sqlite',
  api: 1,
  types: [
    {
      name: 'sqlite',
      label: 'SQLite',
      group: 'Database',
      description: 'Database service supporting SQLite connections.',
      config: [
        {
          name: 'database',
          label: 'Database',
          type: 'string',
          description:
            'The name or path of the database file. A name is looked for in the folder of SQLite databases. This can be a lookup key.',
        },
        ...sqlConfigFields,
      ],
      body: 'value',
      check(config) {
        databaseName(config)
      },
      create: sqlService(sqliteConnector),
    },
  ],
}
export default plugin
