import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimpleType } from 'dataferry/records'
import { parseJson } from 'dataferry/sdk'
import { ByteBuffer, rowDecoder, type WireColumn, type WireValue, wireValues } from 'dataferry/sql'

const column = (as: string, type: SimpleType, hidden = false): WireColumn => ({ as, type, dbType: type, hidden })
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

function encode(
  form: Parameters<typeof wireValues.encoder>[1],
  columns: readonly WireColumn[],
  row: readonly WireValue[],
): string {
  const out = new ByteBuffer()
  wireValues.encoder(columns, form)(row, out)
  return out.text()
}

/** What a value of a type is in JSON, in CSV, and between the tags of XML (data-plane 9.1, 2.10). */
const cases: readonly { type: SimpleType; value: WireValue; json: string; csv: string; xml: string }[] = [
  { type: 'integer', value: 5n, json: '5', csv: '5', xml: '5' },
  { type: 'integer', value: null, json: 'null', csv: '', xml: '' },
  { type: 'id', value: -3, json: '-3', csv: '-3', xml: '-3' },
  { type: 'integer', value: 'five', json: '"five"', csv: 'five', xml: 'five' },
  { type: 'integer', value: 1.5, json: '1.5', csv: '1.5', xml: '1.5' },
  {
    type: 'bigint',
    value: 9223372036854775807n,
    json: '9223372036854775807',
    csv: '9223372036854775807',
    xml: '9223372036854775807',
  },
  {
    type: 'bigint',
    value: -9223372036854775808n,
    json: '-9223372036854775808',
    csv: '-9223372036854775808',
    xml: '-9223372036854775808',
  },
  {
    type: 'decimal',
    value: '12345678901234567890.12',
    json: '12345678901234567890.12',
    csv: '12345678901234567890.12',
    xml: '12345678901234567890.12',
  },
  { type: 'decimal', value: '10.50', json: '10.50', csv: '10.50', xml: '10.50' },
  { type: 'decimal', value: 1.5, json: '1.5', csv: '1.5', xml: '1.5' },
  { type: 'decimal', value: '1,5', json: '"1,5"', csv: '"1,5"', xml: '1,5' },
  { type: 'decimal', value: '012', json: '"012"', csv: '012', xml: '012' },
  { type: 'double', value: 10, json: '10', csv: '10', xml: '10' },
  { type: 'double', value: 1e100, json: '1e+100', csv: '1e+100', xml: '1e+100' },
  { type: 'double', value: 0.1, json: '0.1', csv: '0.1', xml: '0.1' },
  { type: 'double', value: -0, json: '0', csv: '0', xml: '0' },
  { type: 'double', value: Number.POSITIVE_INFINITY, json: 'null', csv: '', xml: '' },
  { type: 'boolean', value: 1n, json: 'true', csv: '1', xml: 'true' },
  { type: 'boolean', value: 0n, json: 'false', csv: '', xml: 'false' },
  { type: 'boolean', value: 1, json: 'true', csv: '1', xml: 'true' },
  { type: 'boolean', value: null, json: 'null', csv: '', xml: '' },
  { type: 'boolean', value: 7n, json: '7', csv: '7', xml: '7' },
  { type: 'boolean', value: 'maybe', json: '"maybe"', csv: 'maybe', xml: 'maybe' },
  { type: 'string', value: 'O"Neil', json: '"O\\"Neil"', csv: '"O""Neil"', xml: 'O&quot;Neil' },
  {
    type: 'string',
    value: "<a> & 'b'",
    json: '"<a> & \'b\'"',
    csv: '"<a> & \'b\'"',
    xml: '&lt;a&gt; &amp; &#039;b&#039;',
  },
  { type: 'string', value: 5n, json: '"5"', csv: '5', xml: '5' },
  { type: 'string', value: 1.5, json: '"1.5"', csv: '1.5', xml: '1.5' },
  { type: 'string', value: '', json: '""', csv: '', xml: '' },
  { type: 'text', value: 'a/b\nç', json: '"a/b\\nç"', csv: '"a/b\nç"', xml: 'a/b\nç' },
  { type: 'json', value: '{"a": 1}', json: '"{\\"a\\": 1}"', csv: '"{""a"": 1}"', xml: '{&quot;a&quot;: 1}' },
  { type: 'binary', value: bytes('\0\xff\x10C'), json: '"AP8QQw=="', csv: 'AP8QQw==', xml: 'AP8QQw==' },
  { type: 'binary', value: 'plain', json: '"cGxhaW4="', csv: 'cGxhaW4=', xml: 'cGxhaW4=' },
  { type: 'string', value: bytes('abc'), json: '"YWJj"', csv: 'YWJj', xml: 'YWJj' },
  { type: 'date', value: '2024-02-29', json: '"2024-02-29"', csv: '2024-02-29', xml: '2024-02-29' },
  {
    type: 'datetime',
    value: '2024-02-29 01:02:03',
    json: '"2024-02-29 01:02:03"',
    csv: '"2024-02-29 01:02:03"',
    xml: '2024-02-29 01:02:03',
  },
  { type: 'timestamp', value: 1700000000n, json: '1700000000', csv: '1700000000', xml: '1700000000' },
]
for (const { type, value, json, csv, xml } of cases) {
  const shown = typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? 'bytes' : JSON.stringify(value)
  test(`${type} ${shown}`, () => {
    const columns = [column('c', type)]
    assert.equal(encode({ kind: 'json' }, columns, [value]), `"c":${json}`)
    assert.equal(encode({ kind: 'csv' }, columns, [value]), csv)
    assert.equal(encode({ kind: 'xml', depth: 1 }, columns, [value]), `\t<c>${xml}</c>\n`)
    assert.deepEqual(Object.values(rowDecoder(columns)([value])), [parseJson(json)])
  })
}

