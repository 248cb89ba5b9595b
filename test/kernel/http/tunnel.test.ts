import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tunnelledVerb } from '../../../kernel/http/tunnel.ts'
import type { Json } from '../../../kernel/plugins/contract.ts'

interface Case {
  readonly name: string
  readonly headers?: { [name: string]: string }
  readonly query?: { [name: string]: Json }
  readonly body?: { [name: string]: Json }
  readonly verb: string
}

describe('tunnelled verbs', () => {
  const cases: Case[] = [
    { name: 'none', verb: 'POST' },
    { name: 'X-HTTP-Method-Override', headers: { 'x-http-method-override': 'PUT' }, verb: 'PUT' },
    { name: 'X-HTTP-Method', headers: { 'x-http-method': 'DELETE' }, verb: 'DELETE' },
    { name: 'X-Method-Override', headers: { 'x-method-override': 'patch' }, verb: 'PATCH' },
    { name: '_method in the body', body: { _method: 'GET' }, verb: 'GET' },
    { name: '_method in the query', query: { _method: 'GET' }, verb: 'GET' },
    { name: 'method in the query', query: { method: 'get' }, verb: 'GET' },
    { name: 'MERGE', headers: { 'x-http-method': 'MERGE' }, verb: 'PATCH' },
    { name: 'header before body', headers: { 'x-http-method-override': 'PUT' }, body: { _method: 'GET' }, verb: 'PUT' },
    { name: 'body before query', query: { _method: 'PUT' }, body: { _method: 'GET' }, verb: 'GET' },
    {
      name: '_method before X-HTTP-Method',
      headers: { 'x-http-method': 'DELETE' },
      query: { _method: 'GET' },
      verb: 'GET',
    },
    {
      name: 'X-HTTP-Method before method',
      headers: { 'x-http-method': 'DELETE' },
      query: { method: 'GET' },
      verb: 'DELETE',
    },
    { name: 'POST asks on', headers: { 'x-http-method-override': 'POST' }, query: { method: 'GET' }, verb: 'GET' },
    {
      name: 'empty is absent',
      headers: { 'x-http-method-override': '' },
      query: { _method: '', method: 'GET' },
      verb: 'GET',
    },
    { name: 'what is no text', body: { _method: 5 }, query: { _method: ['GET'] }, verb: 'POST' },
  ]
  for (const { name, headers = {}, query = {}, body, verb } of cases) {
    it(name, () => {
      assert.equal(tunnelledVerb({ headers, query: new Map(Object.entries(query)), body: body ?? null }), verb)
    })
  }

  it('takes out what it used', () => {
    const query = new Map<string, Json>([
      ['_method', ''],
      ['method', 'GET'],
      ['x', '1'],
    ])
    const body = { _method: '', name: 'n' }
    tunnelledVerb({ headers: {}, query, body })
    assert.deepEqual([...query.keys()], ['x'])
    assert.deepEqual(body, { name: 'n' })
  })

  for (const verb of ['FOO', 'TRACE', 'COPY']) {
    it(`refuses ${verb}`, () => {
      const sources = { headers: {}, query: new Map<string, Json>([['method', verb]]), body: null }
      assert.throws(() => tunnelledVerb(sources), {
        status: 405,
        message: `Invalid or unsupported verb '${verb}' used in request.`,
      })
    })
  }
})
