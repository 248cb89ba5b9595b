/** Procedures and functions on a real server (data-plane 7): what is listed, how they are called, what they answer, what they leave behind. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { mysql } from '../../support/databases.ts'
import { type Arranged, arrange, Direct } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())

const routines = `
  create table item (id int primary key, name varchar(20), price decimal(30, 10), big bigint unsigned, at datetime(3), flag tinyint(1), half float, bytes varbinary(10), doc json);
  insert into item values
    (1, 'pen', 12345678901234567890.12345, 18446744073709551615, '2024-01-02 03:04:05.5', 1, 0.1, x'0001', '{"a": 1}'),
    (2, 'ink', 0.5, 1, null, 0, null, null, null);

  create procedure items(in above int) select * from item where id > above order by id;
  create procedure two_sets(in lim int) begin select id from item order by id limit lim; select 1 as one from item where id < 0; select name from item order by id limit lim; end;
  create procedure stats(in p int, out total bigint, out half decimal(12, 2)) begin set total = p * 10000000000; set half = p / 2; end;
  create procedure double_it(inout n int) set n = n * 2;
  create procedure mixed(in p int, out cnt int) begin select count(*) into cnt from item; select id from item order by id limit p; end;
  create procedure named_out(out cnt int) begin set cnt = 1; select 7 as cnt; end;
  create procedure typed(out t tinyint(1), out f float, out d double, out u bigint unsigned, out m decimal(30, 10), out dt datetime(3), out b varbinary(10), out s varchar(20), inout j longtext)
    begin set t = 1; set f = 0.1; set d = 0.1; set u = 18446744073709551615; set m = 12345678901234567890.12345; set dt = '2024-01-02 03:04:05.5'; set b = x'0001'; set s = 'é'; set j = concat(j, '!'); end;
  create procedure put(p_id int, p_name varchar(20)) insert into item (id, name) values (p_id, p_name);
  create procedure nothing() begin end;
  create procedure fails(t varchar(20)) signal sqlstate '45000' set message_text = 'custom failure';
  create procedure fails_otherwise() signal sqlstate '02001' set message_text = 'own words';
  create procedure broken() select * from nowhere;
  create procedure calls_nobody() call nobody(1);
  create procedure short_text(g char(1)) select g;
  create procedure leaves() begin set session sql_mode = 'ANSI_QUOTES'; set session time_zone = '+05:00'; set @df_1 = 'left'; create temporary table left_over (n int); start transaction; insert into item (id) values (99); select get_lock('df', 0) as locked; end;
  create procedure slow() select sleep(60);
  create procedure \`Odd \`\`na'me\`(\`or\`\`der; drop\` int) select \`or\`\`der; drop\` + 1 as n;
  create procedure same_name() select 'procedure' as kind;
  create function same_name() returns varchar(20) deterministic return 'function';

  create function add_numbers(a int, b int) returns int deterministic return a + b;
  create function echo(t varchar(200)) returns varchar(200) deterministic return t;
  create function is_small(n int) returns tinyint(1) deterministic return n < 10;
  create function exact(a decimal(30, 10)) returns decimal(30, 10) deterministic return a;
  create function third(a float) returns float deterministic return a;
  create function largest() returns bigint unsigned deterministic return 18446744073709551615;
  create function cut(b varbinary(10)) returns varbinary(10) deterministic return substr(b, 2);
  create function full_name(p int) returns varchar(64) reads sql data return (select name from item where id = p);
`

interface Case {
  readonly name: string
  readonly path: string
  readonly params?: Json
  readonly more?: { readonly [name: string]: Json }
  readonly status?: number
  readonly is: string
}

const pen =
  '{"id":1,"name":"pen","price":12345678901234567890.12345,"big":18446744073709551615,"at":"2024-01-02 03:04:05.500","flag":1,"half":0.1,"bytes":"AAE=","doc":"{\\"a\\": 1}"}'
const ink = '{"id":2,"name":"ink","price":0.5,"big":1,"at":null,"flag":0,"half":null,"bytes":null,"doc":null}'

const calls: readonly Case[] = [
  { name: 'rows', path: '_proc/items?above=0', is: `[${pen},${ink}]` },
  { name: 'in the path', path: '_proc/items(1)', is: `[${ink}]` },
  { name: 'in any case', path: '_proc/ITEMS?ABOVE=1', is: `[${ink}]` },
  { name: 'a wrapper', path: '_proc/items(1)?wrapper=w', is: `{"w":[${ink}]}` },
  { name: 'a missing value is null', path: '_proc/items', is: '[]' },
  { name: 'a body without params', path: '_proc/items', more: { above: 1 }, is: '[]' },
  { name: 'returns', path: '_proc/items(1)?returns=string', is: '"2"' },
  {
    name: 'a schema',
    path: '_proc/two_sets',
    params: [1],
    more: { schema: { id: 'string' } },
    is: '[[{"id":"1"}],[{"name":"pen"}]]',
  },
  {
    name: 'several sets, empty ones dropped',
    path: '_proc/two_sets(2)',
    is: '[[{"id":1},{"id":2}],[{"name":"pen"},{"name":"ink"}]]',
  },
  { name: 'OUT', path: '_proc/stats?p=3', is: '{"total":30000000000,"half":1.5}' },
  {
    name: 'OUT, described',
    path: '_proc/stats',
    params: [
      { name: 'p', value: 3 },
      { name: 'total', param_type: 'OUT', type: 'integer' },
    ],
    is: '{"total":30000000000,"half":1.5}',
  },
  { name: 'OUT of nothing', path: '_proc/stats', is: '{"total":null,"half":null}' },
  { name: 'INOUT', path: '_proc/double_it?n=21', is: '{"n":42}' },
  { name: 'INOUT without a value', path: '_proc/double_it', is: '{"n":null}' },
  { name: 'INOUT by position', path: '_proc/double_it(4)', is: '{"n":8}' },
  { name: 'OUT and rows', path: '_proc/mixed(1)', is: '{"resource":[{"id":1}],"cnt":2}' },
  { name: 'OUT and no rows', path: '_proc/mixed(0)', is: '{"cnt":2}' },
  { name: 'a row named like OUT', path: '_proc/named_out', is: '{"cnt":7}' },
  {
    name: 'every type of OUT',
    path: '_proc/typed?j=x',
    is: '{"t":true,"f":0.1,"d":0.1,"u":18446744073709551615,"m":12345678901234567890.12345,"dt":"2024-01-02 03:04:05.500","b":"AAE=","s":"é","j":"x!"}',
  },
  { name: 'nothing', path: '_proc/nothing', is: '[]' },
  { name: 'a change', path: '_proc/put', params: [50, 'x'], is: '[]' },
  { name: 'a hostile name', path: '_proc/Odd%20%60na%27me', params: { 'or`der; drop': 41 }, is: '[{"n":42}]' },
  { name: 'a procedure of the name of a function', path: '_proc/same_name', is: '[{"kind":"procedure"}]' },
  { name: 'a function of the name of a procedure', path: '_func/same_name', is: '"function"' },
  { name: 'a function', path: '_func/add_numbers?a=2&b=40', is: '42' },
  { name: 'params as a list', path: '_func/add_numbers', params: [2, '40'], is: '42' },
  { name: 'a lookup', path: '_func/add_numbers', params: { a: '{user.id}', b: 1 }, is: '8' },
  {
    name: 'a value is data',
    path: '_func/echo',
    params: ["'); drop table item; -- ?"],
    is: `"'); drop table item; -- ?"`,
  },
  { name: 'a boolean', path: '_func/is_small(5)', is: 'true' },
  { name: 'a decimal', path: '_func/exact', params: ['12345678901234567890.12345'], is: '12345678901234567890.12345' },
  { name: 'a float', path: '_func/third(0.1)', is: '0.1' },
  { name: 'an unsigned number', path: '_func/largest', is: '18446744073709551615' },
  { name: 'bytes', path: '_func/cut', params: ['AAEC'], is: '"AQI="' },
  { name: 'a null', path: '_func/full_name?p=99', is: 'null' },
  {
    name: 'no number',
    path: '_proc/double_it',
    params: ['1); select 1; --'],
    status: 400,
    is: "Parameter 'n' must be a valid integer.",
  },
  {
    name: 'no such procedure',
    path: '_proc/nope',
    status: 404,
    is: "Procedure 'nope' does not exist in the database.",
  },
  {
    name: 'a procedure is no function',
    path: '_func/items',
    status: 404,
    is: "Function 'items' does not exist in the database.",
  },
  {
    name: 'a signal',
    path: '_proc/fails',
    params: ['x'],
    status: 500,
    is: 'Failed to call database stored procedure.\ncustom failure',
  },
  {
    name: 'a signal of another state',
    path: '_proc/fails_otherwise',
    status: 500,
    is: 'Failed to call database stored procedure.\nown words',
  },
  {
    name: 'a value that is too long',
    path: "_proc/short_text('F')",
    status: 500,
    is: "Failed to call database stored procedure.\nField 'g' is too long.",
  },
  {
    name: 'a broken body',
    path: '_proc/broken',
    status: 500,
    is: 'Failed to call database stored procedure.\nIt names something that the database does not have.',
  },
  {
    name: 'a call of nobody inside',
    path: '_proc/calls_nobody',
    status: 500,
    is: 'Failed to call database stored procedure.\nIt calls a routine that the database does not have, or gives it too few or too many values.',
  },
]

const asked = ({ path, params, more }: Pick<Case, 'path' | 'params' | 'more'>): Parameters<Arranged['ask']>[0] =>
  params === undefined && more === undefined
    ? { path }
    : { path, verb: 'POST', body: { ...(params !== undefined && { params }), ...more } }

test('calls', { skip }, async (t) => {
  assert.ok(database)
  const { ask, text } = await arrange(t, database, routines)
  for (const { name, status = 200, is, ...call } of calls) {
    await t.test(name, async () => {
      if (status === 200) return assert.equal(await text(asked(call)), is)
      const answer = await ask(asked(call))
      assert.deepEqual({ status: answer.status, body: answer.body }, { status, body: { message: is, context: null } })
    })
  }
})

test('what a routine leaves behind is gone', { skip }, async (t) => {
  assert.ok(database)
  const { text, runner } = await arrange(t, database, routines, { config: { options: { pool_size: 1 } } })
  for (let i = 0; i < 3; i++) assert.equal(await text({ path: '_proc/leaves' }), '[{"locked":1}]')
  const [row] = await runner.query(
    'select @@session.time_zone, @@session.sql_mode, @df_1, @@character_set_client, @@collation_connection, database() is null, is_free_lock(?)',
    ['df'],
    new AbortController().signal,
  )
  assert.equal(row?.[0], '+00:00')
  assert.doesNotMatch(String(row?.[1]), /ANSI_QUOTES/)
  assert.deepEqual(row?.slice(2), [null, 'utf8mb4', 'utf8mb4_unicode_ci', 0, 1])
  assert.equal(await text({ path: '_proc/items(1)' }), `[${ink}]`)
  assert.equal(runner.connections, 1)
})

test('a routine that was made anew is described anew', { skip }, async (t) => {
  assert.ok(database)
  const { ask, text, direct } = await arrange(t, database, routines)
  assert.equal(await text({ path: '_func/add_numbers(2,40)' }), '42')
  assert.equal(await text({ path: '_proc/double_it(2)' }), '{"n":4}')
  await direct.run(
    'drop function add_numbers; create function add_numbers(a int, b int, c int) returns int deterministic return a + b + c',
  )
  await direct.run('drop procedure double_it; create procedure double_it(in n int, in m int) select n * m as x')
  assert.equal(await text({ path: '_func/add_numbers', verb: 'POST', body: { params: [1, 2, 3] } }), '6')
  assert.equal(await text({ path: '_proc/double_it(2,3)' }), '[{"x":6}]')
  await direct.run('drop procedure double_it')
  assert.equal((await ask({ path: '_proc/double_it(2,3)' })).status, 404)
})

test('a call ends with its client, and on the server', { skip }, async (t) => {
  assert.ok(database)
  const { ask, direct, name } = await arrange(t, database, routines)
  const gone = new AbortController()
  const call = ask({ path: '_proc/slow' }, gone.signal)
  const running = async (): Promise<boolean> =>
    (
      await direct.run(
        `select 1 from information_schema.processlist where db = '${name}' and info like '%sleep%' and id <> connection_id()`,
      )
    ).length > 0
  while (!(await running())) await new Promise((resolve) => setImmediate(resolve))
  gone.abort(new Error('gone'))
  await assert.rejects(call, /gone/)
  while (await running()) await new Promise((resolve) => setImmediate(resolve))
})

test('a call that takes too long is stopped', { skip }, async (t) => {
  assert.ok(database)
  const { ask } = await arrange(t, database, routines, { env: { DF_STATEMENT_TIMEOUT: '1' } })
  const { status, body } = await ask({ path: '_proc/slow' })
  assert.deepEqual(
    [status, body],
    [503, { message: 'The request took too long in the database and was stopped.', context: null }],
  )
})

test('lists and descriptions', { skip }, async (t) => {
  assert.ok(database)
  const { ask, direct, name } = await arrange(
    t,
    database,
    `create procedure run(in g char(1), inout n int, out m decimal(12, 2)) select 1;
     create function label(p int) returns varchar(64) deterministic return 'x'`,
    { config: { schema: '' } },
  )
  const other = new Direct(database)
  t.after(async () => {
    await other.run(`drop database if exists ${name}_two`)
    other.end()
  })
  await other.run(`create database ${name}_two; create procedure ${name}_two.elsewhere() select 5 as n`)
  const list = async (path: string): Promise<Json> => {
    const { body } = await ask({ path })
    return (body as { readonly resource: Json }).resource
  }
  assert.deepEqual(await list('?as_list=true'), ['_schema', '_table', '_proc', '_func'])
  assert.deepEqual(await list('_func'), [{ name: 'label' }])
  const procedures = (await list('_proc?as_list=true')) as readonly string[]
  assert.deepEqual(
    procedures.filter((each) => each === 'run' || each.startsWith(`${name}_two.`)),
    ['run', `${name}_two.elsewhere`],
  )
  assert.deepEqual((await ask({ path: `_proc/${name}_two.elsewhere` })).body, [{ n: 5 }])
  assert.deepEqual(await list('_proc?ids=run'), [
    {
      alias: null,
      name: 'run',
      label: 'Run',
      description: null,
      native: [],
      return_type: '',
      return_schema: [],
      params: [
        {
          name: 'g',
          position: 1,
          param_type: 'IN',
          type: 'string',
          db_type: 'char',
          length: 1,
          precision: null,
          scale: null,
          default: null,
        },
        {
          name: 'n',
          position: 2,
          param_type: 'INOUT',
          type: 'integer',
          db_type: 'int',
          length: 10,
          precision: 10,
          scale: 0,
          default: null,
        },
        {
          name: 'm',
          position: 3,
          param_type: 'OUT',
          type: 'decimal',
          db_type: 'decimal',
          length: 12,
          precision: 12,
          scale: 2,
          default: null,
        },
      ],
      access: 31,
    },
  ])
  const [label] = (await list('_func?ids=label')) as readonly { readonly [key: string]: Json }[]
  assert.deepEqual(
    [label?.return_type, label?.params],
    [
      'varchar',
      [
        {
          name: 'p',
          position: 1,
          param_type: 'IN',
          type: 'integer',
          db_type: 'int',
          length: 10,
          precision: 10,
          scale: 0,
          default: null,
        },
      ],
    ],
  )
  assert.equal((await ask({ path: '_proc?ids=label' })).status, 404)
  await direct.run('create procedure later() select 1 as one')
  assert.ok(((await list('_proc?as_list=true&refresh=true')) as readonly string[]).includes('later'))
})
