/**
 * What a record service tells of itself for an OpenAPI document (control-plane 6): its paths, and the records of the tables that the
 * caller may reach, as the caller may see them. Nothing is asked of the source beyond what was asked for.
 */
import { type Json, type OpenApiAsked, type OpenApiPart, type Policy, type Verb, verbBits } from 'dataferry/sdk'
import { type Column, nameOf, type Table, type TableSummary } from '../catalog/types.ts'
import { routineResources } from '../routine/resource.ts'
import type { RecordStore } from '../store.ts'
import type { TableView } from '../view.ts'
import {
  listOperations,
  recordOperations,
  routineOperations,
  schemaOperations,
  serviceOperations,
  type TableSchemas,
} from './operations.ts'
import { parameters, pathParameter } from './parameters.ts'
import { componentName, type JsonObject, recordSchema, ref, requiredFields } from './record.ts'
import { routineSchemas, sharedSchemas } from './shared.ts'

export interface DescribedService {
  readonly store: RecordStore
  readonly name: string
  /** The key that lists are wrapped in. */
  readonly wrapper: string
  /** For `_table/{table}`, by the name that clients use. */
  readonly policy: (table: string, verb: Verb) => Policy
  /** What the caller has on any component. */
  readonly mask: (component: string) => number
  readonly view: (table: Table, policy: Policy) => TableView
  /** As its description shows it. */
  readonly definition: (table: Table) => TableView
}

interface Described {
  readonly table: Table
  readonly view: TableView
  readonly writes: (column: Column) => boolean
  /** Of components; null: the caller has nothing on the records of the table. */
  readonly record: string | null
  readonly fresh: string | null
}

type Paths = { [path: string]: Json }

export async function describeRecords(service: DescribedService, asked: OpenApiAsked): Promise<OpenApiPart> {
  const { store, wrapper } = service
  if (asked.refresh) {
    store.catalog.refresh()
    store.routines?.refresh()
  }
  const tables = asked.tables === 'none' ? null : await describeTables(service, asked)
  const own = asked.tables === 'paths' && tables !== null
  const { structure = false } = store.can
  const paths: Paths = { ...serviceOperations(wrapper, structure) }
  if (own) for (const each of tables) Object.assign(paths, pathsOf(each, service))
  else Object.assign(paths, commonPaths(service, tables))
  if (store.routines) Object.assign(paths, await routinePaths(service, tables !== null))
  return {
    paths,
    schemas: {
      ...sharedSchemas,
      ...(store.routines ? routineSchemas : {}),
      ...Object.fromEntries((tables ?? []).flatMap((each) => schemasOf(each, tables ?? []))),
    },
    parameters,
  }
}

async function describeTables(service: DescribedService, { only }: OpenApiAsked): Promise<readonly Described[]> {
  const { store, policy, view } = service
  const reachable = (await store.catalog.list()).filter(
    (each) => (only === null || only.has(nameOf(each).toLowerCase())) && mayReach(service, each),
  )
  const taken = new Set<string>()
  const take = (text: string): string => {
    const name = componentName(text, taken)
    taken.add(name)
    return name
  }
  const described: Described[] = []
  for (const { name } of reachable) {
    const table = await store.catalog.realTable(name)
    if (table === null) continue
    const api = nameOf(table)
    const readable = policy(api, 'GET')
    const seen = view(table, readable)
    const writers = (['POST', 'PUT', 'PATCH'] as const)
      .filter((verb) => (readable.verbs & verbBits[verb]) !== 0)
      .map((verb) => view(table, policy(api, verb)))
    const writes = (column: Column): boolean => writers.some((writer) => writer.writes(column))
    const record = readable.verbs === 0 ? null : take(`${service.name}.${api}`)
    const creates = record !== null && (readable.verbs & verbBits.POST) !== 0 && requiredFields(seen, writes).length > 0
    described.push({ table, view: seen, writes, record, fresh: creates ? take(`${record}.new`) : null })
  }
  return described
}

const mayReach = ({ policy, mask }: DescribedService, summary: TableSummary): boolean =>
  policy(nameOf(summary), 'GET').verbs !== 0 || mask(`_schema/${summary.name}`) !== 0

