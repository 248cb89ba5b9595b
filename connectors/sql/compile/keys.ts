/** What unique keys say about a condition: whether it can hold for one row at most. */
import type { Column, Predicate, Table } from 'dataferry/records'

/** Whether these columns hold a unique key of the table whole. */
export function holdKey(table: Table, columns: readonly Column[]): boolean {
  const names = new Set(columns.map((column) => column.name))
  if (table.primaryKey.length > 0 && table.primaryKey.every((name) => names.has(name))) return true
  return columns.some((column) => column.isUnique)
}

/** Whether the condition fixes every column of a unique key to one value each. */
export function fixesKey(table: Table, where: Predicate | null): boolean {
  const fixed: Column[] = []
  const collect = (part: Predicate): void => {
    if (part.kind === 'and') part.of.forEach(collect)
    else if (part.kind === 'compare' && part.op === '=') {
      if (part.left.kind === 'column' && part.right.kind === 'value') fixed.push(part.left.column)
      else if (part.right.kind === 'column' && part.left.kind === 'value') fixed.push(part.right.column)
    }
  }
  if (where !== null) collect(where)
  return fixed.length > 0 && holdKey(table, fixed)
}
