/**
 * Confirmation codes (control-plane 1.6): 0-9A-Z from the system's source of randomness. Only a digest is stored; whoever gets hold
 * of the store has no code.
 */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto'

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** `length` is held between 5 and 32. */
export function newCode(length: number): string {
  const most = Math.min(32, Math.max(5, Math.trunc(length)))
  return Array.from({ length: most }, () => letters[randomInt(letters.length)]).join('')
}

/** What the column holds of a pending code: 64 hex digits. */
export const codeDigest = (code: string): string => createHash('sha256').update(code).digest('hex')

/** What the column holds of an account whose code was used. */
export const confirmed = 'y'

export const isPending = (stored: string | null): stored is string => stored !== null && stored !== confirmed

/** In the same time whatever is stored. */
export function isCode(code: string, stored: string | null): boolean {
  const nothing = '0'.repeat(64)
  const known = isPending(stored) && stored.length === 64 ? stored : nothing
  return timingSafeEqual(Buffer.from(codeDigest(code)), Buffer.from(known)) && known !== nothing
}
