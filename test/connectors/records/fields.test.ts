/** What a record means for the columns of a table: casts, nulls, validation (data-plane 3.10, 6.7, 9.2). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bind, Decimal, type Json } from 'dataferry/sdk'
import { castToColumn } from '../../../connectors/records/cast.ts'
import { processRecord } from '../../../connectors/records/write/fields.ts'
import { validate } from '../../../connectors/records/write/validate.ts'
import { tableNamed } from './company.ts'
import { type Column, type SimpleType, viewOfEverything } from './exports.ts'
import { column } from './filter/table.ts'

describe('casts', () => {
  const cases: readonly (readonly [type: SimpleType, given: Json, bound: Bind])[] = [
    ['integer', '7', 7],
    ['integer', 1e3, 1000],
    ['bigint', 9223372036854775807n, 9223372036854775807n],
    ['bigint', '9223372036854775807', 9223372036854775807n],
    ['boolean', true, true],
    ['boolean', 'off', false],
    ['decimal', '12345678901234567890.12', '12345678901234567890.12'],
    ['decimal', new Decimal('0.10'), '0.10'],
    ['string', 12.5, '12.5'],
    ['string', true, '1'],
    ['string', '', ''],
    ['json', { a: [1, 9007199254740993n, new Decimal('1.50')] }, '{"a":[1,9007199254740993,1.50]}'],
    ['json', '{"a": 1}', '{"a": 1}'],
    ['text', [1, 'é'], '[1,"é"]'],
    ['date', '2024-01-02T03:04:05Z', '2024-01-02T03:04:05Z'],
    ['money', '1.50', '1.50'],
    ['array', [1, [2]], [1, [2]]],
  ]
  for (const [type, given, bound] of cases) {
    it(`${type} of ${JSON.stringify(given, (_, each) => (typeof each === 'bigint' ? `${each}n` : each))}`, () => {
      assert.deepEqual(castToColumn(given, column('f', type)), bound)
    })
  }

  const faults: readonly (readonly [type: SimpleType, given: Json, message: string])[] = [
    ['integer', 1.5, "Field 'f' must be a valid integer."],
    ['integer', 'abc', "Field 'f' must be a valid integer."],
    ['integer', true, "Field 'f' must be a valid integer."],
    ['integer', { a: 1 }, "Field 'f' must be a value, not a list or an object."],
    ['string', [1], "Field 'f' must be a value, not a list or an object."],
    ['decimal', '1,5', "Field 'f' must be a valid number."],
    ['boolean', 'banana', "Field 'f' must be a valid boolean."],
    ['binary', 'http://127.0.0.1/x', "Field 'f' must be base64 encoded data."],
    ['binary', 'abcde', "Field 'f' must be base64 encoded data."],
    ['binary', 5, "Field 'f' must be base64 encoded data."],
  ]
  for (const [type, given, message] of faults) {
    it(`${type} refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => castToColumn(given, column('f', type)), { status: 400, message })
    })
  }

  const binaries: readonly (readonly [string, string])[] = [
    ['aGVsbG8=', 'hello'],
    ['aGVs bG8', 'hello'],
    ['_-8', '\ufffd\ufffd'],
    ['', ''],
  ]
  for (const [given, text] of binaries) {
    it(`binary of ${JSON.stringify(given)}`, () => {
      const bytes = castToColumn(given, column('f', 'binary'))
      assert.ok(bytes instanceof Uint8Array)
      assert.equal(Buffer.from(bytes).toString('utf8'), text)
    })
  }
})

describe('records', () => {
  const view = viewOfEverything(tableNamed('kinds'), { lookups: {} })
  const values = (
    record: { readonly [name: string]: Json },
    kind: 'insert' | 'update' = 'update',
    userId = 7,
  ): unknown => {
    const { values: found } = processRecord(view, record, { kind, index: 0, userId, key: view.key })
    return Object.fromEntries(
      [...found].map(([each, value]) => [each.name, value.kind === 'value' ? value.value : 'expression']),
    )
  }
  const changed = { changed: 'expression' }

  it('an empty text is null where the type is no text', () => {
    assert.deepEqual(values({ flag: '', amount: '', day: '', note: '', big: '' }), {
      flag: null,
      amount: null,
      big: null,
      note: '',
      day: null,
      ...changed,
    })
  })
  it('an empty list is null where nothing of that kind is stored', () => {
    assert.deepEqual(values({ amount: [], doc: [] }), { amount: null, doc: '[]', ...changed })
  })
  it('automatic values overwrite what is sent, on insert', () => {
    const sent = { made: 'x', changed: 'y', maker: 99, note: 'n' }
    assert.deepEqual(values(sent, 'insert'), { note: 'n', made: 'expression', changed: 'expression', maker: 7 })
  })
  it('what is set on insert stays on update', () => {
    assert.deepEqual(values({ made: 'x', maker: 99 }), changed)
  })
  it('ids and read-only fields are dropped', () =>
    assert.deepEqual(values({ id: 5, fixed: 'x', NOTE: 'n' }), { note: 'n', ...changed }))
  it('null for a generated id means that there is none', () =>
    assert.deepEqual(values({ id: null, note: 'n' }, 'insert'), {
      note: 'n',
      made: 'expression',
      ...changed,
      maker: 7,
    }))
  it('a rule of the field', () => {
    assert.throws(() => values({ email: 'x' }), { message: "Field 'email' value must be a valid email address." })
  })
  it('an expression with an unknown field', () => {
    assert.throws(() => values({ note: { expression: 'upper(nope)' } }), {
      message: "SQL expression 'upper(nope)' is not permitted.",
    })
  })
})

interface Rule {
  readonly rule: string
  readonly config?: Json
  readonly more?: Partial<Column>
  readonly pass: readonly Json[]
  readonly fail: readonly Json[]
  readonly message: string
}

const rules: readonly Rule[] = [
  { rule: 'not_null', pass: ['', 0], fail: [null], message: "Field 'f' value can not be null." },
  { rule: 'not_empty', pass: [null, 'x', 5], fail: ['', 0, '0', false], message: "Field 'f' value can not be empty." },
  { rule: 'not_zero', pass: [null, 'x', '', 5], fail: [0, '0', '0.0'], message: "Field 'f' value can not be empty." },
  {
    rule: 'email',
    pass: [null, '', 'a.b+c@example.org'],
    fail: ['a', 'a@b', 'a@b c.de'],
    message: "Field 'f' value must be a valid email address.",
  },
  {
    rule: 'url',
    config: { sections: ['path'] },
    pass: ['', 'http://a.b/c?d'],
    fail: ['a.b', '/x', 'http:// x'],
    message: "Field 'f' value must be a valid URL.",
  },
  {
    rule: 'int',
    config: { range: { min: 1, max: '5' } },
    pass: [1, '5', null],
    fail: [0, 6, '', 'x', 1.5, true],
    message: "Field 'f' value is not in the valid range.",
  },
  {
    rule: 'float',
    pass: [0, '0.0', 1.5, '1e3'],
    fail: ['', 'x', '1,5', true],
    message: "Field 'f' value is not an acceptable float value.",
  },
  {
    rule: 'float',
    config: { decimal: ',' },
    pass: ['1,5'],
    fail: ['1,5,6'],
    message: "Field 'f' value is not an acceptable float value.",
  },
  {
    rule: 'boolean',
    pass: [true, false, 0, 'no', 'ON'],
    fail: ['x', 2],
    message: "Field 'f' value is not an acceptable boolean value.",
  },
  {
    rule: 'match',
    config: { regexp: '/^a+$/i' },
    pass: ['', 'aA'],
    fail: ['b', 'ab'],
    message: "Field 'f' value is invalid.",
  },
  {
    rule: 'match',
    config: { regexp: Buffer.from('#^a/b$#').toString('base64') },
    pass: ['a/b'],
    fail: ['a'],
    message: "Field 'f' value is invalid.",
  },
  {
    rule: 'picklist',
    more: { picklist: ['a', 'b'] },
    pass: ['', 0, 'a'],
    fail: ['c'],
    message: "Field 'f' value is invalid.",
  },
  {
    rule: 'multi_picklist',
    more: { picklist: ['a', 'b', 'c'] },
    config: { max: 2 },
    pass: ['a', 'a, b', ['b', 'c']],
    fail: ['x', ['a', 'x']],
    message: "Field 'f' value is invalid.",
  },
  {
    rule: 'multi_picklist',
    more: { picklist: ['a', 'b'] },
    config: { max: 1 },
    pass: [],
    fail: ['a,b'],
    message: "Field 'f' value contains too many selections.",
  },
  {
    rule: 'multi_picklist',
    more: { picklist: ['a'] },
    pass: [],
    fail: [''],
    message: "Field 'f' value does not contain enough selections.",
  },
  { rule: 'unique', pass: ['x', null], fail: [], message: '' },
]

describe('validation', () => {
  for (const { rule, config = [], more = {}, pass, fail, message } of rules) {
    const field = (over: Json = config): Column => column('f', 'string', { ...more, validation: { [rule]: over } })
    for (const value of pass) {
      it(`${rule} passes ${JSON.stringify(value)}`, () => assert.equal(validate(field(), value, 'insert'), 'pass'))
    }
    for (const value of fail) {
      it(`${rule} refuses ${JSON.stringify(value)}`, () => {
        assert.throws(() => validate(field(), value, 'insert'), { status: 400, message })
        const own = { ...(typeof config === 'object' ? config : {}), on_fail: 'Own words.' } as Json
        assert.throws(() => validate(field(own), value, 'insert'), { status: 400, message: 'Own words.' })
        const ignored = { ...(typeof config === 'object' ? config : {}), on_fail: 'ignore_field' } as Json
        assert.equal(validate(field(ignored), value, 'insert'), 'ignore')
      })
    }
  }

  it('create_only on update', () => {
    const field = column('f', 'string', { validation: { create_only: {} } })
    assert.equal(validate(field, 'x', 'insert'), 'pass')
    assert.throws(() => validate(field, 'x', 'update'), {
      message: "Field 'f' can only be set during record creation.",
    })
  })

  const broken: readonly (readonly [rule: string, config: Json, message: string])[] = [
    ['match', {}, "Invalid validation configuration: Field 'f' has no 'regexp'."],
    ['match', { regexp: '/[/' }, "Invalid validation configuration: Field 'f' has an invalid 'regexp'."],
    ['picklist', {}, "Invalid validation configuration: Field 'f' has no 'picklist' options in schema settings."],
  ]
  for (const [rule, config, message] of broken) {
    it(`${rule} with ${JSON.stringify(config)}`, () => {
      const field = column('f', 'string', { validation: { [rule]: config } })
      assert.throws(() => validate(field, 'x', 'insert'), { status: 500, message })
    })
  }
})
