/** A table of every type: what goes in as JSON, what comes out as JSON, CSV and XML (data-plane 9.1, 9.2, 6.5). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  allFields,
  asRows,
  type Column,
  castToColumn,
  type FieldValues,
  planRead,
  viewOfEverything,
  WritePlanner,
} from 'dataferry/records'
import { type Json, type Output, parseJson } from 'dataferry/sdk'
import { postgres } from '../../support/databases.ts'
import { arrange, Collected, json, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

/** Each type, how the catalog tells it, and values: sent (SQL where `sql`), and what is printed. */
interface Case {
  readonly type: string
  readonly simple: string
  readonly dbType?: string
  readonly values: readonly { readonly in?: string; readonly sql?: string; readonly out: string }[]
}

const letters = 'é “quotes” \t\n日本語 😀 \\ "double" \'single\' \u0001'

const cases: readonly Case[] = [
  {
    type: 'boolean',
    simple: 'boolean',
    values: [
      { in: 'true', out: 'true' },
      { in: '"off"', out: 'false' },
      { in: '""', out: 'null' },
    ],
  },
  { type: 'smallint', simple: 'integer', values: [{ in: '-32768', out: '-32768' }] },
  {
    type: 'integer',
    simple: 'integer',
    values: [
      { in: '2147483647', out: '2147483647' },
      { in: '" 5 "', out: '5' },
      { in: '"1e3"', out: '1000' },
    ],
  },
  {
    type: 'bigint',
    simple: 'bigint',
    values: [
      { in: '9223372036854775807', out: '9223372036854775807' },
      { in: '"-9223372036854775808"', out: '-9223372036854775808' },
      { in: '9007199254740993', out: '9007199254740993' },
    ],
  },
  { type: 'oid', simple: 'integer', values: [{ in: '4294967295', out: '4294967295' }] },
  {
    type: 'numeric',
    simple: 'decimal',
    values: [
      {
        in: '"12345678901234567890.123456789012345678901234567890"',
        out: '12345678901234567890.12345678901234567890123456789',
      },
      { in: '10.50', out: '10.5' },
      { in: '5.000', out: '5' },
      { in: '-0.0', out: '0' },
      { in: '100', out: '100' },
      { in: '"1e30"', out: '1000000000000000000000000000000' },
      { sql: "'NaN'", out: 'null' },
      { sql: "'Infinity'", out: 'null' },
    ],
  },
  {
    type: 'numeric(12,4)',
    simple: 'decimal',
    values: [
      { in: '12.34567', out: '12.3457' },
      { in: '99999999.9999', out: '99999999.9999' },
    ],
  },
  {
    type: 'real',
    simple: 'double',
    values: [
      { in: '0.1', out: '0.1' },
      { in: '123456.5', out: '123456.5' },
      { in: '16777216', out: '16777216' },
      { sql: "'NaN'", out: 'null' },
    ],
  },
  {
    type: 'double precision',
    simple: 'double',
    values: [
      { in: '0.12345678901234568', out: '0.12345678901234568' },
      { in: '1e100', out: '1e+100' },
      { in: '5e-324', out: '5e-324' },
      { in: '3', out: '3' },
      { sql: "'-Infinity'", out: 'null' },
    ],
  },
  {
    type: 'money',
    simple: 'money',
    values: [
      { in: '"9.99"', out: '"$9.99"' },
      { in: '1234567.5', out: '"$1,234,567.50"' },
    ],
  },
  {
    type: 'date',
    simple: 'date',
    values: [
      { in: '"2024-02-29"', out: '"2024-02-29"' },
      { in: '"02/29/2024"', out: '"2024-02-29"' },
      { sql: "'infinity'", out: '"infinity"' },
      { sql: "'0044-03-15 BC'", out: '"0044-03-15 BC"' },
    ],
  },
  {
    type: 'time',
    simple: 'time',
    dbType: 'time without time zone',
    values: [
      { in: '"1:02 pm"', out: '"13:02:00"' },
      { in: '"01:02:03.456"', out: '"01:02:03.456"' },
    ],
  },
  {
    type: 'timetz',
    simple: 'timetz',
    dbType: 'time with time zone',
    values: [{ in: '"10:00:00+01"', out: '"10:00:00+01"' }],
  },
  {
    type: 'timestamp',
    simple: 'timestamp',
    dbType: 'timestamp without time zone',
    values: [
      { in: '"2024-02-29T13:14:15.678Z"', out: '"2024-02-29 13:14:15.678"' },
      { sql: "'infinity'", out: '"infinity"' },
    ],
  },
  {
    type: 'timestamptz',
    simple: 'timestamptz',
    dbType: 'timestamp with time zone',
    values: [{ in: '"2024-02-29T13:14:15+02:00"', out: '"2024-02-29 11:14:15+00"' }],
  },
  {
    type: 'interval',
    simple: 'string',
    values: [
      { in: '"2 hours"', out: '"02:00:00"' },
      { in: '"1 year 2 mons 3 days"', out: '"1 year 2 mons 3 days"' },
    ],
  },
  { type: 'char(10)', simple: 'string', dbType: 'character(10)', values: [{ in: '"ab"', out: '"ab        "' }] },
  {
    type: 'varchar(100)',
    simple: 'string',
    dbType: 'character varying(100)',
    values: [
      { in: '""', out: '""' },
      { in: '"007"', out: '"007"' },
    ],
  },
  {
    type: 'text',
    simple: 'string',
    values: [
      { in: JSON.stringify(letters), out: JSON.stringify(letters) },
      { in: '123', out: '"123"' },
      { in: 'false', out: '"0"' },
    ],
  },
  { type: '"char"', simple: 'string', values: [{ in: '"x"', out: '"x"' }] },
  { type: 'name', simple: 'string', values: [{ in: '"a name"', out: '"a name"' }] },
  {
    type: 'json',
    simple: 'string',
    values: [
      { in: '{"x":[1,2,{"y":null}]}', out: JSON.stringify('{"x":[1,2,{"y":null}]}') },
      { in: '"{ \\"s\\":1}"', out: JSON.stringify('{ "s":1}') },
      { in: 'true', out: '"true"' },
      { in: '[]', out: '"[]"' },
    ],
  },
  {
    type: 'jsonb',
    simple: 'string',
    values: [
      { in: '{"b":2,"a":1}', out: JSON.stringify('{"a": 1, "b": 2}') },
      { in: '[12345678901234567890.5]', out: '"[12345678901234567890.5]"' },
    ],
  },
  {
    type: 'bytea',
    simple: 'string',
    values: [
      { in: '"AP8Qww=="', out: '"AP8Qww=="' },
      { in: '"aGVsbG8"', out: '"aGVsbG8="' },
      { in: '""', out: '""' },
      { sql: "'\\x00ff5c'", out: '"AP9c"' },
    ],
  },
  {
    type: 'uuid',
    simple: 'uuid',
    values: [{ in: '"6BA7B810-9DAD-11D1-80B4-00C04FD430C8"', out: '"6ba7b810-9dad-11d1-80b4-00c04fd430c8"' }],
  },
  { type: 'color', simple: 'string', values: [{ in: '"red"', out: '"red"' }] },
  {
    type: '"Mood Type"',
    simple: 'string',
    dbType: '"Mood Type"',
    values: [{ in: '"so \\"so\\""', out: '"so \\"so\\""' }],
  },
  {
    type: 'integer[]',
    simple: 'string',
    values: [
      { in: '"{4,5}"', out: '"{4,5}"' },
      { in: '[4,5]', out: '"{4,5}"' },
      { in: '[[1,2],[3,4]]', out: '"{{1,2},{3,4}}"' },
      { in: '[]', out: '"{}"' },
    ],
  },
  {
    type: 'text[]',
    simple: 'string',
    values: [
      { in: '["x","y, \\"z\\"",null,"NULL","\\\\"]', out: JSON.stringify('{x,"y, \\"z\\"",NULL,"NULL","\\\\"}') },
    ],
  },
  { type: 'inet', simple: 'string', values: [{ in: '"192.168.0.1"', out: '"192.168.0.1"' }] },
  { type: 'cidr', simple: 'string', values: [{ in: '"10.0.0.0/8"', out: '"10.0.0.0/8"' }] },
  { type: 'macaddr', simple: 'string', values: [{ in: '"08-00-2b-01-02-03"', out: '"08:00:2b:01:02:03"' }] },
  { type: 'xml', simple: 'string', values: [{ in: '"<b>2</b>"', out: '"<b>2</b>"' }] },
  { type: 'point', simple: 'string', values: [{ in: '"(3,4)"', out: '"(3,4)"' }] },
  { type: 'polygon', simple: 'string', values: [{ in: '"((0,0),(1,1),(1,0))"', out: '"((0,0),(1,1),(1,0))"' }] },
  { type: 'int4range', simple: 'string', values: [{ in: '"[1,5]"', out: '"[1,6)"' }] },
  {
    type: 'tstzrange',
    simple: 'string',
    values: [{ in: '"[2024-01-01 00:00+00,)"', out: JSON.stringify('["2024-01-01 00:00:00+00",)') }],
  },
  { type: 'tsvector', simple: 'string', values: [{ in: '"a fat cat"', out: JSON.stringify("'a' 'cat' 'fat'") }] },
  {
    type: 'bit(1)',
    simple: 'boolean',
    values: [
      { in: 'true', out: 'true' },
      { in: '"f"', out: 'false' },
    ],
  },
  { type: 'bit(4)', simple: 'string', values: [{ in: '"1010"', out: '"1010"' }] },
  { type: 'bit varying(8)', simple: 'string', values: [{ in: '"10101"', out: '"10101"' }] },
  {
    type: 'email',
    simple: 'string',
    dbType: 'character varying(30)',
    values: [{ in: '"a@b.example"', out: '"a@b.example"' }],
  },
  { type: 'price', simple: 'decimal', dbType: 'numeric(8,2)', values: [{ in: '1.234', out: '1.23' }] },
]

