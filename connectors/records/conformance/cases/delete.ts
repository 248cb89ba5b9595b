/** Deleting records in every way of naming them (data-plane 3.8, 3.12). */
import type { Case } from '../types.ts'
import { notFound, sameIds } from './writing.ts'

export const remove: readonly Case[] = [
  { name: 'by id', ask: 'DELETE tag/3003', answer: { id: 3003 }, after: [{ ask: 'GET tag/3003', status: 404 }] },
  { name: 'by id with fields, as it was', ask: 'DELETE tag/3003?fields=*', answer: { id: 3003, label: 'rare' } },
  {
    name: 'by id with relations',
    ask: 'DELETE book/2002?fields=id&related=tag_by_book_tag&tag_by_book_tag.fields=id',
    needs: ['related'],
    answer: { id: 2002, tag_by_book_tag: [{ id: 3002 }] },
  },
  { name: 'by a missing id', ask: 'DELETE tag/9', status: 404, message: notFound('9') },
  {
    name: 'by ids',
    ask: 'DELETE tag?ids=3003,3001',
    answer: { resource: [{ id: 3003 }, { id: 3001 }] },
    after: [{ ask: 'GET tag', ids: [3002] }],
  },
  {
    name: 'by ids with fields',
    ask: 'DELETE tag?ids=3003,3001&fields=label',
    answer: { resource: [{ label: 'rare' }, { label: 'old' }] },
  },
  {
    name: 'by records',
    ask: 'DELETE tag',
    body: { resource: [{ id: 3002 }, { id: 3001 }] },
    answer: { resource: [{ id: 3002 }, { id: 3001 }] },
  },
  {
    name: 'by filter',
    ask: 'DELETE book?filter=pages = 100',
    answer: (body) => sameIds(body, [2001, 2004]),
    after: [{ ask: 'GET book?count_only=true', answer: 4 }],
  },
  {
    name: 'by filter, whatever the limit',
    ask: 'DELETE book?filter=id > 0&limit=1',
    answer: (body) => sameIds(body, [2001, 2002, 2003, 2004, 2005, 2006]),
    after: [{ ask: 'GET book?count_only=true', answer: 0 }],
  },
  { name: 'by filter without a match', ask: 'DELETE book?filter=id = 1', answer: { resource: [] } },
  {
    name: 'by filter with fields',
    ask: 'DELETE book?filter=id = 2006&fields=id,title',
    answer: { resource: [{ id: 2006, title: 'zeta' }] },
  },
  {
    name: 'by a composite key',
    ask: 'DELETE book_tag/(2001,3001)',
    answer: { book_id: 2001, tag_id: 3001 },
    after: [{ ask: 'GET book_tag?count_only=true', answer: 3 }],
  },
  {
    name: 'by composite ids',
    ask: 'DELETE book_tag?ids=(2001,3001),(2005,3001)',
    count: 2,
    after: [{ ask: 'GET book_tag?count_only=true', answer: 2 }],
  },
  {
    name: 'by records with composite keys',
    ask: 'DELETE book_tag?fields=note',
    body: { resource: [{ tag_id: 3002, book_id: 2002 }] },
    answer: { resource: [{ note: 'y' }] },
  },
  {
    name: 'by another field',
    ask: 'DELETE book/100?id_field=pages',
    answer: { pages: 100 },
    after: [{ ask: 'GET book?count_only=true', answer: 4 }],
  },
  {
    name: 'by filter in a table without a key',
    ask: 'DELETE journal?filter=n = 2&fields=n',
    count: 2,
    after: [{ ask: 'GET journal?count_only=true', answer: 1 }],
  },
  {
    name: 'nothing named',
    ask: 'DELETE tag',
    status: 400,
    message: 'No filter or records given for delete request.',
    after: [{ ask: 'GET tag?count_only=true', answer: 3 }],
  },
  {
    name: 'an empty filter',
    ask: 'DELETE tag?filter=',
    status: 400,
    after: [{ ask: 'GET tag?count_only=true', answer: 3 }],
  },
  {
    name: 'a broken filter',
    ask: 'DELETE tag?filter=id >',
    status: 400,
    after: [{ ask: 'GET tag?count_only=true', answer: 3 }],
  },
  {
    name: 'everything',
    ask: 'DELETE journal?force=true',
    answer: { success: true },
    after: [{ ask: 'GET journal?count_only=true', answer: 0 }],
  },
  {
    name: 'what others refer to',
    ask: 'DELETE author/1001',
    status: 400,
    message: /refer/,
    after: [{ ask: 'GET author/1001?fields=id', answer: { id: 1001 } }],
  },
  {
    name: 'what others refer to and go with',
    ask: 'DELETE tag/3001',
    answer: { id: 3001 },
    after: [{ ask: 'GET book_tag?filter=tag_id = 3001', field: 'book_id', ids: [] }],
  },
]
