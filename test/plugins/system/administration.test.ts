/** What an administrator keeps beside roles, apps, users and services, over HTTP (control-plane 4, 7.2, 10). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, startClient } from './client.ts'

let client: Client
before(async () => {
  client = await startClient()
})
after(() => client.server.stop())

const isStamp = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/.test(text)

/** The record without its stamps, which are checked. */
function withoutStamps(record: { readonly [field: string]: unknown }): object {
  const { created_date, last_modified_date, created_by_id, last_modified_by_id, ...rest } = record
  assert.ok(isStamp(String(created_date)) && isStamp(String(last_modified_date)))
  assert.equal(created_by_id, 1)
  assert.ok(last_modified_by_id === null || last_modified_by_id === 1)
  return rest
}

test('lookups', async (t) => {
  const made = await client.ok('POST', 'system/lookup?fields=*', {
    resource: [
      { name: 'glob', value: 10002 },
      { name: 'secret', value: 's3cret', private: true },
    ],
  })
  const [glob, secret] = made.resource
  assert.deepEqual(made.resource.map(withoutStamps), [
    { id: glob.id, name: 'glob', value: '10002', private: false, description: null },
    { id: secret.id, name: 'secret', value: '**********', private: true, description: null },
  ])
  await t.test('of a role are not among them', async () => {
    await client.create('role', { name: 'with lookup', lookup_by_role_id: [{ name: 'glob', value: 'r' }] })
    const { resource, meta } = await client.ok('GET', 'system/lookup?include_count=true')
    assert.deepEqual([resource.length, meta.count], [2, 2])
  })
  await t.test('have their names once, in any case', async () => {
    const twice = 'Lookup name can not be modified to one that already exists.'
    const again = await client.send('POST', 'system/lookup', { resource: [{ name: 'GLOB', value: 'x' }] })
    assert.equal(again.body.error.context.resource[0].message, twice)
    const renamed = await client.send('PATCH', `system/lookup/${secret.id}`, { name: 'Glob' })
    assert.deepEqual([renamed.status, renamed.body.error.message], [400, twice])
  })
  await t.test('keep a private value that comes back as the mask', async () => {
    await client.ok('PATCH', `system/lookup/${secret.id}`, { value: '**********', description: 'd' })
    const shown = await client.ok('PATCH', `system/lookup/${secret.id}?fields=value,last_modified_by_id`, {
      private: false,
    })
    assert.deepEqual(shown, { value: 's3cret', last_modified_by_id: 1 })
  })
  await t.test('can not be given an owner', async () => {
    await client.ok('PATCH', `system/lookup/${glob.id}`, { role_id: 1 })
    assert.equal((await client.ok('GET', `system/lookup/${glob.id}`)).name, 'glob')
  })
  await t.test('are deleted', async () => {
    const gone = await client.ok('DELETE', `system/lookup?ids=${glob.id},${secret.id}`)
    assert.deepEqual(gone.resource, [{ id: glob.id }, { id: secret.id }])
  })
})

test('CORS rules', async (t) => {
  const rule = {
    path: 'api/*',
    description: 'c',
    origin: 'http://app.example.com',
    header: '*',
    exposed_header: 'X-Foo',
    method: ['GET', 'POST'],
    max_age: 600,
    supports_credentials: true,
    enabled: true,
  }
  const made = await client.ok('POST', 'system/cors?fields=*', { resource: [rule] })
  const { id } = made.resource[0]
  assert.deepEqual(withoutStamps(made.resource[0]), { id, ...rule })
  const ask = (method: string, headers: Record<string, string>) =>
    fetch(`${client.server.url}/api/v2/system/environment`, { method, headers })
  const origin = 'http://app.example.com'
  await t.test('are in force at once', async () => {
    const { headers } = await ask('GET', { Origin: origin })
    assert.deepEqual(
      ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-expose-headers'].map((name) =>
        headers.get(name),
      ),
      [origin, 'true', 'X-Foo'],
    )
    const preflight = await ask('OPTIONS', { Origin: origin, 'Access-Control-Request-Method': 'POST' })
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-max-age')], [204, '600'])
  })
  const refused = [
    { name: 'another origin', headers: { Origin: 'http://evil.example.com', 'Access-Control-Request-Method': 'GET' } },
    { name: 'another verb', headers: { Origin: origin, 'Access-Control-Request-Method': 'DELETE' } },
  ]
  for (const { name, headers } of refused) {
    await t.test(`refuse ${name}`, async () => assert.equal((await ask('OPTIONS', headers)).status, 405))
  }
  const bad = [
    {
      name: 'nothing',
      record: { description: 'x' },
      message: 'Invalid data supplied. The path is required. The origin is required.',
    },
    {
      name: 'a path that is there',
      record: { ...rule },
      message: 'Invalid data supplied. The path has already been taken.',
    },
    {
      name: 'an unknown verb',
      record: { ...rule, path: 'b', method: ['BREW'] },
      message: "Field 'method' has an unknown verb: BREW",
    },
    {
      name: 'a broken expression',
      record: { ...rule, path: '^(' },
      message: 'Invalid data supplied. The path is no regular expression.',
    },
  ]
  for (const { name, record, message } of bad) {
    await t.test(`are not made of ${name}`, async () => {
      const answer = await client.send('POST', 'system/cors', { resource: [record] })
      assert.equal(answer.body.error.context.resource[0].message, message)
    })
  }
  await t.test('end when they are disabled', async () => {
    await client.ok('PATCH', `system/cors/${id}`, { enabled: false })
    assert.equal((await ask('GET', { Origin: origin })).headers.get('access-control-allow-origin'), null)
  })
})

