/** Sessions over HTTP: login, refresh, logout, passwords, profiles, and what ends them (control-plane 1.3 to 1.7). */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { adminCredentials } from '../../support/server.ts'
import { type Client, type Credentials, notInSqlite, startClient } from './client.ts'

const password = 'a password of jane'
const blacklisted = 'The token has been blacklisted: Session terminated. Please re-login.'

let client: Client
let jane: number
let key: string

before(async () => {
  client = await startClient()
  const role = await client.create('role', { name: 'reader', is_active: true })
  const app = await client.ok('POST', 'system/app?fields=*', { resource: [{ name: 'shop', is_active: true }] })
  key = app.resource[0].api_key
  const assigned = [{ app_id: app.resource[0].id, role_id: role }]
  jane = await client.create('user', {
    email: 'Jane@example.org',
    name: 'Jane',
    password,
    user_to_app_to_role_by_user_id: assigned,
  })
  await client.create('user', { email: 'gone@example.org', name: 'Gone', password, is_active: false })
})
after(() => client.server.stop())

const login = async (who: Credentials = {}): Promise<string> =>
  (await client.ok('POST', 'user/session', { email: 'jane@example.org', password }, who)).session_token

test('logins', async (t) => {
  const admin = adminCredentials
  const user = { email: 'jane@example.org', password }
  const none = { status: 401, message: 'Invalid credentials supplied.' }
  const cases = [
    { name: 'an administrator', path: 'system/admin/session', body: admin, status: 200 },
    {
      name: 'a user, the email in another case',
      path: 'user/session',
      body: { ...user, email: 'JANE@EXAMPLE.ORG' },
      status: 200,
    },
    { name: 'a wrong password', path: 'user/session', body: { ...user, password: 'x' }, ...none },
    { name: 'nobody', path: 'user/session', body: { ...user, email: 'nobody@example.org' }, ...none },
    { name: 'an inactive user', path: 'user/session', body: { email: 'gone@example.org', password }, ...none },
    { name: 'an administrator as user', path: 'user/session', body: admin, ...none },
    { name: 'a user as administrator', path: 'system/admin/session', body: user, ...none },
    {
      name: 'no email',
      path: 'user/session',
      body: { password },
      status: 400,
      message: 'Login request is missing required email.',
    },
    {
      name: 'no password',
      path: 'user/session',
      body: { email: user.email },
      status: 400,
      message: 'Login request is missing required password.',
    },
    {
      name: 'in the query',
      path: `user/session?email=${user.email}&password=${encodeURIComponent(password)}`,
      body: {},
      status: 400,
      message: 'Login request is missing required email.',
    },
    {
      name: 'an object for a password',
      path: 'user/session',
      body: { ...user, password: { $ne: 1 } },
      status: 400,
      message: 'The password must be a text.',
    },
  ]
  for (const { name, path, body, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send('POST', path, body, {})
      assert.equal(answer.status, status)
      if (message !== undefined) assert.equal(answer.body.error.message, message)
    })
  }
})

test('what a session tells', async () => {
  const session = await client.ok('POST', 'user/session', { email: 'jane@example.org', password }, { key })
  assert.deepEqual(Object.keys(session), [
    'session_token',
    'session_id',
    'id',
    'name',
    'first_name',
    'last_name',
    'email',
    'is_sys_admin',
    'last_login_date',
    'host',
    'token_expiry_date',
    'role',
    'role_id',
  ])
  assert.deepEqual([session.id, session.is_sys_admin, session.role], [jane, false, 'reader'])
  assert.match(session.last_login_date, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  const again = await client.ok('GET', 'user/session', undefined, { token: session.session_token })
  assert.equal(again.session_token, session.session_token)
  assert.ok(!('role' in again))
})

test('who may see which session', async (t) => {
  const token = await login()
  const cases = [
    {
      name: 'nobody',
      path: 'user/session',
      who: {},
      status: 401,
      message: 'There is no valid session for the current request.',
    },
    {
      name: 'an app',
      path: 'user/session',
      who: { key },
      status: 401,
      message: 'There is no valid session for the current request.',
    },
    {
      name: 'nobody, of administrators',
      path: 'system/admin/session',
      who: {},
      status: 404,
      message: 'No user session found.',
    },
    {
      name: 'a user, of administrators',
      path: 'system/admin/session',
      who: { token, key },
      status: 401,
      message: 'You are not authorized to perform this action.',
    },
    { name: 'an administrator, of users', path: 'user/session', who: undefined, status: 200, message: undefined },
  ]
  for (const { name, path, who, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send('GET', path, undefined, who)
      assert.equal(answer.status, status)
      if (message !== undefined) assert.equal(answer.body.error.message, message)
    })
  }
})

