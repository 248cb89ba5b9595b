/** Upserts, conditions on tags, explanations, structure, formats, files, remote services (classes 1, 4, 6, 11, 12 and 16). */
import { type Case, group } from '../case.ts'

const refused = [400, 401, 403] as const
const one = { resource: [{ id: 1, name: 'x' }] }
const upserts = group({ as: 'shy', status: 200 }, [
  {
    name: 'a hidden field of a record that is there',
    ask: 'POST _table/person?upsert=true',
    body: { resource: [{ id: 1, name: 'x', hush_pay: 1 }] },
    status: [200, 201],
    changes: { "select count(*) from person where id = 1 and name = 'x' and hush_pay = 7770001": 1 },
  },
  {
    name: 'a hidden field of a new record',
    ask: 'POST _table/person?upsert=true',
    body: { resource: [{ id: 9, name: 'x', hush_pay: 1 }] },
    status: [200, 201],
    changes: { "select count(*) from person where id = 9 and name = 'x' and hush_pay is null": 1 },
  },
  {
    name: 'a hidden unique field',
    ask: 'POST _table/strict?upsert=true',
    body: { resource: [{ id: 9, name: 'x', hush_one: 7770500 }] },
    twin: null,
    status: [400, 409],
  },
  {
    name: 'a hidden field is raised alone',
    ask: 'PATCH _table/person/1',
    body: { hush_pay: { $inc: 1 } },
    status: [200, 400],
  },
  {
    name: 'a hidden field is raised by filter',
    ask: 'PATCH _table/person?filter=id = 1',
    body: { resource: [{ name: 'x', hush_pay: { $inc: 1 } }] },
    changes: { "select count(*) from person where id = 1 and name = 'x' and hush_pay = 7770001": 1 },
  },
  {
    name: 'a hidden field of a child is raised',
    ask: 'PATCH _table/team/1',
    body: { person_by_team_id: [{ id: 1, name: 'x', hush_pay: { $inc: 1 } }] },
    changes: { "select count(*) from person where id = 1 and name = 'x' and hush_pay = 7770001": 1 },
  },
  ...group({ as: 'careful', status: refused }, [
    {
      name: 'a read-only field of a record that is there',
      ask: 'POST _table/person?upsert=true',
      body: { resource: [{ id: 1, name: 'x', grade: 9 }] },
    },
    {
      name: 'a read-only field of a new record',
      ask: 'POST _table/person?upsert=true',
      body: { resource: [{ id: 9, name: 'x', grade: 9 }] },
    },
    { name: 'a read-only reference is raised', ask: 'PATCH _table/person/1', body: { team_id: { $inc: 1 } } },
    {
      name: 'a read-only field is raised by filter',
      ask: 'PATCH _table/person?filter=id > 0',
      body: { resource: [{ grade: { $inc: 1 } }] },
    },
    {
      name: 'a read-only field of a child is raised',
      ask: 'PATCH _table/team/1',
      body: { person_by_team_id: [{ id: 1, grade: { $inc: 1 } }] },
    },
  ]),
  { name: 'who reads makes none', as: 'reader', ask: 'POST _table/person?upsert=true', body: one, status: refused },
  { name: 'who creates changes none', as: 'poster', ask: 'POST _table/person?upsert=true', body: one, status: refused },
  {
    name: 'who changes creates none',
    as: 'patcher',
    ask: 'PATCH _table/person/9?upsert=true',
    body: { name: 'x' },
    status: [...refused, 404],
  },
  {
    name: 'who puts creates none',
    as: 'putter',
    ask: 'PUT _table/person/9?upsert=true',
    body: { name: 'x' },
    status: [...refused, 404],
  },
  {
    name: 'a row of others',
    as: 'mine',
    ask: 'POST _table/person?upsert=true',
    body: { resource: [{ id: 2, name: 'x', owner: 2 }] },
    status: [...refused, 404, 409],
  },
  {
    name: 'a row given away',
    as: 'mine',
    ask: 'POST _table/person?upsert=true',
    body: { resource: [{ id: 1, name: 'x', owner: 3 }] },
    status: refused,
  },
  {
    name: 'a new row for others',
    as: 'mine',
    ask: 'POST _table/person?upsert=true',
    body: { resource: [{ id: 9, name: 'x', owner: 3 }] },
    status: refused,
  },
])

