/** Reading lists and records, and the options of a read (data-plane 1.4, 2.8, 3.3 to 3.5, 3.12). */
import { library } from '../library.ts'
import type { Case, Group } from '../types.ts'

const ann = { id: 1001, name: 'ann', email: 'ann@x.test', born: '1970-01-02', active: true, rating: 4.5 }
const cy = { id: 1003, name: 'cy', email: null, born: null, active: null, rating: null }
const missing = (id: string): string => `Record with identifier '${id}' not found.`
const notRetrieved = 'Batch Error: Not all requested records could be retrieved.'

const reading: readonly Case[] = [
  { name: 'a list has every row and field', ask: 'GET author?order=id', ids: [1001, 1002, 1003, 1004] },
  {
    name: 'rows keep types and order of fields',
    ask: 'GET author?filter=id in (1001,1003)&order=id',
    answer: { resource: [ann, cy] },
  },
  {
    name: 'an unknown table is 404',
    ask: 'GET nothing',
    status: 404,
    message: 'Table "nothing" does not exist in the database.',
  },
  { name: 'names of tables are found in any case', ask: 'GET AUTHOR?limit=1&order=id', ids: [1001] },
  { name: 'no match is an empty list', ask: 'GET author?filter=id = 1', answer: { resource: [] } },
  { name: 'by id is the bare record', ask: 'GET author/1001', answer: ann },
  { name: 'by id with fields', ask: 'GET author/1001?fields=name,id', answer: { name: 'ann', id: 1001 } },
  {
    name: 'by id ignores filter and count',
    ask: 'GET author/1001?filter=id = 5&include_count=true&fields=id',
    answer: { id: 1001 },
  },
  { name: 'a missing id is 404', ask: 'GET author/99', status: 404, message: missing('99') },
  {
    name: 'an id that is no number is 400',
    ask: 'GET author/x',
    status: 400,
    message: "Field 'id' must be a valid integer.",
  },
  { name: 'a fraction is no id', ask: 'GET author/1001.7', status: 404 },
  { name: 'by another field', ask: 'GET author/bob?id_field=name&fields=id', answer: { id: 1002 } },
  { name: 'by a key of text', ask: "GET currency/o'x", answer: { code: "o'x", label: 'quote' } },
  {
    name: 'by ids, in their order',
    ask: 'GET author?ids=1003,1001&fields=id',
    answer: { resource: [{ id: 1003 }, { id: 1001 }] },
  },
  {
    name: 'ids ignore limit, filter and offset',
    ask: 'GET author?ids=1002,1001&limit=1&offset=1&filter=id = 7',
    ids: [1002, 1001],
  },
  { name: 'ids keep duplicates', ask: 'GET author?ids=1001,1001', ids: [1001, 1001] },
  { name: 'blanks around ids are dropped', ask: 'GET author?ids= 1001 , 1002 ', ids: [1001, 1002] },
  { name: 'empty ids are none', ask: 'GET author?ids=&order=id', ids: [1001, 1002, 1003, 1004] },
  {
    name: 'a missing one of ids halts',
    ask: 'GET author?ids=1001,9,1002&fields=id',
    status: 400,
    answer: batch(notRetrieved, [1], [{ id: 1001 }, missingEntry('9')]),
  },
  {
    name: 'continue goes on behind a missing one',
    ask: 'GET author?ids=1001,9,1002&fields=id&continue=true',
    status: 400,
    answer: batch(notRetrieved, [1], [{ id: 1001 }, missingEntry('9'), { id: 1002 }]),
  },
  { name: 'rollback means nothing to a read', ask: 'GET author?ids=1001&rollback=true&continue=true', ids: [1001] },
  {
    name: 'by records',
    ask: 'GET author?fields=id',
    body: { resource: [{ id: 1002 }, { id: 1001 }] },
    ids: [1002, 1001],
  },
  {
    name: 'options in the payload',
    ask: 'GET author',
    body: { filter: 'id > 1002', order: 'id desc', fields: 'id', limit: 1 },
    ids: [1004],
  },
  { name: 'the query wins over the payload', ask: 'GET author?limit=1&order=id', body: { limit: 3 }, ids: [1001] },
  {
    name: 'options of the payload that a read may hold',
    ask: 'GET author',
    body: { ids: [1001], include_count: true, fields: ['id'] },
    ids: [1001],
  },
]

