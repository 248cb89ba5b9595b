/** A remote web service on the loopback: right on some paths, and wrong in its own way on each of the others. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

export interface Upstream {
  readonly url: string
  readonly port: number
  /** Paths that were asked, in order. */
  readonly asked: readonly string[]
  /** Connections that are open. */
  open(): number
  /** The next so many requests have their connection cut. */
  cutNext(requests: number): void
  stop(): Promise<void>
}

export async function startUpstream(port = 0): Promise<Upstream> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  let cuts = 0
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (cuts > 0) {
      cuts--
      request.socket.destroy()
      return
    }
    answer(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    asked,
    open: () => sockets.size,
    cutNext(requests) {
      cuts = requests
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

type Reply = (response: ServerResponse, request: IncomingMessage, url: URL) => void | Promise<void>

const text =
  (type: string, body: string | Uint8Array, status = 200, headers: Record<string, string | string[]> = {}): Reply =>
  (response) => {
    response.writeHead(status, { 'content-type': type, ...headers })
    response.end(body)
  }

const replies: { readonly [path: string]: Reply } = {
  '/json': text('application/json', '{"a":[1,2],"b":12345678901234567890}'),
  '/bad-json': text('application/json', '{"a":'),
  '/xml': text('application/xml', '<r><a>1</a><b>two</b><c>007</c></r>'),
  '/doctype': text('application/xml', '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'),
  '/csv': text('text/csv', 'a,b\n1,two\n'),
  '/text': text('text/plain', 'plain "text"'),
  '/html': text('text/html', '<script>1</script>'),
  '/svg': text('image/svg+xml', '<svg onload="1"/>'),
  '/bytes': text('application/octet-stream', Uint8Array.from([0, 255, 1])),
  '/gzip': text('application/json', gzipSync('{"z":1}'), 200, { 'content-encoding': 'gzip' }),
  '/cookies': text('application/json', '{}', 200, { 'set-cookie': ['a=1; path=/', 'b=2'] }),
  '/ours': text('application/json', '{}', 200, {
    'access-control-allow-origin': 'https://evil.example',
    'strict-transport-security': 'max-age=1',
    'x-own': 'yes',
    connection: 'keep-alive, x-hop',
    'x-hop': '1',
  }),
  '/empty': text('application/json', ''),
  '/swagger.json': text(
    'application/json',
    JSON.stringify({
      swagger: '2.0',
      info: { title: 'Pets', version: '1' },
      paths: {
        '/pets/{id}': {
          get: {
            parameters: [{ name: 'id', in: 'path', required: true, type: 'integer' }],
            responses: { 200: { description: 'A pet', schema: { $ref: '#/definitions/Pet' } } },
          },
        },
      },
      definitions: { Pet: { type: 'object', properties: { name: { type: 'string' } } } },
    }),
  ),
  '/none': (response) => void response.writeHead(204).end(),
  '/inside': text('text/plain', 'moved', 302, { location: '/json' }),
  '/outside': text('text/plain', 'moved', 302, { location: 'http://169.254.169.254/latest/meta-data/' }),
  '/loop': text('text/plain', 'moved', 302, { location: '/loop' }),
  '/silent': () => {},
  '/stalls': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"a":')
  },
  '/cut': (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{"a":', () => response.socket?.destroy())
  },
  '/garbage': (response) => void response.socket?.end('this is no HTTP\r\n\r\n'),
  '/endless': async (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    const piece = 'x'.repeat(64 * 1024)
    while (!response.destroyed) if (!response.write(piece)) await once(response, 'drain').catch(() => undefined)
  },
  '/large': async (response, _request, url) => {
    const size = Number(url.searchParams.get('bytes'))
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(size) })
    const piece = Buffer.alloc(64 * 1024, 'x')
    for (let sent = 0; sent < size; sent += piece.length)
      if (!response.write(piece.subarray(0, size - sent))) await once(response, 'drain')
    response.end()
  },
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://upstream')
  const reply = replies[url.pathname]
  if (reply !== undefined) return reply(response, request, url)
  const status = /^\/status\/(\d+)$/.exec(url.pathname)?.[1]
  if (status !== undefined) return text('text/plain', `told with ${status}`, Number(status))(response, request, url)
  return echo(request, response, url)
}

async function echo(request: IncomingMessage, response: ServerResponse, { pathname, search }: URL): Promise<void> {
  const { host: _host, connection: _connection, ...headers } = request.headers
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size < 10_000) parts.push(chunk)
  }
  response.setHeader('content-type', 'application/json')
  const at = `http://${request.headers.host}/at`
  response.end(
    JSON.stringify({
      method: request.method,
      path: pathname,
      query: search,
      headers,
      body: size < 10_000 ? Buffer.concat(parts).toString() : size,
      link: at,
    }),
  )
}