test('refresh: the new token works, the old one has ended', async () => {
  const first = await login()
  const { session_token: second } = await client.ok('PUT', 'user/session', undefined, { token: first })
  assert.notEqual(second, first)
  assert.equal((await client.send('GET', 'user/session', undefined, { token: second })).status, 200)
  const old = await client.send('GET', 'user/session', undefined, { token: first })
  assert.deepEqual([old.status, old.body.error.message], [403, blacklisted])
  const claims = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  assert.equal(claims(second).iat, claims(first).iat, 'the chain ends with the window of its first token')
})

test('refresh: of two at once, one wins', async () => {
  const token = await login()
  const answers = await Promise.all([1, 2, 3, 4].map(() => client.send('PUT', 'user/session', undefined, { token })))
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 401, 401, 401])
})

test('refresh: what is refused', async (t) => {
  const ended = await login()
  await client.ok('DELETE', 'user/session', undefined, { token: ended })
  const cases = [
    { name: 'no token', who: {}, detail: 'Wrong number of segments' },
    { name: 'no token at all', who: { token: 'garbage' }, detail: 'Wrong number of segments' },
    { name: 'a token that was logged out', who: { token: ended }, detail: 'The token has been blacklisted' },
  ]
  for (const { name, who, detail } of cases) {
    await t.test(name, async () => {
      const { status, body } = await client.send('PUT', 'user/session', undefined, who)
      assert.deepEqual([status, body.error.message], [401, `Token refresh failed. ${detail}`])
    })
  }
  await t.test("a user's, as administrator", async () => {
    assert.equal((await client.send('PUT', 'system/admin/session', undefined, { token: await login() })).status, 401)
  })
})

test('logout ends one token, and succeeds without any', async () => {
  const [one, other] = [await login(), await login()]
  assert.deepEqual(await client.ok('DELETE', 'user/session', undefined, { token: one }), { success: true })
  assert.equal((await client.send('GET', 'user/session', undefined, { token: one })).status, 403)
  assert.equal((await client.send('GET', 'user/session', undefined, { token: other })).status, 200)
  assert.deepEqual(await client.ok('DELETE', 'user/session', undefined, {}), { success: true })
})

test('other verbs', async (t) => {
  for (const [method, path, handler] of [
    ['PATCH', 'user/session', 'session'],
    ['GET', 'user/password', 'password'],
    ['DELETE', 'user/profile', 'profile'],
  ] as const) {
    await t.test(`${method} ${path}`, async () => {
      const { status, body } = await client.send(method, path, method === 'GET' ? undefined : {})
      assert.equal(status, 400)
      assert.equal(
        body.error.message,
        `${method} requests without a resource are not currently supported by the '${handler}' service.`,
      )
    })
  }
})

