/** Virtual relations, also to other services and by keys of different kinds, and those that are always fetched (data-plane 5.3, 5.6). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, ServiceHost } from 'dataferry/sdk'
import { joinKey } from '../../../connectors/records/relate/kinds.ts'
import { type Asked, hostFor, plain, type Rights, requestFor } from './company.ts'
import { RecordStoreAbility, type Relation, type Row, recordService, type Table } from './exports.ts'
import { column } from './filter/table.ts'
import { MemoryStore } from './memory-store.ts'

const here = 10
const there = 20
const third = 30

function relation(name: string, more: Partial<Relation>): Relation {
  return {
    name,
    alias: null,
    label: name,
    description: null,
    type: 'belongs_to',
    isVirtual: true,
    fields: ['id'],
    refServiceId: null,
    refTable: 'x',
    refFields: ['id'],
    onUpdate: null,
    onDelete: null,
    junction: null,
    alwaysFetch: false,
    native: [],
    ...more,
  }
}

const key = column('id', 'integer', { allowNull: false, isPrimaryKey: true })

const table = (name: string, columns: Table['columns'], relations: readonly Relation[] = []): Table => ({
  name,
  schema: null,
  alias: null,
  label: name,
  plural: name,
  description: null,
  isView: false,
  native: [],
  columns: [key, ...columns],
  primaryKey: ['id'],
  relations,
  constraints: [],
  nameField: null,
  epoch: 1,
})

const link = { serviceId: third, table: 'link', fields: ['author'], refFields: ['tag'] }

/** Authors are here; their books, by their number as text, are there; which tags they have, a third service knows. */
const author = table(
  'author',
  [column('name', 'string'), column('boss', 'integer'), column('area', 'string'), column('no', 'integer')],
  [
    relation('chief', { fields: ['boss'], refTable: 'author' }),
    relation('books', { type: 'has_many', refServiceId: there, refTable: 'book', refFields: ['author'] }),
    relation('tags', { type: 'many_many', refServiceId: there, refTable: 'tag', junction: link }),
    relation('codes', { type: 'has_many', refTable: 'code', refFields: ['owner'] }),
    relation('place', { fields: ['area', 'no'], refServiceId: there, refTable: 'place', refFields: ['area', 'no'] }),
    relation('card', { type: 'has_one', refServiceId: there, refTable: 'book', refFields: ['author'] }),
  ],
)
const node = table(
  'node',
  [column('up', 'integer')],
  [
    relation('parent', { fields: ['up'], refTable: 'node', alwaysFetch: true }),
    relation('kids', { type: 'has_many', refTable: 'node', refFields: ['up'], alwaysFetch: true }),
  ],
)
const code = table('code', [column('owner', 'string'), column('text', 'string')])
const book = table(
  'book',
  [column('author', 'string'), column('title', 'string')],
  [relation('by', { fields: ['author'], refServiceId: here, refTable: 'author' })],
)
const tag = table('tag', [column('label', 'string')])
const place = table('place', [column('area', 'string'), column('no', 'decimal'), column('title', 'string')])
const links = table('link', [column('author', 'integer'), column('tag', 'string')])

const store = (...tables: readonly (readonly [Table, readonly Row[]])[]): MemoryStore =>
  new MemoryStore(tables.map(([each, rows]) => ({ table: each, rows })))

const stores: ReadonlyMap<number, MemoryStore> = new Map([
  [
    here,
    store(
      [
        author,
        [
          { id: 1, name: 'ann', boss: null, area: 'n', no: 1 },
          { id: 2, name: 'bob', boss: 1, area: 'n', no: 2 },
          { id: 3, name: 'cy', boss: 1, area: null, no: 1 },
        ],
      ],
      [
        node,
        [
          { id: 1, up: null },
          { id: 2, up: 1 },
          { id: 3, up: 1 },
        ],
      ],
      [
        code,
        [
          { id: 1, owner: '1', text: 'one' },
          { id: 2, owner: '01', text: 'with a zero' },
          { id: 3, owner: 'x', text: 'nobody' },
        ],
      ],
    ),
  ],
  [
    there,
    store(
      [
        book,
        [
          { id: 1, author: '1', title: 'c' },
          { id: 2, author: '1', title: 'a' },
          { id: 3, author: '2', title: 'b' },
          { id: 4, author: 'nobody', title: 'd' },
        ],
      ],
      [
        tag,
        [
          { id: 7, label: 'old' },
          { id: 8, label: 'new' },
        ],
      ],
      [place, [{ id: 1, area: 'n', no: 1, title: 'north one' }]],
    ),
  ],
  [
    third,
    store([
      links,
      [
        { id: 1, author: 1, tag: '7' },
        { id: 2, author: 1, tag: '8' },
        { id: 3, author: 2, tag: '8' },
        { id: 4, author: 2, tag: null },
      ],
    ]),
  ],
])

