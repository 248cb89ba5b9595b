/** Rows from the server's packets are, byte for byte, those that are made of the driver's values; and the connection stays in step. */
import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import type { SimpleType } from 'dataferry/records'
import type { Bind, Output } from 'dataferry/sdk'
import type { ReadProgram, WireColumn } from 'dataferry/sql'
import { type Scalar, wireOf } from '../../../connectors/mysql/binds.ts'
import { MysqlConnection } from '../../../connectors/mysql/connection.ts'
import { ConnectionLost, ServerFault } from '../../../connectors/mysql/faults.ts'
import { readSettings } from '../../../connectors/mysql/settings.ts'
import { type Reading, readPlaced, readValues } from '../../../connectors/mysql/source.ts'
import { queueOf } from '../../../connectors/mysql/wire/driver.ts'
import { mysql } from '../../support/databases.ts'
import { arrange, configOf, type Direct, host, numbers, signal } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())

interface Opened {
  readonly connection: MysqlConnection
  readonly direct: Direct
}

/** A connection of its own to a database filled by the statements. */
async function open(t: TestContext, sql: string, statements: readonly string[] = []): Promise<Opened> {
  assert.ok(database)
  const { name, direct } = await arrange(t, database, sql)
  const settings = readSettings(configOf(database, { database: name, statements: [...statements] }), host())
  const connection = await MysqlConnection.open(settings, null)
  t.after(() => connection.destroy())
  assert.ok(connection.places, 'rows come from the packets of the driver')
  return { connection, direct }
}

const column = (as: string, type: SimpleType, dbType = 'x', lossless = false): WireColumn => ({
  as,
  type,
  dbType,
  hidden: false,
  ...(lossless && { lossless }),
})

function programOf(text: string, columns: readonly WireColumn[]): ReadProgram {
  return {
    kind: 'read',
    id: text,
    result: { kind: 'rows' },
    rows: { text, parameters: [], columns, point: false },
    count: null,
    grouped: false,
    limit: null,
    offset: null,
    related: [],
  }
}

const outputs: readonly Output[] = (['json', 'csv', 'xml'] as const).map((format) => ({
  format,
  type: 'x/x',
  wrapper: 'resource',
  wrapperName: 'resource',
  xmlRoot: 'dfapi',
  fileName: null,
}))

async function bodyOf(
  read: Reading,
  connection: MysqlConnection,
  program: ReadProgram,
  output = outputs[0] as Output,
  binds: readonly Bind[] = [],
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  await read(connection, program, binds, output, { write: (chunk) => void chunks.push(chunk) }, signal)
  return Buffer.concat(chunks)
}

/** In every format. */
async function assertSame(connection: MysqlConnection, text: string, columns: readonly WireColumn[]): Promise<string> {
  const bodies: string[] = []
  for (const output of outputs) {
    const values = await bodyOf(readValues, connection, programOf(text, columns), output)
    const placed = await bodyOf(readPlaced, connection, programOf(text, columns), output)
    if (!placed.equals(values)) {
      const at = values.findIndex((byte, i) => placed[i] !== byte)
      const near = (body: Buffer): string => body.toString('utf8', Math.max(0, at - 80), at + 80)
      assert.equal(near(placed), near(values), `${output.format} at ${at} of ${values.length}, ${placed.length}`)
    }
    bodies.push(placed.toString('utf8'))
  }
  return bodies[0] as string
}

/** What can be compared: the driver makes texts of whole numbers beyond what a double holds. */
const plain = (row: readonly unknown[]): unknown[] =>
  row.map((value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
    return typeof value === 'bigint' && !Number.isSafeInteger(Number(value)) ? String(value) : value
  })

/** How columns can be printed, by their simple type. */
const printings: readonly (readonly [type: SimpleType, dbType: string, lossless: boolean])[] = [
  ['integer', 'x', false],
  ['double', 'x', true],
  ['boolean', 'x', false],
  ['string', 'x', false],
  ['string', '', false],
  ['binary', 'x', false],
  ['datetime', 'x', false],
]

