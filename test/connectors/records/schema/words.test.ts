/** Types and defaults as clients write them (data-plane 6.4, 6.5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DefaultValue, SimpleType } from 'dataferry/records'
import { plainColumn } from '../../../../connectors/records/catalog/plain.ts'
import { fieldAsked } from '../../../../connectors/records/schema/field.ts'
import { defaultAsked, rawColumn, typeAsked } from '../../../../connectors/records/schema/words.ts'

type Members = Parameters<typeof typeAsked>[0]

const types: readonly (readonly [members: Members, asked: ReturnType<typeof typeAsked>])[] = [
  [{ type: 'string' }, { kind: 'simple', type: 'string' }],
  [{ type: ' Integer ' }, { kind: 'simple', type: 'integer' }],
  [{ type: 'pk' }, { kind: 'simple', type: 'id' }],
  [{ type: 'fk' }, { kind: 'simple', type: 'reference' }],
  [{ type: 'varchar(20)' }, { kind: 'native', text: 'varchar(20)' }],
  [{ db_type: 'inet' }, { kind: 'native', text: 'inet' }],
  [
    { type: 'text', db_type: 'varchar(20)' },
    { kind: 'simple', type: 'text' },
  ],
  [{ type: 'row' }, { kind: 'native', text: 'row' }],
  [{ label: 'x' }, null],
  [{ type: null }, null],
]
for (const [members, asked] of types) {
  test(`the type of ${JSON.stringify(members)}`, () => assert.deepEqual(typeAsked(members), asked))
}
test('a type that is no text', () => {
  assert.throws(() => typeAsked({ type: 3 }), {
    message: 'Invalid schema detected - invalid or missing type element.',
  })
})

const now: DefaultValue = { expression: 'now' }
const defaults: readonly (readonly [
  type: SimpleType | null,
  value: Members[string],
  made: DefaultValue | undefined,
])[] = [
  ['string', 'x', 'x'],
  ['string', '', ''],
  ['string', 5, '5'],
  ['string', 'now()', 'now()'],
  ['string', null, undefined],
  ['integer', '5', 5],
  ['integer', -5, -5],
  ['bigint', '9223372036854775807', '9223372036854775807'],
  ['decimal', '1.10', '1.10'],
  ['boolean', 'yes', true],
  ['boolean', 0, false],
  ['timestamp', 'CURRENT_TIMESTAMP', now],
  ['datetime', 'now()', now],
  ['datetime', '2024-01-01', '2024-01-01'],
  ['timestamp', { expression: 'NOW()' }, now],
  ['date', { expression: { value: 'current_date' } }, { expression: 'current_date' }],
  ['string', { expression: "'it''s'" }, "it's"],
  ['integer', { expression: '7' }, 7],
  ['boolean', { expression: 'TRUE' }, true],
  ['string', { expression: 'NULL' }, undefined],
  ['json', { a: [1] }, '{"a":[1]}'],
  [null, 5, 5],
]
for (const [type, value, made] of defaults) {
  test(`the default ${JSON.stringify(value)} of ${type}`, () => assert.deepEqual(defaultAsked('f', type, value), made))
}
const refused: readonly (readonly [type: SimpleType | null, value: Members[string], message: RegExp])[] = [
  ['integer', 'abc', /^The default of field 'f' must be a number\.$/],
  ['integer', '1; drop table x', /must be a number/],
  ['boolean', 'maybe', /must be a boolean/],
  ['timestamp', { expression: 'pg_sleep(1)' }, /^SQL expression 'pg_sleep\(1\)' is not permitted\.$/],
  ['string', { expression: "'a' || 'b'" }, /is not permitted/],
  [null, { expression: '(select 1)' }, /is not permitted/],
]
for (const [type, value, message] of refused) {
  test(`the default ${JSON.stringify(value)} of ${type} is refused`, () => {
    assert.throws(() => defaultAsked('f', type, value), { message })
  })
}

const raws: readonly (readonly [sql: string, members: Members])[] = [
  ['varchar(50)', { type: 'varchar(50)', allow_null: true }],
  ['int NOT NULL DEFAULT 5', { type: 'int', allow_null: false, default: { expression: '5' } }],
  ["text default 'a b' not null", { type: 'text', allow_null: false, default: { expression: "'a b'" } }],
  ['timestamp null default now()', { type: 'timestamp', allow_null: true, default: { expression: 'now()' } }],
]
for (const [sql, members] of raws) test(`the raw column ${sql}`, () => assert.deepEqual(rawColumn(sql), members))

const title = plainColumn('title', 'string', {
  dbType: 'varchar(80)',
  length: 80,
  allowNull: false,
  default: 'x',
  hasDefault: true,
})
const amount = plainColumn('amount', 'decimal', { dbType: 'decimal(10,2)', precision: 10, scale: 2 })
const flag = { type: false, allowNull: false, default: false }
const parts: readonly (readonly [name: string, was: typeof title, given: Members, parts: Partial<typeof flag>])[] = [
  ['a label alone', title, { label: 'x' }, {}],
  ['the same type without a length', title, { type: 'string' }, {}],
  ['the same length', title, { type: 'string', length: 80 }, {}],
  ['another length', title, { length: 81 }, { type: true }],
  ['another type', title, { type: 'text' }, { type: true }],
  ['the words of the database', title, { type: 'VARCHAR (80)' }, {}],
  ['other words', title, { type: 'varchar(81)' }, { type: true }],
  ['nullability', title, { allow_null: true }, { allowNull: true }],
  ['the same nullability', title, { allow_null: 'false' }, {}],
  ['no default', title, { default: null }, { default: true }],
  ['the same default', title, { default: 'x' }, {}],
  ['the same measures', amount, { type: 'decimal', precision: 10, scale: 2 }, {}],
  ['measures that are not named', amount, { type: 'decimal' }, {}],
  ['another scale', amount, { scale: 3 }, { type: true }],
  [
    'a whole description sent back',
    title,
    { type: 'string', db_type: 'varchar(80)', length: 80, default: 'x', allow_null: false },
    {},
  ],
]
for (const [name, was, given, changed] of parts) {
  test(`what of a column changes: ${name}`, () => {
    assert.deepEqual(fieldAsked(was.name, given, was).parts, { ...flag, ...changed })
  })
}
test('a type that the database does not tell is kept beside the column', () => {
  const id = plainColumn('by', 'integer', { dbType: 'integer' })
  const asked = fieldAsked('by', { type: 'user_id_on_create' }, id)
  assert.deepEqual([asked.parts, asked.extraType], [flag, 'user_id_on_create'])
})
