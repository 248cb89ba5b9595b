/**
 * Documents of services (control-plane 6): valid by the schema of OpenAPI for every kind of service and every name, and without a
 * word on what the caller may not do.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { checkDocument, type Document, hostileNames, type Operation } from './valid.ts'

let server: TestServer
let token = ''
let limitedKey = ''
let mixedKey = ''
let adminAppKey = ''

async function send(path: string, headers: Readonly<Record<string, string>>, init: RequestInit = {}) {
  const answer = await fetch(`${server.url}/api/v2/${path}`, { ...init, headers })
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text(), answer }
}
const asAdmin = (): Record<string, string> => ({ 'X-DreamFactory-Session-Token': token })
const asLimited = (): Record<string, string> => ({ 'X-DreamFactory-API-Key': limitedKey })
const asMixed = (): Record<string, string> => ({ 'X-DreamFactory-API-Key': mixedKey })

async function documentAt(path: string, headers = asAdmin()): Promise<Document> {
  const { status, text } = await send(path, headers)
  assert.equal(status, 200, text)
  return JSON.parse(text) as Document
}

async function create(resource: string, record: object): Promise<number> {
  const { status, text } = await send(
    `system/${resource}`,
    { ...asAdmin(), 'Content-Type': 'application/json' },
    { method: 'POST', body: JSON.stringify({ resource: [record] }) },
  )
  assert.equal(status, 201, text)
  return (JSON.parse(text) as { resource: [{ id: number }] }).resource[0].id
}

async function keyOf(app: string): Promise<string> {
  const { text } = await send(`system/app?filter=name%3D${app}&fields=api_key`, asAdmin())
  return (JSON.parse(text) as { resource: [{ api_key: string }] }).resource[0].api_key
}

before(async () => {
  server = await startServer({ env: { DF_SAMPLE: 'true' } })
  token = await signIn(server.url)
  const file = join(server.folder, 'hostile.sqlite')
  const broken = join(server.folder, 'broken.sqlite')
  await writeFile(broken, 'This is no database at all, but a text. '.repeat(100))
  const database = new DatabaseSync(file)
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
  for (const name of hostileNames) {
    const columns = hostileNames.map((column) => `${quoted(column)} text default 'it''s'`).join(', ')
    database.exec(`create table ${quoted(name)} (id integer primary key, ${columns})`)
  }
  database.exec('create table keyless (v text not null)')
  database.close()
  await create('service', {
    name: 'hostile',
    label: 'H "quoted"',
    type: 'sqlite',
    is_active: true,
    config: { database: file },
  })
  await create('service', {
    name: 'missing',
    label: '',
    type: 'sqlite',
    is_active: true,
    config: { database: broken },
  })
  await create('service', { name: 'asleep', label: 'A', type: 'sqlite', is_active: false, config: { database: file } })
  const { text } = await send('system/service?filter=name%3Ddb&fields=id', asAdmin())
  const db = (JSON.parse(text) as { resource: [{ id: number }] }).resource[0].id
  const hostile = JSON.parse((await send('system/service?filter=name%3Dhostile&fields=id', asAdmin())).text)
  const role = await create('role', {
    name: 'limited',
    is_active: true,
    role_service_access_by_role_id: [
      { service_id: db, component: '_table/departments', verb_mask: 1, requestor_mask: 1 },
      { service_id: db, component: '_table/departments/*', verb_mask: 9, requestor_mask: 1 },
      { service_id: hostile.resource[0].id, component: '_table/a b', verb_mask: 1, requestor_mask: 1 },
    ],
  })
  const app = await create('app', { name: 'limited', is_active: true, type: 0, role_id: role })
  limitedKey = await keyOf('limited')
  const mixed = await create('role', {
    name: 'mixed',
    is_active: true,
    role_service_access_by_role_id: [
      { service_id: db, component: '_table/departments/*', verb_mask: 1, requestor_mask: 1 },
      { service_id: db, component: '_table/employees/*', verb_mask: 3, requestor_mask: 1 },
    ],
  })
  await create('app', { name: 'mixed', is_active: true, type: 0, role_id: mixed })
  mixedKey = await keyOf('mixed')
  assert.ok(app > 0)
  adminAppKey = await keyOf('admin')
})

after(() => server?.stop())

describe('documents are valid', () => {
  const paths = [
    'api_docs',
    'api_docs?expand_schema=true',
    'api_docs/db',
    'api_docs/db?expand_schema=true',
    'api_docs/hostile',
    'api_docs/hostile?expand_schema=true',
    'api_docs/missing',
    'api_docs/system',
    'api_docs/user',
    'api_docs/email',
    'api_docs/api_docs',
    'api_docs/files',
    'db/_spec',
    'db/_spec?tables=departments,employees',
    'db/_spec?compact=true',
    'db/_spec?resource_name=_table',
    'hostile/_spec?tables=true',
    'system/_spec',
  ]
  for (const path of paths) {
    for (const version of ['3.1', '3.0']) {
      it(`${path}, ${version}`, async () => {
        const document = await documentAt(`${path}${path.includes('?') ? '&' : '?'}version=${version}`)
        await checkDocument(document, version)
      })
    }
  }
})

const recordPaths = {
  '/': 'get',
  '/_schema': 'get patch post put',
  '/_schema/{table_name}': 'delete get patch post put',
  '/_schema/{table_name}/_field': 'delete get patch post put',
  '/_schema/{table_name}/_related': 'delete get patch post put',
  '/_schema/{table_name}/_field/{field_name}': 'delete get patch put',
  '/_schema/{table_name}/_related/{relationship_name}': 'delete get patch put',
  '/_table': 'get',
  '/_table/{table_name}': 'delete get patch post put',
  '/_table/{table_name}/{id}': 'delete get patch put',
}
const operationsOf = ({ paths }: Document): Record<string, string> =>
  Object.fromEntries(
    Object.entries(paths).map(([path, item]) => [
      path,
      Object.keys(item)
        .filter((verb) => verb !== 'parameters')
        .sort()
        .join(' '),
    ]),
  )

interface CommonAnswer {
  content: { 'application/json': { example?: { error?: { code: number; status_code: number }; resource?: unknown } } }
}

describe('what documents tell', () => {
  it('an example of each common answer, which the schema beside it names', async () => {
    const statuses = { BadRequest: 400, Unauthorized: 401, Forbidden: 403, NotFound: 404, TooManyRequests: 429 }
    for (const version of ['3.1', '3.0']) {
      const { components } = await documentAt(`api_docs/db?version=${version}`)
      const responses = (components as unknown as { responses: Record<string, CommonAnswer> }).responses
      const exampleOf = (name: string) => responses[name]?.content['application/json'].example
      for (const [name, status] of Object.entries(statuses)) assert.equal(exampleOf(name)?.error?.status_code, status)
      assert.deepEqual(exampleOf('Error')?.error?.code, 1000)
      assert.deepEqual(exampleOf('Success'), { success: true })
      assert.ok(Array.isArray(exampleOf('ResourceList')?.resource))
    }
  })

  it('the paths and operations of the contract', async () => {
    assert.deepEqual(operationsOf(await documentAt('api_docs/db')), recordPaths)
    const all = operationsOf(await documentAt('api_docs'))
    for (const [path, verbs] of Object.entries(recordPaths)) assert.equal(all[`/db${path === '/' ? '' : path}`], verbs)
    assert.equal(all['/system/app/{id}'], 'delete get patch put')
    assert.equal(all['/user/session'], 'delete get post put')
    assert.equal(all['/email'], 'post')
    assert.equal(all['/api_docs/{service_name}'], 'get')
  })

  it('the fields of tables: types, what must be sent, relations', async () => {
    const { components } = await documentAt('api_docs/db')
    const link = components.schemas['db.dept_emp']
    assert.ok(link !== undefined, Object.keys(components.schemas).join())
    assert.deepEqual(link.properties.emp_no?.type, 'integer')
    assert.ok(
      Object.values(link.properties).some((each) => 'anyOf' in each || 'items' in each),
      'relations are there',
    )
    assert.ok((components.schemas['db.departments.new']?.allOf?.[1]?.required ?? []).length > 0)
  })

  it('the names of tables as values of a parameter', async () => {
    const { paths } = await documentAt('api_docs/hostile')
    const [parameter] = (paths['/_table/{table_name}']?.parameters ?? []) as unknown as NonNullable<
      Operation['parameters']
    >
    assert.deepEqual([...(parameter?.schema?.enum ?? [])].sort(), [...hostileNames, 'keyless'].sort())
  })

  it('a table of any name has a path of one segment', async () => {
    const { paths } = await documentAt('api_docs/hostile?expand_schema=true')
    for (const name of hostileNames) {
      assert.ok(paths[`/_table/${encodeURIComponent(name)}`]?.get, name)
      assert.ok(paths[`/_table/${encodeURIComponent(name)}/{id}`]?.get, name)
    }
    assert.equal(paths['/_table/{table_name}'], undefined)
    assert.equal(paths['/_table/keyless/{id}'], undefined)
  })

  it('hostile names of fields are fields', async () => {
    const { components } = await documentAt('api_docs/hostile')
    const fields = Object.keys(components.schemas['hostile.constructor']?.properties ?? {})
    assert.deepEqual(fields.sort(), ['id', ...hostileNames].sort())
  })

  it('of all services no table is described unless it is asked for', async () => {
    const names = Object.keys((await documentAt('api_docs')).components.schemas)
    assert.deepEqual(
      names.filter((name) => name.includes('.')),
      [],
    )
  })

  it('JSON and YAML are the same document', async () => {
    const json = await documentAt('db/_spec')
    for (const [path, headers] of [
      ['db/_spec?format=yaml', {}],
      ['db/_spec', { Accept: 'application/yaml' }],
    ] as const) {
      const { status, type, text } = await send(path, { ...asAdmin(), ...headers })
      assert.equal(status, 200)
      assert.match(type ?? '', /^application\/yaml/)
      assert.deepEqual(parse(text), json)
    }
  })

  it('the group of the service, for the interface that reads it', async () => {
    const document = await documentAt('api_docs/db', { ...asAdmin(), 'X-DreamFactory-API-Key': adminAppKey })
    assert.equal(document.info.group, 'Database')
    assert.equal((await documentAt('api_docs/db')).info['x-group'], 'Database')
  })

  it('a document of an administrator is laid over it', async () => {
    const content = JSON.stringify({
      openapi: '3.0.0',
      info: { title: '{service.label}', version: '1' },
      paths: { '/own': { get: { summary: 'Of {service.name}', responses: { 200: { description: 'ok' } } } } },
    })
    await create('service', {
      name: 'told',
      label: 'T',
      type: 'local_email',
      is_active: true,
      config: {},
      service_doc_by_service_id: { format: 0, content },
    })
    const { paths } = await documentAt('api_docs/told')
    assert.deepEqual(Object.keys(paths).sort(), ['/', '/own'])
    assert.equal(paths['/own']?.get?.summary, 'Of told')
  })
})

describe('a limited role', () => {
  it('sees its services alone', async () => {
    const { tags, paths } = await documentAt('api_docs', asLimited())
    assert.deepEqual(
      tags.map(({ name }) => name),
      ['db', 'hostile'],
    )
    assert.ok(
      Object.keys(paths).every((path) => /^\/(db|hostile)\/_table\//.test(path)),
      Object.keys(paths).join(),
    )
    const { text } = await send('api_docs?as_list=true', asLimited())
    assert.deepEqual(JSON.parse(text), { resource: ['db', 'hostile'] })
  })

  it('sees its tables and verbs alone', async () => {
    const document = await documentAt('api_docs/db?expand_schema=true', asLimited())
    assert.deepEqual(operationsOf(document), { '/_table/departments': 'get', '/_table/departments/{id}': 'get' })
    const text = JSON.stringify(document)
    for (const other of ['employees', 'salaries', 'dept_emp']) assert.ok(!text.includes(other), `nothing of ${other}`)
  })

  it('is told of the paths with parameters, too, what a row of one table allows', async () => {
    const document = await documentAt('api_docs/db', asLimited())
    assert.deepEqual(operationsOf(document), { '/_table/{table_name}': 'get', '/_table/{table_name}/{id}': 'get' })
  })

  it('is told for which tables a verb is allowed, where it is not for all', async () => {
    const document = await documentAt('api_docs/db', asMixed())
    const namesOf = (verb: 'get' | 'post'): unknown => {
      const item = document.paths['/_table/{table_name}'] as unknown as {
        [member: string]: { parameters?: object[] } | undefined
        parameters: never
      }
      const own = (item[verb]?.parameters ?? []) as { name?: string; schema?: { enum?: string[] } }[]
      return own.find(({ name }) => name === 'table_name')?.schema?.enum ?? null
    }
    assert.deepEqual([namesOf('get'), namesOf('post')], [null, ['employees']])
    await checkDocument(document, '3.1')
  })

  it('is not told of a table whose name has a parameter in it', async () => {
    const document = await documentAt('api_docs/hostile?expand_schema=true', asLimited())
    assert.deepEqual(Object.keys(document.paths), ['/_table/a%20b'])
  })

  it('learns no name of a table without a right, whatever is asked', async () => {
    for (const path of ['api_docs', 'api_docs/db', 'api_docs?expand_schema=true']) {
      const { text } = await send(path, asLimited())
      assert.ok(!/employees|salaries|dept_emp/.test(text), path)
    }
  })
})

describe('refusals', () => {
  const cases: readonly (readonly [
    name: string,
    path: string,
    method: string,
    who: 'admin' | 'limited' | 'nobody',
    status: number,
    message: string | null,
  ])[] = [
    [
      'no right on the service',
      'api_docs/system',
      'GET',
      'limited',
      403,
      'You do not have access to API Docs for the requested service system.',
    ],
    ['nobody', 'api_docs/db', 'GET', 'nobody', 403, 'You do not have access to API Docs for the requested service db.'],
    ['nobody sees nothing of all', 'api_docs', 'GET', 'nobody', 200, null],
    ['an unknown service', 'api_docs/nope', 'GET', 'admin', 404, 'Could not find a service for nope'],
    ['an inactive service', 'api_docs/asleep', 'GET', 'admin', 403, 'Service asleep is deactivated.'],
    ['deeper', 'api_docs/db/x', 'GET', 'admin', 404, "Resource 'x' not found for service 'api_docs'."],
    ['another version', 'api_docs/db?version=2', 'GET', 'admin', 400, "The parameter 'version' must be 3.0 or 3.1."],
    [
      'a table path of a broken database',
      'api_docs/missing?expand_schema=true',
      'GET',
      'admin',
      503,
      'There are no defined API Docs for the requested service missing.',
    ],
    ['_spec without the right', 'db/_spec', 'GET', 'limited', 401, null],
    ...(['POST', 'PUT', 'PATCH', 'DELETE'] as const).flatMap((verb) =>
      [
        ['api_docs', 'api_docs'],
        ['api_docs/db', 'api_docs'],
        ['db/_spec', '_spec'],
      ].map(
        ([path = '', level = '']) =>
          [
            `${verb} ${path}`,
            path,
            verb,
            'admin',
            400,
            `${verb} requests without a resource are not currently supported by the '${level}' service.`,
          ] as const,
      ),
    ),
  ]
  for (const [name, path, method, who, status, message] of cases) {
    it(name, async () => {
      const headers = { admin: asAdmin, limited: asLimited, nobody: () => ({}) }[who]()
      const answer = await send(path, headers, { method })
      assert.equal(answer.status, status, answer.text)
      const body = JSON.parse(answer.text) as { error?: { message: string }; paths?: object }
      if (message !== null) assert.equal(body.error?.message, message)
      if (status === 200) assert.deepEqual(body.paths, {})
    })
  }
})
