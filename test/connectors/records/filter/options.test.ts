// `order`, `group` and `fields` (data-plane 3.3), and expressions by themselves (4.7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadRequest } from 'dataferry/sdk'
import {
  aggregateKey,
  type FieldAsked,
  parseExpression,
  parseField,
  parseFields,
  parseGroup,
  parseOrder,
  resolveExpr,
  resolveGroup,
  resolveOrder,
} from '../../../../connectors/records/filter/index.ts'
import { scopeOf, showExpr } from './table.ts'

const says = (message: string) => (error: unknown) => {
  assert.ok(error instanceof BadRequest)
  assert.equal(error.message, message)
  return true
}

function order(text: string): string {
  const { scope, binds } = scopeOf()
  return resolveOrder(parseOrder(text), scope, 3)
    .map(({ expr, descending, nulls }) => {
      if (expr.kind === 'related') throw new TypeError('no relation is known here')
      const by = expr.kind === 'output' ? `#${expr.index}` : showExpr(expr, binds)
      return `${by} ${descending ? 'desc' : 'asc'}${nulls ? ` nulls ${nulls}` : ''}`
    })
    .join(', ')
}

describe('order', () => {
  const cases: readonly { readonly text: string; readonly means: string }[] = [
    { text: '', means: '' },
    { text: 'name', means: 'name asc' },
    { text: 'NAME desc', means: 'name desc' },
    { text: 'a DESC', means: 'a desc' },
    { text: 'a desc, name asc,id', means: 'a desc, name asc, id asc' },
    { text: ' a  desc , , id ', means: 'a desc, id asc' },
    { text: 'a sideways', means: 'a asc' },
    { text: 'a asc nulls last,id', means: 'a asc nulls last, id asc' },
    { text: 'a DESC NULLS FIRST', means: 'a desc nulls first' },
    { text: 'a nulls last', means: 'a asc' },
    { text: '"first name" desc', means: 'first name desc' },
    { text: '`a` desc', means: 'a desc' },
    { text: 'nick', means: 'real_name asc' },
    { text: '1 desc', means: '#0 desc' },
    { text: '3, 2', means: '#2 asc, #1 asc' },
    { text: 'length(name)', means: 'length(name) asc' },
    { text: 'length(name) desc,name', means: 'length(name) desc, name asc' },
    { text: 'coalesce(name, nick) desc, a', means: 'coalesce(name, real_name) desc, a asc' },
    { text: 'a + b desc', means: '(a + b) desc' },
    { text: '(a * 2)', means: '(a * 2) asc' },
  ]
  for (const { text, means } of cases) it(JSON.stringify(text), () => assert.equal(order(text), means))

  const invalid = (term: string): string => `Invalid field '${term}' in order by clause.`
  const refused: readonly { readonly text: string; readonly message: string }[] = [
    { text: 'nope', message: invalid('nope') },
    { text: 'nope desc', message: invalid('nope') },
    { text: 'real_name', message: invalid('real_name') },
    { text: 'length(nope)', message: invalid('nope') },
    { text: 'a; drop table x', message: 'Invalid order by clause in request.' },
    { text: 'sleep(1)', message: 'Use of the sleep() function not supported.' },
    { text: 'a, SLEEP (1)', message: 'Use of the sleep() function not supported.' },
    { text: '(select 1)', message: invalid('(select 1)') },
    { text: 'pg_sleep_for(1)', message: invalid('pg_sleep_for(1)') },
    { text: 'CASE WHEN 1=1 THEN a END', message: invalid('CASE WHEN 1=1 THEN a END') },
    { text: 'IF(1,a,b)', message: invalid('IF(1,a,b)') },
    { text: "'a'", message: invalid("'a'") },
    { text: '0', message: invalid('0') },
    { text: '-1', message: invalid('-1') },
    { text: '4', message: invalid('4') },
    { text: 'a asc, b)', message: invalid('b)') },
    { text: 'a desc nulls', message: invalid('a desc nulls') },
    { text: 'a desc b c', message: invalid('a desc b c') },
    { text: 'a --', message: invalid('a --') },
    { text: 'a = 1', message: invalid('a = 1') },
    { text: 'SUM_a', message: invalid('SUM_a') },
  ]
  for (const { text, message } of refused) {
    it(`${JSON.stringify(text)} is refused`, () => assert.throws(() => order(text), says(message)))
  }
})

