/**
 * Schemas as short texts, and rows for them that are the same in every run. One line a column:
 *
 *     name type[(length or precision.scale)][?] [key] [-> table.column] [later]
 *
 * `?` is nullable; `key` is part of the primary key; `later`: the reference is set when every table has its rows.
 */

import type { SeedTable } from 'dataferry/conformance'
import type { ColumnDefinition, ForeignKeyDefinition, Row, SimpleType } from 'dataferry/records'

export interface Reference {
  readonly columns: readonly string[]
  readonly table: string
  readonly refColumns: readonly string[]
}

/** A table of a schema with its rows. */
export interface Made extends SeedTable {
  readonly name: string
  readonly key: readonly string[]
  readonly references: readonly Reference[]
  /** Columns of references that a later table is for. */
  readonly later: readonly string[]
}

interface Line {
  readonly column: ColumnDefinition
  readonly key: boolean
  readonly to: readonly [table: string, column: string] | null
  readonly later: boolean
}

/** `counts`: the rows of each table. Tables come in the order in which they can be filled. */
export function schema(
  text: { readonly [table: string]: string },
  counts: { readonly [table: string]: number },
): readonly Made[] {
  return Object.entries(text).map(([name, lines]) => table(name, lines.trim().split('\n').map(line), counts))
}

function line(text: string): Line {
  const found = /^\s*(\w+) (\w+)(?:\((\d+)(?:\.(\d+))?\))?(\?)?( key)?(?: -> (\w+)\.(\w+))?( later)?\s*$/.exec(text)
  if (!found) throw new Error(`not a column: ${text}`)
  const [, name = '', type = '', size, scale, nullable, key, table, column, later] = found
  const measures =
    size === undefined
      ? {}
      : scale === undefined
        ? { length: Number(size) }
        : { precision: Number(size), scale: Number(scale) }
  return {
    column: { name, type: type as SimpleType, ...measures, allowNull: nullable !== undefined },
    key: key !== undefined,
    to: table === undefined || column === undefined ? null : [table, column],
    later: later !== undefined,
  }
}

function table(name: string, lines: readonly Line[], counts: { readonly [table: string]: number }): Made {
  const key = lines.filter((each) => each.key).map((each) => each.column.name)
  const references = lines.flatMap(({ column, to }): Reference[] =>
    to === null ? [] : [{ columns: [column.name], table: to[0], refColumns: [to[1]] }],
  )
  const foreignKeys = references.map(
    ({ columns, table: refTable, refColumns }): ForeignKeyDefinition => ({ columns, refTable, refColumns }),
  )
  return {
    name,
    key,
    references,
    later: lines.filter((each) => each.later).map((each) => each.column.name),
    plan: { kind: 'create-table', name, columns: lines.map((each) => each.column), primaryKey: key, foreignKeys },
    rows: rowsOf(name, lines, counts),
  }
}

function rowsOf(name: string, lines: readonly Line[], counts: { readonly [table: string]: number }): readonly Row[] {
  const count = counts[name] ?? 0
  const keys = lines.filter((each) => each.key)
  const rows: Row[] = []
  const seen = new Set<string>()
  for (let at = 0; rows.length < count && at < count * 20; at += 1) {
    const row = Object.fromEntries(
      lines.map((each, index) => [each.column.name, madeValue(each, at, index, keys.length > 1, counts)]),
    )
    const id = JSON.stringify(keys.map((each) => row[each.column.name]))
    if (seen.has(id)) continue
    seen.add(id)
    rows.push(row)
  }
  return rows
}

function madeValue(
  { column, key, to }: Line,
  at: number,
  index: number,
  composite: boolean,
  counts: { readonly [table: string]: number },
): Row[string] {
  const mixed = (at * 7919 + index * 104729) % 100003
  if (key && !composite && to === null) return at + 1
  if (column.allowNull === true && mixed % 5 === 0) return null
  if (to !== null) {
    const most = Math.max(1, counts[to[0]] ?? 1)
    if (key && !composite) return at + 1
    return (
      1 + (composite && key ? (index % 2 === 0 ? at % most : (at * 3 + Math.floor(at / most)) % most) : mixed % most)
    )
  }
  switch (column.type) {
    case 'string':
    case 'text':
      return `${column.name} ${at}`.slice(0, column.length ?? 60)
    case 'boolean':
      return mixed % 2 === 0
    case 'decimal':
      return (mixed % 900) / 100
    case 'datetime':
      return `20${String(10 + (mixed % 15))}-0${1 + (mixed % 9)}-1${mixed % 10} 0${mixed % 10}:30:00`
    default:
      return mixed % 30000
  }
}
