/**
 * The SnapshotSource: keeps the present snapshot and replaces it after each change. Changes that come while the store is being read
 * share one reading that begins after them.
 */
import type { Snapshot, SnapshotSource } from 'dataferry/sdk'
import { versionIn } from '../store/notices.ts'
import type { Tables } from '../store/tables.ts'
import { type CompileTools, compileSnapshot } from './compile.ts'

export class SnapshotBook implements SnapshotSource {
  readonly #store: Tables
  readonly #tools: CompileTools
  readonly #listeners = new Set<(snapshot: Snapshot) => void>()
  #snapshot: Snapshot | null = null
  #seen = 0
  #reading: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(store: Tables, tools: CompileTools) {
    this.#store = store
    this.#tools = tools
  }

  current(): Snapshot {
    if (this.#snapshot === null) throw new Error('the snapshot was asked for before it was read')
    return this.#snapshot
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The store's version that the snapshot is of, or newer than. */
  get seen(): number {
    return this.#seen
  }

  /** When it resolves, what was committed before the call is in the snapshot. */
  refresh(): Promise<void> {
    if (this.#reading === null) return this.#start()
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = null
        return this.#start()
      })
    return this.#next
  }

  #start(): Promise<void> {
    const reading = this.#read().finally(() => {
      if (this.#reading === reading) this.#reading = null
    })
    this.#reading = reading
    return reading
  }

  async #read(): Promise<void> {
    // The version first: what is read after it is at least as new.
    const seen = await versionIn(this.#store)
    const [services, roles, access, apps, lookups, cors] = await Promise.all([
      this.#store.rows('service'),
      this.#store.rows('role'),
      this.#store.rows('role_service_access'),
      this.#store.rows('app'),
      this.#store.rows('lookup'),
      this.#store.rows('cors_config'),
    ])
    // A tool may have changed the store without raising the version.
    const version = Math.max(seen, (this.#snapshot?.version ?? 0) + 1)
    const snapshot = compileSnapshot(
      version,
      { services, roles, access, apps, lookups, cors },
      this.#snapshot,
      this.#tools,
    )
    this.#snapshot = snapshot
    this.#seen = seen
    for (const listener of this.#listeners) listener(snapshot)
  }
}
