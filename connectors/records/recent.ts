/** A map that forgets what was not used for longest. */
export class Recent<V> {
  readonly #entries = new Map<string, V>()
  readonly #most: number
  #hits = 0

  constructor(most: number) {
    this.#most = most
  }

  /** How often what was asked for was there. */
  get hits(): number {
    return this.#hits
  }

  find(key: string): V | undefined {
    const known = this.#entries.get(key)
    if (known !== undefined) this.#hits++
    // Only when it matters: while there is room nothing is dropped.
    if (known !== undefined && this.#entries.size === this.#most) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
    }
    return known
  }

  set(key: string, value: V): void {
    if (this.#entries.has(key)) this.#entries.delete(key)
    else if (this.#entries.size === this.#most) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    this.#entries.set(key, value)
  }

  get(key: string, make: () => V): V {
    const known = this.find(key)
    if (known !== undefined) return known
    const made = make()
    this.set(key, made)
    return made
  }
}