const composite: readonly Case[] = [
  { name: 'a composite key in the path', ask: 'GET area/(n,2)', answer: { region: 'n', no: 2, title: 'north two' } },
  { name: 'composite keys in ids', ask: 'GET area?ids=(s,1),(n,1)', field: 'title', ids: ['south one', 'north one'] },
  {
    name: 'composite keys as records',
    ask: 'GET book_tag',
    body: { resource: [{ book_id: 2002, tag_id: 3002 }] },
    field: 'note',
    ids: ['y'],
  },
  {
    name: 'composite keys as objects in ids',
    ask: 'GET book_tag',
    body: { ids: [{ book_id: 2001, tag_id: 3001 }] },
    field: 'note',
    ids: ['x'],
  },
  { name: 'half a composite key finds nothing', ask: 'GET area/1', status: 404 },
  { name: 'a missing composite key', ask: 'GET area/(s,9)', status: 404, message: missing('(s,9)') },
  { name: 'a table without a key is listed', ask: 'GET journal?order=n', field: 'n', ids: [1, 2, 2] },
  {
    name: 'a table without a key has no ids',
    ask: 'GET journal/1',
    status: 500,
    message: 'Identifying field(s) could not be determined.',
  },
  {
    name: 'a table without a key is read by another field',
    ask: 'GET journal/one?id_field=line',
    answer: { line: 'one', n: 1 },
  },
]

const fields: readonly Case[] = [
  {
    name: 'fields are in the order asked for',
    ask: 'GET author?fields=active,ID&order=id&limit=1',
    answer: { resource: [{ active: true, id: 1001 }] },
  },
  {
    name: 'blanks and empty members of fields',
    ask: 'GET author?fields= id , ,name&limit=1&order=id',
    answer: { resource: [{ id: 1001, name: 'ann' }] },
  },
  {
    name: 'an empty fields is the key',
    ask: 'GET author?fields=&order=id&limit=1',
    answer: { resource: [{ id: 1001 }] },
  },
  {
    name: 'an unknown field is 400',
    ask: 'GET author?fields=id,foo',
    status: 400,
    message: 'Invalid field requested: foo',
  },
  { name: 'fields=*', ask: 'GET author?fields=*&ids=1003', answer: { resource: [cy] } },
  {
    name: 'fields as a list',
    ask: 'GET author?ids=1001',
    query: { fields: ['id', 'name'] },
    answer: { resource: [{ id: 1001, name: 'ann' }] },
  },
  {
    name: 'as_list takes the column name',
    ask: 'GET author?as_list=true&order=id',
    answer: { resource: ['ann', 'bob', 'cy', 'dee'] },
  },
  {
    name: 'as_list by another field',
    ask: 'GET author?as_list=true&id_field=id&order=id',
    answer: { resource: [1001, 1002, 1003, 1004] },
  },
  { name: 'as_list without the column name is empty', ask: 'GET book?as_list=true', answer: { resource: [] } },
  {
    name: 'as_list of two fields',
    ask: 'GET area?as_list=true&id_field=region,no&order=region,no',
    answer: { resource: ['(n,1)', '(n,2)', '(s,1)'] },
  },
]

const aliases: readonly Case[] = [
  {
    name: 'select, where, top, skip, sort',
    ask: 'GET author?select=id&where=id > 1001&top=2&skip=1&sort=id',
    answer: { resource: [{ id: 1003 }, { id: 1004 }] },
  },
  { name: 'order_by', ask: 'GET author?order_by=id desc&limit=1', ids: [1004] },
  { name: 'a name wins over its alias', ask: 'GET author?limit=1&top=3&order=id', ids: [1001] },
  {
    name: 'a name in the payload wins over an alias in the query',
    ask: 'GET author?top=3&order=id',
    body: { limit: 1 },
    ids: [1001],
  },
  {
    name: 'group_by',
    ask: 'GET book?group_by=pages&fields=pages&filter=pages = 100',
    needs: ['group'],
    answer: { resource: [{ pages: 100 }] },
  },
]

