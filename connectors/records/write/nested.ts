/**
 * Related records that come with a record and are written in its transaction (data-plane 5.4, 5.5; control-plane 4.1 for the resources of
 * the system service, where the model of the parent says which relations may be written, and how). Here they are read from what was
 * sent, before the transaction: which table each belongs to, whether it has the right form, and the same for what they bring themselves.
 */
import { BadRequest, Forbidden, type Json, NotImplemented, type Verb } from 'dataferry/sdk'
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import type { Change, RecordModel } from '../model.ts'
import { isEmpty, isMembers, type Members } from '../payload.ts'
import { foreignId, type RelatedTables } from '../relate/tables.ts'
import type { TableView } from '../view.ts'
import { relatedIn } from './fields.ts'
import { columnsNamed, type RelatedTable } from './rows.ts'
import type { Place } from './together.ts'

/** How a model has the children of one relation written. */
export interface NestedRule {
  /** Fields that tell a child without an id from its siblings, by real name; empty: such a child is always new. */
  readonly naturalKey: readonly string[]
}

/** One related record, and what it brings itself. */
export interface NestedElement {
  readonly record: Members
  readonly nested: Nested
}

/** Related records of one relation, ready to be written. */
export interface NestedWork {
  readonly relation: Relation
  readonly parent: Table
  /** null: the rules of data-plane 5.4 and 5.5. */
  readonly rule: NestedRule | null
  readonly related: RelatedTable
  readonly junction: RelatedTable | null
  /** Keys go from table to table as their columns hold them, which may be of different kinds. */
  readonly converts: boolean
  /** What of it a client may name. */
  readonly view: TableView
  readonly elements: readonly NestedElement[]
  /** has_one with nothing in it: the child goes. */
  readonly clears: boolean
}

/** What a record brings: those that it belongs to are written before it, the others behind it. */
export interface Nested {
  readonly parents: readonly NestedWork[]
  readonly children: readonly NestedWork[]
}

export const nothingNested: Nested = { parents: [], children: [] }

export const bringsNothing = ({ parents, children }: Nested): boolean => parents.length === 0 && children.length === 0

/** Columns of the record itself that the records which it belongs to will fill. */
export const filledBy = ({ parents }: Nested): ReadonlySet<Column> =>
  new Set(parents.flatMap(({ relation, parent }) => columnsNamed(parent, relation.fields)))

/** Where related tables come from. */
export interface NestedTables {
  readonly tables: RelatedTables
  /** Relations that no model speaks of may be written. */
  readonly open: boolean
}

/** The services beside the own one that are written for what a record brings. */
export function placesOf(nested: Nested, { serviceId: own }: Pick<Place, 'serviceId'>): readonly Place[] {
  const found = new Map<number | null, Place>()
  const walk = ({ parents, children }: Nested): void => {
    for (const { related, junction, elements } of [...parents, ...children]) {
      for (const { place } of junction === null ? [related] : [related, junction]) found.set(place.serviceId, place)
      for (const { nested: below } of elements) walk(below)
    }
  }
  if (!bringsNothing(nested)) walk(nested)
  found.delete(own)
  return [...found.values()]
}

/**
 * Prepares what a record of the view brings beside its own fields. Throws NotImplemented for relations that can't be written, BadRequest
 * for data of a wrong form or too deep.
 */
export function prepareNested(view: TableView, record: Members, tables: NestedTables, change: Change): Promise<Nested> {
  return new Preparation(tables, change).nested(tables, view, record, 1)
}

class Preparation {
  readonly #own: NestedTables
  readonly #others = new Map<number, Promise<NestedTables>>()
  readonly #change: Change

  constructor(own: NestedTables, change: Change) {
    this.#own = own
    this.#change = change
  }

  /** `here`: the service of the view. */
  async nested(here: NestedTables, view: TableView, record: Members, depth: number): Promise<Nested> {
    const brought = relatedIn(view, record)
    if (brought.length === 0) return nothingNested
    const parents: NestedWork[] = []
    const children: NestedWork[] = []
    for (const { relation, value } of brought) {
      const work = await this.#work(here, view.table, relation, value, depth)
      if (work !== null) (relation.type === 'belongs_to' ? parents : children).push(work)
    }
    return { parents, children }
  }

