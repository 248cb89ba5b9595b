/** The bytes of a file as an answer (control-plane 9.2): conditions, ranges, and how a browser may use it. */
import {
  ApiError,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  collect,
  contentDisposition,
  type HeaderMap,
  type Json,
  NotFound,
  namesEntity,
} from 'dataferry/sdk'
import type { OpenFile } from './disk.ts'
import { answer, fileProperties, isTrue } from './listing.ts'
import { headerType, isActive, shownType, typeOf } from './media.ts'
import { fileText, nameOf, type Path } from './paths.ts'
import type { Place } from './tree.ts'

/** Of a file whose bytes stand in its properties. */
const contentBytes = 10_000_000

export const notFound = (path: Path): NotFound =>
  new NotFound(`The specified file '${fileText(path)}' was not found in storage.`)

export async function readFile(
  { disk }: Place,
  path: Path,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<ApiReply> {
  const properties = isTrue(request, 'include_properties')
  if (properties || isTrue(request, 'check_exist')) {
    const entry = await disk.find(path)
    if (entry === null || entry.folder) throw notFound(path)
    if (!properties || !isTrue(request, 'content')) return answer(fileProperties(entry))
    if (entry.length > contentBytes)
      throw new BadRequest(`The file is longer than ${contentBytes} bytes: read it without include_properties.`)
  }
  const file = await disk.open(path)
  if (file === null) throw notFound(path)
  closeAtEnd(file, signal)
  if (properties) return answer({ ...fileProperties(file.entry), content: await inBase64(file) })
  const download = isTrue(request, 'download')
  const name = nameOf(path)
  const type = shownType(name, file.entry.length)
  return fileReply(file, request.headers, {
    'content-type': headerType(type),
    'content-disposition': download ? contentDisposition(name) : 'inline',
    // Kept by the client alone, and asked for again each time.
    'cache-control': 'private, no-cache',
    // Shown as a page, it runs nothing and is of no origin.
    ...(isActive(typeOf(name)) ? { 'content-security-policy': 'sandbox' } : {}),
  })
}

/** A file that was given to everybody (control-plane 9.8): a page of it may run scripts, for that is what it was published for. */
export function publishedReply(file: OpenFile, headers: HeaderMap): Promise<ApiReply> {
  return fileReply(file, headers, {
    'content-type': headerType(typeOf(nameOf(file.entry.path))),
    'cache-control': 'no-cache',
    'x-frame-options': 'SAMEORIGIN',
  })
}

/** Whoever goes away before the first byte was read leaves the file open. */
export function closeAtEnd(file: OpenFile, signal: AbortSignal): void {
  signal.addEventListener('abort', () => void file.close().catch(() => {}), { once: true })
}

async function inBase64(file: OpenFile): Promise<Json> {
  const bytes = await collect(file.read(0, file.entry.length - 1))
  return bytes.toString('base64')
}

async function fileReply(file: OpenFile, asked: HeaderMap, own: HeaderMap): Promise<ApiReply> {
  const { length, modified, version } = file.entry
  const headers = {
    ...own,
    etag: `"${version}"`,
    'last-modified': modified.toUTCString(),
    'accept-ranges': 'bytes',
  }
  if (isKnown(asked, version, modified)) {
    await file.close()
    const { 'content-type': _type, 'content-disposition': _disposition, ...kept } = headers as HeaderMap
    return { status: 304, headers: kept, body: { kind: 'none' } }
  }
  const range = isOfThis(asked['if-range'], version, modified) ? rangeOf(asked.range, length) : null
  if (range === 'outside') {
    await file.close()
    throw new ApiError(416, 'The range is outside of the file.', { headers: { 'content-range': `bytes */${length}` } })
  }
  const { start, end } = range ?? { start: 0, end: length - 1 }
  const partial = range === null ? {} : { 'content-range': `bytes ${start}-${end}/${length}` }
  const type = own['content-type'] ?? ''
  return {
    status: range === null ? 200 : 206,
    headers: { ...headers, ...partial },
    body: { kind: 'opaque', type, length: end - start + 1, bytes: file.read(start, end) },
  }
}

/** Whether the client has these bytes already. */
function isKnown(asked: HeaderMap, version: string, modified: Date): boolean {
  const tags = asked['if-none-match']
  if (tags !== undefined) return namesEntity(tags, version)
  const since = Date.parse(asked['if-modified-since'] ?? '')
  return !Number.isNaN(since) && seconds(modified) <= since
}

/** Whether a range is still one of the same bytes; a tag names these bytes only without an encoding. */
function isOfThis(condition: string | undefined, version: string, modified: Date): boolean {
  if (condition === undefined) return true
  return condition.startsWith('"') ? condition === `"${version}"` : Date.parse(condition) === seconds(modified)
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000) * 1000

export interface Range {
  /** Both included. */
  readonly start: number
  readonly end: number
}

/** The one range that is asked for; null: the whole file, also for several ranges and for what can't be read. */
export function rangeOf(header: string | undefined, length: number): Range | 'outside' | null {
  const [, first, last] = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  if (first === '') {
    const count = Math.min(Number(last), length)
    return count === 0 ? 'outside' : { start: length - count, end: length - 1 }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= length) return 'outside'
  return { start, end: last === '' ? length - 1 : Math.min(Number(last), length - 1) }
}
