import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maySee, serviceIndex } from '../../../kernel/access/visible.ts'
import type { Caller, Json, ServiceType } from '../../../kernel/plugins/contract.ts'
import { caller, GET, type Row, record, role, SCRIPT, snapshot } from '../../support/access.ts'

const visible: readonly { readonly name: string; readonly rows: readonly Row[]; readonly sees: boolean }[] = [
  { name: 'a row', rows: [['db', '_table/a', GET]], sees: true },
  { name: 'a row without verbs', rows: [['db', '*', 0]], sees: false },
  {
    name: 'a row without verbs hides those for all services',
    rows: [
      ['db', '*', 0],
      [null, '*', GET],
    ],
    sees: false,
  },
  { name: 'a row for all services', rows: [[null, '*', GET]], sees: true },
  { name: 'a row of another service', rows: [['files', '*', GET]], sees: false },
  { name: 'a row of scripts', rows: [['db', '*', GET, SCRIPT]], sees: false },
]
for (const { name, rows, sees } of visible) {
  test(`a service is ${sees ? '' : 'not '}seen: ${name}`, () =>
    assert.equal(maySee(caller({ role: role(rows) }), 'db'), sees))
}

const type = (name: string, group: string): [string, ServiceType] => [
  name,
  {
    name,
    label: name.toUpperCase(),
    group,
    description: `${name} it is`,
    config: [],
    body: 'value',
    create: () => assert.fail('not made here'),
  },
]
const types = new Map([type('sqlite', 'Database'), type('local_file', 'File'), type('system', 'System')])
const configured = snapshot({
  services: [
    record({ id: 9, name: 'My', label: 'Mine', type: 'mysql' }),
    record({ id: 5, name: 'db', label: 'DB', description: 'text' }),
    record({ id: 3, name: 'files', type: 'local_file' }),
    record({ id: 4, name: 'logs', type: 'local_file', isActive: false }),
  ],
})
const index = (query: { readonly [name: string]: Json }, who: Partial<Caller> = { admin: true }) =>
  serviceIndex(configured, types, new Map(Object.entries(query)), caller(who), 'api') as {
    readonly services: readonly { readonly name?: string }[]
    readonly service_types: readonly { readonly name: string }[]
  }
const names = (query: { readonly [name: string]: Json }, who?: Partial<Caller>) => {
  const { services, service_types } = index(query, who)
  return [services.map((each) => each.name), service_types.map((each) => each.name)]
}

test('index: the whole of it', () => {
  const { services, service_types } = index({})
  assert.deepEqual(services[1], {
    id: 5,
    name: 'db',
    label: 'DB',
    description: 'text',
    type: 'sqlite',
    spec_url: '/api/v2/db/_spec',
  })
  assert.deepEqual(service_types[1], {
    name: 'sqlite',
    label: 'SQLITE',
    group: 'Database',
    description: 'sqlite it is',
  })
})

const asked: readonly {
  readonly name: string
  readonly query: { readonly [name: string]: Json }
  readonly who?: Partial<Caller>
  readonly expect: readonly (readonly (string | undefined)[])[]
}[] = [
  {
    name: 'an administrator: all active ones by id',
    query: {},
    expect: [
      ['files', 'db', 'My'],
      ['local_file', 'sqlite', 'system'],
    ],
  },
  { name: 'nobody', query: {}, who: {}, expect: [[], ['local_file', 'sqlite', 'system']] },
  {
    name: 'a role',
    query: {},
    who: { role: role([['db', '_table/a', GET]]) },
    expect: [['db'], ['local_file', 'sqlite', 'system']],
  },
  { name: 'a group', query: { group: 'file,nope' }, expect: [['files'], ['local_file']] },
  { name: 'a group wins over a type', query: { group: 'Database', type: 'local_file' }, expect: [['db'], ['sqlite']] },
  { name: 'a type', query: { type: 'sqlite' }, expect: [['db'], ['sqlite']] },
  { name: 'a type that is not there', query: { type: 'mysql' }, expect: [['My'], []] },
  {
    name: 'types',
    query: { type: 'sqlite, local_file' },
    expect: [
      ['files', 'db'],
      ['local_file', 'sqlite'],
    ],
  },
]
for (const { name, query, who, expect } of asked) {
  test(`index: ${name}`, () => assert.deepEqual(names(query, who), expect))
}

test('index: fields', () => {
  assert.deepEqual(index({ fields: 'id,label' }).services[1], { id: 5, label: 'DB' })
  assert.deepEqual(index({ fields: 'name' }).services[1], { name: 'db', spec_url: '/api/v2/db/_spec' })
})
