/** Guessing of passwords by requests: slowed down, logged, and nobody else feels it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Client, startClient } from './client.ts'

const password = 'a password of some length'

describe('a guessing loop', () => {
  let client: Client
  before(async () => {
    client = await startClient({ DF_LOG_LEVEL: 'warning' })
    for (const name of ['ann', 'bob']) await client.create('user', { name, email: `${name}@example.org`, password })
  })
  after(() => client.server.stop())
  const login = (email: string, given: string) => client.send('POST', 'user/session', { email, password: given }, {})

  test('is refused after ten failures, with the time to wait', async () => {
    const statuses: number[] = []
    for (let n = 0; n < 13; n++) statuses.push((await login('ann@example.org', `guess ${n}`)).status)
    assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429, 429])
    const refused = await login('ann@example.org', password)
    assert.equal(refused.status, 429)
    assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
    assert.match(refused.body.error.message, /^Too many failed logins\. Try again in \d+ seconds\.$/)
  })
  test('of an account that does not exist: the same answers', async () => {
    const answers = []
    for (let n = 0; n < 11; n++) answers.push(await login('nobody@example.org', `guess ${n}`))
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...Array(10).fill(401), 429],
    )
    assert.equal(answers[0]?.body.error.message, 'Invalid credentials supplied.')
  })
  test('is in the log once for each account', () => {
    const told = client.server.seen.filter(
      (what) => what.kind === 'log' && what.level === 'warning' && what.message.startsWith('too many failed logins'),
    )
    assert.deepEqual(
      told.map((what) => (what.kind === 'log' ? what.facts.account : null)),
      ['user:ann@example.org', 'user:nobody@example.org'],
    )
  })
  test('others sign in, and the administrator too', async () => {
    assert.equal((await login('bob@example.org', password)).status, 200)
    const admin = { email: 'admin@example.org', password }
    assert.equal((await client.send('POST', 'system/admin/session', admin, {})).status, 200)
  })
  test('many wrong and right logins at once are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, n) => login(n % 2 === 0 ? 'bob@example.org' : `x${n}@example.org`, password)),
    )
    for (const [n, { status }] of answers.entries()) assert.equal(status, n % 2 === 0 ? 200 : 401)
  })
})