/** A type and values of it as SQL. */
const types: readonly (readonly [type: string, ...values: string[]])[] = [
  ['tinyint(1)', '0', '1', '-128', '127', '5'],
  ['tinyint unsigned', '0', '255', '128'],
  ['smallint', '-32768', '32767', '0', '100'],
  ['smallint unsigned', '65535', '0'],
  ['mediumint', '-8388608', '8388607', '-1'],
  ['mediumint unsigned', '16777215'],
  ['int', '-2147483648', '2147483647', '0', '10', '99', '100', '1000', '12345', '-7'],
  ['int unsigned', '4294967295', '2147483648', '2147483647'],
  [
    'bigint',
    '-9223372036854775808',
    '9223372036854775807',
    '9007199254740991',
    '-9007199254740991',
    '9007199254740992',
    '2147483648',
    '-2147483649',
    '1000000000000',
    '4294967296',
    '-1',
    '0',
    '123456789012345',
  ],
  ['bigint unsigned', '18446744073709551615', '9223372036854775808', '9007199254740991', '0'],
  ['int(8) zerofill', '42'],
  ['decimal(30,10)', '12345678901234567890.0123456789', '-0.5', '10.50', '0', '100', '-5.000'],
  ['decimal(20,0)', '12345678901234567890', '-1', '0', '100'],
  ['decimal(6,2) zerofill', '1.5', '0', '1234.56'],
  ['float', '0.1', '16777.217', '3.402823e38', '-1.5', '1e-30', '123456', '1234567', '0.0001', '99.9999'],
  ['double', '9.153846153846153', '0.30000000000000004', '1.7976931348623157e308', '5e-324', '-0.0', '12.25', '1e21'],
  [
    'double',
    '123456789012',
    '-2147483648',
    '2147483648',
    '0.00001',
    '199999.9999',
    '-0.0001',
    '1e15',
    '4503599627370497.5',
  ],
  ['year', '2024', '0', '1901'],
  ['bit(1)', "b'0'", "b'1'"],
  ['bit(8)', "b'11111111'", "b'0'", "b'1'"],
  ['bit(64)', '18446744073709551615', '9007199254740993', '1'],
  ['date', "'2024-02-29'", "'9999-12-31'", "'0000-00-00'", "'2024-00-00'", "'0099-01-01'"],
  ['datetime', "'2024-02-29 13:45:30'", "'2024-02-29 00:00:00'", "'0000-00-00 00:00:00'", "'0001-01-01 00:00:01'"],
  ['datetime(3)', "'2024-02-29 13:45:30.120'", "'2024-02-29 00:00:00'", "'0000-00-00 00:00:00'"],
  ['datetime(6)', "'2024-02-29 13:45:30.000001'", "'2024-02-29 23:59:59.999999'", "'2024-01-01 00:00:00.5'"],
  ['timestamp null', "'2024-07-01 12:00:00'", "'0000-00-00 00:00:00'"],
  ['timestamp(1) null', "'2024-07-01 12:00:00.1'", "'2024-07-01 12:00:00'"],
  ['time', "'13:45:30'", "'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'", "'100:00:01'"],
  ['time(3)', "'01:02:03.450'", "'01:02:03'", "'-00:00:00.001'", "'00:00:00'"],
  ['time(6)', "'01:02:03.000450'", "'-01:02:03.999999'", "'00:00:00.1'"],
  ['char(5)', "'ab'", "''", "'0'", "'1.50'", "'007'"],
  [
    'varchar(200)',
    '\'日本語 😀 "quotes" \\\\ back\\nslash\\t\\r\\0\\Z\'',
    'concat(char(1), char(8), char(12), char(31), char(127))',
  ],
  ['varchar(200)', "'a, b;c'", "'<&>'", "'-12.50'", "'1e5'", "'true'", "repeat('é', 100)"],
  ['varchar(20) character set latin1', "'été'", "'€'"],
  ['text', "repeat('x', 250)", "repeat('x', 251)", "repeat('y\"', 30000)"],
  ['mediumtext', "repeat('é\\n', 40000)", 'repeat(char(1), 66000)', "''"],
  ['binary(4)', "x'0001ff80'", "x''"],
  ['varbinary(20)', "x'00ff10c3'", "'0'", "''"],
  ['blob', "'plain'", "repeat(x'ff', 100000)"],
  ['json', '\'{"a": [1, null, "x"], "b": 1.50}\'', "'null'"],
  ["enum('red','it''s','日本')", "'it''s'", "'日本'"],
  ["set('a','b','c')", "'a,c'", "''"],
  ['point', "st_geomfromtext('POINT(1 2.5)')"],
  ['geometry', "st_geomfromtext('LINESTRING(0 0,1 1)')", "st_geomfromtext('POLYGON((0 0,1 1,1 0,0 0))')"],
]

