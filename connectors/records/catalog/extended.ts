/**
 * A catalog with what is known of its tables beyond the source (data-plane 6.4): aliases, labels, rules, functions, virtual fields and
 * relations are put into the tables when they are described.
 */
import type { FieldExtras, RelationExtras, ServiceExtras, TableExtras, VirtualRelation } from 'dataferry/sdk'
import { labelOf, naturalOrder, pluralOf } from '../naming.ts'
import { openField } from './open.ts'
import { plainColumn } from './plain.ts'
import type { Catalog, Column, Relation, SimpleType, Table, TableSummary } from './types.ts'

/** The extras of one table, by lower-case names. */
export interface ExtrasOfTable {
  readonly table: TableExtras | null
  readonly fields: ReadonlyMap<string, FieldExtras>
  readonly relations: ReadonlyMap<string, RelationExtras>
  readonly virtual: readonly VirtualRelation[]
}

export const noExtras: ExtrasOfTable = { table: null, fields: new Map(), relations: new Map(), virtual: [] }

type Tables = Pick<Catalog, 'table' | 'realTable'>

/** What was loaded at one time. */
interface Known {
  readonly byTable: ReadonlyMap<string, ExtrasOfTable>
  /** Real names by alias, both in lower case. */
  readonly byAlias: ReadonlyMap<string, string>
  readonly aliased: ReadonlySet<string>
  readonly made: WeakMap<Table, Table>
}

export class ExtendedCatalog implements Catalog {
  readonly #inner: Catalog
  readonly #load: () => Promise<ServiceExtras>
  readonly #bare: Tables
  #known: Known | null = null
  #loading: Promise<Known> | null = null

  constructor(inner: Catalog, load: () => Promise<ServiceExtras>) {
    this.#inner = inner
    this.#load = load
    const from = inner.bare ?? inner
    this.#bare = {
      table: (name) => this.#table(name, from),
      realTable: (name) => this.#realTable(name, from),
    }
  }

  get epoch(): number {
    return this.#inner.epoch
  }

  async list(): Promise<readonly TableSummary[]> {
    const known = this.#known ?? (await this.#loaded())
    const tables = await this.#inner.list()
    return tables.map((summary) =>
      withTableExtras(summary, known.byTable.get(summary.name.toLowerCase())?.table ?? null),
    )
  }

  table(name: string): Table | null | Promise<Table | null> {
    return this.#table(name, this.#inner)
  }

  realTable(name: string): Table | null | Promise<Table | null> {
    return this.#realTable(name, this.#inner)
  }

  get bare(): Tables {
    return this.#bare
  }

  /** The extras of a table by its real name. */
  async extras(table: string): Promise<ExtrasOfTable> {
    return (await this.#loaded()).byTable.get(table.toLowerCase()) ?? noExtras
  }

  refresh(): void {
    this.#known = null
    this.#loading = null
    this.#inner.refresh()
  }

  defaultSchema(): Promise<string | null> {
    return this.#inner.defaultSchema?.() ?? Promise.resolve(null)
  }

  #table(name: string, from: Tables): Table | null | Promise<Table | null> {
    const known = this.#known
    if (known === null) return this.#loaded().then(() => this.#table(name, from))
    const folded = name.toLowerCase()
    const real = known.byAlias.get(folded)
    if (real !== undefined) return this.#realTable(real, from)
    if (known.aliased.has(folded)) return null
    return this.#extended(known, this.#whence(known, folded, from).table(name))
  }

  #realTable(name: string, from: Tables): Table | null | Promise<Table | null> {
    const known = this.#known
    if (known === null) return this.#loaded().then(() => this.#realTable(name, from))
    return this.#extended(known, this.#whence(known, name.toLowerCase(), from).realTable(name))
  }

  /** What is said of a table's relations may be that they always come with its records: such a table is whole. */
  #whence(known: Known, folded: string, from: Tables): Tables {
    const extras = known.byTable.get(folded)
    return extras !== undefined && (extras.relations.size > 0 || extras.virtual.length > 0) ? this.#inner : from
  }

  /** Once, however many wait for it; what failed is tried again at the next use. */
  async #loaded(): Promise<Known> {
    const loading = this.#loading ?? this.#load().then(knownOf)
    this.#loading = loading
    try {
      const known = await loading
      if (loading === this.#loading) this.#known = known
      return known
    } catch (thrown) {
      if (loading === this.#loading) this.#loading = null
      throw thrown
    }
  }

  #extended(known: Known, found: Table | null | Promise<Table | null>): Table | null | Promise<Table | null> {
    return found instanceof Promise ? found.then((table) => extend(known, table)) : extend(known, found)
  }
}

function knownOf({ tables, fields, relations, virtual }: ServiceExtras): Known {
  interface Growing {
    table: TableExtras | null
    readonly fields: Map<string, FieldExtras>
    readonly relations: Map<string, RelationExtras>
    readonly virtual: VirtualRelation[]
  }
  const byTable = new Map<string, Growing>()
  const of = (name: string): Growing => {
    const key = name.toLowerCase()
    const found = byTable.get(key) ?? { table: null, fields: new Map(), relations: new Map(), virtual: [] }
    byTable.set(key, found)
    return found
  }
  const byAlias = new Map<string, string>()
  for (const each of tables) {
    of(each.table).table = each
    if (each.alias !== null) byAlias.set(each.alias.toLowerCase(), each.table.toLowerCase())
  }
  for (const each of fields) of(each.table).fields.set(each.field.toLowerCase(), each)
  for (const each of relations) of(each.table).relations.set(each.relation.toLowerCase(), each)
  for (const each of virtual) of(each.table).virtual.push(each)
  return { byTable, byAlias, aliased: new Set(byAlias.values()), made: new WeakMap() }
}

