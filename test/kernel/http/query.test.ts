import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isTrue, parseQuery } from '../../../kernel/http/query.ts'

describe('query strings', () => {
  const cases: { query: string; is: unknown }[] = [
    { query: '', is: {} },
    { query: 'a=1', is: { a: '1' } },
    { query: 'a', is: { a: '' } },
    { query: 'a=&b=2&&', is: { a: '', b: '2' } },
    { query: 'a=1&a=2', is: { a: '2' } },
    { query: 'LIMIT=1&limit=2', is: { LIMIT: '1', limit: '2' } },
    { query: 'a=x+y%20z%2B', is: { a: 'x y z+' } },
    { query: 'filter=name%20like%20%27A%%27', is: { filter: "name like 'A%'" } },
    { query: "filter=a like '5%'", is: { filter: "a like '5%'" } },
    { query: 'a=%zz&b=%C3%A9&c=%ff', is: { a: '%zz', b: 'é', c: '\ufffd' } },
    { query: 'filter=a=1', is: { filter: 'a=1' } },
    { query: 'a[]=x&a[]=y', is: { a: ['x', 'y'] } },
    { query: 'a%5B%5D=x', is: { a: ['x'] } },
    { query: 'a[0]=x&a[1]=y', is: { a: ['x', 'y'] } },
    { query: 'a[1]=x', is: { a: { 1: 'x' } } },
    { query: 'a[k]=x&a[l]=y', is: { a: { k: 'x', l: 'y' } } },
    { query: 'a[k][]=x&a[k][]=y', is: { a: { k: ['x', 'y'] } } },
    { query: 'resource[0][name]=x&resource[1][name]=y', is: { resource: [{ name: 'x' }, { name: 'y' }] } },
    { query: 'a=1&a[]=2', is: { a: ['2'] } },
    { query: 'a[]=2&a=1', is: { a: '1' } },
    { query: 'a.b=1', is: { 'a.b': '1' } },
    { query: 'a[=1&]b=2&[c]=3', is: { 'a[': '1', ']b': '2', '[c]': '3' } },
    { query: 'a[__proto__][x]=1&__proto__=2', is: JSON.parse('{"a":{"__proto__":{"x":"1"}},"__proto__":"2"}') },
  ]
  for (const { query, is } of cases) {
    it(query || '(empty)', () =>
      assert.deepEqual(JSON.parse(JSON.stringify(Object.fromEntries(parseQuery(query)))), is),
    )
  }

  const refused: { name: string; query: string; message: RegExp }[] = [
    {
      name: 'too many',
      query: Array.from({ length: 1001 }, (_, i) => `a${i}=1`).join('&'),
      message: /more than 1000 parameters/,
    },
    { name: 'too deep', query: `a${'[x]'.repeat(33)}=1`, message: /more than 32 levels/ },
  ]
  for (const { name, query, message } of refused)
    it(name, () => assert.throws(() => parseQuery(query), { status: 400, message }))
})

it('true words', () => {
  for (const word of ['true', '1', 'yes', 'Y', 't', 'ON', true, 1]) assert.equal(isTrue(word), true, String(word))
  for (const word of ['false', '0', '2', '', 'no', null, undefined, 2, false])
    assert.equal(isTrue(word), false, String(word))
})