const star = { 'If-Match': '*' }
const tags = group({ body: { name: 'x' }, headers: { 'If-Match': '"x"' }, status: 403 }, [
  { name: 'a condition of who may not read', as: 'patcher', ask: 'PATCH _table/person/1' },
  { name: 'a condition on any of who may not read', as: 'patcher', ask: 'PATCH _table/person/1', headers: star },
  { name: 'a condition on none of who may not read', as: 'patcher', ask: 'PATCH _table/person/99', headers: star },
  {
    name: 'a condition of a delete of who may not read',
    as: 'deleter',
    ask: 'DELETE _table/person/1',
    body: undefined,
  },
  { name: 'a condition on a hidden field', as: 'shy', ask: 'PATCH _table/person/1?fields=hush_pin', status: 400 },
  { name: 'a condition that is not met', as: 'shy', ask: 'PATCH _table/person/1', status: 412 },
  {
    name: 'a condition that is not met, on a row of others',
    as: 'mine',
    ask: 'PATCH _table/person/2',
    status: 404,
    twin: '2:99',
  },
  {
    name: 'a tag of a row of others',
    as: 'mine',
    ask: 'GET _table/person/2',
    headers: { 'If-None-Match': '"x"' },
    body: undefined,
    status: 404,
    twin: '2:99',
  },
])

const explanations = group({ status: 403 }, [
  { name: 'of who reads', as: 'reader', ask: 'GET _table/person?explain=true' },
  { name: 'of who reads everything', as: 'everywhere', ask: 'GET _table/person?explain=true' },
  { name: 'of its own rows', as: 'mine', ask: 'GET _table/person?explain=true', never: /owner/ },
  { name: 'of a record', as: 'mine', ask: 'GET _table/person/1?explain=true', never: /owner/ },
  {
    name: 'in the body',
    as: 'mine',
    ask: 'POST _table/person?method=GET',
    body: { explain: true },
    status: [200, 403],
  },
  { name: 'of a relation to another service', as: 'abroad', ask: 'GET _table/kin?related=notes&explain=true' },
])

const field = { name: 'zz', type: 'string' }
const structure = group(
  { as: 'reader', status: [401, 403] },
  [
    { name: 'a table is made', ask: 'POST _schema', body: { resource: [{ name: 'zz', field: [field] }] } },
    { name: 'a table is made below', ask: 'POST _schema/zz', body: { field: [field] } },
    { name: 'a field is made', ask: 'POST _schema/person/_field', body: { resource: [field] } },
    { name: 'a table is changed', ask: 'PATCH _schema/person', body: { label: 'x', field: [field] } },
    { name: 'a table is put', ask: 'PUT _schema/person', body: { field: [field] } },
    { name: 'a table is named otherwise', ask: 'PATCH _schema/y_one', body: { alias: 'x_three' } },
    { name: 'a field is named otherwise', ask: 'PATCH _schema/person/_field/hush_pin', body: { alias: 'pin' } },
    {
      name: 'a relation is made',
      ask: 'POST _schema/person/_related',
      body: {
        resource: [{ type: 'has_many', field: 'id', ref_table: 'vault', ref_field: 'person_id', is_virtual: true }],
      },
    },
    {
      name: 'a relation is fetched always',
      ask: 'PATCH _schema/person/_related/vault_by_person_id',
      body: { always_fetch: true },
    },
    { name: 'a table is dropped', ask: 'DELETE _schema/x_two' },
    { name: 'tables are dropped', ask: 'DELETE _schema?ids=x_two' },
    { name: 'a field is dropped', ask: 'DELETE _schema/x_two/_field/n' },
    { name: 'by a tunnelled verb', ask: 'POST _schema/x_two', headers: { 'X-HTTP-Method': 'DELETE' }, body: {} },
    { name: 'by another tunnelled verb', ask: 'POST _schema/x_two?method=DELETE' },
    { name: 'by a row for all services', as: 'everywhere', ask: 'DELETE _schema/x_two' },
    { name: 'by rights on records', as: 'prefix', ask: 'DELETE _schema/x_two' },
    {
      name: 'by rights on records, a table',
      as: 'shy',
      ask: 'POST _schema',
      body: { resource: [{ name: 'zz', field: [field] }] },
    },
    {
      name: 'by rights on records, a name',
      as: 'shy',
      ask: 'PATCH _schema/person/_field/hush_pin',
      body: { alias: 'pin' },
    },
  ].map((each): Partial<Case> => ({ ...each, twin: null }) as Partial<Case>),
)

