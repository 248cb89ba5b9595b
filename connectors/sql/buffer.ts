/**
 * A growing buffer of bytes with the few writers that encoders need. What is short is written byte by byte, what is longer by one call of
 * Node's own, whichever is faster at that length.
 */
import type { ByteSink } from 'dataferry/sdk'

/** Longer pieces are handed to Node. */
const short = 24
const none = Buffer.alloc(0)

/**
 * Memory of larger contents is used again: V8 counts it, and goes through the whole heap when much of it has come and gone. A slab holds
 * the first chunk of a list.
 */
const slabBytes = 294_912
const slabFrom = 16_384
const slabsAtMost = 16
const slabs: Buffer[] = []

function memoryFor(bytes: number): Buffer {
  if (bytes <= slabFrom || bytes > slabBytes) return Buffer.allocUnsafe(bytes)
  return slabs.pop() ?? Buffer.allocUnsafeSlow(slabBytes)
}

function giveBack(memory: Buffer): void {
  if (memory.length === slabBytes && slabs.length < slabsAtMost) slabs.push(memory)
}

export class ByteBuffer {
  #capacity: number
  #bytes: Buffer
  #view: DataView | null = null
  #length = 0

  /** `capacity`: bytes to begin with, and to begin anew with when the content was given away. */
  constructor(capacity = 1024) {
    this.#capacity = capacity
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** Where writers that go byte by byte put at most `more` bytes, from `length` on; `wrote` tells where they ended. */
  room(more: number): Buffer {
    this.#room(more)
    return this.#bytes
  }

  /** The same place for writers of several bytes at once. */
  get view(): DataView {
    const { buffer, byteOffset, length } = this.#bytes
    this.#view ??= new DataView(buffer, byteOffset, length)
    return this.#view
  }

  wrote(end: number): void {
    this.#length = end
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
      this.#length += this.#bytes.write(text, this.#length, 'latin1')
    }
  }

  utf8(text: string): void {
    this.#room(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length, 'utf8')
  }

  /** The content as text. */
  text(start = 0, end: number = this.#length): string {
    return this.#bytes.toString('utf8', start, end)
  }

  /** The content, given away with its memory; the buffer is empty then, and begins anew with other memory. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = none
    this.#view = null
    this.#length = 0
    return taken
  }

  /** The same to a sink, which may say when the memory can be used again. */
  give(sink: ByteSink): void | Promise<void> {
    const memory = this.#bytes
    if (memory.length !== slabBytes) return sink.write(this.take())
    // What comes next is as much again.
    this.#capacity = slabFrom + 1
    return sink.write(this.take(), () => giveBack(memory))
  }

  /** Nothing more is written: its memory is for others. */
  free(): void {
    giveBack(this.#bytes)
    this.#bytes = none
    this.#view = null
    this.#length = 0
  }

  clear(): void {
    this.#length = 0
  }

  #room(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = memoryFor(Math.max(needed, this.#bytes.length * 2, this.#capacity))
    this.#bytes.copy(grown, 0, 0, this.#length)
    giveBack(this.#bytes)
    this.#bytes = grown
    this.#view = null
  }
}
