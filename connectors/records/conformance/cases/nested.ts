/** Related records that come with a record, in one transaction with it (data-plane 5.4, 5.5). */
import type { Json } from 'dataferry/sdk'
import { library } from '../library.ts'
import type { Group } from '../types.ts'
import { counts, is, list, nested } from './nesting.ts'

const parents = nested([
  {
    name: 'an object without a key is created, and referred to',
    ask: 'POST book?fields=title&related=author_by_author_id&author_by_author_id.fields=name',
    body: list({ title: 'new', author_by_author_id: { name: 'eve' } }),
    status: 201,
    answer: (body) => same(row(body), 'author_by_author_id', { name: 'eve' }),
    after: [counts('author', 5)],
  },
  {
    name: 'one with a key that is there is updated, and referred to',
    ask: 'PATCH book/2004?fields=id,author_id',
    body: { author_by_author_id: { id: 1003, name: 'new' } },
    answer: { id: 2004, author_id: 1003 },
    after: [is('author/1003?fields=name', { name: 'new' }), counts('author', 4)],
  },
  {
    name: 'one with its key alone is referred to',
    ask: 'PATCH book/2006?fields=author_id',
    body: { title: 'x', author_by_author_id: { id: 1003 } },
    answer: { author_id: 1003 },
    after: [is('book/2006?fields=title', { title: 'x' })],
  },
  {
    name: 'one with a key that is not there is created',
    ask: 'PATCH book/2006?fields=author_id',
    body: { author_by_author_id: { id: 1900, name: 'eve' } },
    answer: { author_id: 1900 },
    after: [is('author/1900?fields=name', { name: 'eve' })],
  },
  {
    name: 'the reference is not missed, and what was sent for it is not looked at',
    ask: 'POST profile?fields=author_id',
    body: list({ author_id: null, bio: 'b', author_by_author_id: { id: 1002 } }),
    status: 201,
    answer: list({ author_id: 1002 }),
  },
  {
    name: 'null, nothing and an empty list are ignored',
    ask: 'PATCH book?fields=id,author_id',
    body: list(
      { id: 2001, author_by_author_id: null },
      { id: 2002, author_by_author_id: {} },
      { id: 2003, author_by_author_id: [] },
    ),
    answer: list({ id: 2001, author_id: 1001 }, { id: 2002, author_id: 1001 }, { id: 2003, author_id: 1001 }),
  },
  {
    name: 'a composite key',
    ask: 'PATCH stop/5005?fields=region,area_no',
    body: { area_by_region_area_no: { region: 'w', no: 9, title: 'west' } },
    answer: { region: 'w', area_no: 9 },
    after: [is('area/(w,9)', { region: 'w', no: 9, title: 'west' })],
  },
  {
    name: 'a key that the database does not make must be sent',
    ask: 'PATCH stop/5005',
    body: { area_by_region_area_no: { title: 'west' } },
    status: 400,
    message: "Failed to update belongs-to assignment.\nRelated record has no primary key value for 'region'.",
    after: [counts('area', 3)],
  },
  {
    name: 'a fault of the parent is told',
    ask: 'PATCH book/2004',
    body: { title: 'x', author_by_author_id: { id: 1001, name: null } },
    status: 400,
    message: "Failed to update belongs-to assignment.\nField 'name' can not be NULL.",
    after: [is('book/2004?fields=title', { title: 'delta' })],
  },
  {
    name: 'what fails behind it leaves no parent',
    ask: 'POST book',
    body: list({ title: null, author_by_author_id: { name: 'eve' } }),
    status: 400,
    message: /Field 'title' can not be NULL\./,
    after: [counts('author', 4), counts('book', 6)],
  },
  {
    name: 'the parent of a record that is not there is not written',
    ask: 'PATCH book/9',
    body: { author_by_author_id: { name: 'eve' } },
    status: 404,
    after: [counts('author', 4)],
  },
  {
    name: 'to its own table',
    ask: 'PATCH employee/4004?fields=manager_id',
    body: { parent_by_manager_id: { id: 4003, name: 'new' } },
    answer: { manager_id: 4003 },
    after: [is('employee/4003?fields=name', { name: 'new' })],
  },
])

