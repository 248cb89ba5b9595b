/** Changes of tables that SQLite's ALTER TABLE does not reach: the table is made anew, and everything else of it stays. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { plainColumn, type SchemaPlan } from 'dataferry/records'
import { changeStructure } from '../../../connectors/sqlite/change.ts'
import { SqliteCompiler } from '../../../connectors/sqlite/compiler.ts'
import { database, signal } from './database.ts'

const sql = new SqliteCompiler()
const type = { type: true, allowNull: false, default: false }

const start = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT UNIQUE);
  CREATE TABLE "odd ""t" (
    id integer not null primary key autoincrement, -- the key, and a comma
    "a,b" varchar (10) COLLATE NOCASE NOT NULL DEFAULT 'x, (y' CHECK (length("a,b") < 20),
    n int CONSTRAINT positive CHECK (n > 0) DEFAULT (1 + 1),
    twice int GENERATED ALWAYS AS (n * 2) STORED,
    parent_id integer REFERENCES parent (id) ON DELETE SET NULL,
    gone text,
    CONSTRAINT u UNIQUE (n, gone), CHECK (n < 1000)
  );
  CREATE TABLE child (id integer primary key, odd_id integer not null references "odd ""t" (id) on delete cascade);
  CREATE INDEX i_n ON "odd ""t" (n DESC);
  CREATE INDEX i_gone ON "odd ""t" (gone);
  CREATE TABLE log (what text);
  CREATE TRIGGER t_ins AFTER INSERT ON "odd ""t" BEGIN INSERT INTO log VALUES (new."a,b"); END;
  CREATE VIEW v AS SELECT id, "a,b" FROM "odd ""t";
  INSERT INTO parent (code) VALUES ('p');
  INSERT INTO "odd ""t" (id, "a,b", n, parent_id, gone) VALUES (1, 'one', 5, 1, 'g'), (9, 'nine', 6, null, null);
  DELETE FROM "odd ""t" WHERE id = 9;
  INSERT INTO child VALUES (1, 1);
  DELETE FROM log;
`
const table = 'odd "t'

async function change(t: TestContext, plans: readonly SchemaPlan[]) {
  const found = database(t, start)
  await found.runner.session((session) => changeStructure(sql, plans, session), signal)
  const rows = (text: string): readonly unknown[] =>
    found.direct
      .prepare(text)
      .all()
      .map((row) => ({ ...row }))
  return { ...found, rows }
}

test('a changed column leaves the rest as it was', async (t) => {
  const { rows, direct } = await change(t, [
    {
      kind: 'alter-column',
      table,
      column: { name: 'a,b', type: 'string', length: 40, allowNull: true, default: 'z' },
      was: plainColumn('a,b', 'string'),
      parts: { type: true, allowNull: true, default: true },
    },
  ])
  await t.test('the rows, and those that refer to them', () => {
    assert.deepEqual(rows('select id, "a,b", n, twice, parent_id, gone from "odd ""t"'), [
      { id: 1, 'a,b': 'one', n: 5, twice: 10, parent_id: 1, gone: 'g' },
    ])
    assert.deepEqual(rows('select * from child'), [{ id: 1, odd_id: 1 }])
    assert.deepEqual(rows('pragma foreign_key_check'), [])
  })
  await t.test('the column is another', () => {
    const [column] = rows(`select type, "notnull", dflt_value from pragma_table_info('odd "t') where name = 'a,b'`)
    assert.deepEqual(column, { type: 'varchar(40)', notnull: 0, dflt_value: "'z'" })
  })
  await t.test('collation and checks hold', () => {
    assert.equal(rows(`select 1 as n from "odd ""t" where "a,b" = 'ONE'`).length, 1)
    assert.throws(() => direct.exec(`insert into "odd ""t" ("a,b") values ('${'x'.repeat(30)}')`), /CHECK/)
    assert.throws(() => direct.exec('insert into "odd ""t" (n) values (-1)'), /CHECK/)
  })
  await t.test('the trigger and the indexes are there', () => {
    direct.exec('insert into "odd ""t" (n) values (7)')
    assert.deepEqual(rows('select what from log'), [{ what: 'z' }])
    assert.deepEqual(rows("select name from sqlite_schema where type = 'index' and sql is not null order by name"), [
      { name: 'i_gone' },
      { name: 'i_n' },
    ])
  })
  await t.test('numbers are not given twice', () => {
    assert.deepEqual(rows('select max(id) as id from "odd ""t"'), [{ id: 10 }])
  })
  await t.test('a parent that goes still sets its children to nothing, and a row takes its own with it', () => {
    direct.exec('PRAGMA foreign_keys = ON; delete from parent')
    assert.deepEqual(rows('select parent_id from "odd ""t" where id = 1'), [{ parent_id: null }])
    direct.exec('delete from "odd ""t" where id = 1')
    assert.deepEqual(rows('select * from child'), [])
  })
})

test('a dropped column takes its index and its unique constraint with it', async (t) => {
  const { rows } = await change(t, [
    { kind: 'drop-column', table, column: 'GONE', foreignKeys: [] },
    { kind: 'drop-column', table, column: 'parent_id', foreignKeys: [] },
  ])
  assert.deepEqual(
    rows(`select name from pragma_table_xinfo('odd "t')`).map((row) => (row as { name: string }).name),
    ['id', 'a,b', 'n', 'twice'],
  )
  assert.deepEqual(rows("select name from sqlite_schema where type = 'index' and sql is not null"), [{ name: 'i_n' }])
  assert.deepEqual(rows(`select * from pragma_foreign_key_list('odd "t')`), [])
})

test('constraints go, inline ones, those of the table and unique indexes; others over more columns stay', async (t) => {
  const { rows, direct } = await change(t, [
    { kind: 'add-unique', table, columns: ['gone'] },
    { kind: 'drop-unique', table, column: 'gone', names: [] },
    { kind: 'drop-unique', table: 'parent', column: 'code', names: [] },
    { kind: 'drop-foreign-key', table, column: 'PARENT_ID', names: [] },
  ])
  await t.test('the index, the inline constraint and the reference are not there', () => {
    direct.exec("insert into parent (code) values ('p')")
    assert.deepEqual(rows(`select name from pragma_index_list('odd "t') where origin = 'c' order by name`), [
      { name: 'i_gone' },
      { name: 'i_n' },
    ])
    assert.deepEqual(rows(`select * from pragma_foreign_key_list('odd "t')`), [])
  })
  await t.test('the rows, the constraint over two columns, the trigger and the view are', () => {
    assert.throws(() => direct.exec(`insert into "odd ""t" (n, gone) values (5, 'g')`), /UNIQUE/)
    direct.exec('insert into "odd ""t" (n, gone, parent_id) values (5, null, 99)')
    assert.deepEqual(rows('select what from log'), [{ what: 'x, (y' }])
    assert.equal(rows('select * from v').length, 2)
    assert.deepEqual(rows('select * from child'), [{ id: 1, odd_id: 1 }])
  })
})

test('columns that ADD COLUMN does not take', async (t) => {
  const { rows } = await change(t, [
    { kind: 'add-column', table, column: { name: 'made', type: 'timestamp_on_create' } },
    { kind: 'add-column', table, column: { name: 'seen', type: 'boolean', default: false } },
  ])
  const [row] = rows('select made is not null as made, seen from "odd ""t"')
  assert.deepEqual(row, { made: 1, seen: 0 })
})

const faults: readonly (readonly [name: string, plan: SchemaPlan, message: RegExp])[] = [
  [
    'a column that rows would leave without a value',
    { kind: 'add-column', table, column: { name: 'x', type: 'string' } },
    /^Field 'x' can not be NULL and needs a default/,
  ],
  ['a part of the key is dropped', { kind: 'drop-column', table, column: 'id', foreignKeys: [] }, /primary key/],
  ['a column that a check reads is dropped', { kind: 'drop-column', table, column: 'n', foreignKeys: [] }, /./],
  [
    'a reference that rows break',
    {
      kind: 'add-foreign-key',
      table,
      foreignKey: { columns: ['n'], refTable: 'parent', refColumns: ['id'] },
    },
    /refer to records that do not exist/,
  ],
  [
    'a column that is not there',
    {
      kind: 'alter-column',
      table,
      column: { name: 'nope', type: 'string' },
      was: plainColumn('nope', 'string'),
      parts: type,
    },
    /^Field 'nope' does not exist any more\.$/,
  ],
]
for (const [name, plan, message] of faults) {
  test(`${name}: refused, and nothing is left of it`, async (t) => {
    const { direct, runner } = database(t, start)
    const before = direct.prepare('select sql from sqlite_schema order by rowid').all()
    const plans: readonly SchemaPlan[] = [
      { kind: 'add-column', table, column: { name: 'first', type: 'string', allowNull: true } },
      plan,
    ]
    await assert.rejects(
      runner.session((session) => changeStructure(sql, plans, session), signal),
      { message },
    )
    assert.deepEqual(direct.prepare('select sql from sqlite_schema order by rowid').all(), before)
    assert.equal(direct.prepare('select count(*) as n from child').get()?.n, 1)
  })
}

test('references are looked at again after the session', async (t) => {
  const { runner } = database(t, start)
  const drop: SchemaPlan = { kind: 'drop-column', table, column: 'gone', foreignKeys: [] }
  await runner.session((session) => changeStructure(sql, [drop], session), signal)
  await assert.rejects(
    runner.session((session) => session.execute('insert into child values (2, 77)'), signal),
    { status: 400 },
  )
})
