/** Deleting what something uses goes through, leaves nothing that leads nowhere, and the audit log names what it touched. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, startClient } from './client.ts'

let client: Client
before(async () => {
  client = await startClient()
})
after(() => client.server.stop())

const touched = async (resource: string, id: number): Promise<Record<string, number[]>> => {
  const filter = encodeURIComponent(`(resource = "${resource}") and (record_id = "${id}") and (action = "delete")`)
  const { resource: entries } = await client.ok('GET', `system/audit?filter=${filter}`)
  assert.equal(entries.length, 1)
  return entries[0].touched
}
const config = async (name: string) =>
  (await client.ok('GET', `system/service?filter=${encodeURIComponent(`name="${name}"`)}`)).resource[0].config
const idOf = async (name: string): Promise<number> =>
  (await client.ok('GET', `system/service?filter=${encodeURIComponent(`name="${name}"`)}&fields=id`)).resource[0].id

test('a role', async () => {
  const role = await client.create('role', {
    name: 'gone',
    is_active: true,
    role_service_access_by_role_id: [{ service_id: null, component: '*', verb_mask: 1, requestor_mask: 1 }],
    lookup_by_role_id: [{ name: 'l', value: 'v' }],
  })
  const app = await client.create('app', { name: 'with role', is_active: true, role_id: role })
  const user = await client.create('user', {
    name: 'u',
    email: 'u@example.org',
    user_to_app_to_role_by_user_id: [{ app_id: app, role_id: role }],
  })
  const limit = await client.create('limit', {
    name: 'of role',
    type: 'instance.role',
    rate: 5,
    period: 'minute',
    role_id: role,
  })
  await client.ok('PATCH', `system/service/${await idOf('user')}`, {
    config: { open_reg_role_id: role, app_role_map: [{ app_id: app, role_id: role }] },
  })
  await client.ok('DELETE', `system/role/${role}`)
  const told = await touched('role', role)
  assert.deepEqual(Object.keys(told).sort(), [
    'app',
    'limits',
    'lookup',
    'role_service_access',
    'service',
    'user_to_app_to_role',
  ])
  assert.deepEqual(told.app, [app])
  assert.equal((await client.ok('GET', `system/app/${app}`)).role_id, null)
  assert.equal((await client.send('GET', `system/limit/${limit}`)).status, 404)
  const shown = await client.ok('GET', `system/user/${user}?related=user_to_app_to_role_by_user_id`)
  assert.deepEqual(shown.user_to_app_to_role_by_user_id, [])
  const settings = await config('user')
  assert.deepEqual({ role: settings.open_reg_role_id, map: settings.app_role_map }, { role: null, map: [] })
})

test('an app', async () => {
  const role = await client.create('role', { name: 'stays', is_active: true })
  const app = await client.create('app', { name: 'gone', is_active: true })
  const user = await client.create('user', { name: 'v', email: 'v@example.org', default_app_id: app })
  await client.ok('PATCH', `system/service/${await idOf('user')}`, {
    config: { app_role_map: [{ app_id: app, role_id: role }] },
  })
  await client.ok('PATCH', `system/service/${await idOf('system')}`, { config: { default_app_id: app } })
  await client.ok('DELETE', `system/app/${app}`)
  assert.deepEqual(Object.keys(await touched('app', app)).sort(), ['service', 'user'])
  assert.equal((await client.ok('GET', `system/user/${user}`)).default_app_id, null)
  assert.deepEqual((await config('user')).app_role_map, [])
  assert.equal((await config('system')).default_app_id, null)
})

test('a mail service and a template, which settings name', async () => {
  const mail = await client.create('service', { name: 'mail', type: 'smtp_email', config: { host: 'localhost' } })
  const template = await client.create('email_template', { name: 'letter', subject: 's', body_text: 't' })
  const user = await idOf('user')
  const named = { invite_email_service_id: mail, invite_email_template_id: template }
  await client.ok('PATCH', `system/service/${user}`, { config: named })
  await client.ok('DELETE', `system/email_template/${template}`)
  assert.deepEqual(await touched('email_template', template), { service: [user] })
  assert.equal((await config('user')).invite_email_template_id, null)
  assert.equal((await config('user')).invite_email_service_id, mail)
  await client.ok('DELETE', `system/service/${mail}`)
  assert.deepEqual(await touched('service', mail), { service: [user] })
  assert.equal((await config('user')).invite_email_service_id, null)
})

test('a service that a relationship of another one leads to', async () => {
  const [one, two] = [
    await client.create('service', {
      name: 'one',
      type: 'sqlite',
      is_active: true,
      config: { database: 'one.sqlite' },
    }),
    await client.create('service', {
      name: 'two',
      type: 'sqlite',
      is_active: true,
      config: { database: 'two.sqlite' },
    }),
  ]
  for (const service of ['one', 'two'])
    await client.ok('POST', `${service}/_schema`, {
      resource: [
        {
          name: 't',
          field: [
            { name: 'id', type: 'id' },
            { name: 'other', type: 'integer' },
          ],
        },
      ],
    })
  await client.ok('POST', 'one/_schema/t/_related', {
    resource: [
      { type: 'belongs_to', field: 'other', ref_service_id: two, ref_table: 't', ref_field: 'id', is_virtual: true },
    ],
  })
  const related = async () => (await client.ok('GET', 'one/_schema/t')).related.length
  assert.equal(await related(), 1)
  await client.ok('DELETE', `system/service/${two}`)
  const told = await touched('service', two)
  assert.equal(told.db_virtual_relationship?.length, 1)
  assert.equal((await client.ok('GET', 'one/_schema/t?refresh=true')).related.length, 0)
  assert.equal((await client.send('GET', `system/service/${one}`)).status, 200)
})
