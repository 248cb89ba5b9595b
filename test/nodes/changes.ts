/** What holds of two nodes, whatever store and cache they share: the tests of one arrangement. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adminCredentials } from '../support/server.ts'
import { until } from '../support/until.ts'
import { Client, type Credentials, Nodes, servers, shelf, soonMs } from './rig.ts'

const password = 'a password of some length'

/** 401 where signing in might help, 403 where it does not. */
const refused: readonly number[] = [401, 403]
const reads: readonly number[] = [200]
const missing: readonly number[] = [404]

export async function twoNodes(kind: 'postgres' | 'mysql', withRedis: boolean): Promise<void> {
  const found = await servers(kind, withRedis)
  const { skip, store } = found
  let nodes: Nodes
  let role = 0
  let app = 0
  let access = 0
  let key = ''
  let shelved: object = {}
  let clients: Client[] = []

  before(async () => {
    if (skip || store === null) return
    nodes = await Nodes.start(found)
    shelved = await shelf(nodes, store)
    const { resource: services } = await nodes.ok('GET', "system/service?filter=name='shelf'&fields=id")
    role = await nodes.create('role', {
      name: 'reader',
      is_active: true,
      role_service_access_by_role_id: [{ service_id: services[0].id, component: '*', verb_mask: 1, requestor_mask: 1 }],
    })
    app = await nodes.create('app', { name: 'reader', is_active: true, role_id: role })
    key = (await nodes.ok('GET', `system/app/${app}?fields=api_key`)).api_key
    const { role_service_access_by_role_id: rows } = await nodes.ok(
      'GET',
      `system/role/${role}?related=role_service_access_by_role_id`,
    )
    access = rows[0].id
    await eventually('the key reads at both nodes', { key }, reads)
    clients = [0, 1, 0, 1].map(
      (node, i) =>
        new Client(`client ${i}`, () => nodes.send('GET', 'shelf/_table/item?fields=*', { who: { key }, node }), node),
    )
  })
  after(async () => {
    await Promise.all(clients.map((client) => client.stop()))
    await nodes?.stop()
    await found.stop()
  })

  const read = (who: Credentials, node: number) => nodes.send('GET', 'shelf/_table/item/1', { who, node })

  /** Both nodes come to answer so, and then go on answering so. */
  async function eventually(
    what: string,
    who: Credentials,
    wanted: readonly number[],
    path = 'shelf/_table/item/1',
  ): Promise<void> {
    for (const node of [0, 1])
      await until(
        `${what} (node ${node})`,
        async () => wanted.includes((await nodes.send('GET', path, { who, node })).status),
        soonMs,
      )
  }

  /** Does what changes a right, and sees the load follow: no answer that was asked for later than `soonMs` after it is of before. */
  async function followed(what: string, change: () => Promise<unknown>, wanted: readonly number[]): Promise<void> {
    await change()
    const changedAt = performance.now()
    await Promise.all(
      clients.map((client) =>
        until(
          `${what}: ${client.name}`,
          () => client.seen.some((seen) => seen.sentAt > changedAt && wanted.includes(seen.status)),
          soonMs * 2,
        ),
      ),
    )
    const late = Math.max(
      0,
      ...clients.flatMap(({ seen }) =>
        seen
          .filter((each) => each.sentAt > changedAt && !wanted.includes(each.status))
          .map((each) => each.sentAt - changedAt),
      ),
    )
    assert.ok(late <= soonMs, `${what}: answered as before ${Math.round(late)} ms after the change`)
    if (process.env.TEST_NODES_WITHIN_MS) console.log(`${what}: seen everywhere after ${Math.round(late)} ms`)
  }

  const person = async (email: string): Promise<number> =>
    nodes.create('user', {
      email,
      name: 'Somebody',
      password,
      is_active: true,
      user_to_app_to_role_by_user_id: [{ app_id: app, role_id: role }],
    })

  const enter = async (email: string, node: number): Promise<string> => {
    const { session_token } = await nodes.ok('POST', 'user/session', { body: { email, password }, who: { key }, node })
    return session_token
  }

  test('both started at once on an empty store: one made it and its administrator', { skip }, async () => {
    const [one, other] = await Promise.all([0, 1].map((node) => nodes.ok('GET', 'system/admin', { node })))
    assert.deepEqual(one, other)
    assert.deepEqual(
      one.resource.map((admin: { readonly email: string }) => admin.email),
      [adminCredentials.email],
    )
  })

  test('rights that change at one node are followed at both, under load', { skip }, async () => {
    const roleAccess = (verb_mask: number) => () =>
      nodes.ok('PATCH', `system/role/${role}`, {
        body: { role_service_access_by_role_id: [{ id: access, verb_mask }] },
      })
    const active = (resource: string, id: number, is_active: boolean) => () =>
      nodes.ok('PATCH', `system/${resource}/${id}`, { body: { is_active } })
    await followed('a right that was taken away', roleAccess(2), refused)
    await followed('a right that was given back', roleAccess(1), reads)
    await followed('an inactive app', active('app', app, false), refused)
    await followed('an active app', active('app', app, true), reads)
    await followed('an inactive role', active('role', role, false), refused)
    await followed('an active role', active('role', role, true), reads)
  })

  test('a session begins at one node and ends at the other', { skip }, async () => {
    await person('session@example.org')
    const token = await enter('session@example.org', 0)
    await eventually('a token reads', { key, token }, reads)
    await nodes.ok('DELETE', 'user/session', { who: { key, token }, node: 1 })
    await eventually('a token that was logged out', { key, token }, refused)
  })

  test('a refreshed token ends at both', { skip }, async () => {
    await person('refresh@example.org')
    const token = await enter('refresh@example.org', 1)
    await eventually('a token reads', { key, token }, reads)
    const fresh = await nodes.ok('PUT', 'user/session', { who: { key, token }, node: 0 })
    await eventually('the old token', { key, token }, refused)
    await eventually('the new token', { key, token: fresh.session_token }, reads)
  })

  test('a password changes at one node', { skip }, async () => {
    await person('password@example.org')
    const token = await enter('password@example.org', 0)
    const basic = `password@example.org:${password}`
    await eventually('the password reads', { key, basic }, reads)
    await nodes.ok('POST', 'user/password', {
      body: { old_password: password, new_password: 'another password of some length' },
      who: { key, token },
      node: 0,
    })
    await eventually('the old token', { key, token }, refused)
    await eventually('the old password', { key, basic }, refused)
  })

  test('a user is deactivated, loses the role, and is deleted', { skip }, async () => {
    const email = 'changes@example.org'
    const id = await person(email)
    const token = await enter(email, 0)
    const basic = `${email}:${password}`
    await eventually('the token reads', { key, token }, reads)
    await nodes.ok('PATCH', `system/user/${id}`, { body: { is_active: false }, node: 1 })
    await eventually('an inactive user', { key, token }, refused)
    await nodes.ok('PATCH', `system/user/${id}`, { body: { is_active: true }, node: 0 })
    await eventually('an active user', { key, basic }, reads)
    await nodes.ok('DELETE', `system/user/${id}`, { node: 1 })
    await eventually('a deleted user', { key, basic }, refused)
  })

  test('a service that is made, changed and removed', { skip }, async () => {
    const id = await nodes.create('service', { ...shelved, name: 'short', label: 'Short', is_active: true })
    const who = { token: nodes.token }
    await eventually('a new service', who, reads, 'short/_table')
    await nodes.ok('PATCH', `system/service/${id}`, { body: { name: 'shorter' } })
    await eventually('its old name', who, missing, 'short/_table')
    await eventually('its new name', who, reads, 'shorter/_table')
    await nodes.ok('DELETE', `system/service/${id}`)
    await eventually('a removed service', who, missing, 'shorter/_table')
  })

  test('a field comes and goes at one node, under load', { skip }, async () => {
    const fields = async (node: number): Promise<string> => {
      const [{ field }, record] = await Promise.all([
        nodes.ok('GET', 'shelf/_schema/item', { node }),
        nodes.ok('GET', 'shelf/_table/item/1', { node }),
      ])
      return `${field.map((each: { readonly name: string }) => each.name)} ${Object.keys(record)}`
    }
    const everywhere = async (wanted: string): Promise<void> => {
      for (const node of [0, 1]) await until(`${wanted} (node ${node})`, async () => (await fields(node)) === wanted)
    }
    await everywhere('id,name id,name')
    const added = { resource: [{ name: 'added', type: 'string', length: 20, allow_null: true }] }
    await nodes.ok('POST', 'shelf/_schema/item/_field', { body: added, node: 0 })
    await everywhere('id,name,added id,name,added')
    await nodes.ok('DELETE', 'shelf/_schema/item/_field/added', { node: 1 })
    await everywhere('id,name id,name')
  })

  test('a limit is in force at both, and counted as far as they can', { skip }, async () => {
    const id = await person('limited@example.org')
    const token = await enter('limited@example.org', 0)
    const limit = await nodes.create('limit', {
      name: 'five',
      type: 'instance.user',
      user_id: id,
      rate: 5,
      period: 'day',
    })
    const asked = { 0: 0, 1: 0 }
    for (const node of [0, 1] as const)
      await until('the limit is met', async () => {
        const { status } = await read({ key, token }, node)
        if (status === 200) asked[node]++
        return status === 429
      })
    const everywhere = asked[0] + asked[1]
    // Until a node knows the limit it counts nothing; then five are let through, by all or by each.
    assert.ok(everywhere >= 5, `${everywhere} were let through`)
    if (withRedis) {
      const { resource } = await nodes.ok('GET', `system/limit_cache/${limit}`, { node: 0 })
      assert.deepEqual([resource[0].attempts, resource[0].remaining], [5, 0])
      await nodes.ok('DELETE', `system/limit_cache/${limit}`, { node: 1 })
      const statuses: number[] = []
      for (let i = 0; i < 8; i++) statuses.push((await read({ key, token }, i % 2)).status)
      assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429])
    }
    await nodes.ok('DELETE', `system/limit/${limit}`)
    await eventually('a limit that is gone', { key, token }, reads)
  })

  test('names are given once, whoever asks', { skip }, async () => {
    const make = (node: number, i: number) =>
      nodes.send('POST', 'system/role', { body: { resource: [{ name: `once ${i}` }] }, node })
    for (let i = 0; i < 5; i++) {
      const statuses = (await Promise.all([make(0, i), make(1, i), make(0, i), make(1, i)])).map(({ status }) => status)
      assert.deepEqual(statuses.sort(), [201, 400, 400, 400])
    }
  })

  if (withRedis) {
    test('failed logins count at both', { skip }, async () => {
      await person('guessed@example.org')
      const guess = (node: number) =>
        nodes.send('POST', 'user/session', {
          body: { email: 'guessed@example.org', password: 'wrong' },
          who: { key },
          node,
        })
      const statuses: number[] = []
      for (let i = 0; i < 14; i++) statuses.push((await guess(i % 2)).status)
      assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(4).fill(429)])
    })
  }

  test('one node is killed: the other goes on, and a new one knows every session', { skip }, async () => {
    await person('survivor@example.org')
    const token = await enter('survivor@example.org', 1)
    const before = clients.map((client) => client.seen.length)
    await nodes.replace(1)
    await eventually('the token at the new node', { key, token }, reads)
    await until('all clients read again', () =>
      clients.every((client, i) => client.seen.slice(before[i]).at(-1)?.status === 200),
    )
  })

  test('nobody was answered 5xx, and only the killed node broke off', { skip }, () => {
    const bad = clients.flatMap(({ name, seen }) =>
      seen.filter(({ status }) => status >= 500).map((each) => ({ name, ...each })),
    )
    assert.deepEqual(bad, [])
    const broken = new Set(
      clients.flatMap(({ seen }) => seen.filter(({ status }) => status === 0).map(({ node }) => node)),
    )
    broken.delete(1)
    assert.deepEqual([...broken], [])
    const answers = clients.reduce((sum, { seen }) => sum + seen.length, 0)
    assert.ok(answers > 100, `only ${answers} requests were made`)
  })
}
