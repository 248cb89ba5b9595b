/** Remote web services (control-plane 8.1): what is sent, what comes back, and what becomes of remotes that misbehave. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

let upstream: Upstream
let server: TestServer
let token: string

const get = 1
const all = 31
const services: { readonly [name: string]: () => object } = {
  remote: () => ({
    base_url: upstream.url,
    parameters: [
      { name: 'fixed', value: 'p 1', exclude: false, outbound: true, cache_key: true, action: all },
      { name: 'who', value: '{user.email}', exclude: false, outbound: true, cache_key: true, action: get },
      { name: 'dropme', value: null, exclude: true, outbound: true, cache_key: true, action: all },
      { name: 'kept', value: null, exclude: true, outbound: false, cache_key: true, action: all },
    ],
    headers: [
      { name: 'X-Fixed', value: 'fixed', pass_from_client: false, action: all },
      { name: 'X-Pass', value: 'default', pass_from_client: true, action: all },
      { name: 'X-Never', value: 'never', pass_from_client: false, action: 0 },
      { name: 'X-Token', value: '{session.token}', pass_from_client: false, action: all },
      { name: 'Authorization', value: '', pass_from_client: true, action: all },
      { name: 'X-DreamFactory-Session-Token', value: '', pass_from_client: true, action: all },
    ],
    options: { TIMEOUT_MS: 1500 },
  }),
  below: () => ({ base_url: `${upstream.url}/v1/?key=k`, preserve_forward_trailing_slash: true }),
  follows: () => ({ base_url: upstream.url, options: { CURLOPT_FOLLOWLOCATION: 1 } }),
  linked: () => ({ base_url: upstream.url, replace_link: true }),
  cached: () => ({
    base_url: upstream.url,
    cache_enabled: true,
    cache_ttl: 60,
    headers: [{ name: 'X-Pass', value: '', pass_from_client: true, action: all }],
  }),
  documented: () => ({}),
  baseless: () => ({}),
  private: () => ({ base_url: 'http://localtest.invalid' }),
  // Its first failures must be its own.
  broken: () => ({ base_url: upstream.url, options: { TIMEOUT_MS: 200 } }),
}

before(async () => {
  upstream = await startUpstream()
  server = await startServer({
    builtins: [
      'connectors/sqlite/plugin',
      'plugins/system/plugin',
      'plugins/user/plugin',
      'plugins/api-docs/plugin',
      'plugins/http/plugin',
    ],
    env: { DF_IMPORT_ALLOW: '127.0.0.1' },
  })
  token = await signIn(server.url)
  for (const [name, config] of Object.entries(services)) {
    const made = await ask('POST', 'system/service', {
      body: JSON.stringify({ resource: [{ name, type: 'rws', is_active: true, config: config() }] }),
    })
    assert.equal(made.status, 201, made.text)
    if (name !== 'documented') continue
    const id = JSON.parse(made.text).resource[0].id
    const content = JSON.stringify({
      swagger: '2.0',
      host: `127.0.0.1:${upstream.port}`,
      basePath: '/doc',
      paths: { '/pets': {}, '/pets/{id}/toys': {} },
    })
    const saved = await ask('PATCH', `system/service/${id}`, {
      body: JSON.stringify({ service_doc_by_service_id: { content, format: 0 } }),
    })
    assert.equal(saved.status, 200, saved.text)
  }
})
after(async () => {
  await server.stop()
  await upstream.stop()
})

interface Asking {
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}
interface Told {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}
async function ask(method: string, path: string, { headers = {}, body }: Asking = {}): Promise<Told> {
  const answer = await fetch(`${server.url}/api/v2/${path}`, {
    method,
    headers: {
      'X-DreamFactory-Session-Token': token,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: body as string }),
    redirect: 'manual',
  })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}
const message = ({ text }: Told): string => JSON.parse(text).error.message

const fixed = 'fixed=p+1'
const who = 'who=admin%40example.org'
const sent: readonly {
  readonly name: string
  readonly verb?: string
  readonly path: string
  readonly asking?: Asking
  readonly expect: object
}[] = [
  { name: 'the base', path: 'remote', expect: { method: 'GET', path: '/', query: `?${fixed}&${who}`, body: '' } },
  { name: 'a path', path: 'remote/a/b', expect: { path: '/a/b' } },
  { name: 'the final slash is dropped', path: 'remote/a/', expect: { path: '/a' } },
  { name: 'the final slash is kept', path: 'below/a/', expect: { path: '/v1/a/', query: '?key=k' } },
  { name: 'a base with a path and a query', path: 'below/a?b=1', expect: { path: '/v1/a/', query: '?key=k&b=1' } },
  { name: 'a base without a path is used untouched', path: 'below', expect: { path: '/v1/', query: '?key=k' } },
  {
    name: 'characters of segments are encoded',
    path: 'remote/a%20b/%C3%A9/%3F%23',
    expect: { path: '/a%20b/%C3%A9/%3F%23' },
  },
  {
    name: 'a segment that looks like an escape stays one',
    path: 'remote/%252e%252e/x',
    expect: { path: '/%252e%252e/x' },
  },
  {
    name: 'repeated parameters, maps and lists in their order',
    path: 'remote/a?t=1&t=2&m[a]=x&l[]=1',
    expect: { query: `?t=1&t=2&m[a]=x&l[]=1&${fixed}&${who}` },
  },
  { name: 'a space goes out as +', path: 'remote/a?q=a%20b+c', expect: { query: `?q=a+b+c&${fixed}&${who}` } },
  {
    name: 'credentials do not leave',
    path: 'remote/a?api_key=k&x=1&session_token=t&api%5Fkey=l',
    expect: { query: `?x=1&${fixed}&${who}` },
  },
  {
    name: 'a parameter is held back, in any case',
    path: 'remote/a?DropMe=1&dropme[x]=2&kept=3',
    expect: { query: `?kept=3&${fixed}&${who}` },
  },
  { name: 'parameters by verb', verb: 'DELETE', path: 'remote/a', expect: { method: 'DELETE', query: `?${fixed}` } },
  { name: 'a document of Swagger 2 tells the base', path: 'documented/pets', expect: { path: '/doc/pets' } },
  {
    name: 'JSON as it was sent',
    verb: 'POST',
    path: 'remote/a',
    asking: { body: '{"k": [1, 2]}' },
    expect: { method: 'POST', body: '{"k": [1, 2]}' },
  },
  {
    name: 'any body',
    verb: 'PUT',
    path: 'remote/a',
    asking: { body: Uint8Array.from([65, 66]), headers: { 'Content-Type': 'image/png' } },
    expect: { method: 'PUT', body: 'AB' },
  },
  {
    name: 'a large body',
    verb: 'PATCH',
    path: 'remote/a',
    asking: { body: new Uint8Array(3_000_000).fill(120), headers: { 'Content-Type': 'text/plain' } },
    expect: { method: 'PATCH', body: 3_000_000 },
  },
  {
    name: 'a tunnelled verb',
    verb: 'POST',
    path: 'remote/a?method=DELETE',
    expect: { method: 'DELETE', query: `?method=DELETE&${fixed}` },
  },
]
for (const { name, verb = 'GET', path, asking, expect } of sent) {
  test(`sent: ${name}`, async () => {
    const answer = await ask(verb, path, asking)
    assert.equal(answer.status, 200, answer.text)
    assert.partialDeepStrictEqual(JSON.parse(answer.text), expect)
  })
}

test('sent: headers by their rules, and none of ours', async () => {
  const { text } = await ask('GET', 'remote/a', {
    headers: { 'X-Pass': 'client', 'X-Fixed': 'mine', 'X-Other': '1', Authorization: `Bearer ${token}`, Cookie: 'c=1' },
  })
  const { headers } = JSON.parse(text)
  assert.deepEqual(headers, { accept: '*/*', 'x-fixed': 'fixed', 'x-pass': 'client', 'x-token': '{session.token}' })
  assert.equal(JSON.parse((await ask('GET', 'remote/a')).text).headers['x-pass'], undefined)
})

