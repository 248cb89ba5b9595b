/**
 * The connections of one remote service: a pool of its own with time limits, tried again where that can do no harm, and a circuit
 * breaker, so that a remote that is down costs its callers nothing. A name that resolves to an address which is not public is not
 * asked, unless the base URL names the inside on purpose or the operator allows it (control-plane 13.3).
 */
import { lookup } from 'node:dns'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { ApiError, ServiceUnavailable } from '../errors.ts'
import { isPublic, networks } from './addresses.ts'

/** Connections at once to one remote. */
const connections = 128
const attempts = 3
const pausesMs = [50, 250]
/** Failures in a row that open the circuit, and how long it stays open. */
const failuresMost = 5
const openMs = 10_000

/** How a remote is reached. */
export interface ConnectionOptions {
  /** Milliseconds until a connection stands. */
  readonly connectMs: number
  /** Milliseconds until the head of an answer, and between two pieces of its body. */
  readonly waitMs: number
  /** The address of a proxy, with or without a scheme. */
  readonly proxy: string | null
  /** `user:password` for the proxy. */
  readonly proxyLogin: string | null
  readonly verifyPeer: boolean
  readonly verifyHost: boolean
  /** PEM texts. */
  readonly ca: string | null
  readonly certificate: string | null
  readonly key: string | null
  readonly keyPassword: string | null
}

export const usualConnection: ConnectionOptions = {
  connectMs: 10_000,
  waitMs: 30_000,
  proxy: null,
  proxyLogin: null,
  verifyPeer: true,
  verifyHost: true,
  ca: null,
  certificate: null,
  key: null,
  keyPassword: null,
}

export interface Question {
  readonly url: URL
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'
  readonly headers: { readonly [name: string]: string }
  readonly body: AsyncIterable<Uint8Array> | Uint8Array | null
}
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: AsyncIterable<Uint8Array>
  /** Lets go of a body that nobody reads. */
  discard(): Promise<void>
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #allow: readonly string[]
  #dispatcher: Promise<Dispatcher> | null = null
  #failures = 0
  #openUntil = 0
  /** One request finds out whether the remote is back. */
  #trying = false

  /** `allow`: networks that a public name may lead to although they are not public. Nothing is opened before the first use. */
  constructor(options: ConnectionOptions, allow: readonly string[]) {
    this.#options = options
    this.#allow = allow
  }

  /** What is known to be wrong; null: nothing. */
  get trouble(): string | null {
    return this.#openUntil > Date.now() ? 'The remote does not answer; it is asked again later.' : null
  }

  /** The head of the answer; its body is read by the caller. @throws 502, 503 or 504, which say what happened. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    this.#enter()
    const again = question.method === 'GET' && question.body === null
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          const answer = await this.#send(question, signal)
          this.#failures = 0
          this.#openUntil = 0
          return answer
        } catch (error) {
          if (signal.aborted) throw signal.reason
          if (!again || attempt === attempts || !isWorthAnother(error)) {
            this.#failed()
            throw remoteError(error)
          }
          await pause(pausesMs[attempt - 1], undefined, { signal })
        }
      }
    } finally {
      this.#trying = false
    }
  }

  async close(): Promise<void> {
    await (await this.#dispatcher)?.destroy()
  }

  async #send({ url, method, headers, body }: Question, signal: AbortSignal): Promise<Answer> {
    this.#dispatcher ??= dispatcherOf(this.#options, this.#allow)
    const data = await (await this.#dispatcher).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers,
      body:
        body === null || body instanceof Uint8Array ? body : (body as unknown as Dispatcher.DispatchOptions['body']),
      signal,
    } as Dispatcher.RequestOptions)
    return { status: data.statusCode, headers: data.headers, body: data.body, discard: () => data.body.dump() }
  }

  #enter(): void {
    if (this.#failures < failuresMost) return
    const wait = this.#openUntil - Date.now()
    if (wait > 0 || this.#trying)
      throw new ServiceUnavailable('The remote service does not answer. Try again later.', {
        headers: { 'retry-after': String(Math.max(1, Math.ceil(wait / 1000))) },
      })
    this.#trying = true
  }

  #failed(): void {
    this.#failures++
    if (this.#failures >= failuresMost) this.#openUntil = Date.now() + openMs
  }
}

async function dispatcherOf(options: ConnectionOptions, allow: readonly string[]): Promise<Dispatcher> {
  // Loaded at the first use: most processes and threads that load this module ask nobody.
  const { Agent, ProxyAgent } = await import('undici')
  const { connectMs, waitMs, verifyPeer, verifyHost, ca, certificate, key, keyPassword, proxy, proxyLogin } = options
  const tls = {
    rejectUnauthorized: verifyPeer,
    ...(verifyHost ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === null ? {} : { ca }),
    ...(certificate === null ? {} : { cert: certificate }),
    ...(key === null ? {} : { key }),
    ...(keyPassword === null ? {} : { passphrase: keyPassword }),
  }
  const common = { connections, headersTimeout: waitMs, bodyTimeout: waitMs, pipelining: 1 }
  if (proxy === null) return new Agent({ ...common, connect: { ...tls, timeout: connectMs, lookup: guarded(allow) } })
  return new ProxyAgent({
    ...common,
    connectTimeout: connectMs,
    uri: proxy.includes('://') ? proxy : `http://${proxy}`,
    requestTls: tls,
    ...(proxyLogin === null ? {} : { token: `Basic ${Buffer.from(proxyLogin).toString('base64')}` }),
  })
}

function codeOf(error: unknown): string {
  const found = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } } | null
  return String(found?.code ?? found?.cause?.code ?? '')
}

const again: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'EAI_AGAIN'])
const isWorthAnother = (error: unknown): boolean => again.has(codeOf(error))

const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])
const late: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

/** In words for callers; where the remote is, is not theirs to know. */
export function remoteError(cause: unknown): unknown {
  if (cause instanceof ApiError) return cause
  const code = codeOf(cause)
  if (cause instanceof NotPublic)
    return new ApiError(
      502,
      'The remote service is at an address that is not public. Its base URL must name that address, or DF_REMOTE_ALLOW must hold it.',
      { cause },
    )
  if (unreachable.has(code)) return new ServiceUnavailable('The remote service can not be reached.', { cause })
  if (late.has(code)) return new ApiError(504, 'The remote service did not answer in time.', { cause })
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(code))
    return new ApiError(502, 'The certificate of the remote service can not be trusted.', { cause })
  return new ApiError(502, 'The remote service closed the connection or did not answer with HTTP.', { cause })
}

class NotPublic extends Error {}

/** Names that only mean something inside: who writes them in a base URL means an address there. */
const inside = /^[^.]+$|\.(localhost|local|internal|intranet|lan|corp|home|svc|home\.arpa|cluster\.local)$/i

function guarded(allow: readonly string[]): LookupFunction {
  const allowed = networks(allow)
  const mayBeAsked = (address: string): boolean =>
    isPublic(address) || allowed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return (host, options, found) => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return found(error, '', 0)
      if (!inside.test(host) && !addresses.every(({ address }) => mayBeAsked(address)))
        return found(new NotPublic('not public'), '', 0)
      const [first] = addresses
      if (options.all) found(null, addresses)
      else found(null, first?.address ?? '', first?.family ?? 0)
    })
  }
}
