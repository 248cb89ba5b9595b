/** A map with a bound, which forgets what was not used for the longest time. */
export class RecentlyUsed<V> {
  readonly #entries = new Map<string, V>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** Using an entry makes it the youngest. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined && this.#entries.size * 2 > this.#most) {
      // Below half of the bound nothing is ever forgotten, and order need not be kept.
      this.#entries.delete(key)
      this.#entries.set(key, value)
    }
    return value
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#most) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  deleteWhere(test: (value: V) => boolean): void {
    for (const [key, value] of this.#entries) {
      if (test(value)) this.#entries.delete(key)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}
