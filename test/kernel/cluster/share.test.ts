/** The parts of several processes of what a service may have altogether. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareIn } from '../../../kernel/cluster/seat.ts'
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

const seats = [
  { name: 'a process that is alone has all', seat: { kind: 'whole' }, share: 10 },
  { name: 'the leader has the least', seat: { kind: 'leader' }, share: 2 },
  { name: 'a worker has its part', seat: { kind: 'worker', index: 0, of: 3 }, share: 4 },
] as const
// As a thread is told of its process.
for (const { name, seat, share } of seats) test(name, () => assert.equal(shareIn(structuredClone(seat))(10, 2), share))
