// Lookups in values (data-plane 2.13, control-plane 10.7).
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Decimal, type Json } from 'dataferry/sdk'
import { defaultModifiers, replaceLookups, replaceLookupsIn } from '../../../../connectors/records/filter/index.ts'

const values = new Map<string, Json>([
  ['user.id', 7],
  ['user.email', null],
  ['user.is_sys_admin', true],
  ['name', 'jane doe'],
  ['padded', '  x\t'],
  ['path', 'a b/ü~&'],
  ['coded', 'a+b%2F%zz'],
  ['base', 'aMO8'],
  ['list', [1, 2]],
  ['amount', new Decimal('1.50')],
  ['nested', '{name}'],
])
const source = { lookup: (name: string): Json | undefined => values.get(name), modifiers: defaultModifiers }

const cases: readonly { readonly text: string; readonly is: Json }[] = [
  { text: 'plain', is: 'plain' },
  { text: '{user.id}', is: 7 },
  { text: 'no. {user.id}!', is: 'no. 7!' },
  { text: '{user.id}{user.id}', is: '77' },
  { text: '{user.email}', is: null },
  { text: '<{user.email}>', is: '<>' },
  { text: '{user.is_sys_admin}', is: true },
  { text: '{user.is_sys_admin} ', is: '1 ' },
  { text: '{nope}', is: '{nope}' },
  { text: 'a {nope} b {name}', is: 'a {nope} b jane doe' },
  { text: '{nested}', is: '{name}' },
  { text: 'x{nested}', is: 'x{name}' },
  { text: '{list}', is: [1, 2] },
  { text: 'x{list}', is: 'x{list}' },
  { text: '{amount} €', is: '1.50 €' },
  { text: '{}', is: '{}' },
  { text: '{{name}}', is: '{jane doe}' },
  { text: '{"json": 1}', is: '{"json": 1}' },
  { text: '{ name }', is: '{ name }' },
  { text: '{strtoupper(name)}', is: 'JANE DOE' },
  { text: '{strtolower(name)}', is: 'jane doe' },
  { text: '{ucfirst(name)}', is: 'Jane doe' },
  { text: '{lcfirst(name)}', is: 'jane doe' },
  { text: '{ucwords(name)}', is: 'Jane Doe' },
  { text: '{trim(padded)}', is: 'x' },
  { text: '{urlencode(path)}', is: 'a+b%2F%C3%BC%7E%26' },
  { text: '{rawurlencode(path)}', is: 'a%20b%2F%C3%BC~%26' },
  { text: '{urldecode(coded)}', is: 'a b/%zz' },
  { text: '{rawurldecode(coded)}', is: 'a+b/%zz' },
  { text: '{base64_encode(name)}', is: 'amFuZSBkb2U=' },
  { text: '{base64_decode(base)}', is: 'hü' },
  { text: '{strtoupper(user.id)}', is: '7' },
  { text: '{strtoupper(nope)}', is: '{strtoupper(nope)}' },
  { text: '{system(name)}', is: '{system(name)}' },
  { text: '{constructor(name)}', is: '{constructor(name)}' },
  { text: '{strtoupper(list)}', is: '{strtoupper(list)}' },
]
describe('lookups', () => {
  for (const { text, is } of cases) it(text, () => assert.deepEqual(replaceLookups(text, source), is))

  it('calls no modifier that is not allowed', () =>
    assert.equal(replaceLookups('{trim(name)}', { ...source, modifiers: new Set(['strtoupper']) }), '{trim(name)}'))

  it('are replaced at any depth of a value, in strings only', () => {
    const decimal = new Decimal('1.0')
    const replaced = replaceLookupsIn(
      { '{name}': ['{user.id}', { deep: 'x {name}' }], n: 1, d: decimal, z: null },
      source,
    )
    assert.deepEqual(
      JSON.parse(JSON.stringify(replaced)),
      JSON.parse(JSON.stringify({ '{name}': [7, { deep: 'x jane doe' }], n: 1, d: decimal, z: null })),
    )
    assert.equal(Object.getPrototypeOf(replaced), null)
  })

  it('keeps __proto__ a plain name', () => {
    const replaced = replaceLookupsIn(JSON.parse('{"__proto__": "{user.id}"}'), source)
    assert.equal(JSON.stringify(replaced), '{"__proto__":7}')
  })
})
