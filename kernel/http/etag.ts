/**
 * Entity tags (RFC 9110, 8.8.3): what a client says back to be answered 304 where nothing has changed, or to write only what it has seen.
 * A tag is strong: it is made of the body's bytes before compression, and names the encoding behind a dash, because the bytes sent differ
 * by it. Tags of one body are taken for each other whatever their encoding, and also where a proxy made them weak.
 */
import { hash } from 'node:crypto'

/** Bodies up to this size are hashed here, larger ones by the digest of the crypto library, whose calls cost more than its work. */
const smallBytes = 1024

/** The opaque part of a body's tag, without quotes. The same bytes have the same in every process. */
export function entityHash(body: Uint8Array): string {
  return body.length <= smallBytes ? smallHash(body) : hash('sha256', body, 'base64url').slice(0, 22)
}

/** The tag of a record or another body that is not compressed. */
export const entityTag = (body: Uint8Array): string => `"${entityHash(body)}"`

/** Two lanes of 32 bits over words of four bytes: murmur's mixing. It tells versions of a record apart; it keeps no secret. */
function smallHash(body: Uint8Array): string {
  const { length } = body
  let a = 0x9747b28c ^ length
  let b = 0x85ebca77 ^ Math.imul(length, 0x27d4eb2f)
  let at = 0
  for (const last = length - 3; at < last; at += 4) {
    const word =
      (body[at] as number) |
      ((body[at + 1] as number) << 8) |
      ((body[at + 2] as number) << 16) |
      ((body[at + 3] as number) << 24)
    a = Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64
    a ^= Math.imul(word, 0xcc9e2d51)
    b = Math.imul(((b << 17) | (b >>> 15)) ^ word, 0x9e3779b1)
  }
  for (; at < length; at++) {
    const byte = body[at] as number
    a = Math.imul(a ^ byte, 0xcc9e2d51)
    b = Math.imul(b ^ (byte + at), 0x9e3779b1)
  }
  return `${mixed(a ^ (b >>> 7))}.${mixed(b ^ (a >>> 11))}`
}

/** Decimal, since numbers of other bases are printed ten times as slowly. */
function mixed(lane: number): number {
  let h = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** One tag of a list, its encoding not looked at. */
const tags = /(?:W\/)?"([^"]*)"/g
const encodings = /-(?:br|gzip|zstd|deflate)$/

/**
 * Whether a list of tags, as `If-None-Match` and `If-Match` hold one, names the body of this hash. `*` names every body.
 */
export function namesEntity(list: string, entity: string): boolean {
  if (list.trim() === '*') return true
  for (const [, tag = ''] of list.matchAll(tags)) if (tag.replace(encodings, '') === entity) return true
  return false
}
