/** Relations of a read (data-plane 5.3): which are meant, what the caller may see of them, and how they are read with the parents. */
import { type Bind, Forbidden, NotImplemented } from 'dataferry/sdk'
import { type Catalog, type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import { parseGroup, parseOrder, resolveGroup, resolveOrder } from '../filter/index.ts'
import { neededBy, type RecordModel, withNeeds } from '../model.ts'
import { noRelationOptions, type RecordOptions, type RelationOptions } from '../options.ts'
import type { Binds } from '../plan/binds.ts'
import { fieldsOf } from '../plan/fields.ts'
import type { Junction, KeyPair, Projection, ReadPlan, RelatedRead } from '../plan/types.ts'
import { realColumn, type TableView } from '../view.ts'

/** One relation that is to be read. */
export interface Relating {
  readonly relation: Relation
  readonly options: RelationOptions
  /** The parent's columns that it is matched by. */
  readonly own: readonly Column[]
  readonly child: TableView
  readonly junction: TableView | null
  /** What the child's model presents it by. */
  readonly model: RecordModel | null
  /** Columns that are read for that, asked for or not. */
  readonly needs: readonly Column[]
}

/** Where related tables come from. */
export interface RelatedTables {
  readonly catalog: Catalog
  /** The service's own id: relations to another service are not read here. */
  readonly serviceId: number | null
  /** The view of a table for reading. Throws Forbidden for a caller who may not read it. */
  view(table: Table): TableView
  /** How rows of the table are presented; null: as they are. */
  model(table: Table): RecordModel | null
}

const none: readonly Relating[] = []

/**
 * The relations that the options name and those that are always fetched, in the table's order; unknown names are ignored. Answers
 * without a promise where every related table is known. Throws Forbidden for a related table that the caller may not read.
 */
export function relationsOf(
  view: TableView,
  options: RecordOptions,
  tables: RelatedTables,
): readonly Relating[] | Promise<readonly Relating[]> {
  const { related } = options
  if (view.table.relations.length === 0) return none
  const wanted = view.relations.filter(
    (relation) => relation.alwaysFetch || related === 'all' || related.includes(nameOf(relation).toLowerCase()),
  )
  if (wanted.length === 0) return none
  const found = wanted.map((relation) => relating(view, relation, optionsFor(relation, options), tables))
  return found.some((each) => each instanceof Promise)
    ? Promise.all(found).then((all) => all.filter((each) => each !== null))
    : (found as (Relating | null)[]).filter((each) => each !== null)
}

/** With `related=*` and always_fetch the options of relations are ignored. */
function optionsFor(relation: Relation, options: RecordOptions): RelationOptions {
  const name = nameOf(relation).toLowerCase()
  return options.related !== 'all' && options.related.includes(name) ? options.relation(name) : noRelationOptions
}

/** null: a part of the relation is hidden from the caller, so it does not exist. */
function relating(
  view: TableView,
  relation: Relation,
  options: RelationOptions,
  tables: RelatedTables,
): Relating | null | Promise<Relating | null> {
  const foreign = [relation.refServiceId, relation.junction?.serviceId ?? null]
  if (foreign.some((id) => id !== null && id !== tables.serviceId)) {
    throw new NotImplemented(`Relation '${nameOf(relation)}' leads to another service, which can not be read yet.`)
  }
  const child = tables.catalog.realTable(relation.refTable)
  const junction = relation.junction === null ? null : tables.catalog.realTable(relation.junction.table)
  if (child instanceof Promise || junction instanceof Promise) {
    return Promise.all([child, junction]).then(([c, j]) => assemble(view, relation, options, tables, c, j))
  }
  return assemble(view, relation, options, tables, child, junction)
}

function assemble(
  view: TableView,
  relation: Relation,
  options: RelationOptions,
  tables: RelatedTables,
  childTable: Table | null,
  junctionTable: Table | null,
): Relating | null {
  if (childTable === null || (relation.junction !== null && junctionTable === null)) return null
  const junction = junctionTable === null ? null : tables.view(junctionTable)
  const child = tables.view(childTable)
  const visible =
    child.seesAll(relation.refFields) &&
    (relation.junction === null ||
      junction === null ||
      junction.seesAll([...relation.junction.fields, ...relation.junction.refFields]))
  if (!visible) return null
  const model = tables.model(childTable)
  const own = columnsOf(view.table, relation.fields)
  return { relation, options, own, child, junction, model, needs: neededBy(model, childTable) }
}

function columnsOf(table: Table, names: readonly string[]): readonly Column[] {
  return names.map((name) => realColumn(table, name)).filter((column) => column !== null)
}

/** The relations as parts of a plan whose columns these are. Throws BadRequest for options that do not fit the related table. */
export function relatedReads(
  related: readonly Relating[],
  columns: readonly Projection[],
  binds: Binds,
  max: number,
): readonly RelatedRead[] {
  return related.map((each) => relatedRead(each, columns, binds, max))
}

const shapes = {
  belongs_to: 'object-or-null',
  has_one: 'object-or-list',
  has_many: 'list',
  many_many: 'list',
} as const

function relatedRead(each: Relating, columns: readonly Projection[], binds: Binds, max: number): RelatedRead {
  const { relation, options, junction } = each
  const shape = shapes[relation.type]
  const most = shape === 'list' ? Math.min(options.limit ?? max, max) : 1
  const { keys, via } = matching(each, columns, junction, binds)
  return {
    name: nameOf(relation),
    shape,
    on: keys,
    via,
    perParent: binds.add(most as Bind),
    plan: childPlan(each, binds),
  }
}

function matching(
  { relation, own, child }: Relating,
  columns: readonly Projection[],
  junction: TableView | null,
  binds: Binds,
): { readonly keys: readonly KeyPair[]; readonly via: Junction | null } {
  const parents = own.map((column) => columns.findIndex(({ expr }) => expr.kind === 'column' && expr.column === column))
  const childColumns = columnsOf(child.table, relation.refFields)
  if (relation.junction === null || junction === null) return { keys: pairs(parents, childColumns), via: null }
  const near = columnsOf(junction.table, relation.junction.fields)
  const far = columnsOf(junction.table, relation.junction.refFields).flatMap((column, index) => {
    const meets = childColumns[index]
    return meets ? [{ junction: column, child: meets }] : []
  })
  return { keys: pairs(parents, near), via: { table: junction.table, near, far, where: junction.rows(binds) } }
}

const pairs = (parents: readonly number[], columns: readonly Column[]): readonly KeyPair[] =>
  parents.flatMap((parent, index) => {
    const child = columns[index]
    return child ? [{ parent, child }] : []
  })

function childPlan({ child, options, needs }: Relating, binds: Binds): ReadPlan {
  const scope = child.scope(binds)
  const shown = fieldsOf(child, options.fields, child.key, options.group !== null)
  const columns = withNeeds(shown, needs)
  return {
    from: child.table,
    columns,
    where: child.rows(binds),
    group: options.group === null ? null : resolveGroup(parseGroup(options.group), scope),
    order: options.order === null ? [] : resolveOrder(parseOrder(options.order), scope, shown.length),
    limit: null,
    offset: null,
    related: [],
    result: { kind: 'rows' },
  }
}

/** The refusal of a check that is made below the access check: without its prefix, in the name's own case (data-plane 2.3). */
export const noAccess = (verb: string, component: string, service: string): Forbidden =>
  new Forbidden(
    `${verb} access to component '${component}' of service '${service}' is not allowed by this user's role.`,
  )
