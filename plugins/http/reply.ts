/**
 * The remote's answer -> ours (control-plane 8.1). What is already in the format that the caller wants is passed on as it comes and is
 * never held; what must become another format is read within a budget and made anew.
 */
import {
  type Answer,
  ApiError,
  type ApiReply,
  BadRequest,
  collect,
  contentEncodings,
  decodeCsv,
  decodeXml,
  decompress,
  exactNumber,
  type HeaderMap,
  type Json,
  type Output,
  parseJson,
  remoteError,
} from 'dataferry/sdk'
import { type Link, replaced } from './links.ts'

export interface ReplyRules {
  readonly output: Output
  /** The Accept header of the caller; '' when it has none. */
  readonly accept: string
  /** Links to replace; empty: none. */
  readonly links: readonly Link[]
  /** The most bytes of an answer that is made anew. */
  readonly budget: number
}

/** Of an error's text, as much as is told. */
const messageBytes = 16 * 1024

type Kind = 'json' | 'xml' | 'csv' | 'text' | 'html' | 'other'
type Opaque = Extract<ApiReply['body'], { readonly kind: 'opaque' }>

/** @throws ApiError with the remote's status and text where that is 300 or more. */
export async function replyOf(answer: Answer, rules: ReplyRules): Promise<ApiReply> {
  const { status } = answer
  const { headers, cookies } = passedOn(answer)
  const type = headerOf(answer, 'content-type')
  const bytes = plainBytes(answer)
  if (status === 204 || status === 205 || status === 304) {
    await answer.discard()
    return { status, headers, cookies, body: { kind: 'none' } }
  }
  if (status >= 300) throw new ApiError(status, await messageOf(bytes))
  const kind = kindOf(type)
  const length = headerOf(answer, 'content-encoding') === '' ? lengthOf(answer) : null
  const body: Opaque = { kind: 'opaque', type: type || 'application/octet-stream', length, bytes: careful(bytes) }
  if (kind === 'other') return { status, headers: guarded(headers, type), cookies, body }
  const linked = rules.links.length === 0 ? body : { ...body, length: null, bytes: replaced(body.bytes, rules.links) }
  if (kind === rules.output.format || accepts(rules.accept, type)) {
    return emptyOr(status, headers, cookies, linked, type)
  }
  const { etag: _theirs, 'accept-ranges': _ranges, ...rest } = headers
  const text = await held(linked.bytes, rules.budget, type)
  if (text.trim() === '')
    return { status: status === 200 ? 204 : status, headers: rest, cookies, body: { kind: 'none' } }
  const value = decodedValue(text, kind, rules.output.wrapperName)
  const { 'content-type': _type, ...ours } = rest
  return { status, headers: ours, cookies, body: { kind: 'value', value } }
}

/** An empty body is no content, also where only its end tells that it is empty. */
async function emptyOr(
  status: number,
  headers: HeaderMap,
  cookies: readonly string[],
  body: Opaque,
  type: string,
): Promise<ApiReply> {
  const iterator = body.bytes[Symbol.asyncIterator]()
  const first = body.length === null || body.length === 0 ? await iterator.next() : null
  if (first?.done) return { status: status === 200 ? 204 : status, headers, cookies, body: { kind: 'none' } }
  const bytes = first === null ? body.bytes : resumed(first.value, iterator)
  return { status, headers: guarded(headers, type), cookies, body: { ...body, bytes } }
}