test('email templates', async (t) => {
  const sent = {
    name: 't1',
    to: ['a@example.org', { name: 'B', email: 'b@example.org' }],
    cc: 'c@example.org',
    subject: 'Hi {first_name}',
    body_html: '<b>{x}</b>',
    defaults: { x: 'dx' },
  }
  const made = await client.ok('POST', 'system/email_template?fields=*', { resource: [sent] })
  const { id } = made.resource[0]
  await t.test('read as they were sent', () => {
    const { to, cc, bcc, defaults, attachment } = made.resource[0]
    assert.deepEqual(
      { to, cc, bcc, defaults, attachment },
      { to: sent.to, cc: sent.cc, bcc: null, defaults: sent.defaults, attachment: null },
    )
  })
  await t.test('there are three to begin with', async () => {
    const { resource } = await client.ok('GET', 'system/email_template?fields=id,name&filter=id<4')
    assert.deepEqual(
      resource.map((each: { name: string }) => each.name),
      ['User Invite Default', 'User Registration Default', 'Password Reset Default'],
    )
  })
  const bad = [
    {
      name: 'no name',
      record: { subject: 'x' },
      message: 'Invalid data supplied. The Template Name field is required',
    },
    {
      name: 'a name that is there',
      record: { name: 't1' },
      message: 'Invalid data supplied. The name has already been taken.',
    },
    {
      name: 'a subject of two lines',
      record: { name: 't2', subject: 'a\nb' },
      message: 'Invalid data supplied. The subject field must be one line.',
    },
    {
      name: 'defaults that are no object',
      record: { name: 't2', defaults: [1] },
      message: "Field 'defaults' must be an object of names and values.",
    },
  ]
  for (const { name, record, message } of bad) {
    await t.test(`are not made of ${name}`, async () => {
      const answer = await client.send('POST', 'system/email_template', { resource: [record] })
      assert.equal(answer.body.error.context.resource[0].message, message)
    })
  }
  await t.test('are deleted', async () =>
    assert.deepEqual(await client.ok('DELETE', `system/email_template/${id}`), { id }),
  )
})

test('names and values', async (t) => {
  for (const service of ['system', 'user']) {
    const path = `${service}/custom`
    const sent = [
      { name: 'k1', value: { a: 1 } },
      { name: 'k2', value: 's' },
      { name: '__proto__', value: null },
    ]
    const steps = [
      {
        name: 'are made',
        method: 'POST',
        path,
        body: { resource: sent },
        status: 201,
        expected: { resource: sent.map(({ name }) => ({ name })) },
      },
      { name: 'are read bare', method: 'GET', path: `${path}/k1`, status: 200, expected: { a: 1 } },
      {
        name: 'are read bare, whatever they are',
        method: 'GET',
        path: `${path}/__proto__`,
        status: 200,
        expected: null,
      },
      {
        name: 'are changed',
        method: 'PUT',
        path: `${path}/k1`,
        body: { value: [1] },
        status: 200,
        expected: { name: 'k1' },
      },
      { name: 'are read changed', method: 'GET', path: `${path}/k1`, status: 200, expected: [1] },
      {
        name: 'are changed in a list',
        method: 'PATCH',
        path,
        body: { resource: [{ name: 'k2', value: 2 }] },
        status: 200,
        expected: { resource: [{ name: 'k2' }] },
      },
      { name: 'are read changed in a list', method: 'GET', path: `${path}/k2`, status: 200, expected: 2 },
      { name: 'are deleted', method: 'DELETE', path: `${path}/k1`, status: 200, expected: { name: 'k1' } },
      {
        name: 'are deleted by ids',
        method: 'DELETE',
        path: `${path}?ids=k2,__proto__`,
        status: 200,
        expected: { resource: [{ name: 'k2' }, { name: '__proto__' }] },
      },
      { name: 'are gone', method: 'GET', path, status: 200, expected: { resource: [] } },
    ]
    for (const { name, method, path: where, body, status, expected } of steps) {
      await t.test(`of ${service} ${name}`, async () => {
        const answer = await client.send(method, where, body)
        assert.deepEqual([answer.status, answer.body], [status, expected])
      })
    }
    await t.test(`of ${service}: an unknown one`, async () => {
      const answer = await client.send('GET', `${path}/nope`)
      assert.deepEqual([answer.status, answer.body.error.message], [404, "Record with identifier 'nope' not found."])
    })
  }
  await t.test('show who made them, those of the system alone', async () => {
    for (const service of ['system', 'user'])
      await client.ok('POST', `${service}/custom`, { resource: [{ name: 'k', value: 1 }] })
    const [ofSystem] = (await client.ok('GET', 'system/custom')).resource
    assert.deepEqual(withoutStamps(ofSystem), { name: 'k', value: 1 })
    const [ofUser] = (await client.ok('GET', 'user/custom')).resource
    assert.deepEqual(Object.keys(ofUser), ['name', 'value', 'created_date', 'last_modified_date'])
  })
  await t.test('of nobody', async () => {
    const answer = await client.send('GET', 'user/custom', undefined, {})
    assert.equal(answer.status, 400)
  })
})

