/** Rights on fields in a role's rows of access: what may be sent, what is shown, and what stays as it was. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Client, startClient } from './client.ts'

const client: Client = await startClient()
after(() => client.server.stop())
const related = 'related=role_service_access_by_role_id'

interface Row {
  readonly id: number
  readonly component: string
  readonly fields?: unknown
}
let count = 0
const roleWith = (...rows: readonly object[]): object => ({
  name: `role ${++count}`,
  is_active: true,
  role_service_access_by_role_id: rows.map((row) => ({ service_id: 5, verb_mask: 1, requestor_mask: 1, ...row })),
})
const made = async (...rows: readonly object[]): Promise<{ readonly id: number; readonly rows: readonly Row[] }> => {
  const id = await client.create('role', roleWith(...rows))
  return { id, rows: (await client.ok('GET', `system/role/${id}?${related}`)).role_service_access_by_role_id }
}

test('what is shown', async (t) => {
  const both = { hidden: ['salary'], read_only: ['email'] }
  const cases = [
    { name: 'both', sent: both, shown: both },
    { name: 'hidden alone', sent: { hidden: ['Salary'] }, shown: { hidden: ['Salary'], read_only: [] } },
    { name: 'names once, without blanks', sent: { hidden: [' a', 'a '] }, shown: { hidden: ['a'], read_only: [] } },
    { name: 'as text', sent: JSON.stringify(both), shown: both },
    { name: 'null', sent: null, shown: undefined },
    { name: 'nothing in it', sent: { hidden: [], read_only: [] }, shown: undefined },
    { name: 'not sent', sent: undefined, shown: undefined },
  ]
  for (const { name, sent, shown } of cases) {
    await t.test(name, async () => {
      const [row] = (await made({ component: '_table/a/*', fields: sent })).rows
      assert.deepEqual(row?.fields, shown)
      assert.equal('fields' in (row ?? {}), shown !== undefined)
    })
  }
})

test('what is refused', async (t) => {
  const fields = { hidden: ['a'] }
  const form = /must be an object like/
  const cases = [
    { name: 'a list', row: { component: '_table/a', fields: ['a'] }, message: form },
    { name: 'a name', row: { component: '_table/a', fields: 'salary' }, message: form },
    { name: 'another member', row: { component: '_table/a', fields: { hide: ['a'] } }, message: /'hide' is none/ },
    { name: 'numbers', row: { component: '_table/a', fields: { hidden: [1] } }, message: form },
    { name: 'no list', row: { component: '_table/a', fields: { hidden: 'a' } }, message: form },
    { name: 'an empty name', row: { component: '_table/a', fields: { hidden: [''] } }, message: form },
    { name: 'all services', row: { service_id: null, component: '*', fields }, message: /needs a service/ },
    { name: 'a record', row: { component: '_table/a/5', fields }, message: /needs a component of tables/ },
    { name: 'descriptions', row: { component: '_schema/a', fields }, message: /needs a component of tables/ },
    { name: 'the list of tables', row: { component: '_table', fields }, message: /needs a component of tables/ },
    { name: 'nothing', row: { component: '', fields }, message: /needs a component of tables/ },
    { name: 'text behind a star', row: { component: '_table/*a', fields }, message: /needs a component of tables/ },
  ]
  for (const { name, row, message } of cases) {
    await t.test(name, async () => {
      const { status, body } = await client.send('POST', 'system/role', { resource: [roleWith(row)] })
      assert.equal(status, 400)
      assert.match(JSON.stringify(body), message)
    })
  }
})

test('what covers tables', async () => {
  const components = ['*', '_table/*', '_table/a', '_table/a/', '/_table/a', '_table/a/*', '_table/a*', '_tab*']
  for (const component of components) await made({ component, fields: { hidden: ['a'] } })
})

test('a change of something else leaves them, and the whole row is judged', async () => {
  const { id, rows } = await made({ component: '_table/a/*', fields: { hidden: ['a'] } })
  const [row] = rows
  const change = (what: object) =>
    client.send('PATCH', `system/role/${id}?${related}`, { role_service_access_by_role_id: [{ id: row?.id, ...what }] })
  const now = async (): Promise<unknown> =>
    (await client.ok('GET', `system/role/${id}?${related}`)).role_service_access_by_role_id[0].fields
  assert.equal((await change({ verb_mask: 3 })).status, 200)
  assert.deepEqual(await now(), { hidden: ['a'], read_only: [] })
  assert.equal((await change({ component: '_schema/*' })).status, 400)
  assert.equal((await change({ service_id: null })).status, 400)
  assert.deepEqual(await now(), { hidden: ['a'], read_only: [] })
  assert.equal((await change({ fields: null })).status, 200)
  assert.equal(await now(), undefined)
})

test('a package of the configuration brings them along', async () => {
  const { id } = await made({ component: '_table/a/*', fields: { hidden: ['a'] } })
  const { name } = await client.ok('GET', `system/role/${id}`)
  const all = await client.ok('GET', 'system/config_package')
  await client.ok('DELETE', `system/role/${id}`)
  await client.ok('POST', 'system/config_package', { format: all.format, roles: all.roles })
  const [again] = (await client.ok('GET', `system/role?filter=name = '${name}'&${related}`)).resource
  assert.deepEqual(again.role_service_access_by_role_id[0].fields, { hidden: ['a'], read_only: [] })
})

test('what can not be read gives no rights at all', async () => {
  const { DatabaseSync } = await import('node:sqlite')
  const { join } = await import('node:path')
  const { id, rows } = await made({ component: '*', verb_mask: 31, fields: { hidden: ['a'] } })
  await client.ok('POST', 'system/app', {
    resource: [{ name: 'broken', is_active: true, role_id: id, api_key: 'b'.repeat(64) }],
  })
  assert.equal((await client.send('GET', 'db/_table', undefined, { key: 'b'.repeat(64) })).status, 200)
  const database = new DatabaseSync(join(client.server.folder, 'data', 'system.sqlite'))
  database.prepare('update role_service_access set fields = ? where id = ?').run('{', rows[0]?.id ?? 0)
  database.close()
  await client.ok('PATCH', `system/role/${id}`, { description: 'read anew' })
  assert.equal((await client.send('GET', 'db/_table', undefined, { key: 'b'.repeat(64) })).status, 401)
})
