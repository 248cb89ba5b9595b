/** One row where it lies in the bytes that the server sent. Its cells are looked for when somebody asks for one: encoders walk over them. */

/** A number of four bytes, the first the highest. */
export const int32 = (bytes: Buffer, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number)

export class PlacedRow {
  bytes: Buffer = Buffer.alloc(0)
  count = 0
  /** Where the cells begin: each its length in four bytes, -1 for NULL, and its bytes. */
  first = 0
  /** Bytes of all cells together, and at most a few more. */
  size = 0
  #located = false
  #starts = new Int32Array(32)
  #lengths = new Int32Array(32)

  /** Takes the body of a DataRow message. */
  place(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes
    this.count = ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
    this.first = start + 2
    this.size = end - start
    this.#located = false
  }

  /** Bytes of the cell, -1 for NULL and for a cell that is not there. */
  lengthOf(index: number): number {
    if (index >= this.count) return -1
    if (!this.#located) this.#locate()
    return this.#lengths[index] as number
  }

  startOf(index: number): number {
    if (!this.#located) this.#locate()
    return this.#starts[index] as number
  }

  /** The cell as text; null for NULL and for a cell that is not there. */
  text(index: number): string | null {
    const length = this.lengthOf(index)
    if (length < 0) return null
    const start = this.startOf(index)
    return length < 12 ? this.#short(start, length) : this.bytes.toString('utf8', start, start + length)
  }

  /** The cell where it is the usual text of a natural number of at most nine digits, as most keys are; else null. */
  smallInteger(index: number): number | null {
    const length = this.lengthOf(index)
    if (length < 1 || length > 9) return null
    const start = this.startOf(index)
    let value = 0
    for (let i = start; i < start + length; i++) {
      const digit = (this.bytes[i] as number) - 48
      if (digit < 0 || digit > 9) return null
      value = value * 10 + digit
    }
    return length > 1 && this.bytes[start] === 48 ? null : value
  }

  #locate(): void {
    const { bytes, count } = this
    if (count > this.#starts.length) {
      this.#starts = new Int32Array(count)
      this.#lengths = new Int32Array(count)
    }
    let at = this.first
    for (let i = 0; i < count; i++) {
      const length = int32(bytes, at)
      at += 4
      this.#starts[i] = at
      this.#lengths[i] = length
      if (length > 0) at += length
    }
    this.#located = true
  }

  #short(start: number, length: number): string {
    let text = ''
    for (let i = start; i < start + length; i++) {
      const byte = this.bytes[i] as number
      if (byte > 127) return this.bytes.toString('utf8', start, start + length)
      text += String.fromCharCode(byte)
    }
    return text
  }
}
