/**
 * A growing buffer of bytes with the few writers that encoders need. Short texts are written character by character, longer ones by
 * one call of Node's own, whichever is faster at that length.
 */

/** Longer texts are handed to Node. */
const short = 24
/** What JSON must escape; lone halves of surrogate pairs are left to UTF-8, which replaces them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const escaped = /["\\\u0000-\u001f]/
const quote = 34
const backslash = 92

export class ByteBuffer {
  #bytes: Buffer
  #length = 0

  constructor(capacity = 1024) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  get length(): number {
    return this.#length
  }

  byte(byte: number): void {
    if (this.#length === this.#bytes.length) this.#room(1)
    this.#bytes[this.#length++] = byte
  }

  bytes(source: Uint8Array, start = 0, end = source.length): void {
    this.#room(end - start)
    if (end - start < short) {
      for (let i = start; i < end; i++) this.#bytes[this.#length++] = source[i] as number
    } else {
      this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.#length)
      this.#length += end - start
    }
  }

  /** A part of another buffer. */
  copy(source: ByteBuffer, start: number, end: number): void {
    this.bytes(source.#bytes, start, end)
  }

  /** Text of ASCII characters alone. */
  ascii(text: string): void {
    this.#room(text.length)
    if (text.length < short) {
      for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i)
    } else {
      this.#length += this.#bytes.latin1Write(text, this.#length)
    }
  }

  utf8(text: string): void {
    this.#room(text.length * 3)
    this.#length += this.#bytes.utf8Write(text, this.#length)
  }

  /** A JSON string. */
  json(text: string): void {
    const { length } = text
    if (length < short) {
      this.#room(length + 2)
      const bytes = this.#bytes
      const start = this.#length
      let at = start
      bytes[at++] = quote
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code < 32 || code > 126 || code === quote || code === backslash) return this.#jsonSlowly(text)
        bytes[at++] = code
      }
      bytes[at++] = quote
      this.#length = at
    } else {
      this.#jsonSlowly(text)
    }
  }

  #jsonSlowly(text: string): void {
    if (escaped.test(text)) return this.utf8(JSON.stringify(text))
    this.#room(text.length * 3 + 2)
    this.#bytes[this.#length++] = quote
    this.#length += this.#bytes.utf8Write(text, this.#length)
    this.#bytes[this.#length++] = quote
  }

  /** A whole number in the shortest text that reads back the same. */
  integer(value: number): void {
    if (value >= 0 && value < 1e9) {
      let digits = 1
      for (let limit = 10; value >= limit; limit *= 10) digits++
      this.#room(digits)
      let rest = value
      for (let at = this.#length + digits - 1; at >= this.#length; at--) {
        const next = Math.trunc(rest / 10)
        this.#bytes[at] = 48 + rest - next * 10
        rest = next
      }
      this.#length += digits
    } else {
      this.ascii(String(value))
    }
  }

  /** The content as text. */
  text(start = 0, end: number = this.#length): string {
    return this.#bytes.utf8Slice(start, end)
  }

  /** The content in memory of its own, so that it can be given away; the buffer is empty then. */
  take(): Uint8Array {
    const taken = Buffer.allocUnsafeSlow(this.#length)
    this.#bytes.copy(taken, 0, 0, this.#length)
    this.#length = 0
    return taken
  }

  clear(): void {
    this.#length = 0
  }

  #room(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}
