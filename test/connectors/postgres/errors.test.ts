/** What the server says, and what a client is told (data-plane 2.11): in plain words, with the field where it is known. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ApiError } from 'dataferry/sdk'
import { postgresError } from '../../../connectors/postgres/errors.ts'
import {
  Closed,
  ConnectFailed,
  ConnectionLost,
  PoolExhausted,
  ServerFault,
} from '../../../connectors/postgres/wire/fault.ts'
import { postgres } from '../../support/databases.ts'
import { arrange, signal } from './database.ts'

const { database, skip } = await postgres()
after(() => database?.stop())

const schema = `create type color as enum ('red');
  create table parent (id int primary key, "a b" text unique);
  create table child (id int generated always as identity primary key, parent_id int references parent, name varchar(3) not null, n smallint, price numeric(4,2),
    tint color, u uuid, j json, d date, total int generated always as (1) stored, constraint positive check (n > 0), unique (parent_id, name));
  create view joined as select p.id, c.name from parent p join child c on c.parent_id = p.id;
  insert into parent values (1, 'x'), (2, 'y'); insert into child (parent_id, name, n) values (1, 'abc', 1)`

const cases: readonly {
  readonly name: string
  readonly sql: string
  readonly status?: number
  readonly message: string
}[] = [
  { name: '23505 one field', sql: "insert into parent values (3, 'x')", message: "Duplicate value for field 'a b'." },
  {
    name: '23505 two fields',
    sql: "insert into child (parent_id, name) values (1, 'abc')",
    message: "Duplicate value for the fields 'parent_id', 'name' together.",
  },
  {
    name: '23503 insert',
    sql: "insert into child (parent_id, name) values (9, 'x')",
    message: "Field 'parent_id' refers to a record that does not exist.",
  },
  { name: '23503 delete', sql: 'delete from parent where id = 1', message: 'Other records still refer to this one.' },
  { name: '23502', sql: 'insert into child (parent_id) values (1)', message: "Field 'name' can not be NULL." },
  {
    name: '23514',
    sql: "insert into child (name, n) values ('x', -1)",
    message: "The record fails the check 'positive' of the database.",
  },
  { name: '22001', sql: "insert into child (name) values ('long')", message: 'A value is too long for its field.' },
  {
    name: '22003 integer',
    sql: "insert into child (name, n) values ('x', 40000)",
    message: 'A number is out of the range of its field.',
  },
  {
    name: '22003 numeric',
    sql: "insert into child (name, price) values ('x', 123.4)",
    message: 'A number is out of the range of its field.',
  },
  {
    name: '22P02 uuid',
    sql: "insert into child (name, u) values ('x', 'secret value')",
    message: 'A value is not a UUID, as its field needs.',
  },
  {
    name: '22P02 json',
    sql: "insert into child (name, j) values ('x', '{secret value')",
    message: 'A value is not JSON, as its field needs.',
  },
  {
    name: '22P02 enum',
    sql: "insert into child (name, tint) values ('x', 'secret value')",
    message: 'A value is none of those that its field allows.',
  },
  {
    name: '22007',
    sql: "insert into child (name, d) values ('x', 'secret value')",
    message: 'A value is no valid date or time.',
  },
  {
    name: '22008',
    sql: "insert into child (name, d) values ('x', '2024-02-30')",
    message: 'A date or time does not exist.',
  },
  {
    name: '428C9 generated',
    sql: "insert into child (name, total) values ('x', 5)",
    message: 'A field is computed by the database and can not be written.',
  },
  { name: '55000 a view', sql: 'delete from joined', message: 'This can not be written, or not in this way.' },
  {
    name: '42501',
    sql: 'set local role nobody; select * from parent',
    status: 403,
    message: 'The login of this service is not allowed to do this in the database.',
  },
  {
    name: '57014',
    sql: "set local statement_timeout = 20; select 'secret value', pg_sleep(60)",
    status: 503,
    message: 'The request took too long in the database and was stopped.',
  },
  {
    name: '40001',
    sql: "do $$ begin raise exception 'secret value' using errcode = '40001'; end $$",
    status: 503,
    message: 'The record was changed by somebody else at the same time. Try again.',
  },
  { name: '25006', sql: 'set transaction read only; delete from child', message: 'The database is read only.' },
  {
    name: '42P01',
    sql: 'select * from gone',
    status: 503,
    message: 'The structure of the database has changed. Try again.',
  },
  {
    name: '53300',
    sql: "do $$ begin raise exception 'secret value' using errcode = '53300'; end $$",
    status: 503,
    message: 'The database has no connection left. Try again.',
  },
]
for (const { name, sql, status = 400, message } of cases) {
  test(name, { skip }, async (t) => {
    assert.ok(database)
    const { runner, client } = await arrange(t, database, schema)
    if (name === '42501') {
      await client.query('create role nobody').catch(() => {})
      await client.query(
        `grant usage on schema ${(await client.query('select current_schema() s')).rows[0].s} to nobody`,
      )
    }
    await assert.rejects(
      runner.session((session) => session.execute(sql), signal),
      (thrown: unknown) => {
        assert.ok(thrown instanceof ApiError, String(thrown))
        assert.deepEqual([thrown.status, thrown.message], [status, message])
        return true
      },
    )
  })
}

const fault = (code: string, more: Readonly<Record<string, string>> = {}): ServerFault =>
  new ServerFault(
    new Map([
      ['C', code],
      ['S', 'FATAL'],
      ['M', 'a secret: password of user joe at host db.internal'],
      ...Object.entries(more),
    ]),
  )

const unseen: readonly { readonly name: string; readonly thrown: unknown; readonly message: string }[] = [
  { name: 'a wrong password', thrown: fault('28P01'), message: 'The database refuses the login of this service.' },
  {
    name: 'no entry in pg_hba.conf',
    thrown: fault('28000'),
    message: 'The database refuses the login of this service.',
  },
  { name: 'an unknown database', thrown: fault('3D000'), message: 'The database of this service does not exist.' },
  { name: 'a server that starts', thrown: fault('57P03'), message: 'The database is starting or stopping. Try again.' },
  {
    name: 'a server that stops',
    thrown: new ConnectionLost(fault('57P01')),
    message: 'The connection to the database was lost. Try again.',
  },
  {
    name: 'a lost connection',
    thrown: new ConnectionLost(new Error('read ECONNRESET 10.0.0.7')),
    message: 'The connection to the database was lost. Try again.',
  },
  {
    name: 'an unknown host',
    thrown: new ConnectFailed(new Error('getaddrinfo ENOTFOUND db.internal')),
    message: 'The database can not be reached.',
  },
  {
    name: 'a wrong certificate',
    thrown: new ConnectFailed(new Error('self-signed certificate')),
    message: 'A secure connection to the database can not be made.',
  },
  {
    name: 'no free connection',
    thrown: new PoolExhausted(),
    message: 'All connections to the database are in use. Try again.',
  },
  { name: 'a closed service', thrown: new Closed(), message: 'The service is being closed. Try again.' },
]
for (const { name, thrown, message } of unseen) {
  test(`503 for ${name}`, () => {
    const told = postgresError(thrown)
    assert.ok(told instanceof ApiError)
    assert.deepEqual([told.status, told.message], [503, message])
  })
}

test('what nobody foresaw is told to nobody', () => {
  const error = new TypeError('a mistake')
  assert.equal(postgresError(error), error)
  const internal = fault('XX000')
  assert.equal(postgresError(internal), internal)
})
