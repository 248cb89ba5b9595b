/** A small library as the catalog would describe it, and the same as a database in memory. */
import { DatabaseSync } from 'node:sqlite'
import type {
  Column,
  PlanExpr,
  Predicate,
  Projection,
  ReadPlan,
  RelatedRead,
  SimpleType,
  Table,
} from 'dataferry/records'

function column(name: string, type: SimpleType, more: Partial<Column> = {}): Column {
  return {
    name,
    alias: null,
    label: name,
    description: null,
    type,
    dbType: type,
    length: null,
    precision: null,
    scale: null,
    default: null,
    hasDefault: false,
    allowNull: true,
    fixedLength: false,
    supportsMultibyte: false,
    autoIncrement: false,
    isPrimaryKey: false,
    isUnique: false,
    isIndex: false,
    isForeignKey: false,
    refTable: null,
    refField: null,
    refOnUpdate: null,
    refOnDelete: null,
    picklist: null,
    validation: null,
    dbFunction: null,
    isVirtual: false,
    isAggregate: false,
    isGenerated: false,
    native: [],
    ...more,
  }
}

function table(name: string, primaryKey: readonly string[], columns: readonly Column[]): Table {
  return {
    name,
    schema: null,
    alias: null,
    label: name,
    plural: name,
    description: null,
    isView: false,
    native: [],
    columns: columns.map((each) => (primaryKey.includes(each.name) ? { ...each, isPrimaryKey: true } : each)),
    primaryKey,
    relations: [],
    constraints: [],
    nameField: null,
    epoch: 1,
  }
}

export const author = table(
  'author',
  ['id'],
  [
    column('id', 'id', { dbType: 'integer', autoIncrement: true }),
    column('name', 'string', { dbType: 'varchar(80)' }),
    column('email', 'string', { dbType: 'varchar(80)', isUnique: true }),
    column('born', 'date'),
    column('active', 'boolean'),
    column('rating', 'decimal', { dbType: 'decimal(5,2)' }),
  ],
)
export const book = table(
  'book',
  ['id'],
  [
    column('id', 'id', { dbType: 'integer', autoIncrement: true }),
    column('title', 'string', { dbType: 'varchar(80)' }),
    column('author_id', 'reference', { dbType: 'integer' }),
    column('pages', 'integer'),
    column('cover', 'binary', { dbType: 'blob' }),
  ],
)
export const tag = table('tag', ['id'], [column('id', 'id', { dbType: 'integer' }), column('label', 'string')])
export const bookTag = table(
  'book_tag',
  ['book_id', 'tag_id'],
  [column('book_id', 'reference', { dbType: 'integer' }), column('tag_id', 'reference', { dbType: 'integer' })],
)
/** Of another schema, with a key of two columns and a name that needs its quotes doubled. */
export const edition = table(
  'edition',
  ['book_id', 'no'],
  [column('book_id', 'reference', { dbType: 'integer' }), column('no', 'integer'), column('odd"name', 'string')],
)
export const print = table(
  'print',
  ['id'],
  [
    column('id', 'id', { dbType: 'integer' }),
    column('book_id', 'reference', { dbType: 'integer' }),
    column('edition_no', 'integer'),
  ],
)

export const authorBook: Table = {
  ...table('author_book', [], [column('name', 'string'), column('title', 'string')]),
  isView: true,
}

export const schema = `
  create table author (id integer primary key autoincrement, name varchar(80), email varchar(80) unique, born date, active boolean, rating decimal(5,2));
  create table book (id integer primary key autoincrement, title varchar(80), author_id integer, pages integer, cover blob);
  create table tag (id integer primary key, label varchar(80));
  create table book_tag (book_id integer, tag_id integer, primary key (book_id, tag_id));
  create table edition (book_id integer, no integer, "odd""name" text, primary key (book_id, no));
  create view author_book as select a.name, b.title from author a join book b on b.author_id = a.id;
  create table print (id integer primary key, book_id integer, edition_no integer);
`

/** A database with that schema, and the function that scans call. */
export function library(): DatabaseSync {
  const db = new DatabaseSync(':memory:', { readBigInts: true, returnArrays: true })
  db.function('alive', { varargs: true }, () => 1)
  db.exec(schema)
  return db
}

export function col(of: Table, name: string): Column {
  const found = of.columns.find((each) => each.name === name)
  if (found === undefined) throw new Error(`The test names no column ${name} of ${of.name}.`)
  return found
}
export const at = (of: Table, name: string): PlanExpr => ({ kind: 'column', column: col(of, name) })
export const value = (slot: number): PlanExpr => ({ kind: 'value', value: slot })
export const eq = (of: Table, name: string, slot: number): Predicate => ({
  kind: 'compare',
  op: '=',
  left: at(of, name),
  right: value(slot),
})
export function shown(of: Table, ...names: string[]): Projection[] {
  return names.map((name) => ({
    as: name,
    expr: at(of, name),
    type: col(of, name).type,
    column: col(of, name),
    hidden: false,
  }))
}
export const hidden = (projection: Projection): Projection => ({ ...projection, hidden: true })

/** A plan that reads all of a table as a list, but for what is given. */
export function reads(from: Table, columns: readonly Projection[], more: Partial<ReadPlan> = {}): ReadPlan {
  return {
    from,
    columns,
    where: null,
    group: null,
    order: [],
    limit: null,
    offset: null,
    related: [],
    result: { kind: 'list', count: 'no', schema: null },
    ...more,
  }
}

/** The books of authors, three at most (slot 9). */
export const booksOfAuthor = (more: Partial<RelatedRead> = {}, plan: Partial<ReadPlan> = {}): RelatedRead => ({
  name: 'book_by_author_id',
  shape: 'list',
  on: [{ parent: 0, child: col(book, 'author_id') }],
  via: null,
  perParent: 9,
  skip: null,
  plan: reads(book, shown(book, 'id', 'title'), { result: { kind: 'rows' }, ...plan }),
  ...more,
})
export const authorOfBook = (more: Partial<RelatedRead> = {}): RelatedRead => ({
  name: 'author_by_author_id',
  shape: 'object-or-null',
  on: [{ parent: 1, child: col(author, 'id') }],
  via: null,
  perParent: 9,
  skip: null,
  plan: reads(author, shown(author, 'id', 'name'), { result: { kind: 'rows' } }),
  ...more,
})
export const throughBookTag = {
  table: bookTag,
  near: [col(bookTag, 'book_id')],
  far: [{ junction: col(bookTag, 'tag_id'), child: col(tag, 'id') }],
  where: null,
}
export const tagsOfBook = (more: Partial<RelatedRead> = {}, plan: Partial<ReadPlan> = {}): RelatedRead => ({
  name: 'tag_by_book_tag',
  shape: 'list',
  on: [{ parent: 0, child: col(bookTag, 'book_id') }],
  via: throughBookTag,
  perParent: 9,
  skip: null,
  plan: reads(tag, shown(tag, 'label'), { result: { kind: 'rows' }, ...plan }),
  ...more,
})
