/** Steps from a table to a related one, as filters and orders on related fields take them. */
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import { allOf, type RelatedStep } from '../filter/index.ts'
import type { Binds } from '../plan/binds.ts'
import { realColumn, type TableView } from '../view.ts'
import { isOtherKind, keyKind } from './kinds.ts'
import { foreignId, type RelatedTables } from './tables.ts'

export interface Step {
  readonly relation: Relation
  readonly from: Table
  /** The columns of `from` that it is matched by. */
  readonly own: readonly Column[]
  readonly child: TableView
  readonly tables: RelatedTables
  readonly junction: TableView | null
  readonly between: RelatedTables | null
  /** No statement can follow it: it leads to another service, or its keys are of different kinds. */
  readonly apart: boolean
  /** The junction is beside the own table, which can be joined to it. */
  readonly joinsJunction: boolean
}

export const columnsOf = (table: Table, names: readonly string[]): readonly Column[] =>
  names.map((name) => realColumn(table, name)).filter((column) => column !== null)

/**
 * The step that a relation of the view is; null: a part of it is hidden from the caller, so it does not exist. Throws Forbidden for a
 * table that the caller may not read.
 */
export async function stepTo(view: TableView, relation: Relation, here: RelatedTables): Promise<Step | null> {
  const { refServiceId, refTable, refFields, junction } = relation
  const tables = await tablesOf(here, refServiceId)
  const between = junction === null ? null : await tablesOf(here, junction.serviceId)
  const childTable = await tables.catalog.realTable(refTable)
  const junctionTable = (await between?.catalog.realTable(junction?.table ?? '')) ?? null
  if (childTable === null || (junction !== null && junctionTable === null)) return null
  const child = tables.view(childTable)
  const through = junctionTable && between ? between.view(junctionTable) : null
  if (!child.seesAll(refFields)) return null
  if (junction && through && !through.seesAll([...junction.fields, ...junction.refFields])) return null
  const own = columnsOf(view.table, relation.fields)
  const near = through === null ? [] : columnsOf(through.table, junction?.fields ?? [])
  const sameKinds = own.every((column, at) => keyKind(column) === keyKind(near[at] ?? column))
  const elsewhere = tables !== here || (between !== null && between !== here)
  return {
    relation,
    from: view.table,
    own,
    child,
    tables,
    junction: through,
    between,
    apart: elsewhere || isOtherKind(relation, view.table, childTable, junctionTable),
    joinsJunction: between === here && sameKinds && view.table.open !== true && junctionTable?.open !== true,
  }
}

const tablesOf = (here: RelatedTables, id: number | null): RelatedTables | Promise<RelatedTables> => {
  const foreign = foreignId(here, id)
  return foreign === null ? here : here.other(foreign)
}

/** The step in a plan; `where`: which of the related rows count, beside what the caller may see. */
export function stepOf(
  { relation, from, own, child, junction }: Step,
  binds: Binds,
  where: RelatedStep['where'],
): RelatedStep {
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

const pairs = (a: readonly Column[], b: readonly Column[]): readonly (readonly [Column, Column])[] =>
  a.flatMap((left, at) => {
    const right = b[at]
    return right ? [[left, right] as const] : []
  })

/** What messages call a step. */
export const stepName = ({ relation }: Step): string => nameOf(relation)
