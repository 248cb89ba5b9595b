/** Failed logins are slowed down, others are not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TooManyRequests } from 'dataferry/sdk'
import { LoginThrottle } from '../../../plugins/system/sessions/throttle.ts'

function throttle(most = 3, pairs = 100): { readonly throttle: LoginThrottle; readonly clock: { now: number } } {
  const clock = { now: 1_000_000 }
  return { throttle: new LoginThrottle(most, pairs, () => clock.now), clock }
}

const fail = (limiter: LoginThrottle, account: string, address: string, times: number): void => {
  for (let count = 0; count < times; count += 1) limiter.begin(account, address)
}

test('after the last allowed failure of a pair comes 429 with Retry-After', () => {
  const { throttle: limiter, clock } = throttle()
  fail(limiter, 'ann@example.org', '10.0.0.1', 1)
  clock.now += 20_000
  fail(limiter, 'ANN@example.org', '10.0.0.1', 2)
  assert.throws(
    () => limiter.begin('ann@example.org', '10.0.0.1'),
    (error) => error instanceof TooManyRequests && error.headers['Retry-After'] === '40',
  )
})

test('what is not slowed down', async (t) => {
  const cases = [
    { name: 'another account', account: 'bob@example.org', address: '10.0.0.1' },
    { name: 'another address', account: 'ann@example.org', address: '10.0.0.2' },
  ]
  for (const { name, account, address } of cases) {
    await t.test(name, () => {
      const { throttle: limiter } = throttle()
      fail(limiter, 'ann@example.org', '10.0.0.1', 3)
      limiter.begin(account, address)
    })
  }
})

test('a minute later failures are forgotten', () => {
  const { throttle: limiter, clock } = throttle()
  fail(limiter, 'a', 'x', 3)
  clock.now += 60_000
  limiter.begin('a', 'x')
})

test('a success forgets them, an attempt that came to no answer does not count', () => {
  const { throttle: limiter } = throttle(2)
  fail(limiter, 'a', 'x', 1)
  limiter.begin('a', 'x').succeeded()
  fail(limiter, 'a', 'x', 1)
  limiter.begin('a', 'x').abandoned()
  limiter.begin('a', 'x')
  assert.throws(() => limiter.begin('a', 'x'), TooManyRequests)
})

test('no more pairs are remembered than allowed', () => {
  const { throttle: limiter } = throttle(1, 2)
  for (const account of ['a', 'b', 'c']) limiter.begin(account, 'x')
  limiter.begin('a', 'x')
  assert.throws(() => limiter.begin('c', 'x'), TooManyRequests)
})
