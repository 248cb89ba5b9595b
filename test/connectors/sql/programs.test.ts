import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Recent } from '../../../connectors/records/recent.ts'

test('what is used stays, the rest goes when there is no room', () => {
  const made: string[] = []
  const recent = new Recent<string>(3)
  const get = (key: string): string =>
    recent.get(key, () => {
      made.push(key)
      return key.toUpperCase()
    })
  for (const key of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) assert.equal(get(key), key.toUpperCase())
  assert.deepEqual(made, ['a', 'b', 'c', 'd', 'b'])
})