const make = `create type color as enum ('red', 'green'); create type "Mood Type" as enum ('so "so"', 'fine');
  create domain email as varchar(30) check (value like '%@%'); create domain price as numeric(8,2);
  create table every (id serial primary key, ${cases.map(({ type }, i) => `c${i} ${type}`).join(', ')})`

test('a table of every type, one value at a time and many at once', { skip }, async (t) => {
  assert.ok(database)
  const { catalog, store, client } = await arrange(t, database, make)
  const table = await catalog.table('every')
  assert.ok(table !== null)
  for (const [i, { type, simple, dbType }] of cases.entries()) {
    const column: Column | undefined = table.columns.find(({ name }) => name === `c${i}`)
    assert.deepEqual([column?.type, column?.dbType], [simple, dbType ?? type], type)
  }
  const view = viewOfEverything(table)
  const planner = new WritePlanner(view, allFields(view))
  const read = async (id: number, output: Output): Promise<string> => {
    const { rows } = await client.query('select id from every where id = $1', [id])
    assert.equal(rows.length, 1)
    const sink = new Collected()
    const plan = planRead({ view, columns: allFields(view), where: (binds) => equal(table, id, binds), result: asRows })
    await store.read(plan).encode(output, sink, signal)
    return sink.text
  }
  for (const [i, { type, values }] of cases.entries()) {
    const column = table.columns[i + 1]
    assert.ok(column !== undefined)
    for (const value of values) {
      await t.test(`${type} ${value.in ?? value.sql}`, async () => {
        let printed: string
        if (value.sql !== undefined) {
          const { rows } = await client.query(`insert into every (c${i}) values (${value.sql}) returning id`)
          printed = await read((rows[0] as { id: number }).id, json)
        } else {
          const bind = castToColumn(parseJson(value.in ?? 'null') as Json, column)
          const planned = planner.insert(new Map([[column, { kind: 'value', value: bind }]]) as FieldValues)
          // Four at once go as one statement over arrays.
          const outcomes = await store.write(
            (session) => session.run(planned, [planned.binds, planned.binds, planned.binds, planned.binds], 'halt'),
            signal,
          )
          const ids = outcomes.map((outcome) =>
            outcome.ok ? Number(outcome.rows[0]?.id) : assert.fail(outcome.error.message),
          )
          assert.equal(new Set(ids).size, 4)
          const alone = await store.write((session) => session.run(planned, [planned.binds], 'halt'), signal)
          assert.ok(alone[0]?.ok)
          const id = Number(alone[0].rows[0]?.id)
          printed = await read(id, json)
          for (const other of ids)
            assert.equal((await read(other, json)).replace(`"id":${other},`, `"id":${id},`), printed)
        }
        const member = new RegExp(`"c${i}":(.*?),"c${i + 1}":|"c${i}":(.*)}]`, 's').exec(printed)
        assert.equal(member?.[1] ?? member?.[2], value.out)
      })
    }
  }
})

