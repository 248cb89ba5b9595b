/** Nested writes in batches, and under the rights of a role (data-plane 3.9, 3.11, 5.5). */
import { library } from '../library.ts'
import type { Group } from '../types.ts'
import { counts, is, list, nested } from './nesting.ts'

const batches = nested([
  {
    name: 'a record that fails leaves nothing, its siblings stay',
    ask: 'POST author?continue=true',
    body: list(
      { id: 1900, name: 'a', book_by_author_id: [{ title: 'one' }] },
      { id: 1901, name: 'b', book_by_author_id: [{ title: 'two' }, { title: null }] },
      { id: 1902, name: 'c', book_by_author_id: [{ title: 'three' }] },
    ),
    status: 400,
    message: /Failed to update many to one assignment/,
    after: [is('author?filter=id > 1899&fields=id&order=id', list({ id: 1900 }, { id: 1902 })), counts('book', 8)],
  },
  {
    name: 'halt keeps what was before',
    ask: 'POST author',
    body: list(
      { id: 1900, name: 'a', book_by_author_id: [{ title: 'one' }] },
      { id: 1901, name: 'b', book_by_author_id: [{ title: null }] },
      { id: 1902, name: 'c' },
    ),
    status: 400,
    after: [is('author?filter=id > 1899&fields=id', list({ id: 1900 })), counts('book', 7)],
  },
  {
    name: 'rollback keeps nothing',
    ask: 'POST author?rollback=true',
    body: list(
      { id: 1900, name: 'a', book_by_author_id: [{ title: 'one' }] },
      { id: 1901, name: 'b', book_by_author_id: [{ title: null }] },
    ),
    status: 400,
    message: /All changes rolled back\./,
    after: [counts('author', 4), counts('book', 6)],
  },
])

const all = { author: {}, book: {}, tag: {}, book_tag: {}, profile: {} }
const policy = nested([
  {
    name: 'a child needs the right of what is done with it',
    ask: 'PATCH author/1001',
    as: { ...all, book: { verbs: ['GET', 'PATCH'] } },
    body: { name: 'x', book_by_author_id: [{ title: 'new' }] },
    status: 400,
    message: /^Failed to update many to one assignment\.\nPOST access to component '_table\/book'/,
    after: [is('author/1001?fields=name', { name: 'ann' })],
  },
  {
    name: 'and no other',
    ask: 'PATCH author/1001',
    as: { ...all, book: { verbs: ['GET', 'PATCH'] } },
    body: { book_by_author_id: [{ id: 2004 }] },
    answer: { id: 1001 },
    after: [is('book/2004?fields=author_id', { author_id: 1001 })],
  },
  {
    name: 'a child beyond the row filter is not there',
    ask: 'PATCH author/1001',
    as: { ...all, book: { filters: [{ name: 'pages', operator: '=', value: '100' }] } },
    body: { book_by_author_id: [{ id: 2002, title: 'x' }] },
    status: 400,
    message: "Failed to update many to one assignment.\nRecord with identifier '2002' not found.",
    after: [is('book/2002?fields=title', { title: 'beta' })],
  },
  {
    name: 'a child is not written out of the row filter',
    ask: 'PATCH author/1001',
    as: { ...all, book: { filters: [{ name: 'pages', operator: '=', value: '100' }] } },
    body: { book_by_author_id: [{ id: 2001, pages: 101 }] },
    status: 400,
    message: 'Failed to update many to one assignment.\nDenied access to some of the requested fields.',
    after: [is('book/2001?fields=pages', { pages: 100 })],
  },
  {
    name: 'a new child must be within it',
    ask: 'POST author',
    as: { ...all, book: { filters: [{ name: 'author_id', operator: '!=', value: '1900' }] } },
    body: list({ id: 1900, name: 'x', book_by_author_id: [{ title: 'new' }] }),
    status: 400,
    message: /Denied access to some of the requested fields\./,
    after: [counts('author', 4)],
  },
  {
    name: 'a reference that may not be written is not set by this way',
    ask: 'PATCH author/1002',
    as: { ...all, book: { readOnly: ['author_id'] } },
    body: { book_by_author_id: [{ id: 2001 }] },
    status: 400,
    after: [is('book/2001?fields=author_id', { author_id: 1001 })],
  },
  {
    name: 'a child that is there already can be updated then',
    ask: 'PATCH author/1001',
    as: { ...all, book: { readOnly: ['author_id'] } },
    body: { book_by_author_id: [{ id: 2001, title: 'new' }] },
    answer: { id: 1001 },
    after: [is('book/2001?fields=author_id,title', { author_id: 1001, title: 'new' })],
  },
  {
    name: 'the record itself must stay within its filter with what it belongs to',
    ask: 'PATCH book/2001',
    as: { ...all, book: { filters: [{ name: 'author_id', operator: '=', value: '1001' }] } },
    body: { author_by_author_id: { id: 1002 } },
    status: 403,
    after: [is('book/2001?fields=author_id', { author_id: 1001 })],
  },
  {
    name: 'a relation to a hidden field is none',
    ask: 'PATCH author/1001?fields=name',
    as: { ...all, book: { hidden: ['author_id'] } },
    body: { name: 'x', book_by_author_id: [{ title: 'new' }] },
    answer: { name: 'x' },
    after: [counts('book', 6)],
  },
  {
    name: 'a record that is not seen is 404, whatever it would be set to',
    ask: 'PATCH book/2002',
    as: { book: { filters: [{ name: 'pages', operator: '=', value: '100' }] } },
    body: { pages: 5 },
    status: 404,
  },
])

export const nestedBatchGroups: readonly Group[] = [
  { name: 'nested: batches', tables: library, cases: batches },
  { name: 'nested: policy', tables: library, cases: policy },
]
