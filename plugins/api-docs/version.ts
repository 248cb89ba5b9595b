/** An OpenAPI 3.1 document as one of 3.0: schemas that are of several types, null among them, are said in other words. */
import type { Json } from 'dataferry/sdk'
import { isObject, type JsonObject, listOf, mapMembers, objectOf } from './shapes.ts'

export function asVersion30(document: JsonObject): JsonObject {
  const components = objectOf(document.components)
  return {
    ...document,
    openapi: '3.0.3',
    components: {
      ...components,
      schemas: mapMembers(objectOf(components.schemas), schemaOf),
      ...('parameters' in components ? { parameters: mapMembers(objectOf(components.parameters), withSchema) } : {}),
      ...('responses' in components ? { responses: mapMembers(objectOf(components.responses), withContent) } : {}),
    },
    paths: mapMembers(objectOf(document.paths), (item) =>
      mapMembers(objectOf(item), (member, name) =>
        name === 'parameters' ? listOf(member).map(withSchema) : operationOf(member),
      ),
    ),
  }
}

function operationOf(operation: Json): Json {
  if (!isObject(operation)) return operation
  return mapMembers(operation, (member, name) => {
    if (name === 'parameters') return listOf(member).map(withSchema)
    if (name === 'requestBody') return withContent(member)
    return name === 'responses' ? mapMembers(objectOf(member), withContent) : member
  })
}

const withSchema = (holder: Json): Json =>
  isObject(holder) && 'schema' in holder ? { ...holder, schema: schemaOf(holder.schema ?? null) } : holder

const withContent = (holder: Json): Json =>
  isObject(holder) && isObject(holder.content) ? { ...holder, content: mapMembers(holder.content, withSchema) } : holder

const mapsOfSchemas: ReadonlySet<string> = new Set(['properties', 'patternProperties'])
const listsOfSchemas: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf'])
const oneSchema: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'not'])

function schemaOf(schema: Json): Json {
  if (!isObject(schema)) return schema
  const inner = mapMembers(schema, (member, name) => {
    if (mapsOfSchemas.has(name)) return mapMembers(objectOf(member), schemaOf)
    if (listsOfSchemas.has(name)) return listOf(member).map(schemaOf)
    return oneSchema.has(name) ? schemaOf(member) : member
  })
  return withoutNullInChoice(withoutTypeList(inner))
}

/** `type: [a, null]` -> `type: a, nullable`; of several types each is a choice. */
function withoutTypeList(schema: JsonObject): JsonObject {
  if (!Array.isArray(schema.type)) return schema
  const { type, ...rest } = schema
  const types = listOf(type).filter((each) => each !== 'null')
  const nullable = types.length < listOf(type).length ? { nullable: true } : {}
  if (types.length === 1) return { ...rest, type: types[0] ?? 'string', ...nullable }
  return { ...rest, anyOf: types.map((each) => ({ type: each })), ...nullable }
}

function withoutNullInChoice(schema: JsonObject): JsonObject {
  const choices = listOf(schema.anyOf)
  const others = choices.filter((each) => objectOf(each).type !== 'null')
  if (others.length === choices.length) return schema
  return { ...schema, anyOf: others, nullable: true }
}