const paging: readonly Case[] = [
  { name: 'limit and offset', ask: 'GET author?limit=2&offset=1&order=id', ids: [1002, 1003] },
  { name: 'an offset beyond the end', ask: 'GET author?offset=50&limit=5', answer: { resource: [] } },
  { name: 'an offset without a limit', ask: 'GET author?offset=3&order=id', ids: [1004] },
  { name: 'a limit of 0 is none', ask: 'GET author?limit=0&order=id', ids: [1001, 1002, 1003, 1004] },
  { name: 'a limit below 0 is none', ask: 'GET author?limit=-3&order=id', ids: [1001, 1002, 1003, 1004] },
  {
    name: 'a limit that is no number is none',
    ask: 'GET author?limit=x&offset=y&order=id',
    ids: [1001, 1002, 1003, 1004],
  },
  { name: 'a fraction of a limit is cut', ask: 'GET author?limit=1.9&order=id', ids: [1001] },
  {
    name: 'include_count',
    ask: 'GET author?limit=2&include_count=true&fields=id&order=id',
    answer: { resource: [{ id: 1001 }, { id: 1002 }], meta: { count: 4, next: 2 } },
  },
  {
    name: 'no next on the last page',
    ask: 'GET author?limit=2&offset=2&include_count=true&fields=id&order=id',
    answer: { resource: [{ id: 1003 }, { id: 1004 }], meta: { count: 4 } },
  },
  {
    name: 'include_count with a filter',
    ask: 'GET author?filter=active = true&include_count=true&fields=id&order=id',
    answer: { resource: [{ id: 1001 }, { id: 1004 }], meta: { count: 2 } },
  },
  {
    name: 'an explicit limit has no meta',
    ask: 'GET author?limit=1&fields=id&order=id',
    answer: { resource: [{ id: 1001 }] },
  },
  { name: 'count_only is a number', ask: 'GET author?count_only=true', answer: 4 },
  {
    name: 'count_only wins over fields, order, limit and include_count',
    ask: 'GET author?count_only=true&limit=1&fields=id&include_count=true&order=name',
    answer: 4,
  },
  { name: 'count_only with a filter', ask: 'GET author?count_only=1&filter=rating is null', answer: 1 },
  { name: 'include_schema', ask: 'GET author?limit=1&include_schema=true&fields=id&order=id', answer: hasSchema },
]

const order: readonly Case[] = [
  { name: 'descending', ask: 'GET author?order=name desc', ids: [1004, 1003, 1002, 1001] },
  { name: 'by two terms', ask: 'GET book?filter=pages = 100&order=pages asc, title desc', ids: [2004, 2001] },
  { name: 'nulls first', ask: 'GET author?order=rating asc nulls first', ids: [1003, 1002, 1004, 1001] },
  { name: 'nulls last', ask: 'GET author?order=rating asc nulls last', ids: [1002, 1004, 1001, 1003] },
  { name: 'nulls first, descending', ask: 'GET author?order=rating desc nulls first', ids: [1003, 1001, 1004, 1002] },
  { name: 'nulls last, descending', ask: 'GET author?order=rating desc nulls last', ids: [1001, 1004, 1002, 1003] },
  { name: 'a quoted field', ask: 'GET author?order="id" desc&limit=1', ids: [1004] },
  { name: 'a field in backticks', ask: 'GET author?order=`id` desc&limit=1', ids: [1004] },
  { name: 'a position', ask: 'GET author?fields=name,id&order=2 desc&limit=1', ids: [1004] },
  { name: 'an expression', ask: 'GET author?order=abs(id - 1002), id desc', ids: [1002, 1003, 1001, 1004] },
  {
    name: 'an expression with commas',
    ask: 'GET author?order=coalesce(rating, 9) desc,id',
    ids: [1003, 1001, 1004, 1002],
  },
  { name: 'a boolean', ask: 'GET author?filter=active is not null&order=active,id', ids: [1002, 1001, 1004] },
  { name: 'a decimal', ask: 'GET book?filter=price is not null&order=price desc', ids: [2005, 2002, 2001, 2004, 2006] },
  { name: 'a date', ask: 'GET author?filter=born is not null&order=born desc', ids: [1004, 1002, 1001] },
  {
    name: 'an unknown field is 400',
    ask: 'GET author?order=foo',
    status: 400,
    message: "Invalid field 'foo' in order by clause.",
  },
  {
    name: 'a semicolon is 400',
    ask: 'GET author?order=id;drop table author',
    status: 400,
    message: 'Invalid order by clause in request.',
  },
  {
    name: 'sleep( is 400',
    ask: 'GET author?order=sleep(5)',
    status: 400,
    message: 'Use of the sleep() function not supported.',
  },
  { name: 'a statement is 400', ask: 'GET author?order=(select 1)', status: 400 },
]

