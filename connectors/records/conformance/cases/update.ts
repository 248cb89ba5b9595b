/** Updating records in every way of naming them, and inserting those that are not there (data-plane 3.7, 3.10, 3.12). */
import type { Case } from '../types.ts'
import { list, noRecords, notFound, sameIds } from './writing.ts'

export const update: readonly Case[] = ['PATCH', 'PUT'].flatMap((verb): readonly Case[] => [
  {
    name: `${verb} by id`,
    ask: `${verb} author/1001`,
    body: { name: 'new' },
    answer: { id: 1001 },
    after: [list('GET author?ids=1001&fields=name,email', [{ name: 'new', email: 'ann@x.test' }])],
  },
  {
    name: `${verb} by id with fields`,
    ask: `${verb} author/1001?fields=name,active`,
    body: { active: false },
    answer: { name: 'ann', active: false },
  },
  {
    name: `${verb} by id, wrapped`,
    ask: `${verb} author/1001?fields=name`,
    body: { resource: [{ name: 'new' }] },
    answer: { name: 'new' },
  },
  {
    name: `${verb} by id with several records`,
    ask: `${verb} author/1001`,
    body: { resource: [{ name: 'a' }, { name: 'b' }] },
    status: 400,
  },
  {
    name: `${verb} by a missing id`,
    ask: `${verb} author/9`,
    body: { name: 'x' },
    status: 404,
    message: notFound('9'),
  },
  {
    name: `${verb} by records`,
    ask: `${verb} author`,
    body: {
      resource: [
        { id: 1002, name: 'b' },
        { id: 1001, name: 'a' },
      ],
    },
    answer: { resource: [{ id: 1002 }, { id: 1001 }] },
    after: [list('GET author?ids=1001,1002&fields=name', [{ name: 'a' }, { name: 'b' }])],
  },
  {
    name: `${verb} by records with fields`,
    ask: `${verb} author?fields=id,name`,
    body: {
      resource: [
        { id: 1002, name: 'b' },
        { id: 1001, name: 'a' },
      ],
    },
    answer: {
      resource: [
        { id: 1002, name: 'b' },
        { id: 1001, name: 'a' },
      ],
    },
  },
  {
    name: `${verb} by records without their key`,
    ask: `${verb} author`,
    body: { resource: [{ name: 'x' }] },
    status: 400,
    message: /Required id field\(s\) not found in record 0: id/,
  },
  {
    name: `${verb} by ids`,
    ask: `${verb} author?ids=1003,1001`,
    body: { resource: [{ active: false }] },
    answer: { resource: [{ id: 1003 }, { id: 1001 }] },
    after: [{ ask: 'GET author?filter=active = false&order=id', ids: [1001, 1002, 1003] }],
  },
  {
    name: `${verb} by ids with fields`,
    ask: `${verb} author?ids=1003,1001&fields=id,active`,
    body: { resource: [{ active: false }] },
    answer: {
      resource: [
        { id: 1003, active: false },
        { id: 1001, active: false },
      ],
    },
  },
  {
    name: `${verb} by ids of the payload`,
    ask: `${verb} author`,
    body: { ids: [1002], resource: [{ name: 'new' }] },
    answer: { resource: [{ id: 1002 }] },
  },
  {
    name: `${verb} by filter`,
    ask: `${verb} author?filter=active = true&order=id`,
    body: { resource: [{ rating: 1 }] },
    answer: (body) => sameIds(body, [1001, 1004]),
    after: [{ ask: 'GET author?filter=rating = 1', ids: [1001, 1004] }],
  },
  {
    name: `${verb} by filter that no longer matches`,
    ask: `${verb} author?filter=active = true&fields=id,active`,
    body: { resource: [{ active: false }] },
    answer: (body) => sameIds(body, [1001, 1004]),
  },
  {
    name: `${verb} by filter without a match`,
    ask: `${verb} author?filter=id = 5`,
    body: { resource: [{ name: 'x' }] },
    answer: { resource: [] },
  },
  {
    name: `${verb} by another field`,
    ask: `${verb} book/100?id_field=pages`,
    body: { price: 7 },
    answer: { pages: 100 },
    after: [{ ask: 'GET book?filter=price = 7', ids: [2001, 2004] }],
  },
  {
    name: `${verb} that changes nothing`,
    ask: `${verb} author/1001?fields=name`,
    body: { name: 'ann' },
    answer: { name: 'ann' },
  },
  { name: `${verb} of nothing in a missing record`, ask: `${verb} author/9`, body: { nothing: 1 }, status: 404 },
  {
    name: `${verb} without fields`,
    ask: `${verb} author/1001`,
    body: {},
    status: 400,
    message: 'The request contains no valid record fields.',
  },
  {
    name: `${verb} leaves the key alone`,
    ask: `${verb} author/1001?fields=id,name`,
    body: { id: 7777, name: 'x' },
    answer: { id: 1001, name: 'x' },
  },
  {
    name: `${verb} by a composite key in the path`,
    ask: `${verb} area/(n,2)?fields=*`,
    body: { title: 'new' },
    answer: { region: 'n', no: 2, title: 'new' },
  },
  {
    name: `${verb} by records with composite keys`,
    ask: `${verb} area`,
    body: { resource: [{ region: 's', no: 1, title: 'new' }] },
    answer: { resource: [{ region: 's', no: 1 }] },
    after: [list('GET area?filter=title = new&fields=region,no', [{ region: 's', no: 1 }])],
  },
  {
    name: `${verb} sets null`,
    ask: `${verb} author/1001?fields=email,rating`,
    body: { email: null, rating: null },
    answer: { email: null, rating: null },
  },
  {
    name: `${verb} of null in a required field`,
    ask: `${verb} author/1001`,
    body: { name: null },
    status: 400,
    message: "Field 'name' can not be NULL.",
  },
  {
    name: `${verb} by an expression of the record's own fields`,
    ask: `${verb} book/2001?fields=pages`,
    body: { pages: { expression: 'pages + 1' } },
    answer: { pages: 101 },
  },
  { name: `${verb} without a body`, ask: `${verb} author?ids=1001`, status: 400, message: noRecords },
  {
    name: `${verb} by an unknown field of the answer writes nothing`,
    ask: `${verb} author/1001?fields=foo`,
    body: { name: 'x' },
    status: 400,
    after: [{ ask: 'GET author/1001?fields=name', answer: { name: 'ann' } }],
  },
  {
    name: `${verb} with relations`,
    ask: `${verb} book/2001?fields=id&related=author_by_author_id&author_by_author_id.fields=name`,
    body: { author_id: 1002 },
    needs: ['related'],
    answer: { id: 2001, author_id: 1002, author_by_author_id: { name: 'bob' } },
  },
])