async function* resumed(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

function kindOf(type: string): Kind {
  const bare = mediaOf(type)
  if (/[/+]json$/.test(bare)) return 'json'
  if (bare === 'text/html' || bare === 'application/xhtml+xml') return 'html'
  if (bare === 'image/svg+xml') return 'other'
  if (/[/+]xml$/.test(bare)) return 'xml'
  if (bare === 'text/csv') return 'csv'
  return bare.startsWith('text/') ? 'text' : 'other'
}

const mediaOf = (type: string): string => (type.split(';', 1)[0] ?? '').trim().toLowerCase()

/** Whether the caller names exactly this type. */
function accepts(accept: string, type: string): boolean {
  const wanted = mediaOf(type)
  return (
    wanted !== '' && accept.split(',').some((entry) => mediaOf(entry) === wanted && !/;\s*q=0(\.0*)?\s*$/.test(entry))
  )
}

/** The remote's documents must not act as pages of this server. */
function guarded(headers: HeaderMap, type: string): HeaderMap {
  const own = { ...headers, 'x-content-type-options': 'nosniff' }
  const active = /html|svg|xml/.test(mediaOf(type))
  return active ? { ...own, 'content-security-policy': 'sandbox' } : own
}

/** What frames a message or concerns one connection, and what speaks for a whole server: it would speak for this one. */
const notPassedOn: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'content-encoding',
  'set-cookie',
  'date',
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'location',
  'strict-transport-security',
])

function passedOn({ headers: given }: Answer): { readonly headers: HeaderMap; readonly cookies: readonly string[] } {
  const headers: { [name: string]: string } = {}
  const listed = new Set(
    one(given.connection)
      .toLowerCase()
      .split(/\s*,\s*/),
  )
  for (const [raw, value] of Object.entries(given)) {
    const name = raw.toLowerCase()
    if (value === undefined || notPassedOn.has(name) || listed.has(name) || name.startsWith('access-control-')) continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  const cookies = given['set-cookie']
  return { headers, cookies: cookies === undefined ? [] : Array.isArray(cookies) ? cookies : [cookies] }
}

const one = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(', ') : (value ?? ''))
const headerOf = ({ headers }: Answer, name: string): string => one(headers[name])

function lengthOf(answer: Answer): number | null {
  const length = headerOf(answer, 'content-length')
  return /^\d+$/.test(length) ? Number(length) : null
}

function plainBytes(answer: Answer): AsyncIterable<Uint8Array> {
  let bytes: AsyncIterable<Uint8Array> = answer.body
  try {
    for (const encoding of contentEncodings(headerOf(answer, 'content-encoding'))) bytes = decompress(bytes, encoding)
  } catch (cause) {
    void answer.discard()
    throw new ApiError(502, 'The remote service compressed its answer in a way that is not known.', { cause })
  }
  return bytes
}

/** Errors on the way are told as those before it. */
async function* careful(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (error) {
    throw remoteError(error)
  }
}

async function messageOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of careful(bytes)) {
    parts.push(chunk)
    size += chunk.length
    if (size >= messageBytes) break
  }
  return Buffer.concat(parts).subarray(0, messageBytes).toString('utf8')
}

async function held(bytes: AsyncIterable<Uint8Array>, budget: number, type: string): Promise<string> {
  const told = `The remote's answer is longer than the ${budget} bytes that can be made another format.`
  const whole = await collect(bytes, budget, () => new ApiError(502, told))
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset).decode(whole)
  } catch (cause) {
    throw new ApiError(502, 'The remote service answered in a character set that is not known.', { cause })
  }
}

function decodedValue(text: string, kind: Kind, wrapper: string): Json {
  if (kind === 'html') throw new BadRequest('Content in response can not be resolved to acceptable content type.')
  if (kind === 'text') return text
  try {
    if (kind === 'json') return parseJson(text)
    return kind === 'csv' ? decodeCsv(text, wrapper) : numbered(decodeXml(text, wrapper))
  } catch (cause) {
    throw new ApiError(502, `The remote service answered with what is not valid ${kind.toUpperCase()}.`, { cause })
  }
}

/** XML knows only texts; those that are the usual spelling of a number are numbers. */
function numbered(value: Json): Json {
  if (typeof value === 'string') return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(value) ? exactNumber(value) : value
  if (Array.isArray(value)) return value.map(numbered)
  if (value === null || typeof value !== 'object') return value
  const object: { [name: string]: Json } = Object.create(null)
  for (const [name, member] of Object.entries(value)) object[name] = numbered(member as Json)
  return object
}
