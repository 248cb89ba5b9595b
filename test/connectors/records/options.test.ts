/** Raw options become typed ones (data-plane 2.8, 3.3). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { noRelationOptions, parseOptions, splitIds } from '../../../connectors/records/options.ts'
import { booleanOption, type RecordOptions } from './exports.ts'

type Members = { readonly [name: string]: Json }

interface Case {
  readonly name: string
  readonly query?: Members
  readonly payload?: Members
  /** A write, where fewer options are taken from the payload. */
  readonly writes?: boolean
  readonly is: { readonly [K in keyof RecordOptions]?: unknown }
}

const cases: readonly Case[] = [
  { name: 'nothing', is: { fields: null, filter: null, limit: null, offset: 0, ids: null, related: [], force: false } },
  { name: 'all fields', query: { fields: '*' }, is: { fields: 'all' } },
  { name: 'no fields', query: { fields: '' }, is: { fields: 'ids' } },
  { name: 'commas only', query: { fields: ' , ' }, is: { fields: 'ids' } },
  { name: 'fields as an array', payload: { fields: ['a', ' b '] }, is: { fields: ['a', 'b'] } },
  { name: 'select is fields', query: { select: 'a' }, is: { fields: ['a'] } },
  { name: 'query before payload', query: { limit: '5' }, payload: { limit: 6 }, is: { limit: 5 } },
  { name: 'payload before alias of the query', query: { top: '5' }, payload: { limit: 6 }, is: { limit: 6 } },
  {
    name: 'alias of the query before alias of the payload',
    query: { top: '5' },
    payload: { top: 6 },
    is: { limit: 5 },
  },
  { name: 'alias of the payload', payload: { top: 6, skip: '2' }, is: { limit: 6, offset: 2 } },
  { name: 'an empty canonical value is absent', query: { limit: '', top: '3' }, is: { limit: 3 } },
  { name: 'names are case-sensitive', query: { LIMIT: '1' }, is: { limit: null } },
  ...['0', '-1', 'abc', '', '0x10x'].map((limit) => ({
    name: `limit ${limit}`,
    query: { limit },
    is: { limit: null },
  })),
  { name: 'a limit that is a fraction', query: { limit: '2.7' }, is: { limit: 2 } },
  { name: 'a negative offset', query: { offset: '-5' }, is: { offset: 0 } },
  { name: 'an offset beyond all numbers', query: { offset: '99999999999999999999' }, is: { offset: 2 ** 52 } },
  { name: 'an offset that is a text', query: { offset: 'x' }, is: { offset: 0 } },
  {
    name: 'a dot in a name',
    query: { 'id.field': 'a,b', 'include.count': '1' },
    is: { idField: ['a', 'b'], includeCount: true },
  },
  { name: 'ids', query: { ids: '1, 2,' }, is: { ids: ['1', '2'] } },
  { name: 'composite ids', query: { ids: '(1,2),(3,4)' }, is: { ids: ['(1,2)', '(3,4)'] } },
  { name: 'ids as an array', payload: { ids: [1, { a: 1 }] }, is: { ids: [1, { a: 1 }] } },
  { name: 'one id', payload: { ids: 5 }, is: { ids: [5] } },
  { name: 'no ids', query: { ids: '' }, is: { ids: null } },
  { name: 'an empty array of ids', payload: { ids: [] }, is: { ids: null } },
  { name: 'order as an array', payload: { order: ['a', 'b desc'] }, is: { order: 'a,b desc' } },
  { name: 'sort and order_by are order', query: { sort: 'a' }, is: { order: 'a' } },
  { name: 'group_by is group', query: { group_by: 'a' }, is: { group: 'a' } },
  { name: 'related in any case', query: { related: 'A_by_b, c' }, is: { related: ['a_by_b', 'c'] } },
  { name: 'all related', query: { related: '*' }, is: { related: 'all' } },
  {
    name: 'a read takes related from the payload',
    payload: { related: 'a', include_count: true },
    is: { related: ['a'], includeCount: true },
  },
  {
    name: 'a write does not',
    payload: { related: 'a', force: true, id_field: 'x', fields: 'b' },
    writes: true,
    is: { related: [], force: false, idField: null, fields: ['b'] },
  },
  {
    name: 'modes in a payload',
    payload: { continue: true, rollback: 'yes' },
    writes: true,
    is: { continue: true, rollback: true },
  },
  { name: 'parameters', query: { params: { ':x': '1' } }, is: { params: new Map([[':x', '1']]) } },
  { name: "a filter in the source's own language", payload: { filter: { id: 5 } }, is: { filter: '{"id":5}' } },
  { name: 'parameters as a list are none', payload: { params: [1] }, is: { params: new Map() } },
]

describe('options', () => {
  for (const { name, query = {}, payload = null, writes = false, is } of cases) {
    it(name, () => {
      const options = parseOptions(new Map(Object.entries(query)), payload, !writes)
      for (const [key, value] of Object.entries(is)) assert.deepEqual(options[key as keyof RecordOptions], value, key)
    })
  }

  for (const filter of [['a'], 5, true] as Json[]) {
    it(`a filter that is ${JSON.stringify(filter)} is refused`, () => {
      const parse = (): unknown => parseOptions(new Map(), { filter }, true)
      assert.throws(parse, { status: 400, message: 'Invalid or unparsable filter request.' })
    })
  }

  it('options of a relation, with a dot or an underscore, in any case of its name', () => {
    const query = new Map<string, Json>([
      ['books_by_Author.fields', 'a,b'],
      ['books_by_author_limit', '5'],
      ['BOOKS_BY_AUTHOR.order', 'a desc'],
    ])
    const options = parseOptions(query, null, true)
    assert.deepEqual(options.relation('books_by_author'), {
      fields: ['a', 'b'],
      filter: null,
      limit: 5,
      offset: 0,
      order: 'a desc',
      group: null,
    })
    assert.deepEqual(options.relation('other'), noRelationOptions)
  })
})

describe('booleans', () => {
  const truths = ['true', 'TRUE', '1', 'yes', 'Y', 't', 'on', true, 1]
  const rest = ['2', 'false', '0', 'no', '', 'x', false, 0, 2, null, undefined, ['true']]
  for (const value of truths) it(`${String(value)} is true`, () => assert.equal(booleanOption(value), true))
  for (const value of rest) it(`${JSON.stringify(value)} is false`, () => assert.equal(booleanOption(value), false))
})

describe('lists of ids', () => {
  const texts: readonly (readonly [text: string, ids: readonly string[]])[] = [
    ['', []],
    ['1', ['1']],
    ['1,2', ['1', '2']],
    ['(1,2)', ['(1,2)']],
    ['(1,2) , 3', ['(1,2)', '3']],
    ['(1,2', ['(1,2']],
    ['a)b,c', ['a)b', 'c']],
  ]
  for (const [text, ids] of texts) it(text, () => assert.deepEqual(splitIds(text), ids))
})
