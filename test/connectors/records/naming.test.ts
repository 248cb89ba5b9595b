/** Labels, plurals, orders of names and relations derived from keys (data-plane 5.1, 6.2). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deriveRelations, type ForeignKey, labelOf, naturalOrder, pluralOf, type TableKeys } from './exports.ts'

describe('labels', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['dept_emp', 'Dept Emp'],
    ['MixedCase', 'MixedCase'],
    ['a_b_C', 'A B C'],
    ['id', 'Id'],
    ['other.note', 'Other.Note'],
    ['tag_by_book_tag', 'Tag By Book Tag'],
  ]
  for (const [name, label] of cases) it(name, () => assert.equal(labelOf(name), label))
})

describe('plurals', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['Author', 'Authors'],
    ['Supplies', 'Supplies'],
    ['Dept Emp', 'Dept Emps'],
    ['Types Demo', 'Types Demos'],
    ['Departments', 'Departments'],
    ['No Pk', 'No Pks'],
    ['Uuid Pk', 'Uuid Pks'],
    ['Category', 'Categories'],
    ['Day', 'Days'],
    ['Box', 'Boxes'],
    ['Address', 'Addresses'],
    ['Status', 'Statuses'],
    ['Person', 'People'],
    ['Line Of People', 'Line Of People'],
    ['Child', 'Children'],
    ['Analysis', 'Analyses'],
    ['Branch', 'Branches'],
    ['Equipment', 'Equipment'],
    ['COMPANY', 'COMPANIES'],
    ['T1', 'T1'],
    ['', ''],
  ]
  for (const [label, plural] of cases) it(label, () => assert.equal(pluralOf(label), plural))
})

it('names are ordered naturally, without case', () => {
  const names = ['t10', 'T2', 'a', 't1', 'B', 't02']
  assert.deepEqual(names.sort(naturalOrder), ['a', 'B', 't1', 't02', 'T2', 't10'])
})

const fk = (column: string, refTable: string, refColumn = 'id'): ForeignKey => ({
  columns: [column],
  refTable,
  refColumns: [refColumn],
  onUpdate: 'NO ACTION',
  onDelete: 'CASCADE',
})
const table = (
  name: string,
  foreignKeys: readonly ForeignKey[] = [],
  key = ['id'],
  unique: string[][] = [],
): TableKeys => ({
  name,
  primaryKey: key,
  unique,
  foreignKeys,
})

const library: readonly TableKeys[] = [
  table('author'),
  table('book', [fk('author_id', 'author')]),
  table('tag'),
  table('book_tag', [fk('book_id', 'book'), fk('tag_id', 'tag')], ['book_id', 'tag_id']),
  table('profile', [fk('author_id', 'author')], ['author_id']),
  table('passport', [fk('author_id', 'author')], ['id'], [['author_id']]),
  table('employee', [fk('manager_id', 'employee')]),
  table('region', [], ['country', 'no']),
  table('order', [
    {
      columns: ['country', 'region_no'],
      refTable: 'region',
      refColumns: ['country', 'no'],
      onUpdate: null,
      onDelete: null,
    },
  ]),
]

describe('relations', () => {
  const cases: { readonly [table: string]: readonly string[] } = {
    author: [
      'book_by_author_id has_many id>book.author_id',
      'passport_by_author_id has_one id>passport.author_id',
      'profile_by_author_id has_one id>profile.author_id',
    ],
    book: [
      'author_by_author_id belongs_to author_id>author.id',
      'book_tag_by_book_id has_many id>book_tag.book_id',
      'tag_by_book_tag many_many id>tag.id via book_tag(book_id,tag_id)',
    ],
    tag: [
      'book_by_book_tag many_many id>book.id via book_tag(tag_id,book_id)',
      'book_tag_by_tag_id has_many id>book_tag.tag_id',
    ],
    book_tag: ['book_by_book_id belongs_to book_id>book.id', 'tag_by_tag_id belongs_to tag_id>tag.id'],
    employee: [
      'employee_by_manager_id has_many id>employee.manager_id',
      'parent_by_manager_id belongs_to manager_id>employee.id',
    ],
    order: ['region_by_country_region_no belongs_to country,region_no>region.country,no'],
    region: ['order_by_country_region_no has_many country,no>order.country,region_no'],
  }
  const derived = deriveRelations(library)
  for (const [name, expected] of Object.entries(cases)) {
    it(name, () => {
      const shown = (derived.get(name) ?? []).map(({ name: relation, type, fields, refTable, refFields, junction }) => {
        const via = junction ? ` via ${junction.table}(${[...junction.fields, ...junction.refFields].join()})` : ''
        return `${relation} ${type} ${fields.join()}>${refTable}.${refFields.join()}${via}`
      })
      assert.deepEqual(shown, expected)
    })
  }
})
