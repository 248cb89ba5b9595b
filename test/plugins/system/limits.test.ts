/** Limits: what is kept of them, and whom they stop (control-plane 10.4). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, startClient } from './client.ts'

let client: Client
let role: number
let key: string
let user: number
let token: string
const password = 'a long enough password'

before(async () => {
  client = await startClient()
  const access = [{ service_id: 1, component: '*', verb_mask: 31, requestor_mask: 3 }]
  role = await client.create('role', { name: 'limited', is_active: true, role_service_access_by_role_id: access })
  const app = await client.ok('POST', 'system/app?fields=*', {
    resource: [{ name: 'limited', is_active: true, role_id: role }],
  })
  key = app.resource[0].api_key
  user = await client.create('user', { email: 'ann@example.org', name: 'Ann', password })
  token = (await client.ok('POST', 'user/session', { email: 'ann@example.org', password }, {})).session_token
})
after(() => client.server.stop())

const relation = 'limit_cache_by_limit_id'
const ask = (path: string, method = 'GET') => client.send(method, path, undefined, { token, key })

test('what can be no limit', async (t) => {
  const base = { name: 'l', type: 'instance', rate: 10, period: 'minute' }
  const cases = [
    { name: 'no name', record: { ...base, name: '' }, message: 'Invalid data supplied. The name field is required.' },
    {
      name: 'no number',
      record: { ...base, rate: 'many' },
      message: 'Limit rate must be an integer. Limit not saved.',
    },
    {
      name: 'no user',
      record: { ...base, type: 'instance.user' },
      message: 'user_id must be specified with this limit type. Limit: l',
    },
    {
      name: 'an unknown user',
      record: { ...base, type: 'instance.user', user_id: 99 },
      message: 'user_id does not exist for l limit.',
    },
    {
      name: 'no role',
      record: { ...base, type: 'instance.role' },
      message: 'role_id must be specified with this limit type. Limit: l',
    },
    {
      name: 'an unknown role',
      record: { ...base, type: 'instance.role', role_id: 99 },
      message: 'No role_id exists for l limit.',
    },
    {
      name: 'no service',
      record: { ...base, type: 'instance.service' },
      message: 'service_id must be specified with this limit type.',
    },
    {
      name: 'an unknown service',
      record: { ...base, type: 'instance.service', service_id: 99 },
      message: 'No service exists for l limit.',
    },
    {
      name: 'no endpoint',
      record: { ...base, type: 'instance.service.endpoint', service_id: 1 },
      message: 'endpoint must be specified with this limit type.',
    },
    { name: 'another verb', record: { ...base, verb: 'BREW' }, message: 'Verb is invalid or not allowed.' },
    { name: 'another kind', record: { ...base, type: 'x' }, message: "Unknown limit type 'x'." },
    {
      name: 'another period',
      record: { ...base, period: 'year' },
      message: "Unknown limit period 'year'. One of: minute, hour, day, 7-day, 30-day.",
    },
  ]
  for (const { name, record, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send('POST', 'system/limit', { resource: [record] })
      assert.equal(answer.body.error.context.resource[0].message, message)
    })
  }
})

test('a limit as it is kept', async (t) => {
  const sent = {
    name: 'kept',
    type: 'instance.service',
    rate: '5',
    period: '7-day',
    service_id: '5',
    user_id: user,
    endpoint: 'x',
    verb: 'get',
    cacheData: {},
  }
  const made = await client.ok('POST', `system/limit?fields=*&related=${relation}`, { resource: [sent] })
  const { id } = made.resource[0]
  await t.test('has what its kind needs', () => {
    const { type, rate, period, service_id, user_id, endpoint, verb, is_active } = made.resource[0]
    assert.deepEqual(
      [type, rate, period, service_id, user_id, endpoint, verb, is_active],
      ['instance.service', 5, '7-day', 5, null, null, 'GET', true],
    )
    assert.equal('key_text' in made.resource[0], false)
  })
  await t.test('shows its counter', async () => {
    const [shown] = (await client.ok('GET', `system/limit?related=${relation}&filter=id%3D${id}`)).resource
    assert.deepEqual(shown[relation], [{ id, key: `limit:${id}`, max: 5, attempts: 0, remaining: 5 }])
  })
  await t.test('is there once', async () => {
    const again = await client.send('POST', 'system/limit', { resource: [{ ...sent, name: 'other' }] })
    assert.equal(
      again.body.error.context.resource[0].message,
      'A limit already exists with those parameters. No records added.',
    )
  })
  await t.test('changes its kind', async () => {
    const changed = await client.ok('PUT', `system/limit/${id}?fields=type,user_id,service_id`, {
      type: 'instance.user',
      user_id: user,
    })
    assert.deepEqual(changed, { type: 'instance.user', user_id: user, service_id: null })
  })
  await t.test('goes', async () => assert.deepEqual(await client.ok('DELETE', `system/limit/${id}`), { id }))
})

test('whom limits stop', async (t) => {
  const limit = (more: object): Promise<number> =>
    client.create('limit', { name: 'stops', rate: 2, period: 'hour', ...more })
  const other = (
    await client.ok('POST', 'system/app?fields=*', { resource: [{ name: 'other', is_active: true, role_id: role }] })
  ).resource[0].api_key
  const cases = [
    { name: 'a user', more: { type: 'instance.user', user_id: user }, path: 'system/role', stopped: true },
    { name: 'each user', more: { type: 'instance.each_user' }, path: 'system/role', stopped: true },
    { name: 'a role', more: { type: 'instance.role', role_id: role }, path: 'system/role', stopped: true },
    { name: 'everybody', more: { type: 'instance' }, path: 'system/role', stopped: true },
    { name: 'a service', more: { type: 'instance.service', service_id: 1 }, path: 'system/role', stopped: true },
    { name: 'another service', more: { type: 'instance.service', service_id: 5 }, path: 'system/role', stopped: false },
    {
      name: 'an endpoint',
      more: { type: 'instance.service.endpoint', service_id: 1, endpoint: '/role/' },
      path: 'system/role',
      stopped: true,
    },
    {
      name: 'an endpoint with a star',
      more: { type: 'instance.service.endpoint', service_id: 1, endpoint: 'ro*' },
      path: 'system/role',
      stopped: true,
    },
    {
      name: 'another endpoint',
      more: { type: 'instance.service.endpoint', service_id: 1, endpoint: 'app' },
      path: 'system/role',
      stopped: false,
    },
    { name: 'the verb', more: { type: 'instance', verb: 'GET' }, path: 'system/role', stopped: true },
    { name: 'another verb', more: { type: 'instance', verb: 'POST' }, path: 'system/role', stopped: false },
    { name: 'nobody any more', more: { type: 'instance', is_active: false }, path: 'system/role', stopped: false },
  ]
  for (const { name, more, path, stopped } of cases) {
    await t.test(name, async () => {
      const id = await limit(more)
      const statuses = [(await ask(path)).status, (await ask(path)).status]
      const third = await ask(path)
      assert.deepEqual([...statuses, third.status], [200, 200, stopped ? 429 : 200])
      if (stopped) {
        assert.equal(third.body.error.message, 'API limit(s) exceeded. ')
        assert.deepEqual(third.body.error.context, [{ id, name: 'stops' }])
        assert.deepEqual(
          [third.headers.get('x-ratelimit-limit'), third.headers.get('x-ratelimit-remaining')],
          ['2', '0'],
        )
        assert.ok(Number(third.headers.get('retry-after')) > 3_500)
      }
      assert.equal((await client.send('GET', path)).status, 200, 'full administrators have no limits')
      await client.ok('DELETE', `system/limit/${id}`)
      assert.equal((await ask(path)).status, 200, 'a limit that is gone stops nobody')
    })
  }
  await t.test('another key of the role counts for the role, not for the user', async () => {
    const id = await limit({ type: 'instance.role', role_id: role })
    await ask('system/role')
    await ask('system/role')
    assert.equal((await client.send('GET', 'system/role', undefined, { token, key: other })).status, 429)
    await client.ok('DELETE', `system/limit_cache/${id}`)
    assert.equal((await ask('system/role')).status, 200)
    await client.ok('PATCH', `system/limit/${id}`, { rate: 1 })
    assert.deepEqual([(await ask('system/role')).status, (await ask('system/role')).status], [200, 429])
    await client.ok('DELETE', `system/limit/${id}`)
  })
  await t.test("a limit of one user's own stands in for the one of each", async () => {
    const each = await limit({ type: 'instance.each_user', rate: 1 })
    const own = await limit({ type: 'instance.user', user_id: user, rate: 3 })
    const statuses = []
    for (let nth = 0; nth < 4; nth++) statuses.push((await ask('system/role')).status)
    assert.deepEqual(statuses, [200, 200, 200, 429])
    await client.ok('DELETE', `system/limit?ids=${each},${own}`)
  })
})

test('counters', async (t) => {
  const id = await client.create('limit', { name: 'counted', type: 'instance.each_user', rate: 5, period: 'day' })
  await ask('system/role')
  const counter = { id, key: `limit:${id}:user:${user}`, max: 5, attempts: 1, remaining: 4 }
  const cases = [
    { name: 'all', method: 'GET', path: 'limit_cache', status: 200, body: { resource: [counter] } },
    { name: 'of one limit', method: 'GET', path: `limit_cache/${id}`, status: 200, body: { resource: [counter] } },
    { name: 'of no limit', method: 'GET', path: 'limit_cache/9999', status: 404 },
    { name: 'without saying which', method: 'DELETE', path: 'limit_cache', status: 400 },
    { name: 'cleared', method: 'DELETE', path: `limit_cache/${id}`, status: 200, body: { id } },
    {
      name: 'cleared by ids',
      method: 'DELETE',
      path: `limit_cache?ids=${id}`,
      status: 200,
      body: { resource: [{ id }] },
    },
    { name: 'all cleared', method: 'DELETE', path: 'limit_cache?force=true', status: 200, body: { success: true } },
  ]
  for (const { name, method, path, status, body } of cases) {
    await t.test(name, async () => {
      const answer = await client.send(method, `system/${path}`)
      assert.equal(answer.status, status)
      if (body !== undefined) assert.deepEqual(answer.body, body)
    })
  }
})
