/**
 * An example of a connector with keys, relations and typed columns: one JSON file that describes its tables and holds their rows. It can
 * be read and nothing else. `conformance.ts` beside it runs the conformance suite against it.
 *
 *     {"tables":[{"name":"author","columns":[{"name":"id","type":"id"},{"name":"name","type":"string"}],"rows":[{"id":1,"name":"Ann"}]}]}
 *
 *     DF_PLUGINS=./docs/examples/json-file npm start
 */
import { readFile } from 'node:fs/promises'
import {
  type ColumnDefinition,
  deriveRelations,
  LazyCatalog,
  memoryRows,
  plainColumn,
  plainSummary,
  type RecordStore,
  type Relation,
  type Row,
  recordService,
  type Table,
} from 'dataferry/records'
import {
  BadRequest,
  type ConfigValues,
  NotImplemented,
  type Plugin,
  parseJson,
  ServiceUnavailable,
} from 'dataferry/sdk'

/** One table of the file. */
export interface JsonTable {
  readonly name: string
  readonly columns: readonly ColumnDefinition[]
  /** Columns of type `id` where left out. */
  readonly primaryKey?: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  readonly foreignKeys?: readonly {
    readonly columns: readonly string[]
    readonly refTable: string
    readonly refColumns: readonly string[]
  }[]
  readonly rows: readonly Row[]
}

class JsonFile implements RecordStore {
  /** What it can not do is refused with a clear 501, before it is asked. */
  readonly can = { write: false, transactions: false, returning: false, upsert: false, related: true, group: true }
  readonly catalog = new LazyCatalog({
    list: async () => (await this.#read()).map(({ name }) => plainSummary(name)),
    describe: async ({ name }, epoch) => {
      const tables = await this.#read()
      const table = tables.find((each) => each.name === name)
      return table === undefined ? null : described(table, relationsOf(tables).get(name) ?? [], epoch)
    },
  })
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  read(planned: Parameters<RecordStore['read']>[0]): ReturnType<RecordStore['read']> {
    return memoryRows(planned, async ({ name, columns }) => {
      const found = (await this.#read()).find((table) => table.name === name)
      // With every column, in the order of the table.
      return (found?.rows ?? []).map((row) =>
        Object.fromEntries(columns.map((each) => [each.name, row[each.name] ?? null])),
      )
    })
  }

  write(): Promise<never> {
    return Promise.reject(new NotImplemented('The file can only be read.'))
  }

  async close(): Promise<void> {}

  /** Digits of numbers are kept, however many there are. */
  async #read(): Promise<readonly JsonTable[]> {
    let text: string
    try {
      text = await readFile(this.#file, 'utf8')
    } catch (cause) {
      // A path is nobody's business outside.
      throw new ServiceUnavailable('The file of this service can not be read.', { cause })
    }
    return (parseJson(text) as unknown as { readonly tables: readonly JsonTable[] }).tables
  }
}

const keyOf = ({ columns, primaryKey }: JsonTable): readonly string[] =>
  primaryKey ?? columns.filter(({ type }) => type === 'id').map(({ name }) => name)

/** Both directions of every foreign key, under the names that the contract gives them. */
const relationsOf = (tables: readonly JsonTable[]): ReadonlyMap<string, readonly Relation[]> =>
  deriveRelations(
    tables.map((table) => ({
      name: table.name,
      primaryKey: keyOf(table),
      unique: table.unique ?? [],
      foreignKeys: (table.foreignKeys ?? []).map((key) => ({ ...key, onUpdate: null, onDelete: null })),
    })),
  )

function described(table: JsonTable, relations: readonly Relation[], epoch: number): Table {
  const primaryKey = keyOf(table)
  return {
    ...plainSummary(table.name),
    columns: table.columns.map(({ name, type, length, allowNull }) =>
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
    epoch,
  }
}

function fileOf({ file }: ConfigValues): string {
  if (typeof file !== 'string' || file === '') throw new BadRequest('The file with the tables is missing.')
  return file
}

const plugin: Plugin = {
  name: 'json-file',
  api: 1,
  types: [
    {
      name: 'json_file',
      label: 'JSON File',
      group: 'Database',
      description: 'A JSON file with tables that can be read.',
      body: 'value',
      config: [{ name: 'file', label: 'File', type: 'string', required: true, description: 'Where the file is.' }],
      check: fileOf,
      create: (config, host) => recordService(new JsonFile(fileOf(config)), { host, config }),
    },
  ],
}
export default plugin
