/**
 * Who asks: sessions, tokens, keys and apps (classes 5, 14, 16 and 17 of the attacks that this kind of product has suffered). What an
 * administrator takes away is gone at the next request, also for sessions that are open and callers that are known.
 */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { type Answer, House } from './house.ts'
import type { RoleName } from './world.ts'

const secret = 'a secret of the tests that is long enough'
const house = await House.open(['sqlite'], { DF_JWT_SECRET: secret })
after(() => house.stop())

type Headers = { readonly [name: string]: string }
interface Account {
  readonly id: number
  readonly email: string
  readonly password: string
}

const password = 'a password of some length'
let count = 0
const fresh = (): string => `n${++count}`

const send = (ask: string, headers: Headers, body?: unknown): Promise<Answer> =>
  house.send(ask, 'lite', { headers, ...(body === undefined ? {} : { body }) })

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
async function admin(ask: string, body?: unknown): Promise<any> {
  const { status, text } = await send(ask, house.administrator, body)
  assert.ok(status < 300, `${ask}: ${status} ${text}`)
  return JSON.parse(text)
}
const create = async (resource: string, record: object): Promise<number> =>
  (await admin(`POST /system/${resource}`, { resource: [record] })).resource[0].id

/** A role of the same rows as one of the house's, which a case may change. */
async function roleLike(name: RoleName): Promise<number> {
  const { role_service_access_by_role_id: rows } = await admin(
    `GET /system/role/${house.roleIds[name]}?related=role_service_access_by_role_id`,
  )
  const access = rows.map(({ id: _, role_id: __, ...row }: { readonly [field: string]: unknown }) => row)
  return create('role', { name: fresh(), is_active: true, role_service_access_by_role_id: access })
}
async function newApp(role: number | null): Promise<{ readonly id: number; readonly key: string }> {
  const key = fresh().padEnd(64, 'k')
  return { id: await create('app', { name: fresh(), type: 0, is_active: true, role_id: role, api_key: key }), key }
}
async function newUser(assigned: readonly { readonly app: number; readonly role: number }[] = []): Promise<Account> {
  const email = `${fresh()}@example.org`
  const id = await create('user', {
    name: email,
    email,
    password,
    is_active: true,
    user_to_app_to_role_by_user_id: assigned.map(({ app, role }) => ({ app_id: app, role_id: role })),
  })
  return { id, email, password }
}
async function login({ email, password: given }: Omit<Account, 'id'>, face = 'user'): Promise<string> {
  const { status, text } = await send(`POST /${face === 'admin' ? 'system/admin' : 'user'}/session`, {}, { email, password: given })
  assert.equal(status, 200, text)
  return JSON.parse(text).session_token
}
const key = (of: string): Headers => ({ 'X-DreamFactory-API-Key': of })
const session = (token: string, of?: string): Headers => ({
  'X-DreamFactory-Session-Token': token,
  ...(of === undefined ? {} : key(of)),
})

const list = 'GET _table/person'
const seen = async (headers: Headers): Promise<number> => (await send(list, headers)).status
async function idsSeen(headers: Headers): Promise<readonly number[]> {
  const { status, text } = await send(`${list}?fields=id&order=id`, headers)
  assert.equal(status, 200, text)
  return JSON.parse(text).resource.map(({ id }: { readonly id: number }) => id)
}
const isRefused = (status: number): void => assert.ok([400, 401, 403].includes(status), `refused, not ${status}`)

/** A user with a role of its own in an app of its own, signed in, whose request went through once. */
interface Signed {
  readonly role: number
  readonly app: { readonly id: number; readonly key: string }
  readonly user: Account
  readonly token: string
  readonly who: Headers
}
async function signedIn(as: RoleName = 'reader'): Promise<Signed> {
  const role = await roleLike(as)
  const app = await newApp(null)
  const user = await newUser([{ app: app.id, role }])
  const token = await login(user)
  const who = session(token, app.key)
  assert.equal(await seen(who), 200)
  return { role, app, user, token, who }
}

