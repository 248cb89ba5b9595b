/**
 * Looks what other processes changed in the store: a small read, several times a second and whenever the bus rings. What was seen counts
 * as seen only after it was acted upon.
 */
import type { Log } from 'dataferry/sdk'
import { numberAt } from './columns.ts'
import { noticeOf, versionIn } from './notices.ts'
import type { Tables } from './tables.ts'

const lookEveryMs = 400
/** More than that is not read one by one. */
const mostBehind = 200

/** What changed since the last look. Everything may have: `everything`. */
export interface Changes {
  /** The version that this brings up to. */
  readonly version: number
  readonly everything: boolean
  readonly snapshot: boolean
  /** null: maybe all. */
  readonly users: ReadonlySet<number> | null
  readonly tokens: ReadonlySet<string>
  readonly services: ReadonlySet<number>
}

export class ChangeWatch {
  readonly #tables: Tables
  readonly #log: Log
  readonly #apply: (changes: Changes) => Promise<void>
  #seen = 0
  #timer: NodeJS.Timeout | null = null
  #looking: Promise<void> | null = null
  #next: Promise<void> | null = null
  #failing = false
  #stopped = false

  /** `apply` is never called twice at once; where it throws, the same changes come again. */
  constructor(tables: Tables, log: Log, apply: (changes: Changes) => Promise<void>) {
    this.#tables = tables
    this.#log = log
    this.#apply = apply
  }

  /** Notes where the store is: what is read after this is at least as new. */
  async begin(): Promise<void> {
    this.#seen = await versionIn(this.#tables)
  }

  start(): void {
    this.#timer = setInterval(() => void this.ring(), lookEveryMs).unref()
  }

  /** Looks now, or once more when it is looking already. Resolves when a look that began after the call is over. */
  async ring(): Promise<void> {
    if (this.#stopped) return
    if (this.#looking !== null) {
      // Who rings meanwhile waits for the same next look.
      this.#next ??= this.#looking.then(() => {
        this.#next = null
        return this.ring()
      })
      return this.#next
    }
    const looking = this.#look().finally(() => {
      this.#looking = null
    })
    this.#looking = looking
    await looking
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    try {
      const version = await versionIn(this.#tables)
      if (version !== this.#seen) {
        await this.#apply(await this.#changes(version))
        this.#seen = version
      }
      if (this.#failing) this.#log.info('the system store answers again')
      this.#failing = false
    } catch (error) {
      if (this.#stopped) return
      if (!this.#failing)
        this.#log.warn('the system store does not answer: until it does, this node goes on with what it knows', {
          error,
        })
      this.#failing = true
    }
  }

  async #changes(version: number): Promise<Changes> {
    const behind = version - this.#seen
    // A store that was restored counts backwards.
    if (behind < 0 || behind > mostBehind) return everything(version)
    const versions = Array.from({ length: behind }, (_, i) => this.#seen + 1 + i)
    const rows = await this.#tables.rows('change_log', { version: versions })
    const told = new Set(rows.map((row) => numberAt(row, 'version')))
    if (told.size < behind) return everything(version)
    let snapshot = false
    let users: Set<number> | null = new Set()
    const tokens = new Set<string>()
    const services = new Set<number>()
    for (const row of rows) {
      const notice = noticeOf(row)
      if (notice === null) return everything(version)
      if (notice.kind === 'snapshot') snapshot = true
      else if (notice.kind === 'token') tokens.add(notice.key)
      else if (notice.kind === 'schema') services.add(notice.service)
      else if (notice.id === null) users = null
      else users?.add(notice.id)
    }
    return { version, everything: false, snapshot, users, tokens, services }
  }
}

const everything = (version: number): Changes => ({
  version,
  everything: true,
  snapshot: true,
  users: null,
  tokens: new Set(),
  services: new Set(),
})
