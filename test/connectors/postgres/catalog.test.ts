/** Introspection over a hostile schema, other schemas, and very many tables (data-plane 3.2, 5.1, 6.2, 6.3). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Column, Relation, Table } from 'dataferry/records'
import type { PostgresCatalog } from '../../../connectors/postgres/catalog.ts'
import { PostgresCatalog as Catalog } from '../../../connectors/postgres/catalog.ts'
import { postgresql } from '../../../connectors/postgres/flavours.ts'
import { schemaChoice } from '../../../connectors/postgres/introspect.ts'
import { postgres } from '../../support/databases.ts'
import { arrange } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const long = 'a'.repeat(63)
const hostile = `
  create type mood as enum ('sad', 'it''s');
  create domain positive as integer check (value > 0);
  create domain code as varchar(5) not null default 'none';
  create table "or""der" ("select" serial primary key, "a b" varchar(20) default 'it''s', "x.y" int, "日本" text, filter numeric(10,2), unique ("a b", "x.y"));
  create table "${long}" (id int primary key);
  create table region (region char(2), no integer, name varchar(40) not null unique, primary key (region, no));
  create table site (id int generated always as identity primary key, region char(2), region_no int, manager_id int references site, boss bigint,
    foreign key (region, region_no) references region on update cascade on delete set null);
  create table profile (site_id int primary key references site on delete cascade, bio text);
  create table tag (code text primary key, label text);
  create table site_tag (site_id int not null references site, tag_code text not null references tag, since date, primary key (site_id, tag_code));
  create table big (id bigserial primary key, small smallserial, mood mood default 'sad', amount positive default 5, code code, list integer[] default '{}',
    made timestamptz not null default now(), stamp timestamp default current_timestamp, flag boolean not null default true, minus int default -1, half numeric default 0.5,
    text text default 'x'::text, nothing text default null, js jsonb default '{}'::jsonb, d date default '2024-01-01');
  create table calc (price numeric(10,2) not null default 1.50, qty int not null default (1 + 1), total numeric generated always as (price * qty) stored);
  create table gone_column (a int, b int, c int unique);
  alter table gone_column drop column b;
  create table parted (id int, year int, primary key (id, year)) partition by list (year);
  create table parted_2024 partition of parted for values in (2024);
  create table no_columns ();
  create view shown as select s.id, s.region, p.bio from site s left join profile p on p.site_id = s.id;
  create materialized view kept as select count(*) as n from site;
`

async function found(catalog: PostgresCatalog, name: string): Promise<Table> {
  const table = await catalog.table(name)
  assert.ok(table !== null, `${name} is there`)
  return table
}
const columnOf = (table: Table, name: string): Column => {
  const column = table.columns.find((one) => one.name === name)
  assert.ok(column !== undefined, `${name} is there`)
  return column
}

test('the list: tables, views and partitions in natural order', { skip }, async (t) => {
  assert.ok(database)
  const { catalog, schema } = await arrange(t, database, hostile)
  const list = await catalog.list()
  const own = list.filter(({ schema: other }) => other === null)
  assert.deepEqual(
    own.map(({ name, isView }) => (isView ? `${name} (view)` : name)),
    [
      long,
      'big',
      'calc',
      'gone_column',
      'kept (view)',
      'no_columns',
      'or"der',
      'parted',
      'parted_2024',
      'profile',
      'region',
      'shown (view)',
      'site',
      'site_tag',
      'tag',
    ],
  )
  assert.ok(!list.some(({ name }) => name.startsWith('pg_') || name.startsWith('information_schema.')))
  assert.equal(schema.length > 0, true)
})

interface Expected extends Partial<Column> {
  readonly table: string
  readonly column: string
}
const columns: readonly Expected[] = [
  {
    table: 'or"der',
    column: 'select',
    type: 'id',
    autoIncrement: true,
    allowNull: false,
    default: null,
    hasDefault: true,
    isPrimaryKey: true,
    isUnique: false,
  },
  {
    table: 'or"der',
    column: 'a b',
    type: 'string',
    dbType: 'character varying(20)',
    length: 20,
    precision: 20,
    scale: null,
    default: "it's",
    isUnique: false,
  },
  { table: 'or"der', column: 'filter', type: 'decimal', length: 10, precision: 10, scale: 2 },
  { table: 'or"der', column: '日本', type: 'string', dbType: 'text', length: null },
  {
    table: 'region',
    column: 'region',
    type: 'string',
    dbType: 'character(2)',
    length: 2,
    fixedLength: true,
    isPrimaryKey: true,
    allowNull: false,
  },
  { table: 'region', column: 'no', type: 'integer', autoIncrement: false, isPrimaryKey: true, hasDefault: false },
  { table: 'region', column: 'name', isUnique: true, isPrimaryKey: false },
  { table: 'site', column: 'id', type: 'id', autoIncrement: true, hasDefault: true, default: null },
  { table: 'site', column: 'region', type: 'string', isForeignKey: true, refTable: 'region', refField: 'region,no' },
  {
    table: 'site',
    column: 'manager_id',
    type: 'reference',
    isForeignKey: true,
    refTable: 'site',
    refField: 'id',
    refOnDelete: null,
  },
  {
    table: 'profile',
    column: 'site_id',
    type: 'reference',
    isPrimaryKey: true,
    isForeignKey: true,
    autoIncrement: false,
  },
  { table: 'big', column: 'id', type: 'bigint', autoIncrement: true },
  { table: 'big', column: 'small', type: 'integer', dbType: 'smallint', autoIncrement: true, allowNull: false },
  { table: 'big', column: 'mood', type: 'string', dbType: 'mood', default: 'sad' },
  { table: 'big', column: 'amount', type: 'integer', dbType: 'integer', default: 5 },
  {
    table: 'big',
    column: 'code',
    type: 'string',
    dbType: 'character varying(5)',
    length: 5,
    allowNull: false,
    hasDefault: true,
    default: 'none',
  },
  { table: 'big', column: 'list', type: 'string', dbType: 'integer[]', default: '{}' },
  { table: 'big', column: 'made', type: 'timestamptz', default: 'now()' },
  { table: 'big', column: 'stamp', type: 'timestamp', default: 'CURRENT_TIMESTAMP' },
  { table: 'big', column: 'flag', type: 'boolean', default: true, allowNull: false },
  { table: 'big', column: 'minus', default: -1 },
  { table: 'big', column: 'half', default: 0.5 },
  { table: 'big', column: 'text', default: 'x' },
  { table: 'big', column: 'nothing', default: null, hasDefault: false },
  { table: 'big', column: 'js', default: '{}' },
  { table: 'big', column: 'd', type: 'date', default: '2024-01-01' },
  { table: 'calc', column: 'price', default: 1.5 },
  { table: 'calc', column: 'qty', default: '(1 + 1)', hasDefault: true },
  { table: 'calc', column: 'total', isGenerated: true, hasDefault: true, default: null },
  { table: 'gone_column', column: 'c', isUnique: true },
  { table: 'shown', column: 'id', type: 'integer', allowNull: true, isPrimaryKey: false },
  { table: 'kept', column: 'n', type: 'bigint', allowNull: true },
]

test('columns', { skip }, async (t) => {
  assert.ok(database)
  const { catalog } = await arrange(t, database, hostile)
  for (const { table, column, ...expected } of columns) {
    const actual = columnOf(await found(catalog, table), column)
    const told = Object.fromEntries(Object.keys(expected).map((key) => [key, actual[key as keyof Column]]))
    assert.deepEqual(told, expected, `${table}.${column}`)
  }
  assert.deepEqual(
    (await found(catalog, 'gone_column')).columns.map(({ name }) => name),
    ['a', 'c'],
  )
  assert.deepEqual((await found(catalog, 'no_columns')).columns, [])
  assert.deepEqual((await found(catalog, 'region')).primaryKey, ['region', 'no'])
  assert.deepEqual((await found(catalog, 'shown')).primaryKey, [])
  assert.equal((await found(catalog, 'OR"DER')).name, 'or"der')
  assert.equal(await catalog.table('nothing of the kind'), null)
})

const told = ({ name, type, fields, refTable, refFields, junction }: Relation): string =>
  `${name} ${type} ${fields} -> ${refTable}.${refFields}${junction === null ? '' : ` via ${junction.table}(${junction.fields};${junction.refFields})`}`

test('relations of both directions', { skip }, async (t) => {
  assert.ok(database)
  const { catalog } = await arrange(t, database, hostile)
  assert.deepEqual((await found(catalog, 'site')).relations.map(told), [
    'parent_by_manager_id belongs_to manager_id -> site.id',
    'profile_by_site_id has_one id -> profile.site_id',
    'region_by_region_region_no belongs_to region,region_no -> region.region,no',
    'region_by_site many_many id -> region.region,no via site(manager_id;region,region_no)',
    'site_by_manager_id has_many id -> site.manager_id',
    'site_tag_by_site_id has_many id -> site_tag.site_id',
    'tag_by_site_tag many_many id -> tag.code via site_tag(site_id;tag_code)',
  ])
  assert.deepEqual((await found(catalog, 'region')).relations.map(told), [
    'site_by_region_region_no has_many region,no -> site.region,region_no',
    'site_by_site many_many region,no -> site.id via site(region,region_no;manager_id)',
  ])
  const key = (await found(catalog, 'site')).relations.find(({ name }) => name === 'region_by_region_region_no')
  assert.deepEqual([key?.onUpdate, key?.onDelete], ['CASCADE', 'SET NULL'])
  assert.deepEqual((await found(catalog, 'shown')).relations, [])
})

test('constraints', { skip }, async (t) => {
  assert.ok(database)
  const { catalog, schema } = await arrange(t, database, hostile)
  const common = { constraint_schema: schema, table_schema: schema, table_name: 'site' }
  const none = {
    referenced_table_schema: null,
    referenced_table_name: null,
    referenced_column_name: null,
    update_rule: null,
    delete_rule: null,
  }
  assert.deepEqual((await found(catalog, 'site')).constraints, {
    site_pkey: { constraint_type: 'PRIMARY KEY', constraint_name: 'site_pkey', column_name: 'id', ...common, ...none },
    site_manager_id_fkey: {
      constraint_type: 'FOREIGN KEY',
      constraint_name: 'site_manager_id_fkey',
      column_name: 'manager_id',
      ...common,
      referenced_table_schema: schema,
      referenced_table_name: 'site',
      referenced_column_name: 'id',
      update_rule: 'NO ACTION',
      delete_rule: 'NO ACTION',
    },
    site_region_region_no_fkey: {
      constraint_type: 'FOREIGN KEY',
      constraint_name: 'site_region_region_no_fkey',
      column_name: ['region', 'region_no'],
      ...common,
      referenced_table_schema: schema,
      referenced_table_name: 'region',
      referenced_column_name: ['region', 'no'],
      update_rule: 'CASCADE',
      delete_rule: 'SET NULL',
    },
  })
  assert.deepEqual((await found(catalog, 'no_columns')).constraints, [])
})

test('which schemas are shown, and what their tables are called', { skip }, async (t) => {
  assert.ok(database)
  const { runner, client, schema } = await arrange(t, database, 'create table here (id int primary key)')
  const other = `${schema}_other`
  await client.query(
    `create schema ${other}; create table ${other}.note (id int primary key, here_id int references here)`,
  )
  const names = async (configured: string): Promise<string[]> => {
    const catalog = new Catalog(runner, postgresql, schemaChoice(configured))
    return (await catalog.list())
      .map(({ name }) => name)
      .filter((name) => /here|note/.test(name) && (!name.includes('.') || name.startsWith(other)))
  }
  assert.deepEqual(await names(''), ['here', `${other}.note`])
  assert.deepEqual(await names('default'), ['here'])
  assert.deepEqual(await names(other), [`${other}.note`])
  const all = new Catalog(runner, postgresql, schemaChoice(''))
  assert.deepEqual((await found(all, 'here')).relations.map(told), [
    `${other}.note_by_here_id has_many id -> ${other}.note.here_id`,
  ])
  assert.deepEqual((await found(all, `${other}.NOTE`)).relations.map(told), [
    'here_by_here_id belongs_to here_id -> here.id',
  ])
  // A key that leads out of what is shown is none.
  const only = await found(new Catalog(runner, postgresql, schemaChoice(other)), `${other}.note`)
  assert.deepEqual([only.relations, columnOf(only, 'here_id').isForeignKey], [[], false])
})

test('a table made behind the catalog, dropped, and made anew', { skip }, async (t) => {
  assert.ok(database)
  const { catalog, client } = await arrange(t, database, 'create table first (id int primary key)')
  await found(catalog, 'first')
  await client.query('create table second (id int primary key)')
  assert.equal(await catalog.table('second'), null)
  catalog.refresh()
  await found(catalog, 'second')
  const epoch = catalog.epoch
  await client.query('create table third (id int primary key)')
  catalog.refresh()
  await catalog.list()
  await client.query('drop table third; create table third (other text)')
  assert.deepEqual(
    (await found(catalog, 'third')).columns.map(({ name }) => name),
    ['other'],
  )
  await client.query('drop table first')
  catalog.refresh()
  await catalog.list()
  await client.query('drop table second')
  assert.equal(await catalog.table('second'), null)
  assert.ok(catalog.epoch > epoch)
})

test('relations are the same from the keys around a table and from those of all', { skip }, async (t) => {
  assert.ok(database)
  const fillers = Array.from({ length: 10 }, (_, i) => `create table filler${i} (id integer primary key);`).join('\n')
  const { catalog } = await arrange(
    t,
    database,
    `${fillers}
     create table person (id integer primary key, boss integer references person);
     create table tag (code text, lang text, primary key (code, lang));
     create table person_tag (person integer references person, code text, lang text, foreign key (code, lang) references tag on delete cascade);
     create table profile (person integer unique references person, tag text);
     create table "odd ""name" (p integer primary key references person, t integer references "odd ""name");`,
  )
  const names = ['person', 'tag', 'person_tag', 'profile', 'odd "name']
  const alone: Table[] = []
  for (const name of names) alone.push(await found(catalog, name))
  catalog.refresh()
  for (let i = 0; i < 10; i++) await found(catalog, `filler${i}`)
  for (const [at, name] of names.entries()) {
    const { relations, columns, constraints } = await found(catalog, name)
    const one = alone[at]
    assert.ok(one !== undefined && relations.length > 0, name)
    assert.deepEqual(
      { relations: one.relations, columns: one.columns, constraints: one.constraints },
      { relations, columns, constraints },
    )
  }
})

test('two thousand tables: one is described without the others', { skip }, async (t) => {
  assert.ok(database)
  const { catalog, runner } = await arrange(
    t,
    database,
    `do $$ begin for n in 1..2000 loop execute format('create table many_%s (id int, n int)', n); end loop; end $$;
     alter table many_1000 add primary key (id), add prev int references many_1000;
     alter table many_1001 add prev int references many_1000`,
  )
  let queries = 0
  const query = runner.query.bind(runner)
  runner.query = (...args) => {
    queries++
    return query(...args)
  }
  const table = await found(catalog, 'many_1000')
  assert.deepEqual(table.relations.map(told), [
    'many_1000_by_prev has_many id -> many_1000.prev',
    'many_1001_by_prev has_many id -> many_1001.prev',
    'parent_by_prev belongs_to prev -> many_1000.id',
  ])
  assert.equal(queries, 3)
  assert.equal((await catalog.list()).filter(({ name }) => name.startsWith('many_')).length, 2000)
  assert.equal(queries, 3)
  const together = await Promise.all(Array.from({ length: 100 }, (_, i) => found(catalog, `many_${950 + i}`)))
  assert.deepEqual(
    together.filter(({ relations }) => relations.length > 0).map(({ name }) => name),
    ['many_1000', 'many_1001'],
  )
  assert.equal(queries, 5, 'those that are asked for at once are read together')
})
