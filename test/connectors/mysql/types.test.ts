/** A table of every type, in and out without loss (data-plane 9). */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { mysql } from '../../support/databases.ts'
import { type Arranged, arrange, isMariadb } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())
const mariadb = database === null || (await isMariadb(database))

const table = `create table every (
  id bigint unsigned auto_increment primary key,
  c_bool tinyint(1), c_bit1 bit(1), c_bit8 bit(8), c_tiny tinyint, c_utiny tinyint unsigned, c_small smallint, c_usmall smallint unsigned,
  c_medium mediumint, c_umedium mediumint unsigned, c_int int, c_uint int unsigned, c_big bigint, c_ubig bigint unsigned,
  c_dec decimal(30,10), c_dec0 decimal(20,0), c_float float, c_double double, c_year year,
  c_date date, c_time time, c_time3 time(3), c_datetime datetime, c_datetime6 datetime(6), c_timestamp timestamp null, c_timestamp3 timestamp(3) null,
  c_char char(5), c_varchar varchar(200), c_latin varchar(20) character set latin1, c_tinytext tinytext, c_text text, c_mediumtext mediumtext, c_longtext longtext,
  c_binary binary(4), c_varbinary varbinary(20), c_blob blob, c_longblob longblob,
  c_json json, c_enum enum('red','it''s','日本'), c_set set('a','b','c'), c_point point, c_geometry geometry,
  c_generated bigint as (c_int * 2) stored
)`

interface Case {
  readonly name: string
  readonly field: string
  readonly write: Json
  /** As JSON prints it; as it was written where left out. */
  readonly read?: string
}

const cases: readonly Case[] = [
  { name: 'true', field: 'c_bool', write: true },
  { name: 'false', field: 'c_bool', write: false },
  { name: 'a bit', field: 'c_bit1', write: true },
  { name: 'no bit', field: 'c_bit1', write: false },
  { name: 'bits', field: 'c_bit8', write: true },
  { name: 'tinyint', field: 'c_tiny', write: -128 },
  { name: 'unsigned tinyint', field: 'c_utiny', write: 255 },
  { name: 'smallint', field: 'c_small', write: -32768 },
  { name: 'unsigned smallint', field: 'c_usmall', write: 65535 },
  { name: 'mediumint', field: 'c_medium', write: -8388608 },
  { name: 'unsigned mediumint', field: 'c_umedium', write: 16777215 },
  { name: 'int', field: 'c_int', write: -2147483648 },
  { name: 'unsigned int', field: 'c_uint', write: 4294967295 },
  { name: 'the least bigint', field: 'c_big', write: -9223372036854775808n, read: '-9223372036854775808' },
  { name: 'the most bigint', field: 'c_big', write: '9223372036854775807', read: '9223372036854775807' },
  { name: 'beyond what a double holds', field: 'c_big', write: 9007199254740993n, read: '9007199254740993' },
  { name: 'the most unsigned bigint', field: 'c_ubig', write: 18446744073709551615n, read: '18446744073709551615' },
  {
    name: 'decimal digits',
    field: 'c_dec',
    write: '12345678901234567890.0123456789',
    read: '12345678901234567890.0123456789',
  },
  { name: 'decimal zeros', field: 'c_dec', write: '10.50', read: '10.5' },
  { name: 'whole decimal', field: 'c_dec', write: '-5.000', read: '-5' },
  { name: 'decimal hundred', field: 'c_dec', write: '100', read: '100' },
  { name: 'decimal without a scale', field: 'c_dec0', write: '12345678901234567890', read: '12345678901234567890' },
  { name: 'decimal zero', field: 'c_dec0', write: 0 },
  { name: 'float', field: 'c_float', write: 0.1 },
  { name: 'float of nine digits', field: 'c_float', write: 16777.217, read: '16777.217' },
  { name: 'a large float', field: 'c_float', write: 3.402823e38 },
  { name: 'double', field: 'c_double', write: 9.153846153846153 },
  { name: 'double of a third', field: 'c_double', write: 0.1 + 0.2 },
  { name: 'the largest double', field: 'c_double', write: Number.MAX_VALUE },
  { name: 'a small double', field: 'c_double', write: 5e-324 },
  { name: 'year', field: 'c_year', write: '2024' },
  { name: 'date', field: 'c_date', write: '2024-02-29' },
  { name: 'the last date', field: 'c_date', write: '9999-12-31' },
  { name: 'time', field: 'c_time', write: '13:45:30' },
  { name: 'negative time', field: 'c_time', write: '-838:59:59' },
  { name: 'time beyond a day', field: 'c_time', write: '100:00:01' },
  { name: 'midnight', field: 'c_time', write: '00:00:00' },
  { name: 'time with a fraction', field: 'c_time3', write: '01:02:03.450' },
  { name: 'time without its fraction', field: 'c_time3', write: '01:02:03', read: '"01:02:03.000"' },
  { name: 'datetime', field: 'c_datetime', write: '2024-02-29 13:45:30' },
  { name: 'datetime at midnight', field: 'c_datetime', write: '2024-02-29 00:00:00' },
  { name: 'datetime with a fraction', field: 'c_datetime6', write: '2024-02-29 13:45:30.000001' },
  {
    name: 'datetime without its fraction',
    field: 'c_datetime6',
    write: '2024-02-29 13:45:30',
    read: '"2024-02-29 13:45:30.000000"',
  },
  {
    name: 'datetime with a zone',
    field: 'c_datetime',
    write: '2024-03-01T01:15:30+11:30',
    read: '"2024-02-29 13:45:30"',
  },
  { name: 'timestamp of UTC', field: 'c_timestamp', write: '2024-07-01T12:00:00Z', read: '"2024-07-01 12:00:00"' },
  { name: 'timestamp is UTC', field: 'c_timestamp', write: '2024-07-01 12:00:00' },
  { name: 'timestamp with a fraction', field: 'c_timestamp3', write: '2024-07-01 12:00:00.120' },
  { name: 'char', field: 'c_char', write: 'ab' },
  { name: 'varchar', field: 'c_varchar', write: '日本語 😀 "quotes" \\ back\nslash\t\u0001' },
  { name: 'a text that looks like SQL', field: 'c_varchar', write: "'; drop table every; -- \\'" },
  { name: 'an empty text', field: 'c_varchar', write: '' },
  { name: 'a zero character', field: 'c_varchar', write: 'a\0b' },
  { name: 'a text in another character set', field: 'c_latin', write: 'été €' },
  { name: 'tinytext', field: 'c_tinytext', write: 'é' },
  { name: 'text', field: 'c_text', write: 'x'.repeat(60_000) },
  { name: 'mediumtext', field: 'c_mediumtext', write: 'é'.repeat(100_000) },
  { name: 'longtext', field: 'c_longtext', write: '😀'.repeat(70_000) },
  { name: 'binary', field: 'c_binary', write: 'AAH/gA==' },
  { name: 'varbinary', field: 'c_varbinary', write: 'AP8Qww==' },
  { name: 'blob', field: 'c_blob', write: Buffer.from('plain').toString('base64') },
  { name: 'longblob', field: 'c_longblob', write: Buffer.alloc(100_000, 7).toString('base64') },
  {
    name: 'JSON',
    field: 'c_json',
    write: { a: [1, null, 'x'], b: { c: 1.5 } },
    read: JSON.stringify(mariadb ? '{"a":[1,null,"x"],"b":{"c":1.5}}' : '{"a": [1, null, "x"], "b": {"c": 1.5}}'),
  },
  { name: 'enum', field: 'c_enum', write: "it's" },
  { name: 'enum beyond ASCII', field: 'c_enum', write: '日本' },
  { name: 'set', field: 'c_set', write: 'a,c' },
  { name: 'set as a list', field: 'c_set', write: ['c', 'b'], read: '"b,c"' },
  { name: 'point', field: 'c_point', write: 'POINT(1 2.5)' },
  { name: 'geometry', field: 'c_geometry', write: 'LINESTRING(0 0,1 1)' },
]

