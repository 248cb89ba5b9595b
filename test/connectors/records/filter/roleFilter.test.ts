// Row filters of roles (data-plane 3.11, 4.9, control-plane 3.4).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InternalError, type Json } from 'dataferry/sdk'
import { parseRoleFilter, resolveFilter } from '../../../../connectors/records/filter/index.ts'
import { type Given, scopeOf, show } from './table.ts'

type Rows = readonly (readonly [name: string, operator: string, value: Json])[]

function meaning(rows: Rows, combiner: string | null = 'AND', given: Given = {}): string {
  const filter = parseRoleFilter(
    rows.map(([name, operator, value]) => ({ name, operator, value })),
    combiner,
  )
  if (!filter) return 'none'
  const { scope, binds } = scopeOf(given)
  return show(resolveFilter(filter, scope), binds)
}

const understood: readonly { readonly rows: Rows; readonly op?: string | null; readonly means: string }[] = [
  { rows: [], means: 'none' },
  { rows: [['a', '=', '5']], means: 'a = 5' },
  { rows: [['a', '=', 5]], means: 'a = 5' },
  { rows: [['name', '=', "'F'"]], means: 'name = "F"' },
  { rows: [['name', '=', '"F"']], means: 'name = "F"' },
  { rows: [['name', '=', 'F']], means: 'name = "F"' },
  { rows: [['name', '=', "'O'Brien'"]], means: 'name = "O\'Brien"' },
  { rows: [['name', '=', "'O''Brien'"]], means: 'name = "O\'Brien"' },
  { rows: [['name', '=', 'Bob Smith) OR (id > 0']], means: 'name = "Bob Smith) OR (id > 0"' },
  { rows: [['name', '=', "x' or 'a'='a"]], means: "name = \"x' or 'a'='a\"" },
  { rows: [['name', '=', 'x and a = 1']], means: 'name = "x and a = 1"' },
  { rows: [['name', '=', "'"]], means: 'name = "\'"' },
  { rows: [['name', '=', '']], means: 'name = ""' },
  { rows: [['name', '=', null]], means: 'name = ""' },
  { rows: [['name', '!=', 'x']], means: 'name != "x"' },
  { rows: [['name', '<>', 'x']], means: 'name != "x"' },
  { rows: [['a', '>=', '1']], means: 'a >= 1' },
  { rows: [['a', 'gte', '1']], means: 'a >= 1' },
  { rows: [['a', 'IN', '(1,2)']], means: 'a in [1,2]' },
  { rows: [['a', 'in', '1,2']], means: 'a in [1,2]' },
  { rows: [['a', 'NOT IN', '(1, 2)']], means: 'not a in [1,2]' },
  { rows: [['name', 'IN', "('a,b', c)"]], means: 'name in ["a,b","c"]' },
  { rows: [['name', 'STARTS WITH', 'S']], means: 'name like "S%"' },
  { rows: [['name', 'starts with', "'S'"]], means: 'name like "S%"' },
  { rows: [['name', 'ENDS  WITH', 'S']], means: 'name like "%S"' },
  { rows: [['name', 'CONTAINS', 'S']], means: 'name like "%S%"' },
  { rows: [['name', 'LIKE', 'S%']], means: 'name like "S%"' },
  { rows: [['name', 'NOT LIKE', 'S%']], means: 'not name like "S%"' },
  { rows: [['name', 'IS NULL', '']], means: 'name null' },
  { rows: [['name', 'IS NOT NULL', null]], means: 'not name null' },
  { rows: [['name', 'DOES EXIST', '']], means: 'not name null' },
  { rows: [['name', 'DOES NOT EXIST', '']], means: 'name null' },
  { rows: [['ts', '<', '(now())']], means: 'ts < now()' },
  { rows: [['a', '=', '{user.id}']], means: 'a = 7' },
  { rows: [['name', '=', '{evil}']], means: 'name = "x) OR (id > 0"' },
  {
    rows: [
      ['a', '=', '1'],
      ['b', '=', '2'],
    ],
    means: '(a = 1 and b = 2)',
  },
  {
    rows: [
      ['a', '=', '1'],
      ['b', '=', '2'],
    ],
    op: 'or',
    means: '(a = 1 or b = 2)',
  },
  {
    rows: [
      ['a', '=', '1'],
      ['b', '=', '2'],
    ],
    op: null,
    means: '(a = 1 and b = 2)',
  },
  {
    rows: [
      ['a', '=', '1'],
      ['b', '=', '2'],
    ],
    op: '',
    means: '(a = 1 and b = 2)',
  },
]
describe('role filters', () => {
  const lookups = { 'user.id': 7, evil: 'x) OR (id > 0' }
  for (const { rows, op = 'AND', means } of understood) {
    it(`${JSON.stringify(rows)} by ${op}`, () => assert.equal(meaning(rows, op, { lookups }), means))
  }

  const filter = 'Invalid server-side filter configuration detected.'
  const refused: readonly { readonly rows: Rows; readonly op?: string; readonly says: string }[] = [
    { rows: [['a', '', '1']], says: filter },
    { rows: [['', '=', '1']], says: filter },
    { rows: [['a', '~', '1']], says: filter },
    { rows: [['a', '= 1 or', '1']], says: filter },
    { rows: [['a', 'BETWEEN', '1 and 2']], says: filter },
    { rows: [['a', 'IN', '']], says: filter },
    { rows: [['a', 'IN', '()']], says: filter },
    { rows: [['a', 'IN', '(1,2']], says: filter },
    { rows: [['a', 'IN', '(1) or (2)']], says: filter },
    { rows: [['a', '=', '(select 1)']], says: filter },
    { rows: [['a', '=', { x: 1 }]], says: filter },
    { rows: [['a', '=', '1']], op: 'NOR', says: 'Invalid server configuration detected.' },
  ]
  for (const { rows, op, says } of refused) {
    it(`${JSON.stringify(rows)} by ${op ?? 'AND'} is refused`, () =>
      assert.throws(
        () => meaning(rows, op),
        (error) => {
          assert.ok(error instanceof InternalError)
          assert.equal(error.message, says)
          return true
        },
      ))
  }
})