test('what can only be read', async (t) => {
  const cases = [
    { path: 'constant', status: 200, body: { resource: [] } },
    { path: 'constant/verbs', status: 200, body: { resource: [] } },
    {
      path: 'event?services_only=true',
      status: 200,
      body: { resource: ['api_docs', 'db', 'email', 'files', 'logs', 'system', 'user'] },
    },
    {
      path: 'cache',
      status: 200,
      body: { resource: ['system', 'api_docs', 'files', 'logs', 'db', 'email', 'user'].map((name) => ({ name })) },
    },
  ]
  for (const { path, status, body } of cases) {
    await t.test(path, async () => {
      const answer = await client.send('GET', `system/${path}`)
      assert.deepEqual([answer.status, answer.body], [status, body])
    })
  }
  for (const resource of ['constant', 'event', 'audit', 'service_report']) {
    await t.test(`${resource} takes no POST`, async () => {
      const answer = await client.send('POST', `system/${resource}`, { resource: [{ name: 'x' }] })
      assert.deepEqual(
        [answer.status, answer.body.error.message],
        [400, `POST requests without a resource are not currently supported by the '${resource}' service.`],
      )
    })
  }
  await t.test('import has no GET', async () => {
    const answer = await client.send('GET', 'system/import')
    assert.equal(
      answer.body.error.message,
      "GET requests without a resource are not currently supported by the 'import' service.",
    )
  })
})

test('events', async (t) => {
  await client.create('service', { name: 'shop', type: 'sqlite', is_active: true, config: { database: 'shop.sqlite' } })
  const { shop } = await client.ok('GET', 'system/event?service=shop')
  await t.test('of an empty database', () => {
    assert.deepEqual(shop['shop._table.{table_name}.{id}'], {
      type: 'api',
      endpoints: ['get', 'put', 'patch', 'delete'].map((verb) => `shop._table.{table_name}.{id}.${verb}`),
      parameter: null,
    })
    assert.equal('shop._proc' in shop, false)
  })
  await t.test('that scripts may have', async () => {
    const { user } = await client.ok('GET', 'system/event?service=user&scriptable=true')
    assert.deepEqual(
      user['user.register'].endpoints,
      ['', '.pre_process', '.post_process', '.queued'].map((end) => `user.register.post${end}`),
    )
  })
  await t.test('as a list', async () => {
    const { resource } = await client.ok('GET', 'system/event?service=system&as_list=true')
    for (const name of ['system.get', 'system.role.{id}.patch', 'system.admin.session.post'])
      assert.ok(resource.includes(name), name)
  })
})

test('caches are cleared', async (t) => {
  const cases = [
    { path: 'cache', status: 200 },
    { path: 'cache/DB', status: 200 },
    { path: 'cache/files', status: 200 },
    { path: 'cache/_event', status: 200 },
    { path: 'cache/_event/db.get', status: 200 },
    { path: 'cache/nope', status: 404 },
  ]
  for (const { path, status } of cases) {
    await t.test(path, async () => {
      const answer = await client.send('DELETE', `system/${path}`)
      assert.equal(answer.status, status)
      if (status === 200) assert.deepEqual(answer.body, { success: true })
      else assert.equal(answer.body.error.message, 'Could not find a service for nope')
    })
  }
})

