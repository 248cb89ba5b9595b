/**
 * Records that a record is joined to through a junction (data-plane 5.5, many_many): created and joined, joined, updated and joined, or
 * parted by `"{parentTable}.{parentPk}": null`, which leaves the other record as it is.
 */
import type { Bind } from 'dataferry/sdk'
import { meansNull } from '../cast.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import { keyAs } from '../relate/kinds.ts'
import type { NestedElement, NestedWork } from './nested.ts'
import { columnsNamed, type Given, type RelatedRows, type StoredRow } from './rows.ts'
import { bringsMore, insertNew, sentKey } from './sent.ts'

export class LinkedRows {
  readonly #work: NestedWork
  readonly #rows: RelatedRows
  readonly #junction: RelatedRows
  /** The junction's columns that refer to the parent, and what they hold for this one. */
  readonly #near: Given
  readonly #far: readonly Column[]
  readonly #met: readonly Column[]

  constructor(work: NestedWork, rows: RelatedRows, junction: RelatedRows, held: readonly Bind[]) {
    const { relation, related } = work
    this.#work = work
    this.#rows = rows
    this.#junction = junction
    const near = columnsNamed(junction.table, relation.junction?.fields ?? [])
    this.#near = new Map(near.map((column, at) => [column, held[at] ?? null]))
    this.#far = columnsNamed(junction.table, relation.junction?.refFields ?? [])
    this.#met = columnsNamed(related.table, relation.refFields)
  }

  /** What became of the record; null: it was parted. */
  async write(element: NestedElement, given: Given, index: number): Promise<StoredRow | null> {
    const key = sentKey(this.#work, element, this.#rows.key)
    if (key !== null && this.#isParted(element)) {
      await this.#part(this.#rows.known(key))
      return null
    }
    const stored = await this.#stored(key, element, given, index)
    await this.#join(stored)
    return stored
  }

  async #stored(key: readonly Bind[] | null, element: NestedElement, given: Given, index: number): Promise<StoredRow> {
    const { record } = element
    if (key === null) return insertNew(this.#work, element, this.#rows, given, index)
    if (!bringsMore(this.#work, element, this.#rows.key) && given.size === 0) return this.#rows.known(key)
    const updated = await this.#rows.update(key, record, given, index)
    if (updated !== null) return updated
    if (this.#rows.key.some((column) => column.autoIncrement)) throw this.#rows.missing(key)
    return this.#rows.insert(record, given, index)
  }

  /** By the parent's table and a column of its that the junction refers to, as clients or as the database name them. */
  #isParted({ record }: NestedElement): boolean {
    const { parent, relation } = this.#work
    const columns = columnsNamed(parent, relation.fields)
    const names = new Map<string, Column>()
    for (const column of columns) {
      for (const table of [parent.name, nameOf(parent)]) {
        for (const field of [column.name, nameOf(column)]) names.set(`${table}.${field}`.toLowerCase(), column)
      }
    }
    return Object.entries(record).some(([name, value]) => {
      const column = names.get(name.toLowerCase())
      return column !== undefined && meansNull(value, column)
    })
  }

  async #link(stored: StoredRow): Promise<Given> {
    const values = await stored.binds(this.#met)
    const far = this.#far.map((column, at) => {
      const value = values[at] ?? null
      const met = this.#met[at]
      return [column, this.#work.converts && met ? keyAs(value, met, column) : value] as const
    })
    return new Map([...this.#near, ...far])
  }

  async #join(stored: StoredRow): Promise<void> {
    const link = await this.#link(stored)
    const columns = [...link.keys()]
    const values = [...link.values()]
    if (await this.#junction.exists(columns, values, 'GET')) return
    await this.#junction.insert({}, link, 0)
  }

  async #part(stored: StoredRow): Promise<void> {
    await this.#junction.deleteWhere(await this.#link(stored))
  }
}
