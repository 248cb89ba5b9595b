/**
 * A request -> what is sent to the remote (control-plane 8.1): its URL, headers and body. The credentials of this server never leave:
 * they are taken out of the request before it comes here, and placeholders can't bring them back.
 */
import { type ApiRequest, BadRequest, encodeJson, type Json } from 'dataferry/sdk'
import { applies, parseBase, type Remote } from './config.ts'

export interface Outgoing {
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | null
  /** What of the request an answer depends on besides verb and path: the key of the cache is made of it. */
  readonly varies: string
}

/** `base` is the text of the configuration, or what the service's document says. */
export function outgoing(request: ApiRequest, remote: Remote, base: string): Outgoing {
  const { verb, caller } = request
  const fill = (text: string, forUrl = false): string => filled(text, caller.lookups, forUrl)
  const url = urlOf(request, parseBase(fill(base, true)), remote.trailingSlash)
  const root = url.search.slice(1)
  const sent = pairsOf(request)
  const kept = { sent: [root], key: [root] }
  for (const pair of sent) {
    const rule = remote.parameters.find((row) => row.exclude && applies(row, verb) && sameName(row.name, pair.name))
    if (!rule?.outbound) kept.sent.push(pair.text)
    if (!rule?.cacheKey) kept.key.push(pair.text)
  }
  for (const row of remote.parameters) {
    if (row.exclude || !applies(row, verb)) continue
    const text = `${encode(row.name)}=${encode(fill(row.value))}`
    if (row.outbound) kept.sent.push(text)
    if (row.cacheKey) kept.key.push(text)
  }
  const join = (pairs: readonly string[]): string => pairs.filter((text) => text !== '').join('&')
  url.search = join(kept.sent)
  const headers = headersOf(request, remote, fill)
  return { url, headers, body: bodyOf(request), varies: JSON.stringify([url.origin, join(kept.key), headers]) }
}

/** Placeholders that would tell the remote who may enter here. */
const neverSent: ReadonlySet<string> = new Set(['session.id', 'session.token', 'app.api_key'])

function filled(text: string, lookups: ApiRequest['caller']['lookups'], forUrl: boolean): string {
  if (!text.includes('{')) return text
  return text.replace(/\{([\w.-]+)\}/g, (whole, name: string) => {
    const value = neverSent.has(name) ? undefined : lookups[name]
    if (value === undefined) return whole
    const printed = value === null ? '' : String(value)
    return forUrl ? encodeURIComponent(printed) : printed
  })
}

/** Below the base, whatever the segments hold: each is one segment there too. */
function urlOf({ path }: ApiRequest, base: URL, keepSlash: boolean): URL {
  if (path.length === 0) return base
  const root = base.pathname.replace(/\/+$/, '')
  const rest = path.map((segment) => encodeURIComponent(segment)).join('/')
  const url = new URL(base)
  url.pathname = `${root}/${rest}${keepSlash ? '/' : ''}`
  if (!isBelow(url, base)) throw new BadRequest('The path leads out of the remote service.')
  return url
}

/** Whether a URL is the base or one below it. */
export function isBelow(url: URL, base: URL): boolean {
  const root = base.pathname.replace(/\/+$/, '')
  return url.origin === base.origin && (url.pathname === root || url.pathname.startsWith(`${root}/`))
}

interface Pair {
  readonly name: string
  readonly text: string
}

/** As they were sent, in order; of a request that came without its query string, written anew. */
function pairsOf({ search, query }: ApiRequest): readonly Pair[] {
  if (search !== undefined)
    return search
      .split('&')
      .filter((text) => text !== '')
      .map((text) => ({ name: decoded(text.split('=', 1)[0] ?? ''), text: text.replaceAll('%20', '+') }))
  const pairs: Pair[] = []
  for (const [name, value] of query) write(pairs, name, name, value)
  return pairs
}

function write(pairs: Pair[], top: string, name: string, value: Json): void {
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) write(pairs, top, `${name}[${index}]`, item as Json)
  else if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === null)
    for (const [key, item] of Object.entries(value)) write(pairs, top, `${name}[${key}]`, item as Json)
  else pairs.push({ name: top, text: `${encode(name)}=${encode(value === null ? '' : String(value))}` })
}

const encode = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+')

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '))
  } catch {
    return name
  }
}

/** `a[b]` goes by the name of `a` too. */
function sameName(rule: string, sent: string): boolean {
  const wanted = rule.toLowerCase()
  const name = sent.toLowerCase()
  return name === wanted || name.startsWith(`${wanted}[`)
}

/** Ours to say: what frames the message, and what only concerns one connection. */
const ours: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'proxy-authorization',
  'x-dreamfactory-api-key',
  'x-dreamfactory-session-token',
])

function headersOf(
  { verb, headers: given, body }: ApiRequest,
  { headers: rules, options }: Remote,
  fill: (text: string) => string,
): { [name: string]: string } {
  const headers: { [name: string]: string } = { accept: '*/*' }
  if (options.userAgent !== null) headers['user-agent'] = options.userAgent
  if (options.login !== null) headers.authorization = `Basic ${Buffer.from(options.login).toString('base64')}`
  if (verb !== 'GET' && body.kind === 'raw' && body.type !== '') headers['content-type'] = body.type
  if (verb !== 'GET' && body.kind === 'value') headers['content-type'] = 'application/json'
  for (const rule of rules) {
    if (!applies(rule, verb) || ours.has(rule.name)) continue
    const value = rule.passFromClient ? given[rule.name] : fill(rule.value)
    if (value === undefined) continue
    if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
      throw new BadRequest(`The header '${rule.name}' would hold characters that no header may hold.`)
    headers[rule.name] = value
  }
  return headers
}

function bodyOf({ verb, body }: ApiRequest): Outgoing['body'] {
  if (verb === 'GET' || body.kind === 'none') return null
  return body.kind === 'raw' ? body.bytes : Buffer.from(encodeJson(body.value))
}
