/** A real server of the HTTP room on a free port, in front of a pipeline that tells what it was given. */
import { request as send } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { load } from '../../../config/index.ts'
import type { Credentials, Identity } from '../../../kernel/access/identity.ts'
import { Forbidden, NotFound } from '../../../kernel/errors.ts'
import { createHttpServer, type HttpDeps, type HttpServer } from '../../../kernel/http/index.ts'
import type { Observation } from '../../../kernel/observe.ts'
import type { ApiReply, ApiRequest, Caller, Json, ReplyBody, RowSource } from '../../../kernel/plugins/contract.ts'

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | undefined }
  readonly bytes: Buffer
  readonly text: string
  readonly json: () => Record<string, unknown>
}

export interface Served {
  readonly server: HttpServer
  readonly port: number
  readonly seen: Observation[]
  /** What dispatch got last. */
  readonly requests: ApiRequest[]
  readonly credentials: Credentials[]
  ask(method: string, path: string, headers?: Record<string, string>, body?: string | Uint8Array): Promise<Answer>
  /** Sends bytes as they are, and gives all that comes back until the connection ends. */
  raw(text: string): Promise<string>
  close(): Promise<void>
}

export const caller: Caller = {
  user: null,
  app: null,
  role: null,
  admin: false,
  requestor: 'api',
  session: null,
  lookups: {},
}

export const value = (of: Json, status = 200): ApiReply => ({ status, headers: {}, body: { kind: 'value', value: of } })

export const rows = (encode: RowSource['encode']): ReplyBody => ({
  kind: 'rows',
  rows: { weight: 'page', encode, value: async () => null },
})

/** What a service would see of a request, as an answer. */
export function echo(request: ApiRequest): ApiReply {
  const { verb, service, path, trailingSlash, query, headers, body, output, origin, address } = request
  return value({
    verb,
    service,
    path,
    trailingSlash,
    query: Object.fromEntries(query),
    headers,
    body: body.kind === 'value' ? { kind: body.kind, typed: body.typed, value: body.value } : { kind: body.kind },
    wrapper: output.wrapper,
    origin,
    address,
  })
}

export async function serve(
  env: Record<string, string> = {},
  deps: Partial<HttpDeps> = {},
  dispatch: (request: ApiRequest, signal: AbortSignal) => ApiReply | Promise<ApiReply> = echo,
): Promise<Served> {
  const { config } = load({ env: { PORT: '0', HOST: '127.0.0.1', ...env }, directory: tmpdir() })
  const seen: Observation[] = []
  const requests: ApiRequest[] = []
  const credentials: Credentials[] = []
  const silent = () => undefined
  const server = createHttpServer({
    settings: config,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    observe: (what) => void seen.push(what),
    identify: (sent): Identity => {
      credentials.push(sent)
      return { caller, problem: null, sentKey: sent.apiKey !== null, sentToken: sent.token !== null }
    },
    authorize: (request) => {
      if (request.service === 'closed') throw new Forbidden('Access Forbidden.')
    },
    dispatch: async (request, signal) => {
      requests.push(request)
      if (request.service === 'nope' || request.service === 'v2' || request.service === 'vx') {
        throw new NotFound(`Could not find a service for ${request.service}`)
      }
      return dispatch(request, signal)
    },
    index: (query) => ({ services: [], query: Object.fromEntries(query) }),
    bodyKind: (service) =>
      service === 'nope' || /^v\d?$/.test(service) ? null : service === 'files' ? 'raw' : 'value',
    cors: () => [],
    instance: () => null,
    ready: () => ({ ok: true, detail: {} }),
    ...deps,
  })
  const { port } = await server.listen()
  return {
    server,
    port,
    seen,
    requests,
    credentials,
    ask: (method, path, headers = {}, body) => ask(port, method, path, headers, body),
    raw: (text) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text))
        let answer = ''
        socket.setEncoding('latin1')
        socket.on('data', (chunk) => {
          answer += chunk
        })
        socket.on('close', () => resolve(answer))
        socket.on('error', (error: NodeJS.ErrnoException) => (answer === '' ? reject(error) : resolve(answer)))
      }),
    close: () => server.drain(),
  }
}

function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | Uint8Array | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sized = body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) }
    const out = send({ host: '127.0.0.1', port, method, path, headers: sized, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString('utf8')
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Answer['headers'],
          bytes,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        })
      })
    })
    out.on('error', reject)
    out.end(body)
  })
}