test('sent: a path that leads out of the service', async () => {
  for (const path of ['remote/..%2fsecret', 'below/..%2f..%2fsecret', 'below/a%2f..%2f..']) {
    const before = upstream.asked.length
    assert.equal((await ask('GET', path)).status, 400, path)
    assert.equal(upstream.asked.length, before)
  }
})

const json = { accept: 'application/json' }
const received: readonly {
  readonly name: string
  readonly path: string
  readonly accept?: string
  readonly status?: number
  readonly expect: string | RegExp
  readonly type?: string
}[] = [
  {
    name: 'JSON as it is',
    path: 'remote/json',
    expect: '{"a":[1,2],"b":12345678901234567890}',
    type: 'application/json',
  },
  { name: 'JSON that is none passes through', path: 'remote/bad-json', expect: '{"a":' },
  {
    name: 'JSON as XML',
    path: 'remote/json',
    accept: 'application/xml',
    expect: /<b>12345678901234567890<\/b>/,
    type: 'application/xml',
  },
  {
    name: 'bad JSON as XML',
    path: 'remote/bad-json',
    accept: 'application/xml',
    status: 502,
    expect: /not valid JSON/,
  },
  { name: 'XML as JSON', path: 'remote/xml', expect: '{"a":1,"b":"two","c":"007"}' },
  { name: 'XML as XML', path: 'remote/xml', accept: 'application/xml', expect: '<r><a>1</a><b>two</b><c>007</c></r>' },
  { name: 'XML with entities of its own', path: 'remote/doctype', status: 502, expect: /not valid XML/ },
  { name: 'CSV as JSON', path: 'remote/csv', expect: '{"resource":[{"a":"1","b":"two"}]}' },
  { name: 'text as JSON', path: 'remote/text', expect: '"plain \\"text\\""' },
  { name: 'text as text', path: 'remote/text', accept: 'text/plain', expect: 'plain "text"' },
  { name: 'HTML as JSON', path: 'remote/html', status: 400, expect: /can not be resolved to acceptable content type/ },
  {
    name: 'HTML for who asks for it',
    path: 'remote/html',
    accept: 'text/html',
    expect: '<script>1</script>',
    type: 'text/html',
  },
  { name: 'compressed', path: 'remote/gzip', expect: '{"z":1}' },
  { name: 'an empty body', path: 'remote/empty', status: 204, expect: '' },
  { name: 'no content', path: 'remote/none', status: 204, expect: '' },
  {
    name: 'an error of the remote',
    path: 'remote/status/409',
    status: 409,
    expect: '{"error":{"code":409,"context":null,"message":"told with 409","status_code":409}}',
  },
  { name: 'a redirect that is not followed', path: 'remote/inside', status: 302, expect: /"message":"moved"/ },
  { name: 'a redirect that is followed', path: 'follows/inside', expect: '{"a":[1,2],"b":12345678901234567890}' },
  { name: 'a redirect to elsewhere', path: 'follows/outside', status: 502, expect: /redirects out of its base URL/ },
  { name: 'redirects without an end', path: 'follows/loop', status: 302, expect: /moved/ },
  { name: 'no base URL', path: 'baseless', status: 500, expect: /Remote Web Service base url can not be empty\./ },
  { name: 'a name that is none', path: 'private/x', status: 503, expect: /can not be reached/ },
  { name: 'no head in time', path: 'remote/silent', status: 504, expect: /did not answer in time/ },
  { name: 'no HTTP', path: 'remote/garbage', status: 502, expect: /did not answer with HTTP/ },
]
for (const { name, path, accept = json.accept, status = 200, expect, type } of received) {
  test(`received: ${name}`, async () => {
    const answer = await ask('GET', path, { headers: { accept } })
    assert.equal(answer.status, status, answer.text)
    if (typeof expect === 'string') assert.equal(answer.text, expect)
    else assert.match(answer.text, expect)
    if (type !== undefined) assert.equal(answer.headers.get('content-type')?.split(';')[0], type)
    assert.ok(!answer.text.includes(String(upstream.port)))
  })
}