const children = nested([
  {
    name: 'an item without a key is created, one with its key alone adopted',
    ask: 'POST author',
    body: list({ id: 1900, name: 'eve', book_by_author_id: [{ title: 'new' }, { id: 2006 }] }),
    status: 201,
    answer: list({ id: 1900 }),
    after: [is('book?filter=author_id = 1900&fields=title&order=title', list({ title: 'new' }, { title: 'zeta' }))],
  },
  {
    name: 'an item with more is updated and adopted, whatever parent it names',
    ask: 'PATCH author/1002?fields=id',
    body: { book_by_author_id: [{ id: 2001, author_id: 1004, title: 'new' }] },
    answer: { id: 1002 },
    after: [is('book/2001?fields=author_id,title', { author_id: 1002, title: 'new' })],
  },
  {
    name: 'an item without a parent is disowned',
    ask: 'PATCH author/1001',
    body: {
      book_by_author_id: [
        { id: 2001, author_id: null },
        { id: 2002, author_id: 0, title: 'new' },
      ],
    },
    answer: { id: 1001 },
    after: [
      is(
        'book?ids=2001,2002,2003&fields=author_id,title',
        list(
          { author_id: null, title: 'alpha' },
          { author_id: null, title: 'new' },
          { author_id: 1001, title: 'gamma' },
        ),
      ),
    ],
  },
  {
    name: 'a child of another parent is not disowned',
    ask: 'PATCH author/1002',
    body: { book_by_author_id: [{ id: 2001, author_id: null }] },
    status: 400,
    message: "Failed to update many to one assignment.\nRecord with identifier '2001' not found.",
    after: [is('book/2001?fields=author_id', { author_id: 1001 })],
  },
  {
    name: 'those that are not mentioned stay',
    ask: 'PATCH author/1001?fields=name&related=book_by_author_id&book_by_author_id.fields=id&book_by_author_id.order=id',
    body: { name: 'x', book_by_author_id: [] },
    answer: (body) => same(body, 'book_by_author_id', [{ id: 2001 }, { id: 2002 }, { id: 2003 }]),
  },
  {
    name: 'one that must have a parent can not be disowned',
    ask: 'PATCH book/2001',
    body: { book_tag_by_book_id: [{ tag_id: 3001, book_id: null }] },
    status: 400,
    message: "Failed to update many to one assignment.\nField 'book_id' can not be NULL.",
    after: [counts('book_tag', 4)],
  },
  {
    name: 'but deleted',
    ask: 'PATCH book/2001?allow_related_delete=true',
    body: { book_tag_by_book_id: [{ tag_id: 3001, book_id: null }] },
    answer: { id: 2001 },
    after: [is('book_tag?filter=book_id = 2001&fields=tag_id', list({ tag_id: 3002 }))],
  },
  {
    name: 'a composite key gets its part from the parent: created, updated',
    ask: 'PATCH book/2001',
    body: {
      book_tag_by_book_id: [
        { tag_id: 3003, note: 'made' },
        { tag_id: 3002, note: 'changed' },
      ],
    },
    answer: { id: 2001 },
    after: [
      is(
        'book_tag?filter=book_id = 2001&fields=tag_id,note&order=tag_id',
        list({ tag_id: 3001, note: 'x' }, { tag_id: 3002, note: 'changed' }, { tag_id: 3003, note: 'made' }),
      ),
    ],
  },
  {
    name: 'by a key of several columns',
    ask: 'PATCH area/(n,2)',
    body: { stop_by_region_area_no: [{ id: 5001 }, { label: 'new' }] },
    answer: { region: 'n', no: 2 },
    after: [
      is(
        'stop?filter=area_no = 2&fields=region,label&order=label',
        list({ region: 'n', label: 'first' }, { region: 'n', label: 'new' }),
      ),
    ],
  },
  {
    name: 'one that is not there',
    ask: 'PATCH author/1001',
    body: { name: 'x', book_by_author_id: [{ id: 9, title: 'x' }] },
    status: 400,
    message: "Failed to update many to one assignment.\nRecord with identifier '9' not found.",
    after: [is('author/1001?fields=name', { name: 'ann' })],
  },
  {
    name: 'a fault leaves nothing behind',
    ask: 'PATCH author/1001',
    body: { name: 'x', book_by_author_id: [{ title: 'new' }, { id: 2001, title: 'y' }, { title: null }] },
    status: 400,
    message: "Failed to update many to one assignment.\nField 'title' can not be NULL.",
    after: [
      is('author/1001?fields=name', { name: 'ann' }),
      counts('book', 6),
      is('book/2001?fields=title', { title: 'alpha' }),
    ],
  },
  { name: 'an object is no list', ask: 'PATCH author/1001', body: { book_by_author_id: { title: 'x' } }, status: 400 },
  { name: 'null is no list', ask: 'PATCH author/1001', body: { book_by_author_id: null }, status: 400 },
  {
    name: 'to any depth',
    ask: 'POST author',
    body: list({
      id: 1900,
      name: 'eve',
      book_by_author_id: [
        { title: 'new', tag_by_book_tag: [{ label: 'fresh' }, { id: 3001 }], book_tag_by_book_id: [] },
      ],
    }),
    status: 201,
    answer: list({ id: 1900 }),
    after: [
      is(
        'tag?filter=book_by_book_tag.author_id = 1900&fields=label&order=label',
        list({ label: 'fresh' }, { label: 'old' }),
      ),
    ],
  },
  {
    name: 'a fault at depth is told through all of them',
    ask: 'PATCH author/1001',
    body: { name: 'x', book_by_author_id: [{ id: 2001, title: 'y', book_tag_by_book_id: [{ tag_id: 3999 }] }] },
    status: 400,
    message: /^Failed to update many to one assignment\.\nFailed to update many to one assignment\.\n/,
    after: [is('author/1001?fields=name', { name: 'ann' }), is('book/2001?fields=title', { title: 'alpha' })],
  },
  {
    name: 'to its own table',
    ask: 'PATCH employee/4003',
    body: { employee_by_manager_id: [{ id: 4004 }, { name: 'new', employee_by_manager_id: [{ name: 'newer' }] }] },
    answer: { id: 4003 },
    after: [
      is('employee?filter=manager_id = 4003&fields=name&order=name', list({ name: 'leaf' }, { name: 'new' })),
      is("employee?filter=parent_by_manager_id.name = 'new'&fields=name", list({ name: 'newer' })),
    ],
  },
  {
    name: 'by filter, for each record',
    ask: 'PATCH author?filter=id in (1002,1003)&fields=id&order=id',
    body: list({ rating: 1, book_by_author_id: [{ title: 'new' }], author_by_author_id: { name: 'x' } }),
    answer: list({ id: 1002 }, { id: 1003 }),
    after: [
      is("book?filter=title = 'new'&fields=author_id&order=author_id", list({ author_id: 1002 }, { author_id: 1003 })),
    ],
  },
])

