/** Nobody takes the rights of the last administrator away, and every other one's may be. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, startClient } from './client.ts'

let client: Client
let app: number
let role: number
let first: number
before(async () => {
  client = await startClient()
  app = await client.create('app', { name: 'one', type: 0, is_active: true })
  role = await client.create('role', { name: 'some', is_active: true })
  first = (await client.ok('GET', 'system/admin')).resource[0].id
})
after(() => client.server.stop())

const refused =
  'This would leave no active administrator without a role in an app: nobody could administer. Make another one first.'

interface Case {
  readonly name: string
  readonly ask: () => readonly [method: string, path: string, body: object]
}

test('the last administrator stays one', async (t) => {
  const assignment = () => ({ user_id: first, app_id: app, role_id: role })
  const cases: readonly Case[] = [
    { name: 'not deactivated', ask: () => ['PATCH', `system/admin/${first}`, { is_active: false }] },
    {
      name: 'not by a list either',
      ask: () => ['PATCH', 'system/admin', { resource: [{ id: first, is_active: false }] }],
    },
    {
      name: 'not restricted',
      ask: () => ['PATCH', `system/admin/${first}`, { user_to_app_to_role_by_user_id: [assignment()] }],
    },
    {
      name: 'not restricted by a role',
      ask: () => ['PATCH', `system/role/${role}`, { user_to_app_to_role_by_role_id: [assignment()] }],
    },
    {
      name: 'not restricted by an app',
      ask: () => ['PATCH', `system/app/${app}`, { user_to_app_to_role_by_app_id: [assignment()] }],
    },
  ]
  for (const { name, ask } of cases) {
    await t.test(name, async () => {
      const { status, body } = await client.send(...ask())
      assert.equal(status, 400, JSON.stringify(body))
      const messages = [body.error.message, body.error.context?.resource?.[0]?.message]
      assert.ok(messages.includes(refused), JSON.stringify(body))
      const { is_active, user_to_app_to_role_by_user_id } = await client.ok(
        'GET',
        `system/admin/${first}?related=user_to_app_to_role_by_user_id`,
      )
      assert.deepEqual([is_active, user_to_app_to_role_by_user_id], [true, []])
    })
  }
})

test('one of two may lose them, not both at once', async () => {
  const second = await client.create('admin', { email: 'b@example.com', password: 'a password of some length' })
  const both = [first, second].map((id) => ({ id, is_active: false }))
  assert.equal((await client.send('PATCH', 'system/admin?rollback=true', { resource: both })).status, 400)
  await client.ok('PATCH', `system/admin/${second}`, { is_active: false })
  assert.equal((await client.send('PATCH', `system/admin/${first}`, { is_active: false })).status, 400)
  await client.ok('PATCH', `system/admin/${second}`, { is_active: true })
  await client.ok('PATCH', `system/admin/${second}`, {
    user_to_app_to_role_by_user_id: [{ user_id: second, app_id: app, role_id: role }],
  })
  assert.equal((await client.send('PATCH', `system/admin/${first}`, { is_active: false })).status, 400)
  await client.ok('DELETE', `system/admin/${second}`)
})
