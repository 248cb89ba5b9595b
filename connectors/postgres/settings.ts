/** What a service's configuration says about its connections (control-plane 5.2), read once and complete. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { BadRequest, type ConfigValues, type Json, type ServiceHost, ServiceUnavailable } from 'dataferry/sdk'
import { initialStatements } from 'dataferry/sql'
import type { Flavour } from './flavours.ts'

export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly ssl: false | ConnectionOptions
  /** TLS where the server has it, plain where it has not. */
  readonly sslOptional: boolean
  readonly applicationName: string
  /** What is set on each new connection, the configured statements behind it. */
  readonly preparation: readonly string[]
  /** 0 is without end. */
  readonly statementTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly acquireTimeoutMs: number
  /** Connections of the service altogether. */
  readonly poolSize: number
  readonly idleMs: number
}

const missing = 'Database connection information must contain at least host and database name.'

/** Throws BadRequest saying what to change. */
export function checkConfig(config: ConfigValues): void {
  if (text(config.host) === '' || text(config.database) === '') throw new BadRequest(missing)
  portOf(config)
  const mode = sslMode(config)
  if (mode !== '' && !modes.has(mode)) {
    throw new BadRequest(`The SSL mode must be one of ${[...modes].join(', ')}.`)
  }
}

/** Throws ServiceUnavailable where the configuration can't be used, for example a certificate that can't be read. */
export function readSettings(
  config: ConfigValues,
  host: Pick<ServiceHost, 'settings'>,
  flavour: Flavour,
): ConnectionSettings {
  try {
    checkConfig(config)
  } catch (thrown) {
    throw new ServiceUnavailable('The configuration of this service can not be used.', { cause: thrown })
  }
  const options = optionsOf(config)
  const statementTimeoutMs = host.settings.records.statementTimeoutMs
  const mode = sslMode(config) || 'prefer'
  return {
    host: text(config.host),
    port: portOf(config),
    database: text(config.database),
    user: text(config.username),
    password: text(config.password),
    ssl: mode === 'disable' || mode === 'allow' ? false : tls(mode, options),
    sslOptional: mode === 'prefer',
    applicationName: text(config.application_name) || host.settings.name,
    preparation: [
      ...flavour.preparation({
        timezone: text(config.timezone) || 'UTC',
        statementTimeoutMs,
      }),
      ...initialStatements(config),
    ],
    statementTimeoutMs,
    connectTimeoutMs: seconds(options.connect_timeout, 10) * 1_000,
    acquireTimeoutMs: seconds(options.pool_timeout, 10) * 1_000,
    poolSize: Math.max(2, count(options.pool_size, 10)),
    idleMs: seconds(options.pool_idle_timeout, 30) * 1_000,
  }
}

const modes: ReadonlySet<string> = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'])

const text = (value: Json | undefined): string =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : ''

type Options = { readonly [name: string]: Json }

function optionsOf(config: ConfigValues): Options {
  const options = config.options
  return options !== null && typeof options === 'object' && !Array.isArray(options) ? (options as Options) : {}
}

const sslMode = (config: ConfigValues): string =>
  (text(config.sslmode) || text(optionsOf(config).sslmode)).toLowerCase()

function portOf(config: ConfigValues): number {
  const port = text(config.port)
  if (port === '') return 5432
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new BadRequest('The port of the database must be a number from 1 to 65535.')
  }
  return Number(port)
}

const count = (value: Json | undefined, otherwise: number): number => {
  const number = Number(text(value) || otherwise)
  return Number.isInteger(number) && number > 0 && number <= 1_000 ? number : otherwise
}
const seconds = (value: Json | undefined, otherwise: number): number => {
  const number = Number(text(value) || otherwise)
  return Number.isFinite(number) && number > 0 ? Math.min(number, 3_600) : otherwise
}

/** Certificates by libpq's names in `options`: a path, or the text itself. */
function tls(mode: string, options: Options): ConnectionOptions {
  const [ca, cert, key] = ['sslrootcert', 'sslcert', 'sslkey'].map((name) => pem(options[name]))
  const given: ConnectionOptions = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  switch (mode) {
    case 'verify-full':
      return { ...given, rejectUnauthorized: true }
    case 'verify-ca':
      return { ...given, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    default:
      // As libpq: with a root certificate at hand `require` checks it.
      return ca && mode === 'require'
        ? { ...given, rejectUnauthorized: true, checkServerIdentity: () => undefined }
        : { ...given, rejectUnauthorized: false }
  }
}

function pem(value: Json | undefined): string | null {
  const given = typeof value === 'string' ? value.trim() : ''
  if (given === '' || given.startsWith('-----BEGIN')) return given || null
  try {
    return readFileSync(given, 'utf8')
  } catch (cause) {
    throw new ServiceUnavailable('A certificate of this service can not be read.', { cause })
  }
}
