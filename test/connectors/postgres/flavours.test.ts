/** Servers that speak PostgreSQL's protocol: what is written for them, and Redshift's own introspection where a server understands it. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  allFields,
  type FieldValues,
  plainColumn,
  plainSummary,
  type Table,
  viewOfEverything,
  WritePlanner,
} from 'dataferry/records'
import { PostgresCatalog } from '../../../connectors/postgres/catalog.ts'
import { postgresConnector } from '../../../connectors/postgres/connector.ts'
import { cockroach, type Flavour, postgresql, redshift, timescale } from '../../../connectors/postgres/flavours.ts'
import plugin from '../../../connectors/postgres/plugin.ts'
import { postgres } from '../../support/databases.ts'
import { arrange } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

test('the types, and the fields of their configuration', () => {
  assert.deepEqual(
    plugin.types.map(({ name, label, group }) => [name, label, group]),
    [
      ['pgsql', 'PostgreSQL', 'Database'],
      ['alloydb', 'AlloyDB', 'Database'],
      ['cockroachdb', 'CockroachDB', 'Database'],
      ['timescaledb', 'TimescaleDB', 'Database'],
      ['aurora_pgsql', 'Amazon Aurora PostgreSQL', 'Database'],
      ['aws_redshift_db', 'AWS Redshift DB', 'Database'],
    ],
  )
  for (const { config } of plugin.types) {
    assert.deepEqual(
      config.map(({ name, secret }) => (secret === undefined ? name : `${name} (${secret})`)),
      [
        'host',
        'port',
        'database',
        'username (encrypted)',
        'password (masked)',
        'schema',
        'charset',
        'sslmode',
        'timezone',
        'application_name',
        'options',
        'attributes',
        'statements',
        'allow_upsert',
        'max_records',
        'cache_enabled',
        'cache_ttl',
      ],
    )
  }
})

const missing = 'Database connection information must contain at least host and database name.'
const configs: readonly {
  readonly name: string
  readonly config: { readonly [name: string]: string | number }
  readonly message: string | null
}[] = [
  { name: 'complete', config: { host: 'db', database: 'x' }, message: null },
  { name: 'no host', config: { database: 'x' }, message: missing },
  { name: 'blank database', config: { host: 'db', database: ' ' }, message: missing },
  {
    name: 'a port that is none',
    config: { host: 'db', database: 'x', port: 'abc' },
    message: 'The port of the database must be a number from 1 to 65535.',
  },
  {
    name: 'an unknown SSL mode',
    config: { host: 'db', database: 'x', sslmode: 'maybe' },
    message: 'The SSL mode must be one of disable, allow, prefer, require, verify-ca, verify-full.',
  },
]
for (const { name, config, message } of configs) {
  test(`a configuration: ${name}`, () => {
    const check = (): void => plugin.types[0]?.check?.(config)
    if (message === null) check()
    else assert.throws(check, { status: 400, message })
  })
}

const id = plainColumn('id', 'id', { isPrimaryKey: true, dbType: 'integer' })
const name = plainColumn('name', 'string', { dbType: 'character varying(20)' })
const table: Table = {
  ...plainSummary('item'),
  columns: [id, name],
  primaryKey: ['id'],
  relations: [],
  constraints: [],
  nameField: null,
  epoch: 1,
}

const inserts: readonly { readonly name: string; readonly flavour: Flavour; readonly text: string }[] = [
  { name: 'PostgreSQL', flavour: postgresql, text: 'insert into "item" ("name") values ($1) returning "id", "name"' },
  { name: 'CockroachDB', flavour: cockroach, text: 'insert into "item" ("name") values ($1) returning "id", "name"' },
  { name: 'TimescaleDB', flavour: timescale, text: 'insert into "item" ("name") values ($1) returning "id", "name"' },
  { name: 'Redshift, which returns nothing', flavour: redshift, text: 'insert into "item" ("name") values ($1)' },
]
for (const { name: server, flavour, text } of inserts) {
  test(`an insert on ${server}`, () => {
    const view = viewOfEverything(table)
    const planned = new WritePlanner(view, allFields(view)).insert(
      new Map([[name, { kind: 'value', value: 'x' }]]) as FieldValues,
    )
    assert.equal(postgresConnector(flavour).dialect.compileWrite(planned.plan, 'w1').statement.text, text)
  })
}

test('an insert of many rows over arrays', { skip }, async (t) => {
  assert.ok(database)
  const { catalog } = await arrange(
    t,
    database,
    "create type color as enum ('red'); create table item (id serial primary key, name varchar(20), code char(3), price numeric(5,2), tint color, bits bit(3), list int[])",
  )
  const described = await catalog.table('item')
  assert.ok(described !== null)
  const view = viewOfEverything(described)
  const values = new Map(
    described.columns.slice(1).map((column) => [column, { kind: 'value', value: null }]),
  ) as FieldValues
  const planned = new WritePlanner(
    view,
    view.columns
      .slice(0, 1)
      .map((column) => ({ as: 'id', expr: { kind: 'column', column }, type: 'id', column, hidden: false })),
  ).insert(values)
  const { batch } = postgresConnector(postgresql).dialect.compileWrite(planned.plan, 'w1') as unknown as {
    batch: { text: string }
  }
  assert.equal(
    batch.text,
    'insert into "item" ("name", "code", "price", "tint", "bits", "list") select u.c1::character varying, u.c2::bpchar, u.c3::numeric, u.c4::color, u.c5::"bit", u.c6::integer[]' +
      ' from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as u (c1, c2, c3, c4, c5, c6) returning "id"',
  )
})

test('Redshift’s introspection tells what PostgreSQL’s tells of plain tables', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(
    t,
    database,
    `create table region (region char(2), no integer, name varchar(40) not null unique, primary key (no, region));
     create table site (id int primary key, price numeric(10,2) default 1.5, region char(2), region_no int, foreign key (region, region_no) references region (region, no));
     create view shown as select id from site`.replace('primary key (no, region)', 'primary key (region, no)'),
  )
  const ours = new PostgresCatalog(runner, postgresql, { kind: 'default' })
  const theirs = new PostgresCatalog(runner, redshift, { kind: 'default' })
  assert.deepEqual(await theirs.list(), await ours.list())
  for (const { name: each } of await ours.list()) assert.deepEqual(await theirs.table(each), await ours.table(each))
})
