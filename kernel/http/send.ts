/**
 * An ApiReply, or an error, becomes bytes (data-plane 2.10, 2.11). A small reply is one write with its length; a large one
 * streams with backpressure. The head goes out with the first bytes: an error before it is an envelope, one after it cuts
 * the connection.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { BadRequest, envelope, toApiError } from '../errors.ts'
import { encodeValue } from '../formats/index.ts'
import type { ApiReply, ByteSink, HeaderMap, Output, ReplyBody } from '../plugins/contract.ts'
import { type Threads, written } from '../workers/formats.ts'
import { ClientGone } from './body.ts'
import { chooseEncoding, compress, compressor, type Encoding, isCompressible } from './compress.ts'
import { entityHash, namesEntity } from './etag.ts'
import { contentDisposition, notAcceptable } from './negotiate.ts'

/** Replies up to this size are sent in one write with their length. */
const heldBytes = 256 * 1024
/** Replies up to this size have a tag. */
const taggedBytes = 64 * 1024

/** Under construction; lower-case names. */
export type Headers = { [name: string]: string }

/** Up to this size head and body are made one string, one byte a character, and so one write to the socket. */
const joinedBytes = 16 * 1024

export interface SendSettings {
  readonly compression: boolean
  readonly compressionMinBytes: number
  /** Adds traces to envelopes. */
  readonly debug: boolean
  /** How long a client may not read before it counts as gone. */
  readonly stallMs: number
  /** Who writes long values in slow formats, and from how many entries on; left out: nobody else. */
  readonly threads?: Threads
}

/** One request and the way back to who sent it. */
export interface Exchange {
  readonly id: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Headers of every answer to it, lower case, errors included; stages add theirs. */
  readonly head: Headers
  readonly signal: AbortSignal
  output: Output
  acceptable: boolean
  /** A HEAD: all but the body. */
  headOnly: boolean
  /** The connection ends with this answer. */
  closing: boolean
  /** Of the answer's body, as sent. */
  bytes: number
}

/** Sends a reply. Throws what its rows or bytes throw as long as no head was sent. */
export async function sendReply(x: Exchange, reply: ApiReply, settings: SendSettings): Promise<void> {
  const { body } = reply
  const headers = withReplyHeaders(x, reply.headers)
  if (reply.cookies !== undefined && reply.cookies.length > 0) x.response.setHeader('set-cookie', [...reply.cookies])
  if (body.kind === 'none') return sendNothing(x, reply.status, headers)
  if (body.kind === 'opaque') return sendOpaque(x, reply.status, headers, body, settings)
  if (!x.acceptable) throw new BadRequest(notAcceptable)
  if (x.output.fileName !== null) headers['content-disposition'] = contentDisposition(x.output.fileName)
  headers['content-type'] ??= contentType(x.output)
  if (body.kind === 'value') {
    const elsewhere = settings.threads ? written(x.output, body.value, settings.threads, x.signal) : null
    const bytes = elsewhere === null ? encodeValue(x.output, body.value) : await elsewhere
    return sendBytes(x, reply.status, headers, bytes, settings, entityOf(x, reply.status, headers, bytes))
  }
  const sink = new ResponseSink(x, reply.status, headers, settings)
  await body.rows.encode(x.output, sink, x.signal)
  await sink.end()
}

/** Sends the envelope of an error in the format that was asked for, JSON when that can't be. Cuts an answer that has begun. */
export async function sendError(x: Exchange, thrown: unknown, settings: SendSettings): Promise<void> {
  const { response } = x
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const error = toApiError(thrown)
  const trace = settings.debug && error.stack !== undefined ? error.stack.split('\n').map((line) => line.trim()) : null
  const headers = withReplyHeaders(x, error.headers)
  headers['content-type'] = contentType(x.output)
  const status = STATUS_CODES[error.status] === undefined ? 500 : error.status
  await sendBytes(x, status, headers, encodeValue(x.output, envelope(thrown, trace)), settings)
}

/** `text/*` tells its character set, as the recorded answers do; JSON and XML have their own rule. */
export function contentType({ type }: Output): string {
  return type.startsWith('text/') ? `${type}; charset=UTF-8` : type
}

function withReplyHeaders(x: Exchange, own: HeaderMap): Headers {
  const headers = { ...x.head }
  for (const name in own) {
    const value = own[name]
    if (value !== undefined) headers[name.toLowerCase()] = value
  }
  return headers
}

