/**
 * The options of a connection, by the names that curl has for them (control-plane 8.1): the ones that mean something here. Others are
 * told, so that nobody believes in a setting that does nothing.
 */
import { type ConnectionOptions, InternalError, type Json, usualConnection } from 'dataferry/sdk'

export interface CurlOptions extends ConnectionOptions {
  /** `user:password` for the remote. */
  readonly login: string | null
  readonly userAgent: string | null
  /** Redirects that are followed, all inside of the base URL. */
  readonly redirects: number
}

const usual: CurlOptions = { ...usualConnection, login: null, userAgent: null, redirects: 0 }

type Changing = { -readonly [K in keyof CurlOptions]: CurlOptions[K] }
type Setter = (options: Changing, value: string) => void

const on = (value: string): boolean => !/^(0|false|no|off|)$/i.test(value)
const seconds = (value: string): number => Math.max(0, Number(value)) * 1000

/** What libcurl takes as the end of redirects when only following is asked for. */
const usualRedirects = 10

const setters: { readonly [name: string]: Setter } = {
  CONNECTTIMEOUT: (options, value) => assignTime(options, 'connectMs', seconds(value)),
  CONNECTTIMEOUT_MS: (options, value) => assignTime(options, 'connectMs', Number(value)),
  TIMEOUT: (options, value) => assignTime(options, 'waitMs', seconds(value)),
  TIMEOUT_MS: (options, value) => assignTime(options, 'waitMs', Number(value)),
  PROXY: (options, value) => {
    options.proxy = value
  },
  PROXYUSERPWD: (options, value) => {
    options.proxyLogin = value
  },
  USERPWD: (options, value) => {
    options.login = value
  },
  USERAGENT: (options, value) => {
    options.userAgent = value
  },
  FOLLOWLOCATION: (options, value) => {
    options.redirects = on(value) ? options.redirects || usualRedirects : 0
  },
  MAXREDIRS: (options, value) => {
    options.redirects = Math.min(20, Math.max(0, Number(value) || 0))
  },
  SSL_VERIFYPEER: (options, value) => {
    options.verifyPeer = on(value)
  },
  SSL_VERIFYHOST: (options, value) => {
    options.verifyHost = on(value)
  },
  CAINFO_BLOB: (options, value) => {
    options.ca = value
  },
  SSLCERT_BLOB: (options, value) => {
    options.certificate = value
  },
  SSLKEY_BLOB: (options, value) => {
    options.key = value
  },
  KEYPASSWD: (options, value) => {
    options.keyPassword = value
  },
}

function assignTime(options: Changing, name: 'connectMs' | 'waitMs', ms: number): void {
  // curl reads 0 as no limit; here there always is one.
  if (Number.isFinite(ms) && ms > 0) options[name] = ms
}

/** @throws InternalError for a name that is not known (control-plane 8.1). */
export function readCurlOptions(value: Json | undefined): CurlOptions {
  const options: Changing = { ...usual }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return options
  // MAXREDIRS alone follows nothing, as with curl.
  const given = new Map(Object.entries(value).map(([name, set]) => [name.replace(/^CURLOPT_/i, '').toUpperCase(), set]))
  for (const [name, set] of given) {
    const setter = Object.hasOwn(setters, name) ? setters[name] : undefined
    if (setter === undefined) throw new InternalError(`Invalid configuration: ${name} is not a defined option.`)
    setter(options, set === null ? '' : String(set))
  }
  if (!on(String(given.get('FOLLOWLOCATION') ?? ''))) options.redirects = 0
  return options
}