describe('every type', { skip }, () => {
  it('goes in and out', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, table)
    for (const each of cases) {
      await t.test(`${each.name} (${each.field})`, () => roundTrip(service, each))
    }
  })

  it('null is null', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, `${table}; insert into every () values ()`)
    const { body } = await service.ask({ path: '_table/every/1' })
    const { id, ...rest } = body as { readonly [field: string]: Json }
    assert.equal(id, 1)
    assert.ok(Object.keys(rest).length > 40)
    assert.deepEqual(new Set(Object.values(rest)), new Set([null]))
  })

  it('what is computed is shown, and not written', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, table)
    const made = await service.ask({
      verb: 'POST',
      path: '_table/every?fields=c_generated',
      body: { resource: [{ c_int: 21 }] },
    })
    assert.deepEqual(made, { status: 201, body: { resource: [{ c_generated: 42 }] } })
  })

  it('numbers of aggregates', async (t) => {
    assert.ok(database)
    const service = await arrange(
      t,
      database,
      `${table}; insert into every (c_int, c_ubig, c_dec) values (1, 18446744073709551615, 0.5), (2, 18446744073709551615, 0.25)`,
    )
    const text = await service.text({
      path: '_table/every?fields=COUNT(*),SUM(c_ubig),SUM(c_dec),AVG(c_int),MAX(c_ubig)&group=c_bool',
    })
    assert.equal(
      text,
      '{"resource":[{"COUNT_ALL":2,"SUM_c_ubig":36893488147419103230,"SUM_c_dec":0.75,"AVG_c_int":1.5,"MAX_c_ubig":18446744073709551615}]}',
    )
  })
})

/** Written, then read by a point read, by a list, and found by a filter. */
async function roundTrip(service: Arranged, { name, field, write, read = JSON.stringify(write) }: Case): Promise<void> {
  const made = await service.ask({ verb: 'POST', path: '_table/every', body: { resource: [{ [field]: write }] } })
  assert.equal(made.status, 201, `${name}: ${JSON.stringify(made.body).slice(0, 300)}`)
  const [{ id }] = (made.body as unknown as { resource: [{ id: number }] }).resource
  assert.equal(await service.text({ path: `_table/every/${id}?fields=${field}` }), `{"${field}":${read}}`)
  assert.equal(
    await service.text({ path: `_table/every?fields=${field}&filter=id = ${id}` }),
    `{"resource":[{"${field}":${read}}]}`,
  )
  assert.equal(
    await service.text({ path: `_table/every?fields=${field}&ids=${id},${id}` }),
    `{"resource":[{"${field}":${read}},{"${field}":${read}}]}`,
  )
}
