/**
 * Compression of answers: the encoding by q-value, ours of equal ones, and the three ways to do it: at once on this thread
 * for small bodies, on zlib's threads for larger ones, as a stream for those whose end is not known.
 */
import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'

export type Encoding = 'zstd' | 'br' | 'gzip' | 'deflate'

/** Above this many bytes the hand-over to another thread costs less than the work. */
const syncBytes = 8 * 1024

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT, ZSTD_c_compressionLevel } = zlib.constants
const brotli = (quality: number) => ({
  params: { [BROTLI_PARAM_QUALITY]: quality, [BROTLI_PARAM_MODE]: BROTLI_MODE_TEXT },
})
const fast = { br: brotli(1), zlib: { level: 1 }, zstd: { params: { [ZSTD_c_compressionLevel]: 3 } } }
const thorough = { br: brotli(4), zlib: { level: 3 }, zstd: fast.zstd }

type Bytes = Uint8Array
interface Coder {
  sync(bytes: Bytes): Bytes
  threaded(bytes: Bytes): Promise<Bytes>
  stream(): Transform
}
const zstdAsync = promisify<Bytes, zlib.ZstdOptions, Bytes>(zlib.zstdCompress)
const brotliAsync = promisify<Bytes, zlib.BrotliOptions, Bytes>(zlib.brotliCompress)
const gzipAsync = promisify<Bytes, zlib.ZlibOptions, Bytes>(zlib.gzip)
const deflateAsync = promisify<Bytes, zlib.ZlibOptions, Bytes>(zlib.deflate)

/** In our order of preference. */
const coders: { readonly [E in Encoding]: Coder } = {
  zstd: {
    sync: (bytes) => zlib.zstdCompressSync(bytes, fast.zstd),
    threaded: (bytes) => zstdAsync(bytes, thorough.zstd),
    stream: () => zlib.createZstdCompress(thorough.zstd),
  },
  br: {
    sync: (bytes) => zlib.brotliCompressSync(bytes, fast.br),
    threaded: (bytes) => brotliAsync(bytes, thorough.br),
    stream: () => zlib.createBrotliCompress(thorough.br),
  },
  gzip: {
    sync: (bytes) => zlib.gzipSync(bytes, fast.zlib),
    threaded: (bytes) => gzipAsync(bytes, thorough.zlib),
    stream: () => zlib.createGzip(thorough.zlib),
  },
  deflate: {
    sync: (bytes) => zlib.deflateSync(bytes, fast.zlib),
    threaded: (bytes) => deflateAsync(bytes, thorough.zlib),
    stream: () => zlib.createDeflate(thorough.zlib),
  },
}
const preference = Object.keys(coders) as readonly Encoding[]

/** The encoding for an Accept-Encoding header; null: send the bytes as they are. */
export function chooseEncoding(accept: string | undefined): Encoding | null {
  if (accept === undefined || accept === '' || accept === 'identity') return null
  const qualities = new Map<string, number>()
  for (const entry of accept.toLowerCase().split(',')) {
    const [name = '', parameter = ''] = entry.split(';')
    const quality = /^\s*q\s*=\s*([\d.]+)\s*$/.exec(parameter)?.[1]
    qualities.set(name.trim() === 'x-gzip' ? 'gzip' : name.trim(), quality === undefined ? 1 : Number(quality))
  }
  const others = qualities.get('*') ?? 0
  let best: Encoding | null = null
  // Identity needs no mention, and wins only when it is asked for more than the rest.
  let bestQuality = qualities.get('identity') ?? 0
  for (const encoding of preference) {
    const quality = qualities.get(encoding) ?? others
    if (quality > bestQuality || (quality > 0 && quality === bestQuality && best === null)) {
      best = encoding
      bestQuality = quality
    }
  }
  return best
}

/** A whole body compressed; a promise above 8 KiB. */
export function compress(encoding: Encoding, bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
  return bytes.length <= syncBytes ? coders[encoding].sync(bytes) : coders[encoding].threaded(bytes)
}

export function compressor(encoding: Encoding): Transform {
  return coders[encoding].stream()
}

/** Whether bodies of this media type get smaller; pictures, archives and event streams are left alone. */
export function isCompressible(type: string): boolean {
  return (
    !type.startsWith('text/event-stream') &&
    /^text\/|^application\/(?:json|xml|javascript|yaml|wasm)|[+/](?:json|xml|yaml)\b/.test(type)
  )
}
