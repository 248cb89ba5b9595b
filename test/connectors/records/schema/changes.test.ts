/** Changes of tables that are there, on every database (data-plane 6.4): constraints and references that come and go, options, words of one database. */
import assert from 'node:assert/strict'
import { field, list, type Members, onEveryDatabase, type Step } from './steps.ts'

const constraintsOf = (body: Members): readonly Members[] => Object.values(body.constraints as Members) as Members[]
const steps: readonly Step[] = [
  {
    name: 'tables',
    ask: 'POST _schema',
    body: list(
      {
        name: 'zc_maker',
        field: [
          { name: 'id', type: 'id' },
          { name: 'code', type: 'string', length: 10, is_unique: true },
        ],
      },
      {
        name: 'zc_item',
        field: [
          { name: 'id', type: 'id' },
          { name: 'serial', type: 'string', length: 20, is_unique: true, allow_null: true },
          { name: 'shelf', type: 'string', length: 20, is_index: true, allow_null: true },
          { name: 'amount', type: 'integer', allow_null: true },
          { name: 'maker_id', type: 'reference', ref_table: 'zc_maker', ref_on_delete: 'CASCADE', allow_null: true },
          {
            name: 'maker_code',
            type: 'string',
            length: 10,
            ref_table: 'zc_maker',
            ref_field: 'code',
            is_foreign_key: true,
            allow_null: true,
          },
        ],
      },
    ),
  },
  { name: 'makers', ask: 'POST _table/zc_maker', body: list({ code: 'a' }, { code: 'b' }), status: 201 },
  {
    name: 'items',
    ask: 'POST _table/zc_item',
    body: list(
      { serial: 's1', shelf: 'x', amount: 3, maker_id: 1, maker_code: 'a' },
      { serial: 's2', shelf: 'y', amount: 4, maker_id: 2 },
    ),
    status: 201,
  },

  // unique
  { name: 'a taken serial', ask: 'POST _table/zc_item', body: list({ serial: 's1' }), status: 400 },
  {
    name: 'a description that is sent back changes nothing',
    ask: 'PATCH _schema/zc_item/_field/serial?fields=*',
    body: {
      name: 'serial',
      type: 'string',
      db_type: 'varchar(20)',
      length: 20,
      is_unique: true,
      is_index: false,
      is_foreign_key: false,
      allow_null: true,
      default: null,
    },
    answer: (body) => assert.equal(body.is_unique, true),
  },
  {
    name: 'no longer unique',
    ask: 'PATCH _schema/zc_item/_field/serial?fields=*',
    body: { is_unique: false },
    answer(body) {
      assert.equal(body.is_unique, false)
      assert.equal(body.length, 20)
    },
  },
  { name: 'the serial may come twice', ask: 'POST _table/zc_item', body: list({ serial: 's1' }), status: 201 },
  {
    name: 'unique again: not while it is twice there',
    ask: 'PATCH _schema/zc_item/_field/serial',
    body: { is_unique: true },
    status: 400,
  },
  { name: 'one goes', ask: "DELETE _table/zc_item?filter=(serial='s1') and (amount is null)" },
  { name: 'unique again', ask: 'PATCH _schema/zc_item/_field/serial', body: { is_unique: true } },
  { name: 'and it is', ask: 'POST _table/zc_item', body: list({ serial: 's1' }), status: 400 },
  {
    name: 'what others refer to stays unique',
    ask: 'PATCH _schema/zc_maker/_field/code',
    body: { is_unique: false },
    status: 400,
    answer: /^Field 'code' must stay unique, because table 'zc_item' refers to it\.$/,
  },

  // index
  {
    name: 'MySQL tells of indexes',
    ask: 'GET _schema/zc_item/_field/shelf',
    on: ['mysql'],
    answer: (body) => assert.equal(body.is_index, true),
  },
  {
    name: 'no longer an index',
    ask: 'PATCH _schema/zc_item/_field/shelf?fields=*',
    body: { is_index: false },
    answer: (body) => assert.equal(body.is_index, false),
  },
  { name: 'once more: there is nothing to drop', ask: 'PATCH _schema/zc_item/_field/shelf', body: { is_index: false } },
  { name: 'an index again', ask: 'PATCH _schema/zc_item/_field/shelf', body: { is_index: true } },

  // references
  {
    name: 'other rules: those that are not mentioned stay',
    ask: 'PATCH _schema/zc_item/_field/maker_id',
    body: { ref_table: 'zc_maker', type: 'reference', ref_on_update: 'CASCADE' },
  },
  {
    name: 'as the description says',
    ask: 'GET _schema/zc_item',
    answer(body) {
      const key = constraintsOf(body).find((each) => String(each.column_name) === 'maker_id' && each.delete_rule)
      assert.deepEqual([key?.update_rule, key?.delete_rule], ['CASCADE', 'CASCADE'])
    },
  },
  {
    name: 'another rule',
    ask: 'PATCH _schema/zc_item/_field/maker_id',
    body: { ref_table: 'zc_maker', type: 'reference', ref_on_delete: 'SET NULL' },
  },
  { name: 'the parent goes', ask: 'DELETE _table/zc_maker/2', answer: { id: 2 } },
  {
    name: 'and its item stays',
    ask: 'GET _table/zc_item?fields=serial,maker_id&order=id',
    answer: list({ serial: 's1', maker_id: 1 }, { serial: 's2', maker_id: null }),
  },
  { name: 'no longer a reference', ask: 'PATCH _schema/zc_item/_field/maker_id', body: { is_foreign_key: false } },
  {
    name: 'a maker that is not there',
    ask: 'PATCH _table/zc_item?ids=1&fields=maker_id',
    body: list({ maker_id: 77 }),
    answer: list({ maker_id: 77 }),
  },
  {
    name: 'which is in the way of a new reference',
    ask: 'PATCH _schema/zc_item/_field/maker_id',
    body: { type: 'reference', ref_table: 'zc_maker' },
    status: 400,
  },
  { name: 'it goes', ask: 'PATCH _table/zc_item?ids=1', body: list({ maker_id: 1 }) },
  {
    name: 'a reference again',
    ask: 'PATCH _schema/zc_item/_field/maker_id',
    body: { type: 'reference', ref_table: 'zc_maker' },
  },
  { name: 'which is kept', ask: 'PATCH _table/zc_item?ids=1', body: list({ maker_id: 77 }), status: 400 },
  {
    name: 'a reference to another table',
    ask: 'POST _schema',
    body: list({ name: 'zc_shop', field: [{ name: 'id', type: 'id' }] }),
  },
  { name: 'shops', ask: 'POST _table/zc_shop', body: list({ id: 1 }), status: 201 },
  {
    name: 'in place of the one',
    ask: 'PATCH _schema/zc_item/_field/maker_id',
    body: { type: 'reference', ref_table: 'zc_shop' },
  },
  {
    name: 'leads there',
    ask: 'GET _schema/zc_item/_field/maker_id',
    answer: (body) => assert.equal(body.ref_table, 'zc_shop'),
  },

  // columns
  {
    name: 'all of a column at once, in one request with a new one',
    ask: 'PATCH _schema/zc_item/_field',
    body: list(
      { name: 'amount', type: 'bigint', allow_null: false, default: 9 },
      { name: 'note', type: 'string', length: 30, default: 'none' },
    ),
    answer: [[], []],
  },
  {
    name: 'a new item has the defaults',
    ask: 'POST _table/zc_item?fields=amount,note',
    body: list({ serial: 's3' }),
    status: 201,
    answer: list({ amount: 9, note: 'none' }),
  },
  {
    name: 'a default that the database computes',
    ask: 'POST _schema/zc_item/_field',
    body: list({ name: 'token', type: 'string', length: 36, default: { expression: 'uuid()' }, allow_null: true }),
    answer: [[]],
  },
  {
    name: 'is another for each record',
    ask: 'POST _table/zc_item?fields=token',
    body: list({ serial: 's4' }, { serial: 's5' }),
    status: 201,
    answer(body) {
      const tokens = (body.resource as readonly Members[]).map((each) => String(each.token))
      for (const each of tokens) assert.match(each, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
      assert.equal(new Set(tokens).size, 2)
    },
  },
  {
    name: 'one that is SQL',
    ask: 'PATCH _schema/zc_item/_field/note',
    body: { default: { expression: '(select 1)' } },
    status: 400,
    answer: /^SQL expression '\(select 1\)' is not permitted\.$/,
  },
  {
    name: 'an enumeration',
    ask: 'POST _schema/zc_item/_field?fields=*',
    body: list({ name: 'kind', type: "enum('a','b''c')", allow_null: true }),
    on: ['mysql'],
    answer: (body) => assert.equal(field(body, 'kind').db_type, "enum('a','b''c')"),
  },
  {
    name: 'with another member',
    ask: 'PATCH _schema/zc_item/_field/kind?fields=*',
    body: { db_type: "enum('a','b''c','d')" },
    on: ['mysql'],
    answer: (body) => assert.equal(body.db_type, "enum('a','b''c','d')"),
  },
  {
    name: 'an enumeration elsewhere',
    ask: 'POST _schema/zc_item/_field',
    body: list({ name: 'kind', type: "enum('a','b')", allow_null: true }),
    on: ['sqlite', 'postgres'],
    status: 400,
    answer: /is not one of this database\.$/,
  },
  {
    name: 'SQL in an enumeration',
    ask: 'POST _schema/zc_item/_field',
    body: list({ name: 'kind2', type: "enum('a') default (select 1)", allow_null: true }),
    status: 400,
  },

  // names
  {
    name: 'a table is not renamed',
    ask: 'PATCH _schema/zc_item',
    body: { name: 'zc_thing', label: 'Thing' },
    status: 400,
    answer: /^A table can not be renamed: 'zc_item' is not 'zc_thing'\./,
  },
  { name: 'its own name does not matter', ask: 'PATCH _schema/zc_item', body: { name: 'ZC_Item', label: 'Thing' } },
  {
    name: 'nor is a field',
    ask: 'PATCH _schema/zc_item/_field/note',
    body: { name: 'remark' },
    status: 400,
    answer: /^A field can not be renamed: 'note' is not 'remark'\./,
  },

  // options
  {
    name: 'commands are SQL',
    ask: 'POST _schema',
    body: list({ name: 'zc_more', field: [{ name: 'id', type: 'id' }], commands: ['drop table zc_item'] }),
    status: 501,
    answer: /^The commands of a table are SQL/,
  },
  {
    name: 'options that are SQL',
    ask: 'POST _schema',
    body: list({ name: 'zc_more', field: [{ name: 'id', type: 'id' }], options: '; drop table zc_item' }),
    status: 400,
    answer: /^The options '; drop table zc_item' are not some of a table of this database\.$/,
  },
  {
    name: 'options of MySQL',
    ask: 'POST _schema',
    body: list({
      name: 'zc_more',
      field: [{ name: 'id', type: 'id' }],
      options: "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='it''s'",
    }),
    on: ['mysql'],
  },
  {
    name: 'options of PostgreSQL',
    ask: 'POST _schema',
    body: list({ name: 'zc_more', field: [{ name: 'id', type: 'id' }], options: 'WITH (fillfactor = 70)' }),
    on: ['postgres'],
  },
  {
    name: 'options of SQLite',
    ask: 'POST _schema',
    body: list({
      name: 'zc_more',
      field: [{ name: 'id', type: 'integer', is_primary_key: true }],
      options: 'STRICT, WITHOUT ROWID',
    }),
    on: ['sqlite'],
  },

  {
    name: 'a table and one that refers to it',
    ask: 'POST _schema',
    body: list(
      {
        name: 'zc_base',
        field: [
          { name: 'id', type: 'id' },
          { name: 'tag', type: 'string' },
        ],
      },
      {
        name: 'zc_leaf',
        field: [
          { name: 'id', type: 'id' },
          { name: 'base_id', type: 'reference', ref_table: 'zc_base', ref_on_delete: 'CASCADE', allow_null: true },
        ],
      },
    ),
  },
  { name: 'a row to be referred to', ask: 'POST _table/zc_base', body: list({ tag: 'x' }), status: 201 },
  { name: 'one that refers', ask: 'POST _table/zc_leaf', body: list({ base_id: 1 }), status: 201 },

  // one transaction
  {
    name: 'a change that fails behind others: nothing of them is left where the database has transactions for it',
    ask: 'PATCH _schema/zc_item/_field',
    body: list(
      { name: 'first', type: 'string', allow_null: true },
      { name: 'maker_id', type: 'reference', ref_table: 'zc_maker', allow_null: false },
    ),
    status: 400,
  },
  {
    name: 'so the new field is not there',
    ask: 'GET _schema/zc_item/_field/first',
    on: ['sqlite', 'postgres'],
    status: 404,
  },
  // tables that others refer to
  {
    name: 'a table that others refer to stays',
    ask: 'DELETE _schema/zc_base',
    status: 400,
    answer: /^Table 'zc_base' can not be dropped, because table 'zc_leaf' refers to it\.$/,
  },
  { name: 'in a list too', ask: 'DELETE _schema?ids=zc_base,zc_item', status: 400, answer: /table 'zc_leaf' refers/ },
  {
    name: 'and no row of the others is gone',
    ask: 'GET _table/zc_leaf/1',
    answer: (body) => assert.equal(body.base_id, 1),
  },
  { name: 'both together go, in whatever order', ask: 'DELETE _schema?ids=zc_base,zc_leaf' },

  { name: 'the end', ask: 'DELETE _schema?ids=zc_item,zc_shop,zc_maker,zc_more' },
]

onEveryDatabase('changes of tables', steps)
