/** The schema resource (data-plane 6.1 to 6.3): its reads, from the catalog; its changes are in schema/. */
import { type ApiReply, type ApiRequest, BadRequest, type Json, NotFound } from 'dataferry/sdk'
import { describeField, describeRelation, describeSummary, describeTable, visibleFields } from './catalog/describe.ts'
import { withSampled } from './catalog/sample.ts'
import type { Catalog, Table, TableSummary } from './catalog/types.ts'
import { identifierList, projectList } from './lists.ts'
import { booleanOption, type RecordOptions } from './options.ts'
import { wrapList } from './payload.ts'
import { noAccess } from './relate/read.ts'
import type { Row } from './store.ts'
import type { TableView } from './view.ts'

/** What the schema resource works with: one service and one caller. */
export interface SchemaTarget {
  readonly catalog: Catalog
  readonly serviceName: string
  readonly serviceId: number | null
  /** The tables asked for, whatever the caller may do with them. */
  tables(): Promise<readonly TableSummary[]>
  /** The caller's verbs on a table's description. */
  mask(table: string): number
  verbs(table: string): readonly Json[]
  view(table: Table): TableView
  /** The options of a list. Throws BadRequest for another verb than GET. */
  options(): RecordOptions
  /** Some records of an open table, as far as the caller may read them. Throws Forbidden. */
  sample(table: Table, count: number): Promise<readonly Row[]>
  /** Handles the other verbs; null: the structure can not be changed. */
  readonly write: (() => Promise<ApiReply>) | null
}

/** Handles `_schema` and what is below it. Throws NotFound, Forbidden, BadRequest. */
export async function handleSchema(request: ApiRequest, target: SchemaTarget): Promise<ApiReply> {
  const [, name, part, item] = request.path
  if (request.verb !== 'GET' && target.write !== null) return target.write()
  if (name === undefined) return listTables(request, target)
  if (request.verb !== 'GET') {
    throw new BadRequest(
      `${request.verb} requests for resource '${name}' are not currently supported by the '_schema' service.`,
    )
  }
  if (request.query.has('refresh') && booleanOption(request.query.get('refresh'))) target.catalog.refresh()
  const found = await viewNamed(target, name, `Table "${name}" does not exist in the database.`)
  const view = await sampledView(request, target, found)
  if (part === undefined) return ok(describe(view, target))
  if (part === '_field') return item === undefined ? listFields(request, view) : ok(oneField(view, item))
  if (part === '_related') {
    return item === undefined ? listRelations(request, view, target) : ok(oneRelation(view, item, target.serviceId))
  }
  return ok(oneField(view, part))
}

/** Most records that are looked at for a description. */
const mostSampled = 1_000

/** With `sample=N` documents are described by the fields that N of them have, too. */
async function sampledView({ query }: ApiRequest, target: SchemaTarget, view: TableView): Promise<TableView> {
  const count = Math.trunc(Number(query.get('sample') ?? 0))
  if (view.table.open !== true || !(count > 0)) return view
  return target.view(withSampled(view.table, await target.sample(view.table, Math.min(count, mostSampled))))
}

const ok = (value: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value } })

export const describe = (view: TableView, target: Pick<SchemaTarget, 'serviceId' | 'mask'>): Row =>
  describeTable(view, 'real', target.serviceId, target.mask(view.table.name))

/** Without `ids` the names; with `ids` whole descriptions, each of which must be there. */
async function listTables(request: ApiRequest, target: SchemaTarget): Promise<ApiReply> {
  const options = target.options()
  if (options.ids !== null) {
    const rows: Row[] = []
    for (const id of options.ids) {
      const name = String(id)
      rows.push(describe(await viewNamed(target, name, `Table '${name}' does not exist in the database.`), target))
    }
    return ok(wrapList(request.output, options.asList ? identifierList(rows, ['name']) : rows))
  }
  const rows = (await target.tables())
    .filter((table) => target.mask(table.name) !== 0)
    .map((table) => ({ ...describeSummary(table, 'real'), access: target.verbs(table.name) }))
  const shown = projectList(rows, options)
  if (options.asList || !booleanOption(request.query.get('include_access'))) return ok(wrapList(request.output, shown))
  return ok(
    wrapList(
      request.output,
      shown.map((row, index) => ({ ...(row as Row), access: rows[index]?.access ?? [] })),
    ),
  )
}

async function viewNamed(target: SchemaTarget, name: string, missing: string): Promise<TableView> {
  const table = await target.catalog.realTable(name)
  if (table === null) throw new NotFound(missing)
  if ((target.mask(table.name) & 1) === 0) throw noAccess('GET', `_schema/${name}`, target.serviceName)
  return target.view(table)
}

/** Whole objects whatever is asked for; `ids` names some of them. */
function listFields(request: ApiRequest, view: TableView): ApiReply {
  const ids = request.query.get('ids')
  const asked = typeof ids === 'string' && ids !== '' ? ids.split(',').map((id) => id.trim()) : null
  const fields =
    asked === null ? visibleFields(view) : asked.map((name) => fieldNamed(view, name)).filter((each) => each !== null)
  if (fields.length === 0 && asked !== null) throw noField(view)
  return ok(
    wrapList(
      request.output,
      fields.map((column) => describeField(view, column, 'real')),
    ),
  )
}

/** Throws NotFound. */
export function oneField(view: TableView, name: string): Row {
  const column = fieldNamed(view, name)
  if (column === null) throw noField(view)
  return describeField(view, column, 'real')
}

/** By its real name, in any case. */
const fieldNamed = (view: TableView, name: string): ReturnType<typeof visibleFields>[number] | null =>
  visibleFields(view).find((column) => column.name.toLowerCase() === name.toLowerCase()) ?? null

const noField = ({ table }: TableView): NotFound => new NotFound(`No requested fields found in table '${table.name}'.`)

function listRelations(request: ApiRequest, view: TableView, target: SchemaTarget): ApiReply {
  const rows = view.relations.map((relation) => describeRelation(relation, 'real', target.serviceId))
  return ok(wrapList(request.output, rows))
}

/** Throws NotFound. */
export function oneRelation(view: TableView, name: string, serviceId: number | null): Row {
  const relation = view.relations.find((each) => each.name.toLowerCase() === name.toLowerCase())
  if (!relation) throw new NotFound(`No requested relationships found in table '${view.table.name}'.`)
  return describeRelation(relation, 'real', serviceId)
}