const formats = group({ as: 'shy', status: 400 }, [
  { name: 'a refusal in XML', ask: 'GET _table/person?fields=hush_pin&format=xml' },
  { name: 'a refusal in CSV', ask: 'GET _table/person?filter=hush_pay > 1&format=csv' },
  { name: 'a parent in CSV', ask: 'GET _table/person?related=team_by_team_id&format=csv', status: 200 },
  { name: 'a record in XML', ask: 'GET _table/person/1?format=xml', status: 200, says: /ann/ },
  { name: 'groups in XML', ask: 'GET _table/person?group=team_id&fields=MAX(hush_pay)&format=xml' },
  { name: 'fields in CSV', ask: 'GET _schema/person/_field?format=csv', status: 200, says: /grade/ },
  {
    name: 'created from XML',
    ask: 'POST _table/person',
    headers: { 'Content-Type': 'application/xml' },
    body: '<dfapi><resource><id>9</id><name>x</name><hush_pay>1</hush_pay></resource></dfapi>',
    twin: null,
    status: 201,
    changes: { 'select count(*) from person where id = 9 and hush_pay is null': 1 },
  },
  {
    name: 'rows of others in CSV',
    as: 'mine',
    ask: 'GET _table/person?filter=id > 0&file=p.csv',
    status: 200,
    says: /cyd/,
  },
])

