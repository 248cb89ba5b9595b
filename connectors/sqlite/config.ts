/** The configuration of a SQLite service (control-plane 5.2, 4.5). */
import type { ConfigField, ConfigSchema } from 'dataferry/sdk'

const pairs: ConfigField['object'] = {
  key: { label: 'Name', type: 'string' },
  value: { label: 'Value', type: 'string' },
}

export const config: ConfigSchema = [
  {
    name: 'database',
    label: 'Database',
    type: 'string',
    description: 'The name of the database file, or its path. A name is looked for in the folder of SQLite databases. May hold lookups.',
  },
  {
    name: 'options',
    label: 'Driver Options',
    type: 'object',
    description: 'Options of the connection, by name. None has a meaning for SQLite; they are kept as they are.',
    allow_null: true,
    object: pairs,
    column: true,
  },
  {
    name: 'attributes',
    label: 'Driver Attributes',
    type: 'object',
    description: 'Attributes set after connecting, by name. None has a meaning for SQLite; they are kept as they are.',
    allow_null: true,
    object: pairs,
    column: true,
  },
  {
    name: 'statements',
    label: 'Additional SQL Statements',
    type: 'array',
    description: 'SQL statements run on each new connection.',
    allow_null: true,
    items: 'string',
    column: true,
  },
  {
    name: 'allow_upsert',
    label: 'Allow Upsert',
    type: 'boolean',
    description: 'Lets PUT create records that do not exist.',
    allow_null: false,
    default: false,
  },
  {
    name: 'max_records',
    label: 'Maximum Records',
    type: 'integer',
    description: 'The most records that one answer of this service holds.',
    allow_null: false,
    default: 1000,
  },
  {
    name: 'cache_enabled',
    label: 'Data Retrieval Caching Enabled',
    type: 'boolean',
    description: 'Caches the answers of GET requests without a payload.',
    allow_null: false,
    default: false,
    column: true,
  },
  {
    name: 'cache_ttl',
    label: 'Cache Time To Live (seconds)',
    type: 'integer',
    description: 'How long a cached answer is used.',
    allow_null: false,
    default: 0,
    column: true,
  },
]
