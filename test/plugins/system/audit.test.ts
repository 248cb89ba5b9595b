/** The audit log and the service report: every change, who made it, before and after, without secrets (control-plane 4.9). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adminCredentials } from '../../support/server.ts'
import { type Client, startClient } from './client.ts'

let client: Client
before(async () => {
  client = await startClient()
})
after(() => client.server.stop())

const password = 'a long enough password'

// biome-ignore lint/suspicious/noExplicitAny: entries are looked into freely
async function last(resource: string): Promise<any> {
  const filter = encodeURIComponent(`resource = '${resource}'`)
  return (await client.ok('GET', `system/audit?filter=${filter}&order=id%20desc&limit=1`)).resource[0]
}

test('a change is told', async (t) => {
  const role = await client.create('role', {
    name: 'r',
    description: 'd',
    role_service_access_by_role_id: [{ service_id: 5, verb_mask: 1 }],
  })
  await t.test('when it makes a record', async () => {
    const entry = await last('role')
    assert.deepEqual(
      [
        entry.action,
        entry.request,
        entry.record_id,
        entry.record_name,
        entry.before,
        entry.after.description,
        entry.user_email,
      ],
      ['create', 'POST', String(role), 'r', null, 'd', adminCredentials.email],
    )
    assert.equal((await last('role_service_access')).after.verb_mask, 1)
  })
  await t.test('when it changes one, what changed', async () => {
    await client.ok('PUT', `system/role/${role}`, { name: 'r', description: 'e' })
    const { action, before: was, after: is } = await last('role')
    assert.deepEqual([action, was, is], ['update', { description: 'd' }, { description: 'e' }])
  })
  await t.test('not when it changes nothing', async () => {
    const { id } = await last('role')
    await client.ok('PATCH', `system/role/${role}`, { description: 'e' })
    assert.equal((await last('role')).id, id)
  })
  await t.test('when it deletes one, with what it touched', async () => {
    const app = await client.create('app', { name: 'a', role_id: role })
    await client.ok('DELETE', `system/role/${role}`)
    const { action, before: was, after: is, touched } = await last('role')
    assert.deepEqual(
      [action, was.name, is, touched.app, touched.role_service_access.length],
      ['delete', 'r', null, [app], 1],
    )
    assert.equal((await client.ok('GET', `system/app/${app}`)).role_id, null)
  })
})

test('secrets are not told', async (t) => {
  const secret = 'very-secret-text'
  const user = await client.create('user', {
    email: 'ann@example.org',
    name: 'Ann',
    password,
    lookup_by_user_id: [{ name: 'l', value: secret, private: true }],
  })
  const config = { host: 'db', database: 'd', username: secret, password: secret }
  await client.create('service', { name: 'm', type: 'pgsql', config })
  await client.ok('PATCH', `system/user/${user}`, { password: 'another long password' })
  await t.test('a password that changed is told as the mask', async () => {
    const { before: was, after: is } = await last('user')
    assert.deepEqual([was.password, is.password], ['**********', '**********'])
  })
  await t.test('in no entry', async () => {
    const text = JSON.stringify(await client.ok('GET', 'system/audit'))
    for (const part of [secret, '$argon2id', 'v1:', '$sealed']) assert.ok(!text.includes(part), part)
  })
})

test('what people change of themselves is told', async () => {
  await client.create('user', { email: 'self@example.org', name: 'Self', password })
  const { session_token: token } = await client.ok('POST', 'user/session', { email: 'self@example.org', password }, {})
  await client.ok('PATCH', 'user/profile', { phone: '7' }, { token })
  const entry = await last('user')
  assert.deepEqual([entry.user_email, entry.before, entry.after], ['self@example.org', { phone: null }, { phone: '7' }])
})

test('names and values of the system are told, those of users are not', async () => {
  await client.ok('POST', 'user/custom', { resource: [{ name: 'own', value: 1 }] })
  await client.ok('POST', 'system/custom', { resource: [{ name: 'shared', value: 1 }] })
  await client.ok('PUT', 'system/custom/shared', { value: 2 })
  await client.ok('DELETE', 'system/custom/shared')
  const { resource } = await client.ok(
    'GET',
    `system/audit?filter=${encodeURIComponent('resource like "%custom"')}&order=id`,
  )
  assert.deepEqual(
    resource.map((entry: { action: string; record_id: string }) => [entry.action, entry.record_id]),
    ['create', 'update', 'delete'].map((action) => [action, 'shared']),
  )
})

test('the service report', async () => {
  const id = await client.create('service', { name: 's', type: 'rws' })
  await client.ok('PATCH', `system/service/${id}`, { label: 'S' })
  await client.ok('DELETE', `system/service/${id}`)
  const { resource } = await client.ok('GET', `system/service_report?filter=service_id%3D${id}&order=id`)
  assert.deepEqual(
    resource.map((row: { action: string; request_verb: string; service_name: string }) => [
      row.action,
      row.request_verb,
      row.service_name,
    ]),
    [
      ['Service created', 'POST', 's'],
      ['Service updated', 'PATCH', 's'],
      ['Service deleted', 'DELETE', 's'],
    ],
  )
})

test('they are for full administrators', async (t) => {
  const access = [{ service_id: null, component: '*', verb_mask: 31, requestor_mask: 3 }]
  const role = await client.create('role', { name: 'all', is_active: true, role_service_access_by_role_id: access })
  const app = await client.ok('POST', 'system/app?fields=*', {
    resource: [{ name: 'b', is_active: true, role_id: role }],
  })
  const { session_token: token } = await client.ok('POST', 'user/session', { email: 'self@example.org', password }, {})
  for (const resource of ['audit', 'service_report', 'outbox', 'package']) {
    await t.test(resource, async () => {
      const answer = await client.send('GET', `system/${resource}`, undefined, { token, key: app.resource[0].api_key })
      assert.equal(answer.status, 403)
    })
  }
})
