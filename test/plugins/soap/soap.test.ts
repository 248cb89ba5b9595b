/** SOAP services (control-plane 8.2), against the server side of the same library: a WSDL of nested types that imports a schema. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listen } from 'soap'
import { signIn, startServer, type TestServer } from '../../support/server.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

let remote: Server
let address: string
let server: TestServer
let token: string
/** The last message that the remote was sent, and its headers. */
let sent = { body: '', headers: {} as Record<string, unknown> }

const fault = { Fault: { faultcode: 'soap:Client', faultstring: 'No such customer: <x>' } }
const answers = {
  Orders: {
    OrdersPort: {
      PlaceOrder(args: { customer: string; address: object; line?: object[] }) {
        if (args.customer === 'nobody') throw fault
        return {
          id: '9007199254740993',
          total: '10.50',
          due: '2026-02-03T04:05:06Z',
          open: true,
          address: args.address,
          line: args.line,
        }
      },
      Echo: ({ text }: { text: string }) => ({ text }),
    },
  },
}

before(async () => {
  remote = createServer((request, response) => {
    const files: { readonly [path: string]: string } = { '/types.xsd': 'types.xsd', '/orders.wsdl': 'orders.wsdl' }
    const file = files[request.url ?? '']
    if (file !== undefined) response.end(readFileSync(here(file), 'utf8').replace('@ADDRESS@', `${address}/orders`))
    else if (request.url === '/html.wsdl') response.end('<html><body>Sign in</body></html>')
    else if (request.url === '/doctype.wsdl')
      response.end('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>')
    else if (request.url === '/metadata.wsdl')
      response.end(readFileSync(here('orders.wsdl'), 'utf8').replace('types.xsd', 'http://169.254.169.254/types.xsd'))
    else response.writeHead(404).end()
  })
  await once(remote.listen(0, '127.0.0.1'), 'listening')
  address = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`
  const soap = listen(remote, {
    path: '/orders',
    services: answers,
    xml: readFileSync(here('orders.wsdl'), 'utf8').replace('@ADDRESS@', `${address}/orders`),
    uri: here('orders.wsdl'),
  })
  soap.on('request', (request: object) => {
    sent.body = JSON.stringify(request)
  })
  soap.authorizeConnection = (request) => {
    sent = { body: '', headers: request.headers }
    return true
  }
  server = await startServer({
    builtins: [
      'connectors/sqlite/plugin',
      'plugins/system/plugin',
      'plugins/user/plugin',
      'plugins/api-docs/plugin',
      'plugins/soap/plugin',
    ],
  })
  token = await signIn(server.url)
  const storage = join(server.folder, 'data', 'storage')
  await mkdir(join(storage, 'wsdl'), { recursive: true })
  await cp(here('types.xsd'), join(storage, 'wsdl', 'types.xsd'))
  await writeFile(
    join(storage, 'wsdl', 'orders.wsdl'),
    readFileSync(here('orders.wsdl'), 'utf8').replace('@ADDRESS@', `${address}/orders`),
  )
  const services: { readonly [name: string]: object } = {
    orders: { wsdl: `${address}/orders.wsdl` },
    filed: { wsdl: 'wsdl/orders.wsdl', options: { login: 'ann', password: 'pw', location: `${address}/orders` } },
    secured: {
      wsdl: `${address}/orders.wsdl`,
      wsse_username_token: 'digest',
      options: { login: 'ann', password: 'the password' },
      headers: [
        { type: 'generic', namespace: 'urn:h', name: 'Tenant', data: '{"id": 7}', mustunderstand: true, actor: '' },
      ],
    },
    page: { wsdl: `${address}/html.wsdl` },
    doctype: { wsdl: `${address}/doctype.wsdl` },
    metadata: { wsdl: `${address}/metadata.wsdl` },
    outside: { wsdl: '../system.sqlite' },
    absent: { wsdl: 'no.wsdl' },
    down: { wsdl: 'http://127.0.0.1:1/x.wsdl' },
    nothing: {},
  }
  for (const [name, config] of Object.entries(services)) {
    const made = await ask('POST', 'system/service', { resource: [{ name, type: 'soap', is_active: true, config }] })
    assert.equal(made.status, 201, JSON.stringify(made.body))
  }
})
after(async () => {
  await server.stop()
  remote.closeAllConnections()
  remote.close()
})

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${server.url}/api/v2/${path}`, {
    method,
    headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.json() }
}

const order = {
  customer: 'Ann & Co',
  address: { attributes: { country: 'AT' }, street: 'Ring 1', city: 'Wien' },
  line: [
    { sku: 'a', amount: 2, price: 1.5 },
    { sku: 'b', amount: 1, price: 7.5 },
  ],
}

test('nested values, exactly, with attributes as members', async () => {
  for (const service of ['orders', 'filed']) {
    const { status, body } = await ask('POST', `${service}/PlaceOrder`, order)
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(body, {
      id: Number('9007199254740993'),
      total: 10.5,
      due: '2026-02-03T04:05:06Z',
      open: true,
      address: { country: 'AT', street: 'Ring 1', city: 'Wien' },
      line: [
        { sku: 'a', amount: 2, price: 1.5 },
        { sku: 'b', amount: 1, price: 7.5 },
      ],
    })
  }
  const raw = await fetch(`${server.url}/api/v2/orders/PlaceOrder`, {
    method: 'POST',
    headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': 'application/json' },
    body: JSON.stringify(order),
  })
  assert.match(await raw.text(), /"id":9007199254740993,/)
})

test('a call by GET', async () => {
  assert.deepEqual(await ask('GET', `orders/Echo?text=${encodeURIComponent('a < b & "c"')}`), {
    status: 200,
    body: { text: 'a < b & "c"' },
  })
})

test('the login goes out as Basic, or as a username token with the headers', async () => {
  await ask('GET', 'filed/Echo?text=x')
  assert.equal(sent.headers.authorization, `Basic ${Buffer.from('ann:pw').toString('base64')}`)
  assert.equal(sent.headers['x-dreamfactory-session-token'], undefined)
  await ask('GET', 'secured/Echo?text=x')
  assert.equal(sent.headers.authorization, undefined)
  assert.match(sent.body, /UsernameToken/)
  assert.match(sent.body, /PasswordDigest/)
  assert.match(sent.body, /Tenant/)
  assert.ok(!sent.body.includes('the password'))
})

test('the functions', async () => {
  const access = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
  assert.deepEqual((await ask('GET', 'orders')).body, {
    resource: [
      { name: 'Echo', access },
      { name: 'PlaceOrder', access },
    ],
  })
  assert.deepEqual((await ask('GET', 'orders?as_list=true')).body, { resource: ['Echo', 'PlaceOrder'] })
  assert.deepEqual((await ask('GET', 'orders?as_access_list=true&refresh=true')).body, {
    resource: ['', '*', 'Echo', 'PlaceOrder'],
  })
})

test('its document', async () => {
  const { body } = await ask('GET', 'orders/_spec')
  const schema = body.paths['/PlaceOrder'].post.requestBody.content['application/json'].schema
  assert.deepEqual(Object.keys(schema.properties), ['customer', 'address', 'line'])
  assert.deepEqual(schema.properties.line.items.properties.price, { type: 'number' })
  assert.deepEqual(body.paths['/Echo'].get.parameters[0].name, 'text')
})

const refused: readonly {
  readonly name: string
  readonly verb?: string
  readonly path: string
  readonly body?: unknown
  readonly status: number
  readonly expect: string | RegExp
}[] = [
  {
    name: 'a fault',
    verb: 'POST',
    path: 'orders/PlaceOrder',
    body: { ...order, customer: 'nobody' },
    status: 500,
    expect: 'No such customer: <x> [Fault code:soap:Client]',
  },
  {
    name: 'an unknown function',
    path: 'orders/Nope',
    status: 404,
    expect: "Function 'Nope' does not exist on this service.",
  },
  {
    name: 'a name of the client itself',
    path: 'orders/describe',
    status: 404,
    expect: "Function 'describe' does not exist on this service.",
  },
  { name: 'another verb', verb: 'DELETE', path: 'orders/Echo', status: 400, expect: /Call functions with GET or POST/ },
  {
    name: 'a list as arguments',
    verb: 'POST',
    path: 'orders/Echo',
    body: [1],
    status: 400,
    expect: 'The arguments of a function must be a JSON object.',
  },
  {
    name: 'a page in the place of the WSDL',
    path: 'page',
    status: 502,
    expect: 'The WSDL of the service can not be read.',
  },
  { name: 'a document type', path: 'doctype', status: 502, expect: /document type declaration/ },
  {
    name: 'an import from the inside',
    path: 'metadata',
    status: 502,
    expect: /leads to an address that is not public/,
  },
  {
    name: 'a file outside of the folder',
    path: 'outside',
    status: 500,
    expect: 'The WSDL file is not in the folder of local files.',
  },
  { name: 'no such file', path: 'absent', status: 500, expect: 'The WSDL file of the service can not be read.' },
  { name: 'nobody there', path: 'down', status: 503, expect: 'The remote service can not be reached.' },
  { name: 'no WSDL', path: 'nothing', status: 500, expect: /has no WSDL/ },
]
for (const { name, verb = 'GET', path, body, status, expect } of refused) {
  test(`refused: ${name}`, async () => {
    const answer = await ask(verb, path, body)
    const { message } = answer.body.error
    assert.equal(answer.status, status, message)
    if (typeof expect === 'string') assert.equal(message, expect)
    else assert.match(message, expect)
  })
}

const unsaved: readonly { readonly name: string; readonly config: object; readonly expect: RegExp }[] = [
  { name: 'a scheme', config: { wsdl: 'file:///etc/passwd' }, expect: /must be an http or https URL/ },
  { name: 'an option', config: { wsdl: 'x.wsdl', options: { nope: 1 } }, expect: /has no option 'nope'/ },
  {
    name: 'a token without a login',
    config: { wsdl: 'x.wsdl', wsse_username_token: 'plain' },
    expect: /'login' and 'password'/,
  },
]
for (const { name, config, expect } of unsaved) {
  test(`a configuration is refused: ${name}`, async () => {
    const answer = await ask('POST', 'system/service', { resource: [{ name: 'refused', type: 'soap', config }] })
    assert.match(JSON.stringify(answer.body), expect)
    assert.equal(answer.status, 400)
  })
}
