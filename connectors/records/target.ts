/** What a request on the records of one table works with. */
import type { Verb } from 'dataferry/sdk'
import type { Table } from './catalog/types.ts'
import type { Discretion } from './discreet.ts'
import type { RecordModel } from './model.ts'
import type { RelatedTables } from './relate/tables.ts'
import type { RecordStore } from './store.ts'
import type { TableView } from './view.ts'

/** What a service allows. */
export interface RecordRules {
  /** Most rows of one answer (data-plane 3.4). */
  readonly maxRecords: number
  /** PUT and PATCH insert the records that are not there (data-plane 3.7). */
  readonly allowUpsert: boolean
  readonly maxFilterTerms: number
  /** Levels of relations in one request, read or written. */
  readonly maxRelatedDepth: number
  /** Records may bring related ones where no model says which (data-plane 5.4, 5.5). */
  readonly writesRelated: boolean
  /** Lists without an order are in the key's order. */
  readonly keyOrder: boolean
}

export const defaultRules: RecordRules = {
  maxRecords: 1000,
  allowUpsert: false,
  maxFilterTerms: 1000,
  maxRelatedDepth: 5,
  writesRelated: true,
  keyOrder: false,
}

export interface RecordTarget {
  readonly store: RecordStore
  /** The table as the caller sees it under the request's verb. */
  readonly view: TableView
  /** The segment of the path behind the table; null for a list. */
  readonly id: string | null
  readonly rules: RecordRules
  /** The id of the service, for relations; null where it has none. */
  readonly serviceId: number | null
  /** The service's name, for messages of others. */
  readonly serviceName?: string
  /** Another table of the store under a verb, for relations. Throws Forbidden for a caller who has no right to it. */
  viewOf(table: Table, verb: Verb): TableView
  /** The tables of another service, for relations that lead there; left out: there is none. */
  other?(serviceId: number): Promise<RelatedTables>
  /** What of the source's errors the caller may see; left out: all. */
  readonly discretion?: Discretion
  /** What the table has beyond its rows; null: nothing. */
  modelOf(table: Table): RecordModel | null
}
