/** Values in and out without loss (data-plane 9), views, and records whose values are awkward. */
import { Decimal, type Json } from 'dataferry/sdk'
import type { ColumnDefinition } from '../../plan/schema.ts'
import { library } from '../library.ts'
import type { Case, Group, Lax, SeedTable } from '../types.ts'

const columns: readonly ColumnDefinition[] = [
  { name: 'integer', type: 'integer' },
  { name: 'bigint', type: 'bigint' },
  { name: 'boolean', type: 'boolean' },
  { name: 'decimal', type: 'decimal', precision: 30, scale: 6 },
  { name: 'float', type: 'float' },
  { name: 'double', type: 'double' },
  { name: 'string', type: 'string', length: 200 },
  { name: 'text', type: 'text' },
  { name: 'date', type: 'date' },
  { name: 'time', type: 'time' },
  { name: 'datetime', type: 'datetime' },
  { name: 'binary', type: 'binary' },
  { name: 'json', type: 'json' },
]

const kinds: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'kinds',
    columns: [{ name: 'id', type: 'id' }, ...columns.map((column) => ({ ...column, allowNull: true }))],
  },
  rows: [{ id: 1001 }],
}

/** What is sent, and what comes back where that differs. */
type Value = readonly [column: string, sent: Json, read?: Json, unless?: readonly Lax[]]

const long = 'ü'.repeat(200)
const big = 'line\n'.repeat(12_000)

const values: readonly Value[] = [
  ['integer', 0],
  ['integer', 2147483647],
  ['integer', -2147483648],
  ['integer', '12', 12],
  ['integer', ' 12 ', 12],
  ['integer', '1e3', 1000],
  ['integer', 5.0, 5],
  ['bigint', 9223372036854775807n],
  ['bigint', -9223372036854775808n],
  ['bigint', 9007199254740993n],
  ['bigint', '9007199254740993', 9007199254740993n],
  ['bigint', 1],
  ['boolean', true],
  ['boolean', false],
  ['boolean', 1, true],
  ['boolean', 0, false],
  ['boolean', 'yes', true],
  ['boolean', 'off', false],
  ['decimal', 10.5],
  ['decimal', 0],
  ['decimal', -0.000001],
  ['decimal', '10.50', 10.5],
  ['decimal', 12345.678901],
  [
    'decimal',
    new Decimal('123456789012345678901234.123456'),
    new Decimal('123456789012345678901234.123456'),
    ['decimals'],
  ],
  ['decimal', '-99999999999999999999.000001', new Decimal('-99999999999999999999.000001'), ['decimals']],
  ['float', 1.5],
  ['float', 0],
  ['float', -2.25],
  ['float', 0.1, 0.1],
  ['double', 0.1],
  ['double', 1e300],
  ['double', -1.7976931348623157e308],
  ['double', 5e-324],
  ['double', 123456789.12345679],
  ['double', 10],
  ['string', ''],
  ['string', 'it\'s "quoted" \\ `back` %_ {}'],
  ['string', 'größe 名前 😀 \u0301'],
  ['string', ' blanks around '],
  ['string', 'tab\tline\nreturn\r'],
  ['string', 'null'],
  ['string', '0x41'],
  ['string', long],
  ['string', 12, '12'],
  ['string', true, '1'],
  ['string', "'; drop table kinds; --"],
  ['text', ''],
  ['text', big],
  ['text', '<a href="x">&amp;</a>, "csv"; ,'],
  ['date', '2024-02-29'],
  ['date', '0001-01-01'],
  ['date', '9999-12-31'],
  ['time', '00:00:00'],
  ['time', '23:59:59'],
  ['datetime', '2024-01-02 03:04:05'],
  ['datetime', '1970-01-01 00:00:00'],
  ['datetime', '9999-12-31 23:59:59'],
  ['binary', 'AAEC/f7/'],
  ['binary', 'AAEC/f4', 'AAEC/f4='],
  ['binary', Buffer.from('text').toString('base64')],
  ['json', '{"a": [1, 2, {"b": null}], "c": "ü"}'],
  ['json', '[]'],
  ...columns.map(({ name }): Value => [name, null]),
]