const names = new Map([
  [here, 'db'],
  [there, 'other'],
  [third, 'third'],
])

function host(rights: Rights | null, others: Rights | null): ServiceHost {
  const own = hostFor(rights)
  const foreign = hostFor(others)
  return {
    ...own,
    settings: { ...own.settings, records: { ...own.settings.records, maxRelatedDepth: 3 } },
    maskFor: (caller, service, component) => (service === 'db' ? own : foreign).maskFor(caller, service, component),
    policyFor: (caller, service, component, verb) =>
      (service === 'db' ? own : foreign).policyFor(caller, service, component, verb),
    serviceName: (id) => names.get(id) ?? null,
    other: async (id, what) => {
      assert.equal(what.name, RecordStoreAbility.name)
      const found = stores.get(id)
      if (!found) throw new Error('no such service')
      return found as never
    },
  }
}

async function ask(asked: Asked, rights: Rights | null = null, others: Rights | null = null): Promise<Json> {
  const own = stores.get(here)
  assert.ok(own)
  const service = recordService(own, { host: host(rights, others), config: {} })
  const request = requestFor({ ...asked, ...(rights || others ? { caller: { admin: false } } : {}) })
  const { body } = await service.handle(request, new AbortController().signal)
  if (body.kind === 'value') return plain(body.value)
  assert.equal(body.kind, 'rows')
  return body.kind === 'rows'
    ? plain(await body.rows.value({ bytes: 1e6, rows: 1e4 }, new AbortController().signal))
    : null
}

interface Reading extends Asked {
  readonly name: string
  readonly others?: Rights
  readonly rights?: Rights
  readonly shows?: Json
  readonly fails?: { readonly status: number; readonly message?: RegExp | string }
}

const one = '_table/author/1?fields=name'
const ann = { name: 'ann', id: 1 }