test('the document of a service', async (t) => {
  const relation = 'service_doc_by_service_id'
  const id = await client.create('service', { name: 'doc', type: 'rws', [relation]: { content: '{"a":1}', format: 0 } })
  const read = async () => (await client.ok('GET', `system/service/${id}?fields=id&related=${relation}`))[relation]
  await t.test('comes with it', async () => {
    const { created_date, last_modified_date, ...doc } = await read()
    assert.deepEqual(doc, { service_id: id, format: 0, content: '{"a":1}' })
    assert.ok(isStamp(created_date) && isStamp(last_modified_date))
  })
  const steps = [
    { name: 'is changed', sent: { content: 'a: 2', format: 1 }, expected: [1, 'a: 2'] },
    { name: 'is changed, named by its service', sent: { service_id: id, content: 'a: 3' }, expected: [1, 'a: 3'] },
    { name: 'goes with null', sent: null, expected: null },
    { name: 'comes again', sent: { content: '{}', format: 0 }, expected: [0, '{}'] },
    {
      name: 'may be the URL of one',
      sent: { content: 'https://example.com/a.json' },
      expected: [0, 'https://example.com/a.json'],
    },
    { name: 'may be an object', sent: { content: { a: 1 } }, expected: [0, '{"a":1}'] },
    { name: 'may be empty', sent: { content: '' }, expected: [0, ''] },
    {
      name: 'may name its service',
      sent: { content: 'paths:\n  /{service.name}: {}\n', format: 1 },
      expected: [1, 'paths:\n  /{service.name}: {}\n'],
    },
  ]
  for (const { name, sent, expected } of steps) {
    await t.test(name, async () => {
      await client.ok('PATCH', `system/service/${id}`, { [relation]: sent })
      const doc = await read()
      assert.deepEqual(doc === null ? null : [doc.format, doc.content], expected)
    })
  }
  const broken = [
    {
      name: 'of half an object',
      content: '{"openapi":"3.0.0", "paths": {',
      message: /^Field 'content' is neither JSON nor/,
    },
    {
      name: 'of torn YAML',
      content: 'openapi: 3.0.0\n paths: {',
      message: /^Field 'content' is neither JSON nor YAML\. /,
    },
    { name: 'that is a word', content: 'petstore', message: /must be an OpenAPI document, which is an object/ },
    { name: 'that is a list', content: [1], message: /must be an OpenAPI document, which is an object/ },
  ]
  for (const { name, content, message } of broken) {
    await t.test(`${name} is refused`, async () => {
      const { status, body } = await client.send('PATCH', `system/service/${id}`, { [relation]: { content } })
      assert.equal(status, 400)
      assert.match(body.error.message, message)
    })
  }
  await t.test('goes with its service', async () => {
    await client.ok('DELETE', `system/service/${id}`)
    const again = await client.create('service', { name: 'doc', type: 'rws' })
    assert.equal((await client.ok('GET', `system/service/${again}?related=${relation}`))[relation], null)
  })
})

test('related rows', async (t) => {
  const role = await client.create('role', {
    name: 'paired',
    role_service_access_by_role_id: [{ service_id: 5, verb_mask: 1 }],
  })
  const app = await client.create('app', { name: 'aliased', lookup_by_app_id: [{ name: 'a', value: '1' }] })
  await t.test('of many-many relations carry both ids', async () => {
    const { service_by_role_service_access: services } = await client.ok(
      'GET',
      `system/role/${role}?fields=name&related=service_by_role_service_access`,
    )
    assert.deepEqual(services[0].pivot, { role_id: role, service_id: 5 })
    assert.equal(services[0].config.database, 'db.sqlite')
  })
  await t.test('of an app have two names', async () => {
    const changed = await client.ok('PATCH', `system/app/${app}?fields=id&related=app_lookup_by_app_id`, {
      app_lookup_by_app_id: [{ name: 'b', value: '2' }],
    })
    assert.deepEqual(
      changed.app_lookup_by_app_id.map((each: { name: string }) => each.name),
      ['a', 'b'],
    )
  })
  for (const relation of ['outbox_by_user_id', 'user_custom_by_user_id', 'limits_by_user_id', 'role_by_limits']) {
    await t.test(`${relation} is none`, async () => {
      const answer = await client.send('GET', `system/user?related=${relation}`)
      assert.deepEqual([answer.status, answer.body.error.message], [400, `Unknown relationship: ${relation}`])
    })
  }
})

test('computed fields may be asked for', async () => {
  const { resource } = await client.ok('GET', 'system/app?fields=id,launch_url&limit=1')
  assert.deepEqual(Object.keys(resource[0]), ['id', 'launch_url'])
  const admin = await client.ok('GET', 'system/admin/1?fields=confirmed')
  assert.deepEqual([admin.id, admin.confirmed], [1, true])
})
