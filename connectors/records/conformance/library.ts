/**
 * The tables that most cases work with: the example schema of data-plane, with a self-reference, a key of two columns, a key of text
 * and a table without a key. Keys begin at 1001, so that numbers that a database makes meet none of them.
 */
import type { ColumnDefinition } from '../plan/schema.ts'
import type { Row } from '../store.ts'
import type { SeedTable } from './types.ts'

const id: ColumnDefinition = { name: 'id', type: 'id' }
const text = (name: string, length: number, more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  name,
  type: 'string',
  length,
  ...more,
})
const nullable = { allowNull: true } as const

export const author: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'author',
    columns: [
      id,
      text('name', 40),
      text('email', 60, nullable),
      { name: 'born', type: 'date', ...nullable },
      { name: 'active', type: 'boolean', ...nullable },
      { name: 'rating', type: 'decimal', precision: 5, scale: 2, ...nullable },
    ],
    unique: [['email']],
  },
  rows: [
    { id: 1001, name: 'ann', email: 'ann@x.test', born: '1970-01-02', active: true, rating: 4.5 },
    { id: 1002, name: 'bob', email: 'bob@x.test', born: '1980-02-29', active: false, rating: 3 },
    { id: 1003, name: 'cy', email: null, born: null, active: null, rating: null },
    { id: 1004, name: 'dee', email: 'dee@x.test', born: '1999-12-31', active: true, rating: 4.25 },
  ],
}

export const book: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'book',
    columns: [
      id,
      { name: 'author_id', type: 'reference', ...nullable },
      text('title', 30),
      { name: 'price', type: 'decimal', precision: 8, scale: 2, ...nullable },
      { name: 'published_on', type: 'datetime', ...nullable },
      { name: 'pages', type: 'integer', ...nullable },
      text('isbn', 13, nullable),
    ],
    unique: [['isbn']],
    foreignKeys: [{ columns: ['author_id'], refTable: 'author', refColumns: ['id'] }],
  },
  rows: [
    made(2001, 1001, 'alpha', 10.5, '2020-01-01 08:00:00', 100, 'i1'),
    made(2002, 1001, 'beta', 20, '2021-06-15 12:30:00', 250, 'i2'),
    made(2003, 1001, 'gamma', null, null, null, null),
    made(2004, 1002, 'delta', 5.25, '2019-03-03 00:00:00', 100, 'i4'),
    made(2005, 1004, 'epsilon', 99.99, '2022-12-31 23:59:59', 999, 'i5'),
    made(2006, null, 'zeta', 0, '2000-01-01 00:00:00', 1, 'i6'),
  ],
}

function made(id: number, author: number | null, title: string, ...rest: readonly (string | number | null)[]): Row {
  const [price = null, published_on = null, pages = null, isbn = null] = rest
  return { id, author_id: author, title, price, published_on, pages, isbn }
}

export const tag: SeedTable = {
  plan: { kind: 'create-table', name: 'tag', columns: [id, text('label', 20)], unique: [['label']] },
  rows: [
    { id: 3001, label: 'old' },
    { id: 3002, label: 'new' },
    { id: 3003, label: 'rare' },
  ],
}

export const bookTag: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'book_tag',
    columns: [
      { name: 'book_id', type: 'reference' },
      { name: 'tag_id', type: 'reference' },
      text('note', 20, nullable),
    ],
    primaryKey: ['book_id', 'tag_id'],
    foreignKeys: [
      { columns: ['book_id'], refTable: 'book', refColumns: ['id'], onDelete: 'CASCADE' },
      { columns: ['tag_id'], refTable: 'tag', refColumns: ['id'], onDelete: 'CASCADE' },
    ],
  },
  rows: [
    { book_id: 2001, tag_id: 3001, note: 'x' },
    { book_id: 2001, tag_id: 3002, note: null },
    { book_id: 2002, tag_id: 3002, note: 'y' },
    { book_id: 2005, tag_id: 3001, note: null },
  ],
}

export const profile: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'profile',
    columns: [
      { name: 'author_id', type: 'reference' },
      { name: 'bio', type: 'text', ...nullable },
    ],
    primaryKey: ['author_id'],
    foreignKeys: [{ columns: ['author_id'], refTable: 'author', refColumns: ['id'] }],
  },
  rows: [
    { author_id: 1001, bio: 'writes' },
    { author_id: 1004, bio: null },
  ],
}

export const employee: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'employee',
    columns: [id, text('name', 20), { name: 'manager_id', type: 'reference', ...nullable }],
    foreignKeys: [{ columns: ['manager_id'], refTable: 'employee', refColumns: ['id'], onDelete: 'SET NULL' }],
  },
  rows: [
    { id: 4001, name: 'boss', manager_id: null },
    { id: 4002, name: 'left', manager_id: 4001 },
    { id: 4003, name: 'right', manager_id: 4001 },
    { id: 4004, name: 'leaf', manager_id: 4002 },
  ],
}

export const area: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'area',
    columns: [text('region', 4), { name: 'no', type: 'integer' }, text('title', 20, nullable)],
    primaryKey: ['region', 'no'],
  },
  rows: [
    { region: 'n', no: 1, title: 'north one' },
    { region: 'n', no: 2, title: 'north two' },
    { region: 's', no: 1, title: 'south one' },
  ],
}

export const stop: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'stop',
    columns: [id, text('region', 4, nullable), { name: 'area_no', type: 'integer', ...nullable }, text('label', 20)],
    foreignKeys: [{ columns: ['region', 'area_no'], refTable: 'area', refColumns: ['region', 'no'] }],
  },
  rows: [
    { id: 5001, region: 'n', area_no: 1, label: 'first' },
    { id: 5002, region: 'n', area_no: 1, label: 'second' },
    { id: 5003, region: 's', area_no: 1, label: 'third' },
    { id: 5004, region: 'n', area_no: null, label: 'half' },
    { id: 5005, region: null, area_no: null, label: 'none' },
  ],
}

export const currency: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'currency',
    columns: [text('code', 10), text('label', 20, nullable)],
    primaryKey: ['code'],
  },
  rows: [
    { code: 'eur', label: 'euro' },
    { code: 'a,b', label: 'comma' },
    { code: "o'x", label: 'quote' },
  ],
}

/** No key at all. */
export const journal: SeedTable = {
  plan: {
    kind: 'create-table',
    name: 'journal',
    columns: [text('line', 40, nullable), { name: 'n', type: 'integer', ...nullable }],
  },
  rows: [
    { line: 'one', n: 1 },
    { line: 'two', n: 2 },
    { line: 'two', n: 2 },
  ],
}

export const library: readonly SeedTable[] = [
  author,
  book,
  tag,
  bookTag,
  profile,
  employee,
  area,
  stop,
  currency,
  journal,
]
