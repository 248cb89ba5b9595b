/**
 * Children that come with a record and are written in its transaction (control-plane 4.1, "Writing has-many"): an element with its id
 * is updated, one without is matched by its natural key or inserted, one whose foreign key is null is deleted, and what is not
 * mentioned stays. Which relations may be written so, the model of the parent says.
 */
import { BadRequest, type Bind, type Json, NotImplemented } from 'dataferry/sdk'
import { castToColumn, meansNull } from '../cast.ts'
import { type Column, nameOf, type Relation, type Table } from '../catalog/types.ts'
import { recordNotFound } from '../keys.ts'
import type { Change, RecordModel } from '../model.ts'
import { isEmpty, isMembers, type Members } from '../payload.ts'
import { projection } from '../plan/fields.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, keyProjections, planRead, takeKey } from '../plan/read.ts'
import { WritePlanner } from '../plan/write.ts'
import type { Row, WriteSession } from '../store.ts'
import { realColumn, type TableView } from '../view.ts'
import { processRecord } from './fields.ts'
import { runOne } from './run.ts'

/** How the children of one relation are written. */
export interface NestedRule {
  /** Fields that tell a child without an id from its siblings, by real name; empty: such a child is always new. */
  readonly naturalKey: readonly string[]
}

/** Children of one relation, ready to be written. */
export interface NestedWork {
  readonly relation: Relation
  readonly rule: NestedRule
  readonly child: TableView
  readonly model: RecordModel | null
  /** Elements after the child model's `prepare`. */
  readonly elements: readonly Members[]
  /** has_one with nothing in it: the child goes. */
  readonly clears: boolean
}

/** Where the children's table comes from. */
export interface NestedTables {
  table(relation: Relation): Promise<Table | null>
  view(table: Table): TableView
  model(table: Table): RecordModel | null
}

/**
 * Prepares what a record brings beside its own fields, before the transaction. Throws NotImplemented for relations that can't be
 * written, BadRequest for data of a wrong form.
 */
export async function prepareNested(
  nested: readonly { readonly relation: Relation; readonly value: Json }[],
  model: RecordModel | null,
  tables: NestedTables,
  change: Change,
): Promise<readonly NestedWork[]> {
  const works: NestedWork[] = []
  for (const { relation, value } of nested) {
    const name = nameOf(relation)
    const rule = model?.nested?.get(name.toLowerCase())
    if (!rule) {
      if (isNothing(value)) continue
      throw new NotImplemented(
        model === null
          ? `Writing related records is not supported yet: '${name}'.`
          : `Creating related record of relation type "${relation.type}" is not supported.`,
      )
    }
    const table = await tables.table(relation)
    if (table === null) continue
    const elements = elementsOf(relation, value)
    const childModel = tables.model(table)
    const prepared: Members[] = []
    for (const element of elements) prepared.push(await preparedChild(childModel, table, element, change))
    const clears = relation.type === 'has_one' && elements.length === 0
    works.push({ relation, rule, child: tables.view(table), model: childModel, elements: prepared, clears })
  }
  return works
}

const isNothing = (value: Json): boolean => value === null || (Array.isArray(value) && value.length === 0)

function elementsOf(relation: Relation, value: Json): readonly Members[] {
  const bad = (as: string): BadRequest =>
    new BadRequest(`Bad data supplied for ${nameOf(relation)}. Related data must be supplied as ${as}.`)
  if (relation.type === 'has_one') {
    if (isNothing(value) || (isMembers(value) && isEmpty(value))) return []
    if (!isMembers(value)) throw bad('object')
    return [value]
  }
  if (!Array.isArray(value) || !value.every(isMembers)) throw bad('array')
  return value
}

async function preparedChild(
  model: RecordModel | null,
  table: Table,
  record: Members,
  parent: Change,
): Promise<Members> {
  if (!model?.prepare) return record
  const { request } = parent
  return model.prepare({ kind: 'insert', table, key: null, record, request })
}

/** Writes the children of a parent whose row is `parent`, by real column name. Changes made are added to `changes`. */
export async function writeNested(
  session: WriteSession,
  works: readonly NestedWork[],
  parent: ReadonlyMap<string, Bind>,
  change: Change,
  userId: number | null,
): Promise<void> {
  for (const work of works) {
    const writer = new ChildWriter(session, work, parent, change, userId)
    if (work.clears) await writer.clear()
    for (const [index, element] of work.elements.entries()) await writer.write(element, index)
  }
}

class ChildWriter {
  readonly #session: WriteSession
  readonly #work: NestedWork
  readonly #parent: ReadonlyMap<string, Bind>
  readonly #change: Change
  readonly #userId: number | null
  readonly #planner: WritePlanner
  readonly #key: readonly Column[]
  /** The child's columns that refer to the parent, and what they hold for this one. */
  readonly #foreign: readonly Column[]
  readonly #foreignValues: readonly Bind[]

