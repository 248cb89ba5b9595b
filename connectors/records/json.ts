/** JSON as a database column stores it: integers and decimals by their digits, nothing escaped that need not be. */
import { Decimal, type Json } from 'dataferry/sdk'

export function jsonText(value: Json): string {
  if (value === null) return 'null'
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null'
    case 'boolean':
    case 'bigint':
      return String(value)
    default:
      if (value instanceof Decimal) return value.digits
      if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
      return `{${Object.entries(value)
        .map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`)
        .join(',')}}`
  }
}