describe('group', () => {
  const group = (text: string): string => {
    const { scope } = scopeOf()
    return resolveGroup(parseGroup(text), scope)
      .map((expr) => showExpr(expr, []))
      .join(', ')
  }
  const cases: readonly { readonly text: string; readonly means: string }[] = [
    { text: '', means: '' },
    { text: 'name', means: 'name' },
    { text: ' A, ,name ', means: 'a, name' },
    { text: '"first name",`a`', means: 'first name, a' },
    { text: 'first name', means: 'first name' },
  ]
  for (const { text, means } of cases) it(JSON.stringify(text), () => assert.equal(group(text), means))

  const refused: readonly { readonly text: string; readonly message: string }[] = [
    { text: 'nope', message: "Invalid or unknown field 'nope' in group by clause." },
    { text: 'a;x', message: 'Invalid group by clause in request.' },
    { text: '(SELECT a, b)', message: "Invalid or unknown field '(SELECT a, b)' in group by clause." },
    { text: '1', message: "Invalid or unknown field '1' in group by clause." },
  ]
  for (const { text, message } of refused) {
    it(`${JSON.stringify(text)} is refused`, () => assert.throws(() => group(text), says(message)))
  }
})

describe('fields', () => {
  const cases: readonly { readonly text: string; readonly is: FieldAsked }[] = [
    { text: 'a', is: { kind: 'field', name: 'a' } },
    { text: ' a ', is: { kind: 'field', name: 'a' } },
    { text: '*', is: { kind: 'all' } },
    { text: 'SUM(a)', is: { kind: 'aggregate', function: 'SUM', of: 'a' } },
    { text: 'count( * )', is: { kind: 'aggregate', function: 'COUNT', of: null } },
    { text: 'Avg (first name)', is: { kind: 'aggregate', function: 'AVG', of: 'first name' } },
    { text: 'SUM(*)', is: { kind: 'field', name: 'SUM(*)' } },
    { text: 'upper(a)', is: { kind: 'field', name: 'upper(a)' } },
    { text: 'SUM(a) x', is: { kind: 'field', name: 'SUM(a) x' } },
    { text: '(select 1)', is: { kind: 'field', name: '(select 1)' } },
    { text: 'constructor(a)', is: { kind: 'field', name: 'constructor(a)' } },
  ]
  for (const { text, is } of cases) it(text, () => assert.deepEqual(parseField(text), is))

  it('are a list with empty members dropped', () =>
    assert.deepEqual(parseFields('a,, MIN(b) ,'), [parseField('a'), parseField('MIN(b)')]))
  it('name the keys of aggregates', () =>
    assert.deepEqual([aggregateKey('SUM', 'f'), aggregateKey('COUNT', null)], ['SUM_f', 'COUNT_ALL']))
})

describe('expressions', () => {
  const cases: readonly { readonly text: string; readonly means: string | null }[] = [
    { text: 'NOW()', means: 'now()' },
    { text: 'upper(name)', means: 'upper(name)' },
    { text: 'NULL', means: 'null' },
    { text: 'true', means: 'true' },
    { text: "'it''s'", means: '"it\'s"' },
    { text: 'a+1', means: '(a + 1)' },
    { text: 'a - 1 - 2', means: '((a - 1) - 2)' },
    { text: 'a + b * c', means: '(a + (b * c))' },
    { text: ' ( a ) ', means: 'a' },
    { text: '1.50', means: '1.5' },
    { text: "'5'", means: '"5"' },
    { text: '', means: null },
    { text: 'a b', means: null },
    { text: 'a +', means: null },
    { text: 'upper(name); drop table t', means: null },
    { text: '(select 1)', means: null },
    { text: 'load_file(name)', means: null },
    { text: 'lower(name', means: null },
    { text: "'x", means: null },
    { text: '1x', means: null },
    { text: 'constructor(a)', means: null },
    { text: '"upper"(name)', means: null },
  ]
  for (const { text, means } of cases) {
    it(JSON.stringify(text), () => {
      const { scope, binds } = scopeOf()
      const expr = parseExpression(text)
      assert.equal(expr && showExpr(resolveExpr(expr, scope), binds), means)
    })
  }
  it('names what it does not know in the words of its place', () =>
    assert.throws(
      () =>
        resolveExpr({ kind: 'column', column: 'nope' }, scopeOf().scope, (name) => new BadRequest(`no ${name} here`)),
      says('no nope here'),
    ))
})
