/**
 * Log lines in files: one that is written, and older ones, `dataferry.1.log` the youngest of them. Lines are handed to the disk one piece
 * after the other, away from the loop; a disk that does not keep up, or is full, costs lines but never a request.
 */
import { appendFileSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from './folders.ts'

export interface LogFilesOptions {
  /** Made when it is missing. */
  readonly folder: string
  /** How many files there are at most, the one that is written included. */
  readonly files: number
  /** A file that would become longer is put aside. A piece that is longer by itself, up to a megabyte, has a file for itself. */
  readonly maxBytes: number
  /** The files can't be written (told once, until they can again). */
  failed(error: unknown): void
  /** They can again; `lost` pieces were not written. */
  recovered(lost: number): void
}

/** Characters that wait for the disk. */
const mostWaiting = 1 << 20
const nameOf = (age: number): string => (age === 0 ? 'dataferry.log' : `dataferry.${age}.log`)

export class LogFiles {
  readonly #options: LogFilesOptions
  #waiting = ''
  #writing: Promise<void> | null = null
  #handle: FileHandle | null = null
  #size = 0
  #lost = 0
  #failing = false
  #closed = false

  constructor(options: LogFilesOptions) {
    this.#options = options
  }

  /** Takes whole lines, each with its end. */
  write(lines: string): void {
    if (this.#waiting.length + lines.length > mostWaiting) {
      this.#lost++
      return
    }
    this.#waiting += lines
    this.#start()
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing
  }

  /** What was taken is written, and the file is closed; what comes now is left to `endSync`. */
  async close(): Promise<void> {
    await this.settled()
    this.#closed = true
    await this.#handle?.close().catch(() => {})
    this.#handle = null
  }

  /** For a process that ends at once: the last lines, and those that wait. */
  endSync(last: string): void {
    const lines = this.#waiting + last
    this.#waiting = ''
    if (lines === '') return
    try {
      appendFileSync(this.#path(0), lines, { mode: 0o600 })
    } catch {
      // There is nobody left to tell.
    }
  }

  #start(): void {
    if (this.#closed || this.#writing !== null || this.#waiting === '') return
    this.#writing = this.#drain().finally(() => {
      this.#writing = null
      this.#start()
    })
  }

  async #drain(): Promise<void> {
    while (this.#waiting !== '') {
      const piece = Buffer.from(this.#waiting)
      this.#waiting = ''
      try {
        await this.#append(piece)
        this.#succeed()
      } catch (error) {
        this.#lost++
        await this.#handle?.close().catch(() => {})
        this.#handle = null
        if (!this.#failing) this.#options.failed(error)
        this.#failing = true
      }
    }
  }

  #succeed(): void {
    const lost = this.#lost
    if (!this.#failing && lost === 0) return
    this.#failing = false
    this.#lost = 0
    this.#options.recovered(lost)
  }

  async #append(piece: Buffer): Promise<void> {
    this.#handle ??= await this.#open()
    if (this.#size > 0 && this.#size + piece.length > this.#options.maxBytes) {
      await this.#handle.close()
      this.#handle = null
      await this.#age()
      this.#handle = await this.#open()
    }
    await this.#handle.appendFile(piece)
    this.#size += piece.length
  }

  async #open(): Promise<FileHandle> {
    makeFolder(this.#options.folder, 0o700)
    const handle = await open(this.#path(0), 'a', 0o600)
    this.#size = (await handle.stat()).size
    return handle
  }

  /** Each file becomes one older; those beyond the number, also of an earlier and larger number, go. */
  async #age(): Promise<void> {
    const { folder, files } = this.#options
    for (const name of await readdir(folder)) {
      const age = Number(/^dataferry\.([1-9]\d{0,8})\.log$/.exec(name)?.[1] ?? 0)
      if (age >= files - 1) await rm(join(folder, name), { force: true })
    }
    if (files === 1) return rm(this.#path(0), { force: true })
    for (let age = files - 2; age >= 0; age--) {
      await rename(this.#path(age), this.#path(age + 1)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
      })
    }
  }

  #path(age: number): string {
    return join(this.#options.folder, nameOf(age))
  }
}
