/**
 * The listening socket: limits of heads and times, what the HTTP parser refuses answered in the error envelope, and the way
 * to stop: no new work, what is under way finishes, idle connections close.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { ApiError, BadRequest, envelope, MethodNotAllowed, RequestTimeout } from '../errors.ts'
import { encodeJson } from '../formats/index.ts'
import { createHandler, requestId } from './handler.ts'
import type { HttpDeps, HttpServer } from './index.ts'
import { allowedVerbs } from './tunnel.ts'

export function createListener(deps: HttpDeps): HttpServer {
  const { host, port, ...limits } = deps.settings.http
  const handler = createHandler(deps)
  /** What each connection is being answered, oldest first: a parser's error must not be written into an answer. */
  const answering = new WeakMap<Duplex, ServerResponse[]>()

  const server: Server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    // 0 would mean: for ever.
    keepAliveTimeout: Math.max(1, limits.keepAliveTimeoutMs),
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
    // Checked by the handler, which answers in the envelope.
    requireHostHeader: false,
  })
  const accept = (waits: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    const known = answering.get(request.socket)
    if (known === undefined) answering.set(request.socket, [response])
    else {
      while (known[0]?.writableFinished) known.shift()
      known.push(response)
    }
    handler.handle(request, response, waits)
  }
  server.on('request', accept(false))
  server.on('checkContinue', accept(true))
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.from(encodeJson(envelope(new ApiError(417, 'The expectation of the request can not be met.'))))
    response
      .writeHead(417, { ...baseHeaders(requestId(request.headers['x-request-id'])), 'content-length': body.length })
      .end(body)
  })
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => refuse(socket, connectRefused))
  server.on('clientError', (error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: Duplex) => {
    const pending = (answering.get(socket) ?? []).filter((response) => !response.writableFinished)
    // The error may be answered when nothing is, or when it is about the rest of the only request under way.
    const [only] = pending
    const free = only === undefined || (pending.length === 1 && !only.headersSent && !only.req.complete)
    if (!socket.writable || !free || error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const answer = answerTo(error, limits)
    deps.log.debug('A request could not be read', { code: error.code, status: answer.status })
    refuse(socket, answer)
  })

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port }, () => {
          server.removeListener('error', reject)
          server.on('error', (error) => deps.log.error('The listening socket failed', { error }))
          const bound = server.address() as AddressInfo
          resolve({ port: bound.port, host: bound.address })
        })
      }),
    underWay: handler.underWay,
    retire: (lingerMs) =>
      new Promise((resolve) => {
        handler.retire()
        const cut = setTimeout(() => server.closeAllConnections(), lingerMs + limits.shutdownTimeoutMs)
        // A client may send its next request at any moment: who is at rest for long is disconnected, and nobody at once.
        const rest = setTimeout(() => {
          server.closeIdleConnections()
          again = setInterval(() => server.closeIdleConnections(), 250)
        }, lingerMs)
        let again: NodeJS.Timeout | undefined
        // Not that of HTTP, which would disconnect at once.
        NetServer.prototype.close.call(server, () => {
          clearTimeout(cut)
          clearTimeout(rest)
          clearInterval(again)
          resolve()
        })
      }),
    drain: () =>
      new Promise((resolve) => {
        handler.drain()
        if (!server.listening) {
          resolve()
          return
        }
        const cut = setTimeout(() => server.closeAllConnections(), limits.shutdownTimeoutMs)
        server.close(() => {
          clearTimeout(cut)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

const connectRefused = new MethodNotAllowed("Invalid or unsupported verb 'CONNECT' used in request.", {
  headers: { allow: allowedVerbs },
})

interface Limits {
  readonly maxHeaderBytes: number
  readonly maxUrlBytes: number
}

/** What is told about a request that the parser could not read. */
function answerTo(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, limits: Limits): ApiError {
  const start = error.rawPacket?.subarray(0, limits.maxUrlBytes + 64).toString('latin1') ?? ''
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RequestTimeout('The request did not arrive in time.')
    case 'HPE_HEADER_OVERFLOW': {
      const [, target = ''] = /^[A-Z]+ (\S*)/.exec(start) ?? []
      if (target.length > limits.maxUrlBytes)
        return new ApiError(414, `The URL is longer than ${limits.maxUrlBytes} bytes.`)
      return new ApiError(431, `The head of the request is longer than ${limits.maxHeaderBytes} bytes.`)
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ApiError(413, 'The chunk extensions of the request are too long.')
    case 'HPE_INVALID_METHOD': {
      const [, verb] = /^([A-Za-z-]{1,32}) \S/.exec(start) ?? []
      if (verb !== undefined)
        return new MethodNotAllowed(`Invalid or unsupported verb '${verb}' used in request.`, {
          headers: { allow: allowedVerbs },
        })
    }
  }
  return new BadRequest('The request is not valid HTTP.')
}

function baseHeaders(id: string): { readonly [name: string]: string } {
  return {
    'x-request-id': id,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    'content-type': 'application/json',
    connection: 'close',
  }
}

/** An answer written by hand, where there is no request that node could answer. */
function refuse(socket: Duplex, error: ApiError): void {
  const body = encodeJson(envelope(error))
  const headers = {
    ...baseHeaders(requestId(undefined)),
    ...error.headers,
    'content-length': String(Buffer.byteLength(body)),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
  // Whoever keeps sending has been answered.
  setTimeout(() => (socket as Socket).destroy(), 1000).unref()
}
