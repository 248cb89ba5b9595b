/** The columns that relations are matched by. */
import { projection } from '../plan/fields.ts'
import type { Projection } from '../plan/types.ts'
import type { Relating } from './read.ts'

/** Names of values that the engine reads for itself and takes out of the rows again. */
const isEngineName = (as: string): boolean => as.startsWith('#')

/** The columns that relations are matched by are added behind the fields that were asked for, and stay (data-plane 5.3). */
export function withJoinColumns(columns: readonly Projection[], related: readonly Relating[]): readonly Projection[] {
  const there = new Set(
    columns.map(({ as, expr, through }) =>
      expr.kind === 'column' && !isEngineName(as) && through !== true ? expr.column : null,
    ),
  )
  const added: Projection[] = []
  for (const { own } of related) {
    for (const column of own) {
      if (there.has(column)) continue
      there.add(column)
      // One that is shown through a function is read as it is beside it.
      const hidden = columns.some((each) => each.column === column && each.through === true)
      added.push(hidden ? { ...projection(column), hidden } : projection(column))
    }
  }
  return added.length === 0 ? columns : [...columns, ...added]
}
