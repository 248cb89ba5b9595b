/**
 * Documents from BSON to JSON bytes, without objects in between: what `toJson` and the encoder of values make of them, byte for byte
 * (data-plane 8.1). What is rare (references, names that begin with a digit or `$`, types that few use) is `odd`: such a document takes the
 * way over objects.
 */
import { isUtf8 } from 'node:buffer'
import type { Hidden, Wanted } from 'dataferry/document'
import { dateText, decimalDigits } from './bson.ts'
import { driver } from './driver.ts'

/** Thrown where a document has something that is encoded elsewhere. */
class Odd extends Error {}
const odd = new Odd('This document is encoded by way of objects.')

const quote = 34
const slash = 92
const comma = 44

/** Characters that JSON escapes: 0 none, 1 as \u00XX, else the letter behind the slash. */
const escapes = new Uint8Array(256)
for (let code = 0; code < 32; code++) escapes[code] = 1
for (const [sign, letter] of [
  ['"', '"'],
  ['\\', '\\'],
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\f', 'f'],
  ['\r', 'r'],
] as const)
  escapes[sign.charCodeAt(0)] = letter.charCodeAt(0)
const hex = Buffer.from('0123456789abcdef', 'latin1')

/** What of documents is shown. `row` tells it of one by way of objects, as JSON text. */
export interface Printed {
  readonly wanted: Wanted | null
  readonly hidden: Hidden | null
  row(document: Uint8Array): string
}

interface Name {
  readonly bytes: Buffer
  /** With quotes and colon. */
  readonly json: Buffer
  readonly below: readonly Name[] | null
  readonly hidden: Hidden | null
}

/** Documents one behind the other, with commas between them. */
export class Encoder {
  readonly #printed: Printed
  readonly #names: readonly Name[] | null
  #out: Buffer
  #at = 0
  #rows = 0
  #in: Buffer = Buffer.alloc(0)

  constructor(printed: Printed, capacity: number) {
    this.#printed = printed
    this.#names = printed.wanted === null ? null : namesOf(printed.wanted, printed.hidden)
    this.#out = Buffer.allocUnsafe(capacity)
  }

  get length(): number {
    return this.#at
  }

  get rows(): number {
    return this.#rows
  }

  add(document: Uint8Array): void {
    if (this.#rows > 0) this.#byte(comma)
    this.#rows += 1
    const begin = this.#at
    this.#in = Buffer.from(document.buffer, document.byteOffset, document.byteLength)
    try {
      if (this.#names !== null) this.#picked(0, this.#names)
      else if (this.#printed.hidden !== null) this.#pruned(0, this.#printed.hidden)
      else this.#object(0)
      // The driver looks at texts when it makes them; here they are only copied.
      if (!isUtf8(this.#out.subarray(begin, this.#at))) throw odd
    } catch (thrown) {
      if (thrown !== odd) throw thrown
      this.#at = begin
      const text = this.#printed.row(document)
      this.#room(text.length * 3)
      this.#at += this.#out.write(text, this.#at, 'utf8')
    }
  }

  /** The bytes, which are the caller's now; what follows begins with a comma where it must. */
  take(): Uint8Array {
    const taken = this.#out.subarray(0, this.#at)
    this.#out = Buffer.allocUnsafe(this.#out.length)
    this.#at = 0
    return taken
  }

  #room(more: number): void {
    if (this.#at + more <= this.#out.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#at + more))
    this.#out.copy(grown, 0, 0, this.#at)
    this.#out = grown
  }

  #byte(byte: number): void {
    if (this.#at === this.#out.length) this.#room(1)
    this.#out[this.#at++] = byte
  }

  #copy(bytes: Buffer): void {
    this.#room(bytes.length)
    for (let at = 0; at < bytes.length; at++) this.#out[this.#at++] = bytes[at] as number
  }

  #ascii(text: string): void {
    this.#room(text.length)
    for (let at = 0; at < text.length; at++) this.#out[this.#at++] = text.charCodeAt(at)
  }

  /** Where the name at this place ends; throws for names that objects put elsewhere, or that make references of them. */
  #nameEnd(at: number): number {
    const first = this.#in[at] as number
    if (first === 36 || (first >= 48 && first <= 57)) throw odd
    return this.#skipName(at)
  }

  #skipName(at: number): number {
    let end = at
    while (this.#in[end] !== 0) end++
    return end
  }

  #object(start: number): void {
    const end = start + this.#in.readInt32LE(start) - 1
    let at = start + 4
    let first = true
    this.#byte(123)
    while (at < end) {
      const type = this.#in[at] as number
      const nameEnd = this.#nameEnd(at + 1)
      if (first) first = false
      else this.#byte(comma)
      this.#text(at + 1, nameEnd)
      this.#byte(58)
      at = this.#value(type, nameEnd + 1)
    }
    this.#byte(125)
  }

  #array(start: number): number {
    const end = start + this.#in.readInt32LE(start) - 1
    let at = start + 4
    let first = true
    this.#byte(91)
    while (at < end) {
      const type = this.#in[at] as number
      if (first) first = false
      else this.#byte(comma)
      at = this.#value(type, this.#skipName(at + 1) + 1)
    }
    this.#byte(93)
    return end + 1
  }

