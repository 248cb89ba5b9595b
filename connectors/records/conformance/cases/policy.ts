/** Roles: row filters, hidden and read-only fields, on every way to a row (data-plane 3.11, 4.9; one policy engine for all surfaces). */
import { library } from '../library.ts'
import type { Case, Group, Rights } from '../types.ts'

const active = [{ name: 'active', operator: '=', value: 'true' }]
/** Sees ann and dee, and their books. */
const reader: Rights = {
  author: { filters: active },
  book: { filters: [{ name: 'author_id', operator: 'IN', value: '(1001,1004)' }] },
  tag: {},
  book_tag: {},
  profile: {},
  area: { filters: [{ name: 'region', operator: '=', value: 'n' }] },
}
const either: Rights = {
  author: {
    filters: [
      { name: 'name', operator: '=', value: 'ann' },
      { name: 'rating', operator: 'IS NULL', value: '' },
    ],
    filterOp: 'OR',
  },
}
const shy: Rights = {
  author: { hidden: ['email', 'rating'] },
  book: { hidden: ['author_id'] },
  tag: {},
  book_tag: {},
  profile: {},
}
const careful: Rights = { author: { readOnly: ['email'] } }
const lookedUp: Rights = { author: { filters: [{ name: 'name', operator: '=', value: '{user.name}' }] } }
const viewer: Rights = { author: { verbs: ['GET'] } }
const noBooks: Rights = { author: {} }
const foreign: Rights = {
  book: { filters: [{ name: 'author_id', operator: '=', value: '1001' }] },
  author: {},
  tag: { filters: [{ name: 'label', operator: '!=', value: 'old' }] },
  book_tag: { filters: [{ name: 'note', operator: 'IS NOT NULL', value: '' }] },
}

const missing = (id: string): string => `Record with identifier '${id}' not found.`
const all = { ask: 'GET author?order=id', ids: [1001, 1002, 1003, 1004] }
const names = (values: readonly string[]) => ({ ask: 'GET author?order=id', field: 'name', ids: values })
const denied = /Denied access to some of the requested fields\./

