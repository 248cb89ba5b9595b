/** What a service's configuration says about its connections (control-plane 5.2), read once and complete. */
import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { BadRequest, type ConfigValues, type Json, type ServiceHost, ServiceUnavailable } from 'dataferry/sdk'
import {
  initialStatements,
  type SettingOptions,
  settingCount,
  settingOptions,
  settingPort,
  settingSeconds,
  settingSecret,
  settingText,
} from 'dataferry/sql'
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
  /** Connections of the service in this process. */
  readonly poolSize: number
  readonly idleMs: number
}

const missing = 'Database connection information must contain at least host and database name.'

/** Throws BadRequest saying what to change. */
export function checkConfig(config: ConfigValues): void {
  if (settingText(config.host) === '' || settingText(config.database) === '') throw new BadRequest(missing)
  settingPort(config, 5432)
  const mode = sslMode(config)
  if (mode !== '' && !modes.has(mode)) {
    throw new BadRequest(`The SSL mode must be one of ${[...modes].join(', ')}.`)
  }
}

/** Throws ServiceUnavailable where the configuration can't be used, for example a certificate that can't be read. */
export function readSettings(
  config: ConfigValues,
  host: Pick<ServiceHost, 'settings' | 'share'>,
  flavour: Flavour,
): ConnectionSettings {
  try {
    checkConfig(config)
  } catch (thrown) {
    throw new ServiceUnavailable('The configuration of this service can not be used.', { cause: thrown })
  }
  const options = settingOptions(config)
  const statementTimeoutMs = host.settings.records.statementTimeoutMs
  const poolSize = Math.max(2, settingCount(options.pool_size, 10))
  const mode = sslMode(config) || 'prefer'
  return {
    host: settingText(config.host),
    port: settingPort(config, 5432),
    database: settingText(config.database),
    user: settingText(config.username),
    password: settingSecret(config.password),
    ssl: mode === 'disable' || mode === 'allow' ? false : tls(mode, options),
    sslOptional: mode === 'prefer',
    applicationName: settingText(config.application_name) || host.settings.name,
    preparation: [
      ...flavour.preparation({
        timezone: settingText(config.timezone) || 'UTC',
        statementTimeoutMs,
      }),
      ...initialStatements(config),
    ],
    statementTimeoutMs,
    connectTimeoutMs: settingSeconds(options.connect_timeout, 10) * 1_000,
    acquireTimeoutMs: settingSeconds(options.pool_timeout, 10) * 1_000,
    poolSize: host.share?.(poolSize, 3) ?? poolSize,
    idleMs: settingSeconds(options.pool_idle_timeout, 30) * 1_000,
  }
}

const modes: ReadonlySet<string> = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'])

const sslMode = (config: ConfigValues): string =>
  (settingText(config.sslmode) || settingText(settingOptions(config).sslmode)).toLowerCase()

/** Certificates by libpq's names in `options`: a path, or the text itself. */
function tls(mode: string, options: SettingOptions): ConnectionOptions {
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
