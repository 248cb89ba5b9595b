/** Lists of a service: its root, `_table`, `_schema` and what is below it (data-plane 1.3 to 1.7, 6.1 to 6.3). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Caller, Json } from 'dataferry/sdk'
import { ApiError } from 'dataferry/sdk'
import { type Asked, admin, Company, hostFor, type Rights, requestFor } from './company.ts'
import { RecordStoreAbility, type Row, recordService } from './exports.ts'
import { MemoryStore } from './memory-store.ts'

interface Case extends Asked {
  readonly name: string
  readonly rights?: Rights
  readonly shows?: Json
  readonly fails?: readonly [status: number, message: string]
}

const list = (...rows: Json[]): Json => ({ resource: rows })
const named = (...names: string[]): Json => list(...names.map((name) => ({ name })))
const every = ['departments', 'dept_emp', 'employees', 'kinds', 'locations', 'no_pk', 'supplies']
const some: Rights = { supplies: { verbs: ['GET', 'POST'], hidden: ['name'] }, kinds: { verbs: ['GET'] } }

function run(title: string, cases: readonly Case[]): void {
  describe(title, () => {
    for (const { name, rights, shows, fails, ...asked } of cases) {
      it(name, async () => {
        const company = new Company({ rights: rights ?? null })
        if (!fails) return assert.deepEqual((await company.ask(asked)).body, shows)
        await assert.rejects(company.ask(asked), (error: unknown) => {
          assert.ok(error instanceof ApiError, String(error))
          assert.deepEqual([error.status, error.message], fails)
          return true
        })
      })
    }
  })
}

run('root', [
  { name: 'names', path: '', shows: named('_schema', '_table') },
  { name: 'as_list', path: '?as_list=true', shows: list('_schema', '_table') },
  {
    name: 'labels',
    path: '?fields=*',
    shows: list({ name: '_schema', label: 'Schema Table' }, { name: '_table', label: 'Table' }),
  },
  {
    name: 'access lists are always wrapped',
    path: '?as_access_list=true',
    output: { wrapper: null },
    rights: some,
    shows: list(
      '_schema/kinds/',
      '_schema/kinds/*',
      '_schema/supplies/',
      '_schema/supplies/*',
      '_table/kinds/',
      '_table/kinds/*',
      '_table/supplies/',
      '_table/supplies/*',
    ),
  },
  {
    name: 'another verb',
    verb: 'POST',
    path: '',
    fails: [400, "POST requests without a resource are not currently supported by the 'db' service."],
  },
])

run('tables', [
  { name: 'all, naturally ordered', path: '_table', shows: named(...every) },
  { name: 'those with a right', path: '_table', rights: some, shows: named('kinds', 'supplies') },
  { name: 'as_list', path: '_table?as_list=true', rights: some, shows: list('kinds', 'supplies') },
  { name: 'ids, unknown ones left out', path: '_table?ids=supplies,nope', shows: named('supplies') },
  { name: 'of another schema there are none', path: '_table?schema=other', shows: list() },
  {
    name: 'whole, with the verbs',
    path: '_table?fields=*&ids=supplies',
    rights: some,
    shows: list({
      name: 'supplies',
      label: 'Supplies',
      description: null,
      native: [],
      plural: 'Supplies',
      is_view: false,
      access: ['GET', 'POST'],
    }),
  },
  {
    name: 'include_access',
    path: '_table?include_access=true',
    rights: some,
    shows: list({ name: 'kinds', access: ['GET'] }, { name: 'supplies', access: ['GET', 'POST'] }),
  },
  { name: 'an access list is for the root', path: '_table?as_access_list=true&ids=kinds', shows: named('kinds') },
])

const idField = {
  alias: null,
  name: 'id',
  label: 'id',
  description: null,
  native: [],
  type: 'id',
  db_type: 'integer',
  length: null,
  precision: null,
  scale: null,
  default: null,
  required: false,
  allow_null: false,
  fixed_length: false,
  supports_multibyte: false,
  auto_increment: true,
  is_primary_key: true,
  is_unique: false,
  is_index: false,
  is_foreign_key: false,
  ref_table: null,
  ref_field: null,
  ref_on_update: null,
  ref_on_delete: null,
  picklist: null,
  validation: null,
  db_function: null,
  is_virtual: false,
  is_aggregate: false,
}
const locationsBy = {
  alias: null,
  name: 'locations_by_supply_id',
  label: 'Locations By Supply Id',
  description: null,
  native: [],
  type: 'has_many',
  field: 'id',
  is_virtual: false,
  ref_service_id: 10,
  ref_table: 'locations',
  ref_field: 'supply_id',
  ref_on_update: 'NO ACTION',
  ref_on_delete: 'CASCADE',
  junction_service_id: null,
  junction_table: null,
  junction_field: null,
  junction_ref_field: null,
  always_fetch: false,
  flatten: false,
  flatten_drop_prefix: false,
}
const supplies = {
  alias: null,
  name: 'supplies',
  label: 'Supplies',
  description: null,
  native: [],
  plural: 'Supplies',
  is_view: false,
  primary_key: ['id'],
  name_field: null,
  field: [idField],
  related: [locationsBy],
  constraints: [],
  access: 3,
}

run('schema', [
  { name: 'names', path: '_schema', shows: named(...every) },
  { name: 'as_list', path: '_schema?as_list=true', rights: some, shows: list('kinds', 'supplies') },
  { name: 'a table, without what is hidden', path: '_schema/SUPPLIES', rights: some, shows: supplies },
  { name: 'ids are whole', path: '_schema?ids=supplies', rights: some, shows: list(supplies) },
  {
    name: 'an unknown id',
    path: '_schema?ids=supplies,nope',
    fails: [404, "Table 'nope' does not exist in the database."],
  },
  { name: 'an unknown table', path: '_schema/nope', fails: [404, 'Table "nope" does not exist in the database.'] },
  { name: 'fields', path: '_schema/supplies/_field', rights: some, shows: list(idField) },
  { name: 'a field', path: '_schema/supplies/_field/ID', shows: idField },
  { name: 'a field in short', path: '_schema/supplies/id', shows: idField },
  {
    name: 'an unknown field',
    path: '_schema/supplies/_field/nope',
    fails: [404, "No requested fields found in table 'supplies'."],
  },
  {
    name: 'a hidden field',
    path: '_schema/supplies/name',
    rights: some,
    fails: [404, "No requested fields found in table 'supplies'."],
  },
  { name: 'relations', path: '_schema/supplies/_related', shows: list(locationsBy) },
  { name: 'a relation', path: '_schema/supplies/_related/locations_by_supply_id', shows: locationsBy },
  {
    name: 'an unknown relation',
    path: '_schema/supplies/_related/nope',
    fails: [404, "No requested relationships found in table 'supplies'."],
  },
  {
    name: 'without a right',
    path: '_schema/employees',
    rights: some,
    fails: [403, "GET access to component '_schema/employees' of service 'db' is not allowed by this user's role."],
  },
  {
    name: 'a relation to a hidden field is not told',
    path: '_schema/supplies/_related',
    rights: { supplies: {}, locations: { hidden: ['supply_id'] } },
    caller: { admin: false },
    shows: list(),
  },
  {
    name: 'another verb on the list',
    verb: 'POST',
    path: '_schema',
    body: [],
    fails: [400, "POST requests without a resource are not currently supported by the '_schema' service."],
  },
  {
    name: 'another verb on a table',
    verb: 'DELETE',
    path: '_schema/supplies',
    fails: [400, "DELETE requests for resource 'supplies' are not currently supported by the '_schema' service."],
  },
])

describe('the service', () => {
  it('shows its schema with a list of records, in the names of clients', async () => {
    const { body } = await new Company({ rights: some }).ask({ path: '_table/supplies?include_schema=true&limit=1' })
    const { meta } = body as { readonly meta: { readonly schema: Row } }
    const { alias: _alias, access: _access, ...rest } = supplies
    const { alias: _field, ...field } = idField
    const { alias: _relation, ...relation } = locationsBy
    assert.deepEqual(meta.schema, { ...rest, field: [field], related: [relation] })
  })

  it('offers its store', () => {
    const store = new MemoryStore([])
    const service = recordService(store, { host: hostFor(null), config: {} })
    assert.equal(service.ability(RecordStoreAbility), store)
    assert.equal(service.ability({ name: 'Other' }), undefined)
  })

  it('shows a role what it has rights below of', async () => {
    const service = recordService(new MemoryStore([]), { host: hostFor({}), config: {} })
    const rule = { component: '_table/supplies/*', verbs: 1, requestors: 1, rows: null, fields: null }
    const role: Caller['role'] = {
      id: 1,
      name: 'r',
      description: null,
      isActive: true,
      rules: new Map([['db', [rule]]]),
      lookups: {},
    }
    const request = requestFor({ path: '', caller: { ...admin, admin: false, role } })
    const { body } = await service.handle(request, new AbortController().signal)
    assert.deepEqual(body, { kind: 'value', value: { resource: [{ name: '_table' }] } })
  })
})
