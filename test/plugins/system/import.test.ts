/** `system/import` (control-plane 4.8): new tables of CSV and JSON, on each database. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Database, mysql, postgres } from '../../support/databases.ts'
import { signIn, startServer } from '../../support/server.ts'
import { Client } from './client.ts'

let client: Client
const servers: Database[] = []
const skips = new Map<string, string | false>([['lite', false]])
const name = `t${process.pid}`

before(async () => {
  const server = await startServer({
    builtins: [
      'connectors/sqlite/plugin',
      'connectors/mysql/plugin',
      'connectors/postgres/plugin',
      'plugins/system/plugin',
      'plugins/user/plugin',
    ],
  })
  client = new Client(server, await signIn(server.url))
  const found = { pg: await postgres(), my: await mysql() }
  await client.create('service', { name: 'lite', type: 'sqlite', is_active: true, config: { database: 'i.sqlite' } })
  for (const [service, { database, skip }] of Object.entries(found)) {
    skips.set(service, skip)
    if (database === null) continue
    servers.push(database)
    const { host, port, user, password, database: of } = database
    const config = { host, port, username: user, password, database: of }
    const type = service === 'pg' ? 'pgsql' : 'mysql'
    await client.create('service', { name: service, type, is_active: true, config })
  }
})
after(async () => {
  await client.server.stop()
  for (const server of servers) await server.stop()
})

interface Sent {
  readonly body: string | FormData
  readonly type?: string
}
async function load(
  service: string,
  table: string,
  { body, type }: Sent,
  who?: string,
): Promise<{ status: number; text: string }> {
  const credentials: Record<string, string> =
    who === undefined ? { 'X-DreamFactory-Session-Token': client.token } : { 'X-DreamFactory-API-Key': who }
  const answer = await fetch(`${client.server.url}/api/v2/system/import?service=${service}&resource=${table}`, {
    method: 'POST',
    headers: { ...credentials, ...(type === undefined ? {} : { 'Content-Type': type }) },
    body,
  })
  return { status: answer.status, text: await answer.text() }
}
const rows = async (service: string, table: string): Promise<unknown> =>
  (await client.ok('GET', `${service}/_table/${table}?order=id`)).resource
const isThere = async (service: string, table: string): Promise<boolean> =>
  (await client.send('GET', `${service}/_schema/${table}`)).status === 200
const fileForm = (content: string, file: string): FormData => {
  const form = new FormData()
  form.append('files', new Blob([content]), file)
  return form
}

const csv = 'name,amount,price,code,yes\nAnn,1,1.5,007,true\n"B, ""C""",2,,008,false\n'
const loaded = (truth: (value: boolean) => unknown) => [
  { id: 1, name: 'Ann', amount: 1, price: 1.5, code: '007', yes: truth(true) },
  { id: 2, name: 'B, "C"', amount: 2, price: null, code: '008', yes: truth(false) },
]
const services = [
  { service: 'lite', truth: (value: boolean): unknown => value },
  { service: 'pg', truth: (value: boolean): unknown => value },
  { service: 'my', truth: (value: boolean): unknown => value },
]

for (const { service, truth } of services) {
  test(`imports into ${service}`, async (t) => {
    const skip = skips.get(service) ?? false
    if (skip !== false) return t.skip(skip)
    const ways: readonly { readonly way: string; readonly sent: Sent }[] = [
      { way: 'a body', sent: { body: csv, type: 'text/csv' } },
      { way: 'a form', sent: { body: fileForm(csv, 'orders.csv') } },
    ]
    for (const [index, { way, sent }] of ways.entries()) {
      await t.test(`CSV in ${way}`, async () => {
        const table = `${name}_csv${index}`
        const { status, text } = await load(service, table, sent)
        assert.deepEqual(
          [status, JSON.parse(text)],
          [200, { resource: `${client.server.url}/api/v2/${service}/_table/${table}` }],
        )
        assert.deepEqual(await rows(service, table), loaded(truth))
        await client.ok('DELETE', `${service}/_schema/${table}`)
      })
    }
    await t.test('JSON in a form, with more records than one request takes', async () => {
      const table = `${name}_json`
      const many = Array.from({ length: 1201 }, (_, index) => ({
        id: index + 1,
        text: `row ${index}`,
        odd: index % 2 === 1,
      }))
      const { status, text } = await load(service, table, { body: fileForm(JSON.stringify(many), 'many.json') })
      assert.equal(status, 200, text)
      const { meta } = await client.ok('GET', `${service}/_table/${table}?limit=1&include_count=true`)
      assert.equal(meta.count, 1201)
      await client.ok('DELETE', `${service}/_schema/${table}`)
    })
    await t.test('a table that is there is refused, and left as it is', async () => {
      const table = `${name}_kept`
      await load(service, table, { body: csv, type: 'text/csv' })
      const again = await load(service, table, { body: 'other\nx\n', type: 'text/csv' })
      assert.equal(again.status, 400, again.text)
      assert.deepEqual(await rows(service, table), loaded(truth))
      await client.ok('DELETE', `${service}/_schema/${table}`)
    })
    await t.test('records that can not be stored leave no table', async () => {
      const table = `${name}_bad`
      // The second record repeats the key of the first.
      const { status, text } = await load(service, table, { body: 'id,a\n1,x\n1,y\n', type: 'text/csv' })
      assert.equal(status, 400, text)
      assert.match(text, /Nothing was imported: /)
      assert.equal(await isThere(service, table), false)
    })
  })
}

test('what is no import', async (t) => {
  const cases: readonly {
    readonly name: string
    readonly sent: Sent
    readonly table?: string
    readonly message: RegExp
  }[] = [
    { name: 'no records', sent: { body: fileForm('a,b\n', 'x.csv') }, message: /Send the records as/ },
    { name: 'a form without a file', sent: { body: new FormData() }, message: /./ },
    {
      name: 'a line with too many values',
      sent: { body: 'a\n1,2\n', type: 'text/csv' },
      message: /line 2 has 2 values/,
    },
    { name: 'broken JSON', sent: { body: fileForm('[{"a":', 'x.json') }, message: /JSON/i },
    { name: 'no UTF-8', sent: { body: fileFormOf(Buffer.from([0x61, 0x0a, 0xff])) }, message: /not valid UTF-8/ },
    { name: 'a column without a name', sent: { body: 'a,\n1,2\n', type: 'text/csv' }, message: /needs a name/ },
    { name: 'a bad table name', sent: { body: csv, type: 'text/csv' }, table: 'a%20b', message: /name of the table/ },
  ]
  for (const { name: what, sent, table = `${name}_none`, message } of cases) {
    await t.test(what, async () => {
      const { status, text } = await load('lite', table, sent)
      assert.equal(status, 400, text)
      assert.match(JSON.parse(text).error.message, message)
      assert.equal(await isThere('lite', `${name}_none`), false)
    })
  }
  await t.test('without the right to make tables', async () => {
    const rowsOf = (system: object) => [{ service_id: 1, component: 'import', verb_mask: 2, requestor_mask: 1 }, system]
    const role = await client.create('role', {
      name: 'importer',
      is_active: true,
      role_service_access_by_role_id: rowsOf({ service_id: null, component: '*', verb_mask: 1, requestor_mask: 1 }),
    })
    const app = await client.create('app', { name: 'importer', is_active: true, role_id: role })
    const { api_key } = await client.ok('GET', `system/app/${app}`)
    const { status } = await load('lite', `${name}_none`, { body: csv, type: 'text/csv' }, api_key)
    assert.ok(status === 401 || status === 403, String(status))
    assert.equal(await isThere('lite', `${name}_none`), false)
  })
})

function fileFormOf(bytes: Uint8Array<ArrayBuffer>): FormData {
  const form = new FormData()
  form.append('files', new Blob([bytes]), 'x.csv')
  return form
}
