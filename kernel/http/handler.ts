/**
 * The way of one request through this room: head, CORS, route, verb, what is wanted back, who asks, may they, body, dispatch,
 * answer. Each stage is a function of its own file; this file is their order.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Identity } from '../access/identity.ts'
import { ApiError, BadRequest, MethodNotAllowed, NotFound, ServiceUnavailable, toApiError } from '../errors.ts'
import type { ApiReply, ApiRequest, Body, HeaderMap, Json } from '../plugins/contract.ts'
import { createAddresses, isHost } from './address.ts'
import { ClientGone, decodeBody, decodeLateBody, earlyBytes, membersOf, RequestBody } from './body.ts'
import { corsHeaders, isPreflight, preflight } from './cors.ts'
import { credentialsFromBody, type HeadFacts, readCredentials, readHeaders, withoutCredentials } from './credentials.ts'
import type { HttpDeps } from './index.ts'
import { bodyFormat, createNegotiator, notAcceptable } from './negotiate.ts'
import { createPages } from './pages.ts'
import { parseQuery } from './query.ts'
import { type ApiRoute, type OtherRoute, route } from './routes.ts'
import { type Exchange, type SendSettings, sendError, sendReply } from './send.ts'
import { allowedVerbs, bodyMayTunnel, knownVerb, tunnelledVerb } from './tunnel.ts'

/** How long a client may go on sending a body that nobody wants before its connection is cut. */
const lingerMs = 5_000

/** What is told of a request when it is over: the observation itself, filled in on the way. */
interface Facts {
  readonly kind: 'request'
  readonly id: string
  verb: string
  service: string | null
  path: string
  user: number | null
  app: number | null
  address: string
  status: number
  ms: number
  bytes: number
}

interface Visit {
  readonly x: Exchange
  readonly facts: Facts
  readonly body: RequestBody
  /** As long as it is not known what the client wants back. */
  head: HeadFacts | null
  /** Our own fault broke the answer off. */
  cut: boolean
}

export interface Handler {
  /** `waits`: the client wants to be told to go on before it sends the body. */
  handle(request: IncomingMessage, response: ServerResponse, waits: boolean): void
  /** From now on new requests are refused. */
  drain(): void
  /** From now on every answer asks its client to leave the connection. */
  retire(): void
  underWay(): number
}

/** A request id that a client may choose; others are replaced. */
const saneId = /^[A-Za-z0-9._:@+/=-]{1,128}$/

export function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && saneId.test(given) ? given : randomUUID()
}