const one = nested([
  {
    name: 'is created with its key from the parent',
    ask: 'POST author',
    body: list({ id: 1900, name: 'eve', profile_by_author_id: { bio: 'new' } }),
    status: 201,
    answer: list({ id: 1900 }),
    after: [is('profile/1900', { author_id: 1900, bio: 'new' })],
  },
  {
    name: 'is updated where there is one',
    ask: 'PATCH author/1001',
    body: { profile_by_author_id: { bio: 'new' } },
    answer: { id: 1001 },
    after: [is('profile/1001', { author_id: 1001, bio: 'new' })],
  },
  {
    name: 'that must have a parent can not be left without',
    ask: 'PATCH author/1001',
    body: { profile_by_author_id: null },
    status: 400,
    message: "Failed to update many to one assignment.\nField 'author_id' can not be NULL.",
  },
  {
    name: 'is deleted',
    ask: 'PATCH author/1001?allow_related_delete=true',
    body: { profile_by_author_id: null },
    answer: { id: 1001 },
    after: [counts('profile', 1)],
  },
  {
    name: 'is deleted by its foreign key',
    ask: 'PATCH author/1001?allow_related_delete=true',
    body: { profile_by_author_id: { author_id: null, bio: 'x' } },
    answer: { id: 1001 },
    after: [is('profile?fields=author_id', list({ author_id: 1004 }))],
  },
  {
    name: 'an empty list is none, as answers show it',
    ask: 'PATCH author/1002',
    body: { name: 'x', profile_by_author_id: [] },
    answer: { id: 1002 },
    after: [counts('profile', 2)],
  },
])

