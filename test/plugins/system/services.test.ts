/** Services over HTTP: configurations and their secrets, what is built in, and changes seen by the next request (control-plane 4.3). */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { type Client, notInSqlite, startClient } from './client.ts'

let client: Client
before(async () => {
  client = await startClient()
})
after(() => client.server.stop())

const mysql = (name: string) => ({
  name,
  type: 'mysql',
  is_active: true,
  config: { host: 'h', port: '3306', database: 'd', username: 'hr', password: 'pa55word of hr' },
})

test('what is built in', async (t) => {
  const cases = [
    { name: 'system is not deleted', method: 'DELETE', path: 'service/1', status: 403 },
    { name: 'user is not deleted', method: 'DELETE', path: 'service/7', status: 403 },
    { name: 'nor by its id in a list', method: 'DELETE', path: 'service?ids=7', status: 400 },
    { name: 'system keeps its name', method: 'PATCH', path: 'service/1', body: { name: 'sys' }, status: 403 },
    { name: 'system stays active', method: 'PATCH', path: 'service/1', body: { is_active: false }, status: 403 },
    {
      name: 'a label can be changed',
      method: 'PATCH',
      path: 'service/1',
      body: { label: '<b>System</b>', name: 'system' },
      status: 200,
    },
    {
      name: 'so can the settings',
      method: 'PATCH',
      path: 'service/1',
      body: { config: { invite_email_service_id: '6' } },
      status: 200,
    },
  ]
  for (const { name, method, path, body, status } of cases) {
    await t.test(name, async () => assert.equal((await client.send(method, `system/${path}`, body)).status, status))
  }
  const system = await client.ok('GET', 'system/service/1')
  assert.deepEqual([system.label, system.config.invite_email_service_id], ['System', 6])
  assert.deepEqual([system.mutable, system.deletable], [false, false])
})

test('what is refused', async (t) => {
  const cases = [
    {
      name: 'a bad name',
      record: { ...mysql('bad name!') },
      message: 'Invalid data supplied. Service name should only contain letters, numbers, underscores and dashes.',
    },
    {
      name: 'a name that is taken, in another case',
      record: mysql('DB'),
      message: 'Invalid data supplied. The name has already been taken.',
    },
    { name: 'no type', record: { name: 'x' }, message: 'Invalid data supplied. The type field is required.' },
    { name: 'a type that nobody knows', record: { name: 'x', type: 'nope' }, message: "Unknown service type 'nope'." },
    {
      name: 'a database without a name',
      record: { name: 'x', type: 'sqlite', config: { nope: 1 } },
      message: 'Database connection information must contain at least database name.',
    },
    {
      name: 'a port that is no number',
      record: { ...mysql('x'), config: { host: 'h', database: 'd', port: 'x' } },
      message: "The setting 'port' (Port Number) must be a whole number.",
    },
  ]
  for (const { name, record, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send('POST', 'system/service', { resource: [record] })
      assert.equal(answer.status, 400)
      assert.equal(answer.body.error.context.resource[0].message, message)
    })
  }
})

test('a service of a type that is not here is stored, and its calls answer 503', async () => {
  await client.create('service', { ...mysql('away'), type: 'oracle' })
  const answer = await client.send('GET', 'away/_table')
  assert.equal(answer.status, 503)
  assert.match(answer.body.error.message, /oracle/)
})

test('secrets', async (t) => {
  const id = await client.create('service', mysql('secretive'))
  const config = async () => (await client.ok('GET', `system/service/${id}?fields=config`)).config
  await t.test('are masked', async () => {
    const { password, username, port } = await config()
    assert.deepEqual([password, username, port], ['**********', 'hr', 3306])
  })
  await t.test('are nowhere in the data folder', () => {
    const data = join(client.server.folder, 'data')
    for (const file of readdirSync(data).filter((name) => name.startsWith('system.sqlite'))) {
      assert.ok(!readFileSync(join(data, file)).includes('pa55word of hr'), file)
    }
  })
  await t.test('stay when the whole record comes back', async () => {
    const record = await client.ok('GET', `system/service/${id}`)
    await client.ok('PUT', `system/service/${id}`, { ...record, config: { ...record.config, port: 3307 } })
    const { password, port, host } = await config()
    assert.deepEqual([password, port, host], ['**********', 3307, 'h'])
  })
  await t.test('are cleared by an empty text', async () => {
    await client.ok('PATCH', `system/service/${id}`, { config: { password: '' } })
    assert.equal((await config()).password, null)
  })
})