/** What is done while a session is open; the next request is refused. */
const cuts: readonly { readonly name: string; readonly cut: (signed: Signed) => Promise<unknown> }[] = [
  {
    name: 'the user changes the password',
    cut: ({ who }) => send('POST /user/password', who, { old_password: password, new_password: 'another password 1' }),
  },
  {
    name: 'an administrator sets the password',
    cut: ({ user }) => admin(`PATCH /system/user/${user.id}`, { password: 'another password 1' }),
  },
  { name: 'the user is deactivated', cut: ({ user }) => admin(`PATCH /system/user/${user.id}`, { is_active: false }) },
  { name: 'the user is deleted', cut: ({ user }) => admin(`DELETE /system/user/${user.id}`) },
  { name: 'the address changes', cut: ({ user }) => admin(`PATCH /system/user/${user.id}`, { email: `x${user.email}` }) },
  { name: 'the user signs out', cut: ({ who }) => send('DELETE /user/session', who) },
  { name: 'the session is refreshed', cut: ({ who }) => send('PUT /user/session', who) },
  { name: 'the role is deactivated', cut: ({ role }) => admin(`PATCH /system/role/${role}`, { is_active: false }) },
  { name: 'the role is deleted', cut: ({ role }) => admin(`DELETE /system/role/${role}`) },
  {
    name: 'the rows of the role are taken away',
    cut: async ({ role }) => {
      const { role_service_access_by_role_id: rows } = await admin(
        `GET /system/role/${role}?related=role_service_access_by_role_id`,
      )
      await admin(`PATCH /system/role/${role}`, {
        role_service_access_by_role_id: rows.map(({ id }: { readonly id: number }) => ({ id, role_id: null })),
      })
    },
  },
  {
    name: 'the verbs of the role change',
    cut: async ({ role }) => {
      const { role_service_access_by_role_id: rows } = await admin(
        `GET /system/role/${role}?related=role_service_access_by_role_id`,
      )
      await admin(`PATCH /system/role/${role}`, {
        role_service_access_by_role_id: rows.map(({ id }: { readonly id: number }) => ({ id, verb_mask: 2 })),
      })
    },
  },
  {
    name: 'the rows are for scripts only',
    cut: async ({ role }) => {
      const { role_service_access_by_role_id: rows } = await admin(
        `GET /system/role/${role}?related=role_service_access_by_role_id`,
      )
      await admin(`PATCH /system/role/${role}`, {
        role_service_access_by_role_id: rows.map(({ id }: { readonly id: number }) => ({ id, requestor_mask: 2 })),
      })
    },
  },
  {
    name: 'the user gets another role in the app',
    cut: async ({ user, app }) => {
      const { user_to_app_to_role_by_user_id: rows } = await admin(
        `GET /system/user/${user.id}?related=user_to_app_to_role_by_user_id`,
      )
      await admin(`PATCH /system/user/${user.id}`, {
        user_to_app_to_role_by_user_id: [{ id: rows[0].id, app_id: app.id, role_id: house.roleIds.none }],
      })
    },
  },
  {
    name: 'the user loses the role in the app',
    cut: async ({ user }) => {
      const { user_to_app_to_role_by_user_id: rows } = await admin(
        `GET /system/user/${user.id}?related=user_to_app_to_role_by_user_id`,
      )
      await admin(`PATCH /system/user/${user.id}`, {
        user_to_app_to_role_by_user_id: [{ id: rows[0].id, user_id: null }],
      })
    },
  },
  { name: 'the app is deactivated', cut: ({ app }) => admin(`PATCH /system/app/${app.id}`, { is_active: false }) },
  { name: 'the app is deleted', cut: ({ app }) => admin(`DELETE /system/app/${app.id}`) },
  { name: 'the app gets another key', cut: ({ app }) => admin(`PATCH /system/app/${app.id}?regenerate=true`, { name: fresh() }) },
  {
    name: 'the password is reset by a code',
    cut: async ({ user }) => {
      await admin(`PATCH /system/user/${user.id}`, { security_question: 'q', security_answer: 'a' })
      const { status, text } = await send('POST /user/password', {}, { email: user.email, security_answer: 'a', new_password: 'another password 1' })
      assert.equal(status, 200, text)
    },
  },
]

