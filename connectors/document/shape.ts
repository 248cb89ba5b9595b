/** Documents as rows: which parts of one an answer shows, and under which names. */
import { atPath, type Projection, type Row, wholeRecord, withoutPaths } from 'dataferry/records'
import { Decimal, type Json } from 'dataferry/sdk'
import type { DocumentAdapter, Members, Raw } from './adapter.ts'

/** The fields asked for, one level for each part of their paths; null: all that is there. */
export type Wanted = Map<string, Wanted | null>
/** What is left out, one level for each part of the paths, in lower case; null: all that is there. */
export type Hidden = ReadonlyMap<string, Hidden | null>

export interface Shape {
  /** Paths that the store must give; null: whole documents. */
  readonly fields: readonly string[] | null
  /** What is shown, for stores that print it themselves; null: the rows hold more than that, or in another order. */
  readonly printed: { readonly wanted: Wanted | null; readonly hidden: Hidden | null } | null
  row(document: Raw): Row
}

/** Whether the columns are documents or parts of them, and no expressions. */
export const isPlain = (columns: readonly Projection[]): boolean => columns.every(({ expr }) => expr.kind === 'column')

/** How rows of these columns are made. `as` of a column that begins with `#` is the engine's own, and always there. */
export function shapeOf(columns: readonly Projection[], adapter: DocumentAdapter): Shape {
  const shown = columns.filter((each) => !each.hidden && each.column !== null)
  const own = shown.filter(({ as }) => as.startsWith('#'))
  const asked = shown.filter(({ as }) => !as.startsWith('#'))
  const whole = asked.some(({ column }) => column === wholeRecord)
  const without = asked.flatMap((each) => each.without ?? [])
  const wanted: Wanted = new Map()
  for (const { column } of asked) if (column) want(wanted, column.name.split('.'))
  const paths = [...new Set(shown.flatMap(({ column }) => (column ? [column.name] : [])))]
  return {
    fields: whole ? null : topmost([...paths, '_id']),
    printed:
      own.length > 0 || asked.length === 0 || !paths.every((path) => /^[^$\d]/.test(path) && !/\.[$\d]/.test(path))
        ? null
        : { wanted: whole ? null : wanted, hidden: hiddenOf(without) },
    row(document) {
      const all = adapter.shown(document)
      const row = asked.length === 0 ? {} : (withoutPaths(whole ? all : pick(all, wanted), without) as Members)
      if (own.length === 0) return row
      const made: { [name: string]: Json } = { ...row }
      for (const { as, column } of own) if (column) made[as] = ownValue(document, all, as, column.name, adapter)
      return made
    },
  }
}

/** The values of an order go into cursors, which must tell their types. */
const ownValue = (document: Raw, all: Members, as: string, path: string, adapter: DocumentAdapter): Json =>
  as.startsWith('#o') ? adapter.exact(document, path) : (atPath(all, path) ?? null)

function hiddenOf(paths: readonly string[]): Hidden | null {
  if (paths.length === 0) return null
  const hidden = new Map<string, Hidden | null>()
  const heads = new Map<string, string[]>()
  for (const path of paths) {
    const [head = '', ...rest] = path.toLowerCase().split('.')
    if (rest.length === 0) hidden.set(head, null)
    else heads.set(head, [...(heads.get(head) ?? []), rest.join('.')])
  }
  for (const [head, below] of heads) if (!hidden.has(head)) hidden.set(head, hiddenOf(below))
  return hidden
}

function want(wanted: Wanted, [head, ...rest]: readonly string[]): void {
  if (head === undefined) return
  const below = wanted.get(head)
  if (rest.length === 0 || below === null) {
    wanted.set(head, null)
    return
  }
  const inner: Wanted = below ?? new Map()
  wanted.set(head, inner)
  want(inner, rest)
}

function pick(value: Members, wanted: Wanted): Members {
  const picked: { [name: string]: Json } = {}
  for (const [name, below] of wanted) {
    if (!Object.hasOwn(value, name)) continue
    const member = value[name] ?? null
    const inner = below === null ? member : pickBelow(member, below)
    if (inner !== undefined) picked[name] = inner
  }
  return picked
}

function pickBelow(value: Json, wanted: Wanted): Json | undefined {
  if (Array.isArray(value)) return value.map((each) => pickBelow(each, wanted)).filter((each) => each !== undefined)
  if (value === null || typeof value !== 'object' || value instanceof Decimal) return undefined
  return pick(value as Members, wanted)
}

/** Stores refuse a path beside one above it. */
const topmost = (paths: readonly string[]): readonly string[] => {
  const all = [...new Set(paths)]
  return all.filter((path) => !all.some((other) => other !== path && path.startsWith(`${other}.`)))
}