test('two changes of one configuration at once both count', async () => {
  const id = await client.create('service', mysql('busy'))
  const changes = [{ charset: 'utf8mb4' }, { timezone: 'UTC' }, { collation: 'x' }, { modes: 'y' }, { max_records: 7 }]
  const answers = await Promise.all(changes.map((config) => client.send('PATCH', `system/service/${id}`, { config })))
  assert.deepEqual(
    answers.map((answer) => answer.status),
    changes.map(() => 200),
  )
  const { config } = await client.ok('GET', `system/service/${id}`)
  for (const change of changes) for (const [name, value] of Object.entries(change)) assert.equal(config[name], value)
})

test('a change is seen by the next request', async () => {
  const id = await client.create('service', {
    name: 'Fresh',
    type: 'sqlite',
    is_active: true,
    config: { database: 'fresh.sqlite' },
  })
  const status = async (name: string): Promise<number> => (await client.send('GET', `${name}/_table`)).status
  assert.equal(await status('fresh'), 200)
  await client.ok('PATCH', `system/service/${id}`, { is_active: false })
  const inactive = await client.send('GET', 'fresh/_table')
  assert.deepEqual([inactive.status, inactive.body.error.message], [403, 'Service Fresh is deactivated.'])
  await client.ok('PATCH', `system/service/${id}`, { is_active: true, name: 'renamed' })
  assert.deepEqual([await status('fresh'), await status('renamed')], [404, 200])
  await client.ok('DELETE', `system/service/${id}`)
  assert.equal(await status('renamed'), 404)
})

test("a row filter that can't be understood lets nothing through, in the words of the contract", async () => {
  const databases = join(client.server.folder, 'data', 'databases')
  mkdirSync(databases, { recursive: true })
  const file = new DatabaseSync(join(databases, 'filtered.sqlite'))
  file.exec("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO thing (name) VALUES ('a')")
  file.close()
  const id = await client.create('service', {
    name: 'filtered',
    type: 'sqlite',
    is_active: true,
    config: { database: 'filtered.sqlite' },
  })
  const row = {
    service_id: id,
    component: '_table/thing/*',
    verb_mask: 31,
    requestor_mask: 1,
    filters: [{ name: 'name', operator: 'near', value: 'a' }],
  }
  const role = await client.create('role', {
    name: 'broken filter',
    is_active: true,
    role_service_access_by_role_id: [row],
  })
  const { resource } = await client.ok('POST', 'system/app?fields=api_key', {
    resource: [{ name: 'broken filter', is_active: true, role_id: role }],
  })
  const who = { key: resource[0].api_key as string }
  const asked = [
    ['GET', 'filtered/_table/thing', undefined],
    ['GET', 'filtered/_table/thing/1', undefined],
    ['GET', 'filtered/_table/thing?count_only=true', undefined],
    ['PATCH', 'filtered/_table/thing/1', { name: 'b' }],
    ['DELETE', 'filtered/_table/thing?filter=id%3E0', undefined],
  ] as const
  for (const [method, path, body] of asked) {
    const answer = await client.send(method, path, body, who)
    assert.deepEqual(
      [answer.status, answer.body.error.message],
      [500, 'Invalid server-side filter configuration detected.'],
      `${method} ${path}`,
    )
  }
})

test('what hangs on a service goes with it', async () => {
  const id = await client.create('service', mysql('short_lived'))
  const role = await client.create('role', {
    name: 'of it',
    role_service_access_by_role_id: [{ service_id: id, component: '*', verb_mask: 1 }],
  })
  const app = await client.create('app', { name: 'stored there', type: 1, storage_service_id: id })
  await client.ok('DELETE', `system/service/${id}`)
  assert.deepEqual(
    (await client.ok('GET', `system/role/${role}?related=role_service_access_by_role_id`))
      .role_service_access_by_role_id,
    [],
  )
  assert.equal((await client.ok('GET', `system/app/${app}`)).storage_service_id, null)
})

