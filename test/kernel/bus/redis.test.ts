/** The bus over a real Redis: two nodes, one that has no bus, and a server that goes away. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { openBus } from '../../../kernel/bus/index.ts'
import { RedisBus } from '../../../kernel/bus/redis.ts'
import type { SharedAttempt } from '../../../kernel/plugins/bus.ts'
import type { Log } from '../../../kernel/plugins/contract.ts'
import { type FoundRedis, redis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

const found: FoundRedis = await redis()
const { skip } = found
const url = found.redis?.url ?? ''

const told: string[] = []
const log: Log = {
  debug: () => {},
  info: (message) => told.push(message),
  warn: (message) => told.push(message),
  error: () => {},
}
const buses: RedisBus[] = []

/** A name that no other test has. */
const name = (): string => `test:${randomUUID()}`

async function connected(): Promise<RedisBus> {
  const bus = new RedisBus(url, log)
  buses.push(bus)
  bus.open()
  await until('the bus is up', () => bus.state() === 'up')
  return bus
}

let one: RedisBus
let other: RedisBus
before(async () => {
  if (skip) return
  one = await connected()
  other = await connected()
})
after(async () => {
  for (const bus of buses) await bus.close()
  await found.redis?.stop()
})

test('without DF_CACHE a node is alone, and is told nothing', async () => {
  const { bus, close } = await openBus(null, log)
  assert.equal(bus.state(), 'alone')
  await bus.tell('topic', 'message')
  assert.equal(await bus.hit('counter', '0', 1_000), null)
  assert.equal(await bus.counted('counter'), null)
  assert.equal(await bus.attempt('name', 1, 1_000), null)
  await bus.forget(['counter'])
  await close()
})

test('what one tells, others hear, until they stop', { skip }, async () => {
  const topic = name()
  const heard: string[] = []
  const stop = other.hear(topic, (message) => heard.push(message))
  const second: string[] = []
  other.hear(topic, (message) => second.push(message))
  // A subscription is no answer to anything: it is known to be in force when a message arrives.
  await until('the first message is heard', () => {
    one.tell(topic, 'first')
    return heard.length > 0
  })
  stop()
  const before = heard.length
  await until('the second listener hears more', () => {
    one.tell(topic, 'more')
    return second.includes('more')
  })
  assert.equal(heard.length, before)
})

test('hits of all nodes count together, member by member, until they are forgotten', { skip }, async () => {
  const counter = name()
  const counts = [
    await one.hit(counter, '0', 60_000),
    await other.hit(counter, '0', 60_000),
    await one.hit(counter, '7', 60_000),
  ]
  assert.deepEqual(
    counts.map((counted) => counted?.count),
    [1, 2, 1],
  )
  assert.ok(counts.every((counted) => counted !== null && counted.endsInMs > 0 && counted.endsInMs <= 60_000))
  const members = await other.counted(counter)
  assert.deepEqual([...(members ?? [])].map(([member, { count }]) => [member, count]).sort(), [
    ['0', 2],
    ['7', 1],
  ])
  await other.forget([counter])
  assert.deepEqual(await one.counted(counter), new Map())
  assert.equal((await one.hit(counter, '0', 60_000))?.count, 1)
})

test('a window that is over begins anew', { skip }, async () => {
  const counter = name()
  assert.equal((await one.hit(counter, '0', 20))?.count, 1)
  await until('the window is over', async () => (await one.counted(counter))?.size === 0)
  assert.equal((await one.hit(counter, '0', 60_000))?.count, 1)
})

test('tries: failures of all nodes count, those under way make others wait', { skip }, async () => {
  const who = name()
  // What became of a try is sent after its answer, and by another connection: nobody waits for it.
  const admitted = async (bus: RedisBus): Promise<SharedAttempt> => {
    let attempt: SharedAttempt | null = null
    await until('a try is admitted', async () => {
      const admission = await bus.attempt(who, 2, 60_000)
      if (admission?.kind === 'admitted') attempt = admission.attempt
      return attempt !== null
    })
    assert.ok(attempt !== null)
    return attempt
  }
  const kinds = async (): Promise<(string | undefined)[]> => [
    (await one.attempt(who, 2, 60_000))?.kind,
    (await other.attempt(who, 2, 60_000))?.kind,
  ]
  const first = await admitted(one)
  const second = await admitted(other)
  assert.deepEqual(await kinds(), ['busy', 'busy'])
  first.failed()
  second.abandoned()
  const third = await admitted(one)
  third.succeeded()
  // What failed before is forgotten.
  for (const attempt of [await admitted(one), await admitted(other)]) attempt.failed()
  await until('both are refused', async () => (await kinds()).every((kind) => kind === 'refused'))
  const refused = await other.attempt(who, 2, 60_000)
  assert.ok(refused?.kind === 'refused' && refused.waitMs > 0 && refused.waitMs <= 60_000)
})

test('a server that answers nothing costs one wait, is told of once, and is found again', {
  skip: skip || !found.redis?.pause,
}, async () => {
  const bus = await connected()
  told.length = 0
  found.redis?.pause?.(true)
  assert.equal(await bus.hit(name(), '0', 1_000), null)
  assert.equal(bus.state(), 'down')
  assert.equal(await bus.hit(name(), '0', 1_000), null)
  assert.equal(told.filter((line) => /does not answer/.test(line)).length, 1)
  found.redis?.pause?.(false)
  await until('it answers again', async () => (await bus.hit(name(), '0', 1_000)) !== null)
  assert.ok(told.some((line) => /answers again/.test(line)))
})

test('a server that is gone and comes back: nodes hear each other again', {
  skip: skip || !found.redis?.kill,
}, async () => {
  const topic = name()
  let heard = 0
  other.hear(topic, () => heard++)
  await found.redis?.kill?.()
  await until('both notice', () => one.state() === 'down' && other.state() === 'down')
  assert.equal(await one.hit(name(), '0', 1_000), null)
  await found.redis?.start?.()
  await until('it is heard again', () => {
    one.tell(topic, 'x')
    return heard > 0
  })
})

test('a server that was never there stops nobody', async () => {
  const lines: string[] = []
  const { bus, close } = await openBus('redis://127.0.0.1:1', { ...log, warn: (line) => lines.push(line) })
  await until('it is told', () => lines.length > 0)
  assert.equal(bus.state(), 'down')
  assert.equal(await bus.hit('x', '0', 1_000), null)
  assert.equal(lines.length, 1)
  await close()
})
