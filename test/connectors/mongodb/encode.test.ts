// Documents from BSON to JSON bytes: the same, byte for byte, as by way of objects; every type, at any depth, and every way of showing a part.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openField, type Projection, wholeRecord } from 'dataferry/records'
import { encodeJson } from 'dataferry/sdk'
import fc from 'fast-check'
import {
  Binary,
  BSON,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  UUID,
} from 'mongodb'
import { shapeOf } from '../../../connectors/document/shape.ts'
import { MongoAdapter } from '../../../connectors/mongodb/adapter.ts'
import { Encoder, parsed } from '../../../connectors/mongodb/encode.ts'

const adapter = new MongoAdapter(() => {
  throw new Error('Nothing is asked.')
}, 0)

const field = (path: string, without: readonly string[] = []): Projection => {
  const column = path === '*' ? wholeRecord : openField(path)
  return { as: path, expr: { kind: 'column', column }, type: column.type, column, hidden: false, without }
}

const shapes: readonly (readonly [name: string, columns: readonly Projection[]])[] = [
  ['whole documents', [field('*')]],
  ['two fields, the second first', [field('b'), field('a')]],
  ['a field and parts of others', [field('a'), field('b.a'), field('c.b.a'), field('_id')]],
  ['all but hidden fields', [field('*', ['b', 'A.b', 'c.a.b'])]],
  ['a field without what is hidden below', [field('a', ['a.B', 'a.c.a']), field('c')]],
]

function same(document: object, columns: readonly Projection[]): void {
  const { printed, row } = shapeOf(columns, adapter)
  assert.ok(printed)
  const bytes = BSON.serialize(document, { ignoreUndefined: false })
  const encoder = new Encoder({ ...printed, row: (each) => encodeJson(row(parsed(each))) }, 64)
  encoder.add(bytes)
  encoder.add(bytes)
  const text = encodeJson(row(parsed(bytes)))
  assert.equal(Buffer.from(encoder.take()).toString(), `${text},${text}`)
}

/** A document of one value of a type that the driver no longer writes, or writes only for itself. */
const element = (type: number, value: readonly number[]): Buffer => {
  const inner = Buffer.from([type, 0x61, 0, ...value, 0])
  const size = Buffer.alloc(4)
  size.writeInt32LE(inner.length + 4)
  return Buffer.concat([size, inner])
}

const values: readonly (readonly [name: string, value: unknown])[] = [
  ['a text', 'plain'],
  ['a text with what JSON escapes', 'a"\\/\b\t\n\f\r\0\u0001\u001f\u007f\u2028é😀'],
  ['a long text with an escape at its end', `${'x'.repeat(300)}"`],
  ['an empty text', ''],
  ['zero', new Int32(0)],
  ['the least integer', new Int32(-(2 ** 31))],
  ['the largest integer', new Int32(2 ** 31 - 1)],
  ['a double', new Double(0.1)],
  ['negative zero', new Double(-0)],
  ['a large double', new Double(1e300)],
  ['a whole double', new Double(5)],
  ['a double that is no number', new Double(Number.NaN)],
  ['an infinite double', new Double(Number.NEGATIVE_INFINITY)],
  ['a long', Long.fromString('9007199254740993')],
  ['a small long', Long.fromNumber(-1)],
  ['the least long', Long.fromString('-9223372036854775808')],
  ['a decimal', Decimal128.fromString('12345678901234567890.120')],
  ['a decimal with a power', Decimal128.fromString('1E+40')],
  ['a decimal that is no number', Decimal128.fromString('Infinity')],
  ['true', true],
  ['null', null],
  ['undefined', undefined],
  ['an id', new ObjectId('507f1f77bcf86cd799439011')],
  ['a date', new Date('2024-01-02T03:04:05.678Z')],
  ['a date of whole seconds', new Date('1969-12-31T23:59:59Z')],
  ['a date before our era', new Date('-000001-01-01T00:00:00Z')],
  ['a timestamp', new Timestamp({ t: 4294967295, i: 7 })],
  ['bytes', new Binary(Buffer.from([0, 1, 254, 255]))],
  ['no bytes', new Binary(Buffer.alloc(0))],
  ['old bytes', new Binary(Buffer.from([1, 2]), 2)],
  ['a UUID', new UUID('00112233-4455-6677-8899-aabbccddeeff')],
  ['a regular expression', new BSONRegExp('a"b', 'i')],
  ['a symbol', new BSONSymbol('s"')],
  ['code', new Code('f()')],
  ['code with a scope', new Code('f()', { a: 1 })],
  ['a reference', new DBRef('c', new ObjectId('507f1f77bcf86cd799439011'))],
  ['the least key', new MinKey()],
  ['the largest key', new MaxKey()],
  ['names that are places', { b: 1, '10': 2, '9': 3 }],
  ['names that begin with a dollar', { $x: 1 }],
  ['names with dots', { 'b.c': 1, 'a.b': 2 }],
  ['an empty name', { '': 1 }],
  ['a name with what JSON escapes', { 'a"\n': 1 }],
  ['the name of a prototype', JSON.parse('{"__proto__":{"a":1},"toJSON":1}')],
  ['nothing', {}],
  ['an empty list', []],
  ['lists of lists', [[1, { b: [{ a: 1 }, 'x'] }], [], null]],
]

describe('BSON as JSON bytes', () => {
  for (const [shape, columns] of shapes) {
    for (const [name, value] of values) {
      test(`${shape}: ${name}`, () => {
        same({ _id: 1, a: value, b: value }, columns)
        same(
          { c: { b: { a: value }, a: [value, { b: value, B: value }] }, a: { c: [{ a: value, b: value }] } },
          columns,
        )
        same({ b: [value, { a: value }, [{ a: value }]], a: [value] }, columns)
      })
    }
  }

  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...values.map(([, value]) => value)),
    fc.double().map((value) => new Double(value)),
    fc.maxSafeInteger().map((value) => Long.fromNumber(value)),
    fc.integer().map((value) => new Int32(value)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array().map((value) => new Binary(value)),
  )
  const { document } = fc.letrec((tie) => ({
    document: fc.dictionary(
      fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom('a', 'b', 'c', 'A', 'B', '_id') },
        fc.string({ unit: 'binary' }),
      ),
      fc.oneof(leaf, tie('document'), fc.array(fc.oneof(leaf, tie('document')), { maxLength: 4 })),
      { maxKeys: 6 },
    ),
  }))
  test('any documents', () => {
    fc.assert(
      fc.property(document, (each) => {
        // What BSON can't name, and texts that are none.
        fc.pre(!/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(Object.keys(each as object))))
        try {
          BSON.serialize(each as object, { ignoreUndefined: false })
        } catch {
          return
        }
        for (const [, columns] of shapes) same(each as object, columns)
      }),
      { numRuns: 300 },
    )
  })

  test('a date beyond all dates', () => {
    const { printed, row } = shapeOf([field('*')], adapter)
    const bytes = element(9, [255, 255, 255, 255, 255, 255, 255, 127])
    const encoder = new Encoder({ ...(printed ?? assert.fail()), row: () => assert.fail() }, 64)
    encoder.add(bytes)
    assert.equal(Buffer.from(encoder.take()).toString(), encodeJson(row(parsed(bytes))))
  })

  test('bytes that are no text are refused as the driver refuses them', () => {
    const { printed, row } = shapeOf([field('*')], adapter)
    const encoder = new Encoder({ ...(printed ?? assert.fail()), row: (each) => encodeJson(row(parsed(each))) }, 64)
    assert.throws(() => encoder.add(element(2, [2, 0, 0, 0, 0xff, 0])), /UTF-8/)
  })
})