test('service types', async (t) => {
  await t.test('are listed by name, with their forms', async () => {
    const { resource } = await client.ok('GET', 'system/service_type')
    const names: string[] = resource.map((each: { name: string }) => each.name)
    assert.deepEqual(names, [...names].sort())
    for (const type of resource) assert.ok(Array.isArray(type.config_schema), type.name)
  })
  await t.test('by group, in any case', { skip: notInSqlite }, async () => {
    assert.deepEqual(await client.ok('GET', 'system/service_type?group=database&fields=name,label'), {
      resource: [{ name: 'sqlite', label: 'SQLite' }],
    })
  })
  await t.test('offer what there is', async () => {
    const { config_schema } = await client.ok('GET', 'system/service_type/system')
    const field = (name: string) => config_schema.find((each: { name: string }) => each.name === name)
    assert.deepEqual(field('invite_email_template_id').values[1], { label: 'User Invite Default', name: 1 })
    assert.deepEqual(field('invite_email_service_id').values, [
      { label: '', name: null },
      { label: 'email', name: 6 },
    ])
  })
  await t.test('unknown', async () => {
    const answer = await client.send('GET', 'system/service_type/nope')
    assert.deepEqual([answer.status, answer.body.error.message], [404, "Service type 'nope' not found."])
  })
})

test('the environment', async (t) => {
  const path = 'system/environment'
  await t.test('tells strangers how to log in, and nothing of the machine', async () => {
    const body = await client.ok('GET', path, undefined, {})
    assert.deepEqual(Object.keys(body), ['authentication', 'apps'])
    assert.deepEqual(
      [body.apps, body.authentication.login_attribute, body.authentication.open_reg_email_service_id],
      [[], 'email', 6],
    )
  })
  await t.test('tells apps what runs here, without licence key and server', async () => {
    const role = await client.create('role', { name: 'env', is_active: true })
    const { resource } = await client.ok('POST', 'system/app?fields=api_key', {
      resource: [{ name: 'env', is_active: true, role_id: role }],
    })
    const body = await client.ok('GET', path, undefined, { key: resource[0].api_key })
    assert.deepEqual(Object.keys(body), ['authentication', 'apps', 'platform', 'client', 'config'])
    assert.ok(!('license_key' in body.platform))
  })
  await t.test('tells administrators all', async () => {
    const body = await client.ok('GET', path)
    assert.ok(body.server.host && body.php.core.php_version && body.platform.license_key === false)
    assert.ok(body.apps.length >= 3)
  })
  await t.test('can only be read', async () => {
    assert.equal((await client.send('POST', path, {})).status, 405)
  })
})

test('a service is tested where that is asked for, and saved all the same', async (t) => {
  const mail = { name: 'nowhere', type: 'smtp_email', is_active: true, config: { host: '127.0.0.1', port: 1 } }
  const { resource } = await client.ok('POST', 'system/service?test=true', { resource: [mail] })
  const [{ id, state }] = resource
  assert.deepEqual(Object.keys(state), ['status', 'message', 'ms'])
  assert.deepEqual([state.status, state.message], ['unavailable', 'The mail server can not be used.'])
  const local = { name: 'tested', type: 'sqlite', is_active: true, config: { database: 'tested.sqlite' } }
  await client.create('service', local)
  const inactive = { ...local, name: 'asleep', is_active: false }
  await client.create('service', inactive)
  const cases = [
    { name: 'one that can be reached', path: 'filter=name=tested', status: 'ready' },
    { name: 'one that can not', path: 'filter=name=nowhere', status: 'unavailable' },
    { name: 'an inactive one', path: 'filter=name=asleep', status: 'inactive' },
    { name: 'beside fields', path: 'filter=name=tested&fields=name', status: 'ready' },
  ]
  for (const { name, path, status } of cases) {
    await t.test(name, async () => {
      const [shown] = (await client.ok('GET', `system/service?test=true&${path}`)).resource
      assert.equal(shown.state.status, status)
    })
  }
  await t.test('a change', async () => {
    const shown = await client.ok('PATCH', `system/service/${id}?test=true`, { label: 'x' })
    assert.deepEqual([shown.id, shown.state.status], [id, 'unavailable'])
  })
  await t.test('without being asked for there is no state', async () => {
    assert.ok(!('state' in (await client.ok('GET', `system/service/${id}`))))
  })
})