const names = types.map((_, i) => `c${i}`)
const every = `set sql_mode = '';
  create table every (id int auto_increment primary key, ${types.map(([type], i) => `c${i} ${type}`).join(', ')}) row_format = dynamic;
  insert into every () values ();
  ${types.flatMap(([, ...values], i) => values.map((value) => `insert into every (c${i}) values (${value})`)).join(';')}`

describe('the same bytes as by values', { skip }, () => {
  it('of every type, printed in every way, in more than 250 columns', async (t) => {
    const { connection } = await open(t, every)
    const columns = printings.flatMap(([type, dbType, lossless], p) =>
      names.map((name) => column(`${name} "${p}"`, type, dbType, lossless)),
    )
    assert.ok(columns.length > 250)
    const selected = printings.flatMap((_, p) => names.map((name) => `${name} as ${name}_${p}`)).join(', ')
    const body = await assertSame(connection, `select ${selected} from every order by id`, columns)
    assert.ok(body.includes('"c6 \\"0\\"":-2147483648,'))
    assert.ok(body.includes('"c14 \\"0\\"":16777.217,'))
  })

  it('hidden columns are left out', async (t) => {
    const { connection } = await open(t, every)
    const columns = names.map((name, i) => ({ ...column(name, 'string'), hidden: i % 2 === 0 }))
    await assertSame(connection, `select ${names.join(', ')} from every order by id`, columns)
  })

  it('of expressions', async (t) => {
    const { connection } = await open(t, 'create table t (id int); insert into t values (1), (2), (null)')
    const expressions = [
      'null',
      '1.50',
      '1/3',
      'count(*)',
      'sum(id)',
      'avg(id)',
      'now() is null',
      "'a'",
      'sec_to_time(1.5)',
    ]
    for (const [type, dbType, lossless] of printings) {
      const columns = expressions.map((_, i) => column(`e${i}`, type, dbType, lossless))
      await assertSame(connection, `select ${expressions.join(', ')} from t`, columns)
    }
  })

  it('of many floating point numbers', async (t) => {
    const { connection, direct } = await open(
      t,
      'create table f (id int auto_increment primary key, d double, f float)',
    )
    let seed = 20_250_101
    const random = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return seed / 2 ** 32
    }
    const doubles = Array.from({ length: 4_000 }, (_, i) => {
      const digits = i % 8
      return i % 3 === 0
        ? (random() - 0.5) * 10 ** ((i % 60) - 30)
        : Math.round((random() - 0.5) * 10 ** (digits + 3)) / 10 ** digits
    })
    await direct.run(`insert into f (d, f) values ${doubles.map((value) => `(${value}, ${value})`).join(', ')}`)
    await assertSame(connection, 'select d, f from f order by id', [column('d', 'double'), column('f', 'float')])
  })

  it('in texts that the server sends in another character set', async (t) => {
    const { connection } = await open(t, every, ['set character_set_results = latin1'])
    await assertSame(
      connection,
      `select ${names.join(', ')} from every where id < 150 order by id`,
      names.map((name) => column(name, 'string')),
    )
  })

  it('of keys that relations are matched by', async (t) => {
    const { connection } = await open(t, every)
    const keys = names.filter((_, i) => !/point|geometry|json/.test(types[i]?.[0] ?? ''))
    const columns = keys.map((name) => column(name, 'string'))
    const text = `select ${keys.join(', ')} from every order by id`
    const values: unknown[][] = []
    const placed: unknown[][] = []
    await connection.rows(text, [], columns).pull((row) => values.push([...row]) > 0)
    await connection.placed(text, [], columns, null).pull((row) => placed.push(keys.map((_, i) => row.bind(i))) > 0)
    assert.ok(placed.length > 100)
    assert.deepEqual(placed.map(plain), values.map(plain))
  })
})

const scalars: readonly (readonly [name: string, value: Scalar])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['zero', 0],
  ['a negative number', -2_147_483_649],
  ['the most that a double counts', Number.MAX_SAFE_INTEGER],
  ['the least', Number.MIN_SAFE_INTEGER],
  ['a fraction', 1.5],
  ['a large double', 1e300],
  ['bigint', 5n],
  ['the least bigint', -(2n ** 63n)],
  ['the most bigint', 2n ** 63n - 1n],
  ['the most unsigned bigint', 2n ** 64n - 1n],
  ['more than 64 bits', 2n ** 70n],
  ['less than 64 bits', -(2n ** 70n)],
  ['no text', ''],
  ['a text', "é 😀 ' \\ \0"],
  ['a text of 250 bytes', 'x'.repeat(250)],
  ['a text of 251 bytes', 'x'.repeat(251)],
  ['a long text', 'é'.repeat(40_000)],
  ['bytes', Uint8Array.of(0, 255, 128)],
  ['many bytes', new Uint8Array(70_000).fill(7)],
]

