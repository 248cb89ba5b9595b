/** Creating records (data-plane 3.6, 3.10). */
import type { Json } from 'dataferry/sdk'
import type { Case } from '../types.ts'
import { list, noRecords } from './writing.ts'

/** A generated key: below those of the tables, or behind them. */
function generated(count: number): (body: Json) => void {
  return (body) => {
    const { resource } = body as { readonly resource: readonly { readonly id: number }[] }
    const ids = new Set(resource.map(({ id }) => id))
    const known = [1001, 1002, 1003, 1004]
    if (ids.size !== count || [...ids].some((id) => !Number.isInteger(id) || known.includes(id))) {
      throw new Error(`unexpected keys: ${JSON.stringify(resource)}`)
    }
  }
}

export const create: readonly Case[] = [
  {
    name: 'one record',
    ask: 'POST author',
    body: { resource: [{ name: 'eve' }] },
    status: 201,
    answer: generated(1),
    after: [
      { ask: 'GET author?filter=name = eve&fields=name,email', answer: { resource: [{ name: 'eve', email: null }] } },
    ],
  },
  {
    name: 'a bare list',
    ask: 'POST author',
    body: [{ name: 'eve' }, { name: 'fay' }],
    status: 201,
    answer: generated(2),
    after: [{ ask: 'GET author?count_only=true', answer: 6 }],
  },
  {
    name: 'one record in the wrapper',
    ask: 'POST author?fields=name',
    body: { resource: { name: 'eve' } },
    status: 201,
    answer: { resource: [{ name: 'eve' }] },
  },
  {
    name: 'a key of its own',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'eve' }] },
    status: 201,
    answer: { resource: [{ id: 1900 }] },
  },
  {
    name: 'with fields',
    ask: 'POST author?fields=id,name,active',
    body: { resource: [{ id: 1900, name: 'eve', active: true }] },
    status: 201,
    answer: { resource: [{ id: 1900, name: 'eve', active: true }] },
  },
  {
    name: 'with all fields',
    ask: 'POST tag?fields=*',
    body: { resource: [{ id: 3900, label: 'x' }] },
    status: 201,
    answer: { resource: [{ id: 3900, label: 'x' }] },
  },
  {
    name: 'in the order of the request',
    ask: 'POST author',
    body: {
      resource: [
        { id: 1903, name: 'a' },
        { id: 1901, name: 'b' },
        { id: 1902, name: 'c' },
      ],
    },
    status: 201,
    ids: [1903, 1901, 1902],
  },
  {
    name: 'records with other fields',
    ask: 'POST author?fields=id,name,rating',
    body: {
      resource: [
        { id: 1901, name: 'a', rating: 1 },
        { name: 'b', id: 1902 },
        { rating: 2.5, id: 1903, name: 'c' },
      ],
    },
    status: 201,
    answer: {
      resource: [
        { id: 1901, name: 'a', rating: 1 },
        { id: 1902, name: 'b', rating: null },
        { id: 1903, name: 'c', rating: 2.5 },
      ],
    },
  },
  {
    name: 'unknown fields are ignored',
    ask: 'POST author',
    body: { resource: [{ id: 1900, name: 'x', nothing: 1 }] },
    status: 201,
    answer: { resource: [{ id: 1900 }] },
  },
  {
    name: 'names of fields in any case',
    ask: 'POST author?fields=name',
    body: { resource: [{ NAME: 'x' }] },
    status: 201,
    answer: { resource: [{ name: 'x' }] },
  },
  {
    name: 'a composite key',
    ask: 'POST area',
    body: { resource: [{ region: 'w', no: 7 }] },
    status: 201,
    answer: { resource: [{ region: 'w', no: 7 }] },
  },
  {
    name: 'half a composite key',
    ask: 'POST area',
    body: { resource: [{ region: 'w' }] },
    status: 400,
    message: /Required id field\(s\) not found in record 0: no/,
  },
  {
    name: 'a key of text',
    ask: 'POST currency',
    body: { resource: [{ code: 'usd' }] },
    status: 201,
    answer: { resource: [{ code: 'usd' }] },
  },
  {
    name: 'without a key',
    ask: 'POST journal',
    body: { resource: [{ line: 'new', n: 9 }] },
    status: 201,
    after: [list('GET journal?filter=n = 9', [{ line: 'new', n: 9 }])],
  },
  {
    name: 'with relations',
    ask: 'POST book?fields=title&related=author_by_author_id&author_by_author_id.fields=name',
    body: { resource: [{ title: 'new', author_id: 1002 }] },
    status: 201,
    needs: ['related'],
    answer: { resource: [{ title: 'new', author_id: 1002, author_by_author_id: { name: 'bob' } }] },
  },
  {
    name: 'an expression',
    ask: 'POST author?fields=name',
    body: { resource: [{ name: { expression: "upper('eve')" } }] },
    status: 201,
    answer: { resource: [{ name: 'EVE' }] },
  },
  {
    name: 'an expression that is not allowed',
    ask: 'POST author',
    body: { resource: [{ name: { expression: 'pg_sleep(1)' } }] },
    status: 400,
    message: /SQL expression 'pg_sleep\(1\)' is not permitted\./,
  },
  {
    name: 'all values as texts',
    ask: 'POST book?fields=id,price,pages',
    body: { resource: [{ id: '2900', title: 't', price: '1.5', pages: '12' }] },
    untyped: true,
    status: 201,
    answer: { resource: [{ id: 2900, price: 1.5, pages: 12 }] },
  },
  { name: 'nothing but unknown fields', ask: 'POST author', body: { resource: [{ nothing: 1 }] }, status: 400 },
  { name: 'a bare object', ask: 'POST author', body: { name: 'x' }, status: 400, message: noRecords },
  { name: 'an empty list', ask: 'POST author', body: { resource: [] }, status: 400, message: noRecords },
  { name: 'no body', ask: 'POST author', status: 400, message: noRecords },
  {
    name: 'by id',
    ask: 'POST author/5',
    body: { name: 'x' },
    status: 400,
    message: 'Create record by identifier not currently supported.',
  },
  {
    name: 'an unknown field to answer writes nothing',
    ask: 'POST author?fields=foo',
    body: { resource: [{ name: 'x' }] },
    status: 400,
    after: [{ ask: 'GET author?count_only=true', answer: 4 }],
  },
  {
    name: 'null in a required field',
    ask: 'POST author',
    body: { resource: [{ name: null }] },
    status: 400,
    message: /Field 'name' can not be NULL\./,
  },
  {
    name: 'a required field left out',
    ask: 'POST author',
    body: { resource: [{ email: 'x@x.test' }] },
    status: 400,
    message: /Required field 'name' can not be NULL\./,
  },
  {
    name: 'an empty text stays one',
    ask: 'POST author?fields=name,email',
    body: { resource: [{ name: '', email: '' }] },
    status: 201,
    answer: { resource: [{ name: '', email: '' }] },
  },
  {
    name: 'an empty text in other columns is null',
    ask: 'POST author?fields=born,active,rating',
    body: { resource: [{ name: 'x', born: '', active: '', rating: '' }] },
    status: 201,
    answer: { resource: [{ born: null, active: null, rating: null }] },
  },
  {
    name: 'many records',
    ask: 'POST journal',
    body: { resource: Array.from({ length: 700 }, (_, n) => ({ line: `l${n}`, n: n + 10 })) },
    status: 201,
    count: 700,
    after: [
      { ask: 'GET journal?count_only=true', answer: 703 },
      { ask: 'GET journal?filter=n = 709&fields=line', answer: { resource: [{ line: 'l699' }] } },
    ],
  },
]
