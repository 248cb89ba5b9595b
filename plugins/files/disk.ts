/**
 * A folder of this machine as a place of files. Paths are checked segments (paths.ts). Links are never followed: what is behind one is
 * not there. A file arrives in a folder of its own and is renamed into its place, so that nobody sees half of one.
 */
import { randomUUID } from 'node:crypto'
import { constants, type Dirent, type Stats } from 'node:fs'
import {
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import { BadRequest, makeFolder, type ZipSource } from 'dataferry/sdk'
import { refuseOwn, refuseSystem } from './config.ts'
import { diskError, isCode } from './disk-errors.ts'
import { headBytes } from './media.ts'
import { fileText, type Path, partialFolder } from './paths.ts'

export interface Entry {
  readonly path: Path
  readonly folder: boolean
  /** Bytes; 0 for a folder. */
  readonly length: number
  readonly modified: Date
  /** Another one after every change. */
  readonly version: string
}

export interface OpenFile {
  readonly entry: Entry
  /** Bytes `start` to `end`, both included. Reading to the end, or its iterator's `return`, closes the file. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** A file that has arrived and has no place yet. `place` or `discard` ends it. */
export interface Arrived extends ZipSource {
  /** The first bytes. */
  readonly head: Uint8Array
  /** `overwrite` false: throws BadRequest when there is something already. */
  place(path: Path, overwrite: boolean): Promise<void>
  discard(): Promise<void>
}

export interface DiskSettings {
  readonly folder: string
  readonly root: string
  readonly dataDir: string
}

const chunkBytes = 64 * 1024
/** What arrived longer ago and has no place belongs to nobody any more. */
const staleMs = 24 * 3_600_000

export class Disk {
  readonly #settings: DiskSettings
  #ready: Promise<string> | null = null

  constructor(settings: DiskSettings) {
    this.#settings = settings
  }

  /** null: there is none, or it is behind a link, or neither file nor folder. */
  async find(path: Path): Promise<Entry | null> {
    const stats = await this.#stats(path)
    return stats === null ? null : entryOf(path, stats)
  }

  /** The entries of a folder by name; null when there is no such folder. */
  async list(path: Path): Promise<readonly Entry[] | null> {
    const folder = await this.find(path)
    if (!folder?.folder) return null
    const names = await this.#try(readdir(await this.#at(path), { withFileTypes: true }), [] as Dirent[])
    const found: Entry[] = []
    for (const name of names.map((each) => each.name).sort()) {
      if (path.length === 0 && name === partialFolder) continue
      const below = [...path, name]
      const stats = await this.#lstat(below)
      const entry = stats === null ? null : entryOf(below, stats)
      if (entry !== null) found.push(entry)
    }
    return found
  }

  /** null: there is no such file. */
  async open(path: Path): Promise<OpenFile | null> {
    const stats = await this.#stats(path)
    if (!stats?.isFile()) return null
    // Without O_NONBLOCK a pipe that took the file's place would hold the thread.
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
    const handle = await this.#try(open(await this.#at(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK), null)
    if (handle === null) return null
    const opened = await handle.stat({ bigint: false })
    const entry = entryOf(path, opened)
    if (entry === null || entry.folder) {
      await handle.close()
      return null
    }
    return { entry, read: (start, end) => new FileBytes(handle, start, end), close: () => handle.close() }
  }

  /** With the folders above. Throws BadRequest where a file stands in the way. */
  async makeFolder(path: Path): Promise<void> {
    for (let length = 1; length <= path.length; length++) {
      const part = path.slice(0, length)
      const made = mkdir(await this.#at(part)).catch(async (error: unknown) => {
        if (!isCode(error, 'EEXIST')) throw diskError(error)
        if (!(await this.find(part))?.folder)
          throw new BadRequest(`'${fileText(part)}' is no folder: nothing can be put below it.`)
      })
      await made
    }
  }

  /** Takes bytes in until they end. Throws what they throw, and keeps nothing then. `durable`: it survives a loss of power. */
  async receive(bytes: AsyncIterable<Uint8Array>, durable = true): Promise<Arrived> {
    const { file, handle } = await this.#fresh()
    let size = 0
    let head: Uint8Array = new Uint8Array()
    try {
      for await (const chunk of bytes) {
        if (head.length < headBytes) head = Buffer.concat([head, chunk.subarray(0, headBytes - head.length)])
        await written(handle, chunk)
        size += chunk.length
      }
      if (durable) await handle.datasync()
      await handle.close()
    } catch (error) {
      await handle.close().catch(() => {})
      await unlink(file).catch(() => {})
      throw diskError(error)
    }
    return new ArrivedFile(file, size, head, (path, overwrite) => this.#place(file, path, overwrite))
  }

  async #fresh(): Promise<{ readonly file: string; readonly handle: FileHandle }> {
    const folder = join(await this.#root(), partialFolder)
    const file = join(folder, randomUUID())
    const make = (): Promise<FileHandle> => open(file, 'wx', 0o640)
    const handle = await make().catch(async (error: unknown) => {
      if (!isCode(error, 'ENOENT')) throw diskError(error)
      // Somebody tidied up below us.
      await mkdir(folder, { recursive: true, mode: 0o700 })
      return make()
    })
    return { file, handle }
  }

  /** Copies one file. */
  async copy(from: Path, to: Path): Promise<void> {
    const { file, handle } = await this.#fresh()
    try {
      await handle.close()
      await copyFile(await this.#at(from), file, constants.COPYFILE_FICLONE)
      await this.#place(file, to, true)
    } catch (error) {
      throw diskError(error)
    } finally {
      await unlink(file).catch(() => {})
    }
  }

  /** Gives a file another place. */
  async move(from: Path, to: Path): Promise<void> {
    await this.#place(await this.#at(from), to, true)
  }

  async removeFile(path: Path): Promise<void> {
    await unlink(await this.#at(path)).catch((error: unknown) => {
      if (!isCode(error, 'ENOENT')) throw diskError(error)
    })
  }

  /** False when it is not empty. */
  async removeEmptyFolder(path: Path): Promise<boolean> {
    try {
      await rmdir(await this.#at(path))
      return true
    } catch (error) {
      if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return false
      throw diskError(error)
    }
  }

  /** With all that is in it: it is out of sight at once. */
  async removeTree(path: Path): Promise<void> {
    const away = join(await this.#root(), partialFolder, randomUUID())
    try {
      await rename(await this.#at(path), away)
      await rm(away, { recursive: true, force: true })
    } catch (error) {
      throw diskError(error)
    }
  }

  async #place(file: string, path: Path, overwrite: boolean): Promise<void> {
    const target = await this.#at(path)
    try {
      // A second name for the file, unlike a new name, is never given over an old one.
      if (overwrite) await rename(file, target)
      else await link(file, target)
    } catch (error) {
      if (isCode(error, 'EEXIST') && !overwrite) throw new BadRequest(`File '${fileText(path)}' already exists.`)
      throw diskError(error)
    }
  }

  /** null where a link, or no folder, is on the way. */
  async #stats(path: Path): Promise<Stats | null> {
    if (path.length === 0) return this.#try(stat(await this.#root()), null)
    for (let length = 1; length < path.length; length++) {
      const stats = await this.#lstat(path.slice(0, length))
      if (!stats?.isDirectory()) return null
    }
    return this.#lstat(path)
  }

  async #lstat(path: Path): Promise<Stats | null> {
    return this.#try(lstat(await this.#at(path)), null)
  }

  async #at(path: Path): Promise<string> {
    return join(await this.#root(), ...path)
  }

  /** What is not there is `missing`; every other error is told. */
  async #try<T>(work: Promise<T>, missing: T): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return missing
      throw diskError(error)
    }
  }

  /** The root, made at the first use (control-plane 9.1). */
  #root(): Promise<string> {
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = null
      throw diskError(error)
    })
    return this.#ready
  }

  async #prepare(): Promise<string> {
    const { folder, root, dataDir } = this.#settings
    makeFolder(folder, 0o750)
    const real = await realpath(folder)
    refuseSystem(real)
    refuseOwn(real, await realpath(root).catch(() => root), await realpath(dataDir).catch(() => dataDir))
    const partial = join(real, partialFolder)
    await mkdir(partial, { mode: 0o700 }).catch((error: unknown) => {
      // A folder that can only be read is fit for reading.
      if (!isCode(error, 'EEXIST', 'EACCES', 'EROFS', 'EPERM')) throw error
    })
    await sweep(partial)
    return real
  }
}

