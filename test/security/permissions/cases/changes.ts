/** What an administrator takes away is gone at the next request, also for sessions that are open and callers that are known (class 5). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Headers, isRefused, key, list, type People, password, type Signed } from '../people.ts'

export function changes({
  house,
  fresh,
  send,
  admin,
  create,
  roleLike,
  newApp,
  seen,
  idsSeen,
  signedIn,
}: People): void {
  /** What is done while a session is open; the next request is refused. */
  const cuts: readonly { readonly name: string; readonly cut: (signed: Signed) => Promise<unknown> }[] = [
    {
      name: 'the user changes the password',
      cut: ({ who }) =>
        send('POST /user/password', who, { old_password: password, new_password: 'another password 1' }),
    },
    {
      name: 'an administrator sets the password',
      cut: ({ user }) => admin(`PATCH /system/user/${user.id}`, { password: 'another password 1' }),
    },
    {
      name: 'the user is deactivated',
      cut: ({ user }) => admin(`PATCH /system/user/${user.id}`, { is_active: false }),
    },
    { name: 'the user is deleted', cut: ({ user }) => admin(`DELETE /system/user/${user.id}`) },
    {
      name: 'the address changes',
      cut: ({ user }) => admin(`PATCH /system/user/${user.id}`, { email: `x${user.email}` }),
    },
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
    {
      name: 'the app gets another key',
      cut: ({ app }) => admin(`PATCH /system/app/${app.id}?regenerate=true`, { name: fresh() }),
    },
    {
      name: 'the password is reset by a code',
      cut: async ({ user }) => {
        await admin(`PATCH /system/user/${user.id}`, { security_question: 'q', security_answer: 'a' })
        const { status, text } = await send(
          'POST /user/password',
          {},
          { email: user.email, security_answer: 'a', new_password: 'another password 1' },
        )
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
    const keyCuts: readonly { readonly name: string; readonly cut: (app: number, role: number) => Promise<unknown> }[] =
      [
        { name: 'its app is deactivated', cut: (app) => admin(`PATCH /system/app/${app}`, { is_active: false }) },
        { name: 'its app loses the role', cut: (app) => admin(`PATCH /system/app/${app}`, { role_id: null }) },
        {
          name: 'its app gets another role',
          cut: (app) => admin(`PATCH /system/app/${app}`, { role_id: house.roleIds.none }),
        },
        {
          name: 'its role is deactivated',
          cut: (_, role) => admin(`PATCH /system/role/${role}`, { is_active: false }),
        },
        { name: 'its role is deleted', cut: (_, role) => admin(`DELETE /system/role/${role}`) },
        {
          name: 'it is replaced',
          cut: (app) => admin(`PATCH /system/app/${app}`, { api_key: fresh().padEnd(64, 'z') }),
        },
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
    test('a lookup of the system changes', async () => {
      const { role, who } = await signedIn()
      const lookup = await create('lookup', { name: 'everybody', value: '2' })
      await change(role, { filters: [{ name: 'owner', operator: '=', value: '{everybody}' }] })
      assert.deepEqual(await idsSeen(who), [1, 3])
      await admin(`PATCH /system/lookup/${lookup}`, { value: '3' })
      assert.deepEqual(await idsSeen(who), [2, 4])
    })
    test('a cursor gives no right of who it was made for', async () => {
      const page = async (
        whose: Headers,
        order: string,
        cursor: string,
      ): Promise<{ readonly status: number; readonly text: string }> =>
        send(`${list}?limit=1&fields=id&order=${order}&cursor=${cursor}`, whose)
      const next = ({ text }: { readonly text: string }): string => JSON.parse(text).meta.next_cursor
      const made = next(await page(house.administrator, 'hush_pay', '*'))
      for (const order of ['hush_pay', 'id', 'name'])
        assert.equal((await page(key(house.keys.shy), order, made)).status, 400, order)
      const named = next(await page(house.administrator, 'name', '*'))
      const { status, text } = await page(key(house.keys.mine), 'name', named)
      assert.equal(status, 200)
      // Behind 'FOREIGN-bob' there would be another row of others.
      assert.deepEqual(JSON.parse(text).resource, [{ id: 1 }])
      const own = next(await page(key(house.keys.shy), 'grade', '*'))
      assert.doesNotMatch(Buffer.from(own, 'base64url').toString('latin1'), /SECRET|777\d{4}/)
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
}
