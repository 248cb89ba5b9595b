/** What the catalog tells of a table's constraints (data-plane 6.2), as far as changes of its fields ask for it. */
import type { Json } from 'dataferry/sdk'
import type { Table } from '../catalog/types.ts'
import { isMembers, type Members } from '../payload.ts'
import type { ReferenceRule } from '../plan/schema.ts'
import { referenceRule } from './field.ts'

/** A unique constraint or a foreign key over columns of one table. */
export interface Constraint {
  readonly name: string
  readonly columns: readonly string[]
  readonly refColumns: readonly string[]
  readonly onUpdate: ReferenceRule | null
  readonly onDelete: ReferenceRule | null
}

const foreign: ReadonlySet<Json | undefined> = new Set(['FOREIGN KEY', 'f'])
const unique: ReadonlySet<Json | undefined> = new Set(['UNIQUE', 'u', 'c'])

export const foreignKeysOf = (table: Table): readonly Constraint[] => constraintsOf(table, foreign)
export const uniquesOf = (table: Table): readonly Constraint[] => constraintsOf(table, unique)

/** Those over this column and no other. */
export const alone = (list: readonly Constraint[], column: string): readonly Constraint[] =>
  list.filter((each) => each.columns.length === 1 && each.columns[0] === column)

/** Names of the foreign keys over a column, alone or among others. */
export const foreignKeyNames = (table: Table, column: string): readonly string[] =>
  foreignKeysOf(table)
    .filter((each) => each.columns.includes(column))
    .map((each) => each.name)

function constraintsOf({ constraints }: Table, kinds: ReadonlySet<Json | undefined>): readonly Constraint[] {
  if (!isMembers(constraints)) return []
  return Object.values(constraints).flatMap((each) =>
    isMembers(each) && kinds.has(each.constraint_type) ? [constraintOf(each)] : [],
  )
}

const constraintOf = (members: Members): Constraint => ({
  name: String(members.constraint_name),
  columns: listOf(members.column_name),
  refColumns: listOf(members.referenced_column_name),
  onUpdate: referenceRule(members.update_rule),
  onDelete: referenceRule(members.delete_rule),
})

function listOf(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return []
  return (Array.isArray(value) ? value : [value]).map(String)
}
