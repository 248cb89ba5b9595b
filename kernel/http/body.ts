/**
 * The body of a request, read late (data-plane 2.6): it stays on the wire until somebody may have it. A small one can be
 * looked at early, when its verb can still be tunnelled or a credential is still missing; what was read is not lost.
 */
import type { IncomingMessage } from 'node:http'
import { ApiError, BadRequest, PayloadTooLarge } from '../errors.ts'
import { decodeCsv, decodeCsvSlices, decodeForm, decodeXml, parseJson, parseSlices } from '../formats/index.ts'
import type { Body, Json } from '../plugins/contract.ts'
import { readJson, readXml, type Threads } from '../workers/formats.ts'
import { contentEncodings, decompress } from './decompress.ts'
import type { BodyFormat } from './negotiate.ts'

/** Larger bodies are never searched for `_method` or credentials. */
export const earlyBytes = 64 * 1024

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxInflatedBytes: number
}

/** The client went away while it was sending or being answered. Nobody is left to be told. */
export class ClientGone extends Error {
  constructor() {
    super('The client closed the connection')
    this.name = 'ClientGone'
  }
}

/** The bytes that a request carries, decompressed and bounded. Nothing is read before it is asked for. */
export class RequestBody {
  /** No body at all, told by the head. */
  readonly empty: boolean
  readonly #request: IncomingMessage
  readonly #limits: BodyLimits
  readonly #onFirstRead: () => void
  readonly #kept: Uint8Array[] = []
  #size = 0
  #ended = false
  #source: AsyncIterator<Uint8Array> | null = null

  /** `onFirstRead` tells a client that waits for it to go on (Expect: 100-continue). */
  constructor(request: IncomingMessage, limits: BodyLimits, onFirstRead: () => void) {
    const { 'content-length': length, 'transfer-encoding': transfer } = request.headers
    this.empty = transfer === undefined && (length === undefined || length === '0')
    this.#request = request
    this.#limits = limits
    this.#onFirstRead = onFirstRead
  }

  /** The length that the head tells; null when it is told only by the end. */
  get declared(): number | null {
    const length = this.#request.headers['content-length']
    return length === undefined ? null : Number(length)
  }

  /** The whole body when it is no longer than `limit`, else null; what was read is kept for later. */
  async peek(limit: number): Promise<Uint8Array | null> {
    if (this.empty) return new Uint8Array()
    if ((this.declared ?? 0) > limit) return null
    if (this.#isPlain()) await this.#receive()
    while (!this.#ended && this.#size <= limit) await this.#read()
    return this.#size <= limit ? join(this.#kept) : null
  }

  /** The whole body. */
  async all(): Promise<Uint8Array> {
    if (this.empty) return new Uint8Array()
    if (this.#isPlain()) await this.#receive()
    while (!this.#ended) await this.#read()
    return join(this.#kept)
  }

  /** The body in pieces, not kept. Once only. */
  async *stream(): AsyncGenerator<Uint8Array> {
    if (this.empty) return
    yield* this.#kept.splice(0)
    while (!this.#ended) {
      await this.#read()
      yield* this.#kept.splice(0)
    }
  }

  /** Lets go of what nobody read, so that the connection can be used on. */
  async discard(): Promise<void> {
    this.#ended = true
    this.#kept.length = 0
    await this.#source?.return?.()
    // Node drains only a body that nobody began to read.
    this.#request.resume()
  }

  /** Nothing of it was read yet, it comes as it is, and its length is told and allowed: then it needs no looking after on its way. */
  #isPlain(): boolean {
    const { declared } = this
    const { headers } = this.#request
    return (
      this.#source === null &&
      !this.#ended &&
      declared !== null &&
      declared <= this.#limits.maxBodyBytes &&
      headers['content-encoding'] === undefined &&
      headers['transfer-encoding'] === undefined
    )
  }

  /** All of it, as it comes. */
  async #receive(): Promise<void> {
    this.#onFirstRead()
    await receivedWhole(this.#request, this.#kept)
    this.#ended = true
    for (const chunk of this.#kept) this.#size += chunk.length
  }

  async #read(): Promise<void> {
    this.#source ??= this.#open()
    const next = await this.#source.next()
    if (next.done) {
      this.#ended = true
      return
    }
    this.#size += next.value.length
    this.#kept.push(next.value)
  }

  /** @throws PayloadTooLarge and 415 before the first byte is read, where the head tells enough. */
  #open(): AsyncIterator<Uint8Array> {
    const { maxBodyBytes, maxInflatedBytes } = this.#limits
    const encodings = contentEncodings(this.#request.headers['content-encoding'])
    if ((this.declared ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes)
    this.#onFirstRead()
    let bytes: AsyncIterable<Uint8Array> = bounded(received(this.#request), maxBodyBytes, '')
    for (const encoding of encodings)
      bytes = bounded(decompress(bytes, encoding), maxInflatedBytes, ' after decompression')
    return bytes[Symbol.asyncIterator]()
  }
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
}

function tooLarge(limit: number, when = ''): PayloadTooLarge {
  return new PayloadTooLarge(`The request body is larger than ${limit} bytes${when}.`)
}

function receivedWhole(request: IncomingMessage, chunks: Uint8Array[]): Promise<void> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return reject(new ClientGone())
    let ended = false
    const gone = (): void => {
      if (!ended) reject(new ClientGone())
      ended = true
    }
    request
      .on('data', (chunk: Uint8Array) => chunks.push(chunk))
      .once('end', () => {
        ended = true
        resolve()
      })
      .once('error', gone)
      .once('close', gone)
  })
}

async function* received(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // Destroying the request would close the connection before the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array
  } catch {
    throw new ClientGone()
  }
}

async function* bounded(source: AsyncIterable<Uint8Array>, limit: number, when: string): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > limit) throw tooLarge(limit, when)
    yield chunk
  }
}

