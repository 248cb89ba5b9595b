/** Computations of hashes take turns, and no address holds up the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServiceUnavailable } from 'dataferry/sdk'
import { HashQueue } from '../../../plugins/system/sessions/hash-queue.ts'

/** Work that ends when it is told to, and the order in which it began. */
function work() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    job: (name: string) => () => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
    },
    end: (name: string) => ends.get(name)?.(),
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('no more run at once than may, and addresses take turns', async () => {
  const queue = new HashQueue({ atOnce: 1 })
  const { begun, job, end } = work()
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1'].map((name) => queue.run(name[0] ?? '', job(name)))
  for (const [count, name] of ['a1', 'a2', 'b1', 'c1', 'a3', 'a4'].entries()) {
    await settled()
    assert.equal(begun.length, count + 1)
    end(begun.at(-1) ?? '')
    assert.equal(begun[count], name)
  }
  assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3', 'a4', 'b1', 'c1'])
})

test('where too many wait, the longest line loses its last', async () => {
  const queue = new HashQueue({ atOnce: 1, waitingMost: 3 })
  const { begun, job, end } = work()
  const flood = ['a1', 'a2', 'a3', 'a4'].map((name) => queue.run('a', job(name)))
  await assert.rejects(queue.run('a', job('a5')), ServiceUnavailable)
  const other = queue.run('b', job('b1'))
  await assert.rejects(flood[3] ?? Promise.resolve(), ServiceUnavailable)
  for (const name of ['a1', 'a2', 'b1', 'a3']) {
    await settled()
    assert.equal(begun.at(-1), name)
    end(name)
  }
  assert.equal(await other, 'b1')
})

test('work that fails gives its place on', async () => {
  const queue = new HashQueue({ atOnce: 1 })
  await assert.rejects(
    queue.run('a', async () => {
      throw new Error('no')
    }),
    /no/,
  )
  assert.equal(await queue.run('a', async () => 'yes'), 'yes')
})