/** The same object for the same table: what is kept for a table is kept by it. */
function extend(known: Known, table: Table | null): Table | null {
  if (table === null) return null
  const extras = known.byTable.get(table.name.toLowerCase())
  if (extras === undefined) return table
  const made = known.made.get(table) ?? withExtras(table, extras)
  known.made.set(table, made)
  return made
}

function withTableExtras<T extends TableSummary>(table: T, extras: TableExtras | null): T {
  if (extras === null) return table
  const label = extras.label ?? table.label
  const plural = extras.plural ?? (extras.label === null ? table.plural : pluralOf(extras.label))
  return { ...table, alias: extras.alias, label, plural, description: extras.description ?? table.description }
}

function withExtras(table: Table, extras: ExtrasOfTable): Table {
  const real = new Set(table.columns.map((column) => column.name.toLowerCase()))
  const columns = table.columns.map((column) => withFieldExtras(column, extras.fields.get(column.name.toLowerCase())))
  const virtual = [...extras.fields.values()].filter((field) => field.isVirtual && !real.has(field.field.toLowerCase()))
  const relations = new Map(table.relations.map((relation) => [relation.name.toLowerCase(), relation]))
  for (const each of extras.virtual) {
    const relation = virtualRelation(each)
    if (!relations.has(relation.name.toLowerCase())) relations.set(relation.name.toLowerCase(), relation)
  }
  return {
    ...withTableExtras(table, extras.table),
    nameField: extras.table?.nameField ?? table.nameField,
    columns: [
      ...columns,
      ...virtual.map((field) => (table.open === true ? declaredField(field) : virtualColumn(field))),
      ...(table.open === true
        ? [...extras.fields.values()]
            .filter((field) => !field.isVirtual && !real.has(field.field.toLowerCase()))
            .map(declaredField)
        : []),
    ],
    relations: [...relations]
      .map(([key, relation]) => withRelationExtras(relation, extras.relations.get(key)))
      .sort((a, b) => Number(a.isVirtual) - Number(b.isVirtual) || naturalOrder(a.name, b.name)),
  }
}

function withFieldExtras(column: Column, extras: FieldExtras | undefined): Column {
  if (extras === undefined) return column
  return {
    ...column,
    alias: extras.alias,
    label: extras.label ?? column.label,
    description: extras.description ?? column.description,
    type: (extras.extraType as SimpleType | null) ?? column.type,
    picklist: extras.picklist,
    validation: rulesOf(extras),
    dbFunction: extras.dbFunction,
    isAggregate: extras.isAggregate,
  }
}

/** A field without a column: what its function computes. */
function virtualColumn(extras: FieldExtras): Column {
  return plainColumn(extras.field, (extras.extraType as SimpleType | null) ?? 'string', {
    alias: extras.alias,
    label: extras.label ?? labelOf(extras.field),
    description: extras.description,
    dbType: '',
    picklist: extras.picklist,
    validation: rulesOf(extras),
    dbFunction: extras.dbFunction,
    supportsMultibyte: false,
    isVirtual: true,
    isAggregate: extras.isAggregate,
  })
}

/** A field of documents that is described beyond its name: it is stored like any other. Documents show the real names. */
const declaredField = (extras: FieldExtras): Column =>
  openField(extras.field, {
    type: (extras.extraType as SimpleType | null) ?? 'object',
    label: extras.label ?? labelOf(extras.field),
    description: extras.description,
    picklist: extras.picklist,
    validation: rulesOf(extras),
  })

function rulesOf({ validation }: FieldExtras): Column['validation'] {
  return typeof validation === 'object' && validation !== null && !Array.isArray(validation)
    ? (validation as Column['validation'])
    : null
}

function withRelationExtras(relation: Relation, extras: RelationExtras | undefined): Relation {
  if (extras === undefined) return relation
  return {
    ...relation,
    alias: extras.alias,
    label: extras.label ?? relation.label,
    description: extras.description ?? relation.description,
    alwaysFetch: extras.alwaysFetch,
  }
}

const listOf = (text: string): readonly string[] => text.split(',').map((name) => name.trim())

function virtualRelation(of: VirtualRelation): Relation {
  const { name, type, field, refServiceId, refTable, refField, onUpdate, onDelete } = of
  const { junctionTable, junctionServiceId, junctionField, junctionRefField } = of
  return {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type,
    isVirtual: true,
    fields: listOf(field),
    refServiceId,
    refTable,
    refFields: listOf(refField),
    onUpdate,
    onDelete,
    junction:
      junctionTable === null
        ? null
        : {
            serviceId: junctionServiceId,
            table: junctionTable,
            fields: listOf(junctionField ?? ''),
            refFields: listOf(junctionRefField ?? ''),
          },
    alwaysFetch: false,
    native: [],
  }
}
