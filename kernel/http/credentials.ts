/**
 * Finds credentials and takes them out of what services see (data-plane 2.2, control-plane 0.4). Headers are read in one pass,
 * which also makes the service's view of them.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Credentials } from '../access/identity.ts'
import type { HeaderMap, Json } from '../plugins/contract.ts'

/** What the head of a request holds. */
export interface HeadFacts {
  /** Without credentials. */
  readonly headers: HeaderMap
  readonly apiKey: string | null
  readonly bearer: string | null
  readonly sessionToken: string | null
  readonly basic: Credentials['basic']
}

export function readHeaders(raw: IncomingHttpHeaders): HeadFacts {
  const headers: { [name: string]: string } = Object.create(null)
  let apiKey: string | null = null
  let bearer: string | null = null
  let sessionToken: string | null = null
  let basic: Credentials['basic'] = null
  for (const name in raw) {
    const given = raw[name]
    if (given === undefined) continue
    const value = typeof given === 'string' ? given : given.join(', ')
    switch (name) {
      case 'authorization':
        bearer = schemeValue(value, 'bearer')
        basic = readBasic(value)
        break
      case 'x-dreamfactory-api-key':
        apiKey = value.trim() || null
        break
      case 'x-dreamfactory-session-token':
        sessionToken = value.trim() || null
        break
      case 'x-dreamfactory-script-token':
      case 'proxy-authorization':
        break
      case 'cookie':
        if (!value.includes('session_token=')) headers[name] = value
        else
          headers[name] = value
            .split(';')
            .filter((pair) => !pair.trimStart().startsWith('session_token='))
            .join(';')
            .trim()
        break
      default:
        headers[name] = value
    }
  }
  return { headers, apiKey, bearer, sessionToken, basic }
}

/** The rest of an Authorization header behind its scheme, which is read in any case. */
function schemeValue(value: string, scheme: string): string | null {
  if (value.length <= scheme.length || value.slice(0, scheme.length).toLowerCase() !== scheme) return null
  return value[scheme.length] === ' ' ? value.slice(scheme.length + 1).trim() || null : null
}

function readBasic(value: string): Credentials['basic'] {
  const encoded = schemeValue(value, 'basic')
  if (encoded === null) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? { login: text, password: '' } : { login: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** What the head and the query say together; the query's entries are taken out. */
export interface SentCredentials {
  apiKey: string | null
  token: string | null
  readonly basic: Credentials['basic']
}

export function readCredentials(head: HeadFacts, query: Map<string, Json>): SentCredentials {
  const queryKey = take(query, 'api_key')
  const queryToken = take(query, 'session_token')
  query.delete('script_token')
  return { apiKey: queryKey ?? head.apiKey, token: head.bearer ?? head.sessionToken ?? queryToken, basic: head.basic }
}

/** A query string without the pairs that are credentials; the others are left as they were sent. */
export function withoutCredentials(search: string): string {
  if (!/api_key|token|%|\+/i.test(search)) return search
  return search
    .split('&')
    .filter((pair) => !credentialNames.has(nameOf(pair)))
    .join('&')
}

const credentialNames: ReadonlySet<string> = new Set(['api_key', 'session_token', 'script_token'])

function nameOf(pair: string): string {
  const name = pair.split('=', 1)[0] ?? ''
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).trim()
  } catch {
    return name
  }
}

function take(query: Map<string, Json>, name: string): string | null {
  const value = query.get(name)
  if (value === undefined) return null
  query.delete(name)
  return typeof value === 'string' && value !== '' ? value : null
}

/**
 * Fills in what is still missing from the top level of a body, and takes out of it what it used: a member of that name that
 * is no credential here (because the head has one) is data. App records have a field `api_key`, so for them it never counts.
 */
export function credentialsFromBody(
  sent: SentCredentials,
  body: { [name: string]: Json },
  service: string,
  path: readonly string[],
): void {
  const forApps = `${service}/${path.join('/')}`.includes('system/app')
  if (sent.apiKey === null && !forApps) sent.apiKey = member(body, 'api_key')
  if (sent.token === null) sent.token = member(body, 'session_token')
}

function member(body: { [name: string]: Json }, name: string): string | null {
  const value = body[name]
  if (typeof value !== 'string' || value === '') return null
  delete body[name]
  return value
}
