/**
 * Compressed request bodies: gzip, deflate, br, zstd, also one around another. What comes out is bounded by who collects it;
 * an encoding that is not known is 415, one that does not hold what it says is 400.
 */
import { pipeline, Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import { ApiError, BadRequest } from '../errors.ts'

const supported = 'gzip, deflate, br, zstd'
const makers: { readonly [encoding: string]: (first: Uint8Array) => Transform } = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
  // Some senders mean the bare format, others the one with a header of two bytes.
  deflate: (first) => (isZlib(first) ? createInflate() : createInflateRaw()),
}

/**
 * The encodings of a Content-Encoding header in the order of their undoing; empty when there is nothing to do.
 *
 * @throws ApiError 415 that names the known ones.
 */
export function contentEncodings(header: string | undefined): readonly string[] {
  if (header === undefined || header === '') return []
  const names = header
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  const unknown = names.find((name) => !Object.hasOwn(makers, name))
  if (unknown !== undefined || names.length > 2) {
    throw new ApiError(415, `The content encoding '${header}' is not supported. Supported are ${supported}.`, {
      headers: { 'accept-encoding': supported },
    })
  }
  return names.reverse()
}

/** The bytes behind one encoding. */
export async function* decompress(source: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  const first = await iterator.next()
  const make = makers[encoding]
  if (first.done || make === undefined) return
  const engine = make(first.value)
  const rest = async function* () {
    try {
      yield first.value
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  // An error of either end comes out of the engine's iterator.
  pipeline(Readable.from(rest(), { objectMode: false }), engine, () => undefined)
  try {
    for await (const chunk of engine) yield chunk as Uint8Array
  } catch (error) {
    if (!isBroken(error)) throw error
    throw new BadRequest(`The body can not be decompressed: it is not valid ${encoding}.`, { cause: error })
  } finally {
    engine.destroy()
  }
}

function isZlib(first: Uint8Array): boolean {
  const [a = 0, b = 0] = first
  return (a & 0x0f) === 8 && (a * 256 + b) % 31 === 0
}

function isBroken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' && /^(?:Z_|ERR__ERROR_FORMAT|ERR_BROTLI|ERR__|ERR_ZSTD|ZSTD_|ERR_PADDING)/.test(code)
}