describe('an open session ends with the next request when', () => {
  for (const { name, cut } of cuts) {
    test(name, async () => {
      const signed = await signedIn()
      await cut(signed)
      isRefused(await seen(signed.who))
      isRefused(await seen(signed.who))
    })
  }
})

describe('a key ends with the next request when', () => {
  const keyCuts: readonly { readonly name: string; readonly cut: (app: number, role: number) => Promise<unknown> }[] = [
    { name: 'its app is deactivated', cut: (app) => admin(`PATCH /system/app/${app}`, { is_active: false }) },
    { name: 'its app loses the role', cut: (app) => admin(`PATCH /system/app/${app}`, { role_id: null }) },
    { name: 'its app gets another role', cut: (app) => admin(`PATCH /system/app/${app}`, { role_id: house.roleIds.none }) },
    { name: 'its role is deactivated', cut: (_, role) => admin(`PATCH /system/role/${role}`, { is_active: false }) },
    { name: 'its role is deleted', cut: (_, role) => admin(`DELETE /system/role/${role}`) },
    { name: 'it is replaced', cut: (app) => admin(`PATCH /system/app/${app}`, { api_key: fresh().padEnd(64, 'z') }) },
    { name: 'its app is deleted', cut: (app) => admin(`DELETE /system/app/${app}`) },
  ]
  for (const { name, cut } of keyCuts) {
    test(name, async () => {
      const role = await roleLike('reader')
      const app = await newApp(role)
      assert.equal(await seen(key(app.key)), 200)
      await cut(app.id, role)
      isRefused(await seen(key(app.key)))
    })
  }
})

describe('what a role may see changes with the next request when', () => {
  const rowsOf = async (role: number): Promise<readonly { readonly id: number; readonly component: string }[]> =>
    (await admin(`GET /system/role/${role}?related=role_service_access_by_role_id`)).role_service_access_by_role_id
  const change = async (role: number, what: object): Promise<void> => {
    const rows = (await rowsOf(role)).filter(({ component }) => component.startsWith('_table/person'))
    await admin(`PATCH /system/role/${role}`, {
      role_service_access_by_role_id: rows.map(({ id }) => ({ id, ...what })),
    })
  }
  test('fields are hidden', async () => {
    const { role, who } = await signedIn()
    assert.match((await send('GET _table/person/1', who)).text, /SECRET-1/)
    await change(role, { fields: { hidden: ['hush_pin'] } })
    for (const ask of [list, 'GET _table/person/1', 'GET _schema/person', 'GET /api_docs/lite', 'GET /api_docs'])
      assert.doesNotMatch((await send(ask, who)).text, /hush_pin|SECRET-\d/, ask)
    await change(role, { fields: null })
    assert.match((await send('GET _table/person/1', who)).text, /SECRET-1/)
  })
  test('rows are filtered', async () => {
    const { role, who } = await signedIn()
    assert.deepEqual(await idsSeen(who), [1, 2, 3, 4])
    assert.equal((await send('GET _table/person/2', who)).status, 200)
    await change(role, { filters: [{ name: 'owner', operator: '=', value: '2' }] })
    assert.deepEqual(await idsSeen(who), [1, 3])
    assert.equal((await send('GET _table/person/2', who)).status, 404)
  })
  test('a lookup of the role changes', async () => {
    const { role, who } = await signedIn()
    await admin(`PATCH /system/role/${role}`, { lookup_by_role_id: [{ name: 'who', value: '2' }] })
    await change(role, { filters: [{ name: 'owner', operator: '=', value: '{who}' }] })
    assert.deepEqual(await idsSeen(who), [1, 3])
    await admin(`PATCH /system/role/${role}`, { lookup_by_role_id: [{ name: 'who', value: '3' }] })
    assert.deepEqual(await idsSeen(who), [2, 4])
  })
  test('a lookup of the user changes', async () => {
    const { role, who, user } = await signedIn()
    await change(role, { filters: [{ name: 'owner', operator: '=', value: '{whose}' }] })
    await admin(`PATCH /system/user/${user.id}`, { lookup_by_user_id: [{ name: 'whose', value: '3' }] })
    assert.deepEqual(await idsSeen(who), [2, 4])
    await admin(`PATCH /system/user/${user.id}`, { lookup_by_user_id: [{ name: 'whose', value: '2' }] })
    assert.deepEqual(await idsSeen(who), [1, 3])
  })
  test('what is hidden changes: the tag of a record does not tell', async () => {
    const who = key(house.keys.shy)
    const tag = async (): Promise<string> => (await send('GET _table/person/1', who)).headers.get('etag') ?? ''
    const before = await tag()
    assert.notEqual(before, '')
    await admin('PATCH /lite/_table/person/1', { hush_pay: 5 })
    assert.equal(await tag(), before)
    assert.equal((await send('PATCH _table/person/1', { ...who, 'If-Match': before }, { grade: 1 })).status, 200)
    await admin('PATCH /lite/_table/person/1', { hush_pay: 7770001 })
  })
  test("an administrator's tag tells a role nothing", async () => {
    const { headers } = await send('GET _table/person/1', house.administrator)
    const tag = headers.get('etag') ?? ''
    assert.equal((await send('GET _table/person/1', { ...key(house.keys.shy), 'If-None-Match': tag })).status, 200)
    assert.equal((await send('GET _table/person/2', { ...key(house.keys.mine), 'If-None-Match': '*' })).status, 404)
  })
})

