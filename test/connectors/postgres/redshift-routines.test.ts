/** Redshift's own reading of routines, on a server that understands it: it tells what PostgreSQL's tells of what both have. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { postgresql, redshift } from '../../../connectors/postgres/flavours.ts'
import { PostgresRoutines } from '../../../connectors/postgres/routines.ts'
import { postgres } from '../../support/databases.ts'
import { arrange, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const sql = `
  create view pg_proc_info as select p.oid as prooid, p.* from pg_catalog.pg_proc p;
  create function add_numbers(a integer, b integer) returns integer language sql as 'select a + b';
  create function add_numbers(a text) returns character varying language sql as 'select a::varchar';
  create function unnamed(integer) returns void language sql as '';
  create procedure run(p integer, inout n numeric(5, 2), out m bigint) language sql as 'select n, 1::bigint';
  create procedure double_it(inout n integer) language plpgsql as 'begin n := n * 2; end';
  create procedure nothing() language sql as '';
`

test('lists and descriptions', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, sql)
  const ours = new PostgresRoutines(runner, postgresql, { kind: 'default' })
  const theirs = new PostgresRoutines(runner, redshift, { kind: 'default' })
  const list = await ours.list()
  assert.deepEqual(await theirs.list(), list)
  assert.deepEqual(list.map(({ kind, name }) => `${kind} ${name}`).sort(), [
    'function add_numbers',
    'function unnamed',
    'procedure double_it',
    'procedure nothing',
    'procedure run',
  ])
  for (const listed of list) {
    const known = await ours.describe(listed)
    const undeclared = listed.kind === 'function'
    assert.deepEqual(
      await theirs.describe(listed),
      known.map((routine) => ({ ...routine, undeclared, outGiven: false })),
    )
  }
})

test('calls', { skip }, async (t) => {
  assert.ok(database)
  const { runner } = await arrange(t, database, sql)
  const routines = new PostgresRoutines(runner, redshift, { kind: 'default' })
  const called = async (name: string, ...values: readonly (number | string)[]): Promise<unknown> => {
    const listed = (await routines.list()).find((each) => each.name === name)
    assert.ok(listed !== undefined)
    const routine = (await routines.describe(listed)).find(({ parameters }) => parameters.length === values.length)
    assert.ok(routine !== undefined)
    const { sets, out } = await routines.call(
      routine,
      values.map((value) => ({ kind: 'value', value })),
      signal,
    )
    return JSON.parse(JSON.stringify({ sets, out }))
  }
  assert.deepEqual(await called('add_numbers', 2, 40), { sets: [[{ add_numbers: 42 }]], out: null })
  assert.deepEqual(await called('double_it', 4), { sets: [], out: { n: 8 } })
  assert.deepEqual(await called('nothing'), { sets: [], out: null })
})