describe('parameters', { skip }, () => {
  it('are those that the driver would send', async (t) => {
    const { connection } = await open(t, 'create table t (id int)')
    for (const [name, value] of scalars) {
      const text = 'select ?, hex(?), length(?), ? is null, collation(?)'
      const columns = [0, 1, 2, 3, 4].map((i) => column(`e${i}`, 'string', ''))
      const given = [value, value, value, value, value]
      const rows: unknown[] = []
      await connection.rows(text, given.map(wireOf), columns).pull((row) => rows.push(...row) > 0)
      const placed: unknown[] = []
      await connection.placed(text, given, columns, 1).pull((row) => {
        for (let i = 0; i < 5; i++) placed.push(row.bind(i))
        return true
      })
      assert.deepEqual(plain(placed), plain(rows), name)
    }
  })

  it('and rows may be larger than a packet', async (t) => {
    assert.ok(database)
    const { direct } = await arrange(t, database, 'create table t (id int)')
    const [[most] = []] = await direct.run('select @@global.max_allowed_packet')
    await direct.run('set global max_allowed_packet = 134217728')
    t.after(() => direct.run(`set global max_allowed_packet = ${Number(most)}`).catch(() => {}))
    const { connection } = await open(t, 'create table t (id int)')
    for (const length of [0xffffff - 30, 0xffffff, 17_000_000, 2 * 0xffffff + 5]) {
      const value = `"${'x'.repeat(length - 2)}"`
      let rows = 0
      const pulled = connection.placed('select ?, length(?), 5', [value, value], sized, null).pull((row) => {
        rows++
        const same = row.bind(0) === value
        assert.deepEqual([same, row.bind(1), row.bind(2)], [true, length, 5])
        return true
      })
      await pulled
      assert.equal(rows, 1)
    }
    // Written as it comes, and counted before room is made for it.
    const body = await bodyOf(readPlaced, connection, programOf("select repeat('a\"', 9000000), 9000000 * 2, 5", sized))
    assert.equal(body.length, '[{"text":"","length":18000000,"five":5}]'.length + 27_000_000)
    assert.equal(await one(connection), 1)
  })
})
const sized = [column('text', 'string'), column('length', 'integer'), column('five', 'integer')]

/** The connection is in step. */
async function one(connection: MysqlConnection): Promise<unknown> {
  const rows: unknown[] = []
  await connection.placed('select 1', [], [column('one', 'integer')], null).pull((row) => rows.push(row.bind(0)) > 0)
  assert.equal(rows.length, 1)
  return rows[0]
}

const many = `create table many (id int primary key, note text); insert into many select seq, repeat('x', 400) from ${numbers(30_000)}`
const id = [column('id', 'integer')]

