/** Values of lookups are encrypted at rest (control-plane 10.7); a private one shows as the mask. */
import type { Json } from 'dataferry/sdk'
import { isSealed, mask, type Secrets } from '../store/secrets.ts'

const purpose = 'lookup.value'

export function sealLookup(value: string | null, secrets: Secrets): string | null {
  return value === null ? null : secrets.seal(value, purpose)
}

/** The value in clear; null where there is none, or where it can't be opened. */
export function openLookup(stored: Json, secrets: Secrets): string | null {
  if (typeof stored !== 'string') return null
  return isSealed(stored) ? secrets.tryOpen(stored, purpose) : stored
}

/** What a record shows. */
export function shownLookup(stored: Json, isPrivate: boolean, secrets: Secrets): string | null {
  return stored === null ? null : isPrivate ? mask : (openLookup(stored, secrets) ?? mask)
}
