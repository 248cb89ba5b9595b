/** Relations of a read: names, shapes, options, keys of several columns (data-plane 5.1 to 5.3). */
import { library } from '../library.ts'
import type { Case, Group } from '../types.ts'

const needs = ['related'] as const
const related = (list: readonly Case[]): readonly Case[] => list.map((each) => ({ needs, ...each }))

const ann = { id: 1001, name: 'ann', email: 'ann@x.test', born: '1970-01-02', active: true, rating: 4.5 }

const shapes = related([
  {
    name: 'belongs_to is the record',
    ask: 'GET book/2001?fields=id&related=author_by_author_id',
    answer: { id: 2001, author_id: 1001, author_by_author_id: ann },
  },
  {
    name: 'belongs_to of nobody is null',
    ask: 'GET book/2006?fields=id&related=author_by_author_id',
    answer: { id: 2006, author_id: null, author_by_author_id: null },
  },
  {
    name: 'has_many is a list',
    ask: 'GET author?fields=id&order=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id',
    answer: {
      resource: [
        { id: 1001, book_by_author_id: [{ id: 2001 }, { id: 2002 }, { id: 2003 }] },
        { id: 1002, book_by_author_id: [{ id: 2004 }] },
        { id: 1003, book_by_author_id: [] },
        { id: 1004, book_by_author_id: [{ id: 2005 }] },
      ],
    },
  },
  {
    name: 'has_one is the record, or an empty list',
    ask: 'GET author?fields=id&order=id&related=profile_by_author_id&filter=id in (1001,1002,1004)',
    answer: {
      resource: [
        { id: 1001, profile_by_author_id: { author_id: 1001, bio: 'writes' } },
        { id: 1002, profile_by_author_id: [] },
        { id: 1004, profile_by_author_id: { author_id: 1004, bio: null } },
      ],
    },
  },
  {
    name: 'many_many leaves the junction out',
    ask: 'GET book?fields=id&filter=id <= 2003&order=id&related=tag_by_book_tag&tag_by_book_tag.order=id',
    answer: {
      resource: [
        {
          id: 2001,
          tag_by_book_tag: [
            { id: 3001, label: 'old' },
            { id: 3002, label: 'new' },
          ],
        },
        { id: 2002, tag_by_book_tag: [{ id: 3002, label: 'new' }] },
        { id: 2003, tag_by_book_tag: [] },
      ],
    },
  },
  {
    name: 'many_many from the other side',
    ask: 'GET tag/3002?fields=id&related=book_by_book_tag&book_by_book_tag.fields=title&book_by_book_tag.order=title',
    answer: { id: 3002, book_by_book_tag: [{ title: 'alpha' }, { title: 'beta' }] },
  },
  {
    name: 'the junction is a relation too',
    ask: 'GET tag/3001?fields=id&related=book_tag_by_tag_id&book_tag_by_tag_id.order=book_id',
    answer: {
      id: 3001,
      book_tag_by_tag_id: [
        { book_id: 2001, tag_id: 3001, note: 'x' },
        { book_id: 2005, tag_id: 3001, note: null },
      ],
    },
  },
  {
    name: 'a self-reference is read from the side that has many',
    ask: 'GET employee/4001?fields=id&related=employee_by_manager_id&employee_by_manager_id.fields=name&employee_by_manager_id.order=name',
    answer: { id: 4001, employee_by_manager_id: [{ name: 'left' }, { name: 'right' }] },
  },
  {
    name: 'a self-reference has its other side under another name',
    ask: 'GET employee?fields=id&order=id&related=parent_by_manager_id&parent_by_manager_id.fields=name',
    answer: {
      resource: [
        { id: 4001, manager_id: null, parent_by_manager_id: null },
        { id: 4002, manager_id: 4001, parent_by_manager_id: { name: 'boss' } },
        { id: 4003, manager_id: 4001, parent_by_manager_id: { name: 'boss' } },
        { id: 4004, manager_id: 4002, parent_by_manager_id: { name: 'left' } },
      ],
    },
  },
  {
    name: 'a self-reference is read from the other side too',
    ask: 'GET employee/4002?fields=id&related=parent_by_manager_id&parent_by_manager_id.fields=name',
    answer: { id: 4002, manager_id: 4001, parent_by_manager_id: { name: 'boss' } },
  },
  {
    name: 'a key of several columns, to the parent',
    ask: 'GET stop?fields=id&order=id&related=area_by_region_area_no',
    answer: {
      resource: [
        stop(5001, 'n', 1, { region: 'n', no: 1, title: 'north one' }),
        stop(5002, 'n', 1, { region: 'n', no: 1, title: 'north one' }),
        stop(5003, 's', 1, { region: 's', no: 1, title: 'south one' }),
        stop(5004, 'n', null, null),
        stop(5005, null, null, null),
      ],
    },
  },
  {
    name: 'a key of several columns, to the children',
    ask: 'GET area?order=region,no&related=stop_by_region_area_no&stop_by_region_area_no.fields=id&stop_by_region_area_no.order=id',
    answer: {
      resource: [
        { region: 'n', no: 1, title: 'north one', stop_by_region_area_no: [{ id: 5001 }, { id: 5002 }] },
        { region: 'n', no: 2, title: 'north two', stop_by_region_area_no: [] },
        { region: 's', no: 1, title: 'south one', stop_by_region_area_no: [{ id: 5003 }] },
      ],
    },
  },
])

function stop(
  id: number,
  region: string | null,
  area_no: number | null,
  area: { readonly region: string; readonly no: number; readonly title: string } | null,
) {
  return { id, region, area_no, area_by_region_area_no: area }
}