const group: readonly Case[] = [
  {
    name: 'counts of groups',
    ask: 'GET book?group=author_id&fields=author_id,COUNT(*)&filter=author_id is not null&order=author_id',
    needs: ['group'],
    answer: {
      resource: [
        { author_id: 1001, COUNT_ALL: 3 },
        { author_id: 1002, COUNT_ALL: 1 },
        { author_id: 1004, COUNT_ALL: 1 },
      ],
    },
  },
  {
    name: 'sums, averages, least and most',
    ask: 'GET book?group=author_id&fields=sum(pages),MIN(price),max(price),Count(pages)&filter=author_id = 1001',
    needs: ['group'],
    answer: { resource: [{ SUM_pages: 350, MIN_price: 10.5, MAX_price: 20, COUNT_pages: 2 }] },
  },
  {
    name: 'an average',
    ask: 'GET book?group=author_id&fields=AVG(pages)&filter=author_id = 1001',
    needs: ['group'],
    answer: { resource: [{ AVG_pages: 175 }] },
  },
  {
    name: 'nulls are a group',
    ask: 'GET book?group=author_id&fields=author_id,COUNT(*)&filter=author_id is null',
    needs: ['group'],
    answer: { resource: [{ author_id: null, COUNT_ALL: 1 }] },
  },
  {
    name: 'by two fields',
    ask: 'GET book?group=author_id,pages&fields=pages,COUNT(*)&filter=author_id = 1001&order=pages desc nulls last',
    needs: ['group'],
    answer: {
      resource: [
        { pages: 250, COUNT_ALL: 1 },
        { pages: 100, COUNT_ALL: 1 },
        { pages: null, COUNT_ALL: 1 },
      ],
    },
  },
  {
    name: 'the count is of rows',
    ask: 'GET book?group=author_id&fields=author_id&filter=author_id > 0&order=author_id&limit=1&include_count=true',
    needs: ['group'],
    answer: { resource: [{ author_id: 1001 }], meta: { count: 5, next: 1 } },
  },
  {
    name: 'an unknown field is 400',
    ask: 'GET book?group=foo&fields=id',
    status: 400,
    message: "Invalid or unknown field 'foo' in group by clause.",
  },
  {
    name: 'a semicolon is 400',
    ask: 'GET book?group=id;x',
    status: 400,
    message: 'Invalid group by clause in request.',
  },
  {
    name: 'an aggregate without a group is 400',
    ask: 'GET book?fields=COUNT(*)',
    status: 400,
    message: /^Invalid field requested: COUNT\(\*\)$/i,
  },
]

export const lists: readonly Group[] = [
  { name: 'reading records', formats: true, tables: library, cases: reading },
  { name: 'composite keys and no key', formats: true, tables: library, cases: composite },
  { name: 'fields and as_list', formats: true, tables: library, cases: fields },
  { name: 'aliases of options', tables: library, cases: aliases },
  { name: 'limit, offset, count', formats: true, tables: library, cases: paging },
  {
    name: 'a lower max_records',
    tables: library,
    config: { max_records: 2 },
    cases: [
      {
        name: 'imposes its limit with count and next',
        ask: 'GET author?fields=id&order=id',
        answer: { resource: [{ id: 1001 }, { id: 1002 }], meta: { count: 4, next: 2 } },
      },
      {
        name: 'caps a limit',
        ask: 'GET author?fields=id&order=id&limit=3',
        answer: { resource: [{ id: 1001 }, { id: 1002 }], meta: { count: 4, next: 2 } },
      },
      {
        name: 'says nothing where all fits',
        ask: 'GET author?fields=id&filter=id = 1001',
        answer: { resource: [{ id: 1001 }] },
      },
      { name: 'does not limit ids', ask: 'GET author?ids=1001,1002,1003', ids: [1001, 1002, 1003] },
    ],
  },
  { name: 'order', tables: library, cases: order },
  { name: 'group and aggregates', formats: true, tables: library, cases: group },
]

function missingEntry(id: string) {
  return { code: 404, context: null, message: missing(id), status_code: 404 }
}
function batch(
  message: string,
  error: readonly number[],
  resource: readonly { readonly [name: string]: string | number | null }[],
) {
  return { error: { code: 1000, context: { error, resource }, message, status_code: 400 } }
}
function hasSchema(body: unknown): void {
  const { meta } = body as {
    readonly meta: { readonly schema: { readonly name: string; readonly field: readonly { readonly name: string }[] } }
  }
  const names = meta.schema.field.map(({ name }) => name).join()
  if (meta.schema.name !== 'author' || names !== 'id,name,email,born,active,rating')
    throw new Error(`an unexpected description: ${names}`)
}