const once = (cases: readonly Case[]): readonly Case[] => cases.map((each) => ({ ...each, once: true as const }))
const denied = [401, 403] as const
const services = once(
  group({ as: 'courier', status: denied }, [
    { name: 'a file', ask: 'GET /files/open/a.txt', status: 200, says: /open/ },
    { name: 'another file', ask: 'GET /files/closed/b.txt' },
    { name: 'another file in other letters', ask: 'GET /files/CLOSED/b.txt' },
    { name: 'another file behind dots', ask: 'GET /files/open/..%2Fclosed/b.txt', status: [400, 401, 403, 404] },
    {
      name: 'another file behind encoded dots',
      ask: 'GET /files/open/%252e%252e/closed/b.txt',
      status: [400, 403, 404],
    },
    { name: 'another file with a backslash', ask: 'GET /files/open/..%5Cclosed%5Cb.txt', status: [400, 403, 404] },
    { name: 'a folder', ask: 'GET /files/closed/' },
    { name: 'all files', ask: 'GET /files/?full_tree=true' },
    { name: 'all files in a zip', ask: 'GET /files/?zip=true' },
    { name: 'a file is written', ask: 'POST /files/open/c.txt', body: 'x' },
    { name: 'a file is removed', ask: 'DELETE /files/open/a.txt' },
    {
      name: 'a file is copied to where it may be read',
      ask: 'POST /files/open/',
      body: { resource: [{ name: 'b.txt', type: 'file', source_path: 'closed/b.txt' }] },
    },
    {
      name: 'a file is copied from where it may not be read',
      ask: 'POST /files/drop/',
      body: { resource: [{ name: 'b.txt', type: 'file', source_path: 'closed/b.txt' }] },
      status: [200, 201, 400, 403],
      says: /Access Forbidden/,
    },
    {
      name: 'a folder is copied from where it may not be read',
      ask: 'POST /files/drop/',
      body: { resource: [{ name: 'all', type: 'folder', source_path: 'closed' }] },
      status: [200, 201, 400, 403],
      says: /Access Forbidden/,
    },
    { name: 'a public file', as: 'none', ask: 'GET //files/pub/p.txt', status: 200, says: /public/ },
    {
      name: 'a file that is not public',
      as: 'none',
      ask: 'GET //files/closed/b.txt',
      status: 404,
      twin: 'b.txt:c.txt',
    },
    {
      name: 'behind dots of a public folder',
      as: 'none',
      ask: 'GET //files/pub/..%2Fclosed%2Fb.txt',
      status: [400, 404],
    },
    { name: 'a public file is no file for its service', as: 'none', ask: 'GET /files/pub/p.txt' },
    {
      name: 'of a remote service',
      ask: 'GET /remote/echo/x',
      status: 200,
      says: /"headers"|x-key|echo/,
      never: /x-dreamfactory-api-key/i,
    },
    {
      name: 'with a key in the query',
      ask: 'GET /remote/echo/x?api_key=courier000000000000000000000000000000000000000000000000000000000&a=1',
      status: [200, 400],
    },
    { name: 'of another path there', ask: 'GET /remote/json' },
    { name: 'of its root there', ask: 'GET /remote/' },
    { name: 'of another path there behind dots', ask: 'GET /remote/echo/..%2Fjson', status: [200, 400, 404] },
    {
      name: 'of another path there behind encoded dots',
      ask: 'GET /remote/echo/%2e%2e%2fjson',
      status: [200, 400, 404],
    },
    { name: 'written to there', ask: 'POST /remote/echo/x', body: {} },
    { name: 'by a tunnelled verb there', ask: 'POST /remote/echo/x', headers: { 'X-HTTP-Method-Override': 'DELETE' } },
    {
      name: 'of a remote service that is away',
      ask: 'GET /dead/x',
      status: [500, 502, 503, 504],
      never: /127\.0\.0\.1/,
    },
    { name: 'of a remote service without a right', as: 'reader', ask: 'GET /remote/echo/x' },
    { name: 'what the server does', as: 'everywhere', ask: 'GET //metrics', status: 404 },
    { name: 'a whole configuration', as: 'mover', ask: 'GET /system/package', status: 403 },
    {
      name: 'a whole configuration, taken out',
      as: 'mover',
      ask: 'POST /system/package',
      body: { service: { system: { user: ['admin@example.org'] } } },
      status: 403,
    },
    {
      name: 'a whole configuration, brought in',
      as: 'mover',
      ask: 'POST /system/package?import_url=http://127.0.0.1:1/x.zip',
      status: 403,
    },
    { name: 'services and roles, taken out', as: 'mover', ask: 'GET /system/config_package', status: 403 },
    {
      name: 'services and roles, brought in',
      as: 'mover',
      ask: 'POST /system/config_package',
      body: { format: 1, roles: [] },
      status: 403,
    },
    {
      name: 'a table is made of records',
      as: 'mover',
      ask: 'POST /system/import?service={db}&resource=zz',
      body: { resource: [{ a: 1 }] },
      status: [400, 401, 403, 404],
    },
    {
      name: 'records into a table',
      as: 'mover',
      ask: 'POST /system/import?service=lite&resource=x_one',
      body: { resource: [{ id: 9 }] },
      status: denied,
    },
    {
      name: 'a table of users',
      as: 'mover',
      ask: 'POST /system/import?service=system&resource=user',
      body: { resource: [{ id: 9 }] },
      status: [400, 401, 403, 404, 501],
    },
    { name: 'a whole configuration, without a right', as: 'everywhere', ask: 'GET /system/package', status: 403 },
  ]),
)

export const further: readonly (readonly [string, readonly Case[]])[] = [
  ['upserts and increments', upserts],
  ['tags', tags],
  ['explanations', explanations],
  ['structure', structure],
  ['formats', formats],
  ['files, remote services, packages', services],
]
