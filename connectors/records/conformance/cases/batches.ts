/** Batch modes for every verb (data-plane 2.12, 3.9), and what databases refuse (2.11): always words, never SQL, nothing half-written. */
import { library } from '../library.ts'
import type { Case, Group } from '../types.ts'

type Entry = { readonly [name: string]: string | number | null }

const failed = (verb: string, undone = false): string =>
  `Batch Error: Not all requested records could be ${verb}.${undone ? ' All changes rolled back.' : ''}`

const missing = (id: string): Entry => ({
  code: 404,
  context: null,
  message: `Record with identifier '${id}' not found.`,
  status_code: 404,
})
const refused = (message: string): Entry => ({ code: 400, context: null, message, status_code: 400 })
const duplicate = refused("Duplicate value for field 'label'.")

const batch = (message: string, error: readonly number[], resource: readonly Entry[]) => ({
  error: { code: 1000, context: { error, resource }, message, status_code: 400 },
})

const labels = [
  { id: 3901, label: 'a' },
  { id: 3902, label: 'old' },
  { id: 3903, label: 'c' },
]
const renamed = [
  { id: 3001, label: 'a' },
  { id: 9, label: 'b' },
  { id: 3003, label: 'c' },
]
const seen = (ids: readonly number[]) => ({ ask: 'GET tag?order=id', ids })
const labelled = (values: readonly string[]) => ({ ask: 'GET tag?order=id', field: 'label', ids: values })
const tx = { needs: ['write', 'transactions'] } as const
const write = { needs: ['write'] } as const