  /** All but what is hidden, in any case. */
  #pruned(start: number, hidden: Hidden): void {
    const end = start + this.#in.readInt32LE(start) - 1
    let at = start + 4
    let first = true
    this.#byte(123)
    while (at < end) {
      const type = this.#in[at] as number
      const nameEnd = this.#nameEnd(at + 1)
      const name = this.#in.toString('utf8', at + 1, nameEnd).toLowerCase()
      // A dot in a name looks like a path.
      if (name.includes('.')) throw odd
      const below = hidden.get(name)
      if (below === null) {
        at = this.#after(type, nameEnd + 1)
        continue
      }
      if (first) first = false
      else this.#byte(comma)
      this.#text(at + 1, nameEnd)
      this.#byte(58)
      at = below === undefined ? this.#value(type, nameEnd + 1) : this.#prunedValue(type, nameEnd + 1, below)
    }
    this.#byte(125)
  }

  #prunedValue(type: number, at: number, hidden: Hidden): number {
    if (type === 3) this.#pruned(at, hidden)
    else if (type === 4) this.#each(at, (of, place) => this.#prunedValue(of, place, hidden))
    // What these look like to clients has names of its own.
    else if (!isPlain(type)) throw odd
    else return this.#value(type, at)
    return this.#after(type, at)
  }

  #each(start: number, write: (type: number, at: number) => void): void {
    const end = start + this.#in.readInt32LE(start) - 1
    let at = start + 4
    let first = true
    this.#byte(91)
    while (at < end) {
      const type = this.#in[at] as number
      const place = this.#skipName(at + 1) + 1
      if (first) first = false
      else this.#byte(comma)
      write(type, place)
      at = this.#after(type, place)
    }
    this.#byte(93)
  }

  /** The fields asked for, in the order in which they are asked for. */
  #picked(start: number, names: readonly Name[]): void {
    const end = start + this.#in.readInt32LE(start) - 1
    const places: number[] = []
    let at = start + 4
    while (at < end) {
      const type = this.#in[at] as number
      const nameEnd = this.#nameEnd(at + 1)
      for (let index = 0; index < names.length; index++) {
        if (this.#is((names[index] as Name).bytes, at + 1, nameEnd)) {
          places[index] = at
          break
        }
      }
      at = this.#after(type, nameEnd + 1)
    }
    let first = true
    this.#byte(123)
    for (let index = 0; index < names.length; index++) {
      const place = places[index]
      if (place === undefined) continue
      const { bytes, json, below, hidden } = names[index] as Name
      const type = this.#in[place] as number
      const value = place + 2 + bytes.length
      if (below !== null && type !== 3 && type !== 4) {
        if (!isPlain(type)) throw odd
        continue
      }
      if (first) first = false
      else this.#byte(comma)
      this.#copy(json)
      if (below === null) {
        if (hidden === null) this.#value(type, value)
        else this.#prunedValue(type, value, hidden)
      } else if (type === 3) this.#picked(value, below)
      else this.#pickedItems(value, below)
    }
    this.#byte(125)
  }

  #pickedItems(start: number, names: readonly Name[]): void {
    const end = start + this.#in.readInt32LE(start) - 1
    let at = start + 4
    let first = true
    this.#byte(91)
    while (at < end) {
      const type = this.#in[at] as number
      const place = this.#skipName(at + 1) + 1
      if (type === 3 || type === 4) {
        if (first) first = false
        else this.#byte(comma)
        if (type === 3) this.#picked(place, names)
        else this.#pickedItems(place, names)
      } else if (!isPlain(type)) throw odd
      at = this.#after(type, place)
    }
    this.#byte(93)
  }

  #is(name: Buffer, start: number, end: number): boolean {
    if (end - start !== name.length) return false
    for (let at = 0; at < name.length; at++) if (this.#in[start + at] !== name[at]) return false
    return true
  }

  /** Where the value ends. */
  #value(type: number, at: number): number {
    switch (type) {
      case 1: {
        const value = this.#in.readDoubleLE(at)
        if (!Number.isFinite(value)) throw odd
        this.#ascii(value === 0 ? '0' : String(value))
        return at + 8
      }
      case 2:
      case 14: {
        const end = at + 4 + this.#in.readInt32LE(at)
        this.#text(at + 4, end - 1)
        return end
      }
      case 3:
        this.#object(at)
        return at + this.#in.readInt32LE(at)
      case 4:
        return this.#array(at)
      case 5: {
        const subType = this.#in[at + 4]
        if (subType === 2) throw odd
        const end = at + 5 + this.#in.readInt32LE(at)
        this.#quoted(this.#in.toString('base64', at + 5, end))
        return end
      }
      case 6:
      case 10:
        this.#ascii('null')
        return at
      case 7:
        this.#hexadecimal(at)
        return at + 12
      case 8:
        this.#ascii(this.#in[at] === 1 ? 'true' : 'false')
        return at + 1
      case 9: {
        const date = new Date(Number(this.#in.readBigInt64LE(at)))
        this.#ascii(`{"$date":"${dateText(date)}"}`)
        return at + 8
      }
      case 16:
        this.#integer(this.#in.readInt32LE(at))
        return at + 4
      case 17:
        this.#quoted(`[${this.#in.readUInt32LE(at)}:${this.#in.readUInt32LE(at + 4)}]`)
        return at + 8
      case 18: {
        const high = this.#in.readInt32LE(at + 4)
        // Within what a double holds for sure.
        if (high >= -0x100000 && high < 0x100000) this.#ascii(String(high * 0x100000000 + this.#in.readUInt32LE(at)))
        else this.#ascii(new (driver().Long)(this.#in.readInt32LE(at), high).toString())
        return at + 8
      }
      case 19: {
        const digits = decimalDigits(new (driver().Decimal128)(this.#in.subarray(at, at + 16)))
        if (digits === null) throw odd
        this.#ascii(digits)
        return at + 16
      }
      default:
        throw odd
    }
  }

  /** Where a value ends that is not looked at. */
  #after(type: number, at: number): number {
    switch (type) {
      case 1:
      case 9:
      case 17:
      case 18:
        return at + 8
      case 2:
      case 14:
        return at + 4 + this.#in.readInt32LE(at)
      case 3:
      case 4:
        return at + this.#in.readInt32LE(at)
      case 5:
        return at + 5 + this.#in.readInt32LE(at)
      case 6:
      case 10:
        return at
      case 7:
        return at + 12
      case 8:
        return at + 1
      case 16:
        return at + 4
      case 19:
        return at + 16
      default:
        throw odd
    }
  }

  #quoted(text: string): void {
    this.#byte(quote)
    this.#ascii(text)
    this.#byte(quote)
  }

  #hexadecimal(at: number): void {
    this.#room(26)
    const out = this.#out
    out[this.#at++] = quote
    for (let index = at; index < at + 12; index++) {
      const byte = this.#in[index] as number
      out[this.#at++] = hex[byte >> 4] as number
      out[this.#at++] = hex[byte & 15] as number
    }
    out[this.#at++] = quote
  }

  #integer(value: number): void {
    if (value < 0 || value > 999_999_999) {
      this.#ascii(String(value))
      return
    }
    this.#room(10)
    let digits = 1
    for (let most = 10; most <= value; most *= 10) digits++
    let left = value
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = (left / 10) | 0
      this.#out[at] = 48 + left - next * 10
      left = next
    }
    this.#at += digits
  }

  /** UTF-8 of the document as a JSON text. */
  #text(start: number, end: number): void {
    this.#room((end - start) * 6 + 2)
    const source = this.#in
    const out = this.#out
    out[this.#at++] = quote
    let at = start
    while (at < end && escapes[source[at] as number] === 0) at++
    if (at - start > 24) {
      out.set(source.subarray(start, at), this.#at)
      this.#at += at - start
    } else for (let index = start; index < at; index++) out[this.#at++] = source[index] as number
    for (; at < end; at++) {
      const byte = source[at] as number
      const letter = escapes[byte] as number
      if (letter === 0) {
        out[this.#at++] = byte
        continue
      }
      out[this.#at++] = slash
      if (letter !== 1) {
        out[this.#at++] = letter
        continue
      }
      out[this.#at++] = 117
      out[this.#at++] = 48
      out[this.#at++] = 48
      out[this.#at++] = hex[byte >> 4] as number
      out[this.#at++] = hex[byte & 15] as number
    }
    out[this.#at++] = quote
  }
}

/** Types that clients see as one value, whatever it is. */
const plainTypes: ReadonlySet<number> = new Set([2, 5, 6, 7, 8, 10, 14, 16, 17, 18])
const isPlain = (type: number): boolean => plainTypes.has(type)

function namesOf(wanted: Wanted, hidden: Hidden | null): readonly Name[] {
  const names: Name[] = []
  for (const [name, below] of wanted) {
    const inner = hidden?.get(name.toLowerCase()) ?? null
    if (inner === null && hidden?.has(name.toLowerCase()) === true) continue
    names.push({
      bytes: Buffer.from(name),
      json: Buffer.from(`${JSON.stringify(name)}:`),
      below: below === null ? null : namesOf(below, inner),
      hidden: inner,
    })
  }
  return names
}

/** A document with its own types kept apart, from its bytes. */
export const parsed = (document: Uint8Array): object =>
  driver().BSON.deserialize(document, { promoteValues: false, promoteLongs: false, bsonRegExp: true })
