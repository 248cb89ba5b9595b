/** Packages as zip files (control-plane 4.8): made on one server, read in on another. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readZip } from '../../../kernel/formats/zip.ts'
import { type Reply, type Storage, startStorage } from '../files/storage.ts'

let from: Storage
let to: Storage
before(async () => {
  ;[from, to] = await Promise.all([startStorage(), startStorage()])
  // Ids are others here than there.
  await to.client.create('service', { name: 'first', type: 'pgsql', config: { host: 'h', database: 'd' } })
  await to.client.create('role', { name: 'other', is_active: true })
  const shop = await from.client.create('service', {
    name: 'shop',
    type: 'sqlite',
    is_active: true,
    config: { database: 'shop.sqlite' },
  })
  await from.client.create('service', {
    name: 'far',
    type: 'pgsql',
    config: { host: 'h', database: 'd', username: 'someone', password: 'secret of far' },
  })
  const role = await from.client.create('role', {
    name: 'reader',
    is_active: true,
    role_service_access_by_role_id: [
      { service_id: shop, component: '_table/*', verb_mask: 1, requestor_mask: 1 },
      { service_id: null, component: '*', verb_mask: 2, requestor_mask: 1 },
    ],
    lookup_by_role_id: [{ name: 'colour', value: 'red' }],
  })
  const app = await from.client.create('app', { name: 'front', is_active: true, role_id: role })
  await from.client.create('user', {
    email: 'ann@example.org',
    name: 'Ann',
    password: 'a long enough password',
    user_to_app_to_role_by_user_id: [{ app_id: app, role_id: role }],
  })
  await from.client.create('email_template', { name: 'Hello', subject: 'Hi', body_text: 'x' })
  await from.client.ok('POST', 'system/custom', { resource: [{ name: 'theme', value: { dark: true } }] })
  await from.client.ok('POST', 'shop/_schema', {
    resource: [
      {
        name: 'team',
        field: [
          { name: 'id', type: 'id' },
          { name: 'name', type: 'string' },
        ],
      },
      {
        name: 'member',
        field: [
          { name: 'id', type: 'id' },
          { name: 'team_id', type: 'reference', ref_table: 'team', ref_field: 'id' },
        ],
      },
    ],
  })
  await from.client.ok('POST', 'shop/_table/team', {
    resource: Array.from({ length: 1200 }, (_, index) => ({ id: index + 1, name: `team ${index}` })),
  })
  await from.client.ok('POST', 'shop/_table/member', { resource: [{ id: 5, team_id: 1200 }] })
  await from.write('docs/a.txt', 'file a')
  await from.write('docs/sub/b.txt', 'file b')
  await from.write('single.txt', 'alone')
})
after(() => Promise.all([from.server.stop(), to.server.stop()]))

const everything = {
  service: {
    system: {
      role: ['reader'],
      service: ['shop', 'far'],
      app: ['front'],
      user: [{ email: 'ann@example.org' }],
      email_template: ['Hello'],
      custom: ['theme'],
    },
    files: ['docs/', 'single.txt'],
    shop: { _schema: ['team', 'member'], _table: ['team', 'member'] },
  },
}

async function exported(manifest: object): Promise<Buffer<ArrayBuffer>> {
  const reply = await from.json('POST', 'system/package?download=true', manifest)
  assert.equal(reply.status, 200, reply.text)
  assert.equal(reply.headers.get('content-type'), 'application/zip')
  return Buffer.from(new Uint8Array(reply.bytes))
}

function send(
  server: Storage,
  bytes: Uint8Array<ArrayBuffer>,
  values: Record<string, string> = {},
  name = 'p.zip',
): Promise<Reply> {
  const form = new FormData()
  form.append('files', new Blob([bytes]), name)
  for (const [field, value] of Object.entries(values)) form.append(field, value)
  return server.ask('POST', 'system/package', { body: form })
}

async function filesIn(bytes: Buffer, password: string | null = null): Promise<Record<string, string>> {
  const source = { size: bytes.length, read: async (at: number, length: number) => bytes.subarray(at, at + length) }
  const found: Record<string, string> = {}
  for (const entry of await readZip(source, { bytes: 1e9, entries: 1000 }, { password })) {
    const chunks: Uint8Array[] = []
    for await (const chunk of entry.bytes()) chunks.push(chunk)
    found[entry.path.join('/')] = Buffer.concat(chunks).toString('utf8')
  }
  return found
}

test('a package holds what was asked for, and no secrets', async () => {
  const bytes = await exported(everything)
  const files = await filesIn(bytes)
  assert.deepEqual(Object.keys(files).sort(), [
    'files/docs.zip',
    'files/single.txt',
    'package.json',
    'shop/_schema.json',
    'shop/_table/member.json',
    'shop/_table/team.json',
    'system/app.json',
    'system/custom.json',
    'system/email_template.json',
    'system/role.json',
    'system/service.json',
    'system/user.json',
  ])
  const text = JSON.stringify(files)
  for (const word of ['secret of far', 'someone', 'a long enough password', '**********', 'api_key', '$sealed'])
    assert.ok(!text.includes(word), word)
  assert.equal(JSON.parse(files['shop/_table/team.json'] ?? '').length, 1200)
})

test('a package is read in on another server', async (t) => {
  const bytes = await exported(everything)
  const { status, json } = await send(to, bytes)
  assert.deepEqual([status, json.success, json.log.error], [201, true, []], JSON.stringify(json))
  await t.test('services, with their settings', async () => {
    const { resource } = await to.client.ok('GET', 'system/service?filter=name%3Dshop')
    assert.equal(resource[0].config.database, 'shop.sqlite')
  })
  await t.test('roles, their rows lead to the services of here', async () => {
    const query = 'filter=name%3Dreader&related=role_service_access_by_role_id,lookup_by_role_id'
    const [role] = (await to.client.ok('GET', `system/role?${query}`)).resource
    const [shop] = (await to.client.ok('GET', 'system/service?filter=name%3Dshop')).resource
    assert.deepEqual(
      role.role_service_access_by_role_id.map((row: Record<string, unknown>) => [
        row.service_id,
        row.component,
        row.verb_mask,
      ]),
      [
        [shop.id, '_table/*', 1],
        [null, '*', 2],
      ],
    )
    assert.equal(role.lookup_by_role_id[0].value, 'red')
  })
  await t.test('apps and users, with their roles', async () => {
    const [app] = (await to.client.ok('GET', 'system/app?filter=name%3Dfront&related=role_by_role_id')).resource
    assert.equal(app.role_by_role_id.name, 'reader')
    const [user] = (await to.client.ok('GET', 'system/user?related=user_to_app_to_role_by_user_id')).resource
    assert.equal(user.email, 'ann@example.org')
    const [assigned] = user.user_to_app_to_role_by_user_id
    assert.deepEqual([assigned.app_id, assigned.role_id], [app.id, app.role_id])
    assert.deepEqual(await to.client.ok('GET', 'system/custom/theme'), { dark: true })
  })
  await t.test('tables with their rows', async () => {
    const { meta } = await to.client.ok('GET', 'shop/_table/team?limit=1&include_count=true')
    assert.equal(meta.count, 1200)
    const { resource } = await to.client.ok('GET', 'shop/_table/member?related=team_by_team_id')
    assert.equal(resource[0].team_by_team_id.name, 'team 1199')
  })
  await t.test('files and folders', async () => {
    assert.deepEqual(await to.tree(), ['docs/', 'docs/sub/', 'docs/sub/b.txt', 'docs/a.txt', 'single.txt'])
    assert.equal((await to.ask('GET', 'files/docs/sub/b.txt')).text, 'file b')
  })
  await t.test('again: what is there stays', async () => {
    await to.client.ok('PATCH', 'system/role/2', { description: 'mine' })
    const again = await send(to, bytes)
    assert.deepEqual([again.status, again.json.log.error], [201, []], again.text)
    const [role] = (await to.client.ok('GET', 'system/role?filter=name%3Dreader')).resource
    assert.equal(role.description, 'mine')
    assert.equal((await to.client.ok('GET', 'shop/_table/team?limit=1&include_count=true')).meta.count, 1200)
  })
  await t.test('again with overwrite: it is replaced, not doubled', async () => {
    const again = await send(to, bytes, { overwrite: 'true' })
    assert.deepEqual([again.status, again.json.log.error], [201, []], again.text)
    const [role] = (
      await to.client.ok(
        'GET',
        'system/role?filter=name%3Dreader&related=role_service_access_by_role_id,lookup_by_role_id',
      )
    ).resource
    assert.deepEqual(
      [role.description, role.role_service_access_by_role_id.length, role.lookup_by_role_id.length],
      [null, 2, 1],
    )
  })
})

test('a secured package', async (t) => {
  const password = 'six or more'
  const manifest = { service: { system: { service: ['far'], app: ['front'] } }, password, secured: true }
  const bytes = await exported(manifest)
  await t.test('holds the secrets, encrypted', async () => {
    assert.ok(!bytes.includes('secret of far'))
    const files = await filesIn(bytes, password)
    assert.equal(JSON.parse(files['system/service.json'] ?? '')[0].config.password, 'secret of far')
    assert.equal(JSON.parse(files['package.json'] ?? '').secured, true)
  })
  await t.test('needs its password', async () => {
    for (const values of [{}, { password: 'another one' }] as Record<string, string>[])
      assert.equal((await send(to, bytes, values)).status, 400)
  })
  await t.test('brings the secrets along', async () => {
    await to.client.ok('DELETE', 'system/service?filter=name%3Dfar')
    await to.client.ok('DELETE', 'system/app?filter=name%3Dfront')
    const done = await send(to, bytes, { password })
    assert.equal(done.status, 201, done.text)
    const key = async (server: Storage) =>
      (await server.client.ok('GET', 'system/app?filter=name%3Dfront&fields=api_key')).resource[0].api_key
    assert.equal(await key(to), await key(from))
    const { resource } = await to.client.ok('GET', 'system/service?filter=name%3Dfar')
    assert.deepEqual([resource[0].config.username, resource[0].config.password], ['someone', '**********'])
  })
})

test('a package in a file service', async () => {
  const manifest = { service: { system: { role: ['reader'] } } }
  const made = (await from.json('POST', 'system/package', manifest)).json
  assert.deepEqual([made.success, made.is_public], [true, false])
  assert.match(
    made.path,
    new RegExp(`^${from.server.url}/api/v2/files/__EXPORTS/.+_\\d{4}-\\d\\d-\\d\\d_\\d\\d\\.\\d\\d\\.\\d\\d\\.zip$`),
  )
  const stored = await from.ask('GET', made.path.slice(`${from.server.url}/api/v2/`.length))
  assert.ok('system/role.json' in (await filesIn(stored.bytes)))
  const named = await from.json('POST', 'system/package', {
    ...manifest,
    storage: { name: 'files', folder: 'mine/deep', filename: 'p' },
  })
  assert.equal(named.json.path, `${from.server.url}/api/v2/files/mine/deep/p.zip`)
})

test('the manifest lists folders', async () => {
  const { service } = await from.client.ok('GET', 'system/package?full_tree=true')
  assert.ok(service.files.includes('docs/') && service.files.includes('docs/sub/'))
  assert.deepEqual(service.shop, { reachable: true, _schema: ['member', 'team'], _table: ['member', 'team'] })
})

test('what is refused', async (t) => {
  const cases = [
    { name: 'no services', manifest: {}, message: 'The manifest of a package needs a `service` object.' },
    {
      name: 'a role that is not there',
      manifest: { service: { system: { role: ['nobody'] } } },
      message: "There is no role 'nobody'.",
    },
    {
      name: 'an unknown kind',
      manifest: { service: { system: { spell: ['x'] } } },
      message: "A package can not hold 'spell' of the system.",
    },
    {
      name: 'a short password',
      manifest: { service: {}, password: 'short' },
      message: 'The password of a package must have at least 6 characters.',
    },
    {
      name: 'secured without one',
      manifest: { service: {}, secured: true },
      message: 'A secured package needs a password.',
    },
  ]
  for (const { name, manifest, message } of cases) {
    await t.test(name, async () => {
      const { status, json } = await from.json('POST', 'system/package', manifest)
      assert.deepEqual([status, json.error.message], [400, message])
    })
  }
  await t.test('what is no zip file', async () => assert.equal((await send(to, Buffer.from('no zip'))).status, 400))
  await t.test('a package of an app', async () => {
    assert.equal((await send(to, Buffer.from('x'), {}, 'a.dfpkg')).status, 501)
  })
  await t.test('a private URL', async () => {
    const { status, json } = await to.json('POST', 'system/package', { import_url: 'http://127.0.0.1:1/p.zip' })
    assert.equal(status, 400)
    assert.match(json.error.message, /^Invalid import URL: .*private or reserved/)
  })
  await t.test('who is no full administrator', async () => {
    const key = await from.key('no-admin', { '*': 31 })
    assert.ok((await from.json('POST', 'system/package', everything, key)).status >= 401)
  })
  await t.test('a record that can not be made is told, and the rest is', async () => {
    const { zipFile } = await import('../files/zips.ts')
    const role = {
      id: 1,
      name: 'lost',
      role_service_access_by_role_id: [{ service_id: 99, component: '*', verb_mask: 1 }],
    }
    const bytes = zipFile([
      { name: 'package.json', content: JSON.stringify({ version: '0.1', service: { system: {} } }) },
      { name: 'system/role.json', content: JSON.stringify([role]) },
      { name: 'system/custom.json', content: JSON.stringify({ resource: [{ name: 'kept', value: 1 }] }) },
    ])
    const { status, json } = await send(to, bytes)
    assert.deepEqual([status, json.success], [200, false])
    assert.deepEqual(json.log.error, ["role 'lost': There is no service for the id 99 of the package here."])
    assert.equal(await to.client.ok('GET', 'system/custom/kept'), 1)
  })
})

test('packages of one app, and files that go with it, are refused in words', async (t) => {
  const { client } = from
  const app = await client.create('app', { name: 'lonely', is_active: true })
  const record = { resource: [{ name: 'from afar' }] }
  const cases: readonly {
    readonly name: string
    readonly verb: string
    readonly path: string
    readonly body?: object
  }[] = [
    { name: 'download', verb: 'GET', path: `system/app/${app}?pkg=true` },
    { name: 'download with more', verb: 'GET', path: `system/app/${app}?pkg=1&include_files=true` },
    { name: 'by a URL', verb: 'POST', path: 'system/app?import_url=https://example.org/a.dfpkg', body: record },
    { name: 'by a URL in the body', verb: 'POST', path: 'system/app', body: { import_url: 'https://example.org/a' } },
    { name: 'storage deleted', verb: 'DELETE', path: `system/app/${app}?delete_storage=true` },
  ]
  for (const { name, verb, path, body } of cases) {
    await t.test(name, async () => {
      const answer = await client.send(verb, path, body)
      assert.equal(answer.status, 501)
      assert.match(answer.body.error.message, /on this server\./)
    })
  }
  await t.test('as a file', async () => {
    const body = new FormData()
    body.append('files', new Blob(['x']), 'a.dfpkg')
    const answer = await fetch(`${client.server.url}/api/v2/system/app`, {
      method: 'POST',
      headers: { 'X-DreamFactory-Session-Token': client.token },
      body,
    })
    assert.equal(answer.status, 501)
  })
  await t.test('nothing was done', async () => {
    const { resource } = await client.ok('GET', 'system/app?fields=name')
    const names = resource.map((each: { readonly name: string }) => each.name)
    assert.ok(names.includes('lonely') && !names.includes('from afar'))
    await client.ok('DELETE', `system/app/${app}?delete_storage=false`)
  })
})