const modes: readonly Case[] = [
  {
    ...write,
    name: 'POST halts',
    ask: 'POST tag',
    body: { resource: labels },
    status: 400,
    answer: batch(failed('created'), [1], [{ id: 3901 }, duplicate]),
    after: [seen([3001, 3002, 3003, 3901])],
  },
  {
    ...write,
    name: 'POST continues',
    ask: 'POST tag?continue=true',
    body: { resource: labels },
    status: 400,
    answer: batch(failed('created'), [1], [{ id: 3901 }, duplicate, { id: 3903 }]),
    after: [seen([3001, 3002, 3003, 3901, 3903])],
  },
  {
    ...tx,
    name: 'POST rolls back',
    ask: 'POST tag?rollback=true',
    body: { resource: labels },
    status: 400,
    answer: batch(failed('created', true), [1], [{ id: 3901 }, duplicate]),
    after: [seen([3001, 3002, 3003])],
  },
  {
    ...write,
    name: 'POST shows keys of what was written, whatever the fields',
    ask: 'POST tag?continue=true&fields=*',
    body: { resource: labels },
    status: 400,
    answer: batch(failed('created'), [1], [{ id: 3901 }, duplicate, { id: 3903 }]),
  },
  {
    ...write,
    name: 'POST of one record is a batch too',
    ask: 'POST tag',
    body: { resource: [{ label: 'old' }] },
    status: 400,
    answer: batch(failed('created'), [0], [duplicate]),
  },
  {
    ...write,
    name: 'POST with continue reaches every fault',
    ask: 'POST author?continue=true',
    body: {
      resource: [
        { name: null },
        { id: 1901, name: 'x' },
        { id: 1902, name: 'y', email: 'ann@x.test' },
        { id: 1903 },
        { id: 1904, name: 'z' },
      ],
    },
    status: 400,
    answer: batch(
      failed('created'),
      [0, 2, 3],
      [
        refused("Field 'name' can not be NULL."),
        { id: 1901 },
        refused("Duplicate value for field 'email'."),
        refused("Required field 'name' can not be NULL."),
        { id: 1904 },
      ],
    ),
  },
  {
    ...tx,
    name: 'POST rolls back for a fault that no database sees',
    ask: 'POST author?rollback=true',
    body: { resource: [{ id: 1901, name: 'x' }, { name: null }] },
    status: 400,
    after: [{ ask: 'GET author?count_only=true', answer: 4 }],
  },
  {
    ...write,
    name: 'a duplicate within the request',
    ask: 'POST tag?continue=true',
    body: {
      resource: [
        { id: 3901, label: 'a' },
        { id: 3902, label: 'a' },
        { id: 3903, label: 'b' },
      ],
    },
    status: 400,
    answer: batch(failed('created'), [1], [{ id: 3901 }, duplicate, { id: 3903 }]),
  },
  ...['PATCH', 'PUT'].flatMap((verb): readonly Case[] => [
    {
      ...write,
      name: `${verb} by records halts`,
      ask: `${verb} tag`,
      body: { resource: renamed },
      status: 400,
      answer: batch(failed('updated'), [1], [{ id: 3001 }, missing('9')]),
      after: [labelled(['a', 'new', 'rare'])],
    },
    {
      ...write,
      name: `${verb} by records continues`,
      ask: `${verb} tag?continue=true`,
      body: { resource: renamed },
      status: 400,
      answer: batch(failed('updated'), [1], [{ id: 3001 }, missing('9'), { id: 3003 }]),
      after: [labelled(['a', 'new', 'c'])],
    },
    {
      ...tx,
      name: `${verb} by records rolls back`,
      ask: `${verb} tag?rollback=true`,
      body: { resource: renamed },
      status: 400,
      answer: batch(failed('updated', true), [1], [{ id: 3001 }, missing('9')]),
      after: [labelled(['old', 'new', 'rare'])],
    },
    {
      ...write,
      name: `${verb} by records halts at a constraint`,
      ask: `${verb} tag`,
      body: {
        resource: [
          { id: 3001, label: 'a' },
          { id: 3002, label: 'rare' },
          { id: 3003, label: 'c' },
        ],
      },
      status: 400,
      answer: batch(failed('updated'), [1], [{ id: 3001 }, duplicate]),
      after: [labelled(['a', 'new', 'rare'])],
    },
    {
      ...write,
      name: `${verb} by ids halts`,
      ask: `${verb} author?ids=1001,9,1002`,
      body: { resource: [{ rating: 1 }] },
      status: 400,
      answer: batch(failed('updated'), [1], [{ id: 1001 }, missing('9')]),
      after: [{ ask: 'GET author?filter=rating = 1', ids: [1001] }],
    },
    {
      ...write,
      name: `${verb} by ids continues`,
      ask: `${verb} author?ids=1001,9,1002&continue=true`,
      body: { resource: [{ rating: 1 }] },
      status: 400,
      answer: batch(failed('updated'), [1], [{ id: 1001 }, missing('9'), { id: 1002 }]),
      after: [{ ask: 'GET author?filter=rating = 1', ids: [1001, 1002] }],
    },
    {
      ...tx,
      name: `${verb} by ids rolls back`,
      ask: `${verb} author?ids=1001,9,1002&rollback=true`,
      body: { resource: [{ rating: 1 }] },
      status: 400,
      answer: batch(failed('updated', true), [1], [{ id: 1001 }, missing('9')]),
      after: [{ ask: 'GET author?filter=rating = 1', ids: [] }],
    },
    {
      ...write,
      name: `${verb} by filter is whole or nothing`,
      ask: `${verb} tag?filter=id > 0`,
      body: { resource: [{ label: 'same' }] },
      status: 400,
      message: /Duplicate value/,
      after: [labelled(['old', 'new', 'rare'])],
    },
  ]),
  {
    ...write,
    name: 'DELETE by ids halts',
    ask: 'DELETE tag?ids=3001,9,3003',
    status: 400,
    answer: batch(failed('deleted'), [1], [{ id: 3001 }, missing('9')]),
    after: [seen([3002, 3003])],
  },
  {
    ...write,
    name: 'DELETE by ids continues',
    ask: 'DELETE tag?ids=3001,9,3003&continue=true',
    status: 400,
    answer: batch(failed('deleted'), [1], [{ id: 3001 }, missing('9'), { id: 3003 }]),
    after: [seen([3002])],
  },
  {
    ...tx,
    name: 'DELETE by ids rolls back',
    ask: 'DELETE tag?ids=3001,9,3003&rollback=true',
    status: 400,
    answer: batch(failed('deleted', true), [1], [{ id: 3001 }, missing('9')]),
    after: [seen([3001, 3002, 3003])],
  },
  {
    ...write,
    name: 'DELETE shows the fields of what was deleted',
    ask: 'DELETE tag?ids=3001,9&fields=label',
    status: 400,
    answer: batch(failed('deleted'), [1], [{ label: 'old' }, missing('9')]),
  },
  {
    ...write,
    name: 'DELETE by records continues',
    ask: 'DELETE tag?continue=true',
    body: { resource: [{ id: 9 }, { id: 3001 }] },
    status: 400,
    answer: batch(failed('deleted'), [0], [missing('9'), { id: 3001 }]),
    after: [seen([3002, 3003])],
  },
  {
    ...write,
    name: 'DELETE halts at what others refer to',
    ask: 'DELETE author?ids=1003,1001',
    status: 400,
    message: /refer/,
    after: [{ ask: 'GET author', ids: [1001, 1002, 1004] }],
  },
  {
    ...tx,
    name: 'DELETE rolls back at what others refer to',
    ask: 'DELETE author?ids=1003,1001&rollback=true',
    status: 400,
    message: /refer/,
    after: [{ ask: 'GET author?count_only=true', answer: 4 }],
  },
  ...['POST', 'PATCH', 'PUT', 'DELETE'].map(
    (verb): Case => ({
      ...write,
      name: `${verb} with both modes`,
      ask: `${verb} tag?continue=true&rollback=true`,
      body: { resource: [{ id: 3001, label: 'x' }] },
      status: 400,
      message: 'Rollback and continue operations can not be requested at the same time.',
      after: [labelled(['old', 'new', 'rare'])],
    }),
  ),
  {
    ...tx,
    name: 'a batch that succeeds keeps what it wrote',
    ask: 'POST tag?rollback=true',
    body: {
      resource: [
        { id: 3901, label: 'a' },
        { id: 3902, label: 'b' },
      ],
    },
    status: 201,
    after: [seen([3001, 3002, 3003, 3901, 3902])],
  },
]

