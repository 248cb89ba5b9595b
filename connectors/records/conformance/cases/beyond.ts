/** Relations beyond the original: their filter and offset, relations of relations, fields of related tables in filters and orders. */
import { library } from '../library.ts'
import type { Case, Group } from '../types.ts'

const needs = ['related'] as const
const related = (list: readonly Case[]): readonly Case[] => list.map((each) => ({ needs, ...each }))

const options = related([
  {
    name: 'a filter of a relation',
    ask: 'GET author/1001?fields=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.filter=pages > 100&book_by_author_id.order=id',
    answer: { id: 1001, book_by_author_id: [{ id: 2002 }] },
  },
  {
    name: 'a filter of a relation holds for each parent before its limit',
    ask: 'GET author?fields=id&filter=id in (1001,1002)&order=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.filter=pages = 100&book_by_author_id.limit=1',
    answer: {
      resource: [
        { id: 1001, book_by_author_id: [{ id: 2001 }] },
        { id: 1002, book_by_author_id: [{ id: 2004 }] },
      ],
    },
  },
  {
    name: 'a filter on what a record belongs to',
    ask: 'GET book?fields=id,author_id&filter=id in (2001,2004)&order=id&related=author_by_author_id&author_by_author_id.fields=name&author_by_author_id.filter=active = true',
    answer: {
      resource: [
        { id: 2001, author_id: 1001, author_by_author_id: { name: 'ann' } },
        { id: 2004, author_id: 1002, author_by_author_id: null },
      ],
    },
  },
  {
    name: 'a filter of a relation that is none is 400',
    ask: 'GET author/1001?related=book_by_author_id&book_by_author_id.filter=foo = 1',
    status: 400,
    message: "Invalid or unparsable field in filter request: 'foo'",
  },
  {
    name: "an offset of a relation is each parent's",
    ask: 'GET author?fields=id&filter=id in (1001,1002)&order=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id&book_by_author_id.offset=1&book_by_author_id.limit=1',
    answer: {
      resource: [
        { id: 1001, book_by_author_id: [{ id: 2002 }] },
        { id: 1002, book_by_author_id: [] },
      ],
    },
  },
  {
    name: 'an offset through a junction',
    ask: 'GET book/2001?fields=id&related=tag_by_book_tag&tag_by_book_tag.fields=id&tag_by_book_tag.order=id&tag_by_book_tag.offset=1',
    answer: { id: 2001, tag_by_book_tag: [{ id: 3002 }] },
  },
])

