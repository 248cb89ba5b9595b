import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maskFor, maskOf } from '../../../kernel/access/masks.ts'
import { caller, DELETE, GET, PATCH, POST, PUT, type Row, role, SCRIPT } from '../../support/access.ts'

interface Case {
  readonly name: string
  readonly rows: readonly Row[]
  /** [service, component] to mask. */
  readonly asked: readonly (readonly [service: string, component: string, mask: number])[]
}

const cases: readonly Case[] = [
  {
    name: 'a row for all services without a component answers for roots',
    rows: [[null, null, GET]],
    asked: [
      ['system', '', GET],
      ['system', 'app', 0],
    ],
  },
  {
    name: 'a row for all services with * answers everywhere',
    rows: [[null, '*', GET]],
    asked: [
      ['system', '', GET],
      ['system', 'app', GET],
      ['db', '_table/a/5', GET],
    ],
  },
  {
    name: 'a row for all services with a component answers nowhere',
    rows: [[null, 'app', GET]],
    asked: [
      ['system', 'app', 0],
      ['system', '', 0],
    ],
  },
  {
    name: 'an empty component is the root only',
    rows: [['system', '', GET]],
    asked: [
      ['system', '', GET],
      ['system', 'app', 0],
      ['user', '', 0],
    ],
  },
  {
    name: '* is root and everything',
    rows: [['system', '*', GET | DELETE]],
    asked: [
      ['system', '', GET | DELETE],
      ['system', 'app', GET | DELETE],
      ['system', 'app/1', GET | DELETE],
      ['user', '', 0],
    ],
  },
  {
    name: 'a plain component is itself only',
    rows: [['system', 'app', GET]],
    asked: [
      ['system', 'app', GET],
      ['system', 'app/1', 0],
      ['system', '', 0],
      ['system', 'apps', 0],
    ],
  },
  {
    name: 'a component with /* is itself and below',
    rows: [['system', 'app/*', GET]],
    asked: [
      ['system', 'app', GET],
      ['system', 'app/1', GET],
      ['system', '', 0],
      ['system', 'apps', 0],
    ],
  },
  {
    name: 'exact hides wild',
    rows: [
      ['system', 'app', GET],
      ['system', 'app/*', POST],
    ],
    asked: [
      ['system', 'app', GET],
      ['system', 'app/1', POST],
    ],
  },
  {
    name: 'exact hides the service-wide star',
    rows: [
      ['system', '*', GET],
      ['system', 'app', POST],
    ],
    asked: [
      ['system', 'app', POST],
      ['system', 'app/1', GET],
    ],
  },
  {
    name: 'rows of one component are united',
    rows: [
      ['db', '_table/a', GET],
      ['db', '_table/a', PATCH],
    ],
    asked: [['db', '_table/a', GET | PATCH]],
  },
  {
    name: 'a narrower star cannot restrict a wider one',
    rows: [
      ['db', '*', GET | POST],
      ['db', '_table/a/*', GET],
    ],
    asked: [
      ['db', '_table/a', GET | POST],
      ['db', '_table/a/1', GET | POST],
    ],
  },
  {
    name: 'a found row with mask 0 hides the wider ones',
    rows: [
      ['db', '*', 31],
      ['db', '_table/a', 0],
    ],
    asked: [
      ['db', '_table/a', 0],
      ['db', '_table/b', 31],
    ],
  },
  {
    name: 'a row of the service hides those for all services',
    rows: [
      [null, '*', 31],
      ['db', '_table/a/*', GET],
    ],
    asked: [
      ['db', '_table/a/1', GET],
      ['db', '_table/b', 31],
    ],
  },
  {
    name: 'a row with mask 0 hides those for all services',
    rows: [
      [null, '*', 31],
      ['db', '*', 0],
    ],
    asked: [
      ['db', '_table/a', 0],
      ['db', '', 0],
    ],
  },
  {
    name: 'exact root hides the star of the root',
    rows: [
      ['db', '', GET],
      ['db', '*', POST],
    ],
    asked: [
      ['db', '', GET],
      ['db', 'x', POST],
    ],
  },
  {
    name: 'the star may stand inside a name',
    rows: [['db', '_table/con*', GET]],
    asked: [
      ['db', '_table/contact', GET],
      ['db', '_table/contact/1', GET],
      ['db', '_table/co', 0],
      ['db', '_table/con', GET],
    ],
  },
  {
    name: 'text after the first star matches nothing',
    rows: [['db', '_table/*/x', GET]],
    asked: [
      ['db', '_table/a/x', 0],
      ['db', '_table/a', 0],
    ],
  },
  {
    name: 'trailing slashes do not matter',
    rows: [['db', '_table/a/', GET]],
    asked: [
      ['db', '_table/a', GET],
      ['db', '_table/a/', GET],
      ['db', '/_table/a', GET],
      ['db', '_table/a/1', 0],
    ],
  },
  {
    name: 'case does not matter',
    rows: [['DB', '_Table/Author/*', GET]],
    asked: [
      ['db', '_table/AUTHOR/5', GET],
      ['Db', '_TABLE/author', GET],
    ],
  },
  {
    name: 'inline arguments of a procedure are cut off',
    rows: [['db', '_proc/run', POST]],
    asked: [
      ['db', '_proc/run(1,2)', POST],
      ['db', '_proc/run()', POST],
      ['db', '_proc/other(1)', 0],
    ],
  },
  {
    name: 'a parenthesis elsewhere is part of the name',
    rows: [['db', '_table/a', GET]],
    asked: [
      ['db', '_table/a(b)', 0],
      ['files', 'a(1)', 0],
    ],
  },
  {
    name: 'a key in parentheses is below its table',
    rows: [
      ['db', '_table/a', GET],
      ['db', '_table/b/*', GET],
    ],
    asked: [
      ['db', '_table/a/(1,2)', 0],
      ['db', '_table/b/(1,2)', GET],
    ],
  },
  {
    name: 'rows of scripts are invisible to the API',
    rows: [['db', '*', 31, SCRIPT]],
    asked: [
      ['db', 'x', 0],
      ['db', '', 0],
    ],
  },
  {
    name: 'rows of scripts do not hide those of the API',
    rows: [
      ['db', '_table/a', 0, SCRIPT],
      ['db', '_table/a/*', GET],
    ],
    asked: [['db', '_table/a', GET]],
  },
  { name: 'a requestor mask of 0 never matches', rows: [['db', '*', 31, 0]], asked: [['db', 'x', 0]] },
  { name: 'braces in a request are text', rows: [['db', '_table/a', GET]], asked: [['db', '_table/{x}', 0]] },
]