const texts = [
  '',
  'plain',
  'with "quotes" and \\ and / slashes',
  'lines\n\r\ttabs\b\f',
  '\u0000\u0001\u001f\u007f\u2028',
  'Zürich, 日本語, 😀',
  'x'.repeat(31),
  'x'.repeat(32),
  'x'.repeat(70_000),
  `${'x'.repeat(40)}"`,
  `${'é'.repeat(40)}\n`,
  '\ud83d',
  `${'x'.repeat(40)}\udc00`,
]
for (const text of texts) {
  test(`a text reads back as it was: ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.equal(encode({ kind: 'json' }, [column('c', 'string')], [text]), `"c":${JSON.stringify(text)}`)
    assert.equal(rowDecoder([column('c', 'text')])([text]).c, text)
  })
}

test('hidden columns are left out, at the front too', () => {
  const columns = [
    column('o', 'integer', true),
    column('a', 'integer'),
    column('h', 'integer', true),
    column('b', 'string'),
  ]
  const row = [9n, 1n, 2n, 'x']
  assert.equal(encode({ kind: 'json' }, columns, row), '"a":1,"b":"x"')
  assert.equal(encode({ kind: 'csv' }, columns, row), '1,x')
  assert.equal(encode({ kind: 'xml', depth: 0 }, columns, row), '<a>1</a>\n<b>x</b>\n')
})

test('keys are escaped as the format wants', () => {
  const columns = [column('a "b"', 'integer'), column('__proto__', 'integer')]
  assert.equal(encode({ kind: 'json' }, columns, [1n, 2n]), '"a \\"b\\"":1,"__proto__":2')
  assert.equal(encode({ kind: 'xml', depth: 0 }, columns, [1n, 2n]), '<a__b_>1</a__b_>\n<__proto__>2</__proto__>\n')
  assert.deepEqual(Object.keys(rowDecoder(columns)([1n, 2n])), ['a "b"', '__proto__'])
})

test('a value of a column without a declared type is what it is', () => {
  const out = new ByteBuffer()
  const undeclared: WireColumn = { as: 'n', type: 'string', dbType: '', hidden: false }
  for (const value of [3n, 1.5, 'x', null]) {
    wireValues.encoder([undeclared], { kind: 'json' })([value], out)
  }
  assert.equal(out.text(), '"n":3"n":1.5"n":"x""n":null')
})

test('texts of every length and whole numbers of every size are written as JSON.stringify writes them', () => {
  const columns = [column('a', 'string'), column('b', 'integer'), column('c', 'double')]
  const odd = ['"', '\\', '\n', '\u0000', '\u001f', '\u007f', '~', ' ', 'é', '日', '😀', '\ud800', 'a']
  for (let length = 0; length < 120; length++) {
    for (const letter of odd) {
      const text = length === 0 ? '' : 'x'.repeat(length - 1) + letter
      // Numbers of as many binary digits, and their neighbours.
      const power = 2 ** (length % 53)
      for (const number of [power - 1, power, -power]) {
        for (const value of [number, BigInt(number)]) {
          const row = [text, value, number + 0.5]
          const told = Buffer.from(JSON.stringify({ a: text, b: number, c: number + 0.5 })).toString('utf8')
          assert.equal(`{${encode({ kind: 'json' }, columns, row)}}`, told)
        }
      }
    }
  }
})
