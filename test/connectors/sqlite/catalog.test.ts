import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column, Table } from 'dataferry/records'
import { SqliteCatalog } from '../../../connectors/sqlite/catalog.ts'
import { database, log } from './database.ts'

const hostile = `
  CREATE TABLE "or""der" ("select" integer PRIMARY KEY, "a b" varchar(20) DEFAULT 'it''s', "x.y" int, "日本" text, [group] real, UNIQUE ("a b", "x.y"));
  CREATE TABLE "Region's" (region char(2), no integer, name varchar(40) NOT NULL UNIQUE, PRIMARY KEY (region, no));
  CREATE TABLE site (id integer PRIMARY KEY, region char(2), region_no integer, manager_id integer REFERENCES SITE, boss int REFERENCES "SITE" (ID) ON DELETE SET NULL,
    FOREIGN KEY (region, region_no) REFERENCES "region's" ON UPDATE CASCADE);
  CREATE TABLE profile (site_id integer PRIMARY KEY REFERENCES site (id) ON DELETE CASCADE, bio text);
  CREATE TABLE tag (code text PRIMARY KEY, label text) WITHOUT ROWID;
  CREATE TABLE site_tag (site_id integer NOT NULL REFERENCES site, tag_code text NOT NULL REFERENCES tag, since date, PRIMARY KEY (site_id, tag_code)) WITHOUT ROWID;
  CREATE TABLE counted (n integer, PRIMARY KEY (n DESC)) WITHOUT ROWID;
  CREATE TABLE down (n integer PRIMARY KEY DESC, [b c]Int, upper INTEGER);
  CREATE TABLE int_key (n int PRIMARY KEY);
  CREATE TABLE calc (price decimal(10,2) NOT NULL DEFAULT 1.50, qty integer NOT NULL DEFAULT (1 + 1), total decimal(12,2) GENERATED ALWAYS AS (price * qty) STORED, half AS (qty / 2), made timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE TABLE lost (id integer PRIMARY KEY, gone_id integer REFERENCES gone (id));
  CREATE TABLE empty_name (id integer PRIMARY KEY, part text, whole text);
  CREATE UNIQUE INDEX only_some ON empty_name (part) WHERE part IS NOT NULL;
  CREATE UNIQUE INDEX computed ON empty_name (lower(whole));
  CREATE INDEX plain ON empty_name (whole);
  CREATE VIRTUAL TABLE search USING fts5 (body);
  CREATE VIEW "big view" AS SELECT s.id, s.region, count(*) AS n FROM site s GROUP BY 1;
  CREATE VIEW broken AS SELECT * FROM gone;
`

async function found(catalog: SqliteCatalog, name: string): Promise<Table> {
  const table = await catalog.table(name)
  assert.ok(table !== null, `${name} is there`)
  return table
}
const columnOf = (table: Table, name: string): Column => {
  const column = table.columns.find((one) => one.name === name)
  assert.ok(column !== undefined, `${name} is there`)
  return column
}

test('the list: tables and views in natural order, without what is SQLite’s own', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  const list = await catalog.list()
  assert.deepEqual(
    list.map(({ name, isView }) => (isView ? `${name} (view)` : name)),
    [
      'big view (view)',
      'broken (view)',
      'calc',
      'counted',
      'down',
      'empty_name',
      'int_key',
      'lost',
      'or"der',
      'profile',
      "Region's",
      'search',
      'site',
      'site_tag',
      'tag',
    ],
  )
  assert.deepEqual(list.find(({ name }) => name === 'site_tag')?.label, 'Site Tag')
  assert.deepEqual(list.find(({ name }) => name === 'site_tag')?.plural, 'Site Tags')
})