const cases: readonly Reading[] = [
  {
    name: 'always fetched, on the way down too, and not in circles',
    path: '_table/node/2',
    shows: {
      id: 2,
      up: 1,
      parent: {
        id: 1,
        up: null,
        kids: [
          { id: 2, up: 1 },
          { id: 3, up: 1 },
        ],
      },
      kids: [],
    },
  },
  {
    name: 'children of another service, by numbers that are texts there',
    path: `${one}&related=books&books.fields=title&books.order=title`,
    shows: { name: 'ann', id: 1, books: [{ title: 'a' }, { title: 'c' }] },
  },
  {
    name: 'their limit and offset are each parent’s',
    path: '_table/author?fields=id&related=books&books.fields=title&books.order=title&books.limit=1&books.offset=1',
    shows: {
      resource: [
        { id: 1, books: [{ title: 'c' }] },
        { id: 2, books: [] },
        { id: 3, books: [] },
      ],
    },
  },
  {
    name: 'their filter',
    path: `${one}&related=books&books.fields=id&books.filter=title = 'a'`,
    shows: { ...ann, books: [{ id: 2 }] },
  },
  {
    name: 'grouped for each parent',
    path: `${one}&related=books&books.fields=author,count(*)&books.group=author`,
    shows: { ...ann, books: [{ author: '1', COUNT_ALL: 2 }] },
  },
  {
    name: 'has_one of another service',
    path: '_table/author?ids=1,3&fields=id&related=card&card.fields=title',
    shows: {
      resource: [
        { id: 1, card: { title: 'c' } },
        { id: 3, card: [] },
      ],
    },
  },
  {
    name: 'many_many over three services',
    path: '_table/author?fields=id&related=tags&tags.fields=label&tags.order=label',
    shows: {
      resource: [
        { id: 1, tags: [{ label: 'new' }, { label: 'old' }] },
        { id: 2, tags: [{ label: 'new' }] },
        { id: 3, tags: [] },
      ],
    },
  },
  {
    name: 'by keys of several columns, one of them null',
    path: '_table/author?fields=id&related=place&place.fields=title',
    shows: {
      resource: [
        { id: 1, area: 'n', no: 1, place: { title: 'north one' } },
        { id: 2, area: 'n', no: 2, place: null },
        { id: 3, area: null, no: 1, place: null },
      ],
    },
  },
  {
    name: 'keys of different kinds in one service',
    path: `${one}&related=codes&codes.fields=text&codes.order=id`,
    shows: { ...ann, codes: [{ text: 'one' }] },
  },
  {
    name: 'and back: relations of the children of another service',
    path: `${one}&related=books.by&books.fields=id&books.by.fields=name&books.limit=1`,
    shows: { ...ann, books: [{ id: 1, author: '1', by: { name: 'ann' } }] },
  },
  {
    name: 'below relations of the service itself',
    path: '_table/author/2?fields=name&related=chief.books&chief.fields=id&chief.books.fields=title&chief.books.order=title&chief.books.limit=1',
    shows: { name: 'bob', boss: 1, chief: { id: 1, books: [{ title: 'a' }] } },
  },
  {
    name: 'a role of the other service',
    path: `${one}&related=books&books.fields=title`,
    rights: { author: {} },
    others: { book: { filters: [['title', '=', 'a']] } },
    shows: { ...ann, books: [{ title: 'a' }] },
  },
  {
    name: 'a field that is hidden there',
    path: `${one}&related=books&books.fields=title`,
    rights: { author: {} },
    others: { book: { hidden: ['title'] } },
    fails: { status: 400, message: 'Invalid field requested: title' },
  },
  {
    name: 'a key that is hidden there: there is no relation',
    path: `${one}&related=books`,
    rights: { author: {} },
    others: { book: { hidden: ['author'] } },
    shows: { name: 'ann' },
  },
  {
    name: 'a table that may not be read there',
    path: `${one}&related=books`,
    rights: { author: {} },
    others: {},
    fails: { status: 403, message: /component '_table\/book' of service 'other'/ },
  },
  {
    name: 'a junction that may not be read there',
    path: `${one}&related=tags`,
    rights: { author: {} },
    others: { tag: {} },
    fails: { status: 403, message: /component '_table\/link' of service 'third'/ },
  },
  {
    name: 'filtered by their fields, whose keys are texts there',
    path: "_table/author?fields=id&filter=books.title = 'a'",
    shows: { resource: [{ id: 1 }] },
  },
  {
    name: 'and by those behind a junction that a third service has',
    path: "_table/author?fields=id&filter=NOT (tags.label = 'old')",
    shows: { resource: [{ id: 2 }, { id: 3 }] },
  },
  {
    name: 'but not ordered by them',
    path: '_table/author?order=card.title',
    fails: { status: 501, message: /ordered by 'card.title': relation 'card' leads to another service/ },
  },
  {
    name: 'an answer to a write has them too',
    verb: 'PATCH',
    path: `${one}&related=books&books.fields=title&books.order=title`,
    body: { name: 'ann' },
    shows: { ...ann, books: [{ title: 'a' }, { title: 'c' }] },
  },
  {
    name: 'too deep',
    path: `${one}&related=chief.chief.chief.chief`,
    fails: { status: 400, message: 'Relations can be nested 3 levels deep at most.' },
  },
]

describe('relations of all kinds', () => {
  for (const { name, rights, others, shows, fails, ...asked } of cases) {
    it(name, async () => {
      const answer = ask(asked, rights ?? null, others ?? null)
      if (fails) await assert.rejects(answer, fails)
      else assert.deepEqual(await answer, shows)
    })
  }
})

describe('keys that are compared by us', () => {
  const same: readonly (readonly [Json, Json, boolean])[] = [
    [7, '7', true],
    [7n, 7, true],
    ['7.0', 7, true],
    ['1e2', 100, true],
    [true, 1, true],
    ['-0', 0, true],
    ['07', '7', true],
    [70, 7, false],
    [-7, 7, false],
    ['x', 'x', true],
    ['9007199254740993', 9007199254740993n, true],
    ['9007199254740993', 9007199254740992n, false],
  ]
  for (const [a, b, expected] of same) {
    it(`${String(a)} ${expected ? 'is' : 'is not'} ${String(b)} among numbers`, () => {
      assert.equal(joinKey([a], [true]) === joinKey([b], [true]), expected)
    })
  }
  it('texts are as they are written', () => {
    assert.notEqual(joinKey(['07'], [false]), joinKey(['7'], [false]))
    assert.notEqual(joinKey(['a', 'b'], [false, false]), joinKey(['a,b', ''], [false, false]))
  })
})
