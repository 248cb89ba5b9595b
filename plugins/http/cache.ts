/** Answers of one remote that may be given again: bounded in bytes, the longest unused go first. */
import { createHash } from 'node:crypto'

/** Of one answer, and of all of one service. */
export const entryBytes = 1 << 20
const allBytes = 32 << 20

export interface Kept {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly bytes: Uint8Array
}

export class AnswerCache {
  readonly #ttlMs: number
  readonly #entries = new Map<string, { readonly until: number; readonly kept: Kept }>()
  #bytes = 0

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  /** `parts` is all that an answer depends on, who asks included. */
  static key(parts: readonly unknown[]): string {
    return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
  }

  get(key: string): Kept | null {
    const entry = this.#entries.get(key)
    if (entry === undefined) return null
    this.#drop(key)
    if (entry.until <= Date.now()) return null
    this.#entries.set(key, entry)
    this.#bytes += entry.kept.bytes.length
    return entry.kept
  }

  set(key: string, kept: Kept): void {
    this.#drop(key)
    this.#entries.set(key, { until: Date.now() + this.#ttlMs, kept })
    this.#bytes += kept.bytes.length
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= allBytes) break
      this.#drop(oldest)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.kept.bytes.length ?? 0
    this.#entries.delete(key)
  }
}