const columns: { name: string; table: string; column: string; has: Partial<Column> }[] = [
  {
    name: 'rowid alias',
    table: 'OR"DER',
    column: 'select',
    has: { type: 'id', autoIncrement: true, hasDefault: true, allowNull: false, isPrimaryKey: true },
  },
  {
    name: 'a blank and a quote',
    table: 'or"der',
    column: 'a b',
    has: { type: 'string', length: 20, default: "it's", isUnique: false, allowNull: true },
  },
  { name: 'a dot', table: 'or"der', column: 'x.y', has: { type: 'integer', dbType: 'int' } },
  { name: 'unicode', table: 'or"der', column: '日本', has: { type: 'text', label: '日本' } },
  {
    name: 'part of a key',
    table: "region's",
    column: 'no',
    has: { type: 'integer', autoIncrement: false, hasDefault: false, allowNull: false, isPrimaryKey: true },
  },
  { name: 'unique', table: "region's", column: 'name', has: { isUnique: true, allowNull: false, hasDefault: false } },
  {
    name: 'a reference to the table itself',
    table: 'site',
    column: 'manager_id',
    has: { type: 'reference', isForeignKey: true, refTable: 'site', refField: 'id' },
  },
  {
    name: 'a reference in other letters',
    table: 'site',
    column: 'boss',
    has: { type: 'reference', refTable: 'site', refField: 'id' },
  },
  {
    name: 'part of a composite reference',
    table: 'site',
    column: 'region',
    has: { type: 'string', isForeignKey: true, refTable: "Region's", refField: 'region,no', fixedLength: true },
  },
  { name: 'an integer part of one', table: 'site', column: 'region_no', has: { type: 'reference' } },
  {
    name: 'a key that refers',
    table: 'profile',
    column: 'site_id',
    has: { type: 'id', autoIncrement: true, isForeignKey: true, refTable: 'site' },
  },
  {
    name: 'a reference within a key',
    table: 'site_tag',
    column: 'site_id',
    has: { type: 'reference', autoIncrement: false, allowNull: false, isPrimaryKey: true },
  },
  {
    name: 'text reference',
    table: 'site_tag',
    column: 'tag_code',
    has: { type: 'text', isForeignKey: true, refTable: 'tag', refField: 'code' },
  },
  {
    name: 'integer key without a rowid',
    table: 'counted',
    column: 'n',
    has: { type: 'integer', autoIncrement: false },
  },
  { name: 'INTEGER PRIMARY KEY DESC', table: 'down', column: 'n', has: { type: 'integer', autoIncrement: false } },
  { name: 'INT PRIMARY KEY', table: 'int_key', column: 'n', has: { type: 'integer', autoIncrement: false } },
  {
    name: 'decimal',
    table: 'calc',
    column: 'price',
    has: { type: 'decimal', precision: 10, scale: 2, length: 10, default: 1.5, hasDefault: true, isGenerated: false },
  },
  {
    name: 'expression as default',
    table: 'calc',
    column: 'qty',
    has: { type: 'integer', default: '1 + 1', hasDefault: true },
  },
  {
    name: 'stored generated',
    table: 'calc',
    column: 'total',
    has: { type: 'decimal', isGenerated: true, hasDefault: true },
  },
  {
    name: 'generated without a type',
    table: 'calc',
    column: 'half',
    has: { type: 'string', isGenerated: true, dbType: '' },
  },
  {
    name: 'current time',
    table: 'calc',
    column: 'made',
    has: { type: 'timestamp', default: null, hasDefault: true, allowNull: false },
  },
  {
    name: 'a reference to nothing',
    table: 'lost',
    column: 'gone_id',
    has: { type: 'integer', isForeignKey: false, refTable: null },
  },
  { name: 'partly unique', table: 'empty_name', column: 'part', has: { isUnique: false } },
  { name: 'unique by an expression', table: 'empty_name', column: 'whole', has: { isUnique: false, isIndex: false } },
  { name: 'a virtual table', table: 'search', column: 'body', has: { type: 'string', allowNull: true } },
  {
    name: 'a view',
    table: 'BIG VIEW',
    column: 'id',
    has: { type: 'integer', allowNull: true, isPrimaryKey: false, autoIncrement: false },
  },
  { name: 'an expression in a view', table: 'big view', column: 'n', has: { type: 'string', allowNull: true } },
]

test('columns', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  for (const { name, table, column, has } of columns) {
    await t.test(name, async () => {
      const described = columnOf(await found(catalog, table), column)
      assert.deepEqual({ ...described, ...has }, described)
    })
  }
})

const spellings: [table: string, column: string, dbType: string][] = [
  ['down', 'n', 'integer'],
  ['down', 'b c', 'Int'],
  ['down', 'upper', 'INTEGER'],
  ['or"der', '日本', 'text'],
  ['or"der', 'select', 'integer'],
  ['or"der', 'group', 'real'],
  ['big view', 'id', 'integer'],
]
test('types are spelled as they were declared', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  for (const [table, column, dbType] of spellings) {
    assert.equal(columnOf(await found(catalog, table), column).dbType, dbType, `${table}.${column}`)
  }
})