const linked = nested([
  {
    name: 'an item without a key is created and joined, one with its key alone joined once',
    ask: 'PATCH book/2001',
    body: { tag_by_book_tag: [{ label: 'fresh' }, { id: 3003 }, { id: 3001 }] },
    answer: { id: 2001 },
    after: [
      is('book/2001?fields=id&related=tag_by_book_tag&tag_by_book_tag.fields=label&tag_by_book_tag.order=label', {
        id: 2001,
        tag_by_book_tag: ['fresh', 'new', 'old', 'rare'].map((label) => ({ label })),
      }),
    ],
  },
  {
    name: 'an item with more is updated and joined',
    ask: 'PATCH book/2003',
    body: { tag_by_book_tag: [{ id: 3003, label: 'changed' }] },
    answer: { id: 2003 },
    after: [
      is('tag/3003', { id: 3003, label: 'changed' }),
      is('book_tag?filter=book_id = 2003&fields=tag_id', list({ tag_id: 3003 })),
    ],
  },
  {
    name: 'an item is parted by the key of the record, and stays',
    ask: 'PATCH book/2001',
    body: { tag_by_book_tag: [{ id: 3001, 'book.id': null }] },
    answer: { id: 2001 },
    after: [is('book_tag?filter=book_id = 2001&fields=tag_id', list({ tag_id: 3002 })), counts('tag', 3)],
  },
  {
    name: 'one that is not there',
    ask: 'PATCH book/2001',
    body: { title: 'x', tag_by_book_tag: [{ id: 3999, label: 'x' }] },
    status: 500,
    message: "Failed to update many to one map assignment.\nRecord with identifier '3999' not found.",
    after: [is('book/2001?fields=title', { title: 'alpha' })],
  },
  {
    name: 'from the other side, with a new record',
    ask: 'POST tag',
    body: list({ id: 3900, label: 'fresh', book_by_book_tag: [{ id: 2003 }] }),
    status: 201,
    answer: list({ id: 3900 }),
    after: [is('book_tag?filter=tag_id = 3900&fields=book_id&order=book_id', list({ book_id: 2003 }))],
  },
])

const row = (body: Json): Json => (body as { readonly resource: readonly Json[] }).resource[0] ?? null

function same(of: Json, name: string, expected: Json): void {
  const found = (of as { readonly [name: string]: Json })[name]
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`unexpected ${name}: ${JSON.stringify(of)}`)
}

export const nestedGroups: readonly Group[] = [
  { name: 'nested: records that a record belongs to', tables: library, cases: parents },
  { name: 'nested: children', tables: library, cases: children },
  { name: 'nested: the one child', tables: library, cases: one },
  { name: 'nested: joined records', tables: library, cases: linked },
]
