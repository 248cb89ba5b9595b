import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Forbidden } from '../../../kernel/errors.ts'
import { caller, type Served, serve } from './fixture.ts'

const json = { 'content-type': 'application/json' }

describe('credentials', () => {
  let served: Served
  before(async () => {
    served = await serve()
  })
  after(() => served.close())
  const basic = `Basic ${Buffer.from('a@b.c:p:w').toString('base64')}`
  const cases: {
    name: string
    method?: string
    path?: string
    headers?: Record<string, string>
    body?: string
    sent: Record<string, unknown>
    left?: unknown
  }[] = [
    { name: 'none', sent: { apiKey: null, token: null, basic: null, address: '127.0.0.1' } },
    {
      name: 'headers',
      headers: { 'X-DreamFactory-API-Key': 'k', 'X-DreamFactory-Session-Token': 't' },
      sent: { apiKey: 'k', token: 't' },
    },
    { name: 'query', path: '/api/v2/db/x?api_key=k&session_token=t&a=1', sent: { apiKey: 'k', token: 't' } },
    {
      name: 'query key before header',
      path: '/api/v2/db/x?api_key=q',
      headers: { 'X-DreamFactory-API-Key': 'h' },
      sent: { apiKey: 'q' },
    },
    {
      name: 'bearer before header before query',
      path: '/api/v2/db/x?session_token=q',
      headers: { authorization: 'bearer b', 'X-DreamFactory-Session-Token': 'h' },
      sent: { token: 'b' },
    },
    {
      name: 'header before query',
      path: '/api/v2/db/x?session_token=q',
      headers: { 'X-DreamFactory-Session-Token': 'h' },
      sent: { token: 'h' },
    },
    {
      name: 'empty ones',
      path: '/api/v2/db/x?api_key=',
      headers: { authorization: '', 'X-DreamFactory-Session-Token': '' },
      sent: { apiKey: null, token: null, basic: null },
    },
    {
      name: 'basic',
      headers: { authorization: basic },
      sent: { token: null, basic: { login: 'a@b.c', password: 'p:w' } },
    },
    {
      name: 'body',
      method: 'PATCH',
      headers: json,
      body: '{"api_key":"k","session_token":"t","a":1}',
      sent: { apiKey: 'k', token: 't' },
      left: { a: 1 },
    },
    {
      name: 'a field of that name',
      method: 'PATCH',
      headers: { ...json, 'X-DreamFactory-API-Key': 'h' },
      body: '{"api_key":"data"}',
      sent: { apiKey: 'h', token: null },
      left: { api_key: 'data' },
    },
    {
      name: 'not in app records',
      method: 'POST',
      path: '/api/v2/system/app',
      headers: json,
      body: '{"api_key":"data"}',
      sent: { apiKey: null },
      left: { api_key: 'data' },
    },
    {
      name: 'a token in the body beside Basic',
      method: 'PATCH',
      headers: { ...json, authorization: basic },
      body: '{"session_token":"t"}',
      sent: { token: 't', basic: { login: 'a@b.c', password: 'p:w' } },
    },
    {
      name: 'tunnelled form',
      method: 'POST',
      path: '/api/v2/db/x?method=GET',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'session_token=t&limit=1',
      sent: { token: 't' },
      left: { limit: '1' },
    },
    {
      name: 'not in large bodies',
      method: 'PATCH',
      headers: json,
      body: `{"session_token":"t","a":"${'x'.repeat(70_000)}"}`,
      sent: { token: null },
    },
  ]
  for (const { name, method = 'GET', path = '/api/v2/db/x', headers = {}, body, sent, left } of cases) {
    it(name, async () => {
      const answer = await served.ask(method, path, headers, body)
      assert.equal(answer.status, 200)
      const got: Record<string, unknown> = { ...served.credentials.at(-1) }
      for (const [member, expected] of Object.entries(sent)) assert.deepEqual(got[member], expected, member)
      const seen = answer.json() as { query: object; headers: object; body: { value?: unknown } }
      assert.doesNotMatch(
        JSON.stringify([seen.query, seen.headers]),
        /api_key|session_token|authorization|x-dreamfactory/i,
      )
      if (left !== undefined) assert.deepEqual(seen.body.value, left)
    })
  }

  it('a bad token fails the index', async () => {
    const identity = { caller, problem: new Forbidden('Session terminated.'), sentKey: false, sentToken: true }
    const strict = await serve({}, { identify: () => identity })
    assert.equal((await strict.ask('GET', '/api/v2')).status, 403)
    await strict.close()
  })
})
