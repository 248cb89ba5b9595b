/** Changes through the schema resource (data-plane 6.1, 6.4): which tables, fields and relations a request is about, and what it answers. */
import {
  ApiError,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Json,
  NotFound,
  type SchemaExtras,
  type Verb,
  verbBits,
} from 'dataferry/sdk'
import type { ExtrasOfTable } from '../catalog/extended.ts'
import type { Table } from '../catalog/types.ts'
import { projectList } from '../lists.ts'
import { booleanOption, type RecordOptions } from '../options.ts'
import { isMembers, type Members, type Payload, payloadOf, wrapList } from '../payload.ts'
import { noAccess } from '../relate/read.ts'
import type { RecordStore, Row } from '../store.ts'
import type { TableView } from '../view.ts'
import { columnOf, noFieldName, SchemaChange } from './change.ts'
import { nameIn, textOf } from './field.ts'
import { relationNamed, type ServiceNames } from './relation.ts'

/** What changes work with: one service and one caller. */
export interface SchemaWriteTarget {
  readonly store: RecordStore
  readonly serviceName: string
  readonly services: ServiceNames
  /** Where extras are kept; null: nowhere, so that only the database can be changed. */
  readonly keeper: SchemaExtras | null
  extras(table: string): Promise<ExtrasOfTable>
  mask(table: string): number
  view(table: Table): TableView
  /** The whole description of a table, of a field or of a relation of it, freshly read; null: it is gone. */
  describeTable(name: string): Promise<Row | null>
  describeField(table: string, name: string): Promise<Row | null>
  describeRelation(table: string, name: string): Promise<Row | null>
}

interface Writing {
  readonly request: ApiRequest
  readonly verb: Exclude<Verb, 'GET'>
  readonly target: SchemaWriteTarget
  readonly options: RecordOptions
  readonly payload: Payload
  readonly change: SchemaChange
  readonly signal: AbortSignal
}

/** Handles POST, PUT, PATCH and DELETE. Throws BadRequest, Forbidden, NotFound. */
export async function writeSchema(
  request: ApiRequest,
  target: SchemaWriteTarget,
  options: RecordOptions,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { catalog } = target.store
  const verb = request.verb as Exclude<Verb, 'GET'>
  if (booleanOption(request.query.get('refresh'))) catalog.refresh()
  const change = new SchemaChange({
    summaries: await catalog.list(),
    services: target.services,
    schema: (await catalog.defaultSchema?.()) ?? null,
    open: target.store.can.open === true,
    find: async (name) => catalog.realTable(name),
  })
  const payload = payloadOf(request.body, request.output)
  const writing: Writing = { request, verb, target, options, payload, change, signal }
  const [, name, part, item] = request.path
  if (name === undefined) return verb === 'DELETE' ? dropTables(writing) : writeTables(writing)
  const table = await tableFor(writing, name)
  if (part === undefined) return verb === 'DELETE' ? dropTable(writing, table) : writeTable(writing, table)
  if (part === '_related') return relations(writing, table, item ?? null)
  return fields(writing, table, part === '_field' ? (item ?? null) : part)
}

const ok = (value: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value } })
const success = (): ApiReply => ok({ success: true })

const words = { POST: 'create', PUT: 'update', PATCH: 'update', DELETE: 'delete' } as const
const noData = (verb: Writing['verb']): BadRequest => new BadRequest(`No data in schema ${words[verb]} request.`)

/** Fields were asked for: the answer is the whole description. */
const describes = ({ options }: Writing): boolean => options.fields !== null && options.fields !== 'ids'

/** Throws NotFound, and Forbidden for a caller without the verb on it. */
async function tableFor({ target, verb }: Writing, name: string): Promise<Table> {
  const table = await target.store.catalog.realTable(name)
  if (table === null) throw new NotFound(`Table "${name}" does not exist in the database.`)
  allow(target, verb, table.name)
  return table
}

function allow(target: SchemaWriteTarget, verb: Writing['verb'], table: string): void {
  if ((target.mask(table) & verbBits[verb]) === 0) throw noAccess(verb, `_schema/${table}`, target.serviceName)
}

// ---- tables

