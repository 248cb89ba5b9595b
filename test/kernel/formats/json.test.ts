import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeJson, encodeText, exactNumber, parseJson } from '../../../kernel/formats/index.ts'
import { Decimal, type Json } from '../../../kernel/plugins/contract.ts'

describe('numbers of a JSON text', () => {
  const cases: { literal: string; is: number | bigint | Decimal }[] = [
    { literal: '1', is: 1 },
    { literal: '-0', is: -0 },
    { literal: '1.0', is: 1 },
    { literal: '1e2', is: 100 },
    { literal: '0.1', is: 0.1 },
    { literal: '9007199254740991', is: 9007199254740991 },
    { literal: '9007199254740993', is: 9007199254740993n },
    { literal: '-9223372036854775808', is: -9223372036854775808n },
    { literal: '18446744073709551615', is: 18446744073709551615n },
    { literal: '0.30000000000000004', is: 0.30000000000000004 },
    { literal: '1234567890.123456789', is: new Decimal('1234567890.123456789') },
    { literal: '0.1000000000000000055', is: new Decimal('0.1000000000000000055') },
    { literal: '12345678901234567.50', is: new Decimal('12345678901234567.50') },
    { literal: '1e400', is: new Decimal('1e400') },
    { literal: '1e-400', is: new Decimal('1e-400') },
    { literal: '1.50000000000000000000', is: 1.5 },
    { literal: '1E22', is: 1e22 },
  ]
  for (const { literal, is } of cases) {
    it(literal, () => {
      assert.deepEqual(exactNumber(literal), is)
      assert.deepEqual(parseJson(`[${literal}]`), [is])
    })
  }

  it('prints them digit by digit', () => {
    const text = '{"a":9223372036854775807,"b":[1234567890.123456789,0.1],"c":12345678901234567890123}'
    assert.equal(encodeJson(parseJson(text)), text)
  })

  it('leaves an integer without end as digits', () => {
    const digits = '9'.repeat(100_000)
    assert.equal(encodeJson(parseJson(digits)), digits)
  })
})

describe('objects of a JSON text', () => {
  it('have null prototypes, whatever their keys', () => {
    for (const text of [
      '{"__proto__":{"x":1},"constructor":2}',
      '{"__proto__":{"x":9007199254740993},"constructor":2}',
    ]) {
      const value = parseJson(text) as { [key: string]: Json }
      assert.equal(Object.getPrototypeOf(value), null)
      assert.deepEqual(Object.keys(value), ['__proto__', 'constructor'])
      assert.equal(({} as { x?: unknown }).x, undefined)
      assert.equal(encodeJson(value), text)
    }
  })
})

describe('where a text stops being JSON', () => {
  const cases: { name: string; text: string; message: RegExp }[] = [
    {
      name: 'end',
      text: '{"resource":[{"name":"x"}',
      message: /line 1, column 26: ',' or '\]' expected, found the end of the body\.$/,
    },
    { name: 'trailing comma', text: '{"a":[1,\n2,]}', message: /line 2, column 3: a value expected, found '\]'/ },
    {
      name: 'trailing comma in an object',
      text: '{"a":1,}',
      message: /line 1, column 8: a name in double quotes expected, found '}'/,
    },
    {
      name: 'single quotes',
      text: "{'name':'x'}",
      message: /line 1, column 2: a name in double quotes expected, found '''/,
    },
    { name: 'bare word', text: '{bad', message: /line 1, column 2: a name in double quotes expected, found 'b'/ },
    { name: 'no colon', text: '{"a" 1}', message: /line 1, column 6: ':' expected, found '1'/ },
    { name: 'two values', text: '{} {}', message: /line 1, column 4: unexpected '{' after the value/ },
    { name: 'open text', text: '["abc', message: /line 1, column 6: the end of the body inside a text/ },
    { name: 'newline in a text', text: '["a\nb"]', message: /line 1, column 4: a control character inside a text/ },
    { name: 'escape', text: '["\\x"]', message: /line 1, column 3: an unknown escape inside a text/ },
    { name: 'number', text: '[01]', message: /line 1, column 3: ',' or '\]' expected, found '1'/ },
    { name: 'NaN', text: '[NaN]', message: /line 1, column 2: a value expected, found 'N'/ },
    {
      name: 'open lists',
      text: '['.repeat(100_000),
      message: /line 1, column 100001: a value expected, found the end of the body/,
    },
    { name: 'depth', text: '['.repeat(600) + ']'.repeat(600), message: /nested more than 512 levels deep/ },
    {
      name: 'depth with long numbers',
      text: `${'['.repeat(200_000)}9007199254740993${']'.repeat(200_000)}`,
      message: /nested more than 512 levels deep/,
    },
  ]
  for (const { name, text, message } of cases) {
    it(name, () => assert.throws(() => parseJson(text), { status: 400, message }))
  }
})

it('text/plain is JSON in ASCII with escaped slashes', () => {
  assert.equal(encodeText({ a: 'é/😀', n: 5n }), '{"a":"\\u00e9\\/\\ud83d\\ude00","n":5}')
})
