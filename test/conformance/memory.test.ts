// The conformance suite on a source of a third party's kind: rows in memory that can be read and nothing else, made by `seed`.
import { conformance, type SeedTable } from 'dataferry/conformance'
import {
  deriveRelations,
  plainColumn,
  plainSummary,
  type RecordStore,
  RecordStoreAbility,
  type Relation,
  type Row,
  recordService,
  type Table,
} from 'dataferry/records'
import type { Service } from 'dataferry/sdk'
import { MemoryStore } from '../connectors/records/memory-store.ts'

conformance({
  name: 'a source that is read only',
  open(host, config) {
    const seeded: SeedTable[] = []
    let service = serve([])
    function serve(tables: readonly SeedTable[]): Service {
      const store: RecordStore = new MemoryStore(described(tables), { write: false, transactions: false })
      return recordService(store, { host, config })
    }
    const current: Service = {
      handle: (request, signal) => service.handle(request, signal),
      ability: (wanted) => (wanted.name === RecordStoreAbility.name ? service.ability?.(wanted) : undefined),
      close: () => service.close(),
    }
    return {
      service: current,
      async seed(tables) {
        seeded.push(...tables)
        service = serve(seeded)
      },
      close: () => current.close(),
    }
  },
  cannot: ['transactions', 'upsert', 'write'],
  lax: ['length', 'range', 'dates', 'decimals'],
})

function described(seeds: readonly SeedTable[]): readonly { readonly table: Table; readonly rows: readonly Row[] }[] {
  const relations = deriveRelations(
    seeds.map(({ plan }) => ({
      name: plan.name,
      primaryKey: keyOf(plan),
      unique: plan.unique ?? [],
      foreignKeys: (plan.foreignKeys ?? []).map((key) => ({
        columns: key.columns,
        refTable: String(key.refTable),
        refColumns: key.refColumns,
        onUpdate: null,
        onDelete: null,
      })),
    })),
  )
  return seeds.map(({ plan, rows }) => ({
    table: tableOf(plan, relations.get(plan.name) ?? []),
    rows: rows.map((row) => stored(plan, row)),
  }))
}

const keyOf = ({ columns, primaryKey }: SeedTable['plan']): readonly string[] =>
  primaryKey ?? columns.filter(({ type }) => type === 'id').map(({ name }) => name)

function tableOf(plan: SeedTable['plan'], relations: readonly Relation[]): Table {
  const primaryKey = keyOf(plan)
  return {
    ...plainSummary(plan.name),
    columns: plan.columns.map(({ name, type, length, allowNull }) =>
      plainColumn(name, type, {
        length: length ?? null,
        allowNull: allowNull === true,
        autoIncrement: type === 'id',
        isPrimaryKey: primaryKey.includes(name),
      }),
    ),
    primaryKey,
    relations,
    constraints: [],
    nameField: null,
    epoch: 1,
  }
}

/** With every column, in the order of the table. */
const stored = ({ columns }: SeedTable['plan'], row: Row): Row =>
  Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))