const rows: readonly Case[] = [
  { name: 'a list', ask: 'GET author?order=id', as: reader, ids: [1001, 1004] },
  { name: 'a count', ask: 'GET author?count_only=true', as: reader, answer: 2 },
  {
    name: 'a count beside a list',
    ask: 'GET author?include_count=true&fields=id&order=id&limit=1',
    as: reader,
    answer: { resource: [{ id: 1001 }], meta: { count: 2, next: 1 } },
  },
  { name: 'a filter', ask: 'GET author?filter=id > 0&order=id', as: reader, ids: [1001, 1004] },
  {
    name: 'a filter that would leave',
    ask: 'GET author?order=id',
    query: { filter: 'id > 0) OR (id > 0' },
    as: reader,
    status: 400,
  },
  { name: 'a filter with OR', ask: 'GET author?filter=id > 0 or id < 0&order=id', as: reader, ids: [1001, 1004] },
  { name: 'a filter with NOT', ask: 'GET author?filter=NOT (id = 1001)&order=id', as: reader, ids: [1004] },
  { name: 'by id', ask: 'GET author/1001?fields=id', as: reader, answer: { id: 1001 } },
  { name: 'by the id of another row', ask: 'GET author/1002', as: reader, status: 404, message: missing('1002') },
  {
    name: 'by ids',
    ask: 'GET author?ids=1001,1002&continue=true',
    as: reader,
    status: 400,
    message: new RegExp(missing('1002')),
  },
  {
    name: 'by records',
    ask: 'GET author',
    body: { resource: [{ id: 1002 }] },
    as: reader,
    status: 400,
    message: new RegExp(missing('1002')),
  },
  { name: 'by a composite key', ask: 'GET area/(s,1)', as: reader, status: 404 },
  { name: 'by another field', ask: 'GET author/bob?id_field=name', as: reader, status: 404 },
  {
    name: 'groups',
    ask: 'GET book?group=author_id&fields=author_id,COUNT(*)&order=author_id',
    as: reader,
    needs: ['group'],
    answer: {
      resource: [
        { author_id: 1001, COUNT_ALL: 3 },
        { author_id: 1004, COUNT_ALL: 1 },
      ],
    },
  },
  { name: 'as_list', ask: 'GET author?as_list=true&order=id', as: reader, answer: { resource: ['ann', 'dee'] } },
  { name: 'an OR of filters', ask: 'GET author?order=id', as: either, ids: [1001, 1003] },
  { name: 'an OR of filters and a filter', ask: 'GET author?filter=id > 1001', as: either, ids: [1003] },
  { name: 'a lookup is a value, whatever is in it', ask: 'GET author', as: lookedUp, ids: [] },
  {
    name: 'children',
    ask: 'GET author/1001?fields=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id',
    as: reader,
    needs: ['related'],
    answer: { id: 1001, book_by_author_id: [{ id: 2001 }, { id: 2002 }, { id: 2003 }] },
  },
  {
    name: 'children of others',
    ask: 'GET author?fields=id&order=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id',
    as: foreign,
    needs: ['related'],
    answer: {
      resource: [
        { id: 1001, book_by_author_id: [{ id: 2001 }, { id: 2002 }, { id: 2003 }] },
        { id: 1002, book_by_author_id: [] },
        { id: 1003, book_by_author_id: [] },
        { id: 1004, book_by_author_id: [] },
      ],
    },
  },
  {
    name: 'a parent',
    ask: 'GET book?fields=id&filter=id in (2004,2005)&order=id&related=author_by_author_id&author_by_author_id.fields=id',
    as: { ...reader, book: {} },
    needs: ['related'],
    answer: {
      resource: [
        { id: 2004, author_id: 1002, author_by_author_id: null },
        { id: 2005, author_id: 1004, author_by_author_id: { id: 1004 } },
      ],
    },
  },
  {
    name: 'through a junction with a filter, to a table with a filter',
    ask: 'GET book?fields=id&order=id&related=tag_by_book_tag&tag_by_book_tag.fields=id',
    as: foreign,
    needs: ['related'],
    answer: {
      resource: [
        { id: 2001, tag_by_book_tag: [] },
        { id: 2002, tag_by_book_tag: [{ id: 3002 }] },
        { id: 2003, tag_by_book_tag: [] },
      ],
    },
  },
  {
    name: 'a relation to a table without a right is 403',
    ask: 'GET author?related=book_by_author_id',
    as: noBooks,
    needs: ['related'],
    status: 403,
  },
  { name: 'a table without a right is 403', ask: 'GET book', as: noBooks, status: 403 },
  { name: 'a verb without a right is 403', ask: 'DELETE author/1003', as: viewer, status: 403, after: [all] },
]

