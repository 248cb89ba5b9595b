/** Procedures and functions on a real server (data-plane 7): what is listed, how they are called, what they answer, what they leave behind. */
import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { ApiError, type Caller, encodeJson, type Json } from 'dataferry/sdk'
import { maskFor } from '../../../kernel/access/masks.ts'
import { caller, role } from '../../support/access.ts'
import { postgres } from '../../support/databases.ts'
import { type Asked, requestFor } from '../records/company.ts'
import { recordService } from '../records/exports.ts'
import { type Arranged, arrange, host, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const routines = `
  create table item (id int primary key, name text, price numeric(30, 10), big bigint, at timestamp);
  insert into item values (1, 'pen', 12345678901234567890.1234500000, 9007199254740993, '2024-01-02 03:04:05'), (2, 'ink', 0.5, 1, null), (3, 'cap', null, null, null);
  create domain positive as int check (value > 0);

  create function add_numbers(a integer, b integer) returns integer language sql as 'select a + b';
  create function area(side integer) returns text language sql as $$ select 'square ' || side $$;
  create function area(width integer, height integer) returns text language sql as $$ select 'rectangle ' || width || 'x' || height $$;
  create function area(radius numeric, unit text) returns text language sql as $$ select 'circle ' || radius || unit $$;
  create function area(label text) returns text language sql as $$ select 'label ' || label $$;
  create function with_defaults(a int, b int default 10, c text default 'it''s') returns text language sql as $$ select a || '-' || b || '-' || c $$;
  create function with_defaults(a int, b int) returns text language sql as $$ select 'two' $$;
  create function items(above int default 0) returns table (id int, name text, price numeric, big bigint) language sql as $$ select i.id, i.name, i.price, i.big from item i where i.id > above order by i.id $$;
  create function whole_items() returns setof item language sql as 'select * from item order by id';
  create function numbers(n int) returns setof int language sql as 'select generate_series(1, n)';
  create function stats(in p int, out total bigint, out half numeric) language sql as 'select p::bigint * 10000000000, p / 2.0';
  create function one_out(out half double precision) language sql as 'select 0.1::float8';
  create function loose() returns record language sql as $$ select 1, 'x'::text $$;
  create function total(variadic n int[]) returns bigint language sql as 'select sum(x) from unnest(n) x';
  create function nothing() returns void language sql as '';
  create function no_value() returns void language plpgsql as 'begin end';
  create function negate(b boolean) returns boolean language sql as 'select not b';
  create function doc(j jsonb) returns text language sql as $$ select j #>> '{a,0}' $$;
  create function cut(b bytea) returns bytea language sql as 'select substr(b, 2)';
  create function size_of(t text[]) returns int language sql as 'select cardinality(t)';
  create function same(a anyelement) returns anyelement language sql as 'select a';
  create function checked(n positive) returns int language sql as 'select n::int';
  create function echo(t text) returns text language sql as 'select t';
  create function slow() returns void language sql as 'select pg_sleep(60)';
  create function broken() returns int language plpgsql as 'begin return (select 1 from nowhere); end';
  create function two_cursors() returns setof refcursor language plpgsql as $$
    declare c refcursor; begin open c for select id from item order by id; return next c; c := null; open c for select name from item where id < 3 order by id; return next c; end $$;
  create function leaves() returns int language plpgsql as $$
    begin perform set_config('search_path', 'pg_catalog', false); perform set_config('datestyle', 'German', false); create temp table left_over (n int); perform pg_advisory_lock(4711); return 1; end $$;
  create function "Odd ""na'me"("or""der; drop" int) returns int language sql as 'select $1 + 1';
  create function after_insert() returns trigger language plpgsql as 'begin return new; end';

  create procedure double_it(inout n int) language plpgsql as 'begin n := n * 2; end';
  create procedure put(p_id int, p_name text) language sql as 'insert into item (id, name) values (p_id, p_name)';
  create procedure answer(in a int, out b bigint, inout c text) language plpgsql as $$ begin b := a::bigint * 10000000000; c := c || '!'; end $$;
  create procedure commits() language plpgsql as $$ begin insert into item (id) values (100); commit; insert into item (id) values (101); rollback; end $$;
  create procedure fails(t text) language plpgsql as $$ begin raise exception 'custom failure: %', t; end $$;
  create procedure fails_coded() language plpgsql as $$ begin raise exception 'own words' using errcode = '23505'; end $$;
  create procedure half() language plpgsql as $$ begin insert into item (id) values (200); insert into item (id) values (1); end $$;
  create procedure cursor_out(inout c refcursor, inout n int) language plpgsql as $$ begin open c for select id from item order by id; n := 3; end $$;
`

interface Answer {
  readonly status: number
  readonly text: string
}

interface Served extends Arranged {
  ask(asked: Asked, given?: AbortSignal): Promise<Answer>
}

async function serve(t: TestContext, sql = routines, options: Parameters<typeof arrange>[3] = {}): Promise<Served> {
  assert.ok(database)
  const arranged = await arrange(t, database, sql, options)
  const service = recordService(arranged.store, { host: { ...host(), maskFor }, config: {} })
  return {
    ...arranged,
    async ask(asked, given = signal) {
      try {
        const { status, body } = await service.handle(requestFor(asked), given)
        return { status, text: body.kind === 'value' ? encodeJson(body.value) : body.kind }
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown
        return { status: thrown.status, text: thrown.message }
      }
    },
  }
}

interface Case {
  readonly name: string
  readonly path: string
  readonly params?: Json
  readonly more?: { readonly [name: string]: Json }
  readonly status?: number
  readonly is: string
}

const calls: readonly Case[] = [
  { name: 'a function by name', path: '_func/add_numbers?a=2&b=40', is: '42' },
  { name: 'a function in the path', path: '_func/add_numbers(2,40)', is: '42' },
  { name: 'in any case', path: '_func/ADD_Numbers?A=2&b=40', is: '42' },
  { name: 'params as a list', path: '_func/add_numbers', params: [2, 40], is: '42' },
  { name: 'params as a map', path: '_func/add_numbers', params: { a: 2, b: '40' }, is: '42' },
  {
    name: 'params as objects',
    path: '_func/add_numbers',
    params: [
      { name: 'a', value: 2 },
      { name: 'b', value: 40 },
    ],
    is: '42',
  },
  {
    name: 'params as a map of objects',
    path: '_func/add_numbers',
    params: { a: { value: 2 }, b: { value: 40 } },
    is: '42',
  },
  { name: 'params as a text', path: '_func/add_numbers', params: '2,40', is: '42' },
  { name: 'what is missing is null', path: '_func/add_numbers?a=2', is: 'null' },
  { name: 'lookups are replaced', path: '_func/add_numbers', params: { a: '{user.id}', b: 1 }, is: '8' },
  { name: 'a lookup is data', path: '_func/echo', params: ['{user.email}'], is: '"ann@example.org"' },
  { name: 'a value is data', path: '_func/echo', params: ["'); drop table item; --"], is: `"'); drop table item; --"` },
  { name: 'no number', path: '_func/add_numbers?a=x&b=1', status: 400, is: "Parameter 'a' must be a valid integer." },
  { name: 'an overload by its name', path: '_func/area?side=3', is: '"square 3"' },
  { name: 'an overload by its number', path: '_func/area(3,4)', is: '"rectangle 3x4"' },
  { name: 'an overload by the names', path: '_func/area?radius=3&unit=cm', is: '"circle 3cm"' },
  { name: 'an overload by the kind', path: '_func/area', params: ['a'], is: '"label a"' },
  { name: 'defaults', path: '_func/with_defaults?a=1', is: '"1-10-it\'s"' },
  { name: 'a default in between', path: '_func/with_defaults', params: { a: 1, c: 'x' }, is: '"1-10-x"' },
  {
    name: 'an overload that the database can not tell',
    path: '_func/with_defaults',
    params: { a: 1, b: 2 },
    status: 500,
    is: 'Failed to call database stored function.\nIt can not be told from another of its name that has defaults for what is left out.',
  },
  {
    name: 'a table function',
    path: '_func/items',
    is: '[{"id":1,"name":"pen","price":12345678901234567890.12345,"big":9007199254740993},{"id":2,"name":"ink","price":0.5,"big":1},{"id":3,"name":"cap","price":null,"big":null}]',
  },
  {
    name: 'one row of a table function',
    path: '_func/items?above=2',
    is: '{"id":3,"name":"cap","price":null,"big":null}',
  },
  { name: 'no row', path: '_func/items(9)', is: '[]' },
  { name: 'rows of a table', path: '_func/whole_items?returns=integer', is: '1' },
  { name: 'a set of values', path: '_func/numbers(2)', is: '[{"numbers":1},{"numbers":2}]' },
  { name: 'OUT parameters of a function', path: '_func/stats?p=3', is: '{"total":30000000000,"half":1.5}' },
  { name: 'one OUT parameter of a function', path: '_func/one_out', is: '{"half":0.1}' },
  { name: 'columns that are not declared', path: '_func/loose', is: '"(1,x)"' },
  { name: 'as many as are given', path: '_func/total(1,2,3)', is: '6' },
  { name: 'as many as are given: none', path: '_func/total', is: 'null' },
  { name: 'a function without a value', path: '_func/nothing', is: 'null' },
  { name: 'a block without a value', path: '_func/no_value', is: 'null' },
  { name: 'booleans', path: '_func/negate', params: [true], is: 'false' },
  { name: 'JSON', path: '_func/doc', params: { j: { a: ['x'] } }, is: '"x"' },
  { name: 'bytes', path: '_func/cut', params: ['AAEC'], is: '"AQI="' },
  { name: 'a list', path: '_func/size_of', params: [['a', 'b, c']], is: '2' },
  { name: 'any type', path: '_func/same', params: ['x'], is: '"x"' },
  { name: 'a domain', path: '_func/checked(5)', is: '5' },
  { name: 'a hostile name', path: '_func/Odd%20%22na%27me', params: { 'or"der; drop': 41 }, is: '42' },
  { name: 'returns', path: '_func/add_numbers(2,40)?returns=string', is: '"42"' },
  {
    name: 'returns in the payload goes first',
    path: '_func/add_numbers?returns=string',
    params: [2, 40],
    more: { returns: 'TABLE' },
    is: '42',
  },
  {
    name: 'a schema',
    path: '_func/items',
    params: [2],
    more: { schema: { id: 'string' } },
    is: '{"id":"3","name":"cap","price":null,"big":null}',
  },
  {
    name: 'several cursors',
    path: '_func/two_cursors',
    is: '[[{"id":1},{"id":2},{"id":3}],[{"name":"pen"},{"name":"ink"}]]',
  },
  { name: 'INOUT', path: '_proc/double_it?n=21', is: '{"n":42}' },
  { name: 'INOUT without a value', path: '_proc/double_it', is: '{"n":null}' },
  { name: 'IN, OUT and INOUT', path: '_proc/answer', params: { a: 3, c: 'hi' }, is: '{"b":30000000000,"c":"hi!"}' },
  { name: 'by position without OUT', path: '_proc/answer', params: [3, 'hi'], is: '{"b":30000000000,"c":"hi!"}' },
  { name: 'a procedure that answers nothing', path: '_proc/put', params: [50, 'x'], is: '[]' },
  { name: 'a wrapper around nothing', path: '_proc/put', params: [51, 'x'], more: { wrapper: 'w' }, is: '{"w":[]}' },
  {
    name: 'a cursor and a value',
    path: '_proc/cursor_out',
    params: { n: 1 },
    more: { wrapper: 'w' },
    is: '{"w":[{"id":1},{"id":2},{"id":3},{"id":50},{"id":51}],"n":3}',
  },
  { name: 'a function asked for as a procedure', path: '_proc/add_numbers(2,40)', is: '42' },
  { name: 'a procedure asked for as a function', path: '_func/double_it(4)', is: '{"n":8}' },
  {
    name: 'no such procedure',
    path: '_proc/nope',
    status: 404,
    is: "Procedure 'nope' does not exist in the database.",
  },
  {
    name: 'no such function',
    path: '_func/nope(1)',
    status: 404,
    is: "Function 'nope' does not exist in the database.",
  },
  {
    name: 'a trigger is none',
    path: '_func/after_insert',
    status: 404,
    is: "Function 'after_insert' does not exist in the database.",
  },
  {
    name: 'a raised error',
    path: '_proc/fails',
    params: ['x'],
    status: 500,
    is: 'Failed to call database stored procedure.\ncustom failure: x',
  },
  {
    name: 'a raised error of another code',
    path: '_proc/fails_coded',
    status: 500,
    is: 'Failed to call database stored procedure.\nown words',
  },
  {
    name: 'a broken body',
    path: '_func/broken',
    status: 500,
    is: 'Failed to call database stored function.\nIt names something that the database does not have.',
  },
  {
    name: 'a value outside of the domain',
    path: '_func/checked(0)',
    status: 500,
    is: "Failed to call database stored function.\nThe record fails the check 'positive_check' of the database.",
  },
]

test('calls', { skip }, async (t) => {
  const { ask } = await serve(t)
  for (const { name, path, params, more, status = 200, is } of calls) {
    await t.test(name, async () => {
      const asked =
        params === undefined && more === undefined
          ? { path }
          : { path, verb: 'POST' as const, body: { ...(params !== undefined && { params }), ...more } }
      assert.deepEqual(await ask(asked), { status, text: is })
    })
  }
})

test('a call is in no transaction of ours, and fails whole', { skip }, async (t) => {
  const { ask, client } = await serve(t)
  assert.deepEqual(await ask({ path: '_proc/commits', verb: 'POST' }), { status: 200, text: '[]' })
  assert.equal((await ask({ path: '_proc/half', verb: 'POST' })).status, 500)
  const { rows } = await client.query('select id from item where id >= 100 order by id')
  assert.deepEqual(rows, [{ id: 100 }])
})

test('what a routine leaves behind is gone', { skip }, async (t) => {
  const { ask } = await serve(t, routines, { config: { options: { pool_size: 3 } } })
  for (let i = 0; i < 3; i++) assert.deepEqual(await ask({ path: '_func/leaves' }), { status: 200, text: '1' })
  assert.deepEqual(await ask({ path: '_func/items(2)?returns=integer' }), { status: 200, text: '3' })
  assert.match((await ask({ path: '_func/whole_items' })).text, /"at":"2024-01-02 03:04:05"/)
})

test('a routine that was made anew is described anew', { skip }, async (t) => {
  const { ask, client } = await serve(t)
  assert.equal((await ask({ path: '_func/add_numbers(2,40)' })).text, '42')
  await client.query(
    'drop function add_numbers(int, int); create function add_numbers(a int, b int, c int) returns int language sql as $$ select a + b + c $$',
  )
  assert.equal((await ask({ path: '_func/add_numbers', verb: 'POST', body: { params: [1, 2, 3] } })).text, '6')
  await client.query('drop function add_numbers(int, int, int)')
  assert.equal((await ask({ path: '_func/add_numbers(1,2,3)' })).status, 404)
})

test('a call ends with its client, and on the server', { skip }, async (t) => {
  const { ask, client } = await serve(t)
  const gone = new AbortController()
  const call = ask({ path: '_func/slow' }, gone.signal)
  const running = async (): Promise<boolean> => {
    const { rows } = await client.query(
      `select 1 from pg_stat_activity where state = 'active' and query like '%"slow"()' and pid <> pg_backend_pid()`,
    )
    return rows.length > 0
  }
  while (!(await running())) await new Promise((resolve) => setImmediate(resolve))
  gone.abort(new Error('gone'))
  await assert.rejects(call, /gone/)
  while (await running()) await new Promise((resolve) => setImmediate(resolve))
})

test('a call that takes too long is stopped', { skip }, async (t) => {
  const { ask } = await serve(t, routines, { env: { DF_STATEMENT_TIMEOUT: '1' } })
  assert.deepEqual(await ask({ path: '_func/slow' }), {
    status: 503,
    text: 'The request took too long in the database and was stopped.',
  })
})

const small = `
  create function shared(a integer, b numeric(5, 2) default 1.5) returns varchar language sql as $$ select 'x'::varchar $$;
  create function shared(t text) returns table (id integer, name varchar) language sql as $$ select 1, t::varchar $$;
  create function stats(out total bigint) language sql as 'select 1::bigint';
  create procedure run(inout n integer) language sql as 'select n';
  create schema SCHEMA_two;
  create procedure SCHEMA_two.run() language sql as '';
`

test('lists and descriptions', { skip }, async (t) => {
  assert.ok(database)
  const { ask, client, schema } = await serve(t, 'select 1')
  await client.query(small.replaceAll('SCHEMA', schema))
  const names = async (path: string): Promise<Json> => JSON.parse((await ask({ path })).text).resource as Json
  assert.deepEqual(
    await names(''),
    ['_schema', '_table', '_proc', '_func'].map((name) => ({ name })),
  )
  assert.deepEqual(await names('_func?as_list=true'), ['shared', 'stats'])
  assert.deepEqual(await names('_proc'), [{ name: 'run' }, { name: `${schema}_two.run` }])
  assert.deepEqual(await names('_func?fields=*'), [
    {
      alias: null,
      name: 'shared',
      label: 'Shared',
      description: null,
      native: [],
      access: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    },
    {
      alias: null,
      name: 'stats',
      label: 'Stats',
      description: null,
      native: [],
      access: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    },
  ])
  assert.deepEqual(await names('_proc?ids=RUN&fields=*'), [
    {
      alias: null,
      name: 'run',
      label: 'Run',
      description: null,
      native: [],
      return_type: null,
      return_schema: [],
      params: [
        {
          name: 'n',
          position: 1,
          param_type: 'INOUT',
          type: 'integer',
          db_type: 'integer',
          length: null,
          precision: null,
          scale: null,
          default: null,
        },
      ],
      access: 31,
    },
  ])
  const shared = (await names('_func?ids=shared')) as { readonly [key: string]: Json }[]
  assert.deepEqual(
    shared.map(({ return_type, return_schema, params }) => ({
      return_type,
      columns: (return_schema as { name: string; type: string }[]).map(({ name, type }) => `${name} ${type}`),
      params: (params as { name: string; db_type: string; default: Json }[]).map(
        ({ name, db_type, default: value }) => [name, db_type, value],
      ),
    })),
    [
      { return_type: 'record', columns: ['id integer', 'name string'], params: [['t', 'text', null]] },
      {
        return_type: 'character varying',
        columns: [],
        params: [
          ['a', 'integer', null],
          ['b', 'numeric', '1.5'],
        ],
      },
    ],
  )
  assert.deepEqual(await ask({ path: '_func?ids=shared,nope' }), {
    status: 404,
    text: "Function 'nope' does not exist in the database.",
  })
  assert.deepEqual(await names('?as_access_list=true'), [
    ...['', '*', '_schema/', '_schema/*', '_table/', '_table/*'],
    ...[
      '_proc/',
      '_proc/*',
      '_proc/run',
      `_proc/${schema}_two.run`,
      '_func/',
      '_func/*',
      '_func/shared',
      '_func/stats',
    ],
  ])
  assert.deepEqual(await ask({ path: `_proc/${schema}_two.run`, verb: 'POST' }), { status: 200, text: '[]' })
})

const refusals: readonly (readonly [verb: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, message: string])[] = [
  ['POST', '_proc', "POST requests without a resource are not currently supported by the '_proc' service."],
  ['DELETE', '_func', "DELETE requests without a resource are not currently supported by the '_func' service."],
  ['PUT', '_proc/run', "PUT requests without a resource are not currently supported by the '_proc' service."],
  ['DELETE', '_func/nope', "DELETE requests without a resource are not currently supported by the '_func' service."],
]

test('verbs that are none', { skip }, async (t) => {
  const { ask } = await serve(t, 'select 1')
  for (const [verb, path, message] of refusals)
    assert.deepEqual(await ask({ path, verb }), { status: 400, text: message })
})

interface Rights {
  readonly name: string
  readonly components: readonly string[]
  readonly path: string
  readonly verb?: 'GET' | 'POST'
  readonly status: number
}
const GET = 1
const rights: readonly Rights[] = [
  { name: 'its own name', components: ['_proc/run'], path: '_proc/run(1)', status: 200 },
  { name: 'all procedures', components: ['_proc/*'], path: '_proc/run(1)', status: 200 },
  { name: 'another name', components: ['_proc/other'], path: '_proc/run(1)', status: 403 },
  { name: 'another verb', components: ['_proc/run'], path: '_proc/run', verb: 'POST', status: 403 },
  { name: 'functions are no procedures', components: ['_func/*'], path: '_func/run(1)', status: 403 },
  { name: 'procedures are no functions', components: ['_proc/*'], path: '_proc/plain', status: 403 },
  { name: 'but what answers by OUT was one', components: ['_proc/*'], path: '_proc/stats', status: 200 },
  { name: 'with the right to both', components: ['_func/*', '_proc/run'], path: '_func/run(1)', status: 200 },
]

test('permissions', { skip }, async (t) => {
  const { ask } = await serve(
    t,
    `${small.split('create schema')[0]} create function plain() returns int language sql as 'select 1';`,
  )
  const by = (components: readonly string[]): Partial<Caller> =>
    caller({ role: role(components.map((component) => ['db', component, GET] as const)) })
  for (const { name, components, path, verb = 'GET', status } of rights) {
    await t.test(name, async () => {
      assert.equal((await ask({ path, verb, caller: by(components) })).status, status)
    })
  }
  const listed = await ask({ path: '_func?as_list=true', caller: by(['_func/stats', '_func']) })
  assert.deepEqual(listed, { status: 200, text: '{"resource":["stats"]}' })
  const access = await ask({ path: '?as_access_list=true', caller: by(['_proc/run', '']) })
  assert.deepEqual(access, { status: 200, text: '{"resource":["","*","_proc/run"]}' })
})