test('a changed password', async (t) => {
  const id = await client.create('user', { email: 'kim@example.org', name: 'Kim', password })
  const enter = async (secret: string) =>
    client.send('POST', 'user/session', { email: 'kim@example.org', password: secret }, {})
  const token = (await enter(password)).body.session_token
  const refused = [
    {
      name: 'one of the two is missing',
      body: { old_password: password },
      message: 'Both old and new password are required to change the password.',
    },
    {
      name: 'the old one is wrong',
      body: { old_password: 'x', new_password: 'y' },
      message: 'The password supplied does not match.',
    },
    {
      name: 'the new one is short',
      body: { old_password: password, new_password: 'short' },
      message: 'Invalid data supplied. The new password field must be at least 8 characters.',
    },
    { name: 'nothing', body: {}, message: 'Not enough information provided to change password.' },
  ]
  for (const { name, body, message } of refused) {
    await t.test(`refused: ${name}`, async () => {
      const answer = await client.send('POST', 'user/password', body, { token })
      assert.deepEqual([answer.status, answer.body.error.message], [400, message])
      assert.equal((await client.send('GET', 'user/session', undefined, { token })).status, 200, 'the session goes on')
    })
  }
  await t.test('of the wrong kind of account', async () => {
    const answer = await client.send('POST', 'user/password', {
      old_password: adminCredentials.password,
      new_password: 'new password',
    })
    assert.deepEqual(
      [answer.status, answer.body.error.message],
      [401, `You are not authorized to reset/change password for the account ${adminCredentials.email}`],
    )
  })
  await t.test('ends all tokens of before, at once, and gives a new one where asked for', async () => {
    const changed = await client.ok(
      'POST',
      'user/password?login=true',
      { old_password: password, new_password: 'another password' },
      { token },
    )
    const old = await client.send('GET', 'user/session', undefined, { token })
    assert.deepEqual([old.status, old.body.error.message], [403, blacklisted])
    assert.equal((await client.send('GET', 'user/session', undefined, { token: changed.session_token })).status, 200)
    assert.equal((await enter(password)).status, 401)
    assert.equal((await enter('another password')).status, 200)
  })
  await t.test('set by an administrator does the same', async () => {
    const before = (await enter('another password')).body.session_token
    await client.ok('PATCH', `system/user/${id}`, { password: 'a third password!' })
    assert.equal((await client.send('GET', 'user/session', undefined, { token: before })).status, 403)
    const fresh = (await enter('a third password!')).body.session_token
    assert.equal((await client.send('GET', 'user/session', undefined, { token: fresh })).status, 200)
  })
  await t.test('refused to an administrator ends nothing', async () => {
    const before = (await enter('a third password!')).body.session_token
    assert.equal((await client.send('PATCH', `system/user/${id}`, { password: 'short' })).status, 400)
    assert.equal((await client.send('GET', 'user/session', undefined, { token: before })).status, 200)
  })
})

test('deactivation and deletion take effect at once', async () => {
  const id = await client.create('user', { email: 'lee@example.org', name: 'Lee', password })
  const enter = () => client.send('POST', 'user/session', { email: 'lee@example.org', password }, {})
  const { session_token: token } = (await enter()).body
  await client.ok('PATCH', `system/user/${id}`, { is_active: false })
  assert.equal((await client.send('GET', 'user/session', undefined, { token })).status, 403)
  assert.equal((await enter()).status, 401)
  await client.ok('PATCH', `system/user/${id}`, { is_active: true })
  assert.equal(
    (await client.send('GET', 'user/session', undefined, { token })).status,
    403,
    'an ended token stays ended',
  )
  const { session_token: second } = (await enter()).body
  await client.ok('DELETE', `system/user/${id}`)
  assert.equal((await client.send('GET', 'user/session', undefined, { token: second })).status, 401)
})