export function createHandler(deps: HttpDeps): Handler {
  const { settings, observe } = deps
  const { http, api } = settings
  const negotiator = createNegotiator(api)
  const addresses = createAddresses(http.trustedProxies)
  const prefixes = { api: api.routePrefix, status: api.statusRoutePrefix }
  const workers = deps.workers ?? null
  const bodyThreads = {
    workers,
    atLeast: settings.workers.xmlBytes,
    slicedAtLeast: settings.workers.slicedBytes,
  }
  const sending: SendSettings = {
    compression: http.compression,
    compressionMinBytes: http.compressionMinBytes,
    debug: settings.debug,
    threads: { workers, atLeast: settings.workers.encodeRows },
    stallMs: http.requestTimeoutMs,
  }
  const underWay = new Set<Exchange>()
  let draining = false
  /** Connections end with the answer. */
  let leaving = false
  const pages = createPages({
    settings,
    instance: deps.instance,
    documents: deps.documents ?? (() => null),
    metrics: deps.metrics ?? null,
    ready: () => (draining ? { ok: false, detail: { draining: true } } : deps.ready()),
  })

  function handle(request: IncomingMessage, response: ServerResponse, waits: boolean): void {
    const started = performance.now()
    const stop = new AbortController()
    const id = requestId(request.headers['x-request-id'])
    const url = request.url ?? '/'
    const question = url.indexOf('?')
    const facts: Facts = {
      kind: 'request',
      id,
      verb: request.method ?? '',
      service: null,
      path: question < 0 ? url : url.slice(0, question),
      user: null,
      app: null,
      address: request.socket.remoteAddress ?? '',
      status: 0,
      ms: 0,
      bytes: 0,
    }
    const x: Exchange = {
      id,
      request,
      response,
      head: { 'x-request-id': id, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' },
      signal: stop.signal,
      output: negotiator.fallback,
      acceptable: true,
      headOnly: request.method === 'HEAD',
      // A client that was never told to go on may or may not send its body: the connection is of no further use.
      closing: leaving || waits,
      bytes: 0,
    }
    let waiting = waits
    const body = new RequestBody(request, http, () => {
      if (!waiting) return
      waiting = false
      x.closing = leaving
      response.writeContinue()
    })
    const visit: Visit = { x, facts, body, head: null, cut: false }
    underWay.add(x)

    response.once('close', () => {
      underWay.delete(x)
      if (!response.writableFinished) {
        stop.abort(new ClientGone())
        if (!visit.cut) observe({ kind: 'client-gone', id })
      } else if (!request.complete) {
        void body.discard().catch(() => undefined)
        setTimeout(() => request.complete || request.socket.destroy(), lingerMs).unref()
      } else if (leaving) {
        request.socket.end()
      }
      facts.status = response.statusCode
      facts.ms = performance.now() - started
      facts.bytes = x.bytes
      observe(facts)
    })
    serve(visit, url, question).catch((thrown: unknown) => fail(visit, thrown))
  }

  async function serve(visit: Visit, rawUrl: string, rawQuestion: number): Promise<void> {
    const { x, facts, body } = visit
    const { request } = x
    if (draining) throw new ServiceUnavailable('The server is stopping.', { headers: { 'retry-after': '1' } })
    if (rawUrl.length > http.maxUrlBytes) throw new ApiError(414, `The URL is longer than ${http.maxUrlBytes} bytes.`)
    const head = readHeaders(request.headers)
    visit.head = head
    const { headers } = head
    const host = hostOf(request, headers)
    facts.address = addresses.client(facts.address, headers)

    const { path: rawPath, query: rawQuery } = splitUrl(rawUrl, rawQuestion)
    if (rawPath === '*') return sendReply(x, allowReply, sending)
    const where = route(rawPath, prefixes)
    if (where.kind === 'none') return sendReply(x, await published(where, request.method, headers, x.signal), sending)
    const peer = request.socket.remoteAddress ?? ''
    const origin = addresses.origin(peer, headers, host)
    if (where.kind !== 'api') {
      const verb = knownVerb(request.method ?? '')
      const below = where.kind === 'docs' ? where.below : []
      const page = { verb: verb === 'HEAD' ? 'GET' : verb, headers, body, origin, below, bearer: head.bearer } as const
      x.output = negotiator.fallback
      return sendReply(x, await pages(where.kind, page), sending)
    }

    const rules = deps.cors()
    const from = headers.origin
    if (from !== undefined) {
      if (isPreflight(request.method, headers)) {
        return sendReply(
          x,
          { status: 204, headers: preflight(rules, rawPath, headers), body: { kind: 'none' } },
          sending,
        )
      }
      if (rules.length > 0) Object.assign(x.head, corsHeaders(rules, rawPath, from))
    }
    return serveApi(visit, where, rawQuery, head, origin)
  }

  /** Outside of the API there are only files that a service gives to everybody. */
  async function published(
    { path }: OtherRoute,
    method: string | undefined,
    headers: HeaderMap,
    signal: AbortSignal,
  ): Promise<ApiReply> {
    const [service, ...below] = path
    const reads = method === 'GET' || method === 'HEAD'
    const found =
      reads && service !== undefined ? await deps.published?.(service.toLowerCase(), below, headers, signal) : null
    if (!found) throw new NotFound('There is nothing at this path.')
    return found
  }

  async function serveApi(
    visit: Visit,
    where: ApiRoute,
    rawQuery: string,
    head: HeadFacts,
    origin: string,
  ): Promise<void> {
    const { x, facts, body } = visit
    const { headers } = head
    const { path } = where
    const query = parseQuery(rawQuery)
    const service = where.service ?? where.version ?? ''
    facts.service = where.service

    let verb = knownVerb(x.request.method ?? '')
    const tunnelled = verb === 'POST'
    const sent = readCredentials(head, query)
    const kind = deps.bodyKind(service)
    const early = body.empty ? null : await readEarly()
    const members = early?.body?.kind === 'value' ? membersOf(early.body.value) : null
    if (tunnelled) {
      verb = tunnelledVerb({ headers, query, body: members })
      facts.verb = verb
    }
    if (members !== null) credentialsFromBody(sent, members, service, path)
    if (verb === 'OPTIONS') return sendReply(x, allowReply, sending)
    if (verb === 'HEAD') {
      x.headOnly = true
      verb = 'GET'
    }
    negotiate(null)

    const credentials = { ...sent, address: facts.address }
    if (where.service === null) {
      if (verb === 'GET') return serveIndex()
      if (where.version === null)
        throw new MethodNotAllowed('The list of services can only be read.', {
          headers: { allow: 'GET, HEAD, OPTIONS' },
        })
    }
    facts.service = service
    const asking = deps.identify(credentials, verb, service, path)
    const identity = asking instanceof Promise ? await asking : asking
    tell(identity)
    const request: ApiRequest = {
      id: x.id,
      verb,
      service,
      path,
      trailingSlash: where.trailingSlash,
      query,
      ...(kind === 'raw' ? { search: withoutCredentials(rawQuery) } : noSearch),
      headers,
      body: noBody,
      caller: identity.caller,
      output: x.output,
      origin,
      address: facts.address,
    }
    const counted = deps.authorize(request, identity)
    if (counted !== undefined) await counted

    const whole = body.empty ? request : await withBody(request)
    if (!x.acceptable && kind === 'value' && verb !== 'GET') throw new BadRequest(notAcceptable)
    await sendReply(x, await deps.dispatch(whole, x.signal), sending)

    async function readEarly(): Promise<Early | null> {
      const format = bodyFormat(headers['content-type'], query.get('content_type'))
      const searched = format === 'form' || (format === 'json' && kind !== 'raw')
      const missing = sent.apiKey === null || sent.token === null
      if (!searched || !(bodyMayTunnel(x.request.method ?? '', headers) || missing)) return null
      const bytes = await body.peek(earlyBytes)
      if (bytes === null) return null
      try {
        return { body: decodeBody(bytes, format, headers['content-type'], api.wrapper), problem: null }
      } catch (problem) {
        // Whether they may is told before what is wrong with what they sent.
        return { body: null, problem }
      }
    }

    async function withBody(request: ApiRequest): Promise<ApiRequest> {
      if (kind === null) return request
      const format = bodyFormat(headers['content-type'], query.get('content_type'))
      if (kind === 'raw' || format === 'multipart')
        return { ...request, body: { kind: 'raw', type: headers['content-type'] ?? '', bytes: body.stream() } }
      if (early?.problem) throw early.problem
      const decoded =
        early?.body ??
        (await decodeLateBody(await body.all(), format, headers['content-type'], api.wrapper, bodyThreads, x.signal))
      const payload = decoded.kind === 'value' ? membersOf(decoded.value) : null
      if (payload !== null) {
        // A read takes all parameters from its payload; a list of records can say how it wants to be wrapped.
        if (request.verb === 'GET') negotiate(payload)
        else if (payload.wrap !== undefined && payload[api.wrapper] !== undefined) negotiate({ wrap: payload.wrap })
      }
      return { ...request, body: decoded, output: x.output }
    }

    function negotiate(payload: { readonly [name: string]: Json } | null): void {
      const { output, acceptable } = negotiator.wanted({ headers, query, payload, service, path })
      x.output = output
      x.acceptable = acceptable
      visit.head = null
    }

    async function serveIndex(): Promise<void> {
      const asking = deps.identify(credentials, 'GET', '', [])
      const identity = asking instanceof Promise ? await asking : asking
      tell(identity)
      if (identity.problem !== null) throw identity.problem
      const value = deps.index(query, identity.caller, origin)
      await sendReply(x, { status: 200, headers: {}, body: { kind: 'value', value } }, sending)
    }

    function tell({ caller }: Identity): void {
      facts.user = caller.user?.id ?? null
      facts.app = caller.app?.id ?? null
    }
  }

  async function fail(visit: Visit, thrown: unknown): Promise<void> {
    const { x, head } = visit
    const { response } = x
    if (response.destroyed || thrown instanceof ClientGone) {
      response.destroy()
      return
    }
    const { status, headers } = toApiError(thrown)
    // Of all that is answered 429 only limits tell where their counters stand.
    if (status === 429)
      observe({ kind: 'too-many', id: x.id, by: 'X-RateLimit-Limit' in headers ? 'limit' : 'throttle' })
    if (response.headersSent) {
      visit.cut = true
      observe({ kind: 'answer-cut', id: x.id, error: thrown })
    } else if (status >= 500) {
      observe({
        kind: 'request-error',
        id: x.id,
        error: thrown instanceof ApiError && thrown.cause !== undefined ? thrown.cause : thrown,
      })
    }
    try {
      // What failed before it was known what is wanted back: the header alone may tell.
      if (head !== null)
        x.output = negotiator.wanted({
          headers: { accept: head.headers.accept ?? '' },
          query: noQuery,
          payload: null,
          service: '',
          path: [],
        }).output
      await sendError(x, thrown, sending)
    } catch (error) {
      if (!(error instanceof ClientGone)) observe({ kind: 'request-error', id: x.id, error })
      response.destroy()
    }
  }

  function retire(): void {
    leaving = true
    for (const x of underWay) x.closing = true
  }

  return {
    handle,
    drain() {
      draining = true
      retire()
    },
    retire,
    underWay: () => underWay.size,
  }
}

interface Early {
  readonly body: Body | null
  readonly problem: unknown
}

const noSearch = {}
const noBody: Body = { kind: 'none' }
const noQuery: ReadonlyMap<string, Json> = new Map()
const allowReply = { status: 204, headers: { allow: allowedVerbs }, body: { kind: 'none' } } as const

/** The path and query of a request line, which a proxy may have sent with scheme and host. */
function splitUrl(given: string, question: number): { readonly path: string; readonly query: string } {
  // Bytes beyond ASCII arrive as one character each.
  const url = /[\u0080-\u00ff]/.test(given) ? Buffer.from(given, 'latin1').toString('utf8') : given
  const at = url === given ? question : url.indexOf('?')
  const path = at < 0 ? url : url.slice(0, at)
  const query = at < 0 ? '' : url.slice(at + 1)
  if (path.startsWith('/') || path === '*') return { path, query }
  const absolute = /^https?:\/\/[^/]*(\/.*)?$/i.exec(path)
  if (absolute === null) throw new BadRequest('The request has no path.')
  return { path: absolute[1] ?? '/', query }
}

function hostOf(request: IncomingMessage, headers: HeaderMap): string {
  const host = headers.host
  if (host === undefined && request.httpVersionMinor === 0)
    return `${request.socket.localAddress}:${request.socket.localPort}`
  if (host === undefined || !isHost(host)) throw new BadRequest('The Host header is missing or not a host.')
  return host
}
