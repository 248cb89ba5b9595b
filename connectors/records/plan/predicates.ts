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

/**
 * The columns are, pairwise, one of the keys: true or false, never unknown. Several columns are padded to a power of two keys, so that
 * statements are few.
 */
export function isOneOf(columns: readonly Column[], keys: readonly (readonly Bind[])[], binds: Binds): Predicate {
  if (keys.length === 0) return { kind: 'or', of: [] }
  const [only] = columns
  const values = keys.map((key) => key[0] ?? null)
  const found: Predicate =
    only && columns.length === 1
      ? oneOf(only, values, binds)
      : { kind: 'or', of: padded(keys).map((key) => keyIs(columns, key, binds)) }
  const there = columns.map(
    (column): Predicate => ({ kind: 'not', of: { kind: 'null', left: { kind: 'column', column } } }),
  )
  return { kind: 'and', of: [...there, found] }
}

function padded<T>(list: readonly T[]): readonly T[] {
  const last = list.at(-1)
  const size = 2 ** Math.ceil(Math.log2(list.length))
  return last === undefined ? list : [...list, ...Array.from({ length: size - list.length }, () => last)]
}
