import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { Forbidden, InternalError, TooManyRequests } from '../../../kernel/errors.ts'
import type { ApiRequest } from '../../../kernel/plugins/contract.ts'
import { type Answer, caller, echo, rows, type Served, serve, value } from './fixture.ts'

const json = { 'content-type': 'application/json' }
const error = (answer: Answer) =>
  answer.json().error as { code: number; context: unknown; message: string; status_code: number }
const wide = Array.from({ length: 4000 }, (_, i) => ({ id: i, name: `name ${i}` }))

describe('a request', () => {
  let served: Served
  before(async () => {
    served = await serve()
  })
  after(() => served.close())

  interface Case {
    readonly name: string
    readonly method?: string
    readonly path: string
    readonly headers?: Record<string, string>
    readonly body?: string | Uint8Array
    readonly status?: number
    /** Members of the answer. */
    readonly is?: Record<string, unknown>
    readonly message?: RegExp
  }
  const cases: Case[] = [
    {
      name: 'plain',
      path: '/api/v2/db/_table/t/5?fields=*&a[]=1',
      is: {
        verb: 'GET',
        service: 'db',
        path: ['_table', 't', '5'],
        query: { fields: '*', a: ['1'] },
        body: { kind: 'none' },
      },
    },
    { name: 'trailing slash', path: '/api/v2/files/a/', is: { path: ['a'], trailingSlash: true } },
    { name: 'version-less', path: '/api/db', is: { service: 'db', path: [] } },
    { name: 'absolute form', path: 'http://example.com/api/v2/db?x=1', is: { service: 'db', query: { x: '1' } } },
    { name: 'no service', path: '/api/vx/db', status: 404, message: /Could not find a service for vx/ },
    {
      name: 'POST on the index',
      method: 'POST',
      path: '/api/v2',
      headers: json,
      body: '{}',
      status: 404,
      message: /Could not find a service for v2/,
    },
    { name: 'POST on the prefix', method: 'POST', path: '/api', status: 405, message: /can only be read/ },
    { name: 'index', path: '/api/v2?group=x', is: { services: [], query: { group: 'x' } } },
    { name: 'index tunnelled', method: 'POST', path: '/api/v2?method=GET', is: { services: [] } },
    { name: 'outside', path: '/API/v2/db', status: 404, message: /nothing at this path/ },
    { name: 'dots', path: '/api/v2/db/../x', status: 400, message: /'\.\.'/ },
    { name: 'bad escape', path: '/api/v2/db/%zz', status: 400, message: /decoded/ },
    {
      name: 'PROPFIND',
      method: 'PROPFIND',
      path: '/api/v2/db',
      status: 405,
      message: /^Invalid or unsupported verb 'PROPFIND' used in request\.$/,
    },
    { name: 'long URL', path: `/api/v2/db?x=${'a'.repeat(9000)}`, status: 414, message: /longer than 8192 bytes/ },
    {
      name: 'JSON',
      method: 'POST',
      path: '/api/v2/db/_table/t',
      headers: json,
      body: '{"resource":[{"a":1}]}',
      is: { verb: 'POST', body: { kind: 'value', typed: true, value: { resource: [{ a: 1 }] } } },
    },
    {
      name: 'JSON with a byte order mark',
      method: 'POST',
      path: '/api/v2/db/_table/t',
      headers: json,
      body: '\ufeff{"a":1}',
      is: { body: { kind: 'value', typed: true, value: { a: 1 } } },
    },
    {
      name: 'blanks',
      method: 'POST',
      path: '/api/v2/db/_table/t',
      headers: json,
      body: '   ',
      is: { body: { kind: 'none' } },
    },
    {
      name: 'broken JSON',
      method: 'PATCH',
      path: '/api/v2/db/_table/t/1',
      headers: json,
      body: '{bad',
      status: 400,
      message: /line 1, column 2/,
    },
    {
      name: 'broken JSON on a read',
      path: '/api/v2/db/_table/t',
      headers: json,
      body: '{bad',
      status: 400,
      message: /line 1, column 2/,
    },
    {
      name: 'broken JSON of a stranger',
      method: 'POST',
      path: '/api/v2/closed/x',
      headers: json,
      body: '{bad',
      status: 403,
      message: /Access Forbidden/,
    },
    {
      name: 'broken UTF-8',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: json,
      body: Buffer.from([0x22, 0xff, 0x22]),
      status: 400,
      message: /not valid UTF-8/,
    },
    {
      name: 'Latin-1',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'application/json; charset=iso-8859-1' },
      body: Buffer.from('"\xe9"', 'latin1'),
      is: { body: { kind: 'value', typed: true, value: 'é' } },
    },
    {
      name: 'unknown character set',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'application/json; charset=klingon' },
      body: '{}',
      status: 415,
      message: /klingon/,
    },
    {
      name: 'form',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'resource%5B0%5D%5Bname%5D=form+nested',
      is: { body: { kind: 'value', typed: false, value: { resource: [{ name: 'form nested' }] } } },
    },
    {
      name: 'XML',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'application/xml' },
      body: '<dfapi><resource><name>x</name></resource></dfapi>',
      is: { body: { kind: 'value', typed: false, value: { resource: { name: 'x' } } } },
    },
    {
      name: 'CSV',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'text/csv' },
      body: 'id,name\n1\n',
      is: { body: { kind: 'value', typed: false, value: { resource: [{ id: '1', name: null }] } } },
    },
    {
      name: 'text',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'text/plain' },
      body: '{"a":1}',
      is: { body: { kind: 'value', typed: true, value: '{"a":1}' } },
    },
    {
      name: 'content_type',
      method: 'POST',
      path: '/api/v2/db/x?content_type=text/csv',
      headers: { 'content-type': 'application/octet-stream' },
      body: 'a\n1',
      is: { body: { kind: 'value', typed: false, value: { resource: [{ a: '1' }] } } },
    },
    {
      name: 'sniffed JSON',
      method: 'POST',
      path: '/api/v2/db/x',
      body: '{"a":1}',
      is: { body: { kind: 'value', typed: true, value: { a: 1 } } },
    },
    {
      name: 'sniffed XML',
      method: 'POST',
      path: '/api/v2/db/x',
      body: '<d><a>1</a></d>',
      is: { body: { kind: 'value', typed: false, value: { a: '1' } } },
    },
    {
      name: 'sniffed CSV',
      method: 'POST',
      path: '/api/v2/db/x',
      body: 'a\n1',
      is: { body: { kind: 'value', typed: false, value: { resource: [{ a: '1' }] } } },
    },
    {
      name: 'nothing known',
      method: 'POST',
      path: '/api/v2/db/x',
      body: 'hello',
      status: 400,
      message: /^Unrecognized payload type$/,
    },
    {
      name: 'multipart',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b--',
      is: { body: { kind: 'none' } },
    },
    {
      name: 'raw',
      method: 'POST',
      path: '/api/v2/files/x',
      headers: json,
      body: '{"_method":"DELETE","api_key":"k"}',
      is: { verb: 'POST', body: { kind: 'raw' } },
    },
    {
      name: 'tunnelled by header',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { ...json, 'X-HTTP-Method': 'DELETE' },
      body: '{"a":1}',
      is: { verb: 'DELETE', body: { kind: 'value', typed: true, value: { a: 1 } } },
    },
    {
      name: 'tunnelled by body',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: json,
      body: '{"_method":"GET","filter":"a=1"}',
      is: { verb: 'GET', body: { kind: 'value', typed: true, value: { filter: 'a=1' } } },
    },
    {
      name: 'tunnelled by form',
      method: 'POST',
      path: '/api/v2/files/x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: '_method=DELETE',
      is: { verb: 'DELETE', body: { kind: 'raw' } },
    },
    {
      name: 'only a POST is tunnelled',
      method: 'PUT',
      path: '/api/v2/db/x?_method=GET',
      headers: { 'X-HTTP-Method': 'DELETE' },
      is: { verb: 'PUT', query: { _method: 'GET' } },
    },
    { name: 'unknown tunnelled verb', method: 'POST', path: '/api/v2/db/x?method=FOO', status: 405, message: /'FOO'/ },
    {
      name: 'a large body is not searched',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: json,
      body: `{"_method":"GET","a":"${'x'.repeat(70_000)}"}`,
      is: { verb: 'POST' },
    },
    { name: 'wrap', path: '/api/v2/db/x?wrap=false', is: { wrapper: null } },
    {
      name: 'wrap in a payload',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: json,
      body: '{"wrap":false,"resource":[]}',
      is: { wrapper: null },
    },
    {
      name: 'a column called wrap',
      method: 'PATCH',
      path: '/api/v2/db/x',
      headers: json,
      body: '{"wrap":false}',
      is: { wrapper: 'resource' },
    },
    {
      name: 'nothing acceptable',
      path: '/api/v2/db/x',
      headers: { accept: 'text/html' },
      status: 400,
      message: /^Content in response can not be resolved to acceptable content type\.$/,
    },
  ]
  for (const { name, method = 'GET', path, headers, body, status = 200, is = {}, message } of cases) {
    it(name, async () => {
      const answer = await served.ask(method, path, headers, body)
      assert.equal(answer.status, status, answer.text)
      if (message) {
        const { code, status_code, context } = error(answer)
        assert.deepEqual({ code, status_code, context }, { code: status, status_code: status, context: null })
        assert.match(error(answer).message, message)
      }
      const got = answer.json()
      for (const [member, expected] of Object.entries(is)) assert.deepEqual(got[member], expected, member)
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    })
  }

  it('a write that could not be answered is not done', async () => {
    const before = served.requests.length
    const answer = await served.ask('POST', '/api/v2/db/x', { ...json, accept: 'text/html' }, '{}')
    assert.equal(answer.status, 400)
    assert.equal(served.requests.length, before)
  })

  it('the head is asked first, the body of a stranger is not waited for', async () => {
    const answer = await served.raw(
      'PUT /api/v2/closed/x HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 403 /)
  })

  it('a refused body, read in part or not at all, leaves the connection usable', async () => {
    for (const type of ['application/json', 'text/csv']) {
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
      const first = `POST /api/v2/closed/x HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}0\r\n\r\n`
      const answers = await served.raw(`${first}GET /api/v2/db/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 403', 'HTTP/1.1 200'])
    }
  })

  it('100-continue', async () => {
    const socket = connect(served.port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.write(
      'PUT /api/v2/db/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n',
    )
    const [first] = (await once(socket, 'data')) as [string]
    assert.match(first, /^HTTP\/1\.1 100 Continue/)
    let rest = ''
    socket.on('data', (chunk) => {
      rest += chunk
    })
    socket.write('{"a":1}')
    await once(socket, 'close')
    assert.match(rest, /^HTTP\/1\.1 200 OK[\s\S]*"value":\{"a":1\}/)
  })

  it('HEAD is a GET without its body', async () => {
    const answer = await served.ask('HEAD', '/api/v2/db/x')
    assert.equal(answer.status, 200)
    assert.equal(answer.text, '')
    assert.ok(Number(answer.headers['content-length']) > 0)
    assert.equal(served.requests.at(-1)?.verb, 'GET')
    const refused = await served.ask('HEAD', '/api/v2/closed/x')
    assert.deepEqual([refused.status, refused.text], [403, ''])
  })

  it('OPTIONS tells the verbs', async () => {
    const answer = await served.ask('OPTIONS', '/api/v2/closed/x')
    assert.deepEqual([answer.status, answer.headers.allow], [204, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'])
    assert.match(await served.raw('OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 204 /)
  })

  it('has an id, its own or a new one', async () => {
    const own = await served.ask('GET', '/api/v2/db', { 'x-request-id': 'abc-1' })
    assert.equal(own.headers['x-request-id'], 'abc-1')
    assert.equal(served.requests.at(-1)?.id, 'abc-1')
    const made = await served.ask('GET', '/api/v2/db', { 'x-request-id': 'a b<script>' })
    assert.match(made.headers['x-request-id'] ?? '', /^[0-9a-f-]{36}$/)
    const told = served.seen.find((what) => what.kind === 'request' && what.id === 'abc-1')
    assert.ok(told?.kind === 'request')
    const { verb, service, path, status, bytes } = told
    assert.deepEqual(
      { verb, service, path, status, bytes },
      { verb: 'GET', service: 'db', path: '/api/v2/db', status: 200, bytes: own.bytes.length },
    )
  })
})

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

describe('proxies', () => {
  const forwarded = {
    'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.1.1.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'api.example.com',
  }
  const cases = [
    { name: 'are not believed', trusted: '', address: '127.0.0.1', origin: /^http:\/\/127\.0\.0\.1:\d+$/ },
    {
      name: 'are believed when trusted',
      trusted: '127.0.0.1, 10.0.0.0/8',
      address: '1.2.3.4',
      origin: /^https:\/\/api\.example\.com$/,
    },
  ]
  for (const { name, trusted, address, origin } of cases) {
    it(name, async () => {
      const served = await serve({ DF_TRUSTED_PROXIES: trusted })
      const seen = (await served.ask('GET', '/api/v2/db/x', forwarded)).json() as { address: string; origin: string }
      assert.equal(seen.address, address)
      assert.match(seen.origin, origin)
      assert.equal(served.credentials.at(-1)?.address, address)
      await served.close()
    })
  }
})

describe('limits', () => {
  let served: Served
  before(async () => {
    served = await serve({
      DF_MAX_BODY_BYTES: '1024',
      DF_MAX_INFLATED_BYTES: '100k',
      DF_HEADERS_TIMEOUT: '1',
      DF_REQUEST_TIMEOUT: '1',
    })
  })
  after(() => served.close())
  const head = 'Host: x\r\nConnection: close\r\nContent-Type: application/json\r\n'
  const cases: { name: string; text: string; status: number; message: RegExp }[] = [
    {
      name: 'header',
      text: `GET /api/v2/db HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`,
      status: 431,
      message: /longer than 16384 bytes/,
    },
    {
      name: 'very long URL',
      text: `GET /api/v2/db?${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      status: 414,
      message: /longer than 8192 bytes/,
    },
    {
      name: 'declared body',
      text: `PUT /api/v2/db/x HTTP/1.1\r\n${head}Content-Length: 2000\r\n\r\n${' '.repeat(2000)}`,
      status: 413,
      message: /larger than 1024 bytes/,
    },
    {
      name: 'chunked body',
      text: `PUT /api/v2/db/x HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n7d0\r\n${' '.repeat(2000)}\r\n0\r\n\r\n`,
      status: 413,
      message: /larger than 1024 bytes/,
    },
    { name: 'no HTTP', text: 'hello\r\n\r\n', status: 400, message: /not valid HTTP/ },
    { name: 'unknown verb', text: 'FOO /api/v2/db HTTP/1.1\r\nHost: x\r\n\r\n', status: 405, message: /'FOO'/ },
    { name: 'CONNECT', text: 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', status: 405, message: /'CONNECT'/ },
    {
      name: 'no host',
      text: 'GET /api/v2/db HTTP/1.1\r\nConnection: close\r\n\r\n',
      status: 400,
      message: /Host header/,
    },
    {
      name: 'bad host',
      text: 'GET /api/v2/db HTTP/1.1\r\nHost: a/b"c\r\nConnection: close\r\n\r\n',
      status: 400,
      message: /Host header/,
    },
    { name: 'slow head', text: 'GET /api/v2/db HTTP/1.1\r\nHost: x\r\n', status: 408, message: /in time/ },
    {
      name: 'slow body',
      text: `PUT /api/v2/db/x HTTP/1.1\r\n${head}Content-Length: 10\r\n\r\n{`,
      status: 408,
      message: /in time/,
    },
    {
      name: 'expectation',
      text: 'GET /api/v2/db HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n',
      status: 417,
      message: /expectation/,
    },
  ]
  for (const { name, text, status, message } of cases) {
    it(name, async () => {
      const answer = await served.raw(text)
      const [top = '', body = ''] = answer.split('\r\n\r\n')
      assert.match(top, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(top, /x-request-id: /i)
      assert.match(top, /content-type: application\/json/i)
      const { error: told } = JSON.parse(body) as { error: { status_code: number; message: string } }
      assert.equal(told.status_code, status)
      assert.match(told.message, message)
    })
  }

  const bomb = Buffer.alloc(200_000, ' ')
  const compressed: { encoding: string; body: Uint8Array; status: number; message?: RegExp }[] = [
    { encoding: 'gzip', body: gzipSync('{"a":1}'), status: 200 },
    { encoding: 'x-gzip', body: gzipSync('{"a":1}'), status: 200 },
    { encoding: 'deflate', body: deflateSync('{"a":1}'), status: 200 },
    { encoding: 'Deflate', body: deflateRawSync('{"a":1}'), status: 200 },
    { encoding: 'br', body: brotliCompressSync('{"a":1}'), status: 200 },
    { encoding: 'zstd', body: zstdCompressSync('{"a":1}'), status: 200 },
    { encoding: 'gzip, br', body: brotliCompressSync(gzipSync('{"a":1}')), status: 200 },
    { encoding: 'identity', body: Buffer.from('{"a":1}'), status: 200 },
    { encoding: 'compress', body: Buffer.from('{"a":1}'), status: 415, message: /'compress' is not supported/ },
    { encoding: 'gzip', body: Buffer.from('{"a":1}'), status: 400, message: /not valid gzip/ },
    { encoding: 'br', body: Buffer.from('{"a":1}'), status: 400, message: /not valid br/ },
    { encoding: 'zstd', body: Buffer.from('{"a":1}'), status: 400, message: /not valid zstd/ },
    { encoding: 'deflate', body: Buffer.from('{"a":1}'), status: 400, message: /not valid deflate/ },
    { encoding: 'gzip', body: gzipSync('{"a":1}').subarray(0, 15), status: 400, message: /not valid gzip/ },
    { encoding: 'gzip', body: gzipSync(bomb), status: 413, message: /larger than 102400 bytes after decompression/ },
    { encoding: 'zstd', body: zstdCompressSync(bomb), status: 413, message: /after decompression/ },
  ]
  for (const { encoding, body, status, message } of compressed) {
    it(`a body in ${encoding}: ${status}`, async () => {
      for (const method of ['POST', 'PUT']) {
        const answer = await served.ask(method, '/api/v2/db/x', { ...json, 'content-encoding': encoding }, body)
        assert.equal(answer.status, status, answer.text)
        if (message) assert.match(error(answer).message, message)
        else assert.deepEqual((answer.json() as { body: { value: unknown } }).body.value, { a: 1 })
      }
    })
  }
})

describe('answers', () => {
  const many = async function* () {
    for (let i = 0; i < 50; i++) yield Buffer.alloc(10_000, 65 + (i % 26)) as Uint8Array
  }
  let finish: () => void = () => undefined
  let aborted: Promise<unknown> = Promise.resolve()
  async function dispatch(request: ApiRequest, signal: AbortSignal) {
    const [what] = request.path
    switch (what) {
      case 'wide':
        return value({ resource: wide })
      case 'created':
        return { ...value({ id: 1 }, 201), headers: { Location: '/x', 'X-List': 'a, b' } }
      case 'nothing':
        return { status: 204, headers: {}, body: { kind: 'none' } as const }
      case 'small-rows':
        return {
          status: 200,
          headers: {},
          body: rows(async (_output, sink) => {
            await sink.write(Buffer.from('{"resource":['))
            await sink.write(Buffer.from('{"id":1}]}'))
          }),
        }
      case 'rows':
        return {
          status: 200,
          headers: {},
          body: rows(async (_output, sink) => {
            for await (const chunk of many()) await sink.write(chunk)
          }),
        }
      case 'late':
        return {
          status: 200,
          headers: {},
          body: rows(async (_output, sink) => {
            await sink.write(Buffer.from('{"resource":['))
            throw new TooManyRequests('Slow down.', { headers: { 'Retry-After': '7' } })
          }),
        }
      case 'too-late':
        return {
          status: 200,
          headers: {},
          body: rows(async (_output, sink) => {
            for await (const chunk of many()) await sink.write(chunk)
            throw new Error('broken in the middle')
          }),
        }
      case 'endless':
        return {
          status: 200,
          headers: {},
          body: rows(async (_output, sink) => {
            aborted = once(signal, 'abort')
            finish()
            for (;;) await sink.write(Buffer.alloc(50_000))
          }),
        }
      case 'picture':
        return {
          status: 200,
          headers: { etag: '"1"' },
          body: { kind: 'opaque', type: 'image/png', length: 500_000, bytes: many() } as const,
        }
      case 'document':
        return {
          status: 200,
          headers: {},
          body: { kind: 'opaque', type: 'text/html', length: null, bytes: many() } as const,
        }
      case 'short':
        return {
          status: 200,
          headers: {},
          body: { kind: 'opaque', type: 'image/png', length: 600_000, bytes: many() } as const,
        }
      case 'fault':
        throw new Error('SELECT secret FROM somewhere')
      case 'told':
        throw new InternalError('Told.', { context: { a: [1] } })
      case 'odd':
        throw Object.assign(new InternalError('Odd.'), { status: 299 })
      case 'bad-header':
        return { ...value(1), headers: { 'x-bad': 'a\nb' } }
      default:
        return echo(request)
    }
  }
  let served: Served
  before(async () => {
    served = await serve({}, {}, dispatch)
  })
  after(() => served.close())
  const whole = Buffer.concat(Array.from({ length: 50 }, (_, i) => Buffer.alloc(10_000, 65 + (i % 26))))

  it('small rows are one write with their length', async () => {
    const answer = await served.ask('GET', '/api/v2/db/small-rows')
    assert.deepEqual(
      [answer.text, answer.headers['content-length'], answer.headers['content-type']],
      ['{"resource":[{"id":1}]}', '23', 'application/json'],
    )
  })
  it('large rows are streamed', async () => {
    const answer = await served.ask('GET', '/api/v2/db/rows')
    assert.equal(answer.headers['transfer-encoding'], 'chunked')
    assert.ok(answer.bytes.equals(whole))
  })
  it('an error before the head is an envelope, though rows were written', async () => {
    const answer = await served.ask('GET', '/api/v2/db/late?file=x.json')
    assert.deepEqual(
      [answer.status, error(answer).message, answer.headers['retry-after'], answer.headers['content-disposition']],
      [429, 'Slow down.', '7', undefined],
    )
  })
  it('an error after the head cuts the connection', async () => {
    await assert.rejects(served.ask('GET', '/api/v2/db/too-late'), /aborted|hang up/)
    assert.ok(
      served.seen.some(
        (what) => what.kind === 'answer-cut' && (what.error as Error).message === 'broken in the middle',
      ),
    )
    await assert.rejects(served.ask('GET', '/api/v2/db/short'), /aborted|hang up/)
  })
  it('a client that goes away stops the work', async () => {
    const begun = new Promise<void>((resolve) => {
      finish = resolve
    })
    const request = get({ port: served.port, path: '/api/v2/db/endless', agent: false })
    request.on('error', () => undefined)
    await begun
    request.destroy()
    await aborted
  })
  it('headers, status and none', async () => {
    const answer = await served.ask('GET', '/api/v2/db/created')
    assert.deepEqual([answer.status, answer.headers.location, answer.headers['x-list']], [201, '/x', 'a, b'])
    const nothing = await served.ask('GET', '/api/v2/db/nothing')
    assert.deepEqual([nothing.status, nothing.text], [204, ''])
  })
  it('files as they are', async () => {
    const answer = await served.ask('GET', '/api/v2/db/picture', { accept: 'image/png', 'accept-encoding': 'gzip' })
    assert.deepEqual(
      [answer.headers['content-type'], answer.headers['content-length'], answer.headers.etag],
      ['image/png', '500000', '"1"'],
    )
    assert.ok(answer.bytes.equals(whole))
    const head = await served.ask('HEAD', '/api/v2/db/picture')
    assert.deepEqual([head.headers['content-length'], head.text], ['500000', ''])
  })
  it('faults are not told', async () => {
    const answer = await served.ask('GET', '/api/v2/db/fault')
    assert.deepEqual(answer.json(), {
      error: { code: 500, context: null, message: 'Internal Server Error', status_code: 500 },
    })
    assert.ok(served.seen.some((what) => what.kind === 'request-error' && /SELECT secret/.test(String(what.error))))
    assert.deepEqual(error(await served.ask('GET', '/api/v2/db/told')).context, { a: [1] })
    assert.equal((await served.ask('GET', '/api/v2/db/bad-header')).status, 500)
  })

  const formats: { accept: string; path?: string; type: string; text: RegExp }[] = [
    {
      accept: 'application/xml',
      type: 'application/xml',
      text: /^<\?xml version="1.0" \?><dfapi>\n\t<error>\n\t\t<code>500<\/code>/,
    },
    { accept: 'text/xml', type: 'text/xml; charset=UTF-8', text: /^<\?xml/ },
    { accept: 'text/csv', type: 'text/csv; charset=UTF-8', text: /^code,context,message,status_code\n500,/ },
    { accept: 'text/plain', type: 'text/plain; charset=UTF-8', text: /^\{"error":/ },
    { accept: 'text/html', type: 'application/json', text: /^\{"error":/ },
    { accept: 'application/xml', path: '/api/v2/%zz', type: 'application/xml', text: /<code>400</ },
    { accept: 'text/csv', path: '/api/v2/db/x?file=..', type: 'text/csv; charset=UTF-8', text: /\n400,/ },
  ]
  for (const { accept, path = '/api/v2/db/told', type, text } of formats) {
    it(`errors as ${accept} ${path}`, async () => {
      const answer = await served.ask('GET', path, { accept })
      assert.equal(answer.headers['content-type'], type)
      assert.match(answer.text, text)
    })
  }
  it('downloads', async () => {
    const answer = await served.ask('GET', '/api/v2/db/wide?file=out.csv')
    assert.deepEqual(
      [answer.headers['content-type'], answer.headers['content-disposition']],
      ['text/csv; charset=UTF-8', 'attachment; filename="out.csv";'],
    )
    assert.match(answer.text, /^id,name\n0,"name 0"\n/)
  })

  const decoders = {
    gzip: gunzipSync,
    deflate: inflateSync,
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
  } as const
  const encodings: { accept: string; encoding: keyof typeof decoders | null }[] = [
    { accept: 'gzip', encoding: 'gzip' },
    { accept: 'x-gzip', encoding: 'gzip' },
    { accept: 'deflate', encoding: 'deflate' },
    { accept: 'br', encoding: 'br' },
    { accept: 'zstd', encoding: 'zstd' },
    { accept: 'gzip, deflate, br, zstd', encoding: 'zstd' },
    { accept: 'gzip, br', encoding: 'br' },
    { accept: 'gzip;q=1, br;q=0.5', encoding: 'gzip' },
    { accept: 'zstd;q=0, *', encoding: 'br' },
    { accept: 'gzip;q=0', encoding: null },
    { accept: 'identity', encoding: null },
    { accept: 'gzip;q=0.5, identity', encoding: null },
    { accept: 'klingon', encoding: null },
  ]
  for (const { accept, encoding } of encodings) {
    it(`Accept-Encoding: ${accept}`, async () => {
      for (const path of ['wide', 'rows', 'document', 'wide?limit=1']) {
        const answer = await served.ask('GET', `/api/v2/db/${path}`, { 'accept-encoding': accept })
        assert.equal(answer.headers['content-encoding'], encoding ?? undefined)
        assert.equal(answer.headers.vary, 'Accept-Encoding')
        const plain = encoding === null ? answer.bytes : decoders[encoding](answer.bytes)
        const expected = path.startsWith('wide') ? Buffer.from(JSON.stringify({ resource: wide })) : whole
        assert.ok(plain.equals(expected))
      }
    })
  }
  it('small answers and pictures are not compressed', async () => {
    for (const path of ['x', 'picture', 'small-rows']) {
      const answer = await served.ask('GET', `/api/v2/db/${path}`, { 'accept-encoding': 'gzip' })
      assert.equal(answer.headers['content-encoding'], undefined)
    }
  })
  it('compression can be off', async () => {
    const plain = await serve({ DF_COMPRESSION: 'false' }, {}, dispatch)
    const answer = await plain.ask('GET', '/api/v2/db/wide', { 'accept-encoding': 'gzip' })
    assert.deepEqual([answer.headers['content-encoding'], answer.headers.vary], [undefined, undefined])
    await plain.close()
  })
  it('APP_DEBUG adds a trace', async () => {
    const debug = await serve({ APP_DEBUG: 'true' }, {}, dispatch)
    const told = (await debug.ask('GET', '/api/v2/db/told')).json().error as object
    assert.deepEqual(Object.keys(told), ['code', 'context', 'message', 'trace', 'status_code'])
    await debug.close()
  })
})

describe('draining', () => {
  it('finishes what is under way and takes nothing new', async () => {
    let go: () => void = () => undefined
    const wait = new Promise<void>((resolve) => {
      go = resolve
    })
    let begun: () => void = () => undefined
    const started = new Promise<void>((resolve) => {
      begun = resolve
    })
    const served = await serve({}, {}, async (request) => {
      begun()
      await wait
      return echo(request)
    })
    const idle = connect(served.port, '127.0.0.1')
    await once(idle, 'connect')
    const underWay = served.ask('GET', '/api/v2/db/x', { connection: 'keep-alive' })
    await started
    const drained = served.server.drain()
    await assert.rejects(served.ask('GET', '/api/v2/db/y'), { code: 'ECONNREFUSED' })
    go()
    const answer = await underWay
    assert.deepEqual([answer.status, answer.headers.connection], [200, 'close'])
    idle.destroy()
    await drained
  })
  it('cuts what does not end', async () => {
    const served = await serve(
      { DF_SHUTDOWN_TIMEOUT: '0' },
      {},
      (_request, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    const underWay = served.ask('GET', '/api/v2/db/x')
    underWay.catch(() => undefined)
    while (served.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await served.server.drain()
    await assert.rejects(underWay)
  })
  it('a taken port is told', async () => {
    const served = await serve()
    await assert.rejects(serve({ PORT: String(served.port) }), { code: 'EADDRINUSE' })
    await served.close()
  })
})
