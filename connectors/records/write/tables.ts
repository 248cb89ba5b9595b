/** The tables of children, for nested writes. */

import type { Bind, Json } from 'dataferry/sdk'
import { castToColumn } from '../cast.ts'
import type { RecordTarget } from '../target.ts'
import { realColumn, type TableView } from '../view.ts'
import type { NestedTables } from './nested.ts'

/** Children are written with the rights of the parent's request: the model of the parent has decided so. */
export const nestedTables = (target: RecordTarget): NestedTables => ({
  table: async (relation) => target.store.catalog.realTable(relation.refTable),
  view: (table) => target.viewOf(table, 'POST'),
  model: (table) => target.modelOf(table),
})

/** Values of a parent that was read, by real column name in lower case, as its children refer to them. */
export function parentBinds(view: TableView, row: { readonly [name: string]: Json }): ReadonlyMap<string, Bind> {
  const found = new Map<string, Bind>()
  for (const [name, value] of Object.entries(row)) {
    const column = realColumn(view.table, name)
    if (column) found.set(column.name.toLowerCase(), castToColumn(value, column))
  }
  return found
}
