/** One row where it lies in the bytes that the server sent. */

export class PlacedRow {
  /** Cell i begins at `starts[i]`; its length is `lengths[i]`, -1 for NULL. */
  bytes: Buffer = Buffer.alloc(0)
  count = 0
  /** Bytes of all cells together, and at most a few more. */
  size = 0
  starts = new Int32Array(32)
  lengths = new Int32Array(32)

  /** Takes the body of a DataRow message. */
  place(bytes: Buffer, start: number): void {
    const count = ((bytes[start] as number) << 8) | (bytes[start + 1] as number)
    if (count > this.starts.length) {
      this.starts = new Int32Array(count)
      this.lengths = new Int32Array(count)
    }
    this.bytes = bytes
    this.count = count
    const { starts, lengths } = this
    let at = start + 2
    for (let i = 0; i < count; i++) {
      const length =
        ((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)
      at += 4
      starts[i] = at
      lengths[i] = length
      if (length > 0) at += length
    }
    this.size = at - start
  }

  /** The cell as text; null for NULL and for a cell that is not there. */
  text(index: number): string | null {
    const length = index < this.count ? (this.lengths[index] as number) : -1
    if (length < 0) return null
    const start = this.starts[index] as number
    return length < 12 ? this.#short(start, length) : this.bytes.toString('utf8', start, start + length)
  }

  /** The cell where it is the usual text of a natural number of at most nine digits, as most keys are; else null. */
  smallInteger(index: number): number | null {
    const length = index < this.count ? (this.lengths[index] as number) : -1
    if (length < 1 || length > 9) return null
    const start = this.starts[index] as number
    let value = 0
    for (let i = start; i < start + length; i++) {
      const digit = (this.bytes[i] as number) - 48
      if (digit < 0 || digit > 9) return null
      value = value * 10 + digit
    }
    return length > 1 && this.bytes[start] === 48 ? null : value
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
