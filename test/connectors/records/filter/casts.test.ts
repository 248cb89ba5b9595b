// Casts of values that are stored (data-plane 9.2); those of comparisons are in language.test.ts.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadRequest, type Bind, Decimal, type Json } from 'dataferry/sdk'
import type { SimpleType } from '../../../../connectors/records/catalog/types.ts'
import { castValue, compareDigits, digitsOf } from '../../../../connectors/records/filter/index.ts'
import { column } from './table.ts'

const cases: readonly { readonly type: SimpleType; readonly value: Json; readonly is: Bind }[] = [
  { type: 'integer', value: 5, is: 5 },
  { type: 'integer', value: ' 5 ', is: 5 },
  { type: 'integer', value: 2 ** 53, is: 2n ** 53n },
  { type: 'integer', value: '9223372036854775807', is: 9223372036854775807n },
  { type: 'integer', value: '-9223372036854775808', is: -9223372036854775808n },
  { type: 'integer', value: new Decimal('5.00'), is: 5 },
  { type: 'integer', value: null, is: null },
  { type: 'bigint', value: 18446744073709551615n, is: 18446744073709551615n },
  { type: 'decimal', value: new Decimal('12345678901234567890.12'), is: '12345678901234567890.12' },
  { type: 'decimal', value: 10.5, is: '10.5' },
  { type: 'decimal', value: 1e-7, is: '0.0000001' },
  { type: 'decimal', value: '-0.10', is: '-0.10' },
  { type: 'decimal', value: '1e200', is: '1e200' },
  { type: 'boolean', value: true, is: true },
  { type: 'boolean', value: 0, is: false },
  { type: 'float', value: ' 1.5e3 ', is: 1500 },
  { type: 'float', value: '', is: null },
  { type: 'float', value: new Decimal('1.5'), is: 1.5 },
  { type: 'string', value: 5, is: '5' },
  { type: 'string', value: true, is: '1' },
  { type: 'string', value: 9007199254740993n, is: '9007199254740993' },
  { type: 'date', value: '2024-01-02', is: '2024-01-02' },
  { type: 'date', value: 5, is: 5 },
]
describe('stored values', () => {
  for (const { type, value, is } of cases) {
    it(`${type} takes ${String(value)} as ${String(is)}`, () =>
      assert.deepEqual(castValue(value, column('x', type)), is))
  }

  const refused: readonly { readonly type: SimpleType; readonly value: Json; readonly says: string }[] = [
    { type: 'integer', value: 1.5, says: "Field 'x' must be a valid integer." },
    { type: 'integer', value: '9223372036854775808', says: "Field 'x' must be a valid integer." },
    { type: 'integer', value: 1e30, says: "Field 'x' must be a valid integer." },
    { type: 'integer', value: '1e999999999', says: "Field 'x' must be a valid integer." },
    { type: 'integer', value: true, says: "Field 'x' must be a valid integer." },
    { type: 'integer', value: Number.NaN, says: "Field 'x' must be a valid integer." },
    { type: 'decimal', value: '1,5', says: "Field 'x' must be a valid number." },
    { type: 'decimal', value: true, says: "Field 'x' must be a valid number." },
    ...['1.5x', 'abc', 'NaN', 'Infinity', '0x10', '1e400', new Decimal('1e400'), new Decimal('-1e400')].map(
      (value) => ({ type: 'float', value, says: "Field 'x' must be a valid number." }) as const,
    ),
    { type: 'boolean', value: 2, says: "Field 'x' must be a valid boolean." },
  ]
  for (const { type, value, says } of refused) {
    it(`${type} refuses ${String(value)}`, () =>
      assert.throws(
        () => castValue(value, column('x', type)),
        (error) => error instanceof BadRequest && error.message === says,
      ))
  }

  it('names the alias', () =>
    assert.throws(
      () => castValue('x', column('real', 'integer', { alias: 'nick' })),
      (error) => error instanceof BadRequest && error.message === "Field 'nick' must be a valid integer.",
    ))
})

describe('digits', () => {
  const ascending = [
    '-1e400',
    '-10',
    '-9.99',
    '-0.5',
    '0',
    '1e-400',
    '0.05',
    '0.5',
    '9.99',
    '10',
    '12345678901234567890',
    '1e400',
  ]
  it('compare exactly', () => {
    const digits = ascending.map((each) => digitsOf(each))
    for (const [i, a] of digits.entries()) {
      for (const [j, b] of digits.entries()) {
        assert.ok(a && b)
        assert.equal(Math.sign(compareDigits(a, b)), Math.sign(i - j), `${ascending[i]} and ${ascending[j]}`)
      }
    }
  })
  for (const [a, b] of [
    ['1.0', '1'],
    ['1e2', '100'],
    ['-0', '0.00'],
    ['.5', '0.50'],
  ] as const) {
    it(`${a} is ${b}`, () => {
      const left = digitsOf(a)
      const right = digitsOf(b)
      assert.ok(left && right)
      assert.ok(compareDigits(left, right) === 0)
    })
  }
  for (const text of ['', ' ', 'abc', '0x10', '1e', '.', '1.2.3', '1 2', '--1', 'Infinity']) {
    it(`${JSON.stringify(text)} is no number`, () => assert.equal(digitsOf(text), null))
  }
})
