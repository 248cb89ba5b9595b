/** What is asked for at once is read together, and one that fails takes none of the others with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gathering } from 'dataferry/records'

function gathering(most: number) {
  const reads: (readonly string[])[] = []
  const all = new Gathering(async (keys: readonly string[]) => {
    reads.push(keys)
    if (keys.includes('bad')) throw new Error(`bad among ${keys.length}`)
    return keys.map((key) => key.toUpperCase())
  }, most)
  return { all, reads }
}

test('one turn is one read, up to the most', async () => {
  const { all, reads } = gathering(2)
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((key) => all.get(key))), ['A', 'B', 'C'])
  assert.deepEqual(reads, [['a', 'b'], ['c']])
  assert.equal(await all.get('d'), 'D')
  assert.deepEqual(reads.at(-1), ['d'])
})

test('where several fail, each is read alone', async () => {
  const { all, reads } = gathering(10)
  const settled = await Promise.allSettled(['a', 'bad', 'c'].map((key) => all.get(key)))
  assert.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message)),
    ['A', 'bad among 1', 'C'],
  )
  assert.equal(reads.length, 4)
})
