/** Transactions: batches with a bad record in each mode, savepoints, cancelling (data-plane 3.9). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  allFields,
  asRows,
  type FieldValues,
  type Planned,
  planRead,
  type Table,
  viewOfEverything,
  type WriteOutcome,
  type WritePlan,
  WritePlanner,
} from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import { postgres } from '../../support/databases.ts'
import { type Arranged, arrange, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const schema = `create type color as enum ('red', 'green');
  create table item (id serial primary key, name varchar(5) not null unique, tint color, list int[], price numeric(5,2))`

interface Inserting {
  readonly planned: Planned<WritePlan>
  readonly table: Table
}

async function inserting({ catalog }: Arranged, fields: readonly string[] = ['name']): Promise<Inserting> {
  const table = await catalog.table('item')
  assert.ok(table !== null)
  const view = viewOfEverything(table)
  const values = fields.map((name) => [
    table.columns.find((column) => column.name === name),
    { kind: 'value', value: null },
  ])
  return { planned: new WritePlanner(view, allFields(view)).insert(new Map(values as never) as FieldValues), table }
}

const summary = (outcomes: readonly WriteOutcome[]): (string | number)[] =>
  outcomes.map((outcome) => (outcome.ok ? String(outcome.rows[0]?.name) : outcome.error.message))

const names = async ({ client }: Arranged): Promise<string[]> => {
  const { rows } = await client.query('select name from item order by id')
  return (rows as { name: string }[]).map(({ name }) => name)
}

const good = (n: number): string[] => Array.from({ length: n }, (_, i) => `n${i}`)
const tooLong = "Field 'name' is too long."

const batches: readonly {
  readonly name: string
  readonly sent: readonly (string | null)[]
  readonly mode: 'halt' | 'continue'
  readonly outcomes: readonly string[]
  readonly kept: readonly string[]
}[] = [
  { name: 'all good', sent: good(2_500), mode: 'halt', outcomes: good(2_500), kept: good(2_500) },
  {
    name: 'halt at a bad one',
    sent: ['a', 'b', 'too long', 'c'],
    mode: 'halt',
    outcomes: ['a', 'b', tooLong],
    kept: ['a', 'b'],
  },
  { name: 'halt at the first', sent: ['too long', 'c'], mode: 'halt', outcomes: [tooLong], kept: [] },
  {
    name: 'continue over several bad ones',
    sent: ['a', 'too long', 'a', null, 'b', 'too long'],
    mode: 'continue',
    outcomes: ['a', tooLong, "Duplicate value for field 'name'.", "Field 'name' can not be NULL.", 'b', tooLong],
    kept: ['a', 'b'],
  },
  {
    name: 'continue in a batch of several lots',
    sent: [...good(1_200), 'n7', 'last'],
    mode: 'continue',
    outcomes: [...good(1_200), "Duplicate value for field 'name'.", 'last'],
    kept: [...good(1_200), 'last'],
  },
]
for (const { name, sent, mode, outcomes, kept } of batches) {
  test(`a batch: ${name}`, { skip }, async (t) => {
    assert.ok(database)
    const made = await arrange(t, database, schema)
    const { planned } = await inserting(made)
    const executions: Bind[][] = sent.map((value) => [value])
    const told = await made.store.write((session) => session.run(planned, executions, mode), signal)
    assert.deepEqual(summary(told), outcomes)
    assert.deepEqual(await names(made), kept)
  })
}

test('a batch that is thrown away leaves nothing', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  const { planned } = await inserting(made)
  const work = made.store.write(async (session) => {
    await session.run(planned, [['a'], ['too long'], ['b']], 'continue')
    throw new Error('rolled back')
  }, signal)
  await assert.rejects(work, /rolled back/)
  assert.deepEqual(await names(made), [])
})

test('a batch with every kind of column is one statement, whose values are as they would be alone', {
  skip,
}, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  const { planned } = await inserting(made, ['name', 'tint', 'list', 'price'])
  const executions: Bind[][] = [
    ['a "', 'red', [1, 2], '1.005'],
    ['b\\', null, [], '2'],
    ['{c,}', 'green', null, null],
  ]
  await made.client.query(
    'create table told (n int); create function tell() returns trigger language plpgsql as $$ begin insert into told values (1); return null; end $$; create trigger t after insert on item for each statement execute function tell()',
  )
  const outcomes = await made.store.write((session) => session.run(planned, executions, 'halt'), signal)
  assert.deepEqual(
    outcomes.map((outcome) => outcome.ok && { ...outcome.rows[0] }),
    [
      { id: 1, name: 'a "', tint: 'red', list: '{1,2}', price: 1.01 },
      { id: 2, name: 'b\\', tint: null, list: '{}', price: 2 },
      { id: 3, name: '{c,}', tint: 'green', list: null, price: null },
    ],
  )
  assert.equal((await made.client.query('select * from told')).rows.length, 1)
})

test('a trigger that leaves rows out', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  await made.client.query(
    "create function leave_out() returns trigger language plpgsql as $$ begin return case when new.name = 'b' then null else new end; end $$; create trigger t before insert on item for each row execute function leave_out()",
  )
  const { planned } = await inserting(made)
  const outcomes = await made.store.write((session) => session.run(planned, [['a'], ['b'], ['c']], 'halt'), signal)
  assert.deepEqual(
    outcomes.map((outcome) => outcome.ok && [outcome.affected, outcome.rows.length]),
    [
      [1, 1],
      [0, 0],
      [1, 1],
    ],
  )
  assert.deepEqual(await names(made), ['a', 'c'])
})

test('an error that a trigger raises is told in its own words', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  await made.client.query(
    "create function no() returns trigger language plpgsql as $$ begin raise exception 'Closed on Sundays.'; end $$; create trigger t before insert on item for each row execute function no()",
  )
  const { planned } = await inserting(made)
  const outcomes = await made.store.write((session) => session.run(planned, [['a']], 'continue'), signal)
  assert.deepEqual(summary(outcomes), ['Closed on Sundays.'])
})

test('savepoints', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  const { planned } = await inserting(made)
  await made.store.write(async (session) => {
    await session.run(planned, [['a']], 'halt')
    await assert.rejects(
      session.savepoint(async () => {
        await session.run(planned, [['b']], 'halt')
        throw new Error('undone')
      }),
      /undone/,
    )
    await session.savepoint(() => session.run(planned, [['c']], 'halt'))
  }, signal)
  assert.deepEqual(await names(made), ['a', 'c'])
})

test('a large batch that is cancelled leaves nothing, and the service goes on', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  const { planned } = await inserting(made)
  const stop = new AbortController()
  const executions = Array.from({ length: 50_000 }, (_, i): Bind[] => [i.toString(36)])
  const work = made.store.write(async (session) => {
    await session.run(planned, executions.slice(0, 2_000), 'halt')
    const rest = session.run(planned, executions.slice(2_000), 'halt')
    stop.abort(new Error('the client is gone'))
    await rest
  }, stop.signal)
  await assert.rejects(work, /the client is gone/)
  assert.deepEqual(await names(made), [])
  await made.store.write((session) => session.run(planned, [['x']], 'halt'), signal)
  assert.deepEqual(await names(made), ['x'])
})

test('a check that waits for the commit fails the whole', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(
    t,
    database,
    `${schema}; create table part (id serial primary key, item_id int references item deferrable initially deferred)`,
  )
  const table = await made.catalog.table('part')
  assert.ok(table !== null)
  const view = viewOfEverything(table)
  const column = table.columns[1]
  assert.ok(column !== undefined)
  const planned = new WritePlanner(view, allFields(view)).insert(
    new Map([[column, { kind: 'value', value: 5 }]]) as FieldValues,
  )
  await assert.rejects(
    made.store.write((session) => session.run(planned, [[5]], 'halt'), signal),
    {
      status: 400,
      message: "Field 'item_id' refers to a record that does not exist.",
    },
  )
  assert.deepEqual((await made.client.query('select * from part')).rows, [])
})

test('writes side by side', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema)
  const { planned } = await inserting(made)
  await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      made.store.write((session) => session.run(planned, [[`w${i}`]], 'halt'), signal),
    ),
  )
  assert.equal((await names(made)).length, 60)
})

const located: readonly {
  readonly name: string
  readonly fields: readonly string[]
  readonly binds: readonly Bind[]
  readonly message: string
}[] = [
  {
    name: 'a text that is too long',
    fields: ['tint', 'name'],
    binds: ['red', 'too long'],
    message: "Field 'name' is too long.",
  },
  {
    name: 'a value that an enum does not have',
    fields: ['name', 'tint'],
    binds: ['a', 'blue'],
    message: "Field 'tint' must be one of its allowed values.",
  },
  {
    name: 'a number that is too large',
    fields: ['name', 'price'],
    binds: ['a', '1234.5'],
    message: "Field 'price' is out of range.",
  },
  {
    name: 'a key beyond its type',
    fields: ['name', 'id'],
    binds: ['a', 2 ** 40],
    message: "Field 'id' is out of range.",
  },
  { name: 'a list that is none', fields: ['name', 'list'], binds: ['a', 'x'], message: "Field 'list' must be a list." },
]
for (const { name, fields, binds, message } of located) {
  test(`the field of an error: ${name}`, { skip }, async (t) => {
    assert.ok(database)
    const made = await arrange(t, database, schema)
    const { planned, table } = await inserting(made, fields)
    assert.deepEqual(summary(await made.store.write((session) => session.run(planned, [binds], 'continue'), signal)), [
      message,
    ])
    // The same in an update.
    await made.client.query("insert into item (name) values ('old')")
    const view = viewOfEverything(table)
    const key = table.columns.filter((column) => column.name === 'name')
    const values = new Map(
      fields.map((field, i) => [
        table.columns.find((column) => column.name === field),
        { kind: 'value', value: binds[i] },
      ]) as never,
    )
    const update = new WritePlanner(view, []).update(values as FieldValues, key, ['old'])
    assert.deepEqual(
      summary(await made.store.write((session) => session.run(update, [update.binds], 'continue'), signal)),
      [message],
    )
  })
}

test('a structure that changed behind prepared statements', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, schema, { config: { options: { pool_size: 3 } } })
  const { planned, table } = await inserting(made, ['name', 'tint'])
  const view = viewOfEverything(table)
  const read = planRead({ view, columns: allFields(view), result: asRows })
  const anew = 'drop table item; drop type color; '
  const sent: readonly (readonly Bind[])[][] = [
    [['a', 'red']],
    [
      ['a', 'red'],
      ['b', 'green'],
    ],
    [
      ['a', 'red'],
      ['too long', 'red'],
      ['b', 'green'],
    ],
  ]
  for (const executions of sent) {
    for (let round = 0; round < 2; round++) {
      const outcomes = await made.store.write(async (session) => {
        if (executions.length > 1) assert.deepEqual(await session.rows(read), [])
        return session.run(planned, executions, 'continue')
      }, signal)
      assert.deepEqual(
        summary(outcomes),
        executions.map(([name]) => (name === 'too long' ? "Field 'name' is too long." : name)),
      )
      // The same names with other types behind them.
      await made.client.query(anew + schema)
    }
  }
})

test('many reads in one transaction', { skip }, async (t) => {
  assert.ok(database)
  const made = await arrange(t, database, `${schema}; insert into item (name) select n from generate_series(1, 3000) n`)
  const table = await made.catalog.table('item')
  assert.ok(table !== null)
  const view = viewOfEverything(table)
  const read = planRead({ view, columns: allFields(view), result: asRows })
  await made.store.write(async (session) => {
    const [first, second] = await Promise.all([session.rows(read), session.rows(read)])
    assert.deepEqual([first.length, second.length], [3_000, 3_000])
    for (let n = 0; n < 20; n++) assert.equal((await session.rows(read)).length, 3_000)
  }, signal)
})