const equal = (
  table: { readonly columns: readonly { readonly name: string }[] },
  id: number,
  binds: { add(value: number): number },
): never =>
  ({
    kind: 'compare',
    op: '=',
    left: { kind: 'column', column: table.columns[0] },
    right: { kind: 'value', value: binds.add(id) },
  }) as never

const formats = `create table shown (id int primary key, b boolean, n numeric, d double precision, s text, bin bytea, x int);
  insert into shown values (1, true, 1.50, 'NaN', 'a "quoted", <b>&é', '\\x00ff', null)`

const shown: readonly { readonly name: string; readonly output: Partial<Output>; readonly text: string }[] = [
  {
    name: 'JSON',
    output: {},
    text: '{"resource":[{"id":1,"b":true,"n":1.5,"d":null,"s":"a \\"quoted\\", <b>&é","bin":"AP8=","x":null}]}',
  },
  {
    name: 'CSV',
    output: { format: 'csv', type: 'text/csv' },
    text: 'id,b,n,d,s,bin,x\n1,1,1.5,,"a ""quoted"", <b>&é",AP8=,\n',
  },
  {
    name: 'XML',
    output: { format: 'xml', type: 'application/xml' },
    text: '\t<resource>\n\t\t<id>1</id>\n\t\t<b>true</b>\n\t\t<n>1.5</n>\n\t\t<d></d>\n\t\t<s>a &quot;quoted&quot;, &lt;b&gt;&amp;é</s>\n\t\t<bin>AP8=</bin>\n\t\t<x></x>\n\t</resource>\n',
  },
]
for (const { name, output, text } of shown) {
  test(`rows as ${name}`, { skip }, async (t) => {
    assert.ok(database)
    const { catalog, store } = await arrange(t, database, formats)
    const table = await catalog.table('shown')
    assert.ok(table !== null)
    const view = viewOfEverything(table)
    const sink = new Collected()
    const plan = planRead({
      view,
      columns: allFields(view),
      result: () => ({ kind: 'list', count: 'no', schema: null }),
    })
    await store.read(plan).encode({ ...json, ...output }, sink, signal)
    const body = sink.text.replace(/^<\?xml[^>]*>\s*<dfapi>\n|<\/dfapi>\s*$/g, '')
    assert.equal(body, text)
  })
}