  constructor(
    session: WriteSession,
    work: NestedWork,
    parent: ReadonlyMap<string, Bind>,
    change: Change,
    userId: number | null,
  ) {
    this.#session = session
    this.#work = work
    this.#parent = parent
    this.#change = change
    this.#userId = userId
    this.#key = work.child.key
    this.#planner = new WritePlanner(work.child, keyProjections(this.#key))
    this.#foreign = work.relation.refFields
      .map((name) => realColumn(work.child.table, name))
      .filter((column) => column !== null)
    this.#foreignValues = work.relation.fields.map((name) => this.#parent.get(name.toLowerCase()) ?? null)
  }

  /** Deletes the children of the parent. */
  async clear(): Promise<void> {
    const rows = await this.#rows(this.#foreign, this.#foreignValues)
    for (const key of rows) await this.#delete(key)
  }

  async write(element: Members, index: number): Promise<void> {
    const given = new Map(Object.entries(element).map(([name, value]) => [name.toLowerCase(), value]))
    const sentFor = (column: Column): Json | undefined => given.get(nameOf(column).toLowerCase())
    const key = this.#key.map((column) => sentFor(column) ?? null)
    const named = key.length > 0 && this.#key.every((column, at) => !meansNull(key[at] ?? null, column))
    const found = named
      ? this.#key.map((column, at) => castToColumn(key[at] ?? null, column))
      : await this.#byNaturalKey(sentFor)
    if (found === null) return this.#insert(element, index)
    const disowned = this.#foreign.some((column) => sentFor(column) === null)
    if (disowned) return this.#delete(found)
    return this.#update(element, found, index, sentFor)
  }

  async #byNaturalKey(sentFor: (column: Column) => Json | undefined): Promise<readonly Bind[] | null> {
    const columns = this.#work.rule.naturalKey
      .map((name) => realColumn(this.#work.child.table, name))
      .filter((column) => column !== null)
    if (columns.length === 0 || columns.some((column) => sentFor(column) === undefined)) return null
    const values = columns.map((column) => castToColumn(sentFor(column) ?? null, column))
    const [first] = await this.#rows([...this.#foreign, ...columns], [...this.#foreignValues, ...values])
    return first ?? null
  }

  /** The keys of the children whose columns hold the values. */
  async #rows(columns: readonly Column[], values: readonly Bind[]): Promise<readonly (readonly Bind[])[]> {
    const planned = planRead({
      view: this.#work.child,
      columns: keyProjections(this.#key),
      where: (binds) => keyIs(columns, values, binds),
      result: asRows,
    })
    const rows = await this.#session.rows(planned)
    return rows.map((row) => takeKey({ ...row }, this.#key).map((value, at) => this.#bind(value, at)))
  }

  #bind(value: Json, at: number): Bind {
    const column = this.#key[at]
    return column ? castToColumn(value, column) : null
  }

  async #insert(element: Members, index: number): Promise<void> {
    const { child } = this.#work
    const filled = new Set(this.#foreign)
    const how = { kind: 'insert', index, userId: this.#userId, key: [], filled } as const
    const values = new Map(processRecord(child, element, how).values)
    this.#foreign.forEach((column, at) => {
      values.set(column, { kind: 'value', value: this.#foreignValues[at] ?? null })
    })
    const change = this.#changeOf('insert', null, element)
    await this.#work.model?.check?.(this.#session, change)
    const outcome = await runOne(this.#session, this.#planner.insert(values))
    const [row] = outcome.rows
    await this.#audit({ ...change, key: row ? this.#shown(takeKey({ ...row }, this.#key)) : null })
  }

  /** The foreign key may name another parent: the child moves. Without one it comes to this one. */
  async #update(
    element: Members,
    key: readonly Bind[],
    index: number,
    sentFor: (column: Column) => Json | undefined,
  ): Promise<void> {
    const how = { kind: 'update', index, userId: this.#userId, key: this.#key } as const
    const values = new Map(processRecord(this.#work.child, element, how).values)
    this.#foreign.forEach((column, at) => {
      const sent = sentFor(column)
      const value = sent === undefined ? (this.#foreignValues[at] ?? null) : castToColumn(sent, column)
      values.set(column, { kind: 'value', value })
    })
    const change = this.#changeOf('update', this.#shown(key), element)
    await this.#work.model?.check?.(this.#session, change)
    const outcome = await runOne(this.#session, this.#planner.update(values, this.#key, key))
    if (outcome.affected === 0) throw recordNotFound(key.map(String).join(','))
    await this.#audit(change)
  }

  /** Only a child of this parent. */
  async #delete(key: readonly Bind[]): Promise<void> {
    const change = this.#changeOf('delete', this.#shown(key), {})
    await this.#work.model?.check?.(this.#session, change)
    const columns = [...this.#key, ...this.#foreign]
    const outcome = await runOne(this.#session, this.#planner.delete(columns, [...key, ...this.#foreignValues]))
    if (outcome.affected > 0) await this.#audit(change)
  }

  #audit(change: Change): Promise<void> | undefined {
    return this.#work.model?.audit?.(this.#session, change)
  }

  #changeOf(kind: Change['kind'], key: Row | null, record: Members): Change {
    return { kind, table: this.#work.child.table, key, record, request: this.#change.request }
  }

  #shown(key: readonly (Json | Bind)[]): Row {
    return Object.fromEntries(this.#key.map((column, at) => [projection(column).as, (key[at] ?? null) as Json]))
  }
}
