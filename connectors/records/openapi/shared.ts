/** Schemas that the documents of all record services have in common (data-plane 1.5, 5.2, 6.2, 6.3, 7). */
import type { Json } from 'dataferry/sdk'
import { type JsonObject, ref } from './record.ts'

const text = { type: 'string' }
const textOrNull = { type: ['string', 'null'] }
const flag = { type: 'boolean' }
const integer = { type: ['integer', 'null'], format: 'int32' }
const texts = { type: 'array', items: text }

const object = (properties: JsonObject): Json => ({ type: 'object', properties })
const all = (names: readonly string[], schema: Json): JsonObject =>
  Object.fromEntries(names.map((name) => [name, schema]))

export const sharedSchemas: { readonly [name: string]: Json } = {
  Record: { type: 'object', description: 'A record: values by the names of fields.', additionalProperties: true },
  Resource: object({ name: text }),
  RecordsMeta: object({
    count: { type: 'integer', description: 'The number of all records that the filter meets.' },
    next: { type: 'integer', description: 'The offset of the next page.' },
    cursor: textOrNull,
    schema: { $ref: ref('TableSchema') },
  }),
  TableSchema: object({
    ...all(['name', 'label', 'plural'], text),
    ...all(['alias', 'description', 'name_field'], textOrNull),
    is_view: flag,
    primary_key: texts,
    field: { type: 'array', items: { $ref: ref('FieldSchema') } },
    related: { type: 'array', items: { $ref: ref('RelationshipSchema') } },
    access: {},
  }),
  FieldSchema: object({
    ...all(['name', 'label', 'type', 'db_type'], text),
    ...all(['alias', 'description', 'ref_table', 'ref_field', 'ref_on_update', 'ref_on_delete'], textOrNull),
    ...all(['length', 'precision', 'scale'], integer),
    ...all(['required', 'allow_null', 'fixed_length', 'supports_multibyte', 'auto_increment'], flag),
    ...all(['is_primary_key', 'is_unique', 'is_index', 'is_foreign_key', 'is_virtual', 'is_aggregate'], flag),
    ...all(['default', 'picklist', 'validation', 'db_function'], {}),
  }),
  RelationshipSchema: object({
    ...all(['name', 'label', 'field', 'ref_table', 'ref_field'], text),
    type: { type: 'string', enum: ['belongs_to', 'has_one', 'has_many', 'many_many'] },
    ...all(['alias', 'description', 'ref_on_update', 'ref_on_delete'], textOrNull),
    ...all(['junction_table', 'junction_field', 'junction_ref_field'], textOrNull),
    ...all(['ref_service_id', 'junction_service_id'], integer),
    ...all(['is_virtual', 'always_fetch'], flag),
  }),
}

/** For services with procedures and functions. */
export const routineSchemas: { readonly [name: string]: Json } = {
  RoutineCall: {
    type: 'object',
    properties: {
      params: {
        type: 'array',
        items: object({
          name: text,
          value: {},
          param_type: { type: 'string', enum: ['IN', 'OUT', 'INOUT'] },
          type: text,
        }),
      },
      schema: {},
      wrapper: text,
      returns: text,
    },
    additionalProperties: true,
  },
}
