/** Columns changed by MODIFY: what is not to be changed is said again as it was (data-plane 6.4). */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { mysql } from '../../support/databases.ts'
import { arrange } from './database.ts'

const { database, skip } = await mysql()
after(() => database?.stop())

const table = `
create table parent (id int primary key);
create table t (
  id bigint not null auto_increment primary key,
  latin varchar(20) character set latin1 collate latin1_german1_ci not null default 'it''s \\\\ "x"' comment 'a ''comment''',
  kind enum('a','b''c') not null default 'a',
  made timestamp not null default current_timestamp on update current_timestamp,
  amount decimal(10,2) unsigned not null default 1.50,
  computed int not null default (1 + 2),
  doubled int as (amount * 2) stored,
  parent_id int null,
  constraint fk_odd foreign key (parent_id) references parent (id)
);
insert into t (id) values (7)`

const cases: readonly {
  readonly name: string
  readonly field: string
  readonly change: Json
  /** column_type, is_nullable, column_default, collation, comment, extra */
  readonly is: readonly (string | null | RegExp)[]
}[] = [
  {
    name: 'nullability: character set, default and comment stay',
    field: 'latin',
    change: { allow_null: true },
    is: ['varchar(20)', 'YES', /it'+s \\+ "x"/, 'latin1_german1_ci', "a 'comment'", ''],
  },
  {
    name: 'the length: the character set stays',
    field: 'latin',
    change: { type: 'string', length: 60 },
    is: ['varchar(60)', 'YES', /it'+s \\+ "x"/, 'latin1_german1_ci', "a 'comment'", ''],
  },
  {
    name: 'the default',
    field: 'latin',
    change: { default: "o'\\" },
    is: ['varchar(60)', 'YES', /o'+\\+/, 'latin1_german1_ci', "a 'comment'", ''],
  },
  {
    name: 'members of an enumeration stay',
    field: 'kind',
    change: { allow_null: true },
    is: ["enum('a','b''c')", 'YES', /a/, 'utf8mb4_unicode_ci', '', ''],
  },
  {
    name: 'what is done on update stays',
    field: 'made',
    change: { allow_null: true },
    is: ['timestamp', 'YES', /current_timestamp/i, null, '', /on update current_timestamp/i],
  },
  {
    name: 'a computed default stays',
    field: 'computed',
    change: { allow_null: true },
    is: [/^int(?:\(11\))?$/, 'YES', /1 \+ 2/, null, '', /^(?:DEFAULT_GENERATED)?$/],
  },
]

describe('changes of columns', { skip }, () => {
  it('keep what they do not name', async (t) => {
    assert.ok(database)
    const { ask, direct, name } = await arrange(t, database, table)
    for (const each of cases) {
      await t.test(each.name, async () => {
        const answer = await ask({ verb: 'PATCH', path: `_schema/t/_field/${each.field}`, body: each.change })
        assert.deepEqual([answer.status, answer.body], [200, []])
        const [row] = await direct.run(
          `select column_type, is_nullable, column_default, collation_name, column_comment, extra from information_schema.columns where table_schema = '${name}' and table_name = 't' and column_name = '${each.field}'`,
        )
        each.is.forEach((expected, at) => {
          if (expected instanceof RegExp) assert.match(String(row?.[at]), expected)
          else assert.equal(row?.[at], expected)
        })
      })
    }
    await t.test('the rows are there', async () => {
      assert.deepEqual(await direct.run('select id, kind, amount from t'), [[7, 'a', '1.50']])
    })
    await t.test('a generated column is not changed', async () => {
      const answer = await ask({
        verb: 'PATCH',
        path: '_schema/t/_field/doubled',
        body: { allow_null: false },
      })
      assert.equal(answer.status, 400)
    })
    await t.test('a column is dropped with its foreign key, whatever that is called', async () => {
      const answer = await ask({ verb: 'DELETE', path: '_schema/t/_field/parent_id' })
      assert.deepEqual([answer.status, answer.body], [200, { success: true }])
    })
  })
})
