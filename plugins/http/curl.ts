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

/** What libcurl takes as the end of redirects when only following is asked for, and the most that is followed here. */
const usualRedirects = 10
const mostRedirects = 20

const texts: {
  readonly [name: string]: 'proxy' | 'proxyLogin' | 'login' | 'userAgent' | 'ca' | 'certificate' | 'key' | 'keyPassword'
} = {
  PROXY: 'proxy',
  PROXYUSERPWD: 'proxyLogin',
  USERPWD: 'login',
  USERAGENT: 'userAgent',
  CAINFO_BLOB: 'ca',
  SSLCERT_BLOB: 'certificate',
  SSLKEY_BLOB: 'key',
  KEYPASSWD: 'keyPassword',
}
const switches: { readonly [name: string]: 'verifyPeer' | 'verifyHost' } = {
  SSL_VERIFYPEER: 'verifyPeer',
  SSL_VERIFYHOST: 'verifyHost',
}
/** With the milliseconds of one unit. */
const times: { readonly [name: string]: readonly ['connectMs' | 'waitMs', number] } = {
  CONNECTTIMEOUT: ['connectMs', 1_000],
  CONNECTTIMEOUT_MS: ['connectMs', 1],
  TIMEOUT: ['waitMs', 1_000],
  TIMEOUT_MS: ['waitMs', 1],
}
/** Redirects are followed when FOLLOWLOCATION says so, as with curl. */
const redirecting: ReadonlySet<string> = new Set(['FOLLOWLOCATION', 'MAXREDIRS'])

const on = (value: string): boolean => !/^(0|false|no|off|)$/i.test(value)

/** @throws InternalError for a name that is not known (control-plane 8.1). */
export function readCurlOptions(value: Json | undefined): CurlOptions {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return usual
  const options: { -readonly [K in keyof CurlOptions]: CurlOptions[K] } = { ...usual }
  const given = new Map<string, string>()
  for (const [written, set] of Object.entries(value)) {
    const name = written.replace(/^CURLOPT_/i, '').toUpperCase()
    const text = set === null ? '' : String(set)
    given.set(name, text)
    const as = texts[name]
    const turns = switches[name]
    const time = times[name]
    if (as !== undefined) options[as] = text
    else if (turns !== undefined) options[turns] = on(text)
    else if (time !== undefined) options[time[0]] = milliseconds(text, time[1]) ?? options[time[0]]
    else if (!redirecting.has(name)) throw new InternalError(`Invalid configuration: ${name} is not a defined option.`)
  }
  if (on(given.get('FOLLOWLOCATION') ?? '')) {
    const most = given.get('MAXREDIRS')
    options.redirects = most === undefined ? usualRedirects : Math.min(mostRedirects, Math.max(0, Number(most) || 0))
  }
  return options
}

/** curl reads 0 as no limit; here there always is one: null. */
function milliseconds(text: string, unit: number): number | null {
  const ms = Number(text) * unit
  return Number.isFinite(ms) && ms > 0 ? ms : null
}
