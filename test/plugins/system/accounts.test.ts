/** Accounts without a mail service: codes are in the administrators' hands (control-plane 1.6, 1.8, 1.9). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adminCredentials } from '../../support/server.ts'
import { type Client, type Credentials, startClient } from './client.ts'

let client: Client
let restricted: Credentials
const password = 'a long enough password'
const anonymous = {}

before(async () => {
  client = await startClient()
  const access = [{ service_id: null, component: '*', verb_mask: 31, requestor_mask: 3 }]
  const role = await client.create('role', {
    name: 'nearly all',
    is_active: true,
    role_service_access_by_role_id: access,
  })
  const app = await client.ok('POST', 'system/app?fields=*', {
    resource: [{ name: 'a', is_active: true, role_id: role }],
  })
  await client.create('user', {
    email: 'jane@example.org',
    name: 'Jane',
    password,
    security_question: 'pet?',
    security_answer: 'rex',
  })
  const { session_token: token } = await client.ok(
    'POST',
    'user/session',
    { email: 'jane@example.org', password },
    anonymous,
  )
  restricted = { token, key: app.resource[0].api_key }
})
after(() => client.server.stop())

interface Kept {
  readonly id: number
  readonly email: string
  readonly purpose: string
  readonly confirm_code: string
  readonly reason: string
}

/** What is kept for an address: it comes behind the answer. */
async function kept(email: string): Promise<Kept> {
  for (;;) {
    const { resource } = await client.ok('GET', 'system/outbox')
    const found = resource.find((each: Kept) => each.email === email && each.reason !== 'It is being sent.')
    if (found !== undefined) return found
  }
}

const send = (path: string, body: object) => client.send('POST', path, body, anonymous)

test('a code that no mail took', async (t) => {
  await client.create('user', { email: 'ann@example.org', name: 'Ann', password })
  assert.deepEqual((await send('user/password?reset=true', { email: 'ann@example.org' })).body, { success: true })
  const { id, purpose, confirm_code, reason } = await kept('ann@example.org')
  await t.test('is kept with the reason', () => {
    assert.equal(purpose, 'password')
    assert.match(confirm_code, /^[0-9A-Z]{32}$/)
    assert.match(reason, /email|not available/i)
  })
  await t.test('is not for those who may do everything by their role', async () => {
    for (const [method, path] of [
      ['GET', 'outbox'],
      ['GET', `outbox/${id}`],
      ['DELETE', `outbox/${id}`],
    ] as const)
      assert.equal((await client.send(method, `system/${path}`, undefined, restricted)).status, 403)
  })
  await t.test('is nowhere else', async () => {
    for (const path of ['system/user', 'system/audit', 'system/admin'])
      assert.ok(!JSON.stringify(await client.ok('GET', path)).includes(confirm_code), path)
  })
  await t.test('is replaced by the next', async () => {
    await send('user/password?reset=true', { email: 'ann@example.org' })
    let next = await kept('ann@example.org')
    while (next.confirm_code === confirm_code) next = await kept('ann@example.org')
    assert.equal(
      (await send('user/password', { email: 'ann@example.org', code: confirm_code, new_password: password })).status,
      404,
    )
    const body = { email: 'ann@example.org', code: next.confirm_code, new_password: password }
    const twice = await Promise.all([send('user/password', body), send('user/password', body)])
    assert.deepEqual(twice.map(({ status }) => status).sort(), [200, 404], 'of two at once one is too late')
  })
  await t.test('is gone when it was used', async () => {
    const { resource } = await client.ok('GET', 'system/outbox')
    assert.deepEqual(
      resource.filter((each: Kept) => each.email === 'ann@example.org'),
      [],
    )
  })
})

test('an invitation is kept at once', async (t) => {
  const made = await client.ok('POST', 'system/user?send_invite=true&fields=id,confirmed', {
    resource: [{ email: 'inv@example.org', name: 'Inv' }],
  })
  assert.equal(made.resource[0].confirmed, false)
  const { resource } = await client.ok('GET', 'system/outbox')
  const note = resource.find((each: Kept) => each.email === 'inv@example.org')
  await t.test('with a link to where the administrator is', () =>
    assert.ok(note.link.startsWith(client.server.url), note.link),
  )
  await t.test('it lets in nobody before', async () => {
    assert.equal((await send('user/session', { email: 'inv@example.org', password: '' })).status, 400)
    assert.equal((await send('user/session', { email: 'inv@example.org', password })).status, 401)
  })
  await t.test('it can be deleted', async () => {
    assert.deepEqual(await client.ok('DELETE', `system/outbox/${note.id}`), { id: note.id })
    assert.equal((await client.send('GET', `system/outbox/${note.id}`)).status, 404)
  })
  await t.test('a password that an administrator sets makes it void', async () => {
    await client.ok('PATCH', `system/user/${made.resource[0].id}`, { password })
    const answer = await send('user/password', {
      email: 'inv@example.org',
      code: note.confirm_code,
      new_password: password,
    })
    assert.equal(answer.status, 404)
  })
})

