/**
 * Zip archives, written and read as streams, with AES-256 where there is a password (control-plane 4.8, 9.3). What an archive says of
 * itself is not believed: names are checked before anything is written, and sizes are counted while reading. The library,
 * @zip.js/zip.js, is loaded at first use; it runs on this process's own compression, without workers.
 */
import { BadRequest, PayloadTooLarge } from '../errors.ts'

export interface ZipInput {
  /** With slashes; a folder's ends with one. */
  readonly path: string
  readonly modified?: Date
  /** null: a folder. */
  readonly bytes: AsyncIterable<Uint8Array> | null
}

/** Where an archive is read from: its index stands at its end. */
export interface ZipSource {
  readonly size: number
  read(offset: number, length: number): Promise<Uint8Array>
}

export interface ZipEntry {
  /** The segments of its path, checked. */
  readonly path: readonly string[]
  readonly folder: boolean
  readonly modified: Date
  /** Throws BadRequest where bytes or password are wrong, PayloadTooLarge where the archive's budget is used up. */
  bytes(): AsyncIterable<Uint8Array>
}

export interface ZipLimits {
  /** Of all entries together, inflated. */
  readonly bytes: number
  readonly entries: number
}

const library = async () => {
  const zip = await import('@zip.js/zip.js')
  zip.configure({ useWebWorkers: false })
  return zip
}

/** What the work writes, as it is read; its error is the reader's. `stop` is called when the reading is over. */
async function* written(
  work: (into: WritableStream<Uint8Array>) => Promise<unknown>,
  stop: () => void = () => {},
): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  let failure: unknown = null
  const working = work(writable).catch(async (error: unknown) => {
    failure = error
    await writable.abort(error).catch(() => {})
  })
  const reader = readable.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    await working
    if (failure !== null) throw failure
  } catch (error) {
    throw failure ?? error
  } finally {
    stop()
    await reader.cancel().catch(() => {})
    await working
  }
}

/** The archive of these entries, made while it is read. */
export async function* zipOf(
  entries: AsyncIterable<ZipInput>,
  { password = null }: { readonly password?: string | null } = {},
): AsyncGenerator<Uint8Array> {
  const { ZipWriter } = await library()
  const secured = password === null ? {} : { password, encryptionStrength: 3 as const }
  yield* written(async (into) => {
    const writer = new ZipWriter(into, { ...secured, keepOrder: true, extendedTimestamp: false })
    for await (const { path, modified, bytes } of entries) {
      const more = modified === undefined ? {} : { lastModDate: modified }
      if (bytes === null) await writer.add(path, undefined, { ...more, directory: true })
      else await writer.add(path, ReadableStream.from(bytes), more)
    }
    await writer.close()
  })
}

/**
 * The entries of an archive, all names checked (`zipPath`). Links and special files are refused.
 *
 * @throws BadRequest for what is no zip file, an unsafe name, or a password that is missing or wrong.
 */
export async function readZip(
  source: ZipSource,
  limits: ZipLimits,
  { password = null }: { readonly password?: string | null } = {},
): Promise<readonly ZipEntry[]> {
  const zip = await library()
  const reader = new zip.ZipReader(readerOver(zip, source), { useWebWorkers: false, checkSignature: true })
  const budget = { left: limits.bytes }
  const found: ZipEntry[] = []
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (found.length >= limits.entries)
        throw new PayloadTooLarge(`The zip file has more than ${limits.entries} entries.`)
      const path = zipPath(entry.filename)
      const kind = ((entry.externalFileAttributes ?? 0) >>> 16) & 0o170000
      if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000)
        throw new BadRequest(`The zip file has an entry that is neither file nor folder: '${entry.filename}'.`)
      if (entry.encrypted && password === null) throw new BadRequest('The zip file is secured: send its password.')
      const folder = entry.directory
      if (path.length === 0) continue
      const { lastModDate } = entry
      const modified = Number.isNaN(lastModDate.getTime()) ? new Date(0) : lastModDate
      found.push({ path, folder, modified, bytes: () => inflated(entry, password, budget, limits) })
    }
  } catch (error) {
    throw readable(error)
  }
  return found
}

type Library = Awaited<ReturnType<typeof library>>
type Entry = import('@zip.js/zip.js').Entry

function readerOver(zip: Library, source: ZipSource): import('@zip.js/zip.js').Reader<ZipSource> {
  class SourceReader extends zip.Reader<ZipSource> {
    override async init(): Promise<void> {
      this.size = source.size
    }
    override readUint8Array(offset: number, length: number): Promise<Uint8Array> {
      return source.read(offset, Math.min(length, source.size - offset))
    }
  }
  return new SourceReader(source)
}

async function* inflated(
  entry: Entry,
  password: string | null,
  budget: { left: number },
  limits: ZipLimits,
): AsyncGenerator<Uint8Array> {
  if (entry.directory) return
  const stop = new AbortController()
  const options = { signal: stop.signal, ...(password === null || !entry.encrypted ? {} : { password }) }
  const reading = (into: WritableStream<Uint8Array>): Promise<unknown> => entry.getData(into, options)
  try {
    for await (const value of written(reading, () => stop.abort())) {
      budget.left -= value.length
      if (budget.left < 0) throw new PayloadTooLarge(`The zip file is larger than ${limits.bytes} bytes when unpacked.`)
      yield value
    }
  } catch (error) {
    throw readable(error)
  }
}

/**
 * The segments of an entry's name; empty for the archive's own root. Refused before anything is written: absolute names, drive
 * letters, backslashes, `..` also where it is percent-encoded, and control characters (control-plane 13.4).
 *
 * @throws BadRequest that names the entry.
 */
export function zipPath(name: string): readonly string[] {
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.')
  const unsafe =
    name === '' ||
    /^[/\\]|^[A-Za-z]:|\\|\p{Cc}/u.test(name) ||
    /%(?:25)*(?:2e|2f|5c|00)/i.test(name) ||
    segments.some((segment) => /^\.{2,}$/.test(segment.trim()))
  if (unsafe) throw new BadRequest(`The zip file has an entry with an unsafe name: '${shown(name)}'.`)
  return segments
}

const shown = (name: string): string => name.replace(/\p{Cc}/gu, '?').slice(0, 200)

/** What the library says of bad bytes, in words that a client may see. */
function readable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof BadRequest || error instanceof PayloadTooLarge) return error
  if (/password/i.test(error.message)) return new BadRequest('The password of the zip file is wrong.')
  return new BadRequest('The zip file can not be read: it is no zip file, or damaged.', { cause: error })
}
