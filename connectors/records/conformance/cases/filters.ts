/** The filter language (data-plane 4), against rows: each filter gives the ids that it means, as list, as count and negated. */

import type { Json } from 'dataferry/sdk'
import { library } from '../library.ts'
import type { Case, Group, SeedTable } from '../types.ts'

/** Every type that filters compare, with nulls; texts are in lower case, since collations differ. */
const probe: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'probe',
    columns: [
      { name: 'id', type: 'id' },
      { name: 'name', type: 'string', length: 40, allowNull: true },
      { name: 'a', type: 'integer', allowNull: true },
      { name: 'b', type: 'integer', allowNull: true },
      { name: 'big', type: 'bigint', allowNull: true },
      { name: 'ok', type: 'boolean', allowNull: true },
      { name: 'price', type: 'decimal', precision: 12, scale: 3, allowNull: true },
      { name: 'f', type: 'double', allowNull: true },
      { name: 'd', type: 'date', allowNull: true },
      { name: 'ts', type: 'datetime', allowNull: true },
      { name: 'note', type: 'text', allowNull: true },
    ],
  },
  rows: [
    row(1, 'bob', 1, 2, '9223372036854775807', true, 1.5, 0.5, '2024-01-02', '2024-01-02 03:04:05', 'n'),
    row(2, 'ann b', 2, 2, '9223372036854775806', false, 10, 1e10, '2024-02-29', '2024-02-29 00:00:00', ''),
    row(3, "o'brien", 3, null, '-9223372036854775808', null, -0.001, -2.25, '1999-12-31', '1999-12-31 23:59:59', null),
    row(4, 'x=y', null, 4, '9007199254740993', true, null, null, null, null, 'a) and (b'),
    row(5, '100%', 5, 5, '0', false, 123456789.123, 0.1, '2024-12-31', '2024-12-31 12:00:00', '{nobody}'),
    row(6, null, -6, 0, null, true, 0, 0, '2025-06-01', '2025-06-01 06:00:00', 'a, b'),
    row(7, '', 7, 1, '42', null, 7, 7, '2026-07-07', '2026-07-07 07:07:07', 'a_b'),
    row(8, 'größe 😀', 8, 8, '8', false, 8.125, 8.5, '0099-01-01', null, 'null'),
  ],
}

function row(
  id: number,
  name: string | null,
  a: number | null,
  b: number | null,
  big: string | null,
  ok: boolean | null,
  price: number | null,
  f: number | null,
  ...rest: readonly (string | null)[]
) {
  const [d = null, ts = null, note = null] = rest
  return { id, name, a, b, big: big === null ? null : BigInt(big), ok, price, f, d, ts, note }
}

type Params = { readonly [name: string]: Json }
type Vector = readonly [filter: string, ids: readonly number[], params?: Params]

/** As a list and as a count. */
const cases = (vectors: readonly Vector[]): readonly Case[] =>
  vectors.flatMap(([filter, ids, params]): Case[] => {
    const query = { filter, ...(params && { params }) }
    return [
      { name: filter, ask: 'GET probe?order=id&fields=id', query, ids },
      { name: `${filter}: counted`, ask: 'GET probe?count_only=true', query, answer: ids.length },
    ]
  })