function writeHead({ response, closing }: Exchange, status: number, headers: Headers): void {
  if (closing) headers.connection = 'close'
  response.writeHead(status, headers)
}

function sendNothing(x: Exchange, status: number, headers: Headers): void {
  if (status !== 204 && status !== 304) headers['content-length'] = '0'
  writeHead(x, status, headers)
  x.response.end()
}

/** The hash that a reply's tag is made of; null where it has none: only what a GET answers does, as far as it is held. */
function entityOf({ request }: Exchange, status: number, headers: Headers, bytes: Uint8Array): string | null {
  if (status !== 200 || bytes.length > taggedBytes || headers.etag !== undefined) return null
  return request.method === 'GET' || request.method === 'HEAD' ? entityHash(bytes) : null
}

/**
 * A whole body: compressed when it pays, in one write. `entity`: its hash; a client that has it already is told so (304). `done` may be
 * called when the bytes are of no use any more.
 */
export async function sendBytes(
  x: Exchange,
  status: number,
  headers: Headers,
  bytes: Uint8Array,
  settings: SendSettings,
  entity: string | null = null,
  done?: () => void,
): Promise<void> {
  // The format is chosen by what the client accepts.
  if (entity !== null) addVary(headers, 'Accept')
  const encoding = bytes.length < settings.compressionMinBytes ? null : encodingFor(x, headers, settings)
  if (entity !== null) {
    headers.etag = encoding === null ? `"${entity}"` : `"${entity}-${encoding}"`
    const known = x.request.headers['if-none-match']
    if (known !== undefined && namesEntity(known, entity)) return sendNotModified(x, headers)
  }
  let body = bytes
  if (encoding !== null) {
    const smaller = compress(encoding, bytes)
    body = smaller instanceof Promise ? await smaller : smaller
    done?.()
  }
  const { response } = x
  if (response.destroyed) throw new ClientGone()
  headers['content-length'] = String(body.length)
  writeHead(x, status, headers)
  if (x.headOnly) {
    response.end()
    return
  }
  x.bytes += body.length
  if (body.length > joinedBytes) {
    response.end(body, body === bytes ? done : undefined)
  } else {
    response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1')
    if (body === bytes) done?.()
  }
}

/** The headers of the answer without what is about its body (RFC 9110, 15.4.5). */
function sendNotModified(x: Exchange, headers: Headers): void {
  const kept = { ...headers }
  for (const name of ['content-type', 'content-encoding', 'content-disposition']) delete kept[name]
  sendNothing(x, 304, kept)
}

/** The encoding that this answer gets; says so, and that others may get another, in its headers. */
function encodingFor(x: Exchange, headers: Headers, settings: SendSettings): Encoding | null {
  if (!settings.compression || headers['content-encoding'] !== undefined) return null
  if (headers['content-range'] !== undefined || /\bno-transform\b/.test(headers['cache-control'] ?? '')) return null
  if (!isCompressible(headers['content-type'] ?? '')) return null
  addVary(headers, 'Accept-Encoding')
  const encoding = chooseEncoding(x.request.headers['accept-encoding'] as string | undefined)
  if (encoding !== null) headers['content-encoding'] = encoding
  return encoding
}

function addVary(headers: Headers, name: string): void {
  const known = headers.vary
  headers.vary = known === undefined ? name : `${known}, ${name}`
}

