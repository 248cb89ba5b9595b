/** The frame of a document (control-plane 6.1): who may call and how, answers and schemas that every document has. */
import type { Json } from 'dataferry/sdk'
import type { JsonObject } from './shapes.ts'

const answer = (description: string, schema: string, example: Json): JsonObject => {
  const shape = { schema: { $ref: `#/components/schemas/${schema}` } }
  return { description, content: { 'application/json': { ...shape, example }, 'application/xml': shape } }
}
const refusal = (description: string, status: number, message: string): JsonObject =>
  answer(description, 'Error', { error: { code: status, context: null, message, status_code: status } })

const securitySchemes: JsonObject = {
  BasicAuth: { type: 'http', scheme: 'basic' },
  BearerAuth: { type: 'http', scheme: 'bearer' },
  ApiKeyQuery: { type: 'apiKey', in: 'query', name: 'api_key' },
  ApiKeyHeader: { type: 'apiKey', in: 'header', name: 'X-DreamFactory-API-Key' },
  SessionTokenQuery: { type: 'apiKey', in: 'query', name: 'session_token' },
  SessionTokenHeader: { type: 'apiKey', in: 'header', name: 'X-DreamFactory-Session-Token' },
}

const failedBatch: Json = {
  error: {
    code: 1000,
    context: {
      error: [1],
      resource: [
        { id: 1 },
        { code: 404, context: null, message: "Record with identifier '9' not found.", status_code: 404 },
      ],
    },
    message: 'Batch Error: Not all requested records could be updated.',
    status_code: 400,
  },
}

const responses: JsonObject = {
  Success: answer('Success Response', 'Success', { success: true }),
  Error: answer('Error Response', 'Error', failedBatch),
  ResourceList: answer('Resource List Response', 'ResourceList', { resource: ['a', 'b'] }),
  BadRequest: refusal(
    'The request can not be carried out as it is; the message says what to change.',
    400,
    "Invalid or unparsable field in filter request: 'nope'",
  ),
  Unauthorized: refusal(
    'The session token is missing, wrong or expired.',
    401,
    'Unauthorized. User is not authenticated.',
  ),
  Forbidden: refusal(
    'The role of the caller does not allow this.',
    403,
    'Role not found. A role may not be assigned to you or your application.',
  ),
  NotFound: refusal('There is no such thing.', 404, "Record with identifier '9' not found."),
  TooManyRequests: refusal('A limit was exceeded; `Retry-After` tells when to go on.', 429, 'API limit(s) exceeded. '),
}

const schemas: JsonObject = {
  Success: {
    type: 'object',
    properties: { success: { type: 'boolean', description: 'True when the call was carried out.' } },
  },
  Error: {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: {
          code: {
            type: 'integer',
            format: 'int32',
            description: 'The status, or a code of its own: 1000 for batches.',
          },
          context: { description: 'More about it: for a batch, which records failed and why.' },
          message: { type: 'string', description: 'What is wrong.' },
          status_code: { type: 'integer', format: 'int32', description: 'The status.' },
        },
        required: ['code', 'message', 'status_code'],
      },
    },
    required: ['error'],
  },
  ResourceList: {
    type: 'object',
    properties: { resource: { type: 'array', description: 'The names of resources.', items: { type: 'string' } } },
  },
}

export interface Frame {
  /** The path of the server, without its address. */
  readonly server: { readonly url: string; readonly description: string }
  readonly info: JsonObject
  readonly tags: readonly Json[]
  /** Names of security schemes; null: all, each an alternative. */
  readonly security: readonly string[] | null
}

/** What was gathered from services, complete. */
export interface Gathered {
  readonly paths: JsonObject
  readonly schemas: JsonObject
  readonly parameters: JsonObject
}

export function documentOf({ server, info, tags, security }: Frame, gathered: Gathered): JsonObject {
  const names = security ?? Object.keys(securitySchemes)
  const schemes = Object.fromEntries(names.map((name): [string, Json] => [name, securitySchemes[name] ?? {}]))
  return {
    openapi: '3.1.0',
    servers: [server],
    components: {
      securitySchemes: schemes,
      responses,
      schemas: { ...gathered.schemas, ...schemas },
      ...(Object.keys(gathered.parameters).length === 0 ? {} : { parameters: gathered.parameters }),
    },
    security: names.map((name) => ({ [name]: [] })),
    tags,
    info,
    paths: gathered.paths,
  }
}

export const titleInfo = (title: string, description: string): JsonObject => ({ title, description, version: '2.0' })