describe('tokens', () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = (token: string): { readonly [name: string]: unknown } =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  const sign = (payload: object, { alg = 'HS256', by = secret, more = {} } = {}): string => {
    const content = `${part({ typ: 'JWT', alg, ...more })}.${part(payload)}`
    const hash = alg === 'HS512' ? 'sha512' : 'sha256'
    return `${content}.${createHmac(hash, by).update(content).digest('base64url')}`
  }
  const now = Math.floor(Date.now() / 1000)
  const forgeries: readonly { readonly name: string; readonly forge: (token: string, admin: string) => string; readonly fine?: true }[] = [
    { name: 'signed as it should be', forge: (token) => sign({ ...claims(token), jti: fresh() }), fine: true },
    { name: 'of no algorithm', forge: (token) => `${part({ typ: 'JWT', alg: 'none' })}.${token.split('.')[1]}.` },
    { name: 'of no algorithm, signed', forge: (token) => `${part({ typ: 'JWT', alg: 'none' })}.${token.split('.').slice(1).join('.')}` },
    { name: 'of an algorithm without a kind', forge: (token) => sign(claims(token), { alg: 'nOnE' }) },
    { name: 'of another algorithm with the right secret', forge: (token) => sign(claims(token), { alg: 'HS512' }) },
    { name: 'that says RS256', forge: (token) => sign(claims(token), { alg: 'RS256' }) },
    { name: 'signed with another secret', forge: (token) => sign(claims(token), { by: 'another secret of the same length....' }) },
    { name: 'signed with an empty secret', forge: (token) => sign(claims(token), { by: '' }) },
    { name: 'without its signature', forge: (token) => token.split('.').slice(0, 2).join('.') },
    { name: 'with an empty signature', forge: (token) => `${token.split('.').slice(0, 2).join('.')}.` },
    { name: 'with a letter more', forge: (token) => `${token}A` },
    { name: 'with a part more', forge: (token) => `${token}.x` },
    { name: "with another's payload", forge: (token, other) => [token.split('.')[0], other.split('.')[1], token.split('.')[2]].join('.') },
    { name: 'with demands of its own', forge: (token) => sign(claims(token), { more: { crit: ['exp'] } }) },
    { name: 'that has expired', forge: (token) => sign({ ...claims(token), exp: now - 10 }) },
    { name: 'that is not valid yet', forge: (token) => sign({ ...claims(token), nbf: now + 1000 }) },
    { name: 'of the administrator by number alone', forge: (token) => sign({ ...claims(token), user_id: 1 }) },
    { name: 'of nobody', forge: (token) => sign({ ...claims(token), user_id: 99_999 }) },
    { name: 'of an object', forge: (token) => sign({ ...claims(token), user_id: { id: 1 } }) },
    { name: 'without a user', forge: (token) => sign({ ...claims(token), user_id: null }) },
    { name: 'without an end', forge: (token) => sign({ ...claims(token), exp: undefined }) },
    { name: 'with a text for an end', forge: (token) => sign({ ...claims(token), exp: '9999999999' }) },
    { name: 'of before the password changed', forge: (token) => sign({ ...claims(token), iat: 1, jti: fresh() }) },
    { name: 'that is no JSON', forge: () => 'e30.bm90anNvbg.x' },
    { name: 'that is a key', forge: () => house.keys.reader },
  ]
  let signed: Signed | null = null
  for (const { name, forge, fine = false } of forgeries) {
    test(name, async () => {
      signed ??= await signedIn()
      if (name.startsWith('of before')) {
        await admin(`PATCH /system/user/${signed.user.id}`, { password })
        signed = { ...signed, token: await login(signed.user) }
      }
      const status = await seen(session(forge(signed.token, house.token), signed.app.key))
      if (fine) assert.equal(status, 200)
      else isRefused(status)
    })
  }
  test('a bad token is refused where nothing else is asked for', async () => {
    for (const ask of ['GET /system/environment', 'GET /user/profile', 'POST /user/password', 'GET /api_docs'])
      isRefused((await send(ask, session('e30.e30.x', house.keys.reader))).status)
  })
  test('a bad token is no visitor', async () => isRefused(await seen(session('garbage', house.keys.reader))))
  test('a bearer token and a session token are one', async () => {
    const { token, app } = await signedIn()
    assert.equal(await seen({ Authorization: `Bearer ${token}`, ...key(app.key) }), 200)
    await send('DELETE /user/session', { Authorization: `Bearer ${token}` })
    isRefused(await seen({ Authorization: `Bearer ${token}`, ...key(app.key) }))
    isRefused(await seen(session(token, app.key)))
    isRefused((await send(`${list}?session_token=${token}`, key(app.key))).status)
  })
  test('a cookie is no credential', async () => {
    isRefused(await seen({ Cookie: `session_token=${house.token}` }))
    isRefused(await seen({ Cookie: `api_key=${house.keys.reader}` }))
  })
  test('one token of two: the refreshed one', async () => {
    const { token } = await signedIn()
    const answers = await Promise.all([send('PUT /user/session', session(token)), send('PUT /user/session', session(token))])
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  })
})

