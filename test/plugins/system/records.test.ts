/** Roles, apps, users and administrators over HTTP: records with their children, in one transaction (control-plane 1.1, 2.1, 3.1, 4.1). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Client, startClient } from './client.ts'

let client: Client
before(async () => {
  client = await startClient()
})
after(() => client.server.stop())

const password = 'a long enough password'
const isStamp = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/.test(text)

test('what is refused, for every resource', async (t) => {
  const none = `No record(s) detected in request. Please make sure record(s) are wrapped in a 'resource' tag. Example: {"resource":[{"record":1},{"record":2}]}`
  const cases = [
    {
      name: 'an unknown resource',
      method: 'GET',
      path: 'nope',
      status: 404,
      message: "Resource 'nope' not found for service 'system'.",
    },
    {
      name: 'an unknown record',
      method: 'GET',
      path: 'role/9999',
      status: 404,
      message: "Record with identifier '9999' not found.",
    },
    {
      name: 'an id that is no number',
      method: 'GET',
      path: 'role/abc',
      status: 404,
      message: "Record with identifier 'abc' not found.",
    },
    {
      name: 'a child that admin has not',
      method: 'GET',
      path: 'admin/abc',
      status: 404,
      message: "Resource 'abc' not found for service 'admin'.",
    },
    {
      name: 'an unknown relation',
      method: 'GET',
      path: 'role?related=nope',
      status: 400,
      message: 'Unknown relationship: nope',
    },
    {
      name: 'an unknown field of a filter',
      method: 'GET',
      path: 'role?filter=nope%3D1',
      status: 400,
      message: "Invalid or unparsable field in filter request: 'nope'",
    },
    {
      name: 'a hidden field of a filter',
      method: 'GET',
      path: "user?filter=password%20like%20'%25'",
      status: 400,
      message: "Invalid or unparsable field in filter request: 'password'",
    },
    {
      name: 'a hidden field',
      method: 'GET',
      path: 'user?fields=id,password',
      status: 400,
      message: 'Invalid field requested: password',
    },
    { name: 'an order by a hidden field', method: 'GET', path: 'user?order=confirm_code', status: 400 },
    { name: 'an empty body', method: 'POST', path: 'role', body: {}, status: 400, message: none },
    { name: 'a bare record', method: 'POST', path: 'role', body: { name: 'x' }, status: 400, message: none },
    {
      name: 'a created record by id',
      method: 'POST',
      path: 'role/1',
      body: { name: 'x' },
      status: 400,
      message: 'Create record by identifier not currently supported.',
    },
    {
      name: 'a delete of everything',
      method: 'DELETE',
      path: 'role',
      status: 400,
      message: 'No filter or records given for delete request.',
    },
    {
      name: 'a changed record that is not there',
      method: 'PATCH',
      path: 'role/9999',
      body: { description: 'x' },
      status: 404,
      message: "Record with identifier '9999' not found.",
    },
    { name: 'what is not installed', method: 'GET', path: 'scheduler', status: 404 },
  ]
  for (const { name, method, path, body, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send(method, `system/${path}`, body)
      assert.equal(answer.status, status)
      if (message !== undefined) assert.equal(answer.body.error.message, message)
    })
  }
})

test('a role with its children', async (t) => {
  const sent = {
    name: 'clerk',
    description: 'd'.repeat(300),
    is_active: true,
    lookup_by_role_id: [
      { name: 'dept', value: 'd005' },
      { name: 'secret', value: 's3cret', private: true },
    ],
    role_service_access_by_role_id: [
      { service_id: '5', component: '_table/*', verb_mask: 1, requestor_mask: 1 },
      { service_id: null, component: '*', verb_mask: 31, requestor_mask: 3, filters: [], filter_op: 'OR' },
    ],
  }
  const related = 'related=role_service_access_by_role_id,lookup_by_role_id'
  const { resource } = await client.ok('POST', `system/role?fields=*&${related}`, { resource: [sent] })
  const [role] = resource
  const id: number = role.id
  const [access] = role.role_service_access_by_role_id

  await t.test('is answered as it was stored', () => {
    assert.equal(role.description.length, 255)
    assert.ok(isStamp(role.created_date) && isStamp(role.last_modified_date))
    assert.deepEqual([role.created_by_id, role.last_modified_by_id], [1, null])
    assert.deepEqual(
      [access.role_id, access.service_id, access.filters, access.filter_op, access.created_by_id],
      [id, 5, null, 'and', null],
    )
    assert.deepEqual(
      [role.role_service_access_by_role_id[1].filters, role.role_service_access_by_role_id[1].filter_op],
      [[], 'OR'],
    )
    assert.deepEqual(
      role.lookup_by_role_id.map((row: { name: string; value: string }) => [row.name, row.value]),
      [
        ['dept', 'd005'],
        ['secret', '**********'],
      ],
    )
    assert.deepEqual(Object.keys(role.lookup_by_role_id[0]), [
      'id',
      'role_id',
      'name',
      'value',
      'private',
      'description',
      'created_date',
      'last_modified_date',
      'created_by_id',
      'last_modified_by_id',
    ])
  })
  await t.test('a child is changed by its id, others stay', async () => {
    const changed = await client.ok('PATCH', `system/role/${id}?fields=id&${related}`, {
      role_service_access_by_role_id: [{ id: access.id, verb_mask: 3 }],
    })
    assert.deepEqual(
      changed.role_service_access_by_role_id.map((row: { verb_mask: number; component: string }) => [
        row.component,
        row.verb_mask,
      ]),
      [
        ['_table/*', 3],
        ['*', 31],
      ],
    )
  })
  await t.test('a child is removed by a null owner', async () => {
    const changed = await client.ok('PATCH', `system/role/${id}?fields=id&${related}`, {
      role_service_access_by_role_id: [{ id: access.id, role_id: null }],
    })
    assert.equal(changed.role_service_access_by_role_id.length, 1)
  })
  await t.test('a lookup is known by its name, and the mask leaves its value', async () => {
    const lookups = [
      { name: 'dept', value: 'd006' },
      { name: 'secret', value: '**********', private: false },
    ]
    const changed = await client.ok('PATCH', `system/role/${id}?fields=id&${related}`, { lookup_by_role_id: lookups })
    assert.deepEqual(
      changed.lookup_by_role_id.map((row: { value: string }) => row.value),
      ['d006', 's3cret'],
    )
  })
  await t.test('a lookup is not renamed onto another', async () => {
    const [first] = (await client.ok('GET', `system/role/${id}?${related}`)).lookup_by_role_id
    const answer = await client.send('PATCH', `system/role/${id}`, {
      description: 'lost',
      lookup_by_role_id: [{ id: first.id, name: 'SECRET' }],
    })
    assert.deepEqual(
      [answer.status, answer.body.error.message],
      [400, 'Lookup name can not be modified to one that already exists.'],
    )
    const after = await client.ok('GET', `system/role/${id}`)
    assert.notEqual(after.description, 'lost', 'the record and its children are one transaction')
  })
  await t.test('children of a wrong form are refused', async () => {
    const answer = await client.send('PATCH', `system/role/${id}`, { lookup_by_role_id: { name: 'x' } })
    assert.equal(
      answer.body.error.message,
      'Bad data supplied for lookup_by_role_id. Related data must be supplied as array.',
    )
  })
  await t.test('a service that is not there is refused', async () => {
    const answer = await client.send('PATCH', `system/role/${id}`, {
      role_service_access_by_role_id: [{ service_id: 999 }],
    })
    assert.deepEqual(
      [answer.status, answer.body.error.context],
      [400, { service_id: ['The selected service id is invalid.'] }],
    )
  })
  await t.test('a second one of its name is refused', async () => {
    const answer = await client.send('POST', 'system/role', { resource: [{ name: 'clerk' }] })
    assert.equal(answer.body.error.code, 1000)
    assert.equal(
      answer.body.error.context.resource[0].message,
      'Invalid data supplied. The name has already been taken.',
    )
  })
  await t.test('PUT merges', async () => {
    const put = await client.ok('PUT', `system/role/${id}?fields=*`, { description: 'put' })
    assert.deepEqual([put.name, put.description, put.last_modified_by_id], ['clerk', 'put', 1])
  })
  await t.test('goes with all that is its own', async () => {
    const app = await client.create('app', { name: 'of the clerk', role_id: id })
    const user = await client.create('user', {
      email: 'clerk@example.org',
      user_to_app_to_role_by_user_id: [{ app_id: app, role_id: id }],
    })
    const gone = await client.ok('DELETE', `system/role/${id}?fields=name`)
    assert.deepEqual(gone, { name: 'clerk' })
    assert.equal((await client.ok('GET', `system/app/${app}`)).role_id, null)
    const { user_to_app_to_role_by_user_id } = await client.ok(
      'GET',
      `system/user/${user}?related=user_to_app_to_role_by_user_id`,
    )
    assert.deepEqual(user_to_app_to_role_by_user_id, [])
  })
})

test('lists', async (t) => {
  for (const name of ['list a', 'list b', 'list c']) await client.create('role', { name })
  const filter = "filter=name%20like%20'list%25'"
  const cases = [
    {
      name: 'names in order',
      path: `role?${filter}&fields=name&order=name%20desc`,
      body: { resource: [{ name: 'list c' }, { name: 'list b' }, { name: 'list a' }] },
    },
    {
      name: 'a page, counted',
      path: `role?${filter}&fields=name&limit=1&offset=1&include_count=true`,
      body: { resource: [{ name: 'list b' }], meta: { count: 3 } },
    },
    {
      name: 'a page, not counted',
      path: `role?${filter}&fields=name&limit=1`,
      body: { resource: [{ name: 'list a' }] },
    },
    { name: 'a count', path: `role?${filter}&count_only=true`, body: 3 },
    { name: 'nothing', path: 'role?filter=name%3Dnobody', body: { resource: [] } },
    { name: 'ids', path: 'app?as_list=true&limit=3', body: { resource: [1, 2, 3] } },
    { name: 'a bare word in a filter', path: 'service?filter=name%3Ddb&fields=id', body: { resource: [{ id: 5 }] } },
    { name: 'computed fields beside those asked for', path: 'app/1?fields=id', body: { id: 1, launch_url: '' } },
    {
      name: 'the computed fields of people',
      path: 'admin?fields=id',
      body: { resource: [{ id: 1, confirmed: true, expired: false }] },
    },
  ]
  for (const { name, path, body } of cases) {
    await t.test(name, async () => assert.deepEqual(await client.ok('GET', `system/${path}`), body))
  }
  await t.test('missing ids are told', async () => {
    const answer = await client.send('GET', 'system/app?ids=1,9999&fields=id')
    assert.deepEqual([answer.status, answer.body.error.code, answer.body.error.context.error], [400, 1000, [1]])
    assert.equal(answer.body.error.context.resource[1].message, "Record with identifier '9999' not found.")
  })
})

test('who made a record is a relation', async () => {
  const id = await client.create('role', { name: 'made by the first' })
  const role = await client.ok(
    'GET',
    `system/role/${id}?fields=id&related=user_by_created_by_id,user_by_last_modified_by_id`,
  )
  assert.equal(role.user_by_created_by_id.id, 1)
  assert.equal(role.user_by_last_modified_by_id, null)
  assert.ok(!('password' in role.user_by_created_by_id))
})

test('apps', async (t) => {
  const own = '0123456789abcdef'.repeat(4)
  const { resource } = await client.ok('POST', 'system/app?fields=*', {
    resource: [{ name: 'one', type: 3, path: 'x' }],
  })
  const [app] = resource
  await t.test('get a key, and are inactive unless they say so', () => {
    assert.match(app.api_key, /^[0-9a-f]{64}$/)
    assert.deepEqual(
      [app.is_active, app.launch_url, app.url, app.toggle_location],
      [false, `${client.server.url}/x`, null, 'top'],
    )
  })
  await t.test('keep a key that they bring', async () => {
    assert.equal((await client.ok('PUT', `system/app/${app.id}?fields=api_key`, { api_key: own })).api_key, own)
  })
  await t.test('get another one where it is taken', async () => {
    const { resource: made } = await client.ok('POST', 'system/app?fields=*', {
      resource: [{ name: 'two', api_key: own }],
    })
    assert.match(made[0].api_key, /^[0-9a-f]{64}$/)
    assert.notEqual(made[0].api_key, own)
  })
  await t.test('get a new one where it is asked for', async () => {
    const { api_key } = await client.ok('PATCH', `system/app/${app.id}?regenerate=true&fields=api_key`, {
      description: 'd',
    })
    assert.notEqual(api_key, own)
  })
  await t.test('are refused with a short one', async () => {
    const answer = await client.send('PATCH', `system/app/${app.id}`, { api_key: 'chosen' })
    assert.deepEqual(
      [answer.status, answer.body.error.context],
      [400, { api_key: ['The api key field must be at least 64 characters.'] }],
    )
  })
  await t.test('are known to the next request, and unknown after they are gone', async () => {
    const role = await client.create('role', {
      name: 'for apps',
      is_active: true,
      role_service_access_by_role_id: [{ service_id: 1, component: 'role', verb_mask: 1, requestor_mask: 1 }],
    })
    const { resource: made } = await client.ok('POST', 'system/app?fields=*', {
      resource: [{ name: 'three', is_active: true, role_id: role }],
    })
    const key: string = made[0].api_key
    const read = async (): Promise<number> =>
      (await client.send('GET', 'system/role?fields=id', undefined, { key })).status
    assert.equal(await read(), 200)
    await client.ok('PATCH', `system/role/${role}`, { is_active: false })
    assert.equal(await read(), 403)
    await client.ok('PATCH', `system/role/${role}`, { is_active: true })
    await client.ok('PATCH', `system/app/${made[0].id}`, { is_active: false })
    assert.equal(await read(), 403)
    await client.ok('DELETE', `system/app/${made[0].id}`)
    assert.equal(await read(), 400)
  })
})

test('users', async (t) => {
  await t.test('are refused by field, in a batch', async () => {
    const records = [
      { email: 'u1@example.org', name: 'U1', password },
      { email: 'u1@example.org', name: 'U2', password },
      { name: 'U3' },
    ]
    const answer = await client.send('POST', 'system/user?continue=true', { resource: records })
    const { error, resource } = answer.body.error.context
    assert.deepEqual(error, [1, 2])
    assert.deepEqual(resource[1].context, { username: ['The username has already been taken.'] })
    assert.deepEqual(resource[2].context.email, ['The email field is required.'])
  })
  await t.test('are not kept when the batch is rolled back', async () => {
    const records = [{ email: 'r1@example.org' }, { email: 'u1@example.org' }]
    const answer = await client.send('POST', 'system/user?rollback=true', { resource: records })
    assert.equal(
      answer.body.error.message,
      'Batch Error: Not all requested records could be created. All changes rolled back.',
    )
    assert.deepEqual(await client.ok('GET', 'system/user?filter=email%3Dr1@example.org'), { resource: [] })
  })
  await t.test('never show what is hidden', async () => {
    const text = JSON.stringify(await client.ok('GET', 'system/user'))
    for (const field of [
      'password',
      'argon2',
      'is_sys_admin',
      'confirm_code',
      'tokens_valid_from',
      'email_key',
      'security_answer',
    ])
      assert.ok(!text.includes(field), field)
  })
  await t.test('become no administrators by asking', async () => {
    const id = await client.create('user', {
      email: 'sly@example.org',
      is_sys_admin: true,
      id: 1,
      tokens_valid_from: 0,
    })
    await client.ok('PATCH', `system/user/${id}`, { is_sys_admin: true })
    assert.equal((await client.send('GET', `system/admin/${id}`)).status, 404)
  })
  await t.test('have one role in each app', async () => {
    const [first, second] = [await client.create('role', { name: 'ur1' }), await client.create('role', { name: 'ur2' })]
    const related = 'fields=id&related=user_to_app_to_role_by_user_id'
    const id = await client.create('user', {
      email: 'roles@example.org',
      user_to_app_to_role_by_user_id: [
        { app_id: 1, role_id: first },
        { app_id: 2, role_id: first },
      ],
    })
    const changed = await client.ok('PATCH', `system/user/${id}?${related}`, {
      user_to_app_to_role_by_user_id: [{ app_id: '1', role_id: String(second) }],
    })
    const rows: { id: number; app_id: number; role_id: number }[] = changed.user_to_app_to_role_by_user_id
    assert.deepEqual(
      rows.map((row) => [row.app_id, row.role_id]),
      [
        [1, second],
        [2, first],
      ],
    )
    const answer = await client.send('PATCH', `system/user/${id}`, {
      user_to_app_to_role_by_user_id: [{ id: rows[0]?.id, app_id: 2 }],
    })
    assert.equal(
      answer.body.error.message,
      'Multiple user-to-app-to-role assignment. You can only have a single user-to-app-to-role assignment.',
    )
  })
})

test('the two faces of the user table', async (t) => {
  const user = await client.create('user', { email: 'face@example.org', password })
  const admin = await client.create('admin', { email: 'second@example.org', password })
  const cases = [
    { name: 'an administrator read as user', method: 'GET', path: `user/${admin}`, status: 404 },
    { name: 'a user read as administrator', method: 'GET', path: `admin/${user}`, status: 404 },
    {
      name: 'an administrator changed as user',
      method: 'PATCH',
      path: `user/${admin}`,
      status: 403,
      message: 'Not allowed to change an admin user.',
    },
    {
      name: 'a user changed as administrator',
      method: 'PATCH',
      path: `admin/${user}`,
      status: 400,
      message: 'Cannot update a non-admin user.',
    },
    {
      name: 'an administrator deleted as user',
      method: 'DELETE',
      path: `user/${admin}`,
      status: 403,
      message: 'Not allowed to delete an admin user.',
    },
    {
      name: 'a user deleted as administrator',
      method: 'DELETE',
      path: `admin/${user}`,
      status: 400,
      message: 'Cannot delete a non-admin user.',
    },
    { name: 'oneself', method: 'DELETE', path: 'admin/1', status: 403, message: 'Cannot delete your account.' },
  ]
  for (const { name, method, path, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send(method, `system/${path}`, method === 'PATCH' ? { phone: '1' } : undefined)
      assert.equal(answer.status, status)
      if (message !== undefined) assert.equal(answer.body.error.message, message)
    })
  }
  await t.test('lists and counts are apart', async () => {
    assert.deepEqual(await client.ok('GET', 'system/admin?as_list=true'), { resource: [1, admin] })
    assert.ok(!(await client.ok('GET', 'system/user?as_list=true')).resource.includes(admin))
    assert.equal(await client.ok('GET', 'system/admin?count_only=true'), 2)
  })
  await t.test('nobody changes the others by a filter', async () => {
    await client.ok('PATCH', 'system/user?filter=id%3E0', { resource: [{ phone: '99' }] })
    assert.equal((await client.ok('GET', `system/admin/${admin}`)).phone, null)
  })
})

test('a restricted caller', async (t) => {
  const component = (name: string, verb_mask: number) => ({
    service_id: 1,
    component: name,
    verb_mask,
    requestor_mask: 1,
  })
  const rows = [
    component('', 1),
    component('role', 1),
    component('role/*', 1),
    component('service', 1),
    { service_id: 5, component: '*', verb_mask: 1, requestor_mask: 1 },
  ]
  const role = await client.create('role', { name: 'narrow', is_active: true, role_service_access_by_role_id: rows })
  const made = await client.ok('POST', 'system/app?fields=*', {
    resource: [{ name: 'narrow', is_active: true, role_id: role }],
  })
  const who = { key: made.resource[0].api_key as string }
  await t.test('sees the resources of the role', async () => {
    const { resource } = await client.ok('GET', 'system', undefined, who)
    assert.deepEqual(
      resource.map((each: { name: string }) => each.name),
      ['role', 'service'],
    )
  })
  await t.test('sees the services of the role', async () => {
    const { resource } = await client.ok('GET', 'system/service?fields=name', undefined, who)
    assert.deepEqual(resource, [{ name: 'system' }, { name: 'db' }])
  })
  await t.test('sees children of a record, not records of other resources', async () => {
    assert.equal(
      (await client.send('GET', `system/role/${role}?related=role_service_access_by_role_id`, undefined, who)).status,
      200,
    )
    assert.equal((await client.send('GET', `system/role/${role}?related=app_by_role_id`, undefined, who)).status, 403)
    assert.equal(
      (await client.send('GET', `system/role/${role}?related=user_by_user_to_app_to_role`, undefined, who)).status,
      403,
    )
  })
  await t.test('changes nothing', async () => {
    assert.equal((await client.send('PATCH', `system/role/${role}`, { description: 'x' }, who)).status, 401)
  })
})
