/**
 * The children of a record, by has_many or has_one (data-plane 5.5): created, adopted, updated, disowned, deleted; those that are not
 * mentioned stay. Under a model's rule (control-plane 4.1) a child without an id is matched by its natural key, and one whose foreign
 * key is null is deleted.
 */
import { BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { castToColumn, meansNull } from '../cast.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import type { NestedElement, NestedWork } from './nested.ts'
import { columnsNamed, type Given, type NestedContext, noneGiven, type RelatedRows, type StoredRow } from './rows.ts'
import { bringsMore, insertNew, sentFor, sentKey } from './sent.ts'

export class ChildRows {
  readonly #work: NestedWork
  readonly #context: NestedContext
  readonly #rows: RelatedRows
  /** The child's columns that refer to the parent, and what they hold for this one. */
  readonly #foreign: Given

  constructor(work: NestedWork, context: NestedContext, rows: RelatedRows, held: readonly Bind[]) {
    this.#work = work
    this.#context = context
    this.#rows = rows
    const columns = columnsNamed(work.related.table, work.relation.refFields)
    this.#foreign = new Map(columns.map((column, at) => [column, held[at] ?? null]))
  }

  /** has_one with nothing in it: the child that is there goes. */
  async clear(): Promise<void> {
    const columns = [...this.#foreign.keys()]
    const verb = this.#work.rule === null && !this.#deletes() ? 'PATCH' : 'DELETE'
    for (const key of await this.#rows.keysOf(columns, [...this.#foreign.values()], verb)) await this.#part(key, {})
  }

  /** What became of the child; null: it is no child any more. */
  write(element: NestedElement, given: Given, index: number): Promise<StoredRow | null> {
    return this.#work.rule === null ? this.#write(element, given, index) : this.#writeRuled(element, index)
  }

  async #write(element: NestedElement, given: Given, index: number): Promise<StoredRow | null> {
    const { record } = element
    const all = new Map([...given, ...this.#foreign])
    const key = sentKey(this.#work, element, this.#rows.key, this.#foreign)
    if (key === null) return insertNew(this.#work, element, this.#rows, all, index)
    if (this.#isDisowned(element)) {
      await this.#part(key, record)
      return null
    }
    const stored = await this.#own(key, element, given, index)
    if (stored !== null) return stored
    const shared = this.#rows.key.some((column) => this.#foreign.has(column))
    const generated = !shared && this.#rows.key.some((column) => column.autoIncrement)
    const known = [...this.#rows.key, ...this.#foreign.keys()]
    if (generated || !(shared || bringsMore(this.#work, element, known))) throw this.#rows.missing(key)
    return this.#rows.insert(record, all, index)
  }

  /** Updates the child and makes it one of this parent. A foreign key that the caller may not write must be right already. */
  #own(key: readonly Bind[], { record }: NestedElement, given: Given, index: number): Promise<StoredRow | null> {
    const view = this.#work.related.view('PATCH')
    const referring = [...this.#foreign].filter(([column]) => !this.#rows.key.includes(column))
    if (referring.every(([column]) => view.writes(column))) {
      return this.#rows.update(key, record, new Map([...given, ...referring]), index)
    }
    return this.#rows.update(key, this.#without(record, referring), given, index, new Map(referring))
  }

  #without(record: NestedElement['record'], columns: readonly (readonly [Column, Bind])[]): NestedElement['record'] {
    const names = new Set(columns.map(([column]) => nameOf(column).toLowerCase()))
    return Object.fromEntries(Object.entries(record).filter(([name]) => !names.has(name.toLowerCase())))
  }

  #isDisowned({ record }: NestedElement): boolean {
    return [...this.#foreign.keys()].some((column) => {
      const sent = sentFor(this.#work.view, record, column)
      return sent !== undefined && isNone(sent, column)
    })
  }

  /** A child that must have a parent can only be deleted. */
  #deletes(): boolean {
    return this.#context.allowRelatedDelete && [...this.#foreign.keys()].some((column) => !column.allowNull)
  }

  /** Takes a child away from this parent; one that has none already is left as it is. */
  async #part(key: readonly Bind[], record: NestedElement['record']): Promise<void> {
    if (this.#work.rule !== null || this.#deletes()) {
      if (await this.#rows.delete(key, this.#foreign)) return
      if (this.#work.rule !== null) return
      throw this.#rows.missing(key)
    }
    const columns = [...this.#foreign.keys()]
    const needed = columns.find((column) => !column.allowNull || this.#rows.key.includes(column))
    if (needed) throw new BadRequest(`Field '${nameOf(needed).toLowerCase()}' can not be NULL.`)
    const none: Given = new Map(columns.map((column) => [column, null]))
    const parted =
      (await this.#rows.update(key, record, none, 0, this.#foreign)) ??
      (await this.#rows.update(key, record, noneGiven, 0, none))
    if (parted === null) throw this.#rows.missing(key)
  }

  /** As the model's rule has it: `null` alone takes a child away, and its foreign key may name another parent. */
  async #writeRuled(element: NestedElement, index: number): Promise<StoredRow | null> {
    const { record } = element
    const sent = (column: Column): Json | undefined => sentFor(this.#work.view, record, column)
    const key = sentKey(this.#work, element, this.#rows.key) ?? (await this.#byNaturalKey(sent))
    if (key === null) return this.#rows.insert(record, this.#foreign, index)
    if ([...this.#foreign.keys()].some((column) => sent(column) === null)) {
      await this.#part(key, record)
      return null
    }
    const given = new Map(this.#foreign)
    for (const column of given.keys()) {
      const named = sent(column)
      if (named !== undefined) given.set(column, castToColumn(named, column))
    }
    const stored = await this.#rows.update(key, record, given, index)
    if (stored === null) throw this.#rows.missing(key)
    return stored
  }

  async #byNaturalKey(sent: (column: Column) => Json | undefined): Promise<readonly Bind[] | null> {
    const { rule, related, relation } = this.#work
    const columns = columnsNamed(related.table, rule?.naturalKey ?? [])
    // The one child of a has_one is known by its parent alone.
    const alone = relation.type === 'has_one' && columns.length === 0
    if ((columns.length === 0 && !alone) || columns.some((column) => sent(column) === undefined)) return null
    const values = columns.map((column) => castToColumn(sent(column) ?? null, column))
    const [first] = await this.#rows.keysOf(
      [...this.#foreign.keys(), ...columns],
      [...this.#foreign.values(), ...values],
      'GET',
    )
    return first ?? null
  }
}

/** What a foreign key holds when it refers to nothing (data-plane 5.5). */
const isNone = (value: Json, column: Column): boolean =>
  value === '' || value === 0 || value === '0' || meansNull(value, column)
