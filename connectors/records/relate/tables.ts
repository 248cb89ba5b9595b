/** Where related tables come from, and what the caller may see of them: those of the service itself, and those of others. */
import type { Verb } from 'dataferry/sdk'
import type { Catalog, Table } from '../catalog/types.ts'
import type { RecordModel } from '../model.ts'
import type { RecordStore } from '../store.ts'
import type { TableView } from '../view.ts'

export interface RelatedTables {
  readonly store: RecordStore
  readonly catalog: Catalog
  /** The service's own id; null where it has none. */
  readonly serviceId: number | null
  /** The service's name, for messages. */
  readonly name: string
  /** Most children of one parent. */
  readonly maxRecords: number
  /** Levels of relations in one request. */
  readonly maxDepth: number
  readonly maxFilterTerms: number
  /** The view of a table under a verb; left out: for reading. Throws Forbidden for a caller who may not. */
  view(table: Table, verb?: Verb): TableView
  /** How rows of the table are presented; null: as they are. */
  model(table: Table): RecordModel | null
  /** The tables of another service. Throws NotFound, ServiceUnavailable where there is none with records. */
  other(serviceId: number): Promise<RelatedTables>
}

/** The service that a relation's end is in, among these tables; null: these. */
export const foreignId = ({ serviceId }: RelatedTables, id: number | null): number | null =>
  id === null || id === serviceId ? null : id
