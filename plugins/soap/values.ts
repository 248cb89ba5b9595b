/** What the library makes of a message -> a value as answers have it: attributes and elements alike are plain members. */
import { Decimal, type Json } from 'dataferry/sdk'

/** An element with attributes and a text has the text as `_`, as PHP's clients know it. */
export function plain(value: unknown): Json {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Decimal) return value
  if (typeof value !== 'object') return value as Json
  const object: { [name: string]: Json } = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    if (name === 'attributes') {
      for (const [attribute, set] of Object.entries(member as object))
        if (!/^(xmlns|xsi)(:|$)/.test(attribute)) object[attribute] = plain(set)
    } else object[name === '$value' ? '_' : name] = plain(member)
  }
  const names = Object.keys(object)
  return names.length === 1 && names[0] === '_' ? (object._ ?? null) : object
}
