/** Relations of both directions from foreign keys (data-plane 5.1): what introspection knows becomes what clients name. */
import type { Relation } from '../catalog/types.ts'
import { labelOf, naturalOrder, relationName } from '../naming.ts'

/** A foreign key as the catalog of a database has it; field lists are pairwise. */
export interface ForeignKey {
  readonly columns: readonly string[]
  readonly refTable: string
  readonly refColumns: readonly string[]
  /** The rules as the database names them: `CASCADE`, `NO ACTION`. */
  readonly onUpdate: string | null
  readonly onDelete: string | null
}

/** What relations are derived from. Names are those of the catalog, `schema.table` outside of the default schema. */
export interface TableKeys {
  readonly name: string
  readonly primaryKey: readonly string[]
  /** Column lists of the unique constraints, the primary key's not needed. */
  readonly unique: readonly (readonly string[])[]
  readonly foreignKeys: readonly ForeignKey[]
}

/** The relations of every table, by its name. */
export function deriveRelations(tables: readonly TableKeys[]): ReadonlyMap<string, readonly Relation[]> {
  return new Map(tables.map((table) => [table.name, relationsOfTable(table.name, tables)]))
}

/**
 * The relations of one table, sorted by name: belongs_to for its own foreign keys, has_many or has_one for those that lead to it,
 * many_many for each further foreign key of a table that leads to it. Of two with one name the later counts. A key to the table itself has
 * both directions: its has_many as the contract names it, its belongs_to as `parent_by_{fk}`.
 */
export function relationsOfTable(name: string, tables: readonly TableKeys[]): readonly Relation[] {
  const found = new Map<string, Relation>()
  const add = (relation: Relation): void => {
    found.set(relation.name.toLowerCase(), relation)
  }
  const { byName, referring } = indexOf(tables)
  const near = referring.get(name.toLowerCase()) ?? []
  for (const key of byName.get(name.toLowerCase())?.foreignKeys ?? []) {
    add(belongsTo(key, relationName(sameName(key.refTable, name) ? 'parent' : key.refTable, key.columns)))
  }
  for (const child of near) {
    for (const key of child.foreignKeys) {
      if (sameName(key.refTable, name)) add(hasManyOrOne(child, key))
    }
  }
  for (const junction of near) {
    for (const own of junction.foreignKeys) {
      if (!sameName(own.refTable, name)) continue
      for (const far of junction.foreignKeys) {
        if (!sameName(far.refTable, name)) add(manyMany(junction, own, far))
      }
    }
  }
  return [...found.values()].sort((a, b) => naturalOrder(a.name, b.name))
}

/** By lower-case names. */
interface Index {
  readonly byName: ReadonlyMap<string, TableKeys>
  /** The tables with a foreign key to one, in the order of the list. */
  readonly referring: ReadonlyMap<string, readonly TableKeys[]>
}

/** The tables of a large database are derived one after the other from one list. */
const indexes = new WeakMap<readonly TableKeys[], Index>()

function indexOf(tables: readonly TableKeys[]): Index {
  const known = indexes.get(tables)
  if (known !== undefined) return known
  const byName = new Map<string, TableKeys>()
  const referring = new Map<string, TableKeys[]>()
  for (const table of tables) {
    const folded = table.name.toLowerCase()
    if (!byName.has(folded)) byName.set(folded, table)
    for (const to of new Set(table.foreignKeys.map((key) => key.refTable.toLowerCase()))) {
      const from = referring.get(to)
      if (from === undefined) referring.set(to, [table])
      else from.push(table)
    }
  }
  const index = { byName, referring }
  indexes.set(tables, index)
  return index
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

interface Parts {
  readonly name: string
  readonly type: Relation['type']
  readonly fields: readonly string[]
  readonly refTable: string
  readonly refFields: readonly string[]
  readonly rules: ForeignKey
  readonly junction?: Relation['junction']
}

const relation = ({ name, type, fields, refTable, refFields, rules, junction = null }: Parts): Relation => ({
  name,
  alias: null,
  label: labelOf(name),
  description: null,
  type,
  isVirtual: false,
  fields,
  refServiceId: null,
  refTable,
  refFields,
  onUpdate: rules.onUpdate,
  onDelete: rules.onDelete,
  junction,
  alwaysFetch: false,
  native: [],
})

const belongsTo = (key: ForeignKey, name: string): Relation =>
  relation({
    name,
    type: 'belongs_to',
    fields: key.columns,
    refTable: key.refTable,
    refFields: key.refColumns,
    rules: key,
  })

const hasManyOrOne = (child: TableKeys, key: ForeignKey): Relation =>
  relation({
    name: relationName(child.name, key.columns),
    type: [child.primaryKey, ...child.unique].some((columns) => sameColumns(columns, key.columns))
      ? 'has_one'
      : 'has_many',
    fields: key.refColumns,
    refTable: child.name,
    refFields: key.columns,
    rules: key,
  })

/** The rules shown are those of the key that leads to the table itself. */
const manyMany = (junction: TableKeys, near: ForeignKey, far: ForeignKey): Relation =>
  relation({
    name: relationName(far.refTable, [junction.name]),
    type: 'many_many',
    fields: near.refColumns,
    refTable: far.refTable,
    refFields: far.refColumns,
    rules: near,
    junction: { serviceId: null, table: junction.name, fields: near.columns, refFields: far.columns },
  })

function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || a.length !== b.length) return false
  const names = new Set(a.map((name) => name.toLowerCase()))
  return b.every((name) => names.has(name.toLowerCase()))
}
