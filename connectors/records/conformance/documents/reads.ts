/** Lists, fields, filters, orders, pages and groups of documents (data-plane 8.1). */
import assert from 'node:assert/strict'
import type { Json } from 'dataferry/sdk'
import type { Case } from '../types.ts'

const filters: readonly (readonly [filter: string, ids: readonly number[]])[] = [
  ['age = 34', [1]],
  ["age = '34'", []],
  ["age = 'old'", [5]],
  ['age != 34', [2, 4, 5]],
  ['age > 30', [1, 4]],
  ['age >= 27 AND age < 61', [1, 2]],
  ['NOT (age > 30)', [2, 5]],
  ['NOT (age = 34)', [2, 4, 5]],
  ['age IS NULL', [3]],
  ['age is not null', [1, 2, 4, 5]],
  ['email IS NULL', [3, 5]],
  ['age = null', [3]],
  ['age IN (27, 61, 99)', [2, 4]],
  ["age IN (27, 'old')", [2, 5]],
  ['age NOT IN (27, 61)', [1, 5]],
  ['age BETWEEN 27 AND 34', [1, 2]],
  ['age NOT BETWEEN 27 AND 34', [4, 5]],
  ['active = true', [1, 4, 5]],
  ['active = false', [2]],
  ['active != true', [2]],
  ['score = 4.5', [1]],
  ['score > 3', [1, 4]],
  ["name LIKE '%n%'", [1]],
  ["name LIKE 'a%'", [1]],
  ["name LIKE 'C_'", [3]],
  ["name LIKE 'ANN'", [1]],
  ["name LIKE 'a'", []],
  ["name NOT LIKE '%e%'", [1, 2, 3, 5]],
  ["name CONTAINS 'n'", [1]],
  ["name STARTS WITH 'b'", [2]],
  ["name ENDS WITH 'off'", [5]],
  ["name LIKE '50\\%\\_off'", [5]],
  ["address.city = 'Rome'", [1]],
  ["address.city LIKE 'rome'", [1, 3]],
  ['address.zip IS NULL', [2, 3, 4, 5]],
  ['address.at.lat > 41', [1]],
  ["tags = 'b'", [1, 3]],
  ["tags != 'b'", [2]],
  ["(age = 34) OR (name = 'dee')", [1, 4]],
  ['(age = 34) XOR (active = true)', [4, 5]],
  ['unknown_field = 1', []],
  ['unknown_field IS NULL', [1, 2, 3, 4, 5]],
  ['_id = 2', [2]],
  ['_id IN (1,3)', [1, 3]],
  ['_id > 3', [4, 5]],
  ["lower(name) = 'cy'", []],
]

/** The values of the rows, in their order. */
const groups =
  (...rows: readonly (readonly Json[])[]) =>
  (body: Json): void => {
    const { resource } = body as { resource: { readonly [name: string]: Json }[] }
    assert.deepEqual(
      resource.map((row) => Object.values(row)),
      rows,
    )
  }