const comparisons: readonly Vector[] = [
  ['id = 1', [1]],
  ['id=1', [1]],
  ['((id=1))', [1]],
  ['ID EQ 1', [1]],
  ['a != 1', [2, 3, 5, 6, 7, 8]],
  ['a <> 1', [2, 3, 5, 6, 7, 8]],
  ['a ne 1', [2, 3, 5, 6, 7, 8]],
  ['a > 5', [7, 8]],
  ['a gte 5', [5, 7, 8]],
  ['a < 1', [6]],
  ['a lte 1', [1, 6]],
  ['a >= 1e0', [1, 2, 3, 5, 7, 8]],
  ['a = +3', [3]],
  ['a > 1.5', [2, 3, 5, 7, 8]],
  ['a <= 1.5', [1, 6]],
  ['a = 99999999999999999999', []],
  ['a < 99999999999999999999', [1, 2, 3, 5, 6, 7, 8]],
  ['a > -99999999999999999999', [1, 2, 3, 5, 6, 7, 8]],
  ['a = 3000000000', []],
  ['a < 3000000000', [1, 2, 3, 5, 6, 7, 8]],
  ['big = 9223372036854775807', [1]],
  ['big < 9223372036854775807', [2, 3, 4, 5, 7, 8]],
  ['big = 9007199254740993', [4]],
  ['big = 9007199254740992', []],
  ['big in (9223372036854775806, -9223372036854775808)', [2, 3]],
  ['big > 9223372036854775806', [1]],
  ['price = 1.5', [1]],
  ["price = '1.500'", [1]],
  ['price < 0', [3]],
  ['price = 123456789.123', [5]],
  ['price > 8.124', [2, 5, 8]],
  ['price in (10, 0, 8.125)', [2, 6, 8]],
  ['f = 0.5', [1]],
  ['f = 0.1', [5]],
  ['f > 1e9', [2]],
  ['f <= -2.25', [3]],
  ['ok = true', [1, 4, 6]],
  ['ok = 1', [1, 4, 6]],
  ['ok = yes', [1, 4, 6]],
  ['ok = false', [2, 5, 8]],
  ['ok != true', [2, 5, 8]],
  ['ok in (true,false)', [1, 2, 4, 5, 6, 8]],
]

const texts: readonly Vector[] = [
  ["name = 'bob'", [1]],
  ['name = "bob"', [1]],
  ['name = bob', [1]],
  ['name = ann b', [2]],
  ["name = 'o'brien'", [3]],
  ["name = 'o''brien'", [3]],
  ["name = 'x=y'", [4]],
  ["note = 'a) and (b'", [4]],
  ["note = 'a, b'", [6]],
  ["note in ('a, b', 'n')", [1, 6]],
  ["name = ''", [7]],
  ["name != ''", [1, 2, 3, 4, 5, 8]],
  ["name = 'größe 😀'", [8]],
  ["note = 'null'", [8]],
  ['note = null', [8]],
  ['a = null', [4]],
  ['note = {nobody}', [5]],
  ["name in ('bob','x=y')", [1, 4]],
  ['name not in (bob)', [2, 3, 4, 5, 7, 8]],
  ["name > 'b' and name < 'c'", [1]],
]

const patterns: readonly Vector[] = [
  ["name like 'b%'", [1]],
  ['name LIKE b%', [1]],
  ["name not like '%b%'", [4, 5, 7, 8]],
  ["name like '_ob'", [1]],
  ["name like '%'", [1, 2, 3, 4, 5, 7, 8]],
  ['name contains nn', [2]],
  ["name contains 'o'", [1, 3]],
  ['name starts with o', [3]],
  ["name ends with 'b'", [1, 2]],
  ['name not contains b', [4, 5, 7, 8]],
  ["name contains ':x'", [], { ':x': 'ob' }],
  ['name contains :x', [1], { ':x': 'ob' }],
  ["name like '%😀'", [8]],
  ["name like 'gr_ße%'", [8]],
  ["name ilike 'BOB'", [1]],
]

const slashes: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'slashes',
    columns: [
      { name: 'id', type: 'id' },
      { name: 's', type: 'string', length: 40, allowNull: true },
      { name: 'like_s', type: 'string', length: 40, allowNull: true },
    ],
  },
  rows: ['a%b', 'a_b', 'axb', 'a\\b', 'a\\', 'a\\%', null].map((s, i) => ({ id: i + 1, s, like_s: 'a\\_b' })),
}

/** A backslash takes the meaning from what stands behind it, on every database; one that stands at the end is itself. */
const escapes: readonly Vector[] = [
  ["s like 'a%b'", [1, 2, 3, 4]],
  ["s like 'a\\%b'", [1]],
  ["s like 'a\\_b'", [2]],
  ["s like 'a\\xb'", [3]],
  ["s like 'a\\\\b'", [4]],
  ["s like 'a\\'", [5]],
  ["s like 'a\\\\'", [5]],
  ["s ilike 'A\\%B'", [1]],
  ["s not like 'a\\_b'", [1, 3, 4, 5, 6]],
  ["s contains '\\%'", [1, 6]],
  ["s contains '\\'", [4, 5, 6]],
  ["s starts with 'a\\'", [4, 5, 6]],
  ["s ends with '\\'", [5]],
  ["s ends with '\\_b'", [2]],
  ['s like :p', [2], { ':p': 'a\\_b' }],
  ['s like (like_s)', [2]],
]

