/** What a service's configuration says about its connections (control-plane 5.2): a host, or a DSN, and options of the driver. */
import { BadRequest, type ConfigSchema, type ConfigValues, type Json, ServiceUnavailable } from 'dataferry/sdk'
import { networkFields, settingPort, settingSecret, settingText, sqlConfigFields } from 'dataferry/sql'
import type { MongoClientOptions } from 'mongodb'

const pairs = { key: { label: 'Name', type: 'string' }, value: { label: 'Value', type: 'string' } } as const
const shared = new Set(['allow_upsert', 'max_records', 'cache_enabled', 'cache_ttl'])

export const mongoConfig: ConfigSchema = [
  ...networkFields({
    port: 'The port of the database server; 27017 where nothing is given.',
    password: 'The password of the database user. This can be a lookup key.',
    schema: '',
  }).filter(({ name }) => name !== 'schema'),
  {
    name: 'dsn',
    label: 'Connection String',
    type: 'string',
    description: 'Instead of host and port: mongodb:// or mongodb+srv://, with all that such an address may say.',
    secret: 'encrypted',
  },
  {
    name: 'options',
    label: 'Connection Options',
    type: 'object',
    description: 'Options of a connection string by their names, for example tls, authSource, replicaSet, maxPoolSize.',
    allow_null: true,
    object: pairs,
  },
  {
    name: 'driver_options',
    label: 'Driver Options',
    type: 'object',
    description: 'Further options, of the same names; those of the connection go before them.',
    allow_null: true,
    object: pairs,
  },
  {
    name: 'id_type',
    label: 'Identifier Type',
    type: 'picklist',
    description: 'What identifiers in paths and lists of them are, where they are digits only: text, or numbers.',
    allow_null: true,
    values: [
      { label: 'Text', name: 'string' },
      { label: 'Number', name: 'int' },
    ],
  },
  ...sqlConfigFields.filter(({ name }) => shared.has(name)),
]

export interface MongoSettings {
  readonly url: string
  readonly database: string
  readonly options: MongoClientOptions
}

const words: ReadonlySet<string> = new Set([
  'appName',
  'authMechanism',
  'authSource',
  'compressors',
  'readConcernLevel',
  'readPreference',
  'replicaSet',
  'tlsCAFile',
  'tlsCertificateKeyFile',
  'tlsCertificateKeyFilePassword',
  'tlsCRLFile',
  'w',
])
const numbers: ReadonlySet<string> = new Set([
  'connectTimeoutMS',
  'maxIdleTimeMS',
  'maxPoolSize',
  'maxStalenessSeconds',
  'minPoolSize',
  'serverSelectionTimeoutMS',
  'socketTimeoutMS',
  'waitQueueTimeoutMS',
  'wtimeoutMS',
])
const switches: ReadonlySet<string> = new Set([
  'directConnection',
  'journal',
  'loadBalanced',
  'retryReads',
  'retryWrites',
  'ssl',
  'tls',
  'tlsAllowInvalidCertificates',
  'tlsAllowInvalidHostnames',
  'tlsInsecure',
])
const spelled = new Map([...words, ...numbers, ...switches].map((name) => [name.toLowerCase(), name]))

/** Throws BadRequest saying what to change. */
export function checkMongo(config: ConfigValues): void {
  const dsn = settingSecret(config.dsn).trim()
  if (dsn !== '' && !/^mongodb(\+srv)?:\/\/[^/?]/.test(dsn))
    throw new BadRequest('The connection string must begin with mongodb:// or mongodb+srv://.')
  if (databaseOf(config) === '')
    throw new BadRequest('Database connection information must contain at least host and database name.')
  if (dsn === '' && settingText(config.host) === '')
    throw new BadRequest('Database connection information must contain at least host and database name.')
  settingPort(config, 27_017)
  optionsOf(config)
}

/** Throws ServiceUnavailable where the configuration can't be used. */
export function readMongo(config: ConfigValues): MongoSettings {
  try {
    checkMongo(config)
  } catch (thrown) {
    throw new ServiceUnavailable('The configuration of this service can not be used.', { cause: thrown })
  }
  const dsn = settingSecret(config.dsn).trim()
  const username = settingText(config.username)
  const database = databaseOf(config)
  const host = settingText(config.host)
  const address = host.includes(':') && !host.startsWith('[') && !/:\d+$|,/.test(host) ? `[${host}]` : host
  const plain = /[:,]\d*/.test(address.replace(/^\[.*\]/, '')) ? address : `${address}:${settingPort(config, 27_017)}`
  return {
    url: dsn === '' ? `mongodb://${plain}/${encodeURIComponent(database)}` : dsn,
    database,
    options: {
      serverSelectionTimeoutMS: 10_000,
      connectTimeoutMS: 10_000,
      waitQueueTimeoutMS: 10_000,
      maxPoolSize: 20,
      ...optionsOf(config),
      ...(username === '' ? {} : { auth: { username, password: settingSecret(config.password) } }),
    },
  }
}

/** The database that is named, else that of the connection string. */
function databaseOf(config: ConfigValues): string {
  const named = settingText(config.database)
  if (named !== '') return named
  return decodeURIComponent(/^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(settingSecret(config.dsn).trim())?.[1] ?? '')
}

function optionsOf(config: ConfigValues): MongoClientOptions {
  const made: { [name: string]: Json } = {}
  for (const given of [config.driver_options, config.options]) {
    if (given === null || typeof given !== 'object' || Array.isArray(given)) continue
    for (const [key, value] of Object.entries(given as ConfigValues)) {
      const name = spelled.get(key.toLowerCase())
      if (name === undefined) {
        if (/^(database|db|username|password)$/i.test(key)) continue
        throw new BadRequest(`Option '${key}' of the connection is not known.`)
      }
      made[name] = optionValue(name, value)
    }
  }
  return made as MongoClientOptions
}

function optionValue(name: string, value: Json): Json {
  const text = settingText(value)
  if (switches.has(name)) return value === true || value === 1 || /^(1|true|yes|on)$/i.test(text)
  if (!numbers.has(name)) return text
  if (!/^\d{1,9}$/.test(text)) throw new BadRequest(`Option '${name}' of the connection must be a number.`)
  return Number(text)
}