export const reads: readonly Case[] = [
  { name: 'whole documents', ask: 'GET person?order=_id&limit=1', answer: whole },
  { name: 'all of them', ask: 'GET person', ids: [1, 2, 3, 4, 5] },
  {
    name: 'one by id',
    ask: 'GET person/3',
    answer: { _id: 3, name: 'Cy', age: null, address: { city: 'rome' }, tags: ['b'] },
  },
  {
    name: 'one that is not there',
    ask: 'GET person/99',
    status: 404,
    message: "Record with identifier '99' not found.",
  },
  {
    name: 'several by ids',
    ask: 'GET person?ids=4,2&fields=name',
    answer: {
      resource: [
        { _id: 4, name: 'dee' },
        { _id: 2, name: 'bob' },
      ],
    },
  },
  { name: 'a path as a field', ask: 'GET person/1?fields=address.city', answer: { _id: 1, address: { city: 'Rome' } } },
  {
    name: 'two paths of one object',
    ask: 'GET person/1?fields=address.city,address.at.lat',
    answer: { _id: 1, address: { city: 'Rome', at: { lat: 41.9 } } },
  },
  { name: 'an object as a field', ask: 'GET person/2?fields=address', answer: { _id: 2, address: { city: 'Oslo' } } },
  { name: 'a field that is missing', ask: 'GET person/4?fields=name,address', answer: { _id: 4, name: 'dee' } },
  {
    name: 'a path through a list',
    ask: 'GET invoice/101?fields=lines.sku',
    answer: { _id: 101, lines: [{ sku: 'x' }, { sku: 'y' }] },
  },
  {
    name: 'identifiers alone',
    ask: 'GET person?fields=&order=_id',
    answer: { resource: [1, 2, 3, 4, 5].map((_id) => ({ _id })) },
  },
  { name: 'an order', ask: 'GET person?order=name desc', ids: [4, 2, 1, 3, 5] },
  {
    name: 'an order by a path',
    ask: 'GET person?order=address.city desc,_id&filter=address.city is not null',
    ids: [3, 1, 2],
  },
  { name: 'nulls first', ask: 'GET person?order=score,_id', ids: [3, 5, 2, 4, 1] },
  { name: 'nulls last where asked', ask: 'GET person?order=score asc nulls last,_id', ids: [2, 4, 1, 3, 5] },
  { name: 'an order by a function', ask: 'GET person?order=lower(name)', ids: [5, 1, 2, 3, 4] },
  { name: 'a page', ask: 'GET person?order=_id&limit=2&offset=1', ids: [2, 3] },
  { name: 'a count', ask: 'GET person?count_only=true&filter=age > 30', answer: 2 },
  {
    name: 'a count beside a list',
    ask: 'GET person?include_count=true&limit=1&order=_id&fields=_id',
    answer: { resource: [{ _id: 1 }], meta: { count: 5, next: 1 } },
  },
  ...pages('_id', [1, 2, 3, 4, 5]),
  ...pages('age', [3, 2, 1, 4, 5]),
  ...pages('name desc', [4, 2, 1, 3, 5]),
  ...pages('active', [3, 2, 1, 4, 5]),
  {
    name: 'a group',
    ask: 'GET person?group=active&fields=active,COUNT(*)&order=active',
    answer: (body: Json) => {
      const { resource } = body as { resource: { active: Json }[] }
      assert.deepEqual(
        resource.map((row) => Object.values(row)),
        [
          [null, 1],
          [false, 1],
          [true, 3],
        ],
      )
    },
  },
  {
    name: 'aggregates of a group',
    ask: 'GET person?group=active&fields=active,COUNT(*),COUNT(age),SUM(age),AVG(score),MIN(score),MAX(name)&order=active',
    answer: groups(
      [null, 1, 0, null, null, null, 'Cy'],
      [false, 1, 1, 27, 3, 3, 'bob'],
      [true, 3, 3, 95, 4.375, 4.25, 'dee'],
    ),
  },
  {
    name: 'groups by a path',
    ask: 'GET person?group=address.city&fields=address.city,COUNT(*)&order=address.city desc',
    answer: groups(['rome', 1], ['Rome', 1], ['Oslo', 1], [null, 2]),
  },
  {
    name: 'groups behind a list are none',
    ask: 'GET invoice?group=lines.sku&fields=lines.sku,COUNT(*),SUM(lines.n),COUNT(lines.n)',
    answer: groups([null, 3, null, 0]),
  },
  {
    name: 'which groups',
    ask: 'GET person?group=active&fields=active,COUNT(*)&having=COUNT(*) > 1',
    answer: groups([true, 3]),
  },
  {
    name: 'which groups, by what is not shown',
    ask: 'GET person?group=active&fields=active&having=(SUM(score) < 4) OR (active IS NULL)&order=active',
    answer: groups([null], [false]),
  },
  {
    name: 'groups of what a filter meets',
    ask: 'GET person?group=active&fields=active,COUNT(*)&filter=age > 30',
    answer: groups([true, 2]),
  },
  {
    name: 'a page of groups, with their number',
    ask: 'GET person?group=active&fields=active,COUNT(*)&order=active desc&limit=1&offset=1&having=COUNT(*) < 9&include_count=true',
    answer: (body: Json) => {
      groups([false, 1])(body)
      assert.deepEqual((body as { meta: Json }).meta, { count: 3, next: 2 })
    },
  },
  { name: 'distinct values', ask: 'GET person?distinct=true&fields=active&order=active', count: 5 },
  { name: "filter age LIKE '%3%'", ask: "GET person?filter=age LIKE '%3%'", ids: [], unless: ['patterns'] },
  {
    name: 'a native filter',
    ask: 'GET person',
    query: { filter: '{"age":{"$gt":30}}' },
    ids: [1, 4],
    unless: ['native'],
  },
  {
    name: 'a native filter as an object',
    ask: 'GET person',
    query: { filter: { 'address.city': 'Oslo' } },
    ids: [2],
    unless: ['native'],
  },
  {
    name: 'code in a native filter',
    ask: 'GET person',
    query: { filter: '{"$where":"true"}' },
    unless: ['native'],
    status: 400,
    message: /'\$where' is not allowed/,
  },
  {
    name: 'code deeper in a native filter',
    ask: 'GET person',
    query: { filter: '{"$or":[{"a":1},{"$expr":{"$function":{"body":"true"}}}]}' },
    unless: ['native'],
    status: 400,
    message: /is not allowed in a filter/,
  },
  {
    name: 'a filter that is none',
    ask: 'GET person?filter=hello',
    status: 400,
    message: 'Invalid or unparsable filter request.',
  },
  { name: 'a name that is an operator', ask: 'GET person?filter=$where = 1', status: 400 },
  { name: 'a condition with a function', ask: 'GET person?filter=age > (10 + 20)', ids: [1, 4] },
  { name: 'a collection that is not there', ask: 'GET nothing', status: 404 },
  ...filters
    .filter(([filter]) => !filter.startsWith('lower'))
    .map(([filter, ids]): Case => ({ name: `filter ${filter}`, ask: 'GET person', query: { filter }, ids })),
]

function whole(body: Json): void {
  assert.deepEqual(body, {
    resource: [
      {
        _id: 1,
        name: 'ann',
        age: 34,
        active: true,
        email: 'ann@x.test',
        address: { city: 'Rome', zip: '00100', at: { lat: 41.9 } },
        tags: ['a', 'b'],
        score: 4.5,
      },
    ],
  })
}

/** The first page, whose token the answer must hold; the walk over all pages is a test of the connector's. */
function pages(order: string, ids: readonly number[]): readonly Case[] {
  return [
    {
      name: `a page by cursor in the order of ${order}`,
      ask: `GET person?order=${order}&cursor=*&limit=3`,
      answer: (body: Json) => {
        const { resource, meta } = body as { resource: { _id: Json }[]; meta: { next_cursor: Json } }
        assert.deepEqual(
          resource.map((row) => row._id),
          ids.slice(0, 3),
        )
        assert.equal(typeof meta.next_cursor, 'string')
      },
    },
  ]
}