const keys: [table: string, key: string[]][] = [
  ['or"der', ['select']],
  ["region's", ['region', 'no']],
  ['site_tag', ['site_id', 'tag_code']],
  ['calc', []],
  ['big view', []],
]
const relations: [table: string, relations: string[]][] = [
  ['or"der', []],
  [
    "region's",
    ['site_by_region_region_no has_many region,no>site.region,region_no', 'site_by_site many_many region,no>site.id'],
  ],
  [
    'site',
    [
      'parent_by_boss belongs_to boss>site.id',
      'parent_by_manager_id belongs_to manager_id>site.id',
      'profile_by_site_id has_one id>profile.site_id',
      "Region's_by_region_region_no belongs_to region,region_no>Region's.region,no",
      "Region's_by_site many_many id>Region's.region,no",
      'site_by_boss has_many id>site.boss',
      'site_by_manager_id has_many id>site.manager_id',
      'site_tag_by_site_id has_many id>site_tag.site_id',
      'tag_by_site_tag many_many id>tag.code',
    ],
  ],
  ['tag', ['site_by_site_tag many_many code>site.id', 'site_tag_by_tag_code has_many code>site_tag.tag_code']],
  ['lost', []],
  ['big view', []],
]
test('keys and relations', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  for (const [table, key] of keys) assert.deepEqual((await found(catalog, table)).primaryKey, key, table)
  for (const [table, expected] of relations) {
    const names = (await found(catalog, table)).relations.map(
      ({ name, type, fields, refTable, refFields }) =>
        `${name} ${type} ${fields.join(',')}>${refTable}.${refFields.join(',')}`,
    )
    assert.deepEqual(names, expected, table)
  }
})

test('constraints as data-plane 6.2 has them for SQLite', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  assert.deepEqual((await found(catalog, 'lost')).constraints, [])
  assert.deepEqual((await found(catalog, 'site_tag')).constraints, {
    sqlite_autoindex_site_tag_1: {
      table_schema: '',
      table_name: 'site_tag',
      column_name: ['site_id', 'tag_code'],
      constraint_name: 'sqlite_autoindex_site_tag_1',
      constraint_type: 'pk',
    },
    fk_site_tag_tag_code: {
      table_schema: '',
      table_name: 'site_tag',
      column_name: 'tag_code',
      constraint_name: 'fk_site_tag_tag_code',
      constraint_type: 'f',
      referenced_table_schema: '',
      referenced_table_name: 'tag',
      referenced_column_name: 'code',
      update_rule: 'NO ACTION',
      delete_rule: 'NO ACTION',
    },
    fk_site_tag_site_id: {
      table_schema: '',
      table_name: 'site_tag',
      column_name: 'site_id',
      constraint_name: 'fk_site_tag_site_id',
      constraint_type: 'f',
      referenced_table_schema: '',
      referenced_table_name: 'site',
      referenced_column_name: 'id',
      update_rule: 'NO ACTION',
      delete_rule: 'NO ACTION',
    },
  })
  const site = (await found(catalog, 'site')).constraints as { [name: string]: { [member: string]: unknown } }
  assert.deepEqual(site.fk_site_region_region_no?.column_name, ['region', 'region_no'])
  assert.deepEqual(site.fk_site_region_region_no?.referenced_column_name, ['region', 'no'])
  assert.equal(site.fk_site_boss?.delete_rule, 'SET NULL')
  const calc = (await found(catalog, 'empty_name')).constraints as { [name: string]: { [member: string]: unknown } }
  assert.deepEqual(Object.keys(calc), ['plain', 'computed', 'only_some'])
  assert.equal(calc.plain?.constraint_type, 'c')
})

test('a table that is known is answered without a promise; names are found in any case; unknown ones are null', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  const promise = catalog.table('Site')
  assert.ok(promise instanceof Promise)
  const [one, same] = await Promise.all([promise, catalog.table('SITE')])
  assert.equal(one, same, 'described once, however many wait')
  assert.equal(catalog.table('sITE'), one)
  assert.equal(await catalog.table('nothing'), null)
  assert.equal(await catalog.table('sqlite_sequence'), null)
  assert.equal(await catalog.table('search_data'), null)
})