function schemasOf(each: Described, all: readonly Described[]): readonly [string, Json][] {
  const { view, writes, record, fresh } = each
  if (record === null) return []
  const related = (refTable: string, refServiceId: number | null): string | null =>
    refServiceId === null
      ? (all.find(({ table }) => table.name.toLowerCase() === refTable.toLowerCase())?.record ?? null)
      : 'Record'
  const schema = recordSchema(view, writes, (relation) => related(relation.refTable, relation.refServiceId))
  const made: [string, Json][] = [[record, schema]]
  if (fresh !== null) made.push([fresh, { allOf: [{ $ref: ref(record) }, { required: requiredFields(view, writes) }] }])
  return made
}

const anyRecord: TableSchemas = { of: 'a table', record: { $ref: ref('Record') }, fresh: { $ref: ref('Record') } }

/** With parameters for the names; where tables are known, the parameter tells them. */
function commonPaths({ wrapper }: DescribedService, tables: readonly Described[] | null): Paths {
  const records = tables?.filter(({ record }) => record !== null).map(({ table }) => nameOf(table)) ?? null
  const table = pathParameter('table_name', 'The name of a table.', records)
  const described = pathParameter(
    'table_name',
    'The name of a table.',
    tables?.map(({ table: { name } }) => name) ?? null,
  )
  const paths: Paths = {}
  for (const [below, operations] of Object.entries(schemaOperations('a table', wrapper))) {
    paths[`/_schema/{table_name}${below}`] = { parameters: [described, ...parameterOf(below, null)], ...operations }
  }
  paths['/_table/{table_name}'] = { parameters: [table], ...listOperations(anyRecord, wrapper) }
  paths['/_table/{table_name}/{id}'] = { parameters: [table, identifier], ...recordOperations(anyRecord) }
  return paths
}

const identifier = pathParameter('id', 'The identifier of a record.', null)

/** The parameter of a path below a table's description. */
function parameterOf(below: string, view: TableView | null): readonly Json[] {
  if (below.endsWith('{field_name}'))
    return [pathParameter('field_name', 'The name of a field.', view?.columns.map(({ name }) => name) ?? null)]
  if (below.endsWith('{relationship_name}'))
    return [pathParameter('relationship_name', 'The name of a relation.', view?.relations.map(nameOf) ?? null)]
  return []
}

/** One table's own. A name is one segment, whatever is in it. */
function pathsOf(
  { table, view, record, fresh }: Described,
  { wrapper, mask, policy, definition }: DescribedService,
): Paths {
  const api = nameOf(table)
  const paths: Paths = {}
  const schemaVerbs = mask(`_schema/${table.name}`)
  for (const [below, operations] of Object.entries(schemaOperations(table.name, wrapper))) {
    const allowed = allowedOf(operations, schemaVerbs)
    const parameters = parameterOf(below, definition(table))
    if (allowed === null) continue
    paths[`/_schema/${encodeURIComponent(table.name)}${below}`] = {
      ...(parameters.length === 0 ? {} : { parameters }),
      ...allowed,
    }
  }
  if (record === null) return paths
  const { verbs } = policy(api, 'GET')
  const one = { $ref: ref(record) }
  const schemas: TableSchemas = { of: api, record: one, fresh: fresh === null ? one : { $ref: ref(fresh) } }
  const path = `/_table/${encodeURIComponent(api)}`
  paths[path] = allowedOf(listOperations(schemas, wrapper), verbs) ?? {}
  const byId = view.key.length === 0 ? null : allowedOf(recordOperations(schemas), verbs)
  if (byId !== null) paths[`${path}/{id}`] = { parameters: [identifier], ...byId }
  return paths
}

function allowedOf(operations: JsonObject, verbs: number): JsonObject | null {
  const allowed = Object.entries(operations).filter(
    ([verb]) => (verbs & (verbBits[verb.toUpperCase() as Verb] ?? 0)) !== 0,
  )
  return allowed.length === 0 ? null : Object.fromEntries(allowed)
}

async function routinePaths({ store, wrapper, mask }: DescribedService, known: boolean): Promise<Paths> {
  const paths: Paths = {}
  for (const { name, kind } of routineResources) {
    const all = known ? await store.routines?.list(kind) : undefined
    const names = all?.map((each) => each.name).filter((each) => mask(`${name}/${each}`) !== 0) ?? null
    const parameter = `${kind}_name`
    const [list, call] = routineOperations(name, kind, wrapper)
    paths[`/${name}`] = { ...list }
    const parameters = [pathParameter(parameter, `The name of a ${kind}.`, names)]
    paths[`/${name}/{${parameter}}`] = { parameters, ...call }
  }
  return paths
}
