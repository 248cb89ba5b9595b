/** Failed logins are slowed down, others are not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TooManyRequests } from 'dataferry/sdk'
import { LoginThrottle } from '../../../plugins/system/sessions/throttle.ts'

function throttle(most = 3, pairs = 100): { readonly throttle: LoginThrottle; readonly clock: { now: number } } {
  const clock = { now: 1_000_000 }
  return { throttle: new LoginThrottle(most, { pairsMost: pairs, now: () => clock.now }), clock }
}

async function fail(limiter: LoginThrottle, account: string, address: string, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) (await limiter.begin(account, address)).failed()
}

test('after the last allowed failure of a pair comes 429 with Retry-After', async () => {
  const { throttle: limiter, clock } = throttle()
  await fail(limiter, 'ann@example.org', '10.0.0.1', 1)
  clock.now += 20_000
  await fail(limiter, 'ANN@example.org', '10.0.0.1', 2)
  await assert.rejects(
    limiter.begin('ann@example.org', '10.0.0.1'),
    (error) => error instanceof TooManyRequests && error.headers['Retry-After'] === '40',
  )
})

test('what is not slowed down', async (t) => {
  const cases = [
    { name: 'another account', account: 'bob@example.org', address: '10.0.0.1' },
    { name: 'another address', account: 'ann@example.org', address: '10.0.0.2' },
  ]
  for (const { name, account, address } of cases) {
    await t.test(name, async () => {
      const { throttle: limiter } = throttle()
      await fail(limiter, 'ann@example.org', '10.0.0.1', 3)
      await limiter.begin(account, address)
    })
  }
})

test('a minute later failures are forgotten', async () => {
  const { throttle: limiter, clock } = throttle()
  await fail(limiter, 'a', 'x', 3)
  clock.now += 60_000
  await limiter.begin('a', 'x')
})

test('a success forgets them, an attempt that came to no answer does not count', async () => {
  const { throttle: limiter } = throttle(2)
  await fail(limiter, 'a', 'x', 1)
  ;(await limiter.begin('a', 'x')).succeeded()
  await fail(limiter, 'a', 'x', 1)
  ;(await limiter.begin('a', 'x')).abandoned()
  await fail(limiter, 'a', 'x', 1)
  await assert.rejects(limiter.begin('a', 'x'), TooManyRequests)
})

test('of many at once no more are tried than may fail', async () => {
  const { throttle: limiter } = throttle(3)
  let tried = 0
  const guess = async (): Promise<void> => {
    const attempt = await limiter.begin('a', 'x')
    tried += 1
    await Promise.resolve()
    attempt.failed()
  }
  const results = await Promise.allSettled(Array.from({ length: 20 }, guess))
  assert.equal(tried, 3)
  assert.equal(results.filter((each) => each.status === 'rejected').length, 17)
})

test('right ones at once all come through', async () => {
  const { throttle: limiter } = throttle(3)
  const enter = async (): Promise<void> => {
    const attempt = await limiter.begin('a', 'x')
    await Promise.resolve()
    attempt.succeeded()
  }
  await Promise.all(Array.from({ length: 20 }, enter))
})

test('no more pairs are remembered than allowed', async () => {
  const { throttle: limiter } = throttle(1, 2)
  for (const account of ['a', 'b', 'c']) await fail(limiter, account, 'x', 1)
  await limiter.begin('a', 'x')
  await assert.rejects(limiter.begin('c', 'x'), TooManyRequests)
})
