/** Small predicates over columns and values, for keys. */
import type { Bind } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import type { Predicate } from '../filter/types.ts'
import type { Binds } from './binds.ts'

/** The column equals the value; null: is null. */
export function equals(column: Column, value: Bind, binds: Binds): Predicate {
  const left = { kind: 'column', column } as const
  if (value === null) return { kind: 'null', left }
  return { kind: 'compare', op: '=', left, right: { kind: 'value', value: binds.add(value) } }
}

/** The columns equal the values, pairwise. */
export function keyIs(columns: readonly Column[], values: readonly Bind[], binds: Binds): Predicate {
  const of = columns.map((column, index) => equals(column, values[index] ?? null, binds))
  const [only] = of
  return of.length === 1 && only ? only : { kind: 'and', of }
}

/** The column is one of the values: one slot for all of them. */
export const oneOf = (column: Column, values: readonly Bind[], binds: Binds): Predicate => ({
  kind: 'in',
  left: { kind: 'column', column },
  list: binds.add(values),
})
