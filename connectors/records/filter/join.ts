/** Joins trees: the one way in which a caller's filter and a role's filter meet. */
import type { Tree } from './types.ts'

/** All of the trees that are there, under one AND; null where there is none. */
export function allOf<C, V, L, X = never>(trees: readonly (Tree<C, V, L, X> | null)[]): Tree<C, V, L, X> | null {
  const of = trees.filter((tree) => tree !== null)
  return of.length > 1 ? { kind: 'and', of } : (of[0] ?? null)
}