async function sendOpaque(
  x: Exchange,
  status: number,
  headers: Headers,
  body: Extract<ReplyBody, { readonly kind: 'opaque' }>,
  settings: SendSettings,
): Promise<void> {
  headers['content-type'] ??= body.type
  const encoding =
    body.length !== null && body.length < settings.compressionMinBytes ? null : encodingFor(x, headers, settings)
  // Other bytes have another tag.
  if (encoding !== null && headers.etag !== undefined) headers.etag = headers.etag.replace(/"$/, `-${encoding}"`)
  if (encoding === null && body.length !== null) headers['content-length'] = String(body.length)
  const stream = new Outgoing(x, status, headers, encoding, settings.stallMs)
  if (x.headOnly) {
    stream.open()
    x.response.end()
    // Lets the source close what it holds.
    await body.bytes[Symbol.asyncIterator]().return?.()
    return
  }
  let sent = 0
  for await (const chunk of body.bytes) {
    sent += chunk.length
    const full = stream.write(chunk)
    if (full instanceof Promise) await full
  }
  if (body.length !== null && sent !== body.length)
    throw new Error(`The body has ${sent} bytes; ${body.length} were announced.`)
  await stream.end()
}

/** Holds a reply back until it is complete or too large to be held. */
class ResponseSink implements ByteSink {
  readonly #x: Exchange
  readonly #status: number
  readonly #headers: Headers
  readonly #settings: SendSettings
  #held: Uint8Array[] = []
  /** What is to be called for those that are held. */
  #done: (() => void)[] = []
  #size = 0
  #stream: Outgoing | null = null

  constructor(x: Exchange, status: number, headers: Headers, settings: SendSettings) {
    this.#x = x
    this.#status = status
    this.#headers = headers
    this.#settings = settings
  }

  write(chunk: Uint8Array, done?: () => void): void | Promise<void> {
    this.#size += chunk.length
    if (this.#x.response.destroyed) throw new ClientGone()
    if (this.#stream !== null) return this.#stream.write(chunk, done)
    // A HEAD needs to know that the rows can be read, and the tag of what is not large.
    if (this.#x.headOnly && this.#size > heldBytes) {
      this.#held.length = 0
      return
    }
    this.#held.push(chunk)
    if (done !== undefined) this.#done.push(done)
    if (this.#size <= heldBytes) return
    const encoding = encodingFor(this.#x, this.#headers, this.#settings)
    this.#stream = new Outgoing(this.#x, this.#status, this.#headers, encoding, this.#settings.stallMs)
    return this.#stream.write(this.#whole(), this.#released)
  }

  async end(): Promise<void> {
    if (this.#stream !== null) return this.#stream.end()
    if (this.#x.headOnly && this.#size > heldBytes) {
      writeHead(this.#x, this.#status, this.#headers)
      this.#x.response.end()
      return
    }
    const bytes = this.#whole()
    const entity = entityOf(this.#x, this.#status, this.#headers, bytes)
    await sendBytes(this.#x, this.#status, this.#headers, bytes, this.#settings, entity, this.#released)
  }

  /** What is held, in one piece. */
  #whole(): Uint8Array {
    const [only] = this.#held
    if (this.#held.length === 1 && only !== undefined) return only
    const whole = Buffer.concat(this.#held.splice(0))
    this.#released()
    return whole
  }

  readonly #released = (): void => {
    for (const done of this.#done.splice(0)) done()
  }
}

/** A body on its way, through a compressor or not. The head goes with the first bytes. */
class Outgoing {
  readonly #x: Exchange
  readonly #status: number
  readonly #headers: Headers
  readonly #target: Writable
  readonly #stallMs: number

  constructor(x: Exchange, status: number, headers: Headers, encoding: Encoding | null, stallMs: number) {
    this.#x = x
    this.#status = status
    this.#headers = headers
    this.#stallMs = stallMs
    if (encoding === null) {
      this.#target = x.response
      return
    }
    const engine = compressor(encoding)
    engine.on('data', (chunk: Uint8Array) => {
      x.bytes += chunk.length
    })
    engine.pipe(x.response)
    x.response.once('close', () => engine.destroy())
    engine.on('error', () => x.response.destroy())
    this.#target = engine
  }

  open(): void {
    if (!this.#x.response.headersSent) writeHead(this.#x, this.#status, this.#headers)
  }

  write(chunk: Uint8Array, done?: () => void): void | Promise<void> {
    const { response } = this.#x
    if (response.destroyed) throw new ClientGone()
    this.open()
    if (this.#target === response) this.#x.bytes += chunk.length
    if (!this.#target.write(chunk, done)) return this.#drained()
  }

  /** Happens with each chunk of a large answer, so it is listened for by hand. */
  #drained(): Promise<void> {
    const { response } = this.#x
    const target = this.#target
    return new Promise((resolve, reject) => {
      const stalled = setTimeout(() => response.destroy(), this.#stallMs)
      const over = (): void => {
        clearTimeout(stalled)
        target.off('drain', onDrain).off('error', onError)
        response.off('close', onClose)
      }
      const onDrain = (): void => {
        over()
        resolve()
      }
      const onError = (thrown: unknown): void => {
        over()
        reject(thrown)
      }
      const onClose = (): void => {
        over()
        reject(new ClientGone())
      }
      target.on('drain', onDrain).on('error', onError)
      response.on('close', onClose)
    })
  }

  async end(): Promise<void> {
    this.open()
    this.#target.end()
    try {
      await finished(this.#x.response, { readable: false })
    } catch {
      throw new ClientGone()
    }
  }
}
