/** The parts of several processes of what a service may have altogether. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareOf } from '../../../kernel/cluster/share.ts'

const cases = [
  { name: 'it divides', total: 12, of: 4, least: 2, shares: [3, 3, 3, 3] },
  { name: 'the first have what does not divide', total: 10, of: 4, least: 1, shares: [3, 3, 2, 2] },
  { name: 'one process has all', total: 10, of: 1, least: 2, shares: [10] },
  { name: 'there is less than the least', total: 1, of: 2, least: 3, shares: [1, 1] },
  { name: 'each has the least', total: 2, of: 3, least: 2, shares: [2, 2, 2] },
]
for (const { name, total, of, least, shares } of cases)
  test(name, () =>
    assert.deepEqual(
      shares.map((_, index) => shareOf(total, index, of, least)),
      shares,
    ),
  )
