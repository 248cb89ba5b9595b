/** What the system service tells of itself for an OpenAPI document (control-plane 6): its paths, and the records that it keeps. */
import {
  listOperations,
  recordOperations,
  recordParameters,
  recordSchema,
  sharedSchemas,
  type TableView,
} from 'dataferry/records'
import type { Json, OpenApiPart } from 'dataferry/sdk'
import { resources } from './catalogue.ts'
import { systemPaths } from './event-paths.ts'

type Operations = { readonly [verb: string]: { readonly [member: string]: Json } }

const identifier: Json = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The identifier of a record.',
  schema: { type: 'string' },
}

/** `views`: the tables behind resources that are records; empty where they are not asked for. */
export function describeSystem(views: ReadonlyMap<string, TableView>, wrapper: string): OpenApiPart {
  const paths: { [path: string]: Json } = {}
  for (const { path, verbs } of systemPaths) {
    const [resource = ''] = path.split('.')
    const byId = path === `${resource}.{id}`
    const known: Operations = views.has(resource) ? recordsOf(resource, byId, path, wrapper) : {}
    const operations = verbs.map((verb): [string, Json] => [verb, known[verb] ?? { summary: summaryOf(path, verb) }])
    paths[`/${path.replaceAll('.', '/')}`] = {
      ...(byId ? { parameters: [identifier] } : {}),
      ...Object.fromEntries(operations),
    }
  }
  return { paths, schemas: { ...sharedSchemas, ...schemasOf(views) }, parameters: recordParameters }
}

const schemaName = (resource: string): string => `system.${resource}`

function recordsOf(resource: string, byId: boolean, path: string, wrapper: string): Operations {
  const record = { $ref: `#/components/schemas/${schemaName(resource)}` }
  const schemas = { of: `\`${resource}\``, record, fresh: record }
  if (byId) return recordOperations(schemas) as Operations
  return path === resource ? (listOperations(schemas, wrapper) as Operations) : {}
}

/** Relations lead to records of other resources, which a caller may not see. */
const schemasOf = (views: ReadonlyMap<string, TableView>): { readonly [name: string]: Json } =>
  Object.fromEntries(
    [...views].map(([resource, view]) => [
      schemaName(resource),
      recordSchema(
        view,
        (column) => view.writes(column),
        () => 'Record',
      ),
    ]),
  )

const does: { readonly [verb: string]: string } = {
  get: 'Read',
  post: 'Create',
  put: 'Change',
  patch: 'Change',
  delete: 'Delete',
}

function summaryOf(path: string, verb: string): string {
  const [resource = ''] = path.split('.')
  const label = resources.find(({ name }) => name === path.replaceAll('.', '/') || name === resource)?.label
  return label === undefined ? 'List the resources.' : `${does[verb]}: ${label}.`
}
