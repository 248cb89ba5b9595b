import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Observation } from '../../../kernel/observe.ts'
import type { ServiceRecord } from '../../../kernel/plugins/contract.ts'
import { record, snapshot } from '../../support/access.ts'
import { house } from '../../support/plugins/house.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { until } from '../../support/until.ts'

const isolated = (id: number, name: string, more: Partial<ServiceRecord> = {}): ServiceRecord =>
  record({ id, name, type: 'rogue', ...more, config: { connector_host: 'worker', ...more.config } })

let server: TestServer
let token = ''

before(async () => {
  house.reset()
  server = await startServer({
    builtins: ['test/support/plugins/house', 'test/support/plugins/rogue'],
    env: { DF_WORKER_MEMORY: '32M', DF_WORKER_TIMEOUT: '4' },
  })
  house.replace(
    snapshot({
      version: 2,
      services: [
        record({ id: 5, name: 'echo', type: 'echo' }),
        record({ id: 6, name: 'near', type: 'rogue', config: { greeting: 'hi' } }),
        isolated(7, 'far', { config: { greeting: 'hi' } }),
        isolated(9, 'unmade', { config: { greeting: 'never' } }),
        isolated(10, 'swallow', { type: 'swallow' }),
        ...['blocker', 'leaker', 'thrower', 'rejecter', 'leaver'].map((name, i) => isolated(20 + i, name)),
      ],
    }),
  )
  token = await house.token()
})
after(() => server.stop())

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { 'X-DreamFactory-Session-Token': token, ...(init.headers as { [name: string]: string }) }
  return fetch(`${server.url}/api/v2/${path}`, { ...init, headers })
}

const losses = (service: string): (Observation & { kind: 'worker-lost' })[] =>
  server.seen.filter((what) => what.kind === 'worker-lost' && what.service === service) as never

const json = { 'content-type': 'application/json' }
const same = [
  { name: 'a value', path: 'hello' },
  { name: 'numbers beyond doubles', path: 'numbers' },
  { name: 'a value as XML', path: 'numbers', headers: { accept: 'application/xml' } },
  { name: 'a value as CSV', path: 'numbers', headers: { accept: 'text/csv' } },
  { name: 'query and caller', path: 'echo?a=1&b[]=2&b[]=3&c[d]=4' },
  {
    name: 'a body',
    path: 'echo',
    method: 'POST',
    body: '{"x":[1,12345678901234567890,0.12345678901234567890]}',
    headers: json,
  },
  { name: 'an error of its own', path: 'refuse' },
  { name: 'a fault', path: 'fault' },
  { name: 'rows', path: 'rows/2' },
  { name: 'many rows', path: 'rows/40' },
  { name: 'a file', path: 'file/3' },
  { name: 'a HEAD of a file', path: 'file/3', method: 'HEAD' },
  { name: 'nothing', path: 'nothing' },
  { name: 'names of services', path: 'names' },
  { name: 'an ability that nobody offers', path: 'extras' },
] as const

describe('a service in a worker of its own answers as on the event loop', () => {
  for (const { name, path, ...init } of same) {
    test(name, async () => {
      const [near, far] = await Promise.all([ask(`near/${path}`, init), ask(`far/${path}`, init)])
      assert.equal(far.status, near.status)
      for (const header of ['content-type', 'content-length', 'x-rows', 'x-why', 'etag']) {
        assert.equal(far.headers.get(header), near.headers.get(header), header)
      }
      assert.deepEqual(far.headers.getSetCookie(), near.headers.getSetCookie())
      assert.equal(await far.text(), await near.text())
    })
  }

  test('a raw body is streamed', async () => {
    const body = Buffer.alloc(3_000_000, 'xyz')
    const reply = await ask('swallow', { method: 'POST', body })
    assert.deepEqual(await reply.json(), { size: 3_000_000, first: 'xyz' })
  })

  test('what it logs is logged', async () => {
    assert.equal((await ask('far/log')).status, 200)
    const found = server.seen.find((what) => what.kind === 'log' && what.message === 'from the service')
    assert.deepEqual(found, {
      kind: 'log',
      level: 'warning',
      source: 'service far',
      message: 'from the service',
      facts: { fact: 1 },
    })
  })

  test('one that can not be made says so', async () => {
    const reply = await ask('unmade/hello')
    assert.equal(reply.status, 400)
    assert.match(await reply.text(), /It can not be made/)
  })
})

describe('a slow reader holds back the thread', () => {
  test('no more is made than was asked for, and it stops when the reader goes', async () => {
    const before = (await (await ask('far/made')).json()) as { made: number; stopped: number }
    const stop = new AbortController()
    const reply = await ask('far/rows/20000', { signal: stop.signal, headers: { 'accept-encoding': 'identity' } })
    const reader = reply.body?.getReader()
    await reader?.read()
    const count = async (): Promise<{ made: number; stopped: number }> => (await ask('far/made')).json() as never
    let last = -1
    // Sockets hold some megabytes; it has to come to rest long before the end.
    await until('the thread rests', async () => {
      const { made } = await count()
      const rests = made === last
      last = made
      return rests
    })
    assert.ok(last - before.made < 2_000, `${last - before.made} chunks`)
    stop.abort()
    await until('the thread stops', async () => (await count()).stopped > before.stopped)
  })
})

const ends = [
  { name: 'blocks its thread', service: 'blocker', path: 'block', reason: 'stalled', text: /did not react/ },
  { name: 'keeps everything', service: 'leaker', path: 'leak', reason: 'memory', text: /more memory/ },
  { name: 'throws out of nowhere', service: 'thrower', path: 'throw', reason: 'error', text: /It failed/ },
  { name: 'rejects out of nowhere', service: 'rejecter', path: 'reject', reason: 'error', text: /It failed/ },
  { name: 'ends the process', service: 'leaver', path: 'exit', reason: 'exit', text: /ended itself/ },
] as const

describe('one that misbehaves takes nobody along', () => {
  for (const { name, service, path, reason, text } of ends) {
    test(`it ${name}`, async () => {
      const beside = ask(`${service}/wait`)
      await ask(`${service}/hello`)
      const bad = ask(`${service}/${path}`)
      let over = false
      void bad.then(() => {
        over = true
      })
      // Others are served meanwhile, in other threads and on the loop.
      let served = 0
      do {
        for (const other of ['near', 'far', 'echo']) assert.equal((await ask(`${other}/hello`)).status, 200)
        served++
      } while (!over)
      assert.ok(served > 0)
      for (const reply of [await bad, await beside]) {
        assert.equal(reply.status, 503)
        assert.ok(reply.headers.has('retry-after'))
        assert.match(await reply.text(), text)
      }
      assert.deepEqual(
        losses(service).map((loss) => [loss.reason, loss.failed]),
        [[reason, 2]],
      )
      // A new instance takes its place.
      await until('a new one answers', async () => (await ask(`${service}/hello`)).status === 200)
    })
  }
})
