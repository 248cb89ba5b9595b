import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyFor } from '../../../kernel/access/policy.ts'
import type { Verb } from '../../../kernel/plugins/contract.ts'
import { API, caller, DELETE, GET, PATCH, POST, type Row, role, SCRIPT } from '../../support/access.ts'

interface Case {
  readonly name: string
  readonly rows: readonly Row[]
  readonly component?: string
  readonly verb?: Verb
  readonly verbs: number
  readonly filter: string | null
}

const cases: readonly Case[] = [
  { name: 'no row', rows: [], verbs: 0, filter: null },
  { name: 'a filtered row', rows: [['db', '_table/a/*', GET, API, 'f']], verbs: GET, filter: 'f' },
  {
    name: 'the last row of a category wins',
    rows: [
      ['db', '_table/a/*', GET, API, 'f'],
      ['db', '_table/a/*', GET, API, 'g'],
    ],
    verbs: GET,
    filter: 'g',
  },
  {
    name: 'a later * cancels the filter of an earlier row',
    rows: [
      ['db', '_table/a/*', GET, API, 'f'],
      ['db', '*', GET],
    ],
    verbs: GET,
    filter: null,
  },
  {
    name: 'an earlier * does not',
    rows: [
      ['db', '*', GET],
      ['db', '_table/a/*', GET, API, 'f'],
    ],
    verbs: GET,
    filter: 'f',
  },
  {
    name: 'an unfiltered exact row cancels the filter of a wild one',
    rows: [
      ['db', '_table/a', GET],
      ['db', '_table/a/*', GET, API, 'f'],
    ],
    verbs: GET,
    filter: null,
  },
  {
    name: 'rows without the verb do not count',
    rows: [
      ['db', '_table/a/*', GET, API, 'f'],
      ['db', '_table/a/*', POST, API, 'g'],
    ],
    verbs: GET | POST,
    filter: 'f',
  },
  {
    name: 'each verb has its own filter',
    rows: [
      ['db', '_table/a/*', GET, API, 'f'],
      ['db', '_table/a/*', DELETE, API, 'g'],
    ],
    verb: 'DELETE',
    verbs: GET | DELETE,
    filter: 'g',
  },
  {
    name: 'an exact row without the verb keeps the filter of the wild one, but no right',
    rows: [
      ['db', '_table/a', PATCH],
      ['db', '_table/a/*', GET, API, 'f'],
    ],
    verbs: PATCH,
    filter: 'f',
  },
  { name: 'rows for all services carry no filter', rows: [[null, '*', GET, API, 'f']], verbs: GET, filter: null },
  {
    name: 'rows of another requestor do not count',
    rows: [
      ['db', '_table/a/*', GET, API, 'f'],
      ['db', '_table/a/*', GET, SCRIPT, 'g'],
    ],
    verbs: GET,
    filter: 'f',
  },
  {
    name: 'the table is compared in any case',
    rows: [['db', '_table/a/*', GET, API, 'f']],
    component: '_table/A',
    verbs: GET,
    filter: 'f',
  },
  {
    name: 'other tables are not touched',
    rows: [
      ['db', '*', GET],
      ['db', '_table/a/*', GET, API, 'f'],
    ],
    component: '_table/b',
    verbs: GET,
    filter: null,
  },
]

for (const { name, rows, component = '_table/a', verb = 'GET', verbs, filter } of cases) {
  test(`policy: ${name}`, () => {
    const policy = policyFor(caller({ role: role(rows) }), 'db', component, verb)
    assert.deepEqual({ verbs: policy.verbs, filter: policy.rows?.kind ?? null }, { verbs, filter })
  })
}

test('policy: what rows hide adds up', () => {
  const rows: readonly Row[] = [
    ['db', '*', GET, API, 'f', ['salary']],
    ['db', '_table/a', GET, API, undefined, ['phone']],
    ['db', '_table/a/*', PATCH],
    ['db', '_table/a', GET, SCRIPT, undefined, ['notes']],
    ['db', '_table/b/5', GET, API, undefined, ['phone']],
    [null, '*', GET, API, undefined, ['everywhere']],
  ]
  const reader = caller({ role: role(rows) })
  for (const verb of ['GET', 'PATCH', 'DELETE'] as const)
    assert.deepEqual([...policyFor(reader, 'DB', '_table/A', verb).hidden], ['salary', 'phone'], verb)
  assert.deepEqual([...policyFor(reader, 'DB', '_table/b', 'GET').hidden], ['salary'])
  assert.deepEqual([...policyFor(reader, 'other', '_table/b', 'GET').hidden], [])
})

test('policy: administrators, nobody, and inactive roles', () => {
  const filtered = role([['db', '*', 31, API, 'f', ['salary']]])
  const admin = policyFor(caller({ admin: true, role: filtered }), 'db', '_table/a', 'GET')
  assert.deepEqual([admin.verbs, admin.rows, admin.hidden.size], [31, null, 0])
  assert.equal(policyFor(caller(), 'db', '_table/a', 'GET').verbs, 0)
  assert.equal(policyFor(caller({ role: { ...filtered, isActive: false } }), 'db', '_table/a', 'GET').verbs, 0)
})