const options = related([
  {
    name: 'several relations at once',
    ask: 'GET book/2001?fields=id&related=tag_by_book_tag,author_by_author_id&author_by_author_id.fields=name&tag_by_book_tag.fields=id&tag_by_book_tag.order=id',
    answer: {
      id: 2001,
      author_id: 1001,
      author_by_author_id: { name: 'ann' },
      tag_by_book_tag: [{ id: 3001 }, { id: 3002 }],
    },
  },
  {
    name: 'all of them',
    ask: 'GET author/1003?fields=id&related=*',
    answer: { id: 1003, book_by_author_id: [], profile_by_author_id: [] },
  },
  {
    name: 'names in any case',
    ask: 'GET book/2006?fields=id,author_id&related=AUTHOR_By_Author_ID',
    answer: { id: 2006, author_id: null, author_by_author_id: null },
  },
  { name: 'an unknown name is ignored', ask: 'GET author/1003?fields=id&related=nothing', answer: { id: 1003 } },
  {
    name: "a limit is each parent's",
    ask: 'GET author?fields=id&filter=id in (1001,1002)&order=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id desc&book_by_author_id.limit=2',
    answer: {
      resource: [
        { id: 1001, book_by_author_id: [{ id: 2003 }, { id: 2002 }] },
        { id: 1002, book_by_author_id: [{ id: 2004 }] },
      ],
    },
  },
  {
    name: 'a limit of 0 is none',
    ask: 'GET author/1001?fields=id&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id&book_by_author_id.limit=0',
    answer: { id: 1001, book_by_author_id: [{ id: 2001 }, { id: 2002 }, { id: 2003 }] },
  },
  {
    name: 'options with an underscore',
    ask: 'GET author/1002?fields=id&related=book_by_author_id&book_by_author_id_fields=title',
    answer: { id: 1002, book_by_author_id: [{ title: 'delta' }] },
  },
  {
    name: 'empty fields of a relation are the key',
    ask: 'GET author/1002?fields=id&related=book_by_author_id&book_by_author_id.fields=',
    answer: { id: 1002, book_by_author_id: [{ id: 2004 }] },
  },
  {
    name: 'an unknown field of a relation is 400',
    ask: 'GET author/1002?related=book_by_author_id&book_by_author_id.fields=foo',
    status: 400,
    message: 'Invalid field requested: foo',
  },
  {
    name: 'an unknown order of a relation is 400',
    ask: 'GET author/1002?related=book_by_author_id&book_by_author_id.order=foo',
    status: 400,
  },
  {
    name: 'a group of a relation',
    ask: 'GET author/1001?fields=id&related=book_by_author_id&book_by_author_id.fields=pages,COUNT(*)&book_by_author_id.group=pages&book_by_author_id.order=pages asc nulls last',
    needs: ['related', 'group'],
    answer: {
      id: 1001,
      book_by_author_id: [
        { pages: 100, COUNT_ALL: 1 },
        { pages: 250, COUNT_ALL: 1 },
        { pages: null, COUNT_ALL: 1 },
      ],
    },
  },
  {
    name: 'with ids',
    ask: 'GET author?ids=1002,1001&fields=id&related=profile_by_author_id',
    answer: {
      resource: [
        { id: 1002, profile_by_author_id: [] },
        { id: 1001, profile_by_author_id: { author_id: 1001, bio: 'writes' } },
      ],
    },
  },
  {
    name: 'children of the same parent in many rows',
    ask: 'GET book?fields=id,author_id&filter=author_id = 1001&order=id&related=author_by_author_id&author_by_author_id.fields=name',
    answer: {
      resource: [2001, 2002, 2003].map((id) => ({ id, author_id: 1001, author_by_author_id: { name: 'ann' } })),
    },
  },
  {
    name: 'with a page of parents',
    ask: 'GET author?fields=id&order=id&limit=1&offset=1&include_count=true&related=book_by_author_id&book_by_author_id.fields=id',
    answer: { resource: [{ id: 1002, book_by_author_id: [{ id: 2004 }] }], meta: { count: 4, next: 2 } },
  },
])

const described: readonly Case[] = [
  {
    name: 'names, types and fields of relations',
    ask: 'GET _schema/book/_related',
    answer: (body) =>
      relations(body, [
        'author_by_author_id belongs_to author_id author.id',
        'book_tag_by_book_id has_many id book_tag.book_id',
        'tag_by_book_tag many_many id tag.id',
      ]),
  },
  {
    name: 'has_one',
    ask: 'GET _schema/author/_related',
    answer: (body) =>
      relations(body, [
        'book_by_author_id has_many id book.author_id',
        'profile_by_author_id has_one id profile.author_id',
      ]),
  },
  {
    name: 'a self-reference',
    ask: 'GET _schema/employee/_related',
    answer: (body) =>
      relations(body, [
        'employee_by_manager_id has_many id employee.manager_id',
        'parent_by_manager_id belongs_to manager_id employee.id',
      ]),
  },
  {
    name: 'keys of several columns',
    ask: 'GET _schema/stop/_related',
    answer: (body) => relations(body, ['area_by_region_area_no belongs_to region,area_no area.region,no']),
  },
]

function relations(body: unknown, expected: readonly string[]): void {
  const { resource } = body as { readonly resource: readonly { readonly [member: string]: string }[] }
  const found = resource
    .map((each) => `${each.name} ${each.type} ${each.field} ${each.ref_table}.${each.ref_field}`)
    .sort()
  if (found.join('\n') !== expected.join('\n')) throw new Error(`unexpected relations:\n${found.join('\n')}`)
}

export const relatedGroups: readonly Group[] = [
  { name: 'relations: described', tables: library, cases: described },
  { name: 'relations: shapes', formats: true, tables: library, cases: shapes },
  { name: 'relations: options', formats: true, tables: library, cases: options },
]
