/** The fields that the configurations of SQL services share, in the contract's order (control-plane 5.2). */
import { isMembers } from 'dataferry/records'
import { BadRequest, type ConfigField, type ConfigValues, type Json } from 'dataferry/sdk'

/** Where a database server is and who asks: what the configurations of servers begin with. The descriptions differ a little. */
export const networkFields = (told: {
  readonly port: string
  readonly password: string
  readonly schema: string
}): readonly ConfigField[] => [
  {
    name: 'host',
    label: 'Host',
    type: 'string',
    description: 'The name of the database host, i.e. localhost, 192.168.1.1, etc. This can be a lookup key.',
  },
  { name: 'port', label: 'Port Number', type: 'integer', description: told.port },
  {
    name: 'database',
    label: 'Database',
    type: 'string',
    description: 'The name of the database to connect to on the given server. This can be a lookup key.',
  },
  {
    name: 'username',
    label: 'Username',
    type: 'string',
    description: 'The name of the database user. This can be a lookup key.',
    secret: 'encrypted',
  },
  { name: 'password', label: 'Password', type: 'password', description: told.password, secret: 'masked' },
  { name: 'schema', label: 'Schema', type: 'string', description: told.schema },
]

const pairs: ConfigField['object'] = {
  key: { label: 'Name', type: 'string' },
  value: { label: 'Value', type: 'string' },
}

export const sqlConfigFields: readonly ConfigField[] = [
  {
    name: 'options',
    label: 'Driver Options',
    type: 'object',
    description: 'A key-value array of driver-specific connection options.',
    allow_null: true,
    object: pairs,
    column: true,
  },
  {
    name: 'attributes',
    label: 'Driver Attributes',
    type: 'object',
    description: 'A key-value array of attributes to be set after connection. Unknown ones are ignored.',
    allow_null: true,
    object: pairs,
    column: true,
  },
  {
    name: 'statements',
    label: 'Additional SQL Statements',
    type: 'array',
    description: 'An array of SQL statements to run during connection initialization.',
    allow_null: true,
    items: 'string',
    column: true,
  },
  {
    name: 'allow_upsert',
    label: 'Allow Upsert',
    type: 'boolean',
    description: 'Allow PUT to create records if they do not exist and the service is capable.',
    allow_null: false,
    default: false,
  },
  {
    name: 'max_records',
    label: 'Maximum Records',
    type: 'integer',
    description:
      'Maximum number of records returned by this service. Must be a number greater than 0. Default is 1000.',
    allow_null: false,
    default: 1000,
  },
  {
    name: 'cache_enabled',
    label: 'Data Retrieval Caching Enabled',
    type: 'boolean',
    description:
      'Enable caching of GET requests particularly for this service. Only GET requests without payload are cached.',
    allow_null: false,
    default: false,
    column: true,
  },
  {
    name: 'cache_ttl',
    label: 'Cache Time To Live (seconds)',
    type: 'integer',
    description:
      'The amount of time each cached response is allowed to last. Once expired, a new request to the service is made.',
    allow_null: false,
    default: 0,
    column: true,
  },
]

/** The statements to run on each new connection. */
export function initialStatements(config: ConfigValues): readonly string[] {
  const statements = config.statements
  return Array.isArray(statements) ? statements.filter((text) => typeof text === 'string' && text.trim() !== '') : []
}

export type SettingOptions = { readonly [name: string]: Json }
/** The driver's options, by name; none where they are not members. */
export const settingOptions = ({ options }: ConfigValues): SettingOptions => (isMembers(options) ? options : {})

/** A setting as text without blanks around it; '' for none. */
export const settingText = (value: Json | undefined): string =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : ''
/** As it was given: blanks may belong to a password. */
export const settingSecret = (value: Json | undefined): string =>
  typeof value === 'string' ? value : settingText(value)

/** The port of the server, or the usual one. Throws BadRequest. */
export function settingPort(config: ConfigValues, usual: number): number {
  const port = settingText(config.port)
  if (port === '') return usual
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new BadRequest('The port of the database must be a number from 1 to 65535.')
  }
  return Number(port)
}

/** A whole number from 1 to 1000; anything else is as if it was not given. */
export function settingCount(value: Json | undefined, otherwise: number): number {
  const number = Number(settingText(value) || otherwise)
  return Number.isInteger(number) && number > 0 && number <= 1_000 ? number : otherwise
}
/** Seconds, an hour at most; anything else is as if it was not given. */
export function settingSeconds(value: Json | undefined, otherwise: number): number {
  const number = Number(settingText(value) || otherwise)
  return Number.isFinite(number) && number > 0 ? Math.min(number, 3_600) : otherwise
}
