/**
 * A relation to a hidden column would tell that there is one, so that whoever lists the relations of a table must know the tables that
 * they lead to. They are described with the table: afterwards they are asked for without waiting.
 */
import type { Catalog, Relation, Table } from '../catalog/types.ts'

/** One end of a relation: null is the own service. */
export interface End {
  readonly serviceId: number | null
  readonly table: string
  readonly fields: readonly string[]
}

/** The ends that are in other tables. */
export function endsOf({ refServiceId, refTable, refFields, junction }: Relation): readonly End[] {
  const far: End = { serviceId: refServiceId, table: refTable, fields: refFields }
  if (junction === null) return [far]
  const { serviceId, table, fields } = junction
  return [far, { serviceId, table, fields: [...fields, ...junction.refFields] }]
}

export class Neighbours {
  readonly #own: Catalog
  readonly #serviceId: number
  readonly #other: (serviceId: number) => Promise<Catalog>
  readonly #others = new Map<number, Catalog>()

  /** `other`: the catalog of another service. */
  constructor(own: Catalog, serviceId: number, other: (serviceId: number) => Promise<Catalog>) {
    this.#own = own
    this.#serviceId = serviceId
    this.#other = other
  }

  /** The service's catalog, whose tables come when those that their relations lead to are known as well. */
  get catalog(): Catalog {
    const own = this.#own
    const found = (table: Table | null | Promise<Table | null>): Table | null | Promise<Table | null> =>
      table instanceof Promise ? table.then((each) => this.#met(each)) : this.#met(table)
    return {
      get epoch() {
        return own.epoch
      },
      list: () => own.list(),
      table: (name) => found(own.table(name)),
      realTable: (name) => found(own.realTable(name)),
      refresh: () => own.refresh(),
      defaultSchema: () => own.defaultSchema?.() ?? Promise.resolve(null),
    }
  }

  /** The table at the end of a relation; null: there is none. undefined: that is not known at the moment. */
  tableAt({ serviceId, table }: End): Table | null | undefined {
    const found = this.#isOwn(serviceId) ? this.#own.realTable(table) : this.#others.get(serviceId)?.realTable(table)
    if (!(found instanceof Promise)) return found
    // Who needs the table hears of a failure.
    found.catch(() => {})
    return undefined
  }

  #met(table: Table | null): Table | null | Promise<Table> {
    if (table === null) return null
    const waits: Promise<unknown>[] = []
    const asked = new Set<string>()
    for (const end of table.relations.flatMap(endsOf)) {
      const key = `${end.serviceId ?? ''} ${end.table.toLowerCase()}`
      if (asked.has(key)) continue
      asked.add(key)
      const found = this.#isOwn(end.serviceId)
        ? this.#own.realTable(end.table)
        : this.#described(end.serviceId, end.table)
      if (found instanceof Promise) waits.push(found)
    }
    return waits.length === 0 ? table : Promise.allSettled(waits).then(() => table)
  }

  async #described(serviceId: number, table: string): Promise<void> {
    // The service may have been configured anew since.
    const catalog = await this.#other(serviceId)
    this.#others.set(serviceId, catalog)
    await catalog.realTable(table)
  }

  #isOwn(id: number | null): id is null {
    return id === null || id === this.#serviceId
  }
}
