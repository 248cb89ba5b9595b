/** The bus of a node of several processes: two members and their hub, with and without a cache behind it. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { BusHub } from '../../../kernel/bus/cluster/hub.ts'
import { BusMember } from '../../../kernel/bus/cluster/member.ts'
import type { ToHub, ToMember } from '../../../kernel/bus/cluster/messages.ts'
import { localBus } from '../../../kernel/bus/local.ts'
import type { Admission, Bus, SharedAttempt } from '../../../kernel/plugins/bus.ts'

const windowMs = 60_000

/** A channel as between processes: everything is copied, and arrives later. */
function connect(hub: BusHub): { readonly member: BusMember; readonly leave: () => void } {
  const later = <M>(receive: (message: M) => void) => ({
    send: (message: M) => queueMicrotask(() => receive(structuredClone(message))),
  })
  const member: BusMember = new BusMember(later<ToHub>((message) => end.receive(message)))
  const end = hub.join(later<ToMember>((message) => member.receive(message)))
  return { member, leave: end.leave }
}

/** A cache that all nodes share. */
class Cache implements Bus {
  up = true
  count = 0
  readonly told: string[] = []
  readonly ended: string[] = []
  listener: (message: string) => void = () => {}

  state(): 'up' | 'down' {
    return this.up ? 'up' : 'down'
  }
  tell(topic: string, message: string): void {
    this.told.push(`${topic} ${message}`)
  }
  hear(_topic: string, listener: (message: string) => void): () => void {
    this.listener = listener
    return () => {}
  }
  async hit() {
    return { count: ++this.count, endsInMs: windowMs }
  }
  async counted() {
    return new Map([['0', { count: this.count, endsInMs: windowMs }]])
  }
  async forget() {
    this.count = 0
  }
  async attempt(): Promise<Admission> {
    const end = (how: string) => () => void this.ended.push(how)
    return {
      kind: 'admitted',
      attempt: { succeeded: end('succeeded'), failed: end('failed'), abandoned: end('abandoned') },
    }
  }
}

let hub: BusHub
let one: BusMember
let other: BusMember
let leave: () => void
beforeEach(() => {
  hub = new BusHub(localBus)
  ;({ member: one, leave } = connect(hub))
  ;({ member: other } = connect(hub))
})

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function admitted(bus: Bus, name: string, most: number): Promise<SharedAttempt> {
  const admission = await bus.attempt(name, most, windowMs)
  assert.equal(admission?.kind, 'admitted')
  return admission.kind === 'admitted' ? admission.attempt : assert.fail()
}

test('what one tells, all hear who listen, itself and the leader too', async () => {
  const heard: string[] = []
  for (const [name, bus] of [
    ['one', one],
    ['other', other],
    ['hub', hub],
  ] as const)
    bus.hear('topic', (message) => void heard.push(`${name} ${message}`))
  const stop = other.hear('topic', () => void heard.push('never'))
  stop()
  await settled()
  await one.tell('topic', 'hello')
  await one.tell('nobody listens', 'hello')
  await settled()
  assert.deepEqual(heard.sort(), ['hub hello', 'one hello', 'other hello'])
})

test('who tells goes on when the others have acted upon it, or are gone', async () => {
  const acts: (() => void)[] = []
  const { member: third, leave: thirdLeaves } = connect(hub)
  for (const bus of [one, other, third]) bus.hear('topic', () => new Promise((resolve) => acts.push(resolve)))
  await settled()
  let done = false
  const telling = Promise.resolve(one.tell('topic', 'hello')).then(() => {
    done = true
  })
  await settled()
  assert.equal(acts.length, 3)
  acts[1]?.()
  await settled()
  assert.equal(done, false)
  thirdLeaves()
  await telling
})

test('hits are counted together, each member of a counter by itself', async () => {
  const counts: (number | undefined)[] = []
  for (const bus of [one, other, hub, one]) counts.push((await bus.hit('counter', '1', windowMs))?.count)
  assert.deepEqual(counts, [1, 2, 3, 4])
  assert.equal((await other.hit('counter', '2', windowMs))?.count, 1)
  const counted = await other.counted('counter')
  assert.deepEqual(
    [...(counted ?? [])].map(([member, { count }]) => [member, count]),
    [
      ['1', 4],
      ['2', 1],
    ],
  )
  await one.forget(['counter'])
  assert.equal((await other.hit('counter', '1', windowMs))?.count, 1)
})

test('a window ends', async () => {
  assert.equal((await one.hit('short', '1', 1))?.count, 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal((await other.hit('short', '1', windowMs))?.count, 1)
})

test('failed tries add up, those under way too, until one succeeds', async () => {
  const first = await admitted(one, 'name', 2)
  const second = await admitted(other, 'name', 2)
  assert.deepEqual(await one.attempt('name', 2, windowMs), { kind: 'busy' })
  first.failed()
  second.failed()
  await settled()
  assert.equal((await other.attempt('name', 2, windowMs))?.kind, 'refused')
  const third = await admitted(one, 'name', 3)
  third.succeeded()
  await settled()
  assert.equal((await other.attempt('name', 1, windowMs))?.kind, 'admitted')
})

test('what a process that is gone had begun to try is abandoned', async () => {
  await admitted(one, 'name', 1)
  assert.deepEqual(await other.attempt('name', 1, windowMs), { kind: 'busy' })
  leave()
  await admitted(other, 'name', 1)
})

test('without its hub a process counts by itself', async () => {
  const silent = new BusMember({ send: () => {} })
  const asked = silent.hit('counter', '1', windowMs)
  silent.close()
  assert.equal(await asked, null)
  assert.equal(silent.state(), 'down')
  assert.equal(await silent.attempt('name', 1, windowMs), null)
})

test('with a cache all nodes count; while it is down this node goes on from there', async () => {
  const cache = new Cache()
  const shared = new BusHub(cache)
  const { member } = connect(shared)
  await settled()
  assert.equal(member.cache(), 'up')
  cache.count = 6
  assert.equal((await member.hit('counter', '0', windowMs))?.count, 7)
  cache.up = false
  assert.equal((await member.hit('counter', '0', windowMs))?.count, 8)
  assert.equal(shared.cache(), 'down')
  cache.up = true
  const heard: string[] = []
  member.hear('topic', (message) => void heard.push(message))
  await settled()
  cache.listener('from another node')
  await member.tell('topic', 'from here')
  await settled()
  assert.deepEqual(heard, ['from another node', 'from here'])
  assert.deepEqual(cache.told, ['topic from here'])
  ;(await admitted(member, 'name', 1)).failed()
  await settled()
  assert.deepEqual(cache.ended, ['failed'])
  cache.up = false
  assert.equal((await member.attempt('name', 1, windowMs))?.kind, 'refused')
  shared.close()
})