  async #work(
    here: NestedTables,
    parent: Table,
    relation: Relation,
    value: Json,
    depth: number,
  ): Promise<NestedWork | null> {
    const model = here.tables.model(parent)
    const rule = model?.nested?.get(nameOf(relation).toLowerCase()) ?? null
    if (rule === null && (model !== null || !here.open)) {
      if (isNothing(value)) return null
      throw new NotImplemented(`Creating related record of relation type "${relation.type}" is not supported.`)
    }
    const sent = elementsOf(relation, value)
    if (sent.length === 0 && relation.type !== 'has_one') return null
    const { maxDepth } = this.#own.tables
    if (depth > maxDepth) throw new BadRequest(`Related records can be nested ${maxDepth} levels deep at most.`)
    const there = await this.#at(here, relation.refServiceId)
    const between = relation.junction === null ? null : await this.#at(here, relation.junction.serviceId)
    const table = await there.tables.catalog.realTable(relation.refTable)
    const junction = (await between?.tables.catalog.realTable(relation.junction?.table ?? '')) ?? null
    if (table === null || (between !== null && junction === null)) return null
    const related = this.#related(there, table, rule)
    const view = this.#anyView(related)
    // What another service hides is asked of it now: the relation does not exist then.
    if (rule === null && !view.seesAll(relation.refFields)) return null
    const elements: NestedElement[] = []
    for (const each of sent) elements.push(await this.#element(there, view, related.model, each, depth))
    return {
      relation,
      parent,
      rule,
      related,
      junction: between && junction && this.#related(between, junction, rule),
      converts: relation.isVirtual || there !== here || (between !== null && between !== here),
      view,
      elements,
      clears: relation.type === 'has_one' && sent.length === 0,
    }
  }

  /** The tables of the service that a relation of these leads to. Throws NotImplemented where nothing can be written there. */
  #at(here: NestedTables, id: number | null): NestedTables | Promise<NestedTables> {
    const foreign = foreignId(here.tables, id)
    if (foreign === null) return here
    if (foreign === this.#own.tables.serviceId) return this.#own
    const known = this.#others.get(foreign) ?? this.#other(foreign)
    this.#others.set(foreign, known)
    return known
  }

  async #other(id: number): Promise<NestedTables> {
    const tables = await this.#own.tables.other(id)
    if (!tables.store.can.write) {
      throw new NotImplemented(`Records of service '${tables.name}' can not be written: it is for reading only.`)
    }
    return { tables, open: true }
  }

  async #element(
    there: NestedTables,
    view: TableView,
    model: RecordModel | null,
    sent: Members,
    depth: number,
  ): Promise<NestedElement> {
    const { request } = this.#change
    const record = model?.prepare
      ? await model.prepare({ kind: 'insert', table: view.table, key: null, record: sent, request })
      : sent
    return { record, nested: await this.nested(there, view, record, depth + 1) }
  }

  /** What a model rules is written with the rights of the parent's request: the model has decided so. */
  #related({ tables }: NestedTables, table: Table, rule: NestedRule | null): RelatedTable {
    const views = new Map<Verb, TableView>()
    return {
      table,
      place: tables,
      model: tables.model(table),
      view: (asked) => {
        const verb = rule === null ? asked : 'POST'
        const known = views.get(verb)
        if (known) return known
        const view = tables.view(table, verb)
        views.set(verb, view)
        return view
      },
    }
  }

  /** Under the first verb that the caller has: what a client may name does not depend on what will be done. */
  #anyView(related: RelatedTable): TableView {
    let refused: unknown
    for (const verb of ['POST', 'PATCH', 'GET', 'DELETE'] as const) {
      try {
        return related.view(verb)
      } catch (error) {
        if (!(error instanceof Forbidden)) throw error
        refused ??= error
      }
    }
    throw refused
  }
}

const isNothing = (value: Json): boolean => value === null || (Array.isArray(value) && value.length === 0)

/** Answers show a has_one without a child as `[]`, so that it may come back as one. */
function elementsOf(relation: Relation, value: Json): readonly Members[] {
  const bad = (as: string): BadRequest =>
    new BadRequest(`Bad data supplied for ${nameOf(relation)}. Related data must be supplied as ${as}.`)
  if (relation.type === 'has_one' || relation.type === 'belongs_to') {
    if (isNothing(value) || (isMembers(value) && isEmpty(value))) return []
    if (!isMembers(value)) throw bad('object')
    return [value]
  }
  if (!Array.isArray(value) || !value.every(isMembers)) throw bad('array')
  return value
}
