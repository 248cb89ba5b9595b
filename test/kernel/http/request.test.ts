import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Served, serve } from './fixture.ts'

const json = { 'content-type': 'application/json' }
const error = (answer: Answer) =>
  answer.json().error as { code: number; context: unknown; message: string; status_code: number }

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
      name: 'multipart, for who reads parts',
      method: 'POST',
      path: '/api/v2/db/x',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b--',
      is: { body: { kind: 'raw' } },
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
