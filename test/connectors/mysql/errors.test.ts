/** The server's errors in plain words (data-plane 2.11), as a real server throws them. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { mysqlError } from '../../../connectors/mysql/errors.ts'
import { ServerFault } from '../../../connectors/mysql/faults.ts'
import { mysql } from '../../support/databases.ts'
import type { Asked } from '../records/company.ts'
import { arrange, isMariadb } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())
const mariadb = database === null || (await isMariadb(database))

const schema = `
create table parent (id int primary key, name varchar(20) not null, code varchar(10), number int, price decimal(5,2), day date, at time, moment datetime,
  kind enum('a','b'), doc json, latin varchar(10) character set latin1, big bigint unsigned, d double,
  total int as (number + 1) stored, unique key by_code (code), unique key \`odd'key\` (name, number), constraint few check (number < 100));
create table child (id int auto_increment primary key, parent_id int not null, constraint to_parent foreign key (parent_id) references parent (id));
create table both_ways (a int, b int, other_a int, other_b int, primary key (a, b), foreign key (other_a, other_b) references both_ways (a, b));
create view counted as select code, count(*) as n from parent group by code;
create view small as select id, name from parent where id < 10 with check option;
create trigger guarded before insert on child for each row if new.parent_id = 3 then signal sqlstate '45000' set message_text = 'Not for three.'; end if;
insert into parent (id, name, code, number) values (1, 'one', 'c1', 1), (2, 'two', 'c2', 2), (3, 'three', 'c3', 3);
insert into child (parent_id) values (1);
insert into both_ways values (1, 1, 1, 1);
`

interface Case extends Omit<Asked, 'path'> {
  readonly name: string
  readonly path: string
  readonly status?: number
  readonly message: string
}
/** `mysql`: what is told there, where that differs. */
const patch = (name: string, record: Json, message: string, mysql = message, status = 400): Case => ({
  name,
  verb: 'PATCH',
  path: '_table/parent/1',
  body: record,
  status,
  message: mariadb ? message : mysql,
})

const cases: readonly Case[] = [
  patch('a duplicate', { code: 'c2' }, "Duplicate value for field 'code'."),
  patch('a duplicate by the collation', { code: 'C2' }, "Duplicate value for field 'code'."),
  patch(
    'a duplicate of several fields',
    { name: 'two', number: 2 },
    "Duplicate value for the fields 'name', 'number' together.",
  ),
  patch('too long', { code: 'x'.repeat(11) }, "Field 'code' is too long."),
  patch('out of range', { number: 2147483648 }, "Field 'number' is out of range."),
  patch('a decimal out of range', { price: 1000 }, "Field 'price' is out of range."),
  patch(
    'an increment out of range',
    { price: { $inc: 1e300 } },
    'A number is out of the range of its field.',
    'A value does not have the form of its field.',
  ),
  patch('an unsigned number below zero', { big: -1 }, "Field 'big' is out of range."),
  patch('no date', { day: '2024-02-30' }, "Field 'day' must be a valid date or time."),
  patch('no time', { at: 'noon' }, "Field 'at' must be a valid date or time."),
  patch('no datetime', { moment: 'hello' }, "Field 'moment' must be a valid date or time."),
  patch('no member of an enum', { kind: 'c' }, "Field 'kind' has a value that the database can not take."),
  patch('no JSON', { doc: '{bad' }, "Field 'doc' fails a check of the database.", "Field 'doc' must be JSON."),
  patch(
    'a character that can not be stored',
    { latin: '日' },
    "Field 'latin' has a character that the database can not store.",
    'A text has a character that its field can not store.',
  ),
  patch('a check', { number: 100 }, "The record fails the check 'few' of the database."),
  {
    name: 'a duplicate primary key',
    verb: 'POST',
    path: '_table/parent?continue=true',
    body: { resource: [{ id: 1, name: 'x' }] },
    message: "Duplicate value for field 'id'.",
  },
  {
    name: 'a reference to nothing',
    verb: 'POST',
    path: '_table/child',
    body: { resource: [{ parent_id: 99 }] },
    message: "Field 'parent_id' refers to a record that does not exist.",
  },
  {
    name: 'a reference of two fields to nothing',
    verb: 'POST',
    path: '_table/both_ways',
    body: { resource: [{ a: 5, b: 5, other_a: 9, other_b: 9 }] },
    message: 'The record refers to one that does not exist.',
  },
  {
    name: 'still referred to',
    verb: 'DELETE',
    path: '_table/parent/1',
    message: 'Other records still refer to this one.',
  },
  {
    name: 'what a trigger says',
    verb: 'POST',
    path: '_table/child',
    body: { resource: [{ parent_id: 3 }] },
    message: 'Not for three.',
  },
  {
    name: 'a view that can not be written',
    verb: 'POST',
    path: '_table/counted',
    body: { resource: [{ code: 'x' }] },
    message: 'This view can not be written, or not in this way.',
  },
  {
    name: 'a record that a view does not show',
    verb: 'POST',
    path: '_table/small',
    body: { resource: [{ id: 11, name: 'x' }] },
    message: 'The record is none that this view shows.',
  },
]

