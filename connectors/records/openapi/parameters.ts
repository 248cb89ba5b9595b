/** The options of records and lists as parameters of an OpenAPI document (data-plane 2.8, 3.3). */
import type { Json } from 'dataferry/sdk'
import type { JsonObject } from './record.ts'

const text: JsonObject = { type: 'string' }
const count: JsonObject = { type: 'integer', format: 'int32', minimum: 0 }
const flag: JsonObject = { type: 'boolean' }
const list: JsonObject = { type: 'array', items: { type: 'string' } }

const options = {
  fields: [list, 'Fields of each record that the answer has; `*` is all of them.'],
  related: [list, 'Relations whose records come along; `*` is all of them, a dot leads on to relations of those.'],
  filter: [text, "Which records: conditions such as `(name like 'A%') and (id > 3)`."],
  limit: [count, 'The most records of the answer.'],
  offset: [count, 'How many records are skipped.'],
  order: [text, 'Fields to sort by, each with ASC or DESC, between commas.'],
  group: [text, 'Fields to group by, between commas.'],
  having: [text, 'Conditions over groups.'],
  distinct: [flag, 'Records that are equal in all fields asked for come once.'],
  ids: [list, 'Identifiers of the records.'],
  id_field: [list, 'Fields that identify records, instead of the key of the table.'],
  id_type: [list, 'Types of these fields.'],
  include_count: [flag, 'The number of all records that the filter meets comes along.'],
  count_only: [flag, 'Only the number of records that the filter meets.'],
  include_schema: [flag, 'The description of the table comes along.'],
  cursor: [
    text,
    'Paging that does not count: empty for the first page, then what `meta.cursor` of the page before said.',
  ],
  continue: [flag, 'Go on with the other records after one failed.'],
  rollback: [flag, 'Undo all when one record fails.'],
  upsert: [flag, 'Records that are there already are updated.'],
  force: [flag, 'Delete all records, without ids and filter.'],
  as_list: [flag, 'Only names.'],
  as_access_list: [flag, 'What roles may name.'],
  include_access: [flag, 'The verbs that the caller has come along.'],
  refresh: [flag, 'Ask the database anew.'],
  schema: [text, 'Only what is in this schema of the database.'],
  file: [text, 'The answer is a download of this name; its ending may choose the format.'],
} as const satisfies { readonly [name: string]: readonly [JsonObject, string] }

export type ParameterName = keyof typeof options

/** All, by name: `components.parameters`. */
export const parameters: { readonly [name: string]: Json } = Object.fromEntries(
  Object.entries(options).map(([name, [schema, description]]): [string, Json] => [
    name,
    { name, in: 'query', description, schema, ...(schema === list ? { style: 'form', explode: false } : {}) },
  ]),
)

export const named = (...names: readonly ParameterName[]): readonly Json[] =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }))

/** A parameter of the path; `values` where all that it may be are known. */
export const pathParameter = (name: string, description: string, values: readonly string[] | null): Json => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: values === null || values.length === 0 ? text : { type: 'string', enum: values },
})
