// BSON as JSON and back (data-plane 8.1), without a server.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plain } from 'dataferry/conformance'
import { BadRequest, Decimal, type Json, parseJson } from 'dataferry/sdk'
import {
  Binary,
  BSON,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'mongodb'
import { idOf, toBson, toJson } from '../../../connectors/mongodb/bson.ts'

const hex = '507f1f77bcf86cd799439011'
const date = new Date('2024-01-02T03:04:05.678Z')

const values: readonly (readonly [name: string, bson: unknown, json: Json])[] = [
  ['null', null, null],
  ['a text', 'a', 'a'],
  ['a boolean', true, true],
  ['a 32-bit integer', new Int32(-7), -7],
  ['a long that a double holds', Long.fromNumber(5_000_000_000), 5_000_000_000],
  ['a long', Long.fromString('9223372036854775807'), 9223372036854775807n],
  ['a double', new Double(1.5), 1.5],
  ['a decimal', Decimal128.fromString('12345678901234567890.12'), new Decimal('12345678901234567890.12')],
  ['a decimal that is no number', Decimal128.fromString('NaN'), { $numberDecimal: 'NaN' }],
  ['a double that is no number', new Double(Number.POSITIVE_INFINITY), { $numberDouble: 'Infinity' }],
  ['an id', new ObjectId(hex), hex],
  ['a date', date, { $date: '2024-01-02T03:04:05.678+00:00' }],
  ['a date of whole seconds', new Date('2024-01-01T00:00:00Z'), { $date: '2024-01-01T00:00:00+00:00' }],
  ['bytes', new Binary(Buffer.from([1, 2, 255])), 'AQL/'],
  ['a timestamp', new Timestamp({ t: 5, i: 6 }), '[6:5]'],
  ['a regular expression', new BSONRegExp('^a', 'i'), { $regex: '^a', $options: 'i' }],
  ['code', new Code('x'), { $code: 'x' }],
  ['the least key', new MinKey(), { $minKey: 1 }],
  ['the greatest key', new MaxKey(), { $maxKey: 1 }],
]

describe('out', () => {
  for (const [name, bson, json] of values) {
    test(name, () => assert.deepEqual(plain(toJson(bson)), plain(json)))
    test(`${name}, deep`, () => assert.deepEqual(plain(toJson({ a: [{ b: bson }] })), plain({ a: [{ b: json }] })))
    test(`${name}, exactly and back`, () => {
      const bytes = BSON.serialize({ v: bson })
      const back = BSON.serialize({ v: toBson(toJson(bson, true)) })
      // Numbers that JSON prints alike may change their width, never their value.
      if (bson instanceof Int32 || bson instanceof Double || bson instanceof Long) {
        assert.deepEqual(plain(toJson(BSON.deserialize(back, { promoteValues: false }))), plain({ v: json }))
      } else assert.deepEqual(Buffer.from(back), Buffer.from(bytes))
    })
  }
})

const inputs: readonly (readonly [text: string, bson: unknown])[] = [
  ['{"$oid":"507f1f77bcf86cd799439011"}', new ObjectId(hex)],
  ['{"$id":"507f1f77bcf86cd799439011"}', new ObjectId(hex)],
  ['{"$date":"2024-01-02T03:04:05.678Z"}', date],
  ['{"$date":"2024-01-02 03:04:05.678"}', date],
  ['{"$date":1704164645}', new Date(1704164645000)],
  ['{"$date":{"$numberLong":"1704164645678"}}', date],
  ['{"$numberLong":"9223372036854775807"}', Long.fromString('9223372036854775807')],
  ['{"$numberInt":"5"}', new Int32(5)],
  ['{"$numberDouble":"5"}', new Double(5)],
  ['{"$numberDecimal":"1.50"}', Decimal128.fromString('1.50')],
  ['{"$binary":{"base64":"AQL/","subType":"00"}}', new Binary(Buffer.from([1, 2, 255]))],
  ['{"$binary":"AQL/","$type":"00"}', new Binary(Buffer.from([1, 2, 255]))],
  ['{"$timestamp":{"t":5,"i":6}}', new Timestamp({ t: 5, i: 6 })],
  ['{"$regularExpression":{"pattern":"^a","options":"i"}}', new BSONRegExp('^a', 'i')],
  ['9223372036854775807', Long.fromString('9223372036854775807')],
  ['5000000000', Long.fromNumber(5_000_000_000)],
  ['12345678901234567890.12', Decimal128.fromString('12345678901234567890.12')],
  ['7', new Int32(7)],
  ['1.5', new Double(1.5)],
]

describe('in', () => {
  for (const [text, bson] of inputs) {
    test(text, () => {
      const made = BSON.serialize({ v: [{ d: toBson(parseJson(text)) }] })
      assert.deepEqual(Buffer.from(made), Buffer.from(BSON.serialize({ v: [{ d: bson }] })))
    })
  }
  test('the present moment', () => {
    const before = Date.now()
    const made = toBson({ $date: null })
    assert.ok(made instanceof Date && made.getTime() >= before)
  })
  for (const text of [
    '{"$where":"true"}',
    '{"a":{"$set":1}}',
    '{"a.b":1}',
    '{"":1}',
    '{"$oid":"x"}',
    '{"$oid":"507f1f77bcf86cd799439011","b":1}',
    '{"$date":"never"}',
    '{"$numberLong":"x"}',
    '123456789012345678901234567890123456789012345',
  ])
    test(`refuses ${text}`, () => assert.throws(() => toBson(parseJson(text)), BadRequest))
  test('a member named __proto__ is only a member', () => {
    const made = toBson(parseJson('{"__proto__":{"x":1}}'))
    assert.deepEqual(Object.keys(made as object), ['__proto__'])
  })
})

test('identifiers', () => {
  assert.ok(idOf(hex) instanceof ObjectId)
  assert.equal(idOf(`'${hex}'`), hex)
  assert.equal(idOf('abc'), 'abc')
  assert.equal(String(idOf(5)), '5')
})
