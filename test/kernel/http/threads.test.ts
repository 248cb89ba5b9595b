/** Bodies and answers in slow formats go through worker threads, and nobody can tell but by the figures. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { record, snapshot } from '../../support/access.ts'
import { house } from '../../support/plugins/house.ts'
import { startServer, type TestServer } from '../../support/server.ts'

const entries = Array.from({ length: 50 }, (_, i) => `<resource><id>${i}</id><name>é &amp; ${i}</name></resource>`)
const whole = `<?xml version="1.0"?><dfapi>${entries.join('')}</dfapi>`

const servers: { [name: string]: TestServer } = {}
let token = ''

before(async () => {
  house.reset()
  const builtins = ['test/support/plugins/house', 'test/support/plugins/rogue']
  const env = { DF_METRICS: 'true', DF_WORKER_XML_BYTES: '100', DF_WORKER_ENCODE_ROWS: '10' }
  servers.without = await startServer({
    builtins,
    env: { ...env, DF_WORKER_THREADS: '0', DF_JWT_SECRET: 's'.repeat(32) },
  })
  servers.with = await startServer({ builtins, env: { ...env, DF_WORKER_THREADS: '1', DF_JWT_SECRET: 's'.repeat(32) } })
  house.replace(snapshot({ version: 2, services: [record({ id: 6, name: 'near', type: 'rogue' })] }))
  token = await house.token()
})
after(async () => {
  for (const server of Object.values(servers)) await server.stop()
})

const threads = async ({ url }: TestServer): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^dataferry_threads(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1] ?? 0)
}

async function send(server: TestServer, body: string, type: string, accept: string): Promise<string> {
  const reply = await fetch(`${server.url}/api/v2/near/echo`, {
    method: 'POST',
    headers: { 'X-DreamFactory-Session-Token': token, 'content-type': type, accept },
    body,
  })
  return `${reply.status} ${reply.headers.get('content-type')} ${await reply.text()}`
}

const cases = [
  { name: 'XML', body: whole, type: 'application/xml' },
  { name: 'XML by its looks', body: whole, type: '' },
  { name: 'what is no XML', body: whole.replace('</name>', '</nome>'), type: 'application/xml' },
  { name: 'a document type', body: `<!DOCTYPE a [<!ENTITY b "c">]>${whole}`, type: 'application/xml' },
  { name: 'blanks alone', body: ' '.repeat(2_000), type: 'application/xml' },
  { name: 'JSON', body: JSON.stringify({ a: 'x'.repeat(2_000) }), type: 'application/json' },
] as const
for (const { name, body, type } of cases) {
  for (const accept of ['application/json', 'application/xml', 'text/csv']) {
    test(`${name}, answered as ${accept}`, async () => {
      const there = await send(servers.with as TestServer, body, type, accept)
      assert.equal(there, await send(servers.without as TestServer, body, type, accept))
    })
  }
}

test('one server did it in threads', async () => {
  assert.equal(await threads(servers.with as TestServer), 1)
  assert.equal(await threads(servers.without as TestServer), 0)
})
