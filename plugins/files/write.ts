/** POST and PUT on files and folders (control-plane 9.3, 9.4). */

import { wrapList } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type HeaderMap,
  type Json,
  NotFound,
  namesEntity,
  oneChunk,
  PreconditionFailed,
  toApiError,
} from 'dataferry/sdk'
import { unpack } from './archive.ts'
import {
  type Bytes,
  entriesOf,
  type Fetching,
  formFiles,
  isMembers,
  jsonBody,
  type Members,
  rawBytes,
  urlFile,
} from './body.ts'
import type { Entry } from './disk.ts'
import { answer, isTrue } from './listing.ts'
import { fitsName, isZip } from './media.ts'
import { checkedName, checkedPath, fileText, folderText, nameOf, type Path, pathOf, uploadName } from './paths.ts'
import { copyFolder, type Place, removeFolder } from './tree.ts'

/** What a write works with beside the place. */
export interface Writing extends Place {
  readonly fetching: Fetching
  readonly maxExtractBytes: number
}

type Result = { readonly [name: string]: Json }

const created = (value: Json): ApiReply => answer(value, 201)
const fileResult = (path: Path): Result => ({ name: nameOf(path), path: fileText(path), type: 'file' })

/** Under a path that ends in its own name. */
export async function writeFile(
  place: Writing,
  path: Path,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { disk } = place
  await demandFolder(place, path.slice(0, -1))
  checkConditions(request.headers, path, await disk.find(path))
  const fetched = await urlFile(request, place.fetching, signal)
  if (fetched !== null) return created(await take(place, path, fetched.bytes, request))
  const files = formFiles(request)
  if (files === null)
    return created(await take(place, path, rawBytes(request.body) ?? oneChunk(Buffer.alloc(0)), request))
  for await (const { bytes } of files) return created(await take(place, path, bytes, request, true))
  throw new BadRequest('The form has no file.')
}

/** In a folder, in one of the ways of control-plane 9.3. */
export async function writeFolder(
  place: Writing,
  path: Path,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { headers, body } = request
  const folderName = headerName(headers, 'x-folder-name')
  if (folderName !== null) {
    const made = [...path, folderName]
    place.rights.demand(request.caller, made, request.verb)
    await makeFolder(place, made, fileText(made))
    return created({ name: folderName, path: fileText(made) })
  }
  const fileName = headerName(headers, 'x-file-name')
  const fetched = fileName === null || body.kind === 'none' ? await urlFile(request, place.fetching, signal) : null
  const name = fileName ?? (fetched === null ? null : checkedName(uploadName(fetched.name)))
  if (name !== null) {
    await demandFolder(place, path)
    const bytes = fetched?.bytes ?? rawBytes(body) ?? oneChunk(Buffer.alloc(0))
    return created(await take(place, [...path, name], bytes, request))
  }
  const files = formFiles(request)
  if (files !== null) return writeForm(place, path, files, request)
  return writeEntries(place, path, await jsonBody(body), request)
}

/** Each file of a form by itself; the only one's error is that of the request. */
async function writeForm(
  place: Writing,
  path: Path,
  files: NonNullable<ReturnType<typeof formFiles>>,
  request: ApiRequest,
): Promise<ApiReply> {
  await demandFolder(place, path)
  const results: Result[] = []
  let failure: unknown = null
  for await (const { fileName, bytes } of files) {
    const target = [...path, uploadName(fileName)]
    try {
      results.push(await take(place, target, bytes, request, true))
    } catch (error) {
      failure ??= error
      results.push(withError(fileResult(target), error))
    }
  }
  if (results.length === 0) throw new BadRequest('The form has no file.')
  if (results.length === 1 && failure !== null) throw failure
  return created(wrapList(request.output, results))
}

async function writeEntries(place: Writing, path: Path, value: Json, request: ApiRequest): Promise<ApiReply> {
  if (value === null) {
    await makeFolder(place, path, folderText(path))
    return created({ name: nameOf(path), path: folderText(path) })
  }
  const entries = entriesOf(value) ?? (isMembers(value) && typeof value.name === 'string' ? [value] : null)
  if (entries === null || entries.length === 0)
    throw new BadRequest('The body has no `resource` list of files and folders.')
  if (path.length > 0 && !(await place.disk.find(path))?.folder) await place.disk.makeFolder(path)
  const results: Result[] = []
  for (const entry of entries) {
    const folder = entry.type === 'folder'
    if (!folder && entry.type !== 'file' && entry.content === undefined && entry.source_path === undefined)
      throw new BadRequest("Every entry of `resource` needs a type: 'file' or 'folder'.")
    const target = [...path, checkedName(textIn(entry, 'name').replace(/\/$/, ''))]
    const result = folder ? { ...fileResult(target), path: folderText(target), type: 'folder' } : fileResult(target)
    try {
      place.rights.demand(request.caller, target, request.verb)
      if (folder) await entryFolder(place, target, entry, request)
      else await entryFile(place, target, entry, request)
      results.push(result)
    } catch (error) {
      results.push(withError(result, error))
    }
  }
  return created(entriesOf(value) === null ? (results[0] ?? null) : wrapList(request.output, results))
}

