/** Keys, apps, the role that applies, and what people may do to their own account (classes 5, 14, 16 and 17). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Headers, isRefused, key, list, type People, password, session } from '../people.ts'

export function identities({
  house,
  fresh,
  send,
  admin,
  create,
  roleLike,
  newApp,
  newUser,
  login,
  seen,
  idsSeen,
  signedIn,
}: People): void {
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
      {
        name: 'a key without a role',
        who: () => key('6498a8ad1beb9d84d63035c5d1120c007fad6de706734db9689f8996707e0f7d'),
      },
      { name: 'a key of an inactive role', who: () => key(house.keys.asleep) },
      {
        name: 'a key as Basic authentication',
        who: () => ({ Authorization: `Basic ${Buffer.from(`${house.keys.reader}:`).toString('base64')}` }),
      },
      { name: 'a script token', who: () => ({ 'X-DreamFactory-Script-Token': house.keys.reader }) },
      {
        name: 'who says that it is a script',
        who: () => ({ ...key(house.keys.script), 'X-DreamFactory-Requestor': 'script' }),
      },
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
      await house.engines[0]?.run(
        `update person set owner = ${one.id} where id = 1; update person set owner = ${other.id} where id = 2`,
      )
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
      const basic = {
        Authorization: `Basic ${Buffer.from(`${user.email}:${password}`).toString('base64')}`,
        ...key(house.keys.reader),
      }
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
    const power = {
      is_sys_admin: true,
      is_root_admin: true,
      is_active: true,
      confirm_code: 'y',
      id: 1,
      tokens_valid_from: 0,
    }
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
      assert.equal(
        (await send('POST /user/session', {}, { email: user.email, password: 'by the back door' })).status,
        401,
      )
      isRefused((await send('GET /system/role', who)).status)
    })
    test('who may change users makes no administrator', async () => {
      const who = key(house.keys.userAdmin)
      const email = `${fresh()}@example.org`
      const made = await send('POST /system/user', who, {
        resource: [{ ...power, id: undefined, name: email, email, password }],
      })
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
      const { status } = await send(
        'POST /user/register',
        {},
        { ...power, email: `${fresh()}@example.org`, new_password: password },
      )
      assert.ok(status >= 400, String(status))
    })
    test("custom data is each user's own", async () => {
      const [one, other] = [await signedIn(), await signedIn()]
      await send('POST /user/custom', one.who, { resource: [{ name: 'note', value: 'mine alone' }] })
      for (const ask of [
        'GET /user/custom',
        'GET /user/custom/note',
        "GET /user/custom?filter=name = 'note'",
        `GET /user/custom?filter=user_id = ${one.user.id}`,
      ])
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
        assert.ok(
          (await send('POST /user/password', {}, { email: user.email, code, new_password: 'another password 1' }))
            .status >= 400,
        )
      await login(user)
    })
  })
}