describe('keys, apps and roles', () => {
  const none: readonly { readonly name: string; readonly who: () => Headers }[] = [
    { name: 'nothing', who: () => ({}) },
    { name: 'an unknown key', who: () => key('x'.repeat(64)) },
    { name: 'the beginning of a key', who: () => key(house.keys.reader.slice(0, 63)) },
    { name: 'a key in capitals', who: () => key(house.keys.reader.toUpperCase()) },
    { name: 'two keys in one', who: () => key(`${house.keys.reader}, ${house.keys.none}`) },
    { name: 'a key with a letter more', who: () => key(`${house.keys.reader}0`) },
    { name: 'a star', who: () => key('*') },
    { name: 'a name of all objects', who: () => key('constructor') },
    { name: 'a prototype', who: () => key('__proto__') },
    { name: 'a key without a role', who: () => key('6498a8ad1beb9d84d63035c5d1120c007fad6de706734db9689f8996707e0f7d') },
    { name: 'a key of an inactive role', who: () => key(house.keys.asleep) },
    { name: 'a key as Basic authentication', who: () => ({ Authorization: `Basic ${Buffer.from(`${house.keys.reader}:`).toString('base64')}` }) },
    { name: 'a script token', who: () => ({ 'X-DreamFactory-Script-Token': house.keys.reader }) },
    { name: 'who says that it is a script', who: () => ({ ...key(house.keys.script), 'X-DreamFactory-Requestor': 'script' }) },
  ]
  for (const { name, who } of none) test(`${name}: refused`, async () => isRefused(await seen(who())))

  test('a session without a key has no role', async () => isRefused(await seen(session((await signedIn()).token))))
  test('a key in the query counts as one in a header', async () => {
    assert.equal((await send(`${list}?api_key=${house.keys.reader}`, {})).status, 200)
    isRefused((await send(`${list}?api_key=${house.keys.none}`, key(house.keys.reader))).status)
  })
  test('a key is in no link that is answered', async () => {
    const { text } = await send(`${list}?api_key=${house.keys.reader}&limit=1&include_count=true`, {})
    assert.doesNotMatch(text, /reader0/)
  })
  test("the user's role in the app goes before the app's", async () => {
    const app = await newApp(house.roleIds.reader)
    const user = await newUser([{ app: app.id, role: house.roleIds.none }])
    isRefused(await seen(session(await login(user), app.key)))
    assert.equal(await seen(key(app.key)), 200)
  })
  test("a user without a role in any app has the app's", async () => {
    const user = await newUser()
    const token = await login(user)
    assert.equal(await seen(session(token, house.keys.reader)), 200)
    isRefused(await seen(session(token, house.keys.none)))
  })
  test('a user with a role in another app has that one (control-plane 2.4)', async () => {
    const app = await newApp(null)
    const user = await newUser([{ app: app.id, role: house.roleIds.mine }])
    const token = await login(user)
    assert.deepEqual(await idsSeen(session(token, house.keys.reader)), [1, 3])
  })
  test('two users of one app and role see each their own rows', async () => {
    const app = await newApp(house.roleIds.personal)
    const [one, other] = [await newUser(), await newUser()]
    await house.engines[0]?.run(`update person set owner = ${one.id} where id = 1; update person set owner = ${other.id} where id = 2`)
    const [a, b] = [session(await login(one), app.key), session(await login(other), app.key)]
    for (let times = 0; times < 3; times += 1) {
      assert.deepEqual(await idsSeen(a), [1])
      assert.deepEqual(await idsSeen(b), [2])
      assert.equal((await send('GET _table/person/2', a)).status, 404)
      assert.equal((await send('GET _table/person/2', b)).status, 200)
    }
    await house.engines[0]?.run('update person set owner = 2 where id = 1; update person set owner = 3 where id = 2')
  })
  test('an administrator with a role in an app is a restricted one, at once', async () => {
    const email = `${fresh()}@example.org`
    const id = await create('admin', { name: email, email, password, is_active: true })
    const token = await login({ email, password }, 'admin')
    assert.equal(await seen(session(token)), 200)
    assert.equal((await send('GET /system/role', session(token))).status, 200)
    const app = await newApp(null)
    await admin(`PATCH /system/admin/${id}`, {
      user_to_app_to_role_by_user_id: [{ app_id: app.id, role_id: house.roleIds.mine }],
    })
    isRefused(await seen(session(token)))
    assert.deepEqual(await idsSeen(session(token, app.key)), [1, 3])
    isRefused((await send('GET /system/role', session(token, app.key))).status)
  })
  test('an administrator who is deactivated is none, at once', async () => {
    const email = `${fresh()}@example.org`
    const id = await create('admin', { name: email, email, password, is_active: true })
    const token = await login({ email, password }, 'admin')
    assert.equal(await seen(session(token)), 200)
    await admin(`PATCH /system/admin/${id}`, { is_active: false })
    isRefused(await seen(session(token)))
  })
  test('Basic authentication ends with the password', async () => {
    const user = await newUser()
    const basic = { Authorization: `Basic ${Buffer.from(`${user.email}:${password}`).toString('base64')}`, ...key(house.keys.reader) }
    assert.equal(await seen(basic), 200)
    await admin(`PATCH /system/user/${user.id}`, { password: 'another password 1' })
    isRefused(await seen(basic))
  })
  test('a service that is deactivated answers nobody', async () => {
    const { service } = house.engines[0] ?? { service: '' }
    const [{ id }] = (await admin(`GET /system/service?filter=name = '${service}'`)).resource
    await admin(`PATCH /system/service/${id}`, { is_active: false })
    assert.ok((await seen(key(house.keys.reader))) >= 400)
    await admin(`PATCH /system/service/${id}`, { is_active: true })
    assert.equal(await seen(key(house.keys.reader)), 200)
  })
})