async function writeTables(writing: Writing): Promise<ApiReply> {
  const { payload, verb, target, change, request, options } = writing
  if (payload.records === null) throw noData(verb)
  const names: string[] = []
  for (const record of payload.records) {
    const name = nameIn(record, 'Table schema received does not have a valid name.')
    const members = record as Members
    const table = await target.store.catalog.realTable(name)
    allow(target, verb, table?.name ?? name)
    if (table !== null) {
      if (verb === 'POST' && booleanOption(request.query.get('check_exist') ?? payload.members?.check_exist)) {
        throw new BadRequest(`A table with name '${name}' already exist in the database.`)
      }
      await merge(writing, table, members)
    } else {
      if (verb !== 'POST') throw new BadRequest('Table name can not be empty.')
      change.createTable(name, members)
    }
    names.push(table?.name ?? name)
  }
  await apply(writing)
  const rows: Row[] = []
  for (const name of names) rows.push(describes(writing) ? ((await target.describeTable(name)) ?? { name }) : { name })
  const shown = projectList(rows, { ...options, fields: describes(writing) ? 'all' : null })
  return ok(wrapList(request.output, shown))
}

async function writeTable(writing: Writing, table: Table): Promise<ApiReply> {
  const { payload, verb, target } = writing
  const members = payload.members
  if (members === null || Object.keys(members).length === 0) throw noData(verb)
  refuseRename(members, table.name, 'table')
  // A list of fields may come wrapped as lists elsewhere are.
  const listed = payload.wrapped && payload.records !== null ? { ...members, field: payload.records } : members
  await merge(writing, table, listed)
  await apply(writing)
  return ok(describes(writing) ? ((await target.describeTable(table.name)) ?? {}) : { name: table.name })
}

async function merge({ target, verb, change }: Writing, table: Table, members: Members): Promise<void> {
  const view = target.view(table)
  const shown = visible(table, view)
  await change.mergeTable(shown, await target.extras(table.name), members, verb === 'PUT' ? shown.columns : null)
}

/** What is hidden from the caller is not there for functions, aliases and replacements either. */
const visible = (table: Table, view: TableView): Table => ({
  ...table,
  columns: table.columns.filter((column) => view.sees(column)),
})

async function dropTables(writing: Writing): Promise<ApiReply> {
  const { target, change, request, options } = writing
  const names = namesToDrop(writing, 'Table schema received does not have a valid name.')
  const dropped: string[] = []
  for (const name of names) {
    const table = await target.store.catalog.realTable(name)
    if (table === null) throw new NotFound(`Table '${name}' not found.`)
    allow(target, 'DELETE', table.name)
    change.dropTable(table)
    dropped.push(table.name)
  }
  await apply(writing)
  const rows = dropped.map((name) => ({ name }))
  return ok(wrapList(request.output, projectList(rows, { ...options, fields: null })))
}

async function dropTable(writing: Writing, table: Table): Promise<ApiReply> {
  writing.change.dropTable(table)
  await apply(writing)
  return success()
}

/** `ids` of the payload, else of the query, else the list of the payload. */
function namesToDrop({ request, payload, verb }: Writing, missing: string): readonly string[] {
  const ids = payload.members?.ids ?? request.query.get('ids')
  const named = (Array.isArray(ids) ? ids : typeof ids === 'string' ? ids.split(',') : [])
    .map((id) => String(id).trim())
    .filter((id) => id !== '')
  if (named.length > 0) return named
  if (payload.records === null) throw noData(verb)
  return payload.records.map((record) => (typeof record === 'string' ? record : nameIn(record, missing)))
}

// ---- fields

async function fields(writing: Writing, table: Table, name: string | null): Promise<ApiReply> {
  const { verb, target, change, request, payload } = writing
  const view = target.view(table)
  const reach = (field: string): string => {
    const column = columnOf(table, field)
    if (column !== null && !view.sees(column)) throw noField(table)
    return column?.name ?? field
  }
  if (verb === 'DELETE') {
    const names = name === null ? namesToDrop(writing, noFieldName) : [name]
    let found = false
    for (const each of names) {
      const column = columnOf(table, reach(each))
      if (column === null) continue
      found = true
      change.dropField(table, column)
    }
    if (!found) throw noField(table)
    await apply(writing)
    return success()
  }
  const given = name === null ? listed(payload, verb) : [{ ...named(payload, verb, name), name }]
  const asked = given.map((each) => [reach(nameIn(each, noFieldName)), membersOf(each)] as const)
  if (verb === 'POST' && booleanOption(request.query.get('check_exist'))) {
    const there = asked.find(([each]) => columnOf(table, each) !== null)
    if (there) throw new BadRequest(`Field '${there[0]}' already exists in table '${table.name}'.`)
  }
  await change.fields(visible(table, view), await target.extras(table.name), asked)
  await apply(writing)
  return described(writing, name === null, asked, ([each]) => target.describeField(table.name, each))
}

const noField = (table: Table): NotFound => new NotFound(`No requested fields found in table '${table.name}'.`)
const membersOf = (value: Json): Members => (isMembers(value) ? value : {})

