/**
 * Large JSON bodies, as a rule long lists, read in slices: what lies between two members of a list is found in the bytes, and so many of
 * them are parsed at once as take little time. Others have their turn in between, and the value is the one that `parseJson` makes of the
 * whole. Handing the text to a thread would gain nothing: taking the value over costs what parsing it does.
 */
import type { Json } from '../plugins/contract.ts'
import { parseJson } from './json.ts'

/** Bytes that are parsed in one go. */
const sliceBytes = 64 * 1024
/** How long slices are parsed before others have their turn. */
const turnMs = 5
/** What is nested deeper is left to who parses the whole, and knows the limit. */
const deepest = 256

const code = { quote: 34, comma: 44, colon: 58, open: 91, backslash: 92, close: 93, begin: 123, end: 125 } as const

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Thrown and caught here: the text is of another form, or wrong; both can only be told of the whole. */
class NoSlices extends Error {}

/**
 * The value of a text in UTF-8 that is a list, or an object with lists; undefined: it is none, or not valid, as `parseJson` will tell.
 * Throws the signal's reason.
 */
export async function parseSlices(bytes: Uint8Array, signal: AbortSignal): Promise<Json | undefined> {
  const reading = new Slices(bytes, signal)
  try {
    return await reading.whole()
  } catch {
    if (signal.aborted) throw signal.reason
    return undefined
  }
}

class Slices {
  readonly #bytes: Uint8Array
  readonly #signal: AbortSignal
  #at: number
  #since = performance.now()

  constructor(bytes: Uint8Array, signal: AbortSignal) {
    this.#bytes = bytes
    this.#signal = signal
    this.#at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  }

  async whole(): Promise<Json> {
    this.#blanks()
    const first = this.#bytes[this.#at]
    const value = first === code.open ? await this.#list() : first === code.begin ? await this.#object() : null
    this.#blanks()
    if (value === null || this.#at < this.#bytes.length) throw new NoSlices()
    return value
  }

  async #object(): Promise<Json> {
    const members: { [name: string]: Json } = Object.create(null)
    this.#at++
    this.#blanks()
    if (this.#takes(code.end)) return members
    for (;;) {
      this.#blanks()
      if (this.#bytes[this.#at] !== code.quote) throw new NoSlices()
      const name = this.#parsed(this.#at, this.#skip()) as string
      this.#blanks()
      if (!this.#takes(code.colon)) throw new NoSlices()
      this.#blanks()
      members[name] = this.#bytes[this.#at] === code.open ? await this.#list() : this.#parsed(this.#at, this.#skip())
      this.#blanks()
      if (this.#takes(code.end)) return members
      if (!this.#takes(code.comma)) throw new NoSlices()
    }
  }

  async #list(): Promise<Json> {
    const list: Json[] = []
    this.#at++
    this.#blanks()
    if (this.#takes(code.close)) return list
    for (;;) {
      this.#blanks()
      const from = this.#at
      let to = this.#skip()
      let more = this.#goesOn()
      while (more && this.#at - from < sliceBytes) {
        this.#blanks()
        to = this.#skip()
        more = this.#goesOn()
      }
      const members = this.#parsed(from, to, '[', ']') as Json[]
      for (const member of members) list.push(member)
      if (!more) return list
      await this.#turn()
    }
  }

  /** Behind a member of a list: whether there is another. */
  #goesOn(): boolean {
    this.#blanks()
    if (this.#takes(code.comma)) return true
    if (this.#takes(code.close)) return false
    throw new NoSlices()
  }

  #parsed(from: number, to: number, before = '', behind = ''): Json {
    return parseJson(before + utf8.decode(this.#bytes.subarray(from, to)) + behind)
  }

  async #turn(): Promise<void> {
    if (performance.now() - this.#since < turnMs) return
    await new Promise((resolve) => setImmediate(resolve))
    this.#signal.throwIfAborted()
    this.#since = performance.now()
  }

  #takes(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false
    this.#at++
    return true
  }

  #blanks(): void {
    const bytes = this.#bytes
    for (let byte = bytes[this.#at]; byte === 32 || byte === 10 || byte === 13 || byte === 9; byte = bytes[this.#at])
      this.#at++
  }

  /** Past a value, whatever it is: what is wrong inside shows when it is parsed. Where it ends. */
  #skip(): number {
    const bytes = this.#bytes
    let at = this.#at
    let depth = 0
    while (at < bytes.length) {
      const byte = bytes[at] as number
      if (byte === code.quote) {
        at = this.#text(at)
        if (depth === 0) break
        continue
      }
      if (byte === code.begin || byte === code.open) {
        if (++depth > deepest) throw new NoSlices()
      } else if (byte === code.end || byte === code.close) {
        if (depth === 0) break
        depth--
        if (depth === 0) {
          at++
          break
        }
      } else if (depth === 0 && (byte === code.comma || byte === code.colon || byte <= 32)) {
        break
      }
      at++
    }
    if (depth > 0 || at === this.#at) throw new NoSlices()
    this.#at = at
    return at
  }

  /** Past a text that begins here. */
  #text(from: number): number {
    const bytes = this.#bytes
    let at = from + 1
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number
      if (byte === code.quote) return at + 1
      if (byte === code.backslash) at++
    }
    throw new NoSlices()
  }
}
