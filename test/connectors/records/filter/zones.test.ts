/** Times with a zone where the database takes none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inUtc } from '../../../../connectors/records/filter/zones.ts'

test('times in UTC', async (t) => {
  const cases = [
    { name: 'of UTC', given: '2024-01-01T10:00:00Z', expected: '2024-01-01 10:00:00' },
    { name: 'to the east', given: '2024-01-01T10:00:00+02:00', expected: '2024-01-01 08:00:00' },
    { name: 'to the west, on another day', given: '2024-12-31 20:30:00-0530', expected: '2025-01-01 02:00:00' },
    { name: 'of hours alone', given: '2024-01-01T10:00:00+02', expected: '2024-01-01 08:00:00' },
    { name: 'without seconds', given: '2024-01-01T10:00z', expected: '2024-01-01 10:00:00' },
    { name: 'with a fraction', given: '2024-01-01T10:00:00.123456789Z', expected: '2024-01-01 10:00:00.123456789' },
    { name: 'without a zone', given: '2024-01-01T10:00:00', expected: '2024-01-01T10:00:00' },
    { name: 'a date', given: '2024-01-01', expected: '2024-01-01' },
    { name: 'a day that there is not', given: '2024-02-30T10:00:00Z', expected: '2024-02-30T10:00:00Z' },
    { name: 'an hour that there is not', given: '2024-02-01T25:00:00Z', expected: '2024-02-01T25:00:00Z' },
    { name: 'something else', given: 'now', expected: 'now' },
  ]
  for (const { name, given, expected } of cases) await t.test(name, () => assert.equal(inUtc(given), expected))
})