/** The records of a list-style body. Throws BadRequest for a bare object. */
function listed({ records }: Payload, verb: Writing['verb']): readonly Json[] {
  if (records === null) throw noData(verb)
  return records
}

/** The one object of a by-name body, wrapped or not. */
function single({ records, members }: Payload, verb: Writing['verb']): Members {
  const [only] = records ?? []
  const found = isMembers(only) ? only : members
  if (found === null || Object.keys(found).length === 0) throw noData(verb)
  return found
}

/** What is given for the field of this name. */
function named(payload: Payload, verb: Writing['verb'], name: string): Members {
  const members = single(payload, verb)
  refuseRename(members, name, 'field')
  return members
}

/** data-plane 6.4: renaming is not supported. Another name in the body would otherwise be passed over in silence. */
function refuseRename(members: Members, name: string, what: 'table' | 'field'): void {
  const given = textOf(members.name)
  if (given === null || given.toLowerCase() === name.trim().toLowerCase()) return
  throw new BadRequest(
    `A ${what} can not be renamed: '${name}' is not '${given.slice(0, 100)}'. An alias gives it another name in requests.`,
  )
}

/** Without `fields` an empty list for each; the description with it. */
async function described<T>(
  writing: Writing,
  isList: boolean,
  written: readonly T[],
  describe: (each: T) => Promise<Row | null>,
): Promise<ApiReply> {
  if (!describes(writing)) return ok(isList ? written.map(() => []) : [])
  const rows: Row[] = []
  for (const each of written) rows.push((await describe(each)) ?? {})
  return ok(isList ? wrapList(writing.request.output, rows) : (rows[0] ?? {}))
}

// ---- relations

async function relations(writing: Writing, table: Table, name: string | null): Promise<ApiReply> {
  const { verb, target, change, request, payload } = writing
  const extras = await target.extras(table.name)
  if (verb === 'DELETE') {
    const names = name === null ? namesToDrop(writing, noFieldName) : [name]
    for (const each of names) change.dropRelation(table, relationOf(table, each)?.name ?? each)
    await apply(writing)
    return success()
  }
  const given = name === null ? listed(payload, verb) : [single(payload, verb)]
  for (const each of given) {
    const named = name ?? (isMembers(each) && typeof each.name === 'string' ? each.name : null)
    const relation = named === null ? null : relationOf(table, named)
    if (relation !== null && verb === 'POST' && booleanOption(request.query.get('check_exist'))) {
      throw new BadRequest(`Relation '${relation.name}' already exists in table '${table.name}'.`)
    }
    change.relation(table, extras, each, relation?.name ?? named)
  }
  const written = change.extras.flatMap((each) =>
    each.kind === 'virtual' ? [each.relation.name] : each.kind === 'relation' ? [each.extras.relation] : [],
  )
  await apply(writing)
  return described(writing, name === null, [...given.keys()], (at) =>
    target.describeRelation(table.name, [...new Set(written)][at] ?? name ?? ''),
  )
}

/** By its real name, else by its alias: deletions of virtual relations name either. */
const relationOf = (table: Table, name: string): ReturnType<typeof relationNamed> =>
  relationNamed(table, name) ??
  table.relations.find((relation) => relation.alias?.toLowerCase() === name.toLowerCase()) ??
  null

// ---- doing it

/** One transaction where the database has one for changes of structure; the extras are its last part. */
async function apply({ target, change, signal }: Writing): Promise<void> {
  await change.finish()
  const { plans, extras } = change
  const { store, keeper, services } = target
  const id = services.serviceId
  const keep = async (): Promise<void> => {
    if (extras.length > 0 && keeper !== null && id !== null) await keeper.change(id, extras)
  }
  try {
    if (plans.length === 0) await keep()
    else {
      await store.write(async (session) => {
        await session.change(...plans)
        await keep()
      }, signal)
    }
  } catch (thrown) {
    throw refusal(thrown)
  } finally {
    // Where a database commits each change by itself, some of them may have been made.
    store.catalog.refresh()
    // Once it is committed: whoever hears of it earlier reads what was.
    if (plans.length > 0 && keeper !== null && id !== null) await keeper.restructured(id)
  }
}

/** What the database refuses is the request's fault, in plain words and without its SQL (data-plane 2.11, 6.1). */
function refusal(thrown: unknown): unknown {
  const isMistake = thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof ReferenceError
  if (!(thrown instanceof Error) || isMistake) return thrown
  if (thrown instanceof ApiError && thrown.status !== 500) return thrown
  const message =
    thrown instanceof ApiError && thrown.message !== ''
      ? thrown.message
      : 'The database refuses this change of its structure.'
  return new BadRequest(message, { cause: thrown })
}
