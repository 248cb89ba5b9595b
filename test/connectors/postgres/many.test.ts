/** Many rows in one insert: the values arrive whatever they are, and where one can't, nothing is left of the others. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { allFields, type Columns, type FieldValues, viewOfEverything, WritePlanner } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import { postgres } from '../../support/databases.ts'
import { type Arranged, arrange, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

async function insert({ catalog, store }: Arranged, names: readonly string[], columns: Columns) {
  const table = await catalog.table('many')
  assert.ok(table !== null)
  const view = viewOfEverything(table)
  const values = new Map<unknown, unknown>()
  names.forEach((name, i) => {
    values.set(view.column(name), { kind: 'value', value: columns[i]?.[0] ?? null })
  })
  const planned = new WritePlanner(
    view,
    allFields(view).filter(({ as }) => as === 'id'),
  ).insert(values as unknown as FieldValues)
  return store.writeMany?.(planned, columns, signal)
}

const stored = async ({ client }: Arranged): Promise<unknown[]> =>
  (await client.query('select * from many order by id')).rows

const types: readonly {
  readonly type: string
  readonly values: readonly Bind[]
  readonly shown?: readonly unknown[]
}[] = [
  { type: 'int', values: [1, null, -2_147_483_648] },
  {
    type: 'bigint',
    values: [Number.MAX_SAFE_INTEGER, 9_223_372_036_854_775_807n, -5],
    shown: ['9007199254740991', '9223372036854775807', '-5'],
  },
  {
    type: 'bigint',
    values: [-1, -4_294_967_297, Number.MIN_SAFE_INTEGER],
    shown: ['-1', '-4294967297', '-9007199254740991'],
  },
  { type: 'boolean', values: [true, false, null] },
  { type: 'text', values: ['', 'NULL', '{"a",\\}'] },
  { type: 'text', values: ['é', `${'x'.repeat(39)}é`, '🙂'.repeat(40)] },
  { type: 'varchar(3)', values: ['abc', null, 'é🙂'] },
  { type: 'numeric', values: ['12.50', '1e3', null], shown: ['12.50', '1000', null] },
  { type: 'int[]', values: [[1, 2], null, []], shown: [[1, 2], null, []] },
  { type: 'jsonb', values: ['{"a":[1]}', 'null', null], shown: [{ a: [1] }, null, null] },
  {
    type: 'bytea',
    values: [new Uint8Array([0, 255]), new Uint8Array(), null],
    shown: [Buffer.from([0, 255]), Buffer.alloc(0), null],
  },
]
for (const { type, values, shown = values } of types) {
  test(`${type}: ${String(shown[0])}`, { skip }, async (t) => {
    assert.ok(database)
    const there = await arrange(t, database, `create table many (id serial primary key, v ${type})`)
    const rows = await insert(there, ['v'], [values])
    assert.deepEqual(
      rows?.map((row) => row.id),
      [1, 2, 3],
    )
    assert.deepEqual(
      (await stored(there)).map((row) => (row as { v: unknown }).v),
      shown,
    )
  })
}

test('more rows than one statement takes come in their order', { skip }, async (t) => {
  assert.ok(database)
  const there = await arrange(t, database, 'create table many (id serial primary key, v int)')
  const rows = await insert(there, ['v'], [Array.from({ length: 2_500 }, (_, i) => i)])
  assert.equal(rows?.length, 2_500)
  assert.equal(rows?.at(-1)?.id, 2_500)
  assert.deepEqual((await stored(there)).at(-1), { id: 2_500, v: 2_499 })
})

const failures = [
  { name: 'a value that does not fit', also: '', v: 'four' },
  { name: 'a value that is there already', also: "insert into many (v) values ('one')", v: 'two', kept: 1 },
  {
    name: 'a constraint that is judged at the end',
    also: 'create unique index on many (v); alter table many add constraint c exclude using btree (v with =) deferrable initially deferred',
    v: 'one',
  },
  {
    name: 'a trigger that leaves a row out',
    also: "create function skip() returns trigger language plpgsql as 'begin return null; end'; create trigger t before insert on many for each row when (new.v = 'two') execute function skip()",
    v: 'two',
  },
]
for (const { name, also, v, kept = 0 } of failures) {
  test(`nothing is left after ${name}`, { skip }, async (t) => {
    assert.ok(database)
    const there = await arrange(t, database, `create table many (id serial primary key, v varchar(3) unique); ${also}`)
    assert.equal(await insert(there, ['v'], [['abc', 'one', v]]), null)
    assert.equal((await stored(there)).length, kept)
    // The connection is at rest again.
    assert.equal((await insert(there, ['v'], [['x', 'y']]))?.length, 2)
  })
}
