/** The operations of records, schemas and routines, by path: what of them does not depend on a database. */
import type { Json, Verb } from 'dataferry/sdk'
import { named, type ParameterName } from './parameters.ts'
import { type JsonObject, listOf, ref } from './record.ts'

interface Told {
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly ParameterName[]
  readonly body?: Json
  readonly status?: '200' | '201'
  readonly answer: Json
}

/** One operation; its errors are those that all have. */
export function operation({ summary, description, parameters = [], body, status = '200', answer }: Told): JsonObject {
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters: named(...parameters) }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    responses: { [status]: { description: 'Success', content: contentOf(answer) } },
  }
}

const contentOf = (schema: Json): JsonObject => ({ 'application/json': { schema }, 'application/xml': { schema } })

/** The schemas that the operations on one table refer to. */
export interface TableSchemas {
  /** What the operations are about, for their summaries. */
  readonly of: string
  readonly record: Json
  /** A record that is made: with the fields that it must have. */
  readonly fresh: Json
}

const batch = ['continue', 'rollback'] as const
const shown = ['fields', 'related'] as const
const which = ['ids', 'filter', 'id_field', 'id_type'] as const

type Operations = { readonly [V in Lowercase<Verb>]?: JsonObject }

/** `_table/{table}`: lists, filters and batches. */
export function listOperations({ of, record, fresh }: TableSchemas, wrapper: string): Operations {
  const list = listOf(record, wrapper, true)
  const sent = { anyOf: [listOf(record, wrapper, false), record] }
  const change = { parameters: [...shown, ...which, ...batch], body: sent, answer: listOf(record, wrapper, false) }
  return {
    get: operation({
      summary: `Read records of ${of}.`,
      parameters: [
        ...shown,
        ...which,
        'limit',
        'offset',
        'order',
        'group',
        'having',
        'distinct',
        'count_only',
        'include_count',
        'include_schema',
        'cursor',
        ...batch,
        'file',
      ],
      answer: list,
    }),
    post: operation({
      summary: `Create records of ${of}.`,
      description: 'Only the key of each record comes back, unless fields are asked for.',
      parameters: [...shown, 'id_field', 'id_type', ...batch, 'upsert'],
      body: { anyOf: [listOf(fresh, wrapper, false), fresh] },
      status: '201',
      answer: listOf(record, wrapper, false),
    }),
    put: operation({ summary: `Replace records of ${of}.`, ...change }),
    patch: operation({ summary: `Change records of ${of}.`, ...change }),
    delete: operation({
      summary: `Delete records of ${of}.`,
      parameters: [...shown, ...which, ...batch, 'force'],
      answer: listOf(record, wrapper, false),
    }),
  }
}

/** `_table/{table}/{id}`. */
export function recordOperations({ of, record }: TableSchemas): Operations {
  const parameters = [...shown, 'id_field', 'id_type'] as const
  return {
    get: operation({ summary: `Read one record of ${of}.`, parameters, answer: record }),
    put: operation({ summary: `Replace one record of ${of}.`, parameters, body: record, answer: record }),
    patch: operation({ summary: `Change one record of ${of}.`, parameters, body: record, answer: record }),
    delete: operation({ summary: `Delete one record of ${of}.`, parameters, answer: record }),
  }
}

const success = { $ref: ref('Success') }

/** What is described by `_schema`: a table, its fields, its relations. */
function definitions(what: string, schema: string, wrapper: string, verbs: readonly Lowercase<Verb>[]): Operations {
  const one = { $ref: ref(schema) }
  const list = listOf(one, wrapper, false)
  const all: Required<Operations> = {
    get: operation({ summary: `Describe ${what}.`, parameters: ['refresh', 'fields'], answer: one }),
    post: operation({ summary: `Create ${what}.`, body: list, status: '201', answer: list }),
    put: operation({ summary: `Replace the definition of ${what}.`, body: one, answer: success }),
    patch: operation({ summary: `Change the definition of ${what}.`, body: one, answer: success }),
    delete: operation({ summary: `Drop ${what}.`, answer: success }),
  }
  return Object.fromEntries(verbs.map((verb) => [verb, all[verb]]))
}

const every = ['get', 'post', 'put', 'patch', 'delete'] as const
const ofOne = ['get', 'put', 'patch', 'delete'] as const

/** Below `_schema/{table}`; `of` names the table. */
export function schemaOperations(of: string, wrapper: string): { readonly [below: string]: Operations } {
  return {
    '': definitions(of, 'TableSchema', wrapper, every),
    '/_field': definitions(`fields of ${of}`, 'FieldSchema', wrapper, every),
    '/_related': definitions(`relations of ${of}`, 'RelationshipSchema', wrapper, every),
    '/_field/{field_name}': definitions(`one field of ${of}`, 'FieldSchema', wrapper, ofOne),
    '/_related/{relationship_name}': definitions(`one relation of ${of}`, 'RelationshipSchema', wrapper, ofOne),
  }
}

const listing = (summary: string, answer: Json, ...more: readonly ParameterName[]): JsonObject =>
  operation({ summary, parameters: ['as_list', 'fields', 'include_access', 'refresh', ...more], answer })

/** The lists of a service: itself, tables, descriptions of tables. */
export function serviceOperations(wrapper: string, structure: boolean): { readonly [path: string]: Operations } {
  const names = listOf({ $ref: ref('Resource') }, wrapper, false)
  const tables = listOf({ $ref: ref('TableSchema') }, wrapper, false)
  const write = (summary: string): JsonObject => operation({ summary, body: tables, answer: tables })
  return {
    '/': { get: listing('List the resources.', names, 'as_access_list') },
    '/_schema': {
      get: listing('List the tables that can be described.', tables, 'ids', 'schema'),
      ...(structure
        ? {
            post: operation({ summary: 'Create tables.', body: tables, status: '201', answer: tables }),
            put: write('Replace definitions of tables.'),
            patch: write('Change definitions of tables.'),
          }
        : {}),
    },
    '/_table': { get: listing('List the tables with records.', names, 'ids', 'schema') },
  }
}

/** `_proc` and `_func`, and what is called by name. */
export function routineOperations(resource: string, what: string, wrapper: string): readonly [Operations, Operations] {
  const call = (summary: string): JsonObject => operation({ summary, parameters: ['file'], answer: {} })
  return [
    { get: listing(`List the ${what}s.`, listOf({ $ref: ref('Resource') }, wrapper, false), 'ids', 'schema') },
    {
      get: call(`Call a ${what}. Its parameters are parameters of the query, or in parentheses behind its name.`),
      post: {
        ...call(`Call a ${what} with parameters in the body.`),
        requestBody: { required: false, content: contentOf({ $ref: ref('RoutineCall') }) },
        description: `The body may also say how results are to be read and wrapped (\`/${resource}\`).`,
      },
    },
  ]
}
