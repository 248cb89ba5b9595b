/** What a service's configuration says about its server (control-plane 5.2): an address, and options of the connection. */
import { readFileSync } from 'node:fs'
import {
  BadRequest,
  type ConfigSchema,
  type ConfigValues,
  type ConnectionOptions,
  type Json,
  ServiceUnavailable,
  usualConnection,
} from 'dataferry/sdk'
import { settingSecret, settingText, sqlConfigFields } from 'dataferry/sql'

const shared = new Set(['allow_upsert', 'max_records', 'cache_enabled', 'cache_ttl'])

export const couchConfig: ConfigSchema = [
  {
    name: 'dsn',
    label: 'Connection String',
    type: 'string',
    description:
      'The address of the server, with a user where it asks for one: http://user:password@host:5984; http://localhost:5984 where nothing is given.',
    secret: 'encrypted',
  },
  {
    name: 'options',
    label: 'Connection Options',
    type: 'object',
    description:
      'username, password, prefix (of the names of the databases that are meant; they are shown without), connectTimeoutMS, tlsCAFile, tlsAllowInvalidCertificates, tlsAllowInvalidHostnames.',
    allow_null: true,
    object: { key: { label: 'Name', type: 'string' }, value: { label: 'Value', type: 'string' } },
  },
  ...sqlConfigFields.filter(({ name }) => shared.has(name)),
]

export interface CouchSettings {
  /** Without a user; with a slash at the end. */
  readonly base: URL
  /** null: nobody. */
  readonly login: string | null
  /** What the names of the service's databases begin with on the server. */
  readonly prefix: string
  readonly connection: ConnectionOptions
}

const known = [
  'connectTimeoutMS',
  'password',
  'prefix',
  'tlsAllowInvalidCertificates',
  'tlsAllowInvalidHostnames',
  'tlsCAFile',
  'username',
] as const
type Option = (typeof known)[number]
const spelled = new Map<string, Option>(known.map((name) => [name.toLowerCase(), name]))

/** Throws BadRequest saying what to change. */
export function checkCouch(config: ConfigValues): void {
  addressOf(config)
  optionsOf(config)
}

/** `waitMs`: the longest that an answer may take. Throws ServiceUnavailable where the configuration can't be used. */
export function readCouch(config: ConfigValues, waitMs: number): CouchSettings {
  try {
    const url = addressOf(config)
    const options = optionsOf(config)
    const username = settingText(options.get('username') ?? null) || decodeURIComponent(url.username)
    const password = settingSecret(options.get('password') ?? null) || decodeURIComponent(url.password)
    const authority = settingText(options.get('tlsCAFile') ?? null)
    const base = new URL(url)
    base.username = ''
    base.password = ''
    base.search = ''
    base.hash = ''
    if (!base.pathname.endsWith('/')) base.pathname += '/'
    return {
      base,
      login: username === '' ? null : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      prefix: settingText(options.get('prefix') ?? null),
      connection: {
        ...usualConnection,
        connectMs: Number(settingText(options.get('connectTimeoutMS') ?? null) || usualConnection.connectMs),
        waitMs: waitMs > 0 ? waitMs : usualConnection.waitMs,
        verifyPeer: !isOn(options.get('tlsAllowInvalidCertificates')),
        verifyHost: !isOn(options.get('tlsAllowInvalidHostnames')),
        ca: authority === '' ? null : readFileSync(authority, 'utf8'),
      },
    }
  } catch (cause) {
    throw new ServiceUnavailable('The configuration of this service can not be used.', { cause })
  }
}

function addressOf(config: ConfigValues): URL {
  const dsn = settingSecret(config.dsn)
    .trim()
    .replace(/^couchdb(s?):\/\//i, 'http$1://')
  const url = URL.parse(dsn === '' ? 'http://localhost:5984' : dsn)
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '')
    throw new BadRequest('The connection string must be an address that begins with http:// or https://.')
  return url
}

function optionsOf({ options }: ConfigValues): ReadonlyMap<Option, Json> {
  const found = new Map<Option, Json>()
  if (options === null || typeof options !== 'object' || Array.isArray(options)) return found
  for (const [key, value] of Object.entries(options as ConfigValues)) {
    const name = spelled.get(key.toLowerCase())
    // The original's name of a database that tables make needless.
    if (name === undefined && /^(db|database)$/i.test(key)) continue
    if (name === undefined) throw new BadRequest(`Option '${key}' of the connection is not known.`)
    if (name === 'connectTimeoutMS' && !/^[1-9]\d{0,7}$/.test(settingText(value)))
      throw new BadRequest(`Option '${name}' of the connection must be a number.`)
    if (name === 'prefix' && !/^([a-z][a-z0-9_$()+-]*)?$/.test(settingText(value)))
      throw new BadRequest(
        `Option '${name}' must begin with a letter and hold small letters, digits and _ $ ( ) + - only.`,
      )
    found.set(name, value)
  }
  return found
}

const isOn = (value: Json | undefined): boolean =>
  value === true || value === 1 || /^(1|true|yes|on)$/i.test(settingText(value ?? null))
