// Conditions as MongoDB is asked: a number keeps its digits where the server has decimals, and is the nearest double on FerretDB.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Condition } from 'dataferry/document'
import { BadRequest, Decimal } from 'dataferry/sdk'
import { Decimal128, Double, Int32 } from 'mongodb'
import { dependsOnServer, filterOf } from '../../../connectors/mongodb/filter.ts'

const digits = '0.1234567890123456789'
const value = new Decimal(digits)
const exact = Decimal128.fromString(digits)
const near = new Double(Number(digits))

const cases: readonly { name: string; condition: Condition; exact: object; ferret: object }[] = [
  {
    name: 'equal',
    condition: { kind: 'in', path: 'n', values: [value], holds: true },
    exact: { n: { $eq: exact } },
    ferret: { n: { $eq: near } },
  },
  {
    name: 'in a list',
    condition: { kind: 'in', path: 'n', values: [1, value], holds: true },
    exact: { n: { $in: [new Int32(1), exact] } },
    ferret: { n: { $in: [new Int32(1), near] } },
  },
  {
    name: 'in order',
    condition: { kind: 'order', path: 'n', op: '>=', value, holds: true },
    exact: { n: { $gte: exact } },
    ferret: { n: { $gte: near } },
  },
]
describe('a number of many digits', () => {
  for (const { name, condition, ...expected } of cases) {
    test(name, () => {
      assert.ok(dependsOnServer({ kind: 'all', of: [condition] }))
      assert.deepEqual(filterOf(condition), expected.exact)
      assert.deepEqual(filterOf(condition, true), expected.ferret)
    })
  }

  test('beyond 34 digits is refused', () => {
    const long = new Decimal(`0.${'123456789'.repeat(5)}`)
    assert.throws(() => filterOf({ kind: 'order', path: 'n', op: '<', value: long, holds: true }), BadRequest)
  })
})
