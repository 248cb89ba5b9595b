import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CsvReader, decodeCsv, encodeCsv } from '../../../kernel/formats/index.ts'
import { Decimal, type Json } from '../../../kernel/plugins/contract.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('CSV in', () => {
  const cases: { name: string; text: string; rows: unknown }[] = [
    { name: 'one', text: 'name\ncsv1\n', rows: [{ name: 'csv1' }] },
    { name: 'no last line end', text: 'a,b\n1,2', rows: [{ a: '1', b: '2' }] },
    { name: 'CRLF', text: 'name\r\ncsv4\r\n', rows: [{ name: 'csv4' }] },
    { name: 'CR', text: 'a\rb\rc', rows: [{ a: 'b' }, { a: 'c' }] },
    { name: 'quotes', text: 'name\n"a, ""b"" c"\n', rows: [{ name: 'a, "b" c' }] },
    { name: 'newline in quotes', text: 'a,b\n"x\ny",2\n', rows: [{ a: 'x\ny', b: '2' }] },
    { name: 'quoted names', text: '"a b",c\n1,2\n', rows: [{ 'a b': '1', c: '2' }] },
    { name: 'empty values', text: 'a,b,c\n,"",\n', rows: [{ a: '', b: '', c: '' }] },
    { name: 'missing trailing values', text: 'id,name\n951\n', rows: [{ id: '951', name: null }] },
    { name: 'blank lines', text: 'a\n\n1\n\n', rows: [{ a: '1' }] },
    { name: 'quote inside a bare value', text: 'a\n5" pipe\n', rows: [{ a: '5" pipe' }] },
    { name: 'header only', text: 'csv6', rows: [] },
    {
      name: 'names of objects',
      text: '__proto__,constructor\n1,2\n',
      rows: JSON.parse('[{"__proto__":"1","constructor":"2"}]'),
    },
  ]
  for (const { name, text, rows } of cases) {
    it(name, () => assert.deepEqual(plain(decodeCsv(text, 'resource')), { resource: rows }))
    it(`${name}, in pieces of one character`, () => {
      const lines: (readonly string[])[] = []
      const whole: (readonly string[])[] = []
      const inPieces = new CsvReader((cells) => lines.push(cells))
      for (const char of text) inPieces.feed(char)
      inPieces.end()
      const atOnce = new CsvReader((cells) => whole.push(cells))
      atOnce.feed(text)
      atOnce.end()
      assert.deepEqual(lines, whole)
    })
  }

  const broken: { name: string; text: string; message: RegExp }[] = [
    { name: 'open quote', text: 'a\n1\n"x\ny', message: /the quote that opens on line 3 is never closed/ },
    { name: 'text after a quote', text: 'a\n"x"y\n', message: /line 2: text after a closing quote/ },
    { name: 'too many values', text: 'a,b\n1,2\n1,2,3\n', message: /line 3 has 3 values, but the first line names 2/ },
  ]
  for (const { name, text, message } of broken) {
    it(name, () => assert.throws(() => decodeCsv(text, 'resource'), { status: 400, message }))
  }
})

describe('CSV out', () => {
  const cases: { name: string; value: Json; text: string }[] = [
    {
      name: 'rows',
      value: {
        resource: [
          { a: 1, b: 'x' },
          { a: 2, b: 'y z' },
        ],
      },
      text: 'a,b\n1,x\n2,"y z"\n',
    },
    { name: 'meta is dropped', value: { resource: [{ a: 1 }], meta: { count: 5 } }, text: 'a\n1\n' },
    { name: 'union of keys', value: { resource: [{ a: 1 }, { b: 2, a: 3 }] }, text: 'a,b\n1,\n3,2\n' },
    { name: 'scalars', value: { resource: ['d001', 'd 2'] }, text: 'value\nd001\n"d 2"\n' },
    { name: 'empty list', value: { resource: [] }, text: '\n\n' },
    { name: 'bare scalar', value: 9, text: '9' },
    { name: 'record', value: { dept_no: 'd001', dept_name: null }, text: 'dept_no,dept_name\nd001,\n' },
    { name: 'booleans', value: [{ t: true, f: false, n: null }], text: 't,f,n\n1,,\n' },
    {
      name: 'nested',
      value: [{ j: { a: 1, b: [true, null, 'x'] } }],
      text: 'j\n"{""a"":1,""b"":[true,null,""x""]}"\n',
    },
    {
      name: 'digits',
      value: [{ i: 9223372036854775807n, d: new Decimal('1.10') }],
      text: 'i,d\n9223372036854775807,1.10\n',
    },
    {
      name: 'quotes',
      value: [{ q: 'a "b"', c: 'x,y', l: 'x\ny', s: "d'1" }],
      text: `q,c,l,s\n"a ""b""","x,y","x\ny",d'1\n`,
    },
    {
      name: 'error',
      value: {
        error: { code: 404, context: null, message: "Record with identifier 'zzzz' not found.", status_code: 404 },
      },
      text: `code,context,message,status_code\n404,,"Record with identifier 'zzzz' not found.",404\n`,
    },
    { name: 'index', value: { services: [], types: [1] }, text: 'services,types\n[],[1]\n' },
  ]
  for (const { name, value, text } of cases) it(name, () => assert.equal(encodeCsv(value, 'resource'), text))
})
