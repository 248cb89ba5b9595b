/** Which values a row shows: fields, and aggregates where rows are grouped (data-plane 3.3 `fields`). */
import { BadRequest } from 'dataferry/sdk'
import { wholeRecord } from '../catalog/open.ts'
import { type Column, integerTypes, nameOf, type SimpleType } from '../catalog/types.ts'
import { aggregateKey, type FieldAsked, parseField } from '../filter/index.ts'
import type { FieldsAsked } from '../options.ts'
import type { TableView } from '../view.ts'
import { isShownThrough } from './functions.ts'
import type { AggregateFunction, Projection } from './types.ts'

const projections = new WeakMap<Column, Projection>()

/** The column under the name that clients use. */
export function projection(column: Column): Projection {
  const known = projections.get(column)
  if (known) return known
  const made: Projection = {
    as: nameOf(column),
    expr: { kind: 'column', column },
    type: column.type,
    column,
    hidden: false,
  }
  projections.set(column, made)
  return made
}

const shownThrough = new WeakMap<Column, Projection>()

/** The column as rows show it: through its function, where it has one (data-plane 6.6). */
export function shownProjection(column: Column): Projection {
  if (!isShownThrough(column)) return projection(column)
  const known = shownThrough.get(column)
  if (known) return known
  const made: Projection = { ...projection(column), through: true }
  shownThrough.set(column, made)
  return made
}

const whole = new WeakMap<readonly Column[], readonly Projection[]>()

/** All visible columns but those that must be asked for (`*`). The same list each time for the same columns. */
export function allFields(view: TableView): readonly Projection[] {
  const known = whole.get(view.columns)
  if (known) return known
  const made =
    view.table.open === true
      ? [{ ...projection(wholeRecord), without: view.hiddenBelow(null) }]
      : view.columns.filter((column) => !column.isAggregate).map(shownProjection)
  whole.set(view.columns, made)
  return made
}

/**
 * The columns of an answer, in the order asked for. `key`: what an empty list means, and everything where there is no key.
 * Throws BadRequest `Invalid field requested: x`.
 */
export function fieldsOf(
  view: TableView,
  asked: FieldsAsked,
  key: readonly Column[],
  grouped: boolean,
): readonly Projection[] {
  if (asked === null || asked === 'all') return allFields(view)
  if (asked === 'ids') return key.length === 0 ? allFields(view) : key.map(shownProjection)
  const found = new Map<string, Projection>()
  for (const name of asked) {
    const member = parseField(name)
    for (const each of member.kind === 'all' ? allFields(view) : [fieldOf(view, name, member, grouped)]) {
      found.set(each.as, each)
    }
  }
  // The identifier of a document is part of every projection (data-plane 8.1).
  if (view.table.open === true && !grouped) {
    const missing = view.key.filter((column) => !found.has(nameOf(column)))
    return [...missing.map(shownProjection), ...found.values()]
  }
  return [...found.values()]
}

function fieldOf(view: TableView, text: string, member: FieldAsked, grouped: boolean): Projection {
  const aggregates = grouped && member.kind === 'aggregate' && view.table.open === true
  const column = aggregates ? null : view.column(text)
  if (column?.open === true) return { ...projection(column), without: view.hiddenBelow(column) }
  if (column) return shownProjection(column)
  const found = grouped && member.kind === 'aggregate' ? aggregateOf(view, member.function, member.of) : null
  if (!found) throw new BadRequest(`Invalid field requested: ${text}`)
  return found
}

function aggregateOf(view: TableView, name: AggregateFunction, of: string | null): Projection | null {
  if (of === null) {
    const expr = { kind: 'aggregate', name, of: null } as const
    return { as: aggregateKey(name, null), expr, type: 'bigint', column: null, hidden: false }
  }
  const column = view.column(of)
  if (!column || (column.open === true && view.hiddenBelow(column).length > 0)) return null
  return {
    as: aggregateKey(name, nameOf(column)),
    expr: { kind: 'aggregate', name, of: { kind: 'column', column } },
    type: aggregateType(name, column),
    column: name === 'MIN' || name === 'MAX' ? column : null,
    hidden: false,
  }
}

const floating: ReadonlySet<SimpleType> = new Set(['float', 'double'])
const whole64: ReadonlySet<SimpleType> = new Set<SimpleType>([...integerTypes, 'boolean', 'year'])

function aggregateType(name: AggregateFunction, column: Column): SimpleType {
  if (name === 'COUNT') return 'bigint'
  if (name === 'MIN' || name === 'MAX') return column.type
  if (floating.has(column.type)) return 'double'
  if (name === 'SUM' && whole64.has(column.type)) return 'bigint'
  return column.type === 'decimal' || column.type === 'money' || whole64.has(column.type) ? 'decimal' : 'double'
}
