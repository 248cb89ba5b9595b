/**
 * What is asked for in one turn of the event loop is read together: who needs many tables at once, as `related=*` does, costs a few
 * statements and not a few for each.
 */

interface Waiting<K, V> {
  readonly key: K
  readonly resolve: (value: V) => void
  readonly reject: (reason: unknown) => void
}

export class Gathering<K, V> {
  readonly #read: (keys: readonly K[]) => Promise<readonly V[]>
  readonly #most: number
  #waiting: Waiting<K, V>[] = []

  /** `read` answers in the order of its keys, `most` of them at once. Where it fails for several, each is read alone. */
  constructor(read: (keys: readonly K[]) => Promise<readonly V[]>, most: number) {
    this.#read = read
    this.#most = most
  }

  get(key: K): Promise<V> {
    const { promise, resolve, reject } = Promise.withResolvers<V>()
    if (this.#waiting.length === 0) setImmediate(() => this.#gathered())
    this.#waiting.push({ key, resolve, reject })
    return promise
  }

  #gathered(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (let at = 0; at < waiting.length; at += this.#most) void this.#answer(waiting.slice(at, at + this.#most))
  }

  async #answer(waiting: readonly Waiting<K, V>[]): Promise<void> {
    try {
      const values = await this.#read(waiting.map(({ key }) => key))
      for (const [index, { resolve }] of waiting.entries()) resolve(values[index] as V)
    } catch (thrown) {
      if (waiting.length === 1) waiting[0]?.reject(thrown)
      else await Promise.all(waiting.map((each) => this.#answer([each])))
    }
  }
}
