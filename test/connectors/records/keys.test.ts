/** Identifiers (data-plane 3.12). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { canonicalKey, compositeParts, keyOf, keyOfPath, keyOfRecord } from '../../../connectors/records/keys.ts'
import { column } from './filter/table.ts'

const id = column('id', 'id', { allowNull: false })
const code = column('code', 'string', { allowNull: false, alias: 'Kode' })

describe('composite keys in parentheses', () => {
  const cases: readonly (readonly [text: string, parts: readonly string[] | null])[] = [
    ['5', null],
    ['(1,2)', ['1', '2']],
    [' ( 1 , 2 ) ', ['1', '2']],
    ["(1,'a,b')", ['1', 'a,b']],
    ["(1,'it''s')", ['1', "it's"]],
    ['(1,"a ""b""")', ['1', 'a "b"']],
    ['(1,)', ['1', '']],
    ['()', null],
    ['(1', null],
  ]
  for (const [text, parts] of cases) it(text, () => assert.deepEqual(compositeParts(text), parts))
})

describe('ids of one field', () => {
  const cases: readonly (readonly [given: Json, value: Json])[] = [
    ['5', 5],
    [' 5 ', 5],
    [5, 5],
    ['5.0', 5],
    ['9007199254740993', 9007199254740993n],
    [{ ID: 7 }, 7],
    ['(5)', 5],
    [[5], 5],
  ]
  for (const [given, value] of cases) {
    it(JSON.stringify(given), () => assert.deepEqual(keyOf([id], given).values, [value]))
  }

  const faults: readonly (readonly [given: Json, status: number, message: string])[] = [
    ['5.5', 404, "Record with identifier '5.5' not found."],
    [5.5, 404, "Record with identifier '5.5' not found."],
    ['9223372036854775808', 404, "Record with identifier '9223372036854775808' not found."],
    ['abc', 400, "Field 'id' must be a valid integer."],
    ['0x10', 400, "Field 'id' must be a valid integer."],
    [true, 400, "Field 'id' must be a valid integer."],
    [{ other: 1 }, 400, 'Required id field(s) not found in record 0: id'],
  ]
  for (const [given, status, message] of faults) {
    it(`${JSON.stringify(given)} is ${status}`, () => assert.throws(() => keyOf([id], given), { status, message }))
  }

  it('a text with parentheses may be the text of a key', () =>
    assert.deepEqual(keyOf([code], '(a,b)').values, ['(a,b)']))
  it('a path with commas means the first', () => assert.deepEqual(keyOfPath([id], '3,4').values, [3]))
  it('an unsigned key may be above 63 bits', () => {
    const unsigned = column('id', 'bigint', { dbType: 'bigint(20) unsigned' })
    assert.deepEqual(keyOf([unsigned], '18446744073709551615').values, [18446744073709551615n])
  })
})

describe('ids of several fields', () => {
  it('in parentheses', () => assert.deepEqual(keyOf([id, code], '(1,x)'), { values: [1, 'x'], text: '(1,x)' }))
  it('as a list', () => assert.deepEqual(keyOf([id, code], [1, 'x']).values, [1, 'x']))
  it('as a record, by the names of clients', () => {
    assert.deepEqual(keyOfRecord([id, code], { kode: 'x', id: '1' }, 0), { values: [1, 'x'], text: '(1,x)' })
  })
  it('a plain value is not found', () => assert.throws(() => keyOf([id, code], '1'), { status: 404 }))
  it('of a path, too', () => assert.throws(() => keyOfPath([id, code], '1,x'), { status: 404 }))
  it('another number of values names the fields', () => {
    assert.throws(() => keyOf([id, code], '(1,2,3)'), {
      status: 400,
      message: 'An identifier needs 2 values: id, Kode.',
    })
  })
  it('a record names all that it lacks', () => {
    const lacks = { message: 'Required id field(s) not found in record 3: id, Kode' }
    assert.throws(() => keyOfRecord([id, code], { id: null }, 3), lacks)
  })
})

describe('the same key in two spellings', () => {
  const same: readonly (readonly [a: Json, b: Json])[] = [
    [5, '5'],
    [5n, 5],
    [true, 1],
  ]
  for (const [a, b] of same)
    it(`${String(a)} and ${String(b)}`, () => assert.equal(canonicalKey([a]), canonicalKey([b])))
  it('parts do not run together', () => assert.notEqual(canonicalKey(['a,b', 'c']), canonicalKey(['a', 'b,c'])))
})
