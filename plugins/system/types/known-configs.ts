/**
 * Configurations of known types whose plugins are not there (control-plane 5.2, 5.3): with them a stored service reads back as
 * the contract has it, and its secrets are known. A registered type brings its own schema instead.
 */
import type { ConfigField, ConfigSchema, ConfigValues } from 'dataferry/sdk'
import { BadRequest } from 'dataferry/sdk'

type Short = readonly [name: string, label: string, type: ConfigField['type'], more?: Partial<ConfigField>]

const field = ([name, label, type, more]: Short): ConfigField => ({ name, label, type, ...more })

const password: Partial<ConfigField> = { secret: 'masked' }
const nameAndValue = { key: { label: 'Name', type: 'string' }, value: { label: 'Value', type: 'string' } }

const login: readonly Short[] = [
  ['host', 'Host', 'string', { description: 'The host of the database.' }],
  ['port', 'Port Number', 'integer'],
  ['database', 'Database', 'string', { description: 'The name of the database.' }],
  ['username', 'Username', 'string', { secret: 'encrypted' }],
  ['password', 'Password', 'password', password],
  [
    'schema',
    'Schema',
    'string',
    { description: 'Empty for all schemas, "default" for that of the login, or the name of one.' },
  ],
]
const sqlRest: readonly Short[] = [
  ['options', 'Driver Options', 'object', { object: nameAndValue, column: true }],
  ['attributes', 'Driver Attributes', 'object', { object: nameAndValue, column: true }],
  ['statements', 'Additional SQL Statements', 'array', { items: 'string', column: true }],
  ['allow_upsert', 'Allow Upsert', 'boolean', { default: false, allow_null: false }],
  ['max_records', 'Maximum Records', 'integer', { default: 1000, allow_null: false }],
  ['cache_enabled', 'Data Retrieval Caching Enabled', 'boolean', { default: false, column: true }],
  ['cache_ttl', 'Cache Time To Live (seconds)', 'integer', { default: 0, column: true }],
]
const sql = (...own: readonly Short[]): ConfigSchema => [...login, ...own, ...sqlRest].map(field)

const mysql = sql(
  ['charset', 'Character Set', 'string'],
  ['collation', 'Character Set Collation', 'string'],
  ['timezone', 'Timezone', 'string'],
  ['modes', 'Session Modes', 'string'],
  ['strict', 'Use Strict Mode', 'boolean'],
  ['unix_socket', 'Socket Connection', 'string'],
)
const pgsql = sql(
  ['charset', 'Character Set', 'string'],
  ['sslmode', 'SSL Mode', 'string'],
  ['timezone', 'Timezone', 'string'],
  ['application_name', 'Application Name', 'string'],
)

/** Schemas by type name. A known type that is not here keeps what it is sent, and what looks like a secret is treated as one. */
export const knownConfigs: { readonly [type: string]: ConfigSchema } = {
  mysql,
  mariadb: mysql,
  pgsql,
  alloydb: pgsql,
  swagger: [],
}

/** What the type's own check would refuse, where the contract has words for it. */
export function checkKnown(type: string, config: ConfigValues): void {
  if (knownConfigs[type] === mysql || knownConfigs[type] === pgsql) {
    if (!config.host || !config.database) {
      throw new BadRequest('Database connection information must contain at least host and database name.')
    }
  }
}
