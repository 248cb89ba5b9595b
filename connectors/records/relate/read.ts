/** Relations of a read (data-plane 5.3): which are meant, what the caller may see of them, and how they are read with the parents. */
import { BadRequest, Forbidden, type Json } from 'dataferry/sdk'
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import {
  allOf,
  type Filter,
  parseFilter,
  parseGroup,
  parseOrder,
  resolveFilter,
  resolveGroup,
  resolveOrder,
} from '../filter/index.ts'
import { neededBy, type RecordModel, withNeeds } from '../model.ts'
import type { RecordOptions, RelationOptions } from '../options.ts'
import type { Binds } from '../plan/binds.ts'
import { fieldsOf } from '../plan/fields.ts'
import { throughFunctions } from '../plan/functions.ts'
import type { Junction, KeyPair, Projection, ReadPlan, RelatedRead } from '../plan/types.ts'
import type { TableView } from '../view.ts'
import { firstLevel, type LevelAsked, type RelationAsked, relationsAsked } from './asked.ts'
import type { Asking } from './elsewhere.ts'
import { type RelatedFields, relatedFields } from './fields.ts'
import { withJoinColumns } from './joins.ts'
import { isOtherKind } from './kinds.ts'
import { columnsOf } from './steps.ts'
import { foreignId, type RelatedTables } from './tables.ts'

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
  /** Its filter, and the related fields that it and its order name. */
  readonly filter: Filter | null
  readonly fields: RelatedFields | null
  readonly params: ReadonlyMap<string, Json>
  /** Relations of the children. */
  readonly related: readonly Relating[]
  /** Where its rows are, when one statement can't match them with the parents: in another service, or under keys of another kind. */
  readonly across: Across | null
}

export interface Across {
  readonly child: RelatedTables
  readonly junction: RelatedTables | null
}

/** Lookups for filters may have to wait. */
type Options = RecordOptions & Asking

const none: readonly Relating[] = []

/**
 * The relations that the options name and those that are always fetched, in the table's order; unknown names are ignored. Answers
 * without a promise where every related table is known. Throws Forbidden for a related table that the caller may not read, BadRequest
 * beyond the depth.
 */
export function relationsOf(
  view: TableView,
  options: RecordOptions,
  tables: RelatedTables,
  signal: AbortSignal,
): readonly Relating[] | Promise<readonly Relating[]> {
  return level(view, firstLevel(options), { ...options, signal }, tables)
}

function level(
  view: TableView,
  asked: LevelAsked,
  options: Options,
  tables: RelatedTables,
): readonly Relating[] | Promise<readonly Relating[]> {
  if (view.table.relations.length === 0) return none
  const wanted = relationsAsked(view.relations, asked, options)
  if (wanted.length === 0) return none
  if (asked.depth > tables.maxDepth) {
    // What is always fetched was not asked for: it ends here.
    if (asked.paths !== 'all' && asked.paths.length === 0) return none
    throw new BadRequest(`Relations can be nested ${tables.maxDepth} levels deep at most.`)
  }
  const found = wanted.map((each) => relating(view, each, options, tables))
  return found.some((each) => each instanceof Promise)
    ? Promise.all(found).then((all) => all.filter((each) => each !== null))
    : (found as (Relating | null)[]).filter((each) => each !== null)
}

/** null: a part of the relation is hidden from the caller, so it does not exist. */
function relating(
  view: TableView,
  asked: RelationAsked,
  options: Options,
  tables: RelatedTables,
): Relating | null | Promise<Relating | null> {
  const { relation } = asked
  const elsewhere = [relation.refServiceId, relation.junction?.serviceId ?? null]
  if (elsewhere.some((id) => foreignId(tables, id) !== null)) return relatingAcross(view, asked, options, tables)
  const ends: Across = { child: tables, junction: relation.junction === null ? null : tables }
  const bare = tables.catalog.bare ?? tables.catalog
  const child = (goesOn(asked) ? tables.catalog : bare).realTable(relation.refTable)
  const junction = relation.junction === null ? null : bare.realTable(relation.junction.table)
  if (child instanceof Promise || junction instanceof Promise) {
    return Promise.all([child, junction]).then(([c, j]) => assemble(view, asked, options, ends, false, c, j))
  }
  return assemble(view, asked, options, ends, false, child, junction)
}

/** Relations of the children are asked for, or named by their filter or order. */
const goesOn = ({ below, options: { filter, order } }: RelationAsked): boolean =>
  below.paths.length > 0 || filter?.includes('.') === true || order?.includes('.') === true

