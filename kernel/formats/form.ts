/**
 * Names and values of query strings and form bodies, read as PHP reads them (data-plane 1.1, 2.6): `a=1` is a text, `a[]=x` a
 * list, `a[k]=x` a map, brackets nest, the last one of a name counts, `+` is a space. One pass over the text.
 */
import { BadRequest } from '../errors.ts'
import type { Json } from '../plugins/contract.ts'

export interface FormLimits {
  /** Pairs; more are refused. */
  readonly pairs: number
  /** Brackets of one name; more are refused. */
  readonly depth: number
}
export const formLimits: FormLimits = { pairs: 1000, depth: 32 }

/** A list or map under construction: keys in order, and the number that the next `[]` gets. */
class Branch {
  readonly items = new Map<string, string | Branch>()
  #next = 0

  add(key: string | null, value: string | Branch): void {
    const name = key ?? String(this.#next)
    if (/^(?:0|[1-9]\d{0,8})$/.test(name)) this.#next = Math.max(this.#next, Number(name) + 1)
    this.items.set(name, value)
  }

  /** A list when the keys count up from 0, a map otherwise. */
  value(): Json {
    let index = 0
    for (const key of this.items.keys()) if (key !== String(index++)) return this.#map()
    return Array.from(this.items.values(), json)
  }

  #map(): Json {
    const map: { [key: string]: Json } = Object.create(null)
    for (const [key, item] of this.items) map[key] = json(item)
    return map
  }
}

const json = (item: string | Branch): Json => (typeof item === 'string' ? item : item.value())

/**
 * Every name with its value. `what` names the text in errors: "query string", "form".
 *
 * @throws BadRequest when there are too many pairs, or brackets too deep.
 */
export function parsePairs(text: string, what: string, limits: FormLimits = formLimits): Map<string, Json> {
  const pairs = new Map<string, string | Branch>()
  let nested = false
  let count = 0
  for (let start = 0; start <= text.length; ) {
    const found = text.indexOf('&', start)
    const end = found < 0 ? text.length : found
    if (end > start) {
      if (++count > limits.pairs) throw new BadRequest(`The ${what} has more than ${limits.pairs} parameters.`)
      const equals = text.indexOf('=', start)
      const hasValue = equals >= 0 && equals < end
      const name = decodePart(text.slice(start, hasValue ? equals : end))
      const value = hasValue ? decodePart(text.slice(equals + 1, end)) : ''
      const bracket = name.indexOf('[')
      if (bracket > 0 && name.includes(']', bracket)) {
        nested = true
        nest(pairs, name, bracket, value, what, limits)
      } else if (name !== '') {
        // A repeated name takes the place of its last appearance.
        pairs.set(name, value)
      }
    }
    start = end + 1
  }
  if (!nested) return pairs as Map<string, Json>
  return new Map(Array.from(pairs, ([name, item]) => [name, json(item)]))
}

/** A form body as an object with null prototype. */
export function decodeForm(text: string): Json {
  const object: { [key: string]: Json } = Object.create(null)
  for (const [name, value] of parsePairs(text, 'form')) object[name] = value
  return object
}

function nest(
  pairs: Map<string, string | Branch>,
  name: string,
  bracket: number,
  value: string,
  what: string,
  limits: FormLimits,
): void {
  const base = name.slice(0, bracket)
  const keys: (string | null)[] = []
  for (let at = bracket; name[at] === '['; ) {
    const close = name.indexOf(']', at)
    if (close < 0) break
    keys.push(close === at + 1 ? null : name.slice(at + 1, close))
    if (keys.length > limits.depth)
      throw new BadRequest(`The ${what} nests brackets more than ${limits.depth} levels deep.`)
    at = close + 1
  }
  const first = pairs.get(base)
  let branch = first instanceof Branch ? first : new Branch()
  pairs.set(base, branch)
  for (let index = 0; index < keys.length - 1; index++) {
    const key = keys[index] ?? null
    const known = key === null ? undefined : branch.items.get(key)
    const next = known instanceof Branch ? known : new Branch()
    if (next !== known) branch.add(key, next)
    branch = next
  }
  branch.add(keys.at(-1) ?? null, value)
}

/** Percent-escapes and `+`. What is no escape stays as it was written, as in `like 'A%'`; broken UTF-8 becomes U+FFFD. */
export function decodePart(part: string): string {
  const text = part.includes('+') ? part.replaceAll('+', ' ') : part
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/(?:%[\da-fA-F]{2})+/g, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
    )
  }
}
