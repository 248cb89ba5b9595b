/** CouchDB's HTTP interface: questions and answers in JSON with every digit, and faults in words that a client may see. */
import { StructureChanged } from 'dataferry/records'
import { ApiError, BadRequest, Connection, encodeJson, type Json, parseJson, ServiceUnavailable } from 'dataferry/sdk'
import type { CouchSettings } from './config.ts'

const unreachable = 'The database can not be reached.'
const tooLong = 'The request took too long in the database and was stopped.'
/** The longest answer that is held in memory. */
const mostBytes = 256 * 1024 * 1024
/** A database of the server may be anywhere that the administrator names. */
const everywhere = ['0.0.0.0/0', '::/0']

export type Members = { readonly [name: string]: Json }

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As the service calls it. */
  readonly database?: string
  /** Segments below it as they are meant, not escaped. */
  readonly path?: readonly string[]
  readonly query?: { readonly [name: string]: string }
  readonly body?: Json
  /** It may be asked a second time: nothing is changed by it. */
  readonly reads?: boolean
  readonly signal?: AbortSignal | undefined
}

export interface Answered {
  readonly status: number
  readonly body: Json
}

export class CouchClient {
  readonly #read: () => CouchSettings
  readonly #timeoutMs: number
  #connection: Connection | null = null
  #settings: CouchSettings | null = null
  #closed = false

  /** No I/O: the first use connects. `timeoutMs`: the longest that one answer may take; 0: any time. */
  constructor(settings: () => CouchSettings, timeoutMs: number) {
    this.#read = settings
    this.#timeoutMs = timeoutMs
  }

  /** The answer where it is one of success, or of a status in `also`. Throws ServiceUnavailable, BadRequest, StructureChanged. */
  async ask(asked: Asked, also: readonly number[] = []): Promise<Answered> {
    const limits = [
      ...(asked.signal ? [asked.signal] : []),
      ...(this.#timeoutMs > 0 ? [AbortSignal.timeout(this.#timeoutMs)] : []),
    ]
    const signal = AbortSignal.any(limits)
    try {
      const answer = await this.#send(asked, signal)
      if (answer.status < 300 || also.includes(answer.status)) return answer
      throw refusal(answer)
    } catch (thrown) {
      asked.signal?.throwIfAborted()
      throw faultOf(thrown)
    }
  }

  /** What the names of the service's databases begin with on the server; empty: it has all of them. */
  get prefix(): string {
    return this.#known.prefix
  }

  get #known(): CouchSettings {
    this.#settings ??= this.#read()
    return this.#settings
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#connection?.close()
  }

  async #send(asked: Asked, signal: AbortSignal): Promise<Answered> {
    try {
      return await this.#once(asked, signal)
    } catch (thrown) {
      // A connection that was kept may have been closed by a server that is there again.
      if (asked.reads !== true || !(thrown instanceof ApiError) || thrown.status !== 502 || signal.aborted) throw thrown
      return this.#once(asked, signal)
    }
  }

  async #once({ method, database, path = [], query = {}, body }: Asked, signal: AbortSignal): Promise<Answered> {
    if (this.#closed) throw new ServiceUnavailable('The service is being closed.')
    const { base, login, connection, prefix } = this.#known
    this.#connection ??= new Connection(connection, everywhere)
    const segments = database === undefined ? path : [prefix + database, ...path]
    const url = new URL(base)
    url.pathname += segments.map(encodeURIComponent).join('/')
    url.search = new URLSearchParams(query).toString()
    const answer = await this.#connection.ask(
      {
        url,
        method,
        headers: {
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(login === null ? {} : { Authorization: login }),
        },
        body: body === undefined ? null : Buffer.from(encodeJson(body)),
      },
      signal,
    )
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.byteLength
      if (size > mostBytes)
        throw new BadRequest('The answer of the database is too large. Ask for fewer records or fields.')
      chunks.push(chunk)
    }
    return { status: answer.status, body: jsonOf(Buffer.concat(chunks).toString('utf8'), answer.status) }
  }
}

function jsonOf(text: string, status: number): Json {
  try {
    return parseJson(text)
  } catch (cause) {
    if (status >= 300) return null
    throw new ServiceUnavailable('What answers at the address of this service is no CouchDB.', { cause })
  }
}

function refusal({ status, body }: Answered): Error {
  const { error, reason } = (body ?? {}) as { readonly error?: Json; readonly reason?: Json }
  const cause = { cause: new Error(`${status} ${String(error)}: ${String(reason)}`) }
  if (status === 401 || status === 403)
    return new ServiceUnavailable('The database refuses the user of this service.', cause)
  if (status === 404) return new StructureChanged(cause.cause)
  if (status === 413) return new BadRequest('The request is larger than the database accepts.', cause)
  if (status >= 400 && status < 500) return new BadRequest('The database does not accept the request.', cause)
  return new ServiceUnavailable('The database failed. Try again later.', cause)
}

/** The reasons of the connection, as reasons of a database. */
function faultOf(thrown: unknown): unknown {
  if (thrown instanceof ApiError) {
    if (thrown.status === 504) return new ServiceUnavailable(tooLong, { cause: thrown })
    if (thrown.status !== 502 && !/remote service/.test(thrown.message)) return thrown
    return new ServiceUnavailable(unreachable, { cause: thrown, headers: thrown.headers })
  }
  const { name, code } = thrown as { readonly name?: unknown; readonly code?: unknown }
  if (name === 'TimeoutError' || /TIMEOUT/.test(String(code))) return new ServiceUnavailable(tooLong, { cause: thrown })
  // What fails while a body is read.
  if (typeof code === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(code))
    return new ServiceUnavailable(unreachable, { cause: thrown })
  return thrown
}