async function relatingAcross(
  view: TableView,
  asked: RelationAsked,
  options: Options,
  tables: RelatedTables,
): Promise<Relating | null> {
  const { refServiceId, refTable, junction } = asked.relation
  const of = async (id: number | null): Promise<RelatedTables> => {
    const foreign = foreignId(tables, id)
    return foreign === null ? tables : tables.other(foreign)
  }
  const child = await of(refServiceId)
  const through = junction === null ? null : await of(junction.serviceId)
  const childTable = await child.catalog.realTable(refTable)
  const junctionTable = through === null ? null : await through.catalog.realTable(junction?.table ?? '')
  return assemble(view, asked, options, { child, junction: through }, true, childTable, junctionTable)
}

function assemble(
  view: TableView,
  { relation, options, below }: RelationAsked,
  all: Options,
  ends: Across,
  apart: boolean,
  childTable: Table | null,
  junctionTable: Table | null,
): Relating | null | Promise<Relating | null> {
  if (childTable === null || (relation.junction !== null && junctionTable === null)) return null
  const junction = junctionTable === null ? null : (ends.junction ?? ends.child).view(junctionTable)
  const child = ends.child.view(childTable)
  const visible =
    child.seesAll(relation.refFields) &&
    (relation.junction === null ||
      junction === null ||
      junction.seesAll([...relation.junction.fields, ...relation.junction.refFields]))
  if (!visible) return null
  const model = ends.child.model(childTable)
  const own = columnsOf(view.table, relation.fields)
  const limits = { maxTerms: ends.child.maxFilterTerms }
  const filter = options.filter === null ? null : parseFilter(options.filter, limits)
  const made: Omit<Relating, 'related' | 'fields'> = {
    relation,
    options,
    own,
    child,
    junction,
    model,
    needs: neededBy(model, childTable),
    filter,
    params: all.params,
    across: apart || isOtherKind(relation, view.table, childTable, junctionTable) ? ends : null,
  }
  const related = level(child, below, all, ends.child)
  const named = `${options.filter ?? ''}${options.order ?? ''}`.includes('.')
  if (!named) {
    if (!(related instanceof Promise)) return { ...made, related, fields: null }
    return related.then((known) => ({ ...made, related: known, fields: null }))
  }
  const order = options.order === null ? [] : parseOrder(options.order, limits)
  return Promise.all([related, relatedFields(child, filter, order, ends.child, all)]).then(([known, fields]) => ({
    ...made,
    related: known,
    fields,
  }))
}

/** The relations as parts of a plan whose columns these are. Throws BadRequest for options that do not fit the related table. */
export function relatedReads(
  related: readonly Relating[],
  columns: readonly Projection[],
  binds: Binds,
  max: number,
): readonly RelatedRead[] {
  return related.filter(({ across }) => across === null).map((each) => relatedRead(each, columns, binds, max))
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
  const skip = shape === 'list' ? options.offset : 0
  const { keys, via } = matching(each, columns, junction, binds)
  return {
    name: nameOf(relation),
    shape,
    on: keys,
    via,
    perParent: binds.add(skip + most),
    skip: skip === 0 ? null : binds.add(skip),
    plan: childPlan(each, binds, max),
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

function childPlan(
  { child, options, needs, filter, fields, params, related }: Relating,
  binds: Binds,
  max: number,
): ReadPlan {
  const scope = child.scope(binds, params, fields)
  const shown = fieldsOf(child, options.fields, child.key, options.group !== null)
  const read = withJoinColumns(withNeeds(shown, needs), options.group === null ? related : none)
  const columns = throughFunctions(read, child.table, (value) => binds.add(value))
  return {
    from: child.table,
    columns,
    where: allOf([filter === null ? null : resolveFilter(filter, scope), child.rows(binds)]),
    group: options.group === null ? null : resolveGroup(parseGroup(options.group), scope),
    order: options.order === null ? [] : resolveOrder(parseOrder(options.order), scope, shown.length),
    limit: null,
    offset: null,
    related: options.group === null ? relatedReads(related, columns, binds, max) : [],
    result: { kind: 'rows' },
  }
}

/** The refusal of a check that is made below the access check: without its prefix, in the name's own case (data-plane 2.3). */
export const noAccess = (verb: string, component: string, service: string): Forbidden =>
  new Forbidden(
    `${verb} access to component '${component}' of service '${service}' is not allowed by this user's role.`,
  )