/**
 * The value of a body. Blanks only are no payload; a body of no known type is tried as JSON, XML and CSV.
 *
 * @throws BadRequest that says where the body stops being what it should be.
 */
export function decodeBody(
  bytes: Uint8Array,
  format: BodyFormat,
  contentType: string | undefined,
  wrapper: string,
): Body {
  if (bytes.length === 0 || format === 'multipart') return { kind: 'none' }
  const text = decodeCharacters(bytes, contentType)
  if (text.trim() === '') return { kind: 'none' }
  switch (format) {
    case 'json':
      return { kind: 'value', value: parseJson(text), typed: true }
    case 'form':
      return { kind: 'value', value: decodeForm(text), typed: false }
    case 'xml':
      return { kind: 'value', value: decodeXml(text, wrapper), typed: false }
    case 'csv':
      return { kind: 'value', value: decodeCsv(text, wrapper), typed: false }
    case 'text':
      return { kind: 'value', value: text, typed: true }
    case 'unknown':
      return sniff(text, wrapper)
  }
}

/** Bodies from which size on are read so that others have their turn. */
export interface LateThreads extends Threads {
  /** JSON and CSV. */
  readonly slicedAtLeast: number
}

/** As `decodeBody`: large XML in a worker thread, large JSON and CSV in slices. */
export async function decodeLateBody(
  bytes: Uint8Array,
  format: BodyFormat,
  contentType: string | undefined,
  wrapper: string,
  threads: LateThreads,
  signal: AbortSignal,
): Promise<Body> {
  const first = looks(bytes)
  if ((format === 'xml' || format === 'unknown') && threads.workers !== null && bytes.length > threads.atLeast) {
    const text = decodeCharacters(bytes, contentType)
    if (/^\s*</.test(text)) return { kind: 'value', value: await readXml(text, wrapper, threads, signal), typed: false }
  }
  if (bytes.length <= threads.slicedAtLeast) return decodeBody(bytes, format, contentType, wrapper)
  if (format === 'csv') {
    const text = decodeCharacters(bytes, contentType)
    if (text.trim() === '') return { kind: 'none' }
    return { kind: 'value', value: await decodeCsvSlices(text, wrapper, signal), typed: false }
  }
  if (format !== 'json' && !(format === 'unknown' && (first === '{' || first === '[')))
    return decodeBody(bytes, format, contentType, wrapper)
  const sliced = isUtf8(contentType) ? await parseSlices(bytes, signal) : undefined
  if (sliced !== undefined) return { kind: 'value', value: sliced, typed: true }
  const text = decodeCharacters(bytes, contentType)
  if (text.trim() === '') return { kind: 'none' }
  return { kind: 'value', value: await readJson(text, threads, signal), typed: true }
}

/** The first character of a body that is no blank, as far as it is one of ASCII. */
function looks(bytes: Uint8Array): string {
  for (let at = 0; at < bytes.length && at < 1_024; at++) {
    const byte = bytes[at] as number
    if (byte > 32) return String.fromCharCode(byte)
  }
  return ''
}

const charsetOf = (contentType: string | undefined): string =>
  /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8'
const isUtf8 = (contentType: string | undefined): boolean => /^utf-?8$/i.test(charsetOf(contentType))

function sniff(text: string, wrapper: string): Body {
  const start = text.trimStart()
  if (/^[[{"]/.test(start)) return { kind: 'value', value: parseJson(text), typed: true }
  if (start.startsWith('<')) return { kind: 'value', value: decodeXml(text, wrapper), typed: false }
  // One line alone would be the names of no record: that is any text.
  if (/[\r\n]+[^\r\n]/.test(start.trimEnd())) return { kind: 'value', value: decodeCsv(text, wrapper), typed: false }
  throw new BadRequest('Unrecognized payload type')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of a body, without a byte order mark. */
function decodeCharacters(bytes: Uint8Array, contentType: string | undefined): string {
  const charset = charsetOf(contentType)
  try {
    const decoder = /^utf-?8$/i.test(charset) ? utf8 : new TextDecoder(charset, { fatal: true })
    return decoder.decode(bytes)
  } catch (error) {
    if (error instanceof RangeError) throw new ApiError(415, `The character set '${charset}' is not supported.`)
    throw new BadRequest(`The body is not valid ${charset.toUpperCase()}.`)
  }
}

/** The top-level members of a value, when it is an object: where options and credentials may stand. */
export function membersOf(value: Json): { [name: string]: Json } | null {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === null
    ? (value as { [name: string]: Json })
    : null
}