const nested = related([
  {
    name: 'relations of relations',
    ask: 'GET author/1001?fields=id&related=book_by_author_id.tag_by_book_tag&book_by_author_id.fields=id&book_by_author_id.order=id&book_by_author_id.tag_by_book_tag.fields=label&book_by_author_id.tag_by_book_tag.order=label',
    answer: {
      id: 1001,
      book_by_author_id: [
        { id: 2001, tag_by_book_tag: [{ label: 'new' }, { label: 'old' }] },
        { id: 2002, tag_by_book_tag: [{ label: 'new' }] },
        { id: 2003, tag_by_book_tag: [] },
      ],
    },
  },
  {
    name: 'three levels, up and down',
    ask: 'GET tag/3001?fields=id&related=book_by_book_tag.author_by_author_id.profile_by_author_id&book_by_book_tag.fields=id&book_by_book_tag.order=id&book_by_book_tag.author_by_author_id.fields=name&book_by_book_tag.author_by_author_id.profile_by_author_id.fields=bio',
    answer: {
      id: 3001,
      book_by_book_tag: [
        {
          id: 2001,
          author_id: 1001,
          author_by_author_id: { name: 'ann', id: 1001, profile_by_author_id: { bio: 'writes' } },
        },
        {
          id: 2005,
          author_id: 1004,
          author_by_author_id: { name: 'dee', id: 1004, profile_by_author_id: { bio: null } },
        },
      ],
    },
  },
  {
    name: 'two ways below one relation',
    ask: 'GET author/1004?fields=id&related=book_by_author_id.tag_by_book_tag,book_by_author_id.book_tag_by_book_id&book_by_author_id.fields=id&book_by_author_id.tag_by_book_tag.fields=id&book_by_author_id.book_tag_by_book_id.fields=tag_id',
    answer: {
      id: 1004,
      book_by_author_id: [{ id: 2005, book_tag_by_book_id: [{ tag_id: 3001 }], tag_by_book_tag: [{ id: 3001 }] }],
    },
  },
  {
    name: 'all relations of a relation',
    ask: 'GET book/2006?fields=id&related=author_by_author_id.*',
    answer: { id: 2006, author_id: null, author_by_author_id: null },
  },
  {
    name: 'an unknown relation of a relation is ignored',
    ask: 'GET author/1003?fields=id&related=book_by_author_id.nothing',
    answer: { id: 1003, book_by_author_id: [] },
  },
  {
    name: 'the self-reference, twice',
    ask: 'GET employee/4001?fields=id&related=employee_by_manager_id.employee_by_manager_id&employee_by_manager_id.fields=id&employee_by_manager_id.order=id&employee_by_manager_id.employee_by_manager_id.fields=id',
    answer: {
      id: 4001,
      employee_by_manager_id: [
        { id: 4002, employee_by_manager_id: [{ id: 4004 }] },
        { id: 4003, employee_by_manager_id: [] },
      ],
    },
  },
  {
    name: 'too deep',
    ask: 'GET employee/4004?related=parent_by_manager_id.parent_by_manager_id.parent_by_manager_id.parent_by_manager_id.parent_by_manager_id.parent_by_manager_id',
    status: 400,
    message: 'Relations can be nested 5 levels deep at most.',
  },
  {
    name: 'as deep as may be',
    ask: 'GET employee/4004?fields=id&related=parent_by_manager_id.parent_by_manager_id&parent_by_manager_id.fields=id&parent_by_manager_id.parent_by_manager_id.fields=name',
    answer: {
      id: 4004,
      manager_id: 4002,
      parent_by_manager_id: { id: 4002, manager_id: 4001, parent_by_manager_id: { name: 'boss' } },
    },
  },
  {
    name: 'a key of several columns below another relation',
    ask: 'GET area/(s,1)?fields=title&related=stop_by_region_area_no.area_by_region_area_no&stop_by_region_area_no.fields=id&stop_by_region_area_no.area_by_region_area_no.fields=title',
    answer: {
      title: 'south one',
      region: 's',
      no: 1,
      stop_by_region_area_no: [{ id: 5003, region: 's', area_no: 1, area_by_region_area_no: { title: 'south one' } }],
    },
  },
])