test('received: headers of the remote, but for those that would speak for this server', async () => {
  const { headers } = await ask('GET', 'remote/ours')
  assert.equal(headers.get('x-own'), 'yes')
  for (const name of ['access-control-allow-origin', 'strict-transport-security', 'x-hop'])
    assert.equal(headers.get(name), null, name)
  assert.deepEqual((await ask('GET', 'remote/cookies')).headers.getSetCookie(), ['a=1; path=/', 'b=2'])
})

test("received: a remote's page does not act as one of ours", async () => {
  for (const path of ['remote/html', 'remote/svg'])
    assert.equal(
      (await ask('GET', path, { headers: { accept: 'text/html, image/svg+xml' } })).headers.get(
        'content-security-policy',
      ),
      'sandbox',
    )
})

for (const path of ['remote/stalls', 'remote/cut']) {
  test(`received: a body that breaks off cuts the answer: ${path}`, async () => {
    await assert.rejects(ask('GET', path))
  })
}

test('received: addresses of remotes become those of their services', async () => {
  const { text } = await ask('GET', 'linked/x')
  assert.match(JSON.parse(text).link, /^http:\/\/127\.0\.0\.1:\d+\/api\/v2\/[a-z]+\/at$/)
  assert.ok(!text.includes(upstream.url))
})

test('an answer is given again to who asks the same with the same headers', async () => {
  const asked = async (path: string, headers = {}): Promise<number> => {
    const before = upstream.asked.length
    assert.equal((await ask('GET', path, { headers })).status, 200)
    return upstream.asked.length - before
  }
  assert.equal(await asked('cached/c?a=1'), 1)
  assert.equal(await asked('cached/c?a=1'), 0)
  assert.equal(await asked('cached/c?a=2'), 1)
  assert.equal(await asked('cached/c?a=1', { 'X-Pass': 'other' }), 1)
  assert.equal(await asked('cached/cookies'), 1)
  assert.equal(await asked('cached/cookies'), 1)
  assert.equal((await ask('DELETE', 'system/cache/cached')).status, 200)
  assert.equal(await asked('cached/c?a=1'), 1)
})

