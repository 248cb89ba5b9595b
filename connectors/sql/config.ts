/** The fields that the configurations of all SQL services end with, in the contract's order (control-plane 5.2). */
import type { ConfigField, ConfigValues } from 'dataferry/sdk'

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
