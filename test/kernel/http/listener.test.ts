import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { echo, type Served, serve } from './fixture.ts'

describe('limits', () => {
  let served: Served
  /** Waits a second for what is sent. */
  let impatient: Served
  before(async () => {
    served = await serve({ DF_MAX_BODY_BYTES: '1024' })
    impatient = await serve({ DF_HEADERS_TIMEOUT: '1', DF_REQUEST_TIMEOUT: '1' })
  })
  after(() => Promise.all([served.close(), impatient.close()]))
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
      const answer = await (status === 408 ? impatient : served).raw(text)
      const [top = '', body = ''] = answer.split('\r\n\r\n')
      assert.match(top, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(top, /x-request-id: /i)
      assert.match(top, /content-type: application\/json/i)
      const { error: told } = JSON.parse(body) as { error: { status_code: number; message: string } }
      assert.equal(told.status_code, status)
      assert.match(told.message, message)
    })
  }

  it('garbage behind a request is not taken for its answer', async () => {
    let go: () => void = () => undefined
    const wait = new Promise<void>((resolve) => {
      go = resolve
    })
    const slow = await serve({}, {}, async (request) => {
      await wait
      return echo(request)
    })
    const answer = await slow.raw('GET /api/v2/db/x HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n').catch(() => '')
    assert.equal(answer, '')
    go()
    await slow.close()
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
