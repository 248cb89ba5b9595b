/**
 * Open tables: collections of documents, whose records have more fields than anybody declared. A field that is asked for by name or by a
 * dotted path becomes a column when it is asked for. Its operands are of the type that they are written in (data-plane 8.1), and what is
 * stored is bound as JSON text, so that numbers, lists and objects arrive as they were sent.
 */
import { Decimal, type Json } from 'dataferry/sdk'
import { plainColumn } from './plain.ts'
import type { Column, Table } from './types.ts'

/** Columns of one table that are kept; the oldest go first. */
const mostKept = 2_000
const mostSegments = 50
const longestPath = 500

const known = new WeakMap<Table, Map<string, Column>>()

/** A field of an open table; null for what can be no name: parts that are empty, begin with `$` or hold a zero character. */
export function openColumn(table: Table, path: string): Column | null {
  if (table.open !== true) return null
  let columns = known.get(table)
  if (columns === undefined) {
    columns = new Map()
    known.set(table, columns)
  }
  const found = columns.get(path)
  if (found) return found
  if (!isPath(path)) return null
  const made = openField(path)
  columns.set(path, made)
  if (columns.size > mostKept) {
    const [oldest] = columns.keys()
    if (oldest !== undefined) columns.delete(oldest)
  }
  return made
}

/** A column of an open table that is declared, or one that is asked for. */
export const openField = (path: string, over: Partial<Column> = {}): Column =>
  plainColumn(path, 'object', { label: path, dbType: '', open: true, ...over })

const isPath = (path: string): boolean => {
  if (path.length > longestPath || path.includes('\0')) return false
  const segments = path.split('.')
  return segments.length <= mostSegments && segments.every((each) => each !== '' && !each.startsWith('$'))
}

/** Stands for the whole record in a projection. */
export const wholeRecord: Column = openField('*')

// ---- paths

/** A place in a list may stand in a path or not: `a.0.b` leads where `a.b` does. */
const withoutPlaces = (path: string): string =>
  path
    .split('.')
    .filter((segment, at) => at === 0 || !/^\d+$/.test(segment))
    .join('.')

/** Whether the path is the other one or below it, in any case. */
export function isWithin(path: string, other: string): boolean {
  const lower = path.toLowerCase()
  const top = other.toLowerCase()
  const within = (each: string): boolean => each === top || each.startsWith(`${top}.`)
  return within(lower) || within(withoutPlaces(lower))
}

/** Whether writing one of the paths changes what is at the other. */
export function overlap(a: string, b: string): boolean {
  const left = withoutPlaces(a)
  const right = withoutPlaces(b)
  return left === right || left.startsWith(`${right}.`) || right.startsWith(`${left}.`)
}

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)

/** The value at the end of a path, with no look into lists; undefined where there is none. */
export function atPath(value: Json, path: string): Json | undefined {
  let here: Json | undefined = value
  for (const segment of path.split('.')) {
    if (!isObject(here) || !Object.hasOwn(here, segment)) return undefined
    here = here[segment]
  }
  return here
}

/** The value without what is at these paths or below them, in any case and inside of lists. `path`: where the value itself is. */
export function withoutPaths(value: Json, hidden: readonly string[], path = ''): Json {
  if (hidden.length === 0) return value
  if (Array.isArray(value)) return value.map((each) => withoutPaths(each, hidden, path))
  if (!isObject(value)) return value
  const kept: { [name: string]: Json } = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    const at = path === '' ? name : `${path}.${name}`
    if (hidden.some((each) => isWithin(at, each))) continue
    kept[name] = hidden.some((each) => isWithin(each, at)) ? withoutPaths(member, hidden, at) : member
  }
  return kept
}

/** Whether there is something at one of these paths or below. */
export const holdsPaths = (value: Json, paths: readonly string[], path: string): boolean => {
  if (paths.length === 0) return false
  if (Array.isArray(value)) return value.some((each) => holdsPaths(each, paths, path))
  if (!isObject(value)) return false
  return Object.entries(value).some(([name, member]) => {
    const at = `${path}.${name}`
    return paths.some((each) => isWithin(at, each)) || holdsPaths(member, paths, at)
  })
}