const dates: readonly Vector[] = [
  ["d = '2024-02-29'", [2]],
  ['d >= 2024-12-31', [5, 6, 7]],
  ["d < '2000-01-01'", [3, 8]],
  ["d between '2024-01-01' and '2024-12-31'", [1, 2, 5]],
  ["ts > '2024-12-31 11:59:59'", [5, 6, 7]],
  ["ts = '2024-01-02 03:04:05'", [1]],
  ["d in ('2024-01-02','2026-07-07')", [1, 7]],
  ['d < (now())', [1, 2, 3, 5, 6, 7, 8]],
]

const logic: readonly Vector[] = [
  ['(a = 1) AND (b = 2)', [1]],
  ['(a = 1)AND(b = 2)', [1]],
  ['(a = 1)  and  (b = 2)', [1]],
  ['a = 1 and b = 2', [1]],
  ['(a = 1) && (b = 2)', [1]],
  ['(a = 1) || (a = 2)', [1, 2]],
  ['(a = 1) OR (b = 2) AND (a = 2)', [1, 2]],
  ['((a = 1) OR (b = 2)) AND (a = 2)', [2]],
  ['(a = 1) XOR (b = 2)', [2]],
  ['NOT (a = 1)', [2, 3, 5, 6, 7, 8]],
  ['NOT (a = 1) AND (b = 2)', [2]],
  ['(a = 1) AND NOT (b = 3)', [1]],
  ['not name is null', [1, 2, 3, 4, 5, 7, 8]],
  ['not a in (1,2)', [3, 5, 6, 7, 8]],
  ['a IN (1, 2 ,3)', [1, 2, 3]],
  ['a in(1,2)', [1, 2]],
  ['a NOT IN (1,2,3)', [5, 6, 7, 8]],
  ['a between 2 and 5', [2, 3, 5]],
  ['a not between 2 and 5', [1, 6, 7, 8]],
  ['name IS NULL', [6]],
  ['name is not null', [1, 2, 3, 4, 5, 7, 8]],
  ['(\ta = 1\n) or (a = 2)', [1, 2]],
]

/** Unknown is neither true nor false, at any depth. */
const threeValued: readonly Vector[] = [
  ['b = 2 or a = 3', [1, 2, 3]],
  ['not (b = 2 or a = 3)', [5, 6, 7, 8]],
  ['not (b = 2 and a = 3)', [1, 2, 4, 5, 6, 7, 8]],
  ['not (not (b = 2))', [1, 2]],
  ['(b = 2) xor (a = 1)', [2]],
  ['not ((b = 2) xor (a = 1))', [1, 5, 6, 7, 8]],
  ['ok = true or ok = false', [1, 2, 4, 5, 6, 8]],
  ['not ok = true', [2, 5, 8]],
  ['not (name like "b%")', [2, 3, 4, 5, 7, 8]],
  ['not (a between 2 and 5)', [1, 6, 7, 8]],
  ['not (b is null) and not (b = 2)', [4, 5, 6, 7, 8]],
]

const expressions: readonly Vector[] = [
  ['a = (b)', [2, 5, 8]],
  ['a > (b)', [7]],
  ['(a = (b + 1)) OR (a = (b - 1))', [1]],
  ['a = (b * 2 - 2)', [2]],
  ['a > (floor(b / 2))', [2, 5, 7, 8]],
  ["name = (lower('BOB'))", [1]],
  ['a = (length(name))', []],
  ['a = (abs(-7))', [7]],
  ['a = (coalesce(b, 3))', [2, 3, 5, 8]],
  ['a = (8 % 5)', [3]],
]

const params: readonly Vector[] = [
  ['a = :x', [1], { ':x': 1 }],
  ['name = :x', [3], { ':x': "o'brien" }],
  ['name = :x', [], { ':x': "'bob'" }],
  ['name = :x', [], { ':x': '(lower(name))' }],
  ['name = :x', [], { ':x': 'x) or (1 = 1' }],
  ['a in (:x, :y)', [1, 2], { ':x': 1, ':y': '2' }],
  ['a = :x', [], { ':x': null }],
  ['ok = :x', [1, 4, 6], { ':x': true }],
  ['big = :x', [4], { ':x': 9007199254740993n }],
]