/** One faulty value, by create, by update, and by update of a filter. */
const faults: readonly (readonly [
  name: string,
  table: string,
  id: string,
  record: Entry,
  message: RegExp,
  unless?: Case['unless'],
])[] = [
  ['a duplicate', 'author', '1002', { email: 'ann@x.test' }, /Duplicate value for field 'email'\./],
  ['a reference to nothing', 'book', '2001', { author_id: 99999 }, /refer/],
  [
    'a text that is too long',
    'author',
    '1002',
    { name: 'x'.repeat(41) },
    /(Field 'name'|A value) is too long/,
    ['length'],
  ],
  ['an integer out of range', 'book', '2001', { pages: 3000000000 }, /out of range|out of the range/, ['range']],
  ['a decimal out of range', 'author', '1002', { rating: 100000 }, /out of range|out of the range/, ['range']],
  ['a text for an integer', 'book', '2001', { pages: 'many' }, /Field 'pages' must be a valid integer\./],
  ['a fraction for an integer', 'book', '2001', { pages: 1.5 }, /Field 'pages' must be a valid integer\./],
  ['a text for a decimal', 'book', '2001', { price: 'cheap' }, /'price'/],
  ['a text for a boolean', 'author', '1002', { active: 'banana' }, /'active'/],
  ['a date that does not exist', 'author', '1002', { born: '2023-02-30' }, /date/i, ['dates']],
  ['a text for a date', 'author', '1002', { born: 'no date' }, /date/i, ['dates']],
  ['a reference of several columns to nothing', 'stop', '5001', { region: 'n', area_no: 99 }, /refer/],
]

const needed: { readonly [table: string]: Entry } = {
  author: { name: 'x' },
  book: { title: 'x' },
  stop: { label: 'x' },
}

const constraints: readonly Case[] = faults.flatMap(([name, table, id, record, message, unless]): readonly Case[] => {
  const more = { ...write, message, status: 400, ...(unless && { unless }) } as const
  const count = { author: 4, book: 6, stop: 5 }[table] ?? 0
  const after = [{ ask: `GET ${table}?count_only=true`, answer: count }]
  return [
    {
      ...more,
      name: `${name}: create`,
      ask: `POST ${table}`,
      body: { resource: [{ ...needed[table], ...record }] },
      after,
    },
    {
      ...more,
      name: `${name}: create among others`,
      ask: `POST ${table}?rollback=true`,
      ...tx,
      body: { resource: [{ ...needed[table] }, { ...needed[table], ...record }, { ...needed[table] }] },
      after,
    },
    { ...more, name: `${name}: update by id`, ask: `PATCH ${table}/${id}`, body: record },
    {
      ...more,
      name: `${name}: update by filter`,
      ask: `PATCH ${table}?filter=id = ${id}`,
      body: { resource: [record] },
    },
  ]
})

export const batches: readonly Group[] = [
  { name: 'batch modes', tables: library, cases: modes },
  { name: 'what the database refuses', tables: library, cases: constraints },
]
