/**
 * Fields of related tables in filters and orders (`customer.country = 'DE'`): by the relation's name, dots lead on. A test of one holds
 * where some related row satisfies it. The tables are looked up before anything is planned, with the caller's rights to read them.
 */
import { type Json, NotImplemented } from 'dataferry/sdk'
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import {
  allOf,
  type Filter,
  type FilterExpr,
  type OrderAsked,
  type RelatedField,
  type RelatedStep,
  type RelatedValue,
} from '../filter/index.ts'
import type { Binds } from '../plan/binds.ts'
import { realColumn, type TableView } from '../view.ts'
import { relationOf } from './asked.ts'
import { foreignId, type RelatedTables } from './tables.ts'

interface Step {
  readonly relation: Relation
  readonly from: Table
  readonly child: TableView
  readonly junction: TableView | null
}

interface Found {
  readonly column: Column
  readonly steps: readonly Step[]
}

/** The related fields that one request names. */
export class RelatedFields {
  readonly #found: ReadonlyMap<string, Found>

  constructor(found: ReadonlyMap<string, Found>) {
    this.#found = found
  }

  /** A field as written, in any case; null where it is none. */
  at(name: string, binds: Binds, params: ReadonlyMap<string, Json>): RelatedField | null {
    const found = this.#found.get(name.toLowerCase())
    const last = found?.steps.at(-1)
    if (!found || !last) return null
    const { column, steps } = found
    return {
      column,
      scope: last.child.scope(binds, params),
      exists: (where) =>
        steps.reduceRight((inner, step) => ({ kind: 'exists', step: stepOf(step, binds, inner) }), where),
      value: () =>
        steps.every(({ relation }) => relation.type === 'belongs_to' || relation.type === 'has_one')
          ? valueAt(steps, column, binds)
          : null,
    }
  }
}

function valueAt([step, ...rest]: readonly Step[], column: Column, binds: Binds): RelatedValue | null {
  if (!step) return null
  const value = valueAt(rest, column, binds) ?? ({ kind: 'column', column } as const)
  return { kind: 'related', step: stepOf(step, binds, null), value }
}

function stepOf({ relation, from, child, junction }: Step, binds: Binds, where: RelatedStep['where']): RelatedStep {
  const own = columnsOf(from, relation.fields)
  const refs = columnsOf(child.table, relation.refFields)
  const near = junction === null ? refs : columnsOf(junction.table, relation.junction?.fields ?? [])
  const far = junction === null ? [] : columnsOf(junction.table, relation.junction?.refFields ?? [])
  return {
    from,
    to: child.table,
    on: pairs(own, near).map(([a, b]) => ({ own: a, other: b })),
    via: junction && {
      table: junction.table,
      far: pairs(far, refs).map(([a, b]) => ({ junction: a, child: b })),
      where: junction.rows(binds),
    },
    where: allOf([child.rows(binds), where]),
  }
}

const columnsOf = (table: Table, names: readonly string[]): readonly Column[] =>
  names.map((name) => realColumn(table, name)).filter((column) => column !== null)

const pairs = (a: readonly Column[], b: readonly Column[]): readonly (readonly [Column, Column])[] =>
  a.flatMap((left, at) => {
    const right = b[at]
    return right ? [[left, right] as const] : []
  })

/**
 * Looks up the related fields that a filter and an order name; null: none. Throws Forbidden for a table that the caller may not read,
 * NotImplemented for one of another service.
 */
export async function relatedFields(
  view: TableView,
  filter: Filter | null,
  order: readonly OrderAsked[],
  tables: RelatedTables,
): Promise<RelatedFields | null> {
  const names = new Set<string>()
  if (filter) namesIn(filter, names)
  for (const { by } of order) if (by.kind === 'expr') nameIn(by.expr, names)
  const found = new Map<string, Found>()
  for (const name of names) {
    if (view.column(name)) continue
    const field = await fieldAt(view, name, tables)
    if (field) found.set(name.toLowerCase(), field)
  }
  return found.size === 0 ? null : new RelatedFields(found)
}

function namesIn(filter: Filter, names: Set<string>): void {
  if ('of' in filter) {
    if (filter.kind === 'not') namesIn(filter.of, names)
    else for (const each of filter.of) namesIn(each, names)
  } else nameIn(filter.left, names)
}

function nameIn(expr: FilterExpr, names: Set<string>): void {
  if (expr.kind === 'column' && expr.column.includes('.')) names.add(expr.column)
}

/** Follows a path from relation to relation to the field at its end. */
async function fieldAt(view: TableView, path: string, tables: RelatedTables): Promise<Found | null> {
  const steps: Step[] = []
  let here = view
  let rest = path
  while (steps.length < tables.maxDepth) {
    const relation = relationOf(here.relations, rest)
    if (!relation) return null
    const step = await stepTo(here, relation, tables)
    if (step === null) return null
    steps.push(step)
    here = step.child
    rest = rest.slice(nameOf(relation).length + 1)
    const column = here.column(rest)
    if (column) return { column, steps }
  }
  return null
}

async function stepTo(view: TableView, relation: Relation, tables: RelatedTables): Promise<Step | null> {
  const { refServiceId, refTable, refFields, junction } = relation
  if (foreignId(tables, refServiceId) !== null || foreignId(tables, junction?.serviceId ?? null) !== null) {
    throw new NotImplemented(
      `Relation '${nameOf(relation)}' leads to another service: its fields can not be asked for here.`,
    )
  }
  const childTable = await tables.catalog.realTable(refTable)
  const junctionTable = junction === null ? null : await tables.catalog.realTable(junction.table)
  if (childTable === null || (junction !== null && junctionTable === null)) return null
  const child = tables.view(childTable)
  const through = junctionTable && tables.view(junctionTable)
  if (!child.seesAll(refFields)) return null
  if (junction && through && !through.seesAll([...junction.fields, ...junction.refFields])) return null
  return { relation, from: view.table, child, junction: through }
}