const shown = (value: Json): string =>
  (JSON.stringify(value instanceof Decimal || typeof value === 'bigint' ? String(value) : value) ?? '').slice(0, 40)

const roundTrips: readonly Case[] = values.flatMap(([column, sent, read = sent, unless]): readonly Case[] => {
  const more = { needs: ['write'] as const, ...(unless && { unless }) }
  return [
    {
      ...more,
      name: `${column} ${shown(sent)}: created`,
      ask: `POST kinds?fields=${column}`,
      body: { resource: [{ [column]: sent }] },
      status: 201,
      answer: { resource: [{ [column]: read }] },
    },
    {
      ...more,
      name: `${column} ${shown(sent)}: updated and read`,
      ask: `PATCH kinds/1001?fields=${column}`,
      body: { [column]: sent },
      answer: { [column]: read },
      after: [
        { ask: `GET kinds/1001?fields=${column}`, answer: { [column]: read } },
        { ask: `GET kinds?fields=${column},id`, answer: { resource: [{ [column]: read, id: 1001 }] } },
      ],
    },
  ]
})

/** One row with a value of every type. */
const whole: SeedTable = {
  plan: { ...kinds.plan, name: 'whole' },
  rows: [
    { id: 1001 },
    {
      id: 1002,
      ...Object.fromEntries(
        values.filter(([, sent, , unless]) => sent !== null && !unless).map(([column, sent]) => [column, sent]),
      ),
    },
  ],
}
const formats: readonly Case[] = [
  { name: 'every type', ask: 'GET whole?order=id', ids: [1001, 1002] },
  { name: 'every type, alone', ask: 'GET whole/1002?fields=id', answer: { id: 1002 } },
  ...columns.map(({ name }): Case => ({ name, ask: `GET whole?fields=id,${name}&order=id`, ids: [1001, 1002] })),
]

/** Found again by the value that was stored. */
const found: readonly Case[] = values
  .filter(
    ([column, sent]) =>
      sent !== null &&
      !['binary', 'json', 'float'].includes(column) &&
      String(sent).length < 1000 &&
      typeof sent !== 'object',
  )
  .map(
    ([column, sent, , unless]): Case => ({
      needs: ['write'],
      ...(unless && { unless }),
      name: `${column} ${shown(sent)}: found`,
      ask: 'PATCH kinds/1001',
      body: { [column]: sent },
      after: [{ ask: 'GET kinds', query: { filter: `${column} = :v`, params: { ':v': sent } }, ids: [1001] }],
    }),
  )

const json: readonly Case[] = [
  {
    name: 'an object is stored as JSON',
    ask: 'PATCH kinds/1001?fields=json',
    body: { json: { a: [1, 'ü', null], b: true } },
    answer: (body) => sameJson(body, { a: [1, 'ü', null], b: true }),
  },
  {
    name: 'a list is stored as JSON',
    ask: 'PATCH kinds/1001?fields=json',
    body: { json: [1, 2] },
    answer: (body) => sameJson(body, [1, 2]),
  },
  {
    name: 'binary that is no base64 is 400',
    ask: 'PATCH kinds/1001',
    body: { binary: 'http://x.test/a' },
    status: 400,
    message: /'binary'/,
  },
  {
    name: 'an object for an integer is 400',
    ask: 'PATCH kinds/1001',
    body: { integer: { a: 1 } },
    status: 400,
    message: /'integer'/,
  },
  {
    name: 'a list for a text of limited length is 400',
    ask: 'PATCH kinds/1001',
    body: { string: ['a'] },
    status: 400,
    message: /'string'/,
  },
  {
    name: 'true for an integer is 400',
    ask: 'PATCH kinds/1001',
    body: { integer: true },
    status: 400,
    message: "Field 'integer' must be a valid integer.",
  },
]

function sameJson(body: Json, expected: Json): void {
  const { json } = body as { readonly json: string }
  if (typeof json !== 'string' || JSON.stringify(JSON.parse(json)) !== JSON.stringify(expected))
    throw new Error(`read as ${String(json)}`)
}