const injected = [
  "'; drop table probe; --",
  "' or '1'='1",
  '") or ("1"="1',
  '\\',
  "\\'",
  '/*',
  '--',
  ';',
  '#{a}',
  '%s',
  '?',
  '$1',
  ':a',
  '@a',
  '`',
]

const refused: readonly Case[] = [
  ...[
    'a',
    'a = 1.5',
    'a != 1.5',
    'name isnull x',
    '= 5',
    'bogus = 1',
    'lower(name) = 1',
    'a = x',
    'a in ()',
    'a in 1,2',
    '(a = 1',
    'a = 1)',
    '((a = 1) AND (b = 2)',
    'a = (select 1)',
    'a = (pg_sleep(1))',
    'a = (sqlite_version())',
    'a = (version())',
    'a ! = 1',
    'price = abc',
    'ok = banana',
    'a = (b',
    '1 = 1',
    'probe.a = 1',
  ].map(
    (filter): Case => ({
      name: filter,
      ask: 'GET probe',
      query: { filter },
      status: 400,
    }),
  ),
  {
    name: 'a text for an integer',
    ask: 'GET probe?filter=a = x',
    status: 400,
    message: "Field 'a' must be a valid integer.",
  },
  {
    name: 'an unknown field',
    ask: 'GET probe?filter=bogus = 1',
    status: 400,
    message: "Invalid or unparsable field in filter request: 'bogus'",
  },
  {
    name: 'a list without parentheses',
    ask: 'GET probe?filter=a in 1,2',
    status: 400,
    message: 'Filter value lists must be wrapped in parentheses.',
  },
  { name: 'no operator', ask: 'GET probe?filter=a', status: 400, message: 'Invalid or unparsable filter request.' },
  {
    name: 'an object as filter',
    ask: 'GET probe',
    query: { filter: { id: 5 } },
    status: 400,
    message: 'Invalid or unparsable filter request.',
  },
  {
    name: 'a list as parameter',
    ask: 'GET probe',
    query: { filter: 'name = :x', params: { ':x': ['a'] } },
    status: 400,
  },
  {
    name: 'an object as filter deletes nothing',
    ask: 'DELETE probe',
    query: { filter: ['id > 0'] },
    status: 400,
    after: [{ ask: 'GET probe?count_only=true', answer: 8 }],
  },
]

export const filters: readonly Group[] = [
  { name: 'filters: comparisons', tables: [probe], cases: cases(comparisons) },
  { name: 'filters: texts', tables: [probe], cases: cases(texts) },
  { name: 'filters: patterns', tables: [probe], cases: cases(patterns) },
  { name: 'filters: dates', tables: [probe], cases: cases(dates) },
  { name: 'filters: logic', tables: [probe], cases: cases(logic) },
  { name: 'filters: what is unknown', tables: [probe], cases: cases(threeValued) },
  { name: 'filters: expressions', tables: [probe], cases: cases(expressions) },
  {
    name: 'filters: parameters and lookups',
    tables: [probe],
    cases: [
      ...cases(params),
      { name: 'a lookup is a value', ask: 'GET author?filter=name = {user.name}', ids: [] },
      { name: 'a lookup of a number', ask: 'GET probe?filter=a = {user.id}', ids: [7] },
    ],
  },
  {
    name: 'filters: values that look like SQL',
    tables: [probe],
    cases: injected.map((value) => ({
      name: value,
      ask: 'GET probe?order=id',
      query: { filter: 'name = :v or note = :v', params: { ':v': value } },
      ids: [],
    })),
  },
  {
    name: 'filters: backslashes in patterns',
    tables: [slashes],
    cases: cases(escapes).map((each) => ({ ...each, ask: each.ask.replace('probe', 'slashes') })),
  },
  { name: 'filters: refused', tables: [probe], cases: refused },
].map((group) => ({
  ...group,
  tables: group.cases.some(({ ask }) => ask.startsWith('GET author')) ? [...library, ...group.tables] : group.tables,
}))
