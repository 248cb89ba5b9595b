/** The schema of a table's records in an OpenAPI 3.1 document: what a view shows, with the types as they are printed (data-plane 9). */
import type { Json } from 'dataferry/sdk'
import { isRequired } from '../catalog/describe.ts'
import { type Column, nameOf, type Relation, type SimpleType } from '../catalog/types.ts'
import type { TableView } from '../view.ts'

export type JsonObject = { readonly [name: string]: Json }
export type Schemas = { readonly [name: string]: Json }

const int32: JsonObject = { type: 'integer', format: 'int32' }
const int64: JsonObject = { type: 'integer', format: 'int64' }
const number: JsonObject = { type: 'number', format: 'double' }
const text: JsonObject = { type: 'string' }
const anything: JsonObject = {}
/** Decimals are texts or numbers, as the database prints them. */
const decimal: JsonObject = { type: ['number', 'string'], example: 12.5 }
const time: JsonObject = { type: 'string', example: '13:45:00' }
const moment: JsonObject = { type: 'string', example: '2024-05-17 13:45:00' }

/** Types that are left out are texts. Examples are where the form of a text does not go without saying: pages of documents show records of them. */
const schemas: { readonly [T in SimpleType]?: JsonObject } = {
  array: { type: 'array', items: {} },
  bigid: int64,
  bigint: int64,
  binary: { type: 'string', example: 'AQID' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date', example: '2024-05-17' },
  datetime: moment,
  datetimetz: moment,
  decimal,
  double: number,
  float: { type: 'number', format: 'float' },
  id: int32,
  integer: int32,
  json: anything,
  jsonb: anything,
  mediumid: int32,
  mediumint: int32,
  money: decimal,
  object: anything,
  reference: int32,
  row: anything,
  smallid: int32,
  smallint: int32,
  table: anything,
  time,
  timestamp: moment,
  timestamp_on_create: moment,
  timestamp_on_update: moment,
  timestamptz: moment,
  timetz: time,
  tinyint: int32,
  user_id: int32,
  user_id_on_create: int32,
  user_id_on_update: int32,
  uuid: { type: 'string', format: 'uuid', example: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' },
  year: int32,
}

/** What a value of the type looks like, null left aside. */
export const typeSchema = (type: SimpleType): JsonObject => schemas[type] ?? text

function columnSchema(column: Column, writable: boolean): JsonObject {
  const base = typeSchema(column.type)
  const schema: { [name: string]: Json } = { ...base }
  if (column.allowNull && base.type !== undefined) schema.type = [base.type as Json, 'null'].flat() as readonly Json[]
  if (column.label !== '') schema.title = column.label
  if (column.description) schema.description = column.description
  if (base.type === 'string' && column.length !== null && column.length > 0) schema.maxLength = column.length
  if (column.picklist !== null && column.picklist.length > 0 && base.type === 'string')
    schema.enum = column.allowNull ? [...column.picklist, null] : column.picklist
  // Defaults that are expressions are objects.
  if (['string', 'number', 'boolean'].includes(typeof column.default)) schema.default = column.default
  if (!writable) schema.readOnly = true
  return schema
}

/**
 * `writes`: whether a caller's value for the column counts. `related`: the name of the schema of a relation's records; null where the
 * caller may not know them.
 */
export function recordSchema(
  view: TableView,
  writes: (column: Column) => boolean,
  related: (relation: Relation) => string | null,
): JsonObject {
  const fields = view.columns.map((column): [string, Json] => [nameOf(column), columnSchema(column, writes(column))])
  const names = new Set(fields.map(([name]) => name))
  const relations = view.relations.flatMap((relation): [string, Json][] => {
    const name = related(relation)
    return name === null ? [] : [[nameOf(relation), relationSchema(relation, name)]]
  })
  const description = view.table.description
  return {
    type: 'object',
    title: view.table.label,
    ...(description ? { description } : {}),
    properties: {
      ...Object.fromEntries(fields),
      ...Object.fromEntries(relations.filter(([name]) => !names.has(name))),
    },
    ...(view.table.open === true ? { additionalProperties: true } : {}),
  }
}

function relationSchema({ name, type, label }: Relation, schema: string): JsonObject {
  const one = { $ref: ref(schema) }
  const title = label === '' ? name : label
  const description = `Read with \`related=${name}\`.`
  if (type === 'has_many' || type === 'many_many') return { type: 'array', title, description, items: one }
  return { title, description, anyOf: [one, { type: 'null' }] }
}

/** Fields that a new record must have; empty where there are none. */
export const requiredFields = (view: TableView, writes: (column: Column) => boolean): readonly string[] =>
  view.columns
    .filter((column) => !column.isVirtual && !column.isGenerated && writes(column) && isRequired(column))
    .map(nameOf)

/** A list of records in the wrapper, as replies and bodies have it. */
export const listOf = (items: Json, wrapper: string, meta: boolean): JsonObject => ({
  type: 'object',
  properties: {
    [wrapper]: { type: 'array', items },
    ...(meta ? { meta: { $ref: ref('RecordsMeta') } } : {}),
  },
})

export const ref = (schema: string): string => `#/components/schemas/${schema}`

/** A name for components, of any text; `taken` tells those that are used. */
export function componentName(text: string, taken: ReadonlySet<string>): string {
  const plain = text.replace(/[^A-Za-z0-9._-]/g, '_')
  let name = plain
  for (let count = 2; taken.has(name); count++) name = `${plain}_${count}`
  return name
}
