/**
 * The query string -> RawOptions (data-plane 1.1): texts, lists (`a[]=x`) and maps (`a[k]=x`), names case-sensitive, the last
 * of a repeated name counts. Both spellings of a name with dots are the options' affair.
 */
import { parsePairs } from '../formats/form.ts'
import type { Json } from '../plugins/contract.ts'

/** @throws BadRequest when there are too many parameters, or brackets too deep. */
export function parseQuery(text: string): Map<string, Json> {
  return text === '' ? new Map() : parsePairs(text, 'query string')
}

const trueWords: ReadonlySet<string> = new Set(['true', '1', 'yes', 'y', 't', 'on'])

/** data-plane 2.8: `true, 1, yes, y, t, on` in any case are true, everything else is false. */
export function isTrue(value: Json | undefined): boolean {
  if (typeof value === 'string') return trueWords.has(value.toLowerCase())
  return value === true || value === 1
}
