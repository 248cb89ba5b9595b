/** The snapshot from the rows of the store. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { defaultModifiers } from 'dataferry/records'
import type { Snapshot } from 'dataferry/sdk'
import { sealLookup } from '../../../plugins/system/models/lookup-value.ts'
import { compileSnapshot, type SnapshotRows } from '../../../plugins/system/snapshot/compile.ts'
import { secrets } from '../../../plugins/system/store/secrets.ts'
import type { StoreRow } from '../../../plugins/system/store/tables.ts'

const box = secrets(createSecretKey(randomBytes(32)))

const service = (id: number, name: string, more: StoreRow = {}): StoreRow => ({
  id,
  name,
  label: name,
  description: null,
  type: 'mysql',
  is_active: true,
  config: '{"host":"h","database":"d"}',
  ...more,
})
const access = (id: number, role_id: number, service_id: number | null, more: StoreRow = {}): StoreRow => ({
  id,
  role_id,
  service_id,
  component: '*',
  verb_mask: 1,
  requestor_mask: 3,
  filters: null,
  filter_op: 'and',
  ...more,
})
const lookup = (id: number, name: string, value: string, more: StoreRow = {}): StoreRow => ({
  id,
  app_id: null,
  role_id: null,
  user_id: null,
  name,
  value: sealLookup(value, box),
  private: false,
  ...more,
})
const role = (id: number, more: StoreRow = {}): StoreRow => ({
  id,
  name: `r${id}`,
  description: null,
  is_active: true,
  ...more,
})

interface Compiled {
  readonly snapshot: Snapshot
  readonly warnings: readonly string[]
}

function compile(rows: Partial<SnapshotRows>, before: Snapshot | null = null, version = 7): Compiled {
  const warnings: string[] = []
  const tools = {
    types: new Map(),
    secrets: box,
    modifiers: defaultModifiers,
    warn: (message: string) => warnings.push(message),
  }
  const all = { services: [], roles: [], access: [], apps: [], lookups: [], cors: [], ...rows }
  return { snapshot: compileSnapshot(version, all, before, tools), warnings }
}

test('services are found by name in lower case and by id', () => {
  const { snapshot } = compile({ services: [service(8, 'MySql', { is_active: false })] })
  assert.equal(snapshot.services.get('mysql')?.id, 8)
  assert.equal(snapshot.servicesById.get(8)?.name, 'MySql')
  assert.equal(snapshot.services.get('mysql')?.isActive, false)
})

test('configurations are complete, with lookups replaced', () => {
  const rows = {
    services: [service(8, 'a', { config: '{"host":"{db_host}","database":"{strtoupper(db)}","username":"{nobody}"}' })],
    lookups: [
      lookup(1, 'db_host', 'db.internal', { private: true }),
      lookup(2, 'db', 'hr'),
      lookup(3, 'nobody', 'x', { role_id: 1 }),
    ],
  }
  const config = compile(rows).snapshot.services.get('a')?.config
  assert.equal(config?.host, 'db.internal')
  assert.equal(config?.database, 'HR')
  assert.equal(config?.username, '{nobody}')
  assert.equal(config?.max_records, 1000)
})

test('revisions: only what changed gets a new one', () => {
  const { snapshot: first } = compile({ services: [service(8, 'a'), service(9, 'b')] }, null, 3)
  const { snapshot: second } = compile(
    { services: [service(8, 'a'), service(9, 'b', { config: '{"host":"other"}' })] },
    first,
    4,
  )
  assert.equal(second.services.get('a')?.revision, 3)
  assert.equal(second.services.get('b')?.revision, 4)
})

test('a changed lookup makes the services that use it anew', () => {
  const rows = (value: string): Partial<SnapshotRows> => ({
    services: [service(8, 'a', { config: '{"host":"{h}"}' }), service(9, 'b')],
    lookups: [lookup(1, 'h', value)],
  })
  const { snapshot: first } = compile(rows('one'), null, 1)
  const { snapshot: second } = compile(rows('two'), first, 2)
  assert.deepEqual([second.services.get('a')?.revision, second.services.get('b')?.revision], [2, 1])
})

test('roles: rules by service, in the order of the table', () => {
  const rows = {
    services: [service(8, 'MySql')],
    roles: [role(1, { is_active: false })],
    access: [
      access(1, 1, 8, { component: '/_Table/Employees/', verb_mask: 3 }),
      access(2, 1, null, { component: null }),
      access(3, 1, 8, { verb_mask: 31, requestor_mask: 1 }),
      access(4, 1, 99),
    ],
  }
  const compiled = compile(rows).snapshot.roles.get(1)
  assert.equal(compiled?.isActive, false)
  assert.deepEqual([...(compiled?.rules.keys() ?? [])], ['mysql', ''])
  assert.deepEqual(
    compiled?.rules.get('mysql')?.map(({ component, verbs, requestors }) => [component, verbs, requestors]),
    [
      ['_table/employees', 3, 3],
      ['*', 31, 1],
    ],
  )
  assert.equal(compiled?.rules.get('')?.[0]?.component, '')
})

test('row filters', async (t) => {
  const filter = (filters: string | null, filter_op = 'and') => {
    const { snapshot, warnings } = compile({
      services: [service(8, 'a')],
      roles: [role(1)],
      access: [access(1, 1, 8, { filters, filter_op })],
    })
    return { rows: snapshot.roles.get(1)?.rules.get('a')?.[0]?.rows, warnings }
  }
  const one = '[{"name":"gender","operator":"=","value":"F"}]'
  await t.test('none', () => assert.equal(filter(null).rows, null))
  await t.test('an empty list is none', () => assert.equal(filter('[]').rows, null))
  await t.test('one', () => assert.equal(filter(one).rows?.kind, 'compare'))
  await t.test('two', () => assert.equal(filter(`[${one.slice(1, -1)},${one.slice(1, -1)}]`, 'OR').rows?.kind, 'or'))
  for (const [name, filters, op] of [
    ['no operator', '[{"name":"gender","operator":"","value":"F"}]', 'and'],
    ['an unknown operator', '[{"name":"gender","operator":"near","value":"F"}]', 'and'],
    ['no list', '{"name":"gender"}', 'and'],
    ['no JSON', 'gender = F', 'and'],
    ['an unknown combiner', one, 'sometimes'],
  ] as const) {
    await t.test(`${name}: nothing passes, and it is told`, () => {
      const { rows, warnings } = filter(filters, op)
      assert.deepEqual(rows && 'left' in rows ? rows.left : null, { kind: 'column', column: '' })
      assert.equal(warnings.length, 1)
    })
  }
})

test('apps are found by key, with their lookups', () => {
  const apps = [{ id: 4, name: 'a', api_key: 'k', is_active: true, role_id: 1 }]
  const { snapshot } = compile({
    apps,
    lookups: [lookup(1, 'x', '1', { app_id: 4 }), lookup(2, 'y', '2', { user_id: 1 })],
  })
  assert.deepEqual({ ...snapshot.appsByKey.get('k')?.lookups }, { x: { value: '1', private: false } })
  assert.deepEqual(Object.keys(snapshot.lookups), [])
})

test('what is broken is left out and told, the rest stands', () => {
  const { snapshot, warnings } = compile({
    services: [service(8, 'a', { config: '{"host":"kept","password":{"$sealed":"v1:AAAA"}}' }), service(9, 'b')],
    lookups: [lookup(1, 'x', '1', { value: 'v1:AAAA' }), lookup(2, 'y', '2')],
  })
  assert.deepEqual(
    [snapshot.services.get('a')?.config.host, snapshot.services.get('a')?.config.password],
    ['kept', null],
  )
  assert.equal(snapshot.services.get('b')?.config.host, 'h')
  assert.deepEqual(Object.keys(snapshot.lookups), ['y'])
  assert.equal(warnings.length, 2)
})
