/** The fields that some documents of a collection have, for a description on request (data-plane 8.1). */
import { Decimal, type Json } from 'dataferry/sdk'
import type { Row } from '../store.ts'
import { openField } from './open.ts'
import type { Column, SimpleType, Table } from './types.ts'

/** The table with a field for each name at the top of the rows that is not declared; of several types it is an `object`. */
export function withSampled(table: Table, rows: readonly Row[]): Table {
  const declared = new Set(table.columns.map((column) => column.name.toLowerCase()))
  const types = new Map<string, SimpleType | null>()
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (!declared.has(name.toLowerCase())) types.set(name, joined(types.get(name) ?? null, typeOf(value)))
    }
  }
  const sampled = [...types].map(([name, type]): Column => openField(name, { type: type ?? 'object' }))
  return sampled.length === 0 ? table : { ...table, columns: [...table.columns, ...sampled] }
}

/** null: nothing is known of it. */
function typeOf(value: Json): SimpleType | null {
  if (value === null) return null
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'bigint':
      return 'bigint'
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'double'
    default:
      if (value instanceof Decimal) return 'decimal'
      if (Array.isArray(value)) return 'array'
      return '$date' in value ? 'datetime' : 'object'
  }
}

/** From the narrowest number to the widest. */
const numbers: readonly SimpleType[] = ['integer', 'bigint', 'double', 'decimal']

function joined(a: SimpleType | null, b: SimpleType | null): SimpleType | null {
  if (a === null || b === null || a === b) return a ?? b
  const [left, right] = [numbers.indexOf(a), numbers.indexOf(b)]
  return left === -1 || right === -1 ? 'object' : (numbers[Math.max(left, right)] ?? 'object')
}