describe('errors of the server', { skip }, () => {
  it('are told in plain words', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, schema)
    for (const { name, status = 400, message, ...asked } of cases) {
      await t.test(name, async () => {
        const answer = await service.ask(asked)
        assert.equal(answer.status, status, JSON.stringify(answer))
        assert.equal(inner(answer.body), message)
      })
    }
  })

  it('never hold SQL, values or names of the server', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, schema)
    for (const asked of cases) {
      const { body } = await service.ask(asked)
      assert.doesNotMatch(JSON.stringify(body), /insert into|update `|SQLSTATE|127\.0\.0\.1|`|at row/)
    }
  })

  it('a table that is gone: the catalog is read again', async (t) => {
    assert.ok(database)
    const service = await arrange(t, database, schema)
    assert.equal((await service.ask({ path: '_table/small?fields=id' })).status, 200)
    const { epoch } = service.catalog
    await service.direct.run('drop view small')
    assert.equal((await service.ask({ path: '_table/small?fields=id' })).status, 404)
    assert.ok(service.catalog.epoch > epoch)
  })

  it('without the right in the database', async (t) => {
    assert.ok(database)
    const made = await arrange(t, database, 'create table closed (id int primary key)')
    const user = `u${process.pid}`
    await made.direct.run(
      `create user ${user}@'%' identified by 'secret'; grant select on ${made.name}.* to ${user}@'%'`,
    )
    t.after(() => made.direct.run(`drop user ${user}@'%'`).catch(() => {}))
    const { serve, configOf } = await import('./database.ts')
    const { ask } = serve(t, configOf(database, { database: made.name, username: user, password: 'secret' }))
    const answer = await ask({ verb: 'POST', path: '_table/closed?continue=true', body: { resource: [{ id: 1 }] } })
    assert.equal(inner(answer.body), 'The login of this service is not allowed to do this in the database.')
  })
})

/** Of a batch of one its only error. */
function inner(body: Json): Json {
  const { message, context } = body as {
    readonly message: string
    readonly context: { readonly resource?: readonly { message: string }[] } | null
  }
  return context?.resource?.[0]?.message ?? message
}

describe('MySQL 8 says it differently', () => {
  const names = { unique: { by_code: ['code'] }, fields: { doc: 'document' } }
  const said: readonly (readonly [number: number, message: string, told: string])[] = [
    [1062, "Duplicate entry 'c2' for key 'parent.by_code'", "Duplicate value for field 'code'."],
    [1062, "Duplicate entry 'x' for key 'y' for key 'by_code'", "Duplicate value for field 'code'."],
    [1062, "Duplicate entry 'c2' for key 'other.unknown'", 'Duplicate value: another record has it already.'],
    [1048, "Column 'name' cannot be null", "Field 'name' can not be NULL."],
    [1364, "Field 'name' doesn't have a default value", "Field 'name' can not be NULL."],
    [1292, "Incorrect date value: '2024-02-30' for column 'day' at row 1", "Field 'day' must be a valid date or time."],
    [1292, "Truncated incorrect DOUBLE value: 'x'", 'A value does not have the form of its field.'],
    [
      1366,
      "Incorrect integer value: 'x for column 'y'' for column 'number' at row 1",
      "Field 'number' must be a valid number.",
    ],
    [
      3140,
      'Invalid JSON text: "Missing a name" at position 1 in value for column \'parent.doc\'.',
      "Field 'document' must be JSON.",
    ],
    [
      3105,
      "The value specified for generated column 'total' in table 'parent' is not allowed.",
      "Field 'total' is computed by the database and can not be written.",
    ],
    [3819, "Check constraint 'few' is violated.", "The record fails the check 'few' of the database."],
    [
      3024,
      'Query execution was interrupted, maximum statement execution time exceeded',
      'The request took too long in the database and was stopped.',
    ],
    [
      1205,
      'Lock wait timeout exceeded; try restarting transaction',
      'The record is in use by somebody else. Try again.',
    ],
    [
      1213,
      'Deadlock found when trying to get lock; try restarting transaction',
      'The request waited for another one that waited for it. Try again.',
    ],
  ]
  for (const [number, message, told] of said) {
    it(`${number}: ${told}`, () => {
      assert.equal(mysqlError(new ServerFault(number, 'HY000', message, null), names).message, told)
    })
  }

  it('what is unknown is told to nobody', () => {
    const fault = new ServerFault(1064, '42000', 'You have an error in your SQL syntax', null)
    assert.equal(mysqlError(fault), fault)
  })
})
