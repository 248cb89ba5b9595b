import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { CorsRule } from '../../../kernel/plugins/contract.ts'
import { type Served, serve } from './fixture.ts'

const rule = (path: string, more: Partial<CorsRule> = {}): CorsRule => ({
  path,
  origins: ['*'],
  headers: ['*'],
  exposed: [],
  methods: ['GET', 'POST'],
  maxAge: 0,
  credentials: false,
  ...more,
})
const rules: readonly CorsRule[] = [
  rule('api/*', { exposed: ['X-Request-Id'], maxAge: 60 }),
  rule('api/v2/db/*', {
    origins: ['https://a.example', 'https://b.example'],
    headers: ['X-One', 'X-Two'],
    credentials: true,
  }),
  rule('^api/v2/re[0-9]+$', { methods: ['DELETE'] }),
  rule('^api/v2/broken(', { origins: ['https://never.example'] }),
]

describe('CORS', () => {
  let served: Served
  before(async () => {
    served = await serve({}, { cors: () => rules })
  })
  after(() => served.close())

  const corsOf = (headers: { readonly [name: string]: string | undefined }) =>
    Object.fromEntries(
      Object.entries(headers)
        // What the choice of a format adds is not looked at here.
        .map(([name, text]) => [name, name === 'vary' ? text?.replace(/(?:, )?Accept\b(?!-)/, '') : text] as const)
        .filter(([name, text]) => name.startsWith('access-control-') || (name === 'vary' && text !== '')),
    )

  const cases: { name: string; path: string; origin?: string; is: object }[] = [
    { name: 'no origin', path: '/api/v2/x', is: {} },
    {
      name: 'any origin',
      path: '/api/v2/x',
      origin: 'null',
      is: { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'X-Request-Id' },
    },
    {
      name: 'the longest pattern decides; credentials are told the origin',
      path: '/api/v2/db/x',
      origin: 'https://b.example',
      is: {
        'access-control-allow-origin': 'https://b.example',
        'access-control-allow-credentials': 'true',
        vary: 'Origin',
      },
    },
    { name: 'another origin', path: '/api/v2/db/x', origin: 'https://c.example', is: { vary: 'Origin' } },
    {
      name: 'errors too',
      path: '/api/v2/nope/y',
      origin: 'https://c.example',
      is: { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'X-Request-Id' },
    },
    { name: 'pages never', path: '/_health/live', origin: 'https://b.example', is: {} },
  ]
  for (const { name, path, origin, is } of cases) {
    it(name, async () => {
      const answer = await served.ask('GET', path, origin === undefined ? {} : { origin })
      assert.deepEqual(corsOf(answer.headers), is)
    })
  }

  const preflights: { name: string; path: string; origin: string; method: string; status: number; is: object }[] = [
    {
      name: 'allowed',
      path: '/api/v2/x',
      origin: 'https://c.example',
      method: 'POST',
      status: 204,
      is: {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'x-asked',
        'access-control-max-age': '60',
      },
    },
    {
      name: 'with credentials',
      path: '/api/v2/db/x',
      origin: 'https://a.example',
      method: 'GET',
      status: 204,
      is: {
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': 'X-One, X-Two',
        'access-control-max-age': '0',
        vary: 'Origin',
      },
    },
    { name: 'verb not allowed', path: '/api/v2/x', origin: 'https://c.example', method: 'DELETE', status: 405, is: {} },
    {
      name: 'regular expression',
      path: '/api/v2/re12',
      origin: 'https://c.example',
      method: 'DELETE',
      status: 204,
      is: { 'access-control-allow-methods': 'DELETE' },
    },
    {
      name: 'origin not allowed',
      path: '/api/v2/db/x',
      origin: 'https://c.example',
      method: 'GET',
      status: 405,
      is: {},
    },
  ]
  for (const { name, path, origin, method, status, is } of preflights) {
    it(`preflight: ${name}`, async () => {
      const headers = { origin, 'access-control-request-method': method, 'access-control-request-headers': 'x-asked' }
      const answer = await served.ask('OPTIONS', path, headers)
      assert.equal(answer.status, status)
      const got = corsOf(answer.headers)
      if (name === 'regular expression') assert.equal(got['access-control-allow-methods'], 'DELETE')
      else assert.deepEqual(got, is)
    })
  }

  it('without rules there are no headers, and a preflight is refused', async () => {
    const bare = await serve()
    const headers = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
    assert.deepEqual(corsOf((await bare.ask('GET', '/api/v2/x', headers)).headers), {})
    const refused = await bare.ask('OPTIONS', '/api/v2/x', headers)
    assert.deepEqual([refused.status, corsOf(refused.headers)], [405, {}])
    await bare.close()
  })
})