/** A new folder, or a copy of another one. */
async function entryFolder(place: Writing, target: Path, entry: Members, request: ApiRequest): Promise<void> {
  const { disk, rights } = place
  const { caller, verb } = request
  const source = sourceOf(entry)
  if (source === null) return makeFolder(place, target, folderText(target))
  rights.demand(caller, source, 'GET')
  if (!(await disk.find(source))?.folder) throw new NotFound(`Folder '${fileText(source)}' does not exist.`)
  const moves = entry.delete_source === true
  if (moves) rights.demand(caller, source, 'DELETE')
  await copyFolder(place, source, target, caller, verb)
  if (moves) await removeFolder(place, source, caller)
}

/** A file of the content that was sent, or a copy of another one. */
async function entryFile(place: Writing, target: Path, entry: Members, request: ApiRequest): Promise<void> {
  const { disk, rights } = place
  const { caller } = request
  const source = sourceOf(entry)
  if (source === null) {
    const content = textIn(entry, 'content', '')
    await take(place, target, oneChunk(entry.is_base64 === true ? fromBase64(content) : Buffer.from(content)), request)
    return
  }
  rights.demand(caller, source, 'GET')
  const found = await disk.find(source)
  if (found === null || found.folder) throw new NotFound(`File '${fileText(source)}' does not exist.`)
  await demandFree(place, target, request)
  if (fileText(source) === fileText(target)) return
  if (entry.delete_source !== true) return disk.copy(source, target)
  rights.demand(caller, source, 'DELETE')
  await disk.move(source, target)
}

/** One file that arrives: stored, or unpacked into its folder where that is asked for. `judged`: its bytes must fit its name. */
async function take(
  { disk, rights, maxExtractBytes }: Writing,
  target: Path,
  bytes: Bytes,
  request: ApiRequest,
  judged = false,
): Promise<Result> {
  const { caller, verb } = request
  rights.demand(caller, target, verb)
  await demandFree({ disk, rights }, target, request)
  const overwrite = !isTrue(request, 'check_exist')
  const arrived = await disk.receive(bytes)
  try {
    if (judged && !fitsName(nameOf(target), arrived.head)) throw new BadRequest('File signature is not valid')
    if (!isTrue(request, 'extract') || !isZip(arrived.head)) {
      await arrived.place(target, overwrite)
      return fileResult(target)
    }
    const folder = target.slice(0, -1)
    const clean = isTrue(request, 'clean')
    const made = await unpack({ disk, rights }, arrived, folder, {
      caller,
      verb,
      clean,
      overwrite,
      maxBytes: maxExtractBytes,
    })
    const into = { name: nameOf(folder), path: folderText(folder), type: 'folder' }
    if (!isTrue(request, 'return_extracted')) return into
    const extracted = made.map(({ path, folder: isFolder }) =>
      isFolder ? { ...fileResult(path), path: folderText(path), type: 'folder' } : fileResult(path),
    )
    return { ...into, resource: extracted }
  } finally {
    await arrived.discard()
  }
}

/** Before the bytes are read: there is no folder in the way, and with check_exist no file. */
async function demandFree({ disk }: Place, target: Path, request: ApiRequest): Promise<void> {
  const there = await disk.find(target)
  if (there?.folder) throw new BadRequest(`'${fileText(target)}' is a folder.`)
  const extracts = isTrue(request, 'extract')
  if (there !== null && !extracts && isTrue(request, 'check_exist'))
    throw new BadRequest(`File '${fileText(target)}' already exists.`)
}

async function makeFolder({ disk }: Place, path: Path, shown: string): Promise<void> {
  if ((await disk.find(path)) !== null) throw new BadRequest(`Folder '${shown}' already exists.`)
  await disk.makeFolder(path)
}

async function demandFolder({ disk }: Place, path: Path): Promise<void> {
  if (!(await disk.find(path))?.folder) throw new NotFound(`Folder '${fileText(path)}' does not exist.`)
}

/** RFC 9110, 13: writing only what one has seen, or only what is not there. */
export function checkConditions(headers: HeaderMap, path: Path, there: Entry | null): void {
  const match = headers['if-match']
  const none = headers['if-none-match']
  const version = there === null || there.folder ? null : there.version
  const holds =
    (match === undefined || (version !== null && namesEntity(match, version))) &&
    (none === undefined || version === null || !namesEntity(none, version))
  if (!holds) throw new PreconditionFailed(`The file '${fileText(path)}' was changed meanwhile. Read it again.`)
}

/** A name in a header, percent-encoded where it is beyond ASCII; null: there is none. */
function headerName(headers: HeaderMap, header: string): string | null {
  const given = headers[header]
  if (given === undefined || given === '') return null
  let name = given
  try {
    name = decodeURIComponent(given)
  } catch {
    // A name with a percent sign of its own.
  }
  return checkedPath([name])[0] ?? null
}

function sourceOf(entry: Members): Path | null {
  const source = textIn(entry, 'source_path', '')
  return source === '' ? null : pathOf(source)
}

function textIn(entry: Members, name: string, otherwise?: string): string {
  const value = entry[name] ?? otherwise
  if (typeof value === 'string' && (value !== '' || otherwise !== undefined)) return value
  throw new BadRequest(`The ${name} of an entry of \`resource\` must be a text.`)
}

function fromBase64(content: string): Uint8Array {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content)) throw new BadRequest('The content is not valid base64.')
  return Buffer.from(content, 'base64')
}

/** What a caller did wrong is told of the entry; a fault of ours, or a storage that fails, is told of the request. */
function withError(result: Result, error: unknown): Result {
  const { status, message } = toApiError(error)
  if (status >= 500) throw error
  return { ...result, error: { message } }
}