async function sweep(partial: string): Promise<void> {
  for (const name of await readdir(partial).catch(() => [])) {
    const file = join(partial, name)
    const stats = await lstat(file).catch(() => null)
    if (stats !== null && Date.now() - stats.mtimeMs > staleMs)
      await rm(file, { recursive: true, force: true }).catch(() => {})
  }
}

function entryOf(path: Path, stats: Stats): Entry | null {
  const folder = stats.isDirectory()
  if (!folder && !stats.isFile()) return null
  const version = `${stats.size.toString(36)}.${Math.round(stats.mtimeMs * 1000).toString(36)}.${stats.ino.toString(36)}`
  return { path, folder, length: folder ? 0 : stats.size, modified: stats.mtime, version }
}

async function written(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten
}

class ArrivedFile implements Arrived {
  readonly size: number
  readonly head: Uint8Array
  readonly #file: string
  readonly #put: (path: Path, overwrite: boolean) => Promise<void>
  #reading: Promise<FileHandle> | null = null

  constructor(file: string, size: number, head: Uint8Array, put: (path: Path, overwrite: boolean) => Promise<void>) {
    this.size = size
    this.head = head
    this.#file = file
    this.#put = put
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#reading ??= open(this.#file, 'r')
    const { bytesRead, buffer } = await (await this.#reading).read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }

  async place(path: Path, overwrite: boolean): Promise<void> {
    await this.#put(path, overwrite)
    await this.discard()
  }

  async discard(): Promise<void> {
    const reading = this.#reading
    this.#reading = null
    await (await reading)?.close()
    await unlink(this.#file).catch(() => {})
  }
}

/** The bytes of an open file, which is closed when they end, break off or are given back unread. */
class FileBytes implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #handle: FileHandle
  readonly #end: number
  #at: number
  #closed: Promise<void> | null = null

  constructor(handle: FileHandle, start: number, end: number) {
    this.#handle = handle
    this.#at = start
    this.#end = end
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      const length = Math.min(chunkBytes, this.#end - this.#at + 1)
      if (length > 0 && this.#closed === null) {
        const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafeSlow(length), 0, length, this.#at)
        this.#at += bytesRead
        if (bytesRead > 0) return { done: false, value: buffer.subarray(0, bytesRead) }
      }
    } catch (error) {
      await this.return()
      throw diskError(error)
    }
    return this.return()
  }

  async return(): Promise<{ done: true; value: undefined }> {
    this.#closed ??= this.#handle.close()
    await this.#closed
    return { done: true, value: undefined }
  }
}
