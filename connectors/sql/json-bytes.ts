/**
 * JSON texts from bytes of UTF-8 and ASCII: bytes to bytes, without a string in between. Writers take the bytes from `start` to `end`, write
 * to `out` at `at`, and answer where they ended. Whoever calls them has made room: 6 bytes out of 1, and 2 more.
 */

/** Longer pieces are copied by one call, shorter ones in a loop: whichever is faster at that length. */
const short = 40
/** The same for texts, which are looked through in any case. */
const shortText = 96

const quote = 34
const backslash = 92

export function copyBytes(bytes: Buffer, start: number, end: number, out: Buffer, at: number): number {
  if (end - start >= short) return at + bytes.copy(out, at, start, end)
  for (let i = start; i < end; i++) out[at++] = bytes[i] as number
  return at
}

/** 1: must be escaped in a JSON string. Bytes of UTF-8 sequences go through as they are. */
const escaped = new Uint8Array(256)
escaped.fill(1, 0, 32)
escaped[quote] = 1
escaped[backslash] = 1
/** The letter behind the backslash, where there is a short form. */
const letters = new Uint8Array(256)
for (const [byte, letter] of [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
  [quote, '"'],
  [backslash, '\\'],
] as const) {
  letters[byte] = letter.charCodeAt(0)
}
const hex = Buffer.from('0123456789abcdef')

/** A JSON string of UTF-8. */
export function jsonTextBytes(bytes: Buffer, start: number, end: number, out: Buffer, at: number): number {
  out[at++] = quote
  let from = start
  if (end - start >= shortText) {
    while (from < end && escaped[bytes[from] as number] === 0) from++
    at += bytes.copy(out, at, start, from)
  }
  for (; from < end; from++) {
    const byte = bytes[from] as number
    if (escaped[byte] === 0) {
      out[at++] = byte
      continue
    }
    const letter = letters[byte] as number
    out[at++] = backslash
    if (letter !== 0) {
      out[at++] = letter
    } else {
      out[at++] = 117
      out[at++] = 48
      out[at++] = 48
      out[at++] = hex[byte >> 4] as number
      out[at++] = hex[byte & 15] as number
    }
  }
  out[at++] = quote
  return at
}

/** How many bytes more than its own and the quotes a text takes. */
export function escapesIn(bytes: Buffer, start: number, end: number): number {
  let more = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (escaped[byte] !== 0) more += letters[byte] === 0 ? 5 : 1
  }
  return more
}

export function jsonNullBytes(out: Buffer, at: number): number {
  out[at] = 110
  out[at + 1] = 117
  out[at + 2] = 108
  out[at + 3] = 108
  return at + 4
}
