/** A catalog that describes a table at its first use and remembers it, for any source that can list and describe. */

import { naturalOrder } from '../naming.ts'
import type { Catalog, Table, TableSummary } from './types.ts'
import { nameOf } from './types.ts'

/** What a source must know; each is asked once between two refreshes. */
export interface CatalogSource {
  list(): Promise<readonly TableSummary[]>
  /** `epoch` goes into the table. null: the table is gone. */
  describe(summary: TableSummary, epoch: number): Promise<Table | null>
}

/** A table that is not in a list of this age may have been made since. */
const relistAfterMs = 1_000

export class LazyCatalog implements Catalog {
  readonly #source: CatalogSource
  #epoch = 1
  #list: Promise<readonly TableSummary[]> | null = null
  #listedAt = 0
  #known = new Map<string, Table>()

  constructor(source: CatalogSource) {
    this.#source = source
  }

  get epoch(): number {
    return this.#epoch
  }

  async list(): Promise<readonly TableSummary[]> {
    const epoch = this.#epoch
    if (this.#list === null) this.#listedAt = performance.now()
    this.#list ??= this.#source.list().then((all) => [...all].sort((a, b) => naturalOrder(a.name, b.name)))
    try {
      return await this.#list
    } catch (error) {
      // A source that was away for a moment is asked again.
      if (epoch === this.#epoch) this.#list = null
      throw error
    }
  }

  table(name: string): Table | null | Promise<Table | null> {
    return this.#find(`=${name.toLowerCase()}`, (summary) => nameOf(summary))
  }

  realTable(name: string): Table | null | Promise<Table | null> {
    return this.#find(`:${name.toLowerCase()}`, (summary) => summary.name)
  }

  refresh(): void {
    this.#epoch += 1
    this.#list = null
    this.#known = new Map()
  }

  #find(key: string, called: (summary: TableSummary) => string): Table | Promise<Table | null> {
    return this.#known.get(key) ?? this.#load(key, called)
  }

  async #load(key: string, called: (summary: TableSummary) => string): Promise<Table | null> {
    const wanted = key.slice(1)
    const named = (each: TableSummary): boolean => called(each).toLowerCase() === wanted
    let summary = (await this.list()).find(named)
    if (!summary && performance.now() - this.#listedAt > relistAfterMs) {
      this.#list = null
      summary = (await this.list()).find(named)
    }
    const epoch = this.#epoch
    const table = summary ? await this.#source.describe(summary, epoch) : null
    if (table && epoch === this.#epoch) {
      this.#known.set(`=${nameOf(table).toLowerCase()}`, table)
      this.#known.set(`:${table.name.toLowerCase()}`, table)
    }
    return table
  }
}
