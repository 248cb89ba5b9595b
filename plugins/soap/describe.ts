/** What a SOAP service tells of itself for an OpenAPI document (control-plane 6, 8.2): an operation a function. */
import type { Json, OpenApiPart } from 'dataferry/sdk'
import type { Shape, SoapFunction } from './client.ts'

const types: { readonly [type: string]: Json } = {
  boolean: { type: 'boolean' },
  int: { type: 'integer', format: 'int32' },
  short: { type: 'integer' },
  byte: { type: 'integer' },
  unsignedInt: { type: 'integer' },
  unsignedShort: { type: 'integer' },
  long: { type: 'integer', format: 'int64' },
  unsignedLong: { type: 'integer' },
  integer: { type: 'integer' },
  positiveInteger: { type: 'integer' },
  nonNegativeInteger: { type: 'integer' },
  decimal: { type: 'number' },
  float: { type: 'number', format: 'float' },
  double: { type: 'number', format: 'double' },
  date: { type: 'string', format: 'date' },
  dateTime: { type: 'string', format: 'date-time' },
  base64Binary: { type: 'string', format: 'byte' },
}
const mostDepth = 12

/** Members of a shape, without what the library notes beside them. */
const membersOf = (shape: { readonly [name: string]: Shape }): readonly (readonly [string, Shape])[] =>
  Object.entries(shape).filter(([name]) => name !== 'targetNSAlias' && name !== 'targetNamespace')

export function schemaOf(shape: Shape, depth = 0): Json {
  if (typeof shape === 'string') {
    const [type = '', ...values] = shape.split('|')
    const base = types[type.slice(type.indexOf(':') + 1)] ?? { type: 'string' }
    const allowed = values
      .join('|')
      .split(',')
      .filter((value) => value !== '')
    return allowed.length === 0 ? base : { ...(base as object), enum: allowed }
  }
  if (depth > mostDepth) return { type: 'object' }
  const properties: { [name: string]: Json } = {}
  for (const [name, member] of membersOf(shape)) {
    const schema = schemaOf(member, depth + 1)
    if (name.endsWith('[]')) properties[name.slice(0, -2)] = { type: 'array', items: schema }
    else properties[name] = schema
  }
  return { type: 'object', properties }
}

export function describeFunctions(functions: Iterable<SoapFunction>): OpenApiPart {
  const paths: { [path: string]: Json } = {
    '/': { get: { summary: 'List the functions.', responses: { 200: { description: 'Success' } } } },
  }
  for (const { name, input, output } of functions) {
    const responses = { 200: { description: 'Success', content: { 'application/json': { schema: schemaOf(output) } } } }
    const simple = typeof input === 'string' ? [] : membersOf(input).filter(([, member]) => typeof member === 'string')
    paths[`/${name}`] = {
      get: {
        summary: `Call ${name} with the values of parameters.`,
        parameters: simple.map(([parameter, member]) => ({
          name: parameter.replace(/\[\]$/, ''),
          in: 'query',
          schema: schemaOf(member),
        })),
        responses,
      },
      post: {
        summary: `Call ${name}.`,
        requestBody: { required: true, content: { 'application/json': { schema: schemaOf(input) } } },
        responses,
      },
    }
  }
  return { paths, schemas: {} }
}