export const upsert: readonly Case[] = [
  {
    name: 'PUT by id inserts what is not there',
    ask: 'PUT currency/usd',
    body: { label: 'dollar' },
    needs: ['upsert'],
    answer: { code: 'usd' },
    after: [{ ask: 'GET currency/usd', answer: { code: 'usd', label: 'dollar' } }],
  },
  {
    name: 'PATCH by id updates what is there',
    ask: 'PATCH currency/eur?fields=*',
    body: { label: 'new' },
    needs: ['upsert'],
    answer: { code: 'eur', label: 'new' },
  },
  {
    name: 'by records',
    ask: 'PUT currency?fields=*',
    body: {
      resource: [
        { code: 'eur', label: 'e' },
        { code: 'usd', label: 'u' },
      ],
    },
    needs: ['upsert'],
    answer: {
      resource: [
        { code: 'eur', label: 'e' },
        { code: 'usd', label: 'u' },
      ],
    },
  },
  {
    name: 'a composite key',
    ask: 'PATCH area/(w,3)?fields=*',
    body: { title: 'new' },
    needs: ['upsert'],
    answer: { region: 'w', no: 3, title: 'new' },
  },
  {
    name: 'a generated key',
    ask: 'PATCH tag/3900?fields=*',
    body: { label: 'x' },
    needs: ['upsert'],
    answer: { id: 3900, label: 'x' },
  },
  {
    name: 'keeps what is not sent',
    ask: 'PATCH author/1001?fields=name,email',
    body: { name: 'x' },
    needs: ['upsert'],
    answer: { name: 'x', email: 'ann@x.test' },
  },
  {
    name: 'not by filter',
    ask: 'PATCH currency?filter=code = usd',
    body: { resource: [{ label: 'x' }] },
    answer: { resource: [] },
  },
  {
    name: 'a duplicate of another key is an error',
    ask: 'PATCH tag/3900',
    body: { label: 'old' },
    needs: ['upsert'],
    status: 400,
    message: /Duplicate value/,
    after: [{ ask: 'GET tag?order=id', ids: [3001, 3002, 3003] }],
  },
]
