import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Projection, ReadPlan, Table, WritePlan } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import { SqliteCatalog } from '../../../connectors/sqlite/catalog.ts'
import { SqliteCompiler } from '../../../connectors/sqlite/compiler.ts'
import { Collected, database, json, log, signal } from './database.ts'

const compiler = new SqliteCompiler()

const schema = `
  CREATE TABLE kept (
    id integer PRIMARY KEY, b boolean, i integer, big bigint, d decimal(30,10), f float, r double, s varchar(20), t text, bin blob, dt datetime, j json, free
  );
`
const projections = (table: Table): Projection[] =>
  table.columns.map((column) => ({
    as: column.name,
    expr: { kind: 'column', column },
    type: column.type,
    column,
    hidden: false,
  }))

const text = 'é “quotes” \u0001\t\n日本語 😀 \\ "double" \'single\''

/** What goes in, what is printed for it; `raw` puts a value there by SQL, as another program would. */
const values: { name: string; column: string; bind?: Bind; raw?: string; out: string }[] = [
  { name: 'true', column: 'b', bind: true, out: 'true' },
  { name: 'false as 0', column: 'b', bind: 0, out: 'false' },
  { name: 'null', column: 'b', bind: null, out: 'null' },
  { name: 'an integer', column: 'i', bind: 42, out: '42' },
  { name: 'the smallest integer', column: 'i', bind: -9223372036854775808n, out: '-9223372036854775808' },
  { name: 'an integer beyond doubles', column: 'big', bind: 9007199254740993n, out: '9007199254740993' },
  { name: 'the largest integer', column: 'big', bind: 9223372036854775807n, out: '9223372036854775807' },
  { name: 'a text in an integer column', column: 'i', raw: "'not a number'", out: '"not a number"' },
  { name: 'a real in an integer column', column: 'i', raw: '4.5', out: '4.5' },
  { name: 'a blob in an integer column', column: 'i', raw: "x'00ff'", out: '"AP8="' },
  { name: 'a decimal', column: 'd', bind: '10.50', out: '10.5' },
  {
    name: 'a decimal of many digits, as SQLite keeps it',
    column: 'd',
    bind: '12345678901234567890.12',
    out: '12345678901234567000',
  },
  { name: 'a float', column: 'f', bind: 0.1, out: '0.1' },
  { name: 'a whole number in a float column', column: 'f', bind: 3, out: '3' },
  { name: 'a double in full', column: 'r', bind: 0.1 + 0.2, out: '0.30000000000000004' },
  { name: 'a very large double', column: 'r', bind: 1e100, out: '1e+100' },
  { name: 'the smallest double', column: 'r', bind: 5e-324, out: '5e-324' },
  { name: 'infinity, which JSON does not have', column: 'r', raw: '9e999', out: 'null' },
  { name: 'a text of many letters', column: 't', bind: text, out: JSON.stringify(text) },
  { name: 'a text with a zero character', column: 't', bind: 'a\u0000b', out: '"a\\u0000b"' },
  { name: 'an empty text', column: 's', bind: '', out: '""' },
  { name: 'digits as text', column: 's', bind: '007', out: '"007"' },
  { name: 'a number in a text column', column: 's', raw: '5', out: '"5"' },
  { name: 'bytes', column: 'bin', bind: new Uint8Array([0, 255, 16, 195]), out: '"AP8Qww=="' },
  { name: 'no bytes', column: 'bin', bind: new Uint8Array(0), out: '""' },
  { name: 'a text in a blob column', column: 'bin', raw: "'plain'", out: '"cGxhaW4="' },
  { name: 'a date and time', column: 'dt', bind: '9999-12-31 23:59:59', out: '"9999-12-31 23:59:59"' },
  { name: 'a number as date and time', column: 'dt', raw: '1700000000', out: '1700000000' },
  { name: 'JSON as its text', column: 'j', bind: '{"a":[1,null]}', out: '"{\\"a\\":[1,null]}"' },
  { name: 'a text where no type is declared', column: 'free', bind: '5', out: '"5"' },
]

async function setUp(t: TestContext) {
  const { runner, direct } = database(t, schema, { readers: 1 })
  const table = await new SqliteCatalog(runner, log).table('kept')
  assert.ok(table !== null)
  return { runner, direct, table }
}

test('types in and out without loss, written and read by a thread, and read on the event loop', async (t) => {
  const { runner, direct, table } = await setUp(t)
  const [id] = table.columns
  assert.ok(id !== undefined)
  const byId = (point: boolean): ReadPlan => ({
    from: table,
    columns: projections(table),
    where: point
      ? { kind: 'compare', op: '=', left: { kind: 'column', column: id }, right: { kind: 'value', value: 0 } }
      : { kind: 'in', left: { kind: 'column', column: id }, list: 0 },
    group: null,
    order: [],
    limit: null,
    offset: null,
    related: [],
    result: { kind: 'list', count: 'no', schema: null },
  })
  const here = compiler.compileRead(byId(true), 'here')
  const there = compiler.compileRead(byId(false), 'there')
  assert.equal(here.rows?.point, true)
  for (const [n, { name, column, bind = null, raw, out }] of values.entries()) {
    await t.test(name, async () => {
      const target = table.columns.find((one) => one.name === column)
      assert.ok(target !== undefined)
      const key = n + 1
      const plan: WritePlan = {
        kind: 'insert',
        into: table,
        set: [
          { column: id, expr: { kind: 'value', value: 0 } },
          { column: target, expr: { kind: 'value', value: 1 } },
        ],
        where: null,
        key: [],
        returning: projections(table),
      }
      const written = await runner.session(
        (session) => session.write(compiler.compileWrite(plan, `w ${column}`), [[key, bind]], 'halt'),
        signal,
      )
      assert.equal(written[0]?.ok, true)
      if (raw !== undefined) direct.exec(`UPDATE kept SET ${column} = ${raw} WHERE id = ${key}`)
      for (const [program, binds] of [
        [here, [key]],
        [there, [[key]]],
      ] as const) {
        const sink = new Collected()
        await runner.run(program, binds, json, sink, signal)
        assert.ok(sink.text.includes(`"${column}":${out}`), sink.text)
      }
    })
  }
})

test('lists of values keep their types', async (t) => {
  const { runner, direct, table } = await setUp(t)
  direct.exec(
    "INSERT INTO kept (id, big, s, bin) VALUES (1, 9007199254740993, 'it''s, \"1\"', x'00ff'), (2, 9007199254740992, '2', x'01')",
  )
  const cases: [column: string, list: Bind[]][] = [
    ['big', [9007199254740993n]],
    ['s', ['it\'s, "1"', 'x']],
    ['bin', [new Uint8Array([0, 255])]],
  ]
  for (const [name, list] of cases) {
    const column = table.columns.find((one) => one.name === name)
    assert.ok(column !== undefined)
    const program = compiler.compileRead(
      {
        from: table,
        columns: projections(table).slice(0, 1),
        where: { kind: 'in', left: { kind: 'column', column }, list: 0 },
        group: null,
        order: [],
        limit: null,
        offset: null,
        related: [],
        result: { kind: 'list', count: 'no', schema: null },
      },
      `list ${name}`,
    )
    const sink = new Collected()
    await runner.run(program, [list], json, sink, signal)
    assert.equal(sink.text, '{"resource":[{"id":1}]}', name)
  }
})
