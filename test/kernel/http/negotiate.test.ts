import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { load } from '../../../config/index.ts'
import { bodyFormat, contentDisposition, createNegotiator } from '../../../kernel/http/negotiate.ts'
import type { Json } from '../../../kernel/plugins/contract.ts'

const { config } = load({ env: {}, directory: tmpdir() })
const negotiator = createNegotiator(config.api)
function wanted(
  accept: string | undefined,
  query: { [name: string]: Json } = {},
  headers: { [name: string]: string } = {},
) {
  return negotiator.wanted({
    headers: { ...headers, ...(accept === undefined ? {} : { accept }) },
    query: new Map(Object.entries(query)),
    payload: null,
    service: 'db',
    path: ['_table', 'departments'],
  })
}

describe('the type of an answer', () => {
  const cases: { name: string; accept?: string; parameter?: string; type: string | null }[] = [
    { name: 'nothing', type: 'application/json' },
    { name: 'empty', accept: '', type: 'application/json' },
    { name: 'xml', accept: 'application/xml', type: 'application/xml' },
    { name: 'text/xml', accept: 'text/xml', type: 'text/xml' },
    { name: 'csv', accept: 'TEXT/CSV', type: 'text/csv' },
    { name: 'plain', accept: 'text/plain', type: 'text/plain' },
    { name: 'html alone', accept: 'text/html', type: null },
    { name: 'bogus', accept: 'bogus', type: null },
    { name: 'an inherited name', accept: 'constructor', type: null },
    {
      name: 'a browser',
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      type: 'application/json',
    },
    { name: 'q-values', accept: 'application/xml;q=0.9,application/json;q=0.5', type: 'application/xml' },
    { name: 'JSON on ties', accept: 'text/csv, application/json', type: 'application/json' },
    { name: 'order on other ties', accept: 'text/csv, application/xml', type: 'text/csv' },
    { name: 'q=0', accept: 'application/json;q=0, text/csv;q=0.1', type: 'text/csv' },
    { name: 'parameters', accept: 'application/json;odata=verbose', type: 'application/json' },
    { name: 'application/*', accept: 'application/*', type: 'application/json' },
    {
      name: 'the parameter counts more',
      accept: 'application/json',
      parameter: 'application/xml',
      type: 'application/xml',
    },
    { name: 'short names are unknown', parameter: 'xml', type: null },
  ]
  for (const { name, accept, parameter, type } of cases) {
    it(name, () => {
      const { output, acceptable } = wanted(accept, parameter === undefined ? {} : { accept: parameter })
      assert.equal(acceptable, type !== null)
      assert.equal(output.type, type ?? 'application/json')
    })
  }
})

describe('downloads', () => {
  const cases: { file: string; accept?: string; name: string | null; type: string }[] = [
    { file: 'true', name: 'departments.json', type: 'application/json' },
    { file: '1', accept: 'text/csv', name: 'departments.csv', type: 'text/csv' },
    { file: 'out', name: null, type: 'application/json' },
    { file: 'out.csv', accept: 'application/json', name: 'out.csv', type: 'text/csv' },
    { file: 'out.csv', accept: 'text/html', name: 'out.csv', type: 'text/csv' },
    { file: 'out.xml', name: 'out.xml', type: 'application/xml' },
    { file: 'out.txt', accept: 'text/csv', name: 'out.txt', type: 'text/csv' },
    { file: 'x.constructor', name: 'x.constructor', type: 'application/json' },
    { file: '../x"y.csv', name: 'xy.csv', type: 'text/csv' },
    { file: 'a\r\nb.csv', name: 'ab.csv', type: 'text/csv' },
  ]
  for (const { file, accept, name, type } of cases) {
    it(`${JSON.stringify(file)} ${accept ?? ''}`, () => {
      const { output } = wanted(accept, { file })
      assert.deepEqual({ name: output.fileName, type: output.type }, { name, type })
    })
  }
  it('refuses what is no name', () => assert.throws(() => wanted(undefined, { file: '../..' }), { status: 400 }))
  it('names beyond ASCII', () => {
    assert.equal(contentDisposition('a.csv'), 'attachment; filename="a.csv";')
    assert.equal(contentDisposition('é.csv'), `attachment; filename="_.csv"; filename*=UTF-8''%C3%A9.csv`)
  })
})

describe('wrapping', () => {
  const cases: { parameter?: string; header?: string; wrapper: string | null }[] = [
    { wrapper: 'resource' },
    { parameter: 'false', wrapper: null },
    { header: 'false', wrapper: null },
    { parameter: 'false', header: 'true', wrapper: 'resource' },
    { parameter: '', wrapper: 'resource' },
  ]
  for (const { parameter, header, wrapper } of cases) {
    it(`${parameter} ${header}`, () => {
      const { output } = wanted(
        undefined,
        parameter === undefined ? {} : { wrap: parameter },
        header === undefined ? {} : { wrap: header },
      )
      assert.equal(output.wrapper, wrapper)
      assert.equal(output.wrapperName, 'resource')
    })
  }
})

describe('the kind of a body', () => {
  const cases: { type?: string; parameter?: string; is: string }[] = [
    { type: 'application/json', is: 'json' },
    { type: 'APPLICATION/JSON; charset=utf-8', is: 'json' },
    { type: 'application/vnd.api+json', is: 'json' },
    { type: 'application/x-www-form-urlencoded', is: 'form' },
    { type: 'text/xml', is: 'xml' },
    { type: 'application/soap+xml; charset=utf-8', is: 'xml' },
    { type: 'text/csv', is: 'csv' },
    { type: 'text/plain', is: 'text' },
    { type: 'text/plain', parameter: 'application/json', is: 'text' },
    { type: 'multipart/form-data; boundary=xml', is: 'multipart' },
    { type: 'application/octet-stream', is: 'unknown' },
    { is: 'unknown' },
    { type: 'application/json', parameter: 'text/csv', is: 'csv' },
    { parameter: 'xml', is: 'xml' },
    { parameter: 'json', is: 'json' },
  ]
  for (const { type, parameter, is } of cases)
    it(`${type} ${parameter}`, () => assert.equal(bodyFormat(type, parameter), is))
})
