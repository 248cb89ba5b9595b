/** Pieces of a printed body on their way out: a short one leaves as a whole, so that its length and its tag are known. */
import type { ByteSink } from 'dataferry/sdk'

/** Bytes that are kept back before the first are written. */
const keptBack = 1_048_576

export const opening = (key: string | null): string => (key === null ? '[' : `{${JSON.stringify(key)}:[`)

export class Pieces {
  readonly #sink: ByteSink
  readonly #all: boolean
  readonly #kept: Uint8Array[] = []
  #length = 0
  #begun = false

  /** `all`: nothing is written before the end. */
  constructor(sink: ByteSink, all: boolean, begin: string) {
    this.#sink = sink
    this.#all = all
    if (begin !== '') this.#kept.push(Buffer.from(begin))
  }

  async add(bytes: Uint8Array): Promise<void> {
    if (this.#begun) {
      await this.#sink.write(bytes)
      return
    }
    this.#kept.push(bytes)
    this.#length += bytes.length
    if (this.#all || this.#length <= keptBack) return
    this.#begun = true
    for (const each of this.#kept.splice(0)) await this.#sink.write(each)
  }

  /** `begin`: what stands before the first piece, where that was not known. */
  async end(text: string, begin: string | null = null): Promise<void> {
    const before = begin === null ? [] : [Buffer.from(begin)]
    await this.#sink.write(Buffer.concat([...before, ...this.#kept, Buffer.from(text)]))
  }
}