const fields = related([
  {
    name: 'of what a record belongs to',
    ask: "GET book?filter=author_by_author_id.name = 'ann'&order=id",
    ids: [2001, 2002, 2003],
  },
  { name: 'in any case', ask: "GET book?filter=AUTHOR_by_author_id.NAME = 'bob'", ids: [2004] },
  { name: 'in a list', ask: "GET book?filter=author_by_author_id.name in ('bob','dee')&order=id", ids: [2004, 2005] },
  {
    name: 'unequal: some related record is',
    ask: "GET book?filter=author_by_author_id.name != 'ann'&order=id",
    ids: [2004, 2005],
  },
  {
    name: 'not: no related record is',
    ask: "GET book?filter=not (author_by_author_id.name = 'ann')&order=id",
    ids: [2004, 2005, 2006],
  },
  { name: 'of some child', ask: 'GET author?filter=book_by_author_id.pages = 100&order=id', ids: [1001, 1002] },
  { name: 'of the one child', ask: 'GET author?filter=profile_by_author_id.bio is null', ids: [1004] },
  { name: 'through a junction', ask: "GET book?filter=tag_by_book_tag.label = 'old'&order=id", ids: [2001, 2005] },
  { name: 'like', ask: "GET book?filter=tag_by_book_tag.label like 'ne%'&order=id", ids: [2001, 2002] },
  { name: 'between', ask: 'GET author?filter=book_by_author_id.pages between 200 and 300', ids: [1001] },
  { name: 'two steps', ask: "GET tag?filter=book_by_book_tag.author_by_author_id.name = 'dee'", ids: [3001] },
  {
    name: 'with its own fields',
    ask: 'GET book?filter=(author_by_author_id.active = true) and (pages > 100)&order=id',
    ids: [2002, 2005],
  },
  {
    name: 'or its own fields',
    ask: "GET book?filter=(author_by_author_id.name = 'bob') or (id = 2006)&order=id",
    ids: [2004, 2006],
  },
  {
    name: 'by a key of several columns',
    ask: "GET stop?filter=area_by_region_area_no.title = 'north one'&order=id",
    ids: [5001, 5002],
  },
  {
    name: 'of its own table',
    ask: "GET employee?filter=parent_by_manager_id.name = 'boss'&order=id",
    ids: [4002, 4003],
  },
  {
    name: 'of its own table, from the other side',
    ask: "GET employee?filter=employee_by_manager_id.name = 'leaf'",
    ids: [4002],
  },
  { name: 'counted', ask: "GET book?filter=author_by_author_id.name = 'ann'&count_only=true", answer: 3 },
  {
    name: 'counted beside the page',
    ask: "GET book?filter=author_by_author_id.name = 'ann'&fields=id&order=id&limit=1&include_count=true",
    answer: { resource: [{ id: 2001 }], meta: { count: 3, next: 1 } },
  },
  {
    name: 'with a parameter',
    ask: 'GET book?filter=author_by_author_id.name = :n',
    query: { params: { ':n': 'bob' } },
    ids: [2004],
  },
  {
    name: 'a value is cast as its column',
    ask: 'GET author?filter=book_by_author_id.pages = x',
    status: 400,
    message: "Field 'pages' must be a valid integer.",
  },
  {
    name: 'an unknown field of a relation',
    ask: 'GET book?filter=author_by_author_id.foo = 1',
    status: 400,
    message: "Invalid or unparsable field in filter request: 'author_by_author_id.foo'",
  },
  {
    name: 'an unknown relation',
    ask: 'GET book?filter=foo.name = 1',
    status: 400,
    message: "Invalid or unparsable field in filter request: 'foo.name'",
  },
  {
    name: 'in the filter of a relation',
    ask: "GET author/1001?fields=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.filter=tag_by_book_tag.label = 'old'",
    answer: { id: 1001, book_by_author_id: [{ id: 2001 }] },
  },
  {
    name: 'an order by them',
    ask: 'GET book?filter=author_id is not null&order=author_by_author_id.name desc,id',
    ids: [2005, 2004, 2001, 2002, 2003],
  },
  {
    name: "an order by the fields of a relation's relation",
    ask: 'GET book_tag?fields=book_id,tag_id&order=book_by_book_id.author_by_author_id.name desc,tag_by_tag_id.label,book_id',
    answer: {
      resource: [
        { book_id: 2005, tag_id: 3001 },
        { book_id: 2001, tag_id: 3002 },
        { book_id: 2002, tag_id: 3002 },
        { book_id: 2001, tag_id: 3001 },
      ],
    },
  },
  {
    name: 'an order of related records by theirs',
    ask: 'GET tag/3001?fields=id&related=book_by_book_tag&book_by_book_tag.fields=id&book_by_book_tag.order=author_by_author_id.name desc',
    answer: { id: 3001, book_by_book_tag: [{ id: 2005 }, { id: 2001 }] },
  },
  {
    name: 'no paging by cursor along them',
    ask: 'GET book?order=author_by_author_id.name,id&cursor=',
    status: 400,
  },
  {
    name: 'no order by one of many',
    ask: 'GET author?order=book_by_author_id.title',
    status: 400,
    message: "Invalid field 'book_by_author_id.title' in order by clause.",
  },
  {
    name: 'a delete by them',
    ask: "DELETE book_tag?filter=tag_by_tag_id.label = 'old'",
    needs: ['related', 'write'],
    count: 2,
    after: [{ ask: 'GET book_tag?count_only=true', answer: 2 }],
  },
  {
    name: 'an update by them',
    ask: "PATCH book?filter=author_by_author_id.name = 'ann'&fields=id",
    needs: ['related', 'write'],
    body: { resource: [{ pages: 7 }] },
    answer: { resource: [{ id: 2001 }, { id: 2002 }, { id: 2003 }] },
    after: [{ ask: 'GET book?filter=pages = 7', ids: [2001, 2002, 2003] }],
  },
  {
    name: 'an update of a table by itself',
    ask: "PATCH employee?filter=parent_by_manager_id.name = 'boss'&fields=name",
    needs: ['related', 'write'],
    body: { resource: [{ name: 'x' }] },
    answer: { resource: [{ name: 'x' }, { name: 'x' }] },
  },
])

