/**
 * Tables that are dropped (data-plane 6.4). One that others refer to stays, on every database: some would empty those others by their rules
 * on the way, and leave behind references to nothing. Tables that refer to each other can go together.
 */
import { BadRequest } from 'dataferry/sdk'
import type { Table } from '../catalog/types.ts'

/** The tables in an order in which each can be dropped: those that refer come before what they refer to. Throws BadRequest. */
export function inDropOrder(tables: readonly Table[]): readonly Table[] {
  const left = new Map(tables.map((table) => [table.name.toLowerCase(), table]))
  for (const table of tables) {
    const holder = referrers(table).find((name) => !left.has(name.toLowerCase()))
    if (holder !== undefined)
      throw new BadRequest(`Table '${table.name}' can not be dropped, because table '${holder}' refers to it.`)
  }
  const ordered: Table[] = []
  while (left.size > 0) {
    const rest = [...left.values()]
    const next = rest.find((table) => !referrers(table).some((name) => left.has(name.toLowerCase()))) ?? rest[0]
    if (next === undefined) break
    left.delete(next.name.toLowerCase())
    ordered.push(next)
  }
  return ordered
}

/** The other tables of the database whose keys lead to this one. */
const referrers = (table: Table): readonly string[] =>
  table.relations
    .filter((each) => !each.isVirtual && (each.type === 'has_many' || each.type === 'has_one'))
    .map((each) => each.refTable)
    .filter((name) => name.toLowerCase() !== table.name.toLowerCase())
