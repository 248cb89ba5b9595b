/** Configuration packages, manifests and imported tables (control-plane 4.8). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, startClient } from './client.ts'

let client: Client
before(async () => {
  client = await startClient()
  const service = await client.create('service', {
    name: 'shop',
    type: 'sqlite',
    is_active: true,
    config: { database: 'shop.sqlite' },
  })
  await client.create('service', {
    name: 'far',
    type: 'pgsql',
    config: { host: 'h', database: 'd', password: 'secret' },
  })
  const access = [
    {
      service_id: service,
      component: '_table/*',
      verb_mask: 1,
      requestor_mask: 1,
      filters: [{ name: 'a', operator: '=', value: '1' }],
    },
  ]
  const role = await client.create('role', { name: 'reader', is_active: true, role_service_access_by_role_id: access })
  await client.create('app', { name: 'front', is_active: true, role_id: role })
})
after(() => client.server.stop())

test('a configuration package', async (t) => {
  const all = await client.ok('GET', 'system/config_package')
  const named = (kind: string, name: string) => all[kind].find((each: { name: string }) => each.name === name)
  await t.test('has names and no secrets', () => {
    assert.equal(all.format, 'dreamfactory.config/v1')
    assert.deepEqual(named('roles', 'reader').service_access, [
      {
        service: 'shop',
        component: '_table/*',
        verb_mask: 1,
        requestor_mask: 1,
        filter_op: 'and',
        filters: [{ name: 'a', operator: '=', value: '1' }],
      },
    ])
    assert.equal(named('apps', 'front').role, 'reader')
    assert.equal(named('services', 'shop').config.database, 'shop.sqlite')
    assert.equal('password' in named('services', 'far').config, false)
    assert.ok(!JSON.stringify(all).includes('api_key'))
  })
  const none = { services: 0, roles: 0, apps: 0 }
  await t.test('that is there already is skipped', async () => {
    const { success, created, skipped } = await client.ok('POST', 'system/config_package', all)
    assert.deepEqual([success, created, skipped.roles], [true, none, 1])
  })
  await t.test('makes what is missing', async () => {
    for (const resource of ['app?filter=name%3Dfront', 'role?filter=name%3Dreader', 'service?filter=name%3Dshop'])
      await client.ok('DELETE', `system/${resource}`)
    const { success, created, errors } = await client.ok('POST', 'system/config_package', { manifest: all })
    assert.deepEqual([success, created, errors], [true, { services: 1, roles: 1, apps: 1 }, []])
    const again = await client.ok('GET', 'system/config_package')
    assert.deepEqual(again.roles, all.roles)
  })
  await t.test('replaces the rows of a role wholly', async () => {
    const roles = [
      { name: 'reader', description: 'new', service_access: [{ service: 'SHOP', component: 'x', verb_mask: 3 }] },
    ]
    const { updated } = await client.ok('POST', 'system/config_package?overwrite=true', { format: all.format, roles })
    assert.equal(updated.roles, 1)
    const [role] = (await client.ok('GET', 'system/role?filter=name%3Dreader&related=role_service_access_by_role_id'))
      .resource
    assert.deepEqual(
      role.role_service_access_by_role_id.map((row: { component: string }) => row.component),
      ['x'],
    )
    assert.equal(role.description, 'new')
  })
  await t.test('says what it could not make', async () => {
    const apps = [{ name: 'lost', role: 'nobody' }, { name: '' }]
    const { success, errors } = await client.ok('POST', 'system/config_package', { format: all.format, apps })
    assert.deepEqual(
      [success, errors],
      [false, ["app 'lost': There is no role 'nobody'.", "app '': Invalid data supplied. The name field is required."]],
    )
  })
  await t.test('of another format is refused', async () => {
    const answer = await client.send('POST', 'system/config_package', { format: 'x' })
    assert.deepEqual([answer.status, answer.body.error.message], [400, 'Unsupported config package format.'])
  })
})

test('the manifest', async () => {
  const { service, version } = await client.ok('GET', 'system/package')
  assert.equal(version, '0.1')
  assert.deepEqual(
    service.system.admin.map((each: { email: string }) => each.email),
    ['admin@example.org'],
  )
  assert.ok(service.system.app.includes('front'))
  assert.equal(service.shop.reachable, true)
})

test('tables of imported records', async (t) => {
  const csv = (text: string, query: string) =>
    fetch(`${client.server.url}/api/v2/system/import?${query}`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv', 'X-DreamFactory-Session-Token': client.token },
      body: text,
    })
  await t.test('of CSV', async () => {
    const answer = await csv('name,amount,price,code\nAnn,1,1.5,007\n"B, C",2,,008\n', 'service=shop&resource=orders')
    assert.deepEqual(
      [answer.status, await answer.json()],
      [200, { resource: `${client.server.url}/api/v2/shop/_table/orders` }],
    )
    const { resource } = await client.ok('GET', 'shop/_table/orders?order=id')
    assert.deepEqual(resource, [
      { id: 1, name: 'Ann', amount: 1, price: 1.5, code: '007' },
      { id: 2, name: 'B, C', amount: 2, price: null, code: '008' },
    ])
  })
  await t.test('of JSON', async () => {
    await client.ok('POST', 'system/import?service=shop&resource=things', {
      resource: [
        { id: 7, tags: ['a'] },
        { id: 9, more: 'x' },
      ],
    })
    const { resource } = await client.ok('GET', 'shop/_table/things/9?fields=*').then((row) => ({ resource: row }))
    assert.deepEqual(resource, { id: 9, tags: null, more: 'x' })
  })
  const bad = [
    { name: 'no service', query: 'resource=x', status: 400 },
    { name: 'no table', query: 'service=shop', status: 400 },
    { name: 'a bad name', query: 'service=shop&resource=a;b', status: 400 },
    { name: 'an unknown service', query: 'service=nope&resource=x', status: 404 },
    { name: 'nothing', query: 'service=shop&resource=x', text: '', status: 400 },
  ]
  for (const { name, query, text = 'a\n1\n', status } of bad) {
    await t.test(`not of ${name}`, async () => assert.equal((await csv(text, query)).status, status))
  }
})