const writing: readonly Case[] = [
  {
    name: 'update by the id of another row',
    ask: 'PATCH author/1002',
    body: { name: 'x' },
    as: reader,
    status: 404,
    message: missing('1002'),
    after: [names(['ann', 'bob', 'cy', 'dee'])],
  },
  {
    name: 'update by ids',
    ask: 'PATCH author?ids=1001,1002&continue=true',
    body: { resource: [{ name: 'x' }] },
    as: reader,
    status: 400,
    after: [names(['x', 'bob', 'cy', 'dee'])],
  },
  {
    name: 'update by records',
    ask: 'PATCH author',
    body: { resource: [{ id: 1002, name: 'x' }] },
    as: reader,
    status: 400,
    after: [names(['ann', 'bob', 'cy', 'dee'])],
  },
  {
    name: 'update by filter',
    ask: 'PATCH author?filter=id > 0&fields=id',
    body: { resource: [{ name: 'x' }] },
    as: reader,
    count: 2,
    after: [names(['x', 'bob', 'cy', 'x'])],
  },
  {
    name: 'update that would leave the filter',
    ask: 'PATCH author/1001',
    body: { active: false },
    as: reader,
    status: 403,
    message: denied,
    after: [{ ask: 'GET author/1001?fields=active', answer: { active: true } }],
  },
  {
    name: 'update by filter that would leave it',
    ask: 'PATCH author?filter=id > 0',
    body: { resource: [{ active: false }] },
    as: reader,
    status: 403,
    message: denied,
  },
  { name: 'delete by the id of another row', ask: 'DELETE author/1003', as: reader, status: 404, after: [all] },
  {
    name: 'delete by filter',
    ask: 'DELETE book?filter=id > 0',
    as: foreign,
    count: 3,
    after: [{ ask: 'GET book', ids: [2004, 2005, 2006] }],
  },
  {
    name: 'delete by ids',
    ask: 'DELETE book?ids=2004,2001&continue=true',
    as: foreign,
    status: 400,
    after: [{ ask: 'GET book', ids: [2002, 2003, 2004, 2005, 2006] }],
  },
  {
    name: 'delete of everything',
    ask: 'DELETE book?force=true',
    as: foreign,
    after: [{ ask: 'GET book', ids: [2004, 2005, 2006] }],
  },
  {
    name: 'delete by a composite key',
    ask: 'DELETE area/(s,1)',
    as: reader,
    status: 404,
    after: [{ ask: 'GET area?count_only=true', answer: 3 }],
  },
  {
    name: 'create inside the filter',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'x', active: true }] },
    as: reader,
    status: 201,
  },
  {
    name: 'create outside of the filter',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'x', active: false }] },
    as: reader,
    status: 400,
    message: denied,
    after: [all],
  },
  {
    name: 'create without the field of the filter',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'x' }] },
    as: reader,
    status: 400,
    message: denied,
    after: [all],
  },
  {
    name: 'create under an OR: one of them',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'ann', rating: 5 }] },
    as: either,
    status: 201,
  },
  {
    name: 'create under an OR: none of them',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'x', rating: 5 }] },
    as: either,
    status: 400,
    message: denied,
    after: [all],
  },
]

