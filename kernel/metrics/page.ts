/** `/metrics` as an answer, and as a server of its own where it has an address of its own. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { NotFound, toApiError, Unauthorized } from '../errors.ts'
import { oneChunk } from '../formats/index.ts'
import type { Endpoint } from '../listening.ts'
import type { ApiReply } from '../plugins/contract.ts'
import { contentType, type Family, text } from './families.ts'

/** The answer for who sent this as `Authorization: Bearer`; null: nothing. */
export type ServeMetrics = (bearer: string | null) => Promise<ApiReply>

/** `token`: what is asked for; null: nothing. `collect`: of all processes. */
export function metricsPage(token: string | null, collect: () => Promise<readonly Family[]>): ServeMetrics {
  return async (bearer) => {
    if (token !== null && !same(bearer ?? '', token))
      throw new Unauthorized('The metrics need a token: Authorization: Bearer ...', {
        headers: { 'WWW-Authenticate': 'Bearer' },
      })
    const bytes = Buffer.from(text(await collect()), 'utf8')
    return {
      status: 200,
      headers: {},
      body: { kind: 'opaque', type: contentType, length: bytes.length, bytes: oneChunk(bytes) },
    }
  }
}

/** In the same time whatever is given. */
function same(given: string, token: string): boolean {
  const digest = (of: string): Buffer => createHash('sha256').update(of).digest()
  return timingSafeEqual(digest(given), digest(token))
}

export interface MetricsServer {
  readonly port: number
  close(): Promise<void>
}

/** Rejects when it can't be listened at. */
export async function serveMetrics({ host, port }: Endpoint, page: ServeMetrics): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const answer = async (): Promise<void> => {
      if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics')
        throw new NotFound('There is nothing at this path.')
      const [, bearer = null] = /^Bearer +(.+?) *$/i.exec(request.headers.authorization ?? '') ?? []
      const { status, body } = await page(bearer)
      if (body.kind !== 'opaque') return
      response.writeHead(status, { 'content-type': body.type, 'content-length': body.length ?? 0 })
      for await (const bytes of body.bytes) response.write(bytes)
      response.end()
    }
    answer().catch((thrown: unknown) => {
      const { status, message, headers } = toApiError(thrown)
      if (response.headersSent) return response.destroy()
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${message}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  const bound = server.address()
  return {
    port: bound !== null && typeof bound === 'object' ? bound.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