const simple: readonly Case[] = [
  {
    name: 'fields have their simple types',
    ask: 'GET _schema/author',
    answer: (body) => types(body, 'id:id name:string email:string born:date active:boolean rating:decimal'),
  },
  {
    name: 'references are told',
    ask: 'GET _schema/book_tag',
    answer: (body) => types(body, 'book_id:reference tag_id:reference note:string'),
  },
  {
    name: 'a key that is no number',
    ask: 'GET _schema/area',
    answer: (body) => types(body, 'region:string no:integer title:string'),
  },
]

function types(body: unknown, expected: string): void {
  const { field } = body as { readonly field: readonly { readonly name: string; readonly type: string }[] }
  const found = field.map(({ name, type }) => `${name}:${type}`).join(' ')
  if (found !== expected) throw new Error(`described as ${found}`)
}

const views: readonly string[] = [
  'create view good_author as select id, name, rating from author where rating >= 4',
  'create view shelf as select book.id as book_id, title, name as author_name, price from book join author on author.id = book.author_id',
  'create view totals as select author_id, count(*) as books, sum(pages) as pages from book group by author_id',
]
const viewed: readonly Case[] = [
  {
    name: 'is read',
    ask: 'GET good_author?order=id',
    answer: {
      resource: [
        { id: 1001, name: 'ann', rating: 4.5 },
        { id: 1004, name: 'dee', rating: 4.25 },
      ],
    },
  },
  {
    name: 'is filtered, ordered and paged',
    ask: 'GET shelf?filter=price > 6&order=price desc&limit=2&fields=title,author_name',
    answer: {
      resource: [
        { title: 'epsilon', author_name: 'dee' },
        { title: 'beta', author_name: 'ann' },
      ],
    },
  },
  { name: 'is counted', ask: 'GET shelf?count_only=true', answer: 5 },
  {
    name: 'of groups',
    ask: 'GET totals?filter=author_id = 1001',
    answer: { resource: [{ author_id: 1001, books: 3, pages: 350 }] },
  },
  {
    name: 'of groups is filtered by what was computed',
    ask: 'GET totals?filter=books = 3',
    field: 'author_id',
    ids: [1001],
  },
  {
    name: 'is read by a field that identifies',
    ask: 'GET good_author/1004?id_field=id&fields=name',
    answer: { name: 'dee' },
  },
  {
    name: 'has no relations',
    ask: 'GET good_author?related=*&limit=1&order=id&fields=id',
    answer: { resource: [{ id: 1001 }] },
  },
  {
    name: 'is listed as one',
    ask: 'GET _table?fields=name,is_view&ids=good_author,author',
    answer: {
      resource: [
        { name: 'author', is_view: false },
        { name: 'good_author', is_view: true },
      ],
    },
  },
  {
    name: 'is under the role',
    ask: 'GET good_author?order=id',
    as: { good_author: { filters: [{ name: 'name', operator: '=', value: 'dee' }], hidden: ['rating'] } },
    answer: { resource: [{ id: 1004, name: 'dee' }] },
  },
  {
    name: 'that can not be written is a 400',
    ask: 'PATCH totals?filter=author_id = 1001',
    body: { resource: [{ books: 1 }] },
    needs: ['write'],
    status: 400,
  },
  {
    name: 'that can not be deleted from is a 400',
    ask: 'DELETE totals?filter=author_id = 1001',
    needs: ['write'],
    status: 400,
    after: [{ ask: 'GET book?count_only=true', answer: 6 }],
  },
]

export const typeGroups: readonly Group[] = [
  { name: 'types: described', tables: library, cases: simple },
  { name: 'types: in and out', tables: [kinds], cases: roundTrips },
  { name: 'types: in every format', formats: true, tables: [whole], cases: formats },
  { name: 'types: found again', tables: [kinds], cases: found },
  { name: 'types: JSON and refusals', tables: [kinds], cases: json.map((each) => ({ needs: ['write'], ...each })) },
  { name: 'views', formats: true, tables: library, views, cases: viewed },
]
