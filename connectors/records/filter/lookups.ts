/**
 * Lookups (data-plane 2.13, control-plane 10.7): `{name}` and `{modifier(name)}` inside values. They are replaced in values that
 * were already parsed and never read again, so what a lookup holds can be nothing but data.
 */
import { Decimal, type Json } from 'dataferry/sdk'

export interface LookupSource {
  /** The value of a lookup such as `user.id`; undefined where there is none. */
  lookup(name: string): Json | undefined
  /** Modifiers that may be called. */
  readonly modifiers: ReadonlySet<string>
}

const modifierFunctions: ReadonlyMap<string, (text: string) => string> = new Map([
  ['strtoupper', (text: string) => text.toUpperCase()],
  ['strtolower', (text: string) => text.toLowerCase()],
  ['ucfirst', (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1)],
  ['lcfirst', (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1)],
  [
    'ucwords',
    (text: string) =>
      text.replace(/(^|[ \t\r\n\f\v])([a-z])/g, (_, gap: string, first: string) => gap + first.toUpperCase()),
  ],
  ['urlencode', (text: string) => percentEncode(text, /[^A-Za-z0-9\-_.]/gu).replaceAll('%20', '+')],
  ['urldecode', (text: string) => percentDecode(text.replaceAll('+', ' '))],
  ['rawurlencode', (text: string) => percentEncode(text, /[^A-Za-z0-9\-_.~]/gu)],
  ['rawurldecode', (text: string) => percentDecode(text)],
  ['base64_encode', (text: string) => Buffer.from(text, 'utf8').toString('base64')],
  ['base64_decode', (text: string) => Buffer.from(text, 'base64').toString('utf8')],
  ['trim', (text: string) => text.replace(/^[ \t\n\r\0\v]+/, '').replace(/(?<![ \t\n\r\0\v])[ \t\n\r\0\v]+$/, '')],
])

/** The modifiers that are allowed unless the configuration names others. */
export const defaultModifiers: ReadonlySet<string> = new Set(modifierFunctions.keys())

/**
 * Replaces the lookups of one string. A string that is only a lookup becomes the lookup's value in its own type; unknown names,
 * and modifiers that are not allowed, stay as they are written.
 */
export function replaceLookups(text: string, source: LookupSource): Json {
  if (!text.includes('{')) return text
  const whole = /^\{([^{}]+)\}$/.exec(text)?.[1]
  if (whole !== undefined) {
    const value = lookUp(whole, source)
    return value === undefined ? text : value
  }
  return text.replace(/\{([^{}]+)\}/g, (written, name: string) => {
    const value = lookUp(name, source)
    return (value === undefined ? undefined : plainText(value)) ?? written
  })
}

/** Replaces the lookups of every string in a value, at any depth; names of members stay. */
export function replaceLookupsIn(value: Json, source: LookupSource): Json {
  if (typeof value === 'string') return replaceLookups(value, source)
  if (value === null || typeof value !== 'object' || value instanceof Decimal) return value
  if (Array.isArray(value)) return value.map((each: Json) => replaceLookupsIn(each, source))
  const replaced: { [key: string]: Json } = Object.create(null)
  for (const [key, member] of Object.entries(value)) replaced[key] = replaceLookupsIn(member, source)
  return replaced
}

function lookUp(written: string, source: LookupSource): Json | undefined {
  const call = /^([A-Za-z_]\w*)\((.+)\)$/.exec(written)
  const [, modifier, name] = call ?? []
  if (modifier === undefined || name === undefined) return source.lookup(written)
  const apply = source.modifiers.has(modifier) ? modifierFunctions.get(modifier) : undefined
  const value = apply && source.lookup(name)
  const text = value === undefined ? null : plainText(value)
  return apply && text !== null ? apply(text) : undefined
}

/** A value inside a longer text, printed as PHP does; null for lists and objects. */
function plainText(value: Json): string | null {
  if (value === null || value === false) return ''
  if (value === true) return '1'
  if (typeof value === 'object' && !(value instanceof Decimal)) return null
  return String(value)
}

const percentEncode = (text: string, unsafe: RegExp): string =>
  text
    .toWellFormed()
    .replace(unsafe, (character) =>
      [...Buffer.from(character, 'utf8')]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
        .join(''),
    )

/** A percent sign that begins no code stays. */
const percentDecode = (text: string): string =>
  text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (codes) => Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'))