describe('a connection stays in step', { skip }, () => {
  it('when the server refuses a statement', async (t) => {
    const { connection } = await open(t, many)
    const pulled = async (): Promise<unknown> =>
      connection.placed('select nothing from many', [], id, null).pull(() => true)
    await assert.rejects(pulled, (thrown: unknown) => thrown instanceof ServerFault && thrown.number === 1054)
    assert.equal(await one(connection), 1)
  })

  it('when an error comes behind rows', async (t) => {
    const { connection } = await open(t, many)
    const text = 'select if(id = 900, (select 1 union select id), id) from many order by id'
    for (const patient of [true, false]) {
      const rows = connection.placed(text, [], id, null)
      let taken = 0
      const all = async (): Promise<void> => {
        while (await rows.pull(() => ++taken > 0 && patient));
      }
      await assert.rejects(all, (thrown: unknown) => thrown instanceof ServerFault && thrown.number === 1242)
      assert.ok(taken <= 899)
      await rows.close()
      assert.equal(await one(connection), 1)
    }
  })

  it('when a statement answers several results, of which the first counts', async (t) => {
    const { connection } = await open(
      t,
      `${many}; create procedure two() begin select id from many order by id limit 2; select 7, 8, 9; end;
       create procedure none() begin end`,
    )
    for (const [text, expected] of [
      ['call two()', [1, 2]],
      ['call none()', []],
      ['set @x = 1', []],
    ] as const) {
      const found: unknown[] = []
      await connection.placed(text, [], id, null).pull((row) => found.push(row.bind(0)) > 0)
      assert.deepEqual(found, expected)
      assert.equal(await one(connection), 1)
    }
  })

  it('when rows are taken one by one', async (t) => {
    const { connection } = await open(t, many)
    const rows = connection.placed('select id from many order by id', [], id, null)
    const found: unknown[] = []
    while (await rows.pull((row) => found.push(row.bind(0)) === 0));
    assert.equal(found.length, 30_000)
    assert.ok(found.every((value, i) => value === i + 1))
    assert.equal(await one(connection), 1)
  })

  it('when another statement begins before the rows are taken', async (t) => {
    const { connection } = await open(t, many)
    const rows = connection.placed('select id, note from many order by id', [], [...id, column('note', 'string')], null)
    const found: unknown[] = []
    await rows.pull((row) => found.push(row.bind(0)) === 0)
    assert.equal(await one(connection), 1)
    await rows.pull((row) => found.push(row.bind(0)) > 0)
    assert.equal(found.length, 30_000)
    assert.ok(found.every((value, i) => value === i + 1))
  })

  it('when who takes rows throws', async (t) => {
    const { connection } = await open(t, many)
    const rows = connection.placed('select id from many order by id limit 500', [], id, null)
    const pulled = async (): Promise<unknown> =>
      rows.pull(() => {
        throw new RangeError('enough')
      })
    await assert.rejects(pulled, RangeError)
    await rows.close()
    assert.equal(await one(connection), 1)
  })

  it('when the rest of a few rows is not wanted', async (t) => {
    const { connection } = await open(t, many)
    const rows = connection.placed('select id from many order by id limit 500', [], id, null)
    await rows.pull(() => false)
    await rows.close()
    assert.equal(connection.spent, false)
    assert.equal(await one(connection), 1)
  })

  it('and is given up when the rest is long', async (t) => {
    const { connection } = await open(t, many)
    const rows = connection.placed('select a.id, a.note from many a, many b', [], id, null)
    await rows.pull(() => false)
    await rows.close()
    await connection.rest()
    assert.ok(connection.spent)
  })

  it('with no more statements prepared than a few', async (t) => {
    const { connection, direct } = await open(t, many)
    const prepared = async (): Promise<number> =>
      Number((await direct.run("show global status like 'Prepared_stmt_count'"))[0]?.[1])
    const before = await prepared()
    for (let i = 0; i < 260; i++)
      await connection.placed(`select id + ${i} from many limit 1`, [], id, null).pull(() => true)
    assert.ok((await prepared()) - before <= 200)
    assert.equal(await one(connection), 1)
  })
})

it('a connection that is cut tells who takes rows', { skip }, async (t) => {
  for (const paused of [true, false]) {
    const { connection, direct } = await open(t, many)
    let thread: unknown = null
    await connection.placed('select connection_id()', [], id, null).pull((row) => {
      thread = row.bind(0)
      return true
    })
    const rows = connection.placed('select a.id, a.note from many a, many b', [], id, null)
    if (paused) await rows.pull(() => false)
    await direct.run(`kill connection ${thread}`)
    const all = async (): Promise<unknown> => rows.pull(() => true)
    await assert.rejects(all, ConnectionLost)
    await rows.close()
    assert.ok(connection.lost)
  }
})

describe('a driver that is not as it is known', () => {
  const known = {
    clientEncoding: 'utf8',
    serverCapabilityFlags: 0xffffffff,
    config: { clientFlags: 0 },
    ...Object.fromEntries(
      ['addCommand', '_resetSequenceId', '_bumpSequenceId', 'write', 'pause', 'resume', 'prepare'].map((name) => [
        name,
        () => {},
      ]),
    ),
  }
  const cases: readonly { readonly name: string; readonly with: object; readonly used: boolean }[] = [
    { name: 'all is there', with: {}, used: true },
    { name: 'no queue', with: { addCommand: undefined }, used: false },
    { name: 'no sequence of packets', with: { _bumpSequenceId: undefined }, used: false },
    { name: 'another encoding', with: { clientEncoding: 'latin1' }, used: false },
    { name: 'compressed', with: { config: { clientFlags: 0, compress: true } }, used: false },
    { name: 'attributes between parameters', with: { config: { clientFlags: 0x08000000 } }, used: false },
  ]
  for (const { name, with: changed, used } of cases) {
    it(name, () => {
      const driver = { ...known, ...changed } as unknown as Parameters<typeof queueOf>[0]
      assert.equal(queueOf(driver) !== null, used)
    })
  }
})
