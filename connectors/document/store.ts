/** A document store as a RecordStore: its collections are open tables. */
import { type Capabilities, LazyCatalog, openField, plainSummary, type RecordStore } from 'dataferry/records'
import type { DocumentAdapter, Transaction } from './adapter.ts'
import { DocumentReader } from './reader.ts'
import { DocumentSession } from './session.ts'

export interface DocumentStoreOptions {
  /** The key of lists in values. */
  readonly wrapperName: string
  /** Identifiers in paths and lists of them are numbers where they can be. */
  readonly numericIds: boolean
  /** The type of identifiers as the store calls it. */
  readonly idType: string
  /** The field that every write changes, and that writes answer. */
  readonly revision?: string
  readonly can?: Partial<Capabilities>
}

/** No I/O: the first use connects. */
export function documentStore(adapter: DocumentAdapter, options: DocumentStoreOptions): RecordStore {
  const { wrapperName } = options
  const reader = new DocumentReader(adapter, wrapperName)
  const catalog = catalogOf(adapter, options)
  return {
    can: {
      write: true,
      // Where the store has none, what was written is undone (data-plane 8).
      transactions: true,
      returning: false,
      upsert: true,
      upsertByKey: true,
      related: true,
      group: true,
      structure: true,
      open: true,
      nulls: 'least',
      ...options.can,
    },
    catalog,
    read: (planned) => reader.source(planned),
    async write(work, signal, atomic = false) {
      const run = async (within: Transaction): Promise<Awaited<ReturnType<typeof work>>> => {
        const session = new DocumentSession(adapter, reader, within, signal)
        try {
          const result = await work(session)
          if (session.changed) catalog.refresh()
          return result
        } catch (error) {
          if (session.changed) catalog.refresh()
          if (within === null) await session.rollback(0, error)
          throw error
        }
      }
      const whole = atomic && adapter.transaction !== undefined && (await adapter.transactions?.()) === true
      return whole && adapter.transaction ? adapter.transaction(run) : run(null)
    },
    async writeOne(planned, signal) {
      const [outcome] = await new DocumentSession(adapter, reader, null, signal, false).run(
        planned,
        [planned.binds],
        'halt',
      )
      if (!outcome) throw new TypeError('A write has an outcome.')
      return outcome
    },
    close: () => adapter.close(),
  }
}

function catalogOf(adapter: DocumentAdapter, { numericIds, idType, revision }: DocumentStoreOptions): LazyCatalog {
  const id = openField('_id', {
    label: 'Id',
    type: numericIds ? 'integer' : 'string',
    dbType: idType,
    allowNull: false,
    autoIncrement: true,
    isPrimaryKey: true,
    isUnique: true,
  })
  const changes =
    revision === undefined ? [] : [openField(revision, { label: 'Revision', type: 'string', dbType: 'string' })]
  return new LazyCatalog({
    list: async () => (await adapter.collections()).map((name) => plainSummary(name)),
    describe: async (summary, epoch) => {
      const key = (await adapter.key?.(summary.name)) ?? [id]
      return {
        ...summary,
        open: true,
        columns: [...key, ...changes],
        primaryKey: key.map(({ name }) => name),
        ...(revision === undefined ? {} : { revision }),
        relations: [],
        constraints: [],
        nameField: null,
        epoch,
      }
    },
  })
}