test('answers do not tell whether an account exists', async (t) => {
  const cases = [
    { name: 'a start', path: 'user/password?reset=true', body: {} },
    { name: 'a start for administrators', path: 'system/admin/password?reset=true', body: {} },
    { name: 'a code', path: 'user/password', body: { code: 'A'.repeat(32), new_password: password } },
    { name: 'an answer', path: 'user/password', body: { security_answer: 'wrong', new_password: password } },
    { name: 'a login', path: 'user/session', body: { password: 'wrong' } },
  ]
  for (const { name, path, body } of cases) {
    await t.test(name, async () => {
      const emails = ['nobody@example.org', 'jane@example.org', adminCredentials.email]
      const answers = await Promise.all(emails.map((email) => send(path, { ...body, email })))
      const [first] = answers
      for (const answer of answers) assert.deepEqual([answer.status, answer.body], [first?.status, first?.body])
    })
  }
  await t.test('a closed registration', async () => {
    const answers = await Promise.all(
      ['new@example.org', 'jane@example.org'].map((email) => send('user/register', { email })),
    )
    for (const answer of answers)
      assert.deepEqual([answer.status, answer.body.error.message], [403, 'Open Registration is not enabled.'])
  })
})

test('guesses are counted', async () => {
  const guess = () =>
    send('user/password', { email: 'guessed@example.org', code: 'B'.repeat(32), new_password: password })
  const statuses = []
  for (let nth = 0; nth < 11; nth++) statuses.push((await guess()).status)
  assert.deepEqual(statuses, [...Array(10).fill(404), 429])
})

test('the security question', async (t) => {
  const by = (security_answer: string, path = 'user/password') =>
    send(path, { email: 'jane@example.org', security_answer, new_password: 'a new password' })
  const cases = [
    { name: 'no answer', path: 'user/password', answer: '', status: 400, message: 'Missing security answer.' },
    {
      name: 'a wrong answer',
      path: 'user/password',
      answer: 'tom',
      status: 400,
      message: 'The answer supplied does not match.',
    },
    {
      name: 'the other face',
      path: 'system/admin/password',
      answer: 'rex',
      status: 401,
      message: 'You are not authorized to reset/change password for the account jane@example.org',
    },
    { name: 'the right answer', path: 'user/password', answer: 'rex', status: 200 },
  ]
  for (const { name, path, answer: given, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await by(given, path)
      assert.equal(answer.status, status)
      if (message !== undefined) assert.equal(answer.body.error.message, message)
    })
  }
  await t.test('ends the sessions of before', async () => {
    assert.equal((await client.send('GET', 'user/profile', undefined, restricted)).status, 403)
  })
})

test('an open registration without mail', async (t) => {
  const role = await client.create('role', { name: 'registered', is_active: true })
  const config = { allow_open_registration: true, open_reg_role_id: role, open_reg_email_service_id: null }
  await client.ok('PATCH', 'system/service/7', { config: { ...config, app_role_map: [{ app_id: 1, role_id: 1 }] } })
  const cases = [
    {
      name: 'nothing',
      body: {},
      context: { email: ['The email field is required.'], password: ['The password field is required.'] },
    },
    {
      name: 'no address',
      body: { email: 'nope', password },
      context: { email: ['The email field must be a valid email address.'] },
    },
    {
      name: 'a short password',
      body: { email: 'r@example.org', password: 'x' },
      context: { password: ['The password field must be at least 16 characters.'] },
    },
    {
      name: 'another confirmation',
      body: { email: 'r@example.org', password, password_confirmation: 'x' },
      context: { password: ['The password field confirmation does not match.'] },
    },
    {
      name: 'an address that is there',
      body: { email: 'JANE@example.org', password },
      context: { email: ['The email has already been taken.'] },
    },
  ]
  for (const { name, body, context } of cases) {
    await t.test(name, async () => {
      const { status, body: answer } = await send('user/register', body)
      assert.deepEqual([status, answer.error.message, answer.error.context], [400, 'Validation failed', context])
    })
  }
  await t.test('makes a user with its roles, who is signed in', async () => {
    const sent = { email: 'reg@example.org', new_password: password, is_sys_admin: true, is_active: false, code: 'x' }
    const made = await client.ok('POST', 'user/register?login=true', sent, anonymous)
    const profile = await client.ok('GET', 'user/profile', undefined, { token: made.session_token })
    assert.deepEqual([profile.email, profile.first_name], ['reg@example.org', 'reg'])
    const [user] = (
      await client.ok(
        'GET',
        'system/user?filter=email%3D%22reg%40example.org%22&related=user_to_app_to_role_by_user_id',
      )
    ).resource
    const apps = (await client.ok('GET', 'system/app?fields=id')).resource.map(({ id }: { id: number }) => id)
    assert.deepEqual(
      user.user_to_app_to_role_by_user_id.map((each: { app_id: number; role_id: number }) => [
        each.app_id,
        each.role_id,
      ]),
      apps.map((app: number) => [app, app === 1 ? 1 : role]),
    )
  })
})
