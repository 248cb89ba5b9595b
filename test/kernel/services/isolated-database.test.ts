/** A real connector in a worker of its own: its records, names, rights and structure are those of the same database on the event loop. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signIn, startServer, type TestServer } from '../../support/server.ts'

let server: TestServer
/** The credentials of the administrator, and of an app whose role sees some rows and fields. */
const as = { admin: {}, reader: {} }

interface Answer {
  readonly status: number
  readonly body: string
}

async function ask(verb: string, path: string, body?: unknown, who: keyof typeof as = 'admin'): Promise<Answer> {
  const reply = await fetch(`${server.url}/api/v2/${path}`, {
    method: verb,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...as[who] },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: reply.status, body: await reply.text() }
}

/** The first record that a write of one made. */
async function made(path: string, record: object): Promise<{ readonly [field: string]: unknown }> {
  const { status, body } = await ask('POST', path, { resource: [record] })
  assert.equal(status, 201, body)
  return (JSON.parse(body) as { readonly resource: readonly { readonly [field: string]: unknown }[] }).resource[0] ?? {}
}

const person = {
  name: 'person',
  field: [
    { name: 'id', type: 'id' },
    { name: 'name', type: 'string', alias: 'called', validation: { not_empty: true } },
    { name: 'pay', type: 'integer', alias: 'salary' },
  ],
}

before(async () => {
  server = await startServer()
  as.admin = { 'X-DreamFactory-Session-Token': await signIn(server.url) }
  const ids: unknown[] = []
  for (const [name, connector_host] of Object.entries({ near: 'main', far: 'worker' })) {
    const config = { database: `${name}.sqlite`, connector_host }
    const { id } = await made('system/service', { name, label: name, type: 'sqlite', is_active: true, config })
    ids.push(id)
  }
  const access = ids.map((service_id) => ({
    service_id,
    component: '_table/person/*',
    verb_mask: 3,
    requestor_mask: 1,
    filters: [{ name: 'salary', operator: '<', value: '25' }],
    filter_op: 'AND',
    fields: { hidden: ['called'], read_only: [] },
  }))
  const role = await made('system/role', { name: 'reader', is_active: true, role_service_access_by_role_id: access })
  const app = await made('system/app?fields=*', { name: 'reads', is_active: true, role_id: role.id, type: 0 })
  as.reader = { 'X-DreamFactory-API-Key': String(app.api_key) }
})
after(() => server.stop())

const big = { called: 'Cleo', salary: 30, note: 'dropped' }
const steps = [
  { name: 'a table', verb: 'POST', path: '_schema', body: { resource: [person] } },
  {
    name: 'records',
    verb: 'POST',
    path: '_table/person?fields=*',
    body: { resource: [{ called: 'Ann', salary: 10 }, big] },
  },
  {
    name: 'a record that is refused',
    verb: 'POST',
    path: '_table/person',
    body: { resource: [{ called: '', salary: 1 }] },
  },
  { name: 'an update', verb: 'PATCH', path: '_table/person/1?fields=*', body: { salary: 20 } },
  { name: 'a list', verb: 'GET', path: '_table/person?filter=salary>15&order=salary%20desc&include_count=true' },
  { name: 'a record', verb: 'GET', path: '_table/person/2?fields=called' },
  { name: 'no record', verb: 'GET', path: '_table/person/9' },
  { name: 'the structure', verb: 'GET', path: '_schema/person' },
  { name: 'what may be named in roles', verb: 'GET', path: '?as_access_list=true' },
  { name: 'a list with fewer rights', verb: 'GET', path: '_table/person', who: 'reader' },
  { name: 'a hidden field by its alias', verb: 'GET', path: '_table/person?fields=called', who: 'reader' },
  { name: 'a hidden field in a filter', verb: 'GET', path: "_table/person?filter=called='Ann'", who: 'reader' },
  { name: 'a row beyond the filter', verb: 'GET', path: '_table/person/2', who: 'reader' },
  { name: 'a verb that is not granted', verb: 'DELETE', path: '_table/person/1', who: 'reader' },
  {
    name: 'a write beyond the filter',
    verb: 'POST',
    path: '_table/person',
    body: { resource: [{ salary: 90 }] },
    who: 'reader',
  },
] as const

test('each step answers as on the event loop', async (t) => {
  for (const { name, verb, path, ...rest } of steps) {
    await t.test(name, async () => {
      const { body, who }: { readonly body?: object; readonly who?: 'reader' } = rest
      const far = await ask(verb, `far/${path}`, body, who)
      assert.deepEqual(far, await ask(verb, `near/${path}`, body, who))
      if (name === 'a list with fewer rights') assert.equal(far.body, '{"resource":[{"id":1,"salary":20}]}')
    })
  }
})

test('it is documented', async () => {
  const { status, body } = await ask('GET', 'api_docs/far')
  assert.equal(status, 200)
  assert.match(body, /"salary"/)
})

test('its place reads back', async () => {
  const { body } = await ask('GET', 'system/service?filter=name=far')
  assert.match(body, /"connector_host":"worker"/)
})