for (const { name, rows, asked } of cases) {
  test(`mask: ${name}`, () => {
    const reader = caller({ role: role(rows) })
    for (const [service, component, mask] of asked) {
      assert.equal(maskOf(reader, service, component), mask, `${service} ${component}`)
      if (!component.includes('{')) assert.equal(maskFor(reader, service, component), mask, `${service} ${component}`)
    }
  })
}

test('mask: a script sees the rows of scripts only', () => {
  const script = caller({
    requestor: 'script',
    role: role([
      ['db', '*', GET, SCRIPT],
      ['db', 'x', POST],
    ]),
  })
  assert.equal(maskOf(script, 'db', 'x'), GET)
})

test('mask: no role, an inactive role, an administrator', () => {
  const all = role([[null, '*', 31]])
  assert.equal(maskOf(caller(), 'db', 'x'), 0)
  assert.equal(maskOf(caller({ role: { ...all, isActive: false } }), 'db', 'x'), 0)
  assert.equal(maskOf(caller({ admin: true }), 'db', 'x'), 31)
  assert.equal(maskOf(caller({ admin: true, role: role([['db', '*', 0]]) }), 'db', 'x'), 31)
})

test('mask: {parameters} of documentation fit the names of rows', () => {
  const reader = caller({
    role: role([
      ['db', '_table/contact', GET],
      ['db', '_table/a.b', PUT],
      ['db', '_proc/x', POST],
    ]),
  })
  assert.equal(maskFor(reader, 'db', '_table/{table}'), GET)
  assert.equal(maskFor(reader, 'db', '_proc/{name}'), POST)
  assert.equal(maskFor(reader, 'db', '_func/{name}'), 0)
  assert.equal(maskFor(reader, 'db', '_tableX{table}'), 0)
})