const fields: readonly Case[] = [
  {
    name: 'a hidden field is in no list',
    ask: 'GET author?ids=1001',
    as: shy,
    answer: { resource: [{ id: 1001, name: 'ann', born: '1970-01-02', active: true }] },
  },
  {
    name: 'a hidden field is in no record',
    ask: 'GET author/1001',
    as: shy,
    answer: { id: 1001, name: 'ann', born: '1970-01-02', active: true },
  },
  {
    name: 'a hidden field can not be asked for',
    ask: 'GET author?fields=email',
    as: shy,
    status: 400,
    message: 'Invalid field requested: email',
  },
  {
    name: 'a hidden field can not be filtered by',
    ask: 'GET author?filter=email is null',
    as: shy,
    status: 400,
    message: "Invalid or unparsable field in filter request: 'email'",
  },
  {
    name: 'a hidden field can not be in an expression',
    ask: 'GET author?filter=name = (lower(email))',
    as: shy,
    status: 400,
  },
  {
    name: 'a hidden field can not be ordered by',
    ask: 'GET author?order=email',
    as: shy,
    status: 400,
    message: "Invalid field 'email' in order by clause.",
  },
  {
    name: 'a hidden field can not be ordered by in an expression',
    ask: 'GET author?order=lower(email)',
    as: shy,
    status: 400,
  },
  { name: 'a hidden field can not be grouped by', ask: 'GET author?group=email&fields=COUNT(*)', as: shy, status: 400 },
  { name: 'a hidden field can not be added up', ask: 'GET author?group=id&fields=SUM(rating)', as: shy, status: 400 },
  {
    name: 'a hidden field is no identifier',
    ask: 'GET author/ann@x.test?id_field=email',
    as: shy,
    status: 500,
    message: 'Identifying field(s) could not be determined.',
  },
  {
    name: 'a hidden field is in no description',
    ask: 'GET author?include_schema=true&limit=1',
    as: shy,
    answer: (body) => absent(body, 'email'),
  },
  {
    name: 'a hidden field is in no schema',
    ask: 'GET _schema/author',
    as: shy,
    answer: (body) => absent(body, 'email'),
  },
  {
    name: 'a hidden field is in no relation',
    ask: 'GET profile/1001?related=author_by_author_id',
    as: shy,
    needs: ['related'],
    answer: {
      author_id: 1001,
      bio: 'writes',
      author_by_author_id: { id: 1001, name: 'ann', born: '1970-01-02', active: true },
    },
  },
  {
    name: 'a relation over a hidden field does not exist',
    ask: 'GET book/2001?fields=id&related=author_by_author_id',
    as: shy,
    needs: ['related'],
    answer: { id: 2001 },
  },
  {
    name: 'nor from the other side',
    ask: 'GET author/1001?fields=id&related=book_by_author_id',
    as: shy,
    needs: ['related'],
    answer: { id: 1001 },
  },
  {
    name: 'a hidden field is not written',
    ask: 'PATCH author/1001',
    body: { name: 'x', email: 'y@x.test' },
    as: shy,
    answer: { id: 1001 },
    after: [{ ask: 'GET author/1001?fields=name,email', answer: { name: 'x', email: 'ann@x.test' } }],
  },
  {
    name: 'a hidden field is not created',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'x', email: 'y@x.test' }] },
    as: shy,
    status: 201,
    after: [{ ask: 'GET author/1900?fields=email', answer: { email: null } }],
  },
  {
    name: 'a hidden field is not answered',
    ask: 'PATCH author/1001?fields=*',
    body: { name: 'x' },
    as: shy,
    answer: { id: 1001, name: 'x', born: '1970-01-02', active: true },
  },
  {
    name: 'a hidden field does not come back when a record goes',
    ask: 'DELETE author/1003?fields=*',
    as: shy,
    answer: { id: 1003, name: 'cy', born: null, active: null },
  },
  {
    name: 'a read-only field is read',
    ask: 'GET author/1001?fields=email',
    as: careful,
    answer: { email: 'ann@x.test' },
  },
  {
    name: 'a read-only field is not written',
    ask: 'PATCH author/1001',
    body: { name: 'x', email: 'y@x.test' },
    as: careful,
    status: 403,
    message: "Denied access to some of the requested fields. Field 'email' is read-only for this role.",
    after: [{ ask: 'GET author/1001?fields=name,email', answer: { name: 'ann', email: 'ann@x.test' } }],
  },
  {
    name: 'nor with others, by a filter',
    ask: 'PATCH author?filter=id > 0',
    body: { resource: [{ EMAIL: 'y@x.test' }] },
    as: careful,
    status: 403,
    after: [{ ask: 'GET author/1001?fields=email', answer: { email: 'ann@x.test' } }],
  },
  {
    name: 'a read-only field is not created',
    ask: 'POST author?fields=email',
    body: { resource: [{ name: 'x', email: 'y@x.test' }] },
    as: careful,
    status: 400,
    message: /Field 'email' is read-only for this role\./,
    after: [all],
  },
  {
    name: 'a read-only key still names a record',
    ask: 'PATCH author',
    body: { resource: [{ id: 1001, name: 'x' }] },
    as: { author: { readOnly: ['id'] } },
    answer: { resource: [{ id: 1001 }] },
    after: [{ ask: 'GET author/1001?fields=name', answer: { name: 'x' } }],
  },
  {
    name: 'a hidden field may be in the row filter',
    ask: 'GET author?order=id',
    as: { author: { filters: active, hidden: ['active'] } },
    ids: [1001, 1004],
  },
]

function absent(body: unknown, field: string): void {
  if (JSON.stringify(body).includes(`"${field}"`)) throw new Error(`${field} is told`)
}

export const policies: readonly Group[] = [
  { name: 'row filters: reading', tables: library, cases: rows },
  { name: 'row filters: writing', tables: library, cases: writing.map((each) => ({ needs: ['write'], ...each })) },
  { name: 'hidden and read-only fields', tables: library, cases: fields },
]