test('a broken view fails alone, with an error that tells nothing of its text', async (t) => {
  const { runner } = database(t, hostile)
  const catalog = new SqliteCatalog(runner, log)
  await assert.rejects(
    Promise.resolve(catalog.table('broken')),
    (thrown: unknown) => thrown instanceof Error && !/gone/.test(thrown.message),
  )
  assert.ok(await catalog.table('site'))
})

test('a change of structure from outside is noticed when a table is missing, and by a refresh', async (t) => {
  const { runner, direct } = database(t, 'CREATE TABLE a (id integer PRIMARY KEY)')
  const catalog = new SqliteCatalog(runner, log)
  assert.equal((await found(catalog, 'a')).columns.length, 1)
  const { epoch } = catalog
  direct.exec('CREATE TABLE b (id integer PRIMARY KEY); ALTER TABLE a ADD COLUMN name text')
  assert.equal((await found(catalog, 'b')).columns.length, 1)
  assert.ok(catalog.epoch > epoch)
  assert.equal((await found(catalog, 'a')).columns.length, 2)
  assert.equal((await found(catalog, 'a')).epoch, catalog.epoch)
  direct.exec('DROP TABLE b')
  catalog.refresh()
  assert.equal(await catalog.table('b'), null)
})

test('the number of statements does not grow with the number of tables', async (t) => {
  const many = Array.from(
    { length: 50 },
    (_, i) => `CREATE TABLE t${i} (id integer PRIMARY KEY, before_id integer REFERENCES t${Math.max(0, i - 1)});`,
  )
  const { runner } = database(t, many.join('\n'))
  let statements = 0
  const { query } = runner
  runner.query = (...args) => {
    statements++
    return query.apply(runner, args)
  }
  const catalog = new SqliteCatalog(runner, log)
  assert.equal((await catalog.list()).length, 50)
  assert.equal(statements, 2)
  await found(catalog, 't7')
  assert.equal(statements, 9)
  await found(catalog, 't8')
  assert.equal(statements, 16)
  for (let i = 10; i < 18; i++) await found(catalog, `t${i}`)
  // From the eleventh on they share the keys of all.
  statements = 0
  await found(catalog, 't20')
  assert.equal(statements, 6)
  await found(catalog, 't21')
  assert.equal(statements, 9)
  // Those that are asked for at once are read together.
  statements = 0
  const together = await Promise.all(Array.from({ length: 20 }, (_, i) => found(catalog, `t${30 + i}`)))
  assert.equal(statements, 3)
  assert.deepEqual(
    together.map(({ name, relations }) => [name, relations.length]),
    Array.from({ length: 20 }, (_, i) => [`t${30 + i}`, i === 19 ? 1 : 2]),
  )
})

test('relations are the same from the keys around a table and from those of all', async (t) => {
  const fillers = Array.from({ length: 10 }, (_, i) => `CREATE TABLE filler${i} (id integer PRIMARY KEY);`).join('\n')
  const { runner } = database(
    t,
    `${fillers}
     CREATE TABLE Person (id integer PRIMARY KEY, boss integer REFERENCES PERSON, gone integer REFERENCES missing);
     CREATE TABLE tag (code text, lang text, PRIMARY KEY (code, lang));
     CREATE TABLE person_tag (person integer REFERENCES person (ID), code text, lang text, FOREIGN KEY (CODE, lang) REFERENCES Tag);
     CREATE TABLE profile (person integer UNIQUE REFERENCES person, tag text);
     CREATE TABLE "odd ""name" (p integer PRIMARY KEY REFERENCES person, t integer REFERENCES "odd ""name");`,
  )
  const names = ['person', 'tag', 'person_tag', 'profile', 'odd "name']
  const alone = new SqliteCatalog(runner, log)
  const all = new SqliteCatalog(runner, log)
  for (let i = 0; i < 10; i++) await found(all, `filler${i}`)
  for (const name of names) {
    const { relations, columns } = await found(alone, name)
    const other = await found(all, name)
    assert.ok(relations.length > 0, name)
    assert.deepEqual({ relations, columns }, { relations: other.relations, columns: other.columns })
  }
})

test('a table that is looked for while the catalog is refreshed is found', async (t) => {
  const { runner } = database(t, hostile)
  for (let turns = 0; turns < 40; turns++) {
    const catalog = new SqliteCatalog(runner, log)
    await catalog.list()
    const asked = catalog.table('site')
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    catalog.refresh()
    assert.equal((await asked)?.name, 'site', `after ${turns} turns`)
    assert.equal((await found(catalog, 'site')).relations.length, 9)
  }
})
