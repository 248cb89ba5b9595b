/** What a service's configuration says about its connections (control-plane 5.2), read once and complete. */
import { readFileSync } from 'node:fs'
import { BadRequest, type ConfigValues, type ServiceHost, ServiceUnavailable } from 'dataferry/sdk'
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
import type { SslOptions } from 'mysql2'

export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  /** Instead of host and port; empty: none. */
  readonly socketPath: string
  readonly database: string
  readonly user: string
  readonly password: string
  readonly ssl: SslOptions | null
  readonly collation: string
  readonly timezone: string
  /** null: as the server is set. */
  readonly sqlMode: string | null
  /** Run on each new connection. */
  readonly statements: readonly string[]
  /** 0 is without end. */
  readonly statementTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly acquireTimeoutMs: number
  /** Connections of the service in this process. */
  readonly poolSize: number
  readonly idleMs: number
  /** Several statements may be on their way on one connection. */
  readonly pipelining: boolean
}

const missing = 'Database connection information must contain at least host and database name.'

/** Throws BadRequest saying what to change. */
export function checkConfig(config: ConfigValues): void {
  const somewhere = settingText(config.host) !== '' || settingText(config.unix_socket) !== ''
  if (!somewhere || settingText(config.database) === '') throw new BadRequest(missing)
  settingPort(config, 3306)
  sslMode(config)
  if (!/^\w*$/.test(settingText(config.collation))) throw new BadRequest('The collation must be the name of one.')
  if (!/^[\w+:/-]*$/.test(settingText(config.timezone)))
    throw new BadRequest('The time zone must be the name of one, or an offset such as +02:00.')
  if (!/^[\w ,]*$/.test(modesOf(config))) throw new BadRequest('The session modes must be names separated by commas.')
}

/** Whether sessions run in UTC, as they do unless somebody says otherwise. */
export const runsInUtc = ({ timezone, statements }: ConfigValues): boolean =>
  /^(?:|[+-]00:00|utc|etc\/utc)$/i.test(settingText(timezone)) && !/time_zone/i.test(JSON.stringify(statements ?? null))

/** Throws ServiceUnavailable where the configuration can't be used, for example a certificate that can't be read. */
export function readSettings(config: ConfigValues, host: Pick<ServiceHost, 'settings' | 'share'>): ConnectionSettings {
  try {
    checkConfig(config)
  } catch (thrown) {
    throw new ServiceUnavailable('The configuration of this service can not be used.', { cause: thrown })
  }
  const options = optionsOf(config)
  const poolSize = settingCount(options.pool_size, 10)
  return {
    host: settingText(config.host),
    port: settingPort(config, 3306),
    socketPath: settingText(config.unix_socket),
    database: settingText(config.database),
    user: settingText(config.username),
    password: settingSecret(config.password),
    ssl: tls(sslMode(config), options),
    collation: settingText(config.collation),
    timezone: settingText(config.timezone) || '+00:00',
    sqlMode: sqlMode(config),
    statements: initialStatements(config),
    statementTimeoutMs: host.settings.records.statementTimeoutMs,
    connectTimeoutMs: settingSeconds(options.connect_timeout, 10) * 1_000,
    acquireTimeoutMs: settingSeconds(options.pool_timeout, 10) * 1_000,
    poolSize: host.share?.(poolSize, 2) ?? poolSize,
    idleMs: settingSeconds(options.pool_idle_timeout, 30) * 1_000,
    pipelining: !isOff(options.pipelining),
  }
}

/** By lower-case name, without PHP's `PDO::` in front. */
const optionsOf = (config: ConfigValues): SettingOptions =>
  Object.fromEntries(
    Object.entries(settingOptions(config)).map(([name, value]) => [name.toLowerCase().replace(/^pdo::/, ''), value]),
  )

function modesOf(config: ConfigValues): string {
  const { modes } = config
  return Array.isArray(modes) ? modes.map(settingText).join(',') : settingText(modes)
}

const strictModes =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

/** Modes that are given go before `strict`. */
function sqlMode(config: ConfigValues): string | null {
  const modes = modesOf(config)
  if (modes !== '') return modes.replaceAll(' ', '')
  const strict = config.strict
  if (strict === undefined || strict === null || strict === '') return null
  return strict === true || strict === 1 || strict === '1' || strict === 'true' ? strictModes : 'NO_ENGINE_SUBSTITUTION'
}

// ---- TLS, by the names of MySQL's own client and by those of PHP's driver

type SslMode = 'disabled' | 'required' | 'verify_ca' | 'verify_identity'
const sslModes: ReadonlySet<string> = new Set(['disabled', 'required', 'verify_ca', 'verify_identity'])

/** With a certificate of an authority the server's is verified, unless it is said not to. */
function sslMode(config: ConfigValues): SslMode {
  const options = optionsOf(config)
  const given = settingText(options.ssl_mode).toLowerCase()
  if (given !== '') {
    if (!sslModes.has(given))
      throw new BadRequest(`The SSL mode must be one of ${[...sslModes].join(', ').toUpperCase()}.`)
    return given as SslMode
  }
  const { ca, cert } = certificates(options)
  if (ca === '' && cert === '') return 'disabled'
  const verify = options.mysql_attr_ssl_verify_server_cert ?? options['1014']
  return ca === '' || isOff(verify) ? 'required' : 'verify_identity'
}

const isOff = (value: SettingOptions[string] | undefined): boolean =>
  value === false || value === 0 || /^(?:0|false|no|off)$/i.test(settingText(value))

function certificates(options: SettingOptions): { readonly ca: string; readonly cert: string; readonly key: string } {
  const first = (...names: readonly string[]): string =>
    names.map((name) => settingText(options[name])).find((value) => value !== '') ?? ''
  return {
    ca: first('ssl_ca', 'mysql_attr_ssl_ca', '1009'),
    cert: first('ssl_cert', 'mysql_attr_ssl_cert', '1008'),
    key: first('ssl_key', 'mysql_attr_ssl_key', '1007'),
  }
}

function tls(mode: SslMode, options: SettingOptions): SslOptions | null {
  if (mode === 'disabled') return null
  const { ca, cert, key } = certificates(options)
  return {
    ...(ca !== '' && { ca: pem(ca) }),
    ...(cert !== '' && { cert: pem(cert) }),
    ...(key !== '' && { key: pem(key) }),
    rejectUnauthorized: mode !== 'required',
    verifyIdentity: mode === 'verify_identity',
  }
}

/** A path, or the text itself. */
function pem(given: string): string {
  if (given.startsWith('-----BEGIN')) return given
  try {
    return readFileSync(given, 'utf8')
  } catch (cause) {
    throw new ServiceUnavailable('A certificate of this service can not be read.', { cause })
  }
}
