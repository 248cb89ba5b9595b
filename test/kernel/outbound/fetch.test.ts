/** Which addresses are fetched from, and what of a URL is believed (control-plane 13.3). */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { isPublic } from '../../../kernel/outbound/addresses.ts'
import { type FetchOptions, fetchUrl } from '../../../kernel/outbound/fetch.ts'

test('public addresses', async (t) => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['8.8.8.8', true],
    ['172.15.255.255', true],
    ['172.32.0.1', true],
    ['11.0.0.1', true],
    ['100.63.255.255', true],
    ['0.0.0.0', false],
    ['0.1.2.3', false],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['127.0.0.1', false],
    ['127.255.255.254', false],
    ['169.254.169.254', false],
    ['172.16.0.1', false],
    ['172.31.255.255', false],
    ['192.0.0.1', false],
    ['192.0.2.1', false],
    ['192.168.1.1', false],
    ['198.18.0.1', false],
    ['198.51.100.1', false],
    ['203.0.113.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['2606:4700::1111', true],
    ['::', false],
    ['::1', false],
    ['fe80::1', false],
    ['fe80::1%eth0', false],
    ['fc00::1', false],
    ['fd12::1', false],
    ['ff02::1', false],
    ['2001:db8::1', false],
    ['2002:7f00:1::', false],
    ['64:ff9b::7f00:1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:7f00:1', false],
    ['::ffff:8.8.8.8', true],
    ['::127.0.0.1', false],
    ['localhost', false],
    ['', false],
  ]
  for (const [address, is] of cases) await t.test(address || 'nothing', () => assert.equal(isPublic(address), is))
  await t.test('of networks for machines alone are none', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(fc.constantFrom(10, 127, 0, 224, 239, 240, 255), octet, octet, octet, (a, b, c, d) => {
        assert.equal(isPublic(`${a}.${b}.${c}.${d}`), false)
        assert.equal(isPublic(`::ffff:${a}.${b}.${c}.${d}`), false)
      }),
    )
  })
})

let remote: Server
let port: number
const asked: string[] = []
before(async () => {
  remote = createServer((request, response) => {
    asked.push(`${request.headers.host}${request.url}`)
    const target = /^\/to\/(.*)/.exec(request.url ?? '')?.[1]
    if (target !== undefined) response.writeHead(302, { location: decodeURIComponent(target) }).end()
    else if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 }).write('short')
      setImmediate(() => response.destroy())
    } else response.writeHead(200, { 'content-type': 'text/plain' }).end('0123456789')
  })
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve))
  port = (remote.address() as AddressInfo).port
})
after(() => remote.close())

const options = (more: Partial<FetchOptions> = {}): FetchOptions => ({
  maxBytes: 1000,
  allow: ['127.0.0.1'],
  signal: AbortSignal.timeout(60_000),
  ...more,
})
async function textAt(url: string, more: Partial<FetchOptions> = {}): Promise<string> {
  const { bytes } = await fetchUrl(url, options(more))
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('a URL', async (t) => {
  const local = async (): Promise<readonly string[]> => ['127.0.0.1']
  await t.test('is read at the address that was checked', async () => {
    assert.equal(await textAt(`http://example.org:${port}/a`, { resolve: local }), '0123456789')
    assert.ok(asked.includes(`example.org:${port}/a`))
  })
  await t.test('is resolved once: a second answer changes nothing', async () => {
    let answers = 0
    const changing = async (): Promise<readonly string[]> => (answers++ === 0 ? ['127.0.0.1'] : ['10.0.0.1'])
    assert.equal(await textAt(`http://rebinding.example:${port}/`, { resolve: changing }), '0123456789')
    assert.equal(answers, 1)
  })
  await t.test('tells its name and type', async () => {
    const { name, type } = await fetchUrl(`http://127.0.0.1:${port}/d/a%20b.txt?x=1`, options())
    assert.deepEqual([name, type], ['a b.txt', 'text/plain'])
  })
  const refused = [
    {
      name: 'one private address among public ones',
      url: 'http://x.example/',
      resolve: async () => ['8.8.8.8', '10.0.0.1'],
    },
    { name: 'a name of this machine', url: 'http://localhost/', allow: [] },
    { name: 'a name of this machine with a port', url: 'http://localhost:8080/', allow: [] },
    { name: 'an address of this machine', url: 'http://127.0.0.1/', allow: [] },
    { name: 'an address as a number', url: 'http://2130706433/', allow: [] },
    { name: 'a short address', url: 'http://127.1/', allow: [] },
    { name: 'an address in octal', url: 'http://0177.0.0.1/', allow: [] },
    { name: 'a mapped address', url: 'http://[::ffff:127.0.0.1]/', allow: [] },
    {
      name: 'a redirect to a private address',
      url: `http://127.0.0.1:PORT/to/${encodeURIComponent('http://10.0.0.1/')}`,
    },
  ]
  for (const { name, url, ...more } of refused) {
    await t.test(`${name} is refused`, async () => {
      await assert.rejects(
        textAt(url.replace('PORT', String(port)), more),
        /^BadRequest: Invalid import URL: .*private or reserved/,
      )
    })
  }
  const schemes = [
    'file:///etc/passwd',
    'ftp://h/x',
    'gopher://h',
    'dict://h',
    'ldap://h',
    'sftp://h',
    'javascript:x',
    'data:,x',
  ]
  for (const url of schemes) {
    await t.test(`${url} is refused`, async () => {
      const scheme = url.slice(0, url.indexOf(':'))
      await assert.rejects(textAt(url), {
        status: 400,
        message: `Invalid import URL: scheme "${scheme}" is not allowed. Only http and https URLs are accepted.`,
      })
      const via = `http://127.0.0.1:${port}/to/${encodeURIComponent(url)}`
      await assert.rejects(textAt(via), /Invalid import URL: scheme/)
    })
  }
  const none = async (): Promise<readonly string[]> => []
  const others = [
    { name: 'unreadable', url: 'http://', message: /^BadRequest: Invalid import URL/ },
    {
      name: 'unresolved',
      url: 'http://x.example/',
      resolve: none,
      message: /hostname "x\.example" could not be resolved/,
    },
    { name: 'longer than allowed', url: `http://127.0.0.1:PORT/`, maxBytes: 5, message: /^PayloadTooLarge/ },
    { name: 'cut off', url: `http://127.0.0.1:PORT/cut`, message: /could not be read to its end/ },
  ]
  for (const { name, url, message, ...more } of others) {
    await t.test(name, async () => {
      await assert.rejects(textAt(url.replace('PORT', String(port)), more), message)
    })
  }
})