test('profiles', async (t) => {
  const who = { token: await login() }
  await t.test('show what the contract has', async () => {
    assert.deepEqual(await client.ok('GET', 'user/profile', undefined, who), {
      username: 'Jane@example.org',
      first_name: null,
      last_name: null,
      name: 'Jane',
      email: 'Jane@example.org',
      phone: null,
      security_question: null,
      default_app_id: null,
      oauth_provider: '',
      adldap: '',
    })
  })
  await t.test('change, and ignore what is not theirs', async () => {
    const sent = { first_name: 'J', phone: '1', is_sys_admin: true, is_active: false }
    assert.deepEqual(await client.ok('PUT', 'user/profile', sent, who), { success: true })
    const { first_name, phone, name } = await client.ok('GET', 'user/profile', undefined, who)
    assert.deepEqual([first_name, phone, name], ['J', '1', 'Jane'])
    const record = await client.ok('GET', `system/user/${jane}`)
    assert.equal(record.is_active, true)
  })
  await t.test('refuse an app that is not there as an error of its field', async () => {
    const sent = { phone: '2', default_app_id: 999_999 }
    const { status, body } = await client.send('PATCH', 'user/profile', sent, who)
    assert.equal(status, 400)
    assert.deepEqual(body.error.context, { default_app_id: ['The selected default app id is invalid.'] })
    const { phone, default_app_id } = await client.ok('GET', 'user/profile', undefined, who)
    assert.deepEqual([phone, default_app_id], ['1', null])
    for (const chosen of [1, null]) {
      await client.ok('PATCH', 'user/profile', { default_app_id: chosen }, who)
      assert.equal((await client.ok('GET', 'user/profile', undefined, who)).default_app_id, chosen)
    }
  })
  await t.test('ask for the password before another email', async () => {
    const missing = await client.send('PATCH', 'user/profile', { email: 'nonsense' }, who)
    assert.equal(missing.body.error.message, 'Current Password required to change email')
    const wrong = await client.send('PATCH', 'user/profile', { email: 'nonsense', current_password: 'x' }, who)
    assert.equal(wrong.body.error.message, 'The password supplied does not match.')
    assert.deepEqual(await client.ok('PATCH', 'user/profile', { email: 'Jane@example.org' }, who), { success: true })
  })
  await t.test('give a new token with a new email, as the old one names the old email', async () => {
    const changed = await client.ok(
      'PATCH',
      'user/profile',
      { email: 'jane2@example.org', current_password: password },
      who,
    )
    assert.equal((await client.send('GET', 'user/session', undefined, who)).status, 401)
    const now = { token: changed.session_token }
    await client.ok('PATCH', 'user/profile', { email: 'Jane@example.org', current_password: password }, now)
  })
  await t.test('are refused to nobody and to administrators', async () => {
    assert.equal((await client.send('GET', 'user/profile', undefined, { key })).status, 401)
    assert.equal((await client.send('GET', 'user/profile')).status, 401)
    assert.equal((await client.ok('GET', 'system/admin/profile')).email, adminCredentials.email)
  })
})

test('Basic authentication counts as a session, and sees changes at once', async () => {
  const who = { basic: `${adminCredentials.email}:${adminCredentials.password}` }
  assert.equal((await client.send('GET', 'system/role', undefined, who)).status, 200)
  const wrong = await client.send('GET', 'system/role', undefined, { basic: `${adminCredentials.email}:x` })
  assert.deepEqual([wrong.status, wrong.body.error.message], [401, 'Unauthorized. User credentials did not match.'])
})

test('an imported bcrypt hash is verified, and renewed at the login', { skip: notInSqlite }, async () => {
  const id = await client.create('user', { email: 'imported@example.org', name: 'Imported' })
  const database = new DatabaseSync(join(client.server.folder, 'data', 'system.sqlite'))
  try {
    const hash = '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'
    database.prepare('UPDATE user SET password = ? WHERE id = ?').run(hash, id)
    const enter = (secret: string) =>
      client.send('POST', 'user/session', { email: 'imported@example.org', password: secret }, {})
    assert.equal((await enter('U*V')).status, 401)
    assert.equal((await enter('U*U')).status, 200)
    const row = database.prepare('SELECT password FROM user WHERE id = ?').get(id)
    assert.match(String(row?.password), /^\$argon2id\$/)
    assert.equal((await enter('U*U')).status, 200)
  } finally {
    database.close()
  }
})

test('guessing is slowed down', async () => {
  const guess = () => client.send('POST', 'user/session', { email: 'victim@example.org', password: 'x' }, {})
  for (let count = 0; count < 10; count += 1) assert.equal((await guess()).status, 401)
  const answer = await guess()
  assert.equal(answer.status, 429)
  assert.ok(Number(answer.headers.get('retry-after')) > 0)
  await login()
})
