/** The fields of a MySQL service's configuration, in the contract's order (control-plane 5.2). */
import type { ConfigSchema } from 'dataferry/sdk'
import { networkFields, sqlConfigFields } from 'dataferry/sql'

export const mysqlConfig: ConfigSchema = [
  ...networkFields({
    port: 'The number of the database host port, i.e. 3306. This can be a lookup key.',
    password: 'The password for the database user. This can be a lookup key.',
    schema:
      'Leave blank to work with all available schemas, type "default" to only work with the default schema of the connection, or give the name of one.',
  }),
  {
    name: 'charset',
    label: 'Character Set',
    type: 'string',
    description:
      'The character set of the connection. Texts travel as utf8mb4, whatever tables use; others are accepted and have no effect.',
  },
  {
    name: 'collation',
    label: 'Character Set Collation',
    type: 'string',
    description: 'The collation of the connection, i.e. utf8mb4_unicode_ci.',
  },
  {
    name: 'timezone',
    label: 'Timezone',
    type: 'string',
    description: 'The time zone of the connection, UTC if left blank.',
  },
  {
    name: 'modes',
    label: 'Session Modes',
    type: 'string',
    description: 'The SQL modes of the connection, separated by commas.',
  },
  {
    name: 'strict',
    label: 'Use Strict Mode',
    type: 'boolean',
    description: 'Use the strict mode of the database. Left out: as the server is set.',
  },
  {
    name: 'unix_socket',
    label: 'Socket Connection',
    type: 'string',
    description: 'The path of the Unix socket to use instead of host and port.',
  },
  ...sqlConfigFields,
]
