/** Definitions of tables, taken apart and changed (data-plane 6.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ColumnEdit, editColumn, readDefinition, withoutColumn } from '../../../connectors/sqlite/definition.ts'

const parts: readonly (readonly [
  name: string,
  sql: string,
  columns: readonly string[],
  constraints: number,
  options: string,
])[] = [
  ['plain', 'CREATE TABLE t (a int, b text)', ['a', 'b'], 0, ''],
  ['quoted names of all kinds', 'create table [t] ("a ""q""" int, `b` text, [c d] blob)', ['a "q"', 'b', 'c d'], 0, ''],
  [
    'commas in groups and texts',
    "create table t (a decimal(1,2) default 'x,y', b int check (b in (1,2)))",
    ['a', 'b'],
    0,
    '',
  ],
  ['comments', 'create table t (a int, -- b int,\n /* , c int */ d int)', ['a', 'd'], 0, ''],
  [
    'constraints of the table',
    'create table t (a, b, primary key (a), constraint u unique (b), check (a > 0))',
    ['a', 'b'],
    3,
    '',
  ],
  ['options', 'create table t (a int primary key) WITHOUT ROWID, STRICT', ['a'], 0, 'WITHOUT ROWID , STRICT'],
]
for (const [name, sql, columns, constraints, options] of parts) {
  test(`reads ${name}`, () => {
    const read = readDefinition(sql)
    assert.deepEqual(
      read.columns.map((column) => column.name),
      columns,
    )
    assert.equal(read.constraints.length, constraints)
    assert.equal(read.options, options)
  })
}

const edits: readonly (readonly [text: string, edit: ColumnEdit, made: string])[] = [
  ['a int', { type: 'text' }, 'a text'],
  ['a', { type: 'text' }, 'a text'],
  ['a varchar (20) not null', { type: 'varchar(30)' }, 'a varchar(30) not null'],
  ['a varchar (20) not null', { allowNull: true }, 'a varchar(20)'],
  ['a int', { allowNull: false }, 'a int not null'],
  ['a int null default 3', { allowNull: false }, 'a int not null default 3'],
  ['a int default 3 not null', { default: '4' }, 'a int default 4 not null'],
  ['a int default (1 + 2) check (a > 0)', { default: null }, 'a int check (a > 0)'],
  ['a int default null unique', { default: '5' }, 'a int default 5 unique'],
  ['a int default -1', { default: null }, 'a int'],
  [
    'a int constraint c not null references t (id) on delete set null deferrable initially deferred',
    { allowNull: true },
    'a int references t (id) on delete set null deferrable initially deferred',
  ],
  [
    'a int references t (id) on update set default not deferrable collate nocase',
    { default: '1' },
    'a int default 1 references t (id) on update set default not deferrable collate nocase',
  ],
  ['"not null" int', { allowNull: false }, '"not null" int not null'],
]
for (const [text, edit, made] of edits) {
  test(`${text} with ${JSON.stringify(edit)}`, () => {
    assert.equal(editColumn({ name: 'a', text }, edit).text, made)
  })
}

test('a column goes with the constraints over it, and no other', () => {
  const read = readDefinition(
    'create table t (a int, b int, c int, unique (a, B), foreign key (b) references p (id), unique (c), check (b > 0))',
  )
  const after = withoutColumn(read, 'b')
  assert.deepEqual(after.constraints, ['unique (c)', 'check (b > 0)'])
  assert.throws(
    () => withoutColumn(readDefinition('create table t (a int, b int, primary key (a, b))'), 'b'),
    /primary key/,
  )
})
