import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { InternalError, TooManyRequests } from '../../../kernel/errors.ts'
import type { ApiRequest } from '../../../kernel/plugins/contract.ts'
import { type Answer, echo, rows, type Served, serve, value } from './fixture.ts'

const error = (answer: Answer) =>
  answer.json().error as { code: number; context: unknown; message: string; status_code: number }
const wide = Array.from({ length: 4000 }, (_, i) => ({ id: i, name: `name ${i}` }))

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
  it('APP_DEBUG adds a trace', async () => {
    const debug = await serve({ APP_DEBUG: 'true' }, {}, dispatch)
    const told = (await debug.ask('GET', '/api/v2/db/told')).json().error as object
    assert.deepEqual(Object.keys(told), ['code', 'context', 'message', 'trace', 'status_code'])
    await debug.close()
  })
})
