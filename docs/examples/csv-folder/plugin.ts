/**
 * An example of a connector that lives outside of Dataferry: a folder of CSV files, served as the tables of a database. It reads
 * files and knows no more; filter, order, paging, policy, relations and formats come from `dataferry/records`.
 *
 *     DF_PLUGINS=./docs/examples/csv-folder npm start
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import {
  LazyCatalog,
  memoryRows,
  plainColumn,
  plainSummary,
  type RecordStore,
  type Row,
  recordService,
  type SimpleType,
  type Table,
  type TableSummary,
} from 'dataferry/records'
import { BadRequest, type ConfigValues, type Json, NotImplemented, type Plugin } from 'dataferry/sdk'

/** What is known of one file, for as long as it does not change. */
interface CsvFile {
  readonly modified: number
  readonly columns: readonly { readonly name: string; readonly type: SimpleType }[]
  readonly rows: readonly Row[]
}

class CsvFolder implements RecordStore {
  readonly can = { write: false, transactions: false, returning: false, upsert: false, related: true, group: true }
  readonly catalog = new LazyCatalog({
    list: () => this.#list(),
    describe: async (summary, epoch) => describe(summary, await this.#file(summary.name), epoch),
  })
  readonly #folder: string
  readonly #files = new Map<string, CsvFile>()

  constructor(folder: string) {
    this.#folder = folder
  }

  read(planned: Parameters<RecordStore['read']>[0]): ReturnType<RecordStore['read']> {
    return memoryRows(planned, async (table) => (await this.#file(table.name)).rows)
  }

  write(): Promise<never> {
    return Promise.reject(new NotImplemented('CSV files can only be read.'))
  }

  async close(): Promise<void> {
    this.#files.clear()
  }

  async #list(): Promise<readonly TableSummary[]> {
    const names = (await readdir(this.#folder))
      .filter((name) => extname(name) === '.csv')
      .map((name) => basename(name, '.csv'))
    return names.map((name) => plainSummary(name))
  }

  async #file(table: string): Promise<CsvFile> {
    const path = join(this.#folder, `${table}.csv`)
    const { mtimeMs: modified } = await stat(path)
    const known = this.#files.get(table)
    if (known?.modified === modified) return known
    if (known !== undefined) this.catalog.refresh()
    const file = { modified, ...parseTable(await readFile(path, 'utf8')) }
    this.#files.set(table, file)
    return file
  }
}

/** A column named `id` is the key. */
function describe(summary: TableSummary, { columns }: CsvFile, epoch: number): Table {
  const key = { isPrimaryKey: true, isUnique: true, allowNull: false }
  const described = columns.map(({ name, type }) => plainColumn(name, type, name === 'id' ? key : {}))
  const primaryKey = described.filter((column) => column.isPrimaryKey).map(({ name }) => name)
  return { ...summary, columns: described, primaryKey, relations: [], constraints: [], nameField: null, epoch }
}

function parseTable(text: string): Pick<CsvFile, 'columns' | 'rows'> {
  const [names = [], ...lines] = parseCsv(text.replace(/^\uFEFF/, ''))
  const columns = names.map((name, at) => ({ name, type: typeOf(lines.map((line) => line[at] ?? '')) }))
  const value = (cell: string, type: SimpleType): Json => (cell === '' ? null : type === 'string' ? cell : Number(cell))
  const rows = lines.map((line) =>
    Object.fromEntries(columns.map(({ name, type }, at) => [name, value(line[at] ?? '', type)])),
  )
  return { columns, rows }
}

/** Numbers, where every cell that has something has one that JavaScript can hold. */
function typeOf(column: readonly string[]): SimpleType {
  const given = column.filter((cell) => cell !== '')
  if (given.length === 0) return 'string'
  if (given.every((cell) => /^-?(0|[1-9]\d*)$/.test(cell) && Number.isSafeInteger(Number(cell)))) return 'integer'
  return given.every((cell) => /^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(cell)) ? 'double' : 'string'
}

/** RFC 4180: a cell in quotes may hold commas, line breaks and doubled quotes. */
const cells = /(?:"((?:[^"]|"")*)"(?=,|\r?\n|$)|([^,\r\n]*))(,|\r?\n|$)/g

function parseCsv(text: string): string[][] {
  const lines: string[][] = []
  let line: string[] = []
  for (const [, quoted, plain = '', end] of text.matchAll(cells)) {
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    if (line.length > 1 || line[0] !== '') lines.push(line)
    line = []
    if (end === '') break
  }
  return lines
}

function folderOf({ folder }: ConfigValues): string {
  if (typeof folder !== 'string' || folder === '') throw new BadRequest('The folder of the CSV files is missing.')
  return folder
}

const plugin: Plugin = {
  name: 'csv-folder',
  api: 1,
  types: [
    {
      name: 'csv_folder',
      label: 'CSV Folder',
      group: 'Database',
      description: 'A folder of CSV files, each a table that can be read.',
      body: 'value',
      config: [
        { name: 'folder', label: 'Folder', type: 'string', required: true, description: 'Where the CSV files are.' },
      ],
      check: folderOf,
      create: (config, host) => recordService(new CsvFolder(folderOf(config)), { host, config }),
    },
  ],
}
export default plugin
