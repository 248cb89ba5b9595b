/** A file service (control-plane 9): which request is for what, and what it does for other plugins. */
import {
  type Ability,
  type ApiReply,
  type ApiRequest,
  type Caller,
  type ConfigValues,
  contentDisposition,
  type FileStore,
  FileStoreAbility,
  type HeaderMap,
  NotImplemented,
  type OpenApiPart,
  type Service,
  type ServiceHost,
  type StoredFile,
} from 'dataferry/sdk'
import { packFolder, unpack } from './archive.ts'
import { folderOf, publicPaths } from './config.ts'
import { filesPart } from './describe.ts'
import { Disk } from './disk.ts'
import { accessList, isTrue, listFolder, noFolder } from './listing.ts'
import { typeOf } from './media.ts'
import { checkedPath, fileText, folderText, isBelow, nameOf, type Path, pathOf } from './paths.ts'
import { closeAtEnd, notFound, publishedReply, readFile } from './read.ts'
import { deleteFile, deleteFolder } from './remove.ts'
import { Rights } from './rights.ts'
import { walk } from './tree.ts'
import { type Writing, writeFile, writeFolder } from './write.ts'

export class FileService implements Service, FileStore {
  readonly #place: Writing
  readonly #published: readonly Path[]

  constructor(config: ConfigValues, host: ServiceHost) {
    const { files, dataDir, http } = host.settings
    this.#place = {
      disk: new Disk({ folder: folderOf(config, files.root, dataDir), root: files.root, dataDir }),
      rights: new Rights(host.policyFor, host.service.name),
      fetching: { maxBytes: http.maxBodyBytes, allow: files.importAllow },
      maxExtractBytes: files.maxExtractBytes,
    }
    this.#published = publicPaths(config)
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const path = checkedPath(request.path)
    const isFolder = request.trailingSlash || path.length === 0
    switch (request.verb) {
      case 'GET':
        return isFolder ? this.#readFolder(path, request, signal) : readFile(this.#place, path, request, signal)
      case 'POST':
      case 'PUT':
        return isFolder
          ? writeFolder(this.#place, path, request, signal)
          : writeFile(this.#place, path, request, signal)
      case 'PATCH': {
        const what = !isFolder ? 'file' : path.length === 0 ? 'container' : 'folder'
        throw new NotImplemented(`Updating ${what} properties is not implemented for current file system.`)
      }
      case 'DELETE':
        return isFolder ? deleteFolder(this.#place, path, request) : deleteFile(this.#place, path, request)
    }
  }

  async #readFolder(path: Path, request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    if (isTrue(request, 'as_access_list')) return accessList(this.#place, path, request)
    if (!isTrue(request, 'zip')) return listFolder(this.#place, path, request)
    const bytes = await this.pack(folderText(path), request.caller, signal)
    const name = `${nameOf(path) || request.service}.zip`
    return {
      status: 200,
      headers: { 'content-disposition': contentDisposition(name) },
      body: { kind: 'opaque', type: 'application/zip', length: null, bytes },
    }
  }

  async resources(): Promise<readonly string[]> {
    const names = ['', '*']
    for await (const { folder, path } of walk(this.#place.disk, [], () => true))
      if (folder) names.push(folderText(path), `${folderText(path)}*`)
    return names
  }

  async describe(): Promise<OpenApiPart> {
    return filesPart
  }

  ability<T>(wanted: Ability<T>): T | undefined {
    return wanted.name === FileStoreAbility.name ? (this as FileStore as T) : undefined
  }

  async close(): Promise<void> {}

  // ---- for other plugins -------------------------------------------------------------------------------------------------------

  async open(path: string, caller: Caller, signal: AbortSignal): Promise<StoredFile> {
    const { disk, rights } = this.#place
    const segments = pathOf(path)
    rights.demand(caller, segments, 'GET')
    const file = await disk.open(segments)
    if (file === null) throw notFound(segments)
    closeAtEnd(file, signal)
    const { length } = file.entry
    const name = nameOf(segments)
    return { name, type: typeOf(name), length, bytes: file.read(0, length - 1) }
  }

  async store(path: string, bytes: AsyncIterable<Uint8Array>, caller: Caller): Promise<void> {
    const { disk, rights } = this.#place
    const segments = pathOf(path)
    rights.demand(caller, segments, 'POST')
    await disk.makeFolder(segments.slice(0, -1))
    const arrived = await disk.receive(bytes)
    try {
      await arrived.place(segments, true)
    } finally {
      await arrived.discard()
    }
  }

  async folders(caller: Caller, deep: boolean, signal: AbortSignal): Promise<readonly string[]> {
    const { disk, rights } = this.#place
    const found: string[] = []
    for await (const { folder, path } of walk(disk, [], () => deep)) {
      signal.throwIfAborted()
      if (folder && rights.may(caller, path, 'GET')) found.push(fileText(path))
    }
    return found
  }

  async pack(folder: string, caller: Caller, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { disk, rights } = this.#place
    const path = pathOf(folder)
    rights.demand(caller, path, 'GET')
    if (!(await disk.find(path))?.folder) throw noFolder(path)
    return whileWanted(packFolder(this.#place, path, caller), signal)
  }

  async unpack(folder: string, archive: AsyncIterable<Uint8Array>, caller: Caller, signal: AbortSignal): Promise<void> {
    const { disk, rights, maxExtractBytes } = this.#place
    const path = pathOf(folder)
    rights.demand(caller, path, 'POST')
    const arrived = await disk.receive(whileWanted(archive, signal), false)
    try {
      const options = { caller, verb: 'POST', clean: false, overwrite: true, maxBytes: maxExtractBytes } as const
      await unpack(this.#place, arrived, path, options)
    } finally {
      await arrived.discard()
    }
  }

  isPublic(path: string): boolean {
    const segments = pathOf(path)
    return this.#published.some((folder) => isBelow(segments, folder))
  }

  async published(path: readonly string[], headers: HeaderMap, signal: AbortSignal): Promise<ApiReply | null> {
    const segments = checkedPath(path)
    if (segments.length === 0 || !this.#published.some((folder) => isBelow(segments, folder))) return null
    const file = await this.#place.disk.open(segments)
    if (file === null) return null
    closeAtEnd(file, signal)
    return publishedReply(file, headers)
  }
}

async function* whileWanted(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    signal.throwIfAborted()
    yield chunk
  }
}
