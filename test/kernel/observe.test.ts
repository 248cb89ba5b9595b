import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, createLogger, createObservatory, type Observation, redact, redacted } from '../../kernel/observe.ts'

const token = 'eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJ4In0.c2lnbmF0dXJl'

const redactions: readonly { readonly name: string; readonly given: unknown; readonly expect: unknown }[] = [
  {
    name: 'secret names, in any case and at any depth',
    given: { a: [{ Password: 'x', 'X-DreamFactory-API-Key': 'k', host: 'h' }] },
    expect: { a: [{ Password: redacted, 'X-DreamFactory-API-Key': redacted, host: 'h' }] },
  },
  {
    name: 'a map of headers',
    given: new Map([
      ['authorization', 'Basic x'],
      ['accept', 'y'],
    ]),
    expect: { authorization: redacted, accept: 'y' },
  },
  {
    name: 'names that stay',
    given: { username: 'ann', limit: 5, token_count: 3 },
    expect: { username: 'ann', limit: 5, token_count: 3 },
  },
  { name: 'a token in a text', given: `bad ${token} here`, expect: `bad ${redacted} here` },
  {
    name: 'a query in a text',
    given: '/api/v2/db?api_key=abc123&limit=5',
    expect: `/api/v2/db?api_key=${redacted}&limit=5`,
  },
  { name: 'JSON in a text', given: '{"password":"hunter2","a":1}', expect: `{"password":"${redacted}","a":1}` },
  { name: 'a header in a text', given: 'Bearer abc.def and more', expect: `Bearer ${redacted} and more` },
  {
    name: 'a connection string',
    given: 'postgres://app:hunter2@db:5432/x',
    expect: `postgres://app:${redacted}@db:5432/x`,
  },
  { name: 'bytes', given: { body: new Uint8Array(3) }, expect: { body: '3 bytes' } },
  {
    name: 'a setup code, not the code of an error',
    given: [{ code: 'Ab3xY' }, { code: 'ECONNREFUSED' }, { code: 404 }],
    expect: [{ code: redacted }, { code: 'ECONNREFUSED' }, { code: 404 }],
  },
  { name: 'numbers beyond JSON', given: { n: 12345678901234567890n }, expect: { n: '12345678901234567890' } },
  { name: 'nothing', given: { token: null, password: '' }, expect: { token: null, password: '' } },
]
for (const { name, given, expect } of redactions) {
  test(`redaction: ${name}`, () => assert.deepEqual(redact(given), expect))
}

test('redaction: errors, with what caused them', () => {
  const error = new Error(`no ${token}`, { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
  const shown = redact(error) as {
    readonly message: string
    readonly stack: readonly string[]
    readonly cause: { readonly code: string }
  }
  assert.equal(shown.message, `no ${redacted}`)
  assert.equal(shown.cause.code, 'ECONNREFUSED')
  assert.ok(shown.stack.every((line) => line.startsWith('at ')))
  const circle: { self?: unknown } = {}
  circle.self = circle
  assert.doesNotThrow(() => JSON.stringify(redact(circle)))
})

test('logger: one JSON line for what is severe enough', () => {
  const lines: string[] = []
  const { observe, subscribe } = createObservatory()
  subscribe(
    createLogger(
      'info',
      (line) => lines.push(line),
      () => new Date(0),
    ),
  )
  const log = createLog(observe, 'here')
  log.debug('unseen')
  log.warn('seen', { password: 'x', event: 'lost' })
  const request: Observation = {
    kind: 'request',
    id: 'r1',
    verb: 'GET',
    service: 'db',
    path: '/api/v2/db',
    status: 200,
    ms: 1.5,
    bytes: 3,
    address: '::1',
    user: null,
    app: 4,
  }
  observe(request)
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'warning',
        event: 'log',
        source: 'here',
        message: 'seen',
        password: redacted,
      },
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'info',
        event: 'request',
        id: 'r1',
        verb: 'GET',
        service: 'db',
        path: '/api/v2/db',
        status: 200,
        ms: 1.5,
        bytes: 3,
        address: '::1',
        user: null,
        app: 4,
      },
    ],
  )
  assert.ok(lines.every((line) => line.endsWith('}\n') && line.indexOf('\n') === line.length - 1))
})

test('logger: off is off', () => {
  const log = createLogger('off', () => assert.fail('nothing is written'))
  log({ kind: 'unhandled', error: new Error('x') })
})

test('observatory: a listener that throws disturbs nobody', () => {
  const seen: string[] = []
  const { observe, subscribe } = createObservatory()
  subscribe(() => assert.fail('no'))
  const stop = subscribe(({ kind }) => seen.push(kind))
  observe({ kind: 'draining', signal: null })
  stop()
  observe({ kind: 'draining', signal: null })
  assert.deepEqual(seen, ['draining'])
})