const filters = [{ name: 'pages', operator: '=', value: '100' }]
const policy = related([
  {
    name: 'a table that may not be read is no help',
    ask: "GET book?filter=author_by_author_id.name = 'ann'",
    as: { book: {} },
    status: 403,
  },
  { name: 'nor to order by', ask: 'GET book?order=author_by_author_id.name', as: { book: {} }, status: 403 },
  {
    name: 'what the role does not see of it does not count',
    ask: 'GET author?filter=book_by_author_id.pages > 0&order=id',
    as: { author: {}, book: { filters } },
    ids: [1001, 1002],
  },
  {
    name: 'nor in an order',
    ask: 'GET book_tag?fields=book_id&filter=tag_id = 3001&order=book_by_book_id.title desc nulls last',
    as: { book_tag: {}, book: { filters } },
    answer: { resource: [{ book_id: 2001 }, { book_id: 2005 }] },
  },
  {
    name: 'a hidden field does not exist',
    ask: "GET book?filter=author_by_author_id.email = 'ann@x.test'",
    as: { book: {}, author: { hidden: ['email'] } },
    status: 400,
    message: "Invalid or unparsable field in filter request: 'author_by_author_id.email'",
  },
  {
    name: 'a junction that may not be read is no way',
    ask: "GET book?filter=tag_by_book_tag.label = 'old'",
    as: { book: {}, tag: {} },
    status: 403,
  },
  {
    name: 'rows of a junction that are not seen are no way',
    ask: "GET book?filter=tag_by_book_tag.label = 'old'",
    as: { book: {}, tag: {}, book_tag: { filters: [{ name: 'note', operator: '=', value: 'x' }] } },
    ids: [2001],
  },
  {
    name: 'a relation of a relation needs its right',
    ask: 'GET author/1001?related=book_by_author_id.tag_by_book_tag',
    as: { author: {}, book: {} },
    status: 403,
  },
  {
    name: 'and is filtered by its role',
    ask: 'GET tag/3001?fields=id&related=book_by_book_tag.author_by_author_id&book_by_book_tag.fields=id&book_by_book_tag.author_by_author_id.fields=name',
    as: { tag: {}, book_tag: {}, book: { filters }, author: {} },
    answer: { id: 3001, book_by_book_tag: [{ id: 2001, author_id: 1001, author_by_author_id: { name: 'ann' } }] },
  },
])

export const beyondGroups: readonly Group[] = [
  { name: 'relations: filter and offset', formats: true, tables: library, cases: options },
  { name: 'relations of relations', formats: true, tables: library, cases: nested },
  { name: 'fields of related tables', tables: library, cases: fields },
  { name: 'fields of related tables: policy', tables: library, cases: policy },
]