test('a connection that breaks is tried again for reads only', async () => {
  upstream.cutNext(2)
  assert.equal((await ask('GET', 'remote/json')).status, 200)
  upstream.cutNext(1)
  assert.equal((await ask('DELETE', 'remote/json')).status, 502)
  assert.equal((await ask('DELETE', 'remote/json')).status, 200)
})

test('a client that goes away ends the request behind it', async () => {
  const going = new AbortController()
  const answer = await fetch(`${server.url}/api/v2/remote/endless`, {
    headers: { 'X-DreamFactory-Session-Token': token, accept: 'text/plain' },
    signal: going.signal,
  })
  const open = upstream.open()
  await answer.body?.getReader().read()
  going.abort()
  for (
    const end = Date.now() + 20_000;
    upstream.open() >= open;
    await new Promise((resolve) => setTimeout(resolve, 20))
  )
    assert.ok(Date.now() < end, 'the connection to the remote is still open')
})

test('a large answer is passed on as it comes', async () => {
  const size = 50_000_000
  const answer = await fetch(`${server.url}/api/v2/remote/large?bytes=${size}`, {
    headers: { 'X-DreamFactory-Session-Token': token },
  })
  assert.equal(answer.headers.get('content-length'), String(size))
  let got = 0
  for await (const chunk of answer.body ?? []) got += chunk.length
  assert.equal(got, size)
})

test('a remote that keeps failing is not asked for a while, and readiness tells', async () => {
  for (let n = 0; n < 5; n++) assert.equal((await ask('DELETE', 'broken/silent')).status, 504)
  const before = upstream.asked.length
  const refused = await ask('DELETE', 'broken/silent')
  assert.equal(refused.status, 503)
  assert.equal(message(refused), 'The remote service does not answer. Try again later.')
  assert.ok(Number(refused.headers.get('retry-after')) > 0)
  assert.equal(upstream.asked.length, before)
  const ready = await fetch(`${server.url}/_health/ready`)
  assert.equal(ready.status, 200)
  assert.deepEqual(((await ready.json()) as { detail: { services: object } }).detail.services, {
    broken: 'The remote does not answer; it is asked again later.',
  })
})

const unsaved: readonly { readonly name: string; readonly config: object; readonly expect: RegExp }[] = [
  {
    name: 'a base that is no URL',
    config: { base_url: 'ftp://x' },
    expect: /'base_url' \(Base URL\) must be a URL that begins with http/,
  },
  {
    name: 'a header that is none',
    config: { headers: [{ name: 'a b', value: '1', action: 31 }] },
    expect: /is no name of a header/,
  },
  {
    name: 'an option that is not known',
    config: { options: { NOPE: 1 } },
    expect: /Invalid configuration: NOPE is not a defined option\./,
  },
]
for (const { name, config, expect } of unsaved) {
  test(`a configuration is refused: ${name}`, async () => {
    const answer = await ask('POST', 'system/service', {
      body: JSON.stringify({ resource: [{ name: 'refused', type: 'rws', config }] }),
    })
    assert.match(answer.text, expect)
    assert.ok(answer.status >= 400)
  })
}

test('what a role may name comes from the document', async () => {
  const { text } = await ask('GET', 'documented?as_access_list=true')
  assert.deepEqual(JSON.parse(text).resource, ['', '*', 'pets', 'pets/*'])
})

test('a document that is given by its URL, of Swagger 2', async () => {
  const resource = [
    {
      name: 'pets',
      type: 'rws',
      is_active: true,
      config: { base_url: upstream.url },
      service_doc_by_service_id: { content: `${upstream.url}/swagger.json`, format: 0 },
    },
  ]
  assert.equal((await ask('POST', 'system/service', { body: JSON.stringify({ resource }) })).status, 201)
  assert.deepEqual(JSON.parse((await ask('GET', 'pets?as_access_list=true')).text).resource, ['', '*', 'pets/*'])
  const { paths, components } = JSON.parse((await ask('GET', 'pets/_spec')).text)
  const { get } = paths['/pets/{id}']
  assert.deepEqual(get.responses[200].content['application/json'].schema, { $ref: '#/components/schemas/Pet' })
  assert.deepEqual(get.parameters[0].schema, { type: 'integer' })
  assert.deepEqual(components.schemas.Pet, { type: 'object', properties: { name: { type: 'string' } } })
})