describe('accounts', () => {
  const power = { is_sys_admin: true, is_root_admin: true, is_active: true, confirm_code: 'y', id: 1, tokens_valid_from: 0 }
  test('a profile changes nothing but itself', async () => {
    const { who, user, app } = await signedIn('mine')
    const { status } = await send('PUT /user/profile', who, {
      ...power,
      first_name: 'x',
      password: 'by the back door',
      lookup_by_user_id: [{ name: 'who', value: '3' }],
      user_to_app_to_role_by_user_id: [{ app_id: app.id, role_id: house.roleIds.reader }],
    })
    assert.equal(status, 200)
    assert.deepEqual(await idsSeen(who), [1, 3])
    const related = 'lookup_by_user_id,user_to_app_to_role_by_user_id'
    const now = await admin(`GET /system/user/${user.id}?related=${related}`)
    assert.equal(now.lookup_by_user_id.length, 0)
    assert.equal(now.user_to_app_to_role_by_user_id.length, 1)
    assert.equal((await send('POST /user/session', {}, { email: user.email, password: 'by the back door' })).status, 401)
    isRefused((await send('GET /system/role', who)).status)
  })
  test('who may change users makes no administrator', async () => {
    const who = key(house.keys.userAdmin)
    const email = `${fresh()}@example.org`
    const made = await send('POST /system/user', who, { resource: [{ ...power, id: undefined, name: email, email, password }] })
    assert.ok(made.status === 201 || made.status === 400, made.text)
    if (made.status === 201) {
      const [{ id }] = JSON.parse(made.text).resource
      await send(`PATCH /system/user/${id}`, who, { is_sys_admin: true })
      const token = await login({ email, password })
      isRefused((await send('GET /system/role', session(token))).status)
      assert.equal((await send('POST /system/admin/session', {}, { email, password })).status, 401)
    }
  })
  test('registration is closed', async () => {
    const { status } = await send('POST /user/register', {}, { ...power, email: `${fresh()}@example.org`, new_password: password })
    assert.ok(status >= 400, String(status))
  })
  test("custom data is each user's own", async () => {
    const [one, other] = [await signedIn(), await signedIn()]
    await send('POST /user/custom', one.who, { resource: [{ name: 'note', value: 'mine alone' }] })
    for (const ask of ['GET /user/custom', 'GET /user/custom/note', "GET /user/custom?filter=name = 'note'", `GET /user/custom?filter=user_id = ${one.user.id}`])
      assert.doesNotMatch((await send(ask, other.who)).text, /mine alone/, ask)
  })
  test('custom data is no lookup', async () => {
    const role = await roleLike('personal')
    const app = await newApp(role)
    const user = await newUser()
    const who = session(await login(user), app.key)
    await send('POST /user/custom', who, { resource: [{ name: 'user.id', value: '2' }] })
    assert.deepEqual(await idsSeen(who), [])
  })
  const face = async (path: string, body: object): Promise<string> => {
    const { status, text } = await send(`POST ${path}`, {}, body)
    return `${status} ${text}`
  }
  test('a login tells nothing of an account', async () => {
    const user = await newUser()
    const gone = await newUser()
    await admin(`PATCH /system/user/${gone.id}`, { is_active: false })
    const answers = new Set([
      await face('/user/session', { email: user.email, password: 'wrong' }),
      await face('/user/session', { email: 'nobody@example.org', password: 'wrong' }),
      await face('/user/session', { email: gone.email, password }),
      await face('/user/session', { email: 'admin@example.org', password: 'wrong' }),
    ])
    assert.equal(answers.size, 1, [...answers].join('\n'))
  })
  test('objects are no passwords', async () => {
    const user = await newUser()
    for (const given of [{ $ne: '' }, [password], true, null, 0, { length: 3 }])
      assert.ok((await send('POST /user/session', {}, { email: user.email, password: given })).status >= 400)
  })
  test('objects are no codes', async () => {
    const user = await newUser()
    for (const code of [{ $ne: null }, [], true, null, '', '%', 0])
      assert.ok((await send('POST /user/password', {}, { email: user.email, code, new_password: 'another password 1' })).status >= 400)
    await login(user)
  })
})
