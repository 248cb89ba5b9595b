import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimpleType } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { declaredType, suppliesValue, typedDefault } from '../../../connectors/sqlite/declared.ts'

const types: [
  declared: string,
  type: SimpleType,
  length?: number,
  precision?: number | null,
  scale?: number | null,
  fixed?: boolean,
][] = [
  ['', 'string'],
  ['integer', 'integer'],
  ['INT', 'integer'],
  ['smallint', 'integer'],
  ['int(11)', 'integer', 11],
  ['int(11) unsigned', 'integer', 11],
  ['UNSIGNED BIG INT', 'bigint'],
  ['bigint', 'bigint'],
  ['boolean', 'boolean'],
  ['tinyint(1)', 'boolean', 1],
  ['tinyint(4)', 'integer', 4],
  ['decimal(12,4)', 'decimal', 12, 12, 4],
  ['numeric', 'decimal'],
  ['NUMERIC(10, 2)', 'decimal', 10, 10, 2],
  ['float', 'float'],
  ['real', 'double'],
  ['double precision', 'double'],
  ['date', 'date'],
  ['time', 'time'],
  ['datetime', 'datetime'],
  ['timestamp', 'timestamp'],
  ['timestamp(6) with time zone', 'timestamptz', 6],
  ['char(4)', 'string', 4, null, null, true],
  ['varchar(100)', 'string', 100],
  ['character varying(20)', 'string', 20],
  ['text', 'text'],
  ['clob', 'text'],
  ['blob', 'binary'],
  ['json', 'json'],
  ['uuid', 'uuid'],
  ['point', 'integer'],
  ['somechars', 'string'],
  ['my real thing', 'double'],
  ['whatever', 'string'],
  ['decimal(a,b)', 'decimal'],
]

for (const [declared, type, length = null, precision = null, scale = null, fixedLength = false] of types) {
  test(`declared as ${declared === '' ? 'nothing' : declared}`, () => {
    assert.deepEqual(declaredType(declared), { type, length, precision, scale, fixedLength })
  })
}

const defaults: [sql: string | null, type: SimpleType, value: Json, supplied: boolean][] = [
  [null, 'string', null, false],
  ['NULL', 'integer', null, false],
  ['CURRENT_TIMESTAMP', 'timestamp', null, true],
  ["'hello'", 'string', 'hello', true],
  ["'it''s'", 'string', "it's", true],
  ["''", 'string', '', true],
  ["'5'", 'integer', 5, true],
  ['5', 'string', '5', true],
  ['-3', 'integer', -3, true],
  ['9223372036854775807', 'bigint', 9223372036854775807n, true],
  ['1.50', 'decimal', 1.5, true],
  ['0', 'boolean', false, true],
  ['TRUE', 'boolean', true, true],
  ["datetime('now')", 'datetime', "datetime('now')", true],
  ['abs(-3)', 'integer', 'abs(-3)', true],
]

for (const [sql, type, value, supplied] of defaults) {
  test(`default ${sql} of ${type}`, () => {
    assert.deepEqual(typedDefault(sql, type), value)
    assert.equal(suppliesValue(sql), supplied)
  })
}

test('a default with more digits than a double holds keeps them', () => {
  assert.equal(String(typedDefault('12345678901234567890.12', 'decimal')), '12345678901234567890.12')
})
