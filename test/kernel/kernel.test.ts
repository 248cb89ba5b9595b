import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ApiRequest } from 'dataferry/sdk'
import { caller, GET, record, role, snapshot } from '../support/access.ts'
import { admin, house, readerKey } from '../support/plugins/house.ts'
import { startProcess, startServer, type TestServer } from '../support/server.ts'

const builtins = ['test/support/plugins/house']
const echoed = 'test/support/plugins/run-house.ts'

let server: TestServer
before(async () => {
  server = await startServer({ builtins })
})
after(() => server.stop())

interface Case {
  readonly name: string
  readonly method?: string
  readonly path: string
  readonly as?: 'key' | 'admin' | 'basic' | 'garbage'
  readonly expect: readonly [status: number, body: unknown]
}
const error = (status: number, message: string) => ({
  error: { code: status, context: null, message, status_code: status },
})
const said = (path: readonly string[], who: { user?: number; role?: string } = {}, verb = 'GET') => ({
  verb,
  path,
  user: who.user ?? null,
  role: who.role ?? null,
})

const cases: readonly Case[] = [
  { name: 'open to everybody', path: 'echo/public', expect: [200, said(['public'])] },
  { name: 'a key', path: 'echo/open/1', as: 'key', expect: [200, said(['open', '1'], { role: 'reader' })] },
  {
    name: 'a key without the right',
    path: 'echo/closed',
    as: 'key',
    expect: [401, error(401, 'Unauthorized. User is not authenticated.')],
  },
  {
    name: 'an administrator',
    method: 'DELETE',
    path: 'echo/closed',
    as: 'admin',
    expect: [200, said(['closed'], { user: admin.id }, 'DELETE')],
  },
  { name: 'Basic', path: 'echo/closed', as: 'basic', expect: [200, said(['closed'], { user: admin.id })] },
  {
    name: 'a bad token, even where it is open',
    path: 'echo/public',
    as: 'garbage',
    expect: [401, error(401, 'Invalid token: Wrong number of segments')],
  },
  {
    name: 'a type that is not there',
    path: 'maria/_table',
    as: 'admin',
    expect: [503, error(503, "The service type 'mysql' of service 'maria' is not available on this server.")],
  },
  {
    name: 'an unknown service',
    path: 'nope',
    as: 'admin',
    expect: [404, error(404, 'Could not find a service for nope')],
  },
]
async function headersOf(as: Case['as']): Promise<Record<string, string>> {
  switch (as) {
    case 'key':
      return { 'X-DreamFactory-API-Key': readerKey }
    case 'admin':
      return { 'X-DreamFactory-Session-Token': await house.token() }
    case 'basic':
      return { Authorization: `Basic ${Buffer.from(`${admin.email}:a long password`).toString('base64')}` }
    case 'garbage':
      return { Authorization: 'Bearer garbage' }
    default:
      return {}
  }
}
for (const { name, method = 'GET', path, as, expect } of cases) {
  test(`kernel: ${name}`, async () => {
    const answer = await fetch(`${server.url}/api/v2/${path}`, { method, headers: await headersOf(as) })
    assert.deepEqual([answer.status, await answer.json()], expect)
  })
}

test('kernel: the index, and a change that the next request sees', async () => {
  const index = async (as: Case['as']) => {
    const answer = await fetch(`${server.url}/api/v2`, { headers: await headersOf(as) })
    return ((await answer.json()) as { readonly services: readonly { readonly name: string }[] }).services.map(
      ({ name }) => name,
    )
  }
  assert.deepEqual(
    [await index(undefined), await index('key'), await index('admin')],
    [[], ['echo'], ['echo', 'maria']],
  )
  const ask = async () => (await fetch(`${server.url}/api/v2/echo/closed`, { headers: await headersOf('key') })).status
  assert.equal(await ask(), 401)
  const { apps, services } = house.snapshot
  house.replace(
    snapshot({
      version: 2,
      services: [...services.values()],
      apps: [...apps.values()],
      roles: [role([['echo', '*', GET]])],
    }),
  )
  assert.equal(await ask(), 200)
  house.replace(
    snapshot({
      version: 3,
      services: [record({ id: 5, name: 'echo', type: 'echo', isActive: false })],
      apps: [...apps.values()],
      roles: [role([['echo', '*', GET]])],
    }),
  )
  const answer = await fetch(`${server.url}/api/v2/echo/x`, { headers: await headersOf('key') })
  assert.deepEqual([answer.status, await answer.json()], [403, error(403, 'Service echo is deactivated.')])
  house.reset()
})

test('kernel: ready tells the truth', async () => {
  const ready = async () => (await fetch(`${server.url}/_health/ready`)).status
  assert.equal(await ready(), 200)
  house.failAt = 'store'
  assert.equal(await ready(), 503)
  house.failAt = null
  assert.equal(await ready(), 200)
})

const internal = (path: readonly string[], isAdmin: boolean): ApiRequest => ({
  id: 'internal',
  verb: 'GET',
  service: 'echo',
  path,
  trailingSlash: false,
  query: new Map(),
  headers: {},
  body: { kind: 'none' },
  caller: caller({ user: isAdmin ? admin : null, admin: isAdmin }),
  output: {
    format: 'json',
    type: 'application/json',
    wrapper: 'resource',
    wrapperName: 'resource',
    xmlRoot: 'dfapi',
    fileName: null,
  },
  origin: server.url,
  address: '127.0.0.1',
})
const never = new AbortController().signal

test('kernel: an internal call enters at access', async () => {
  const { host } = house
  assert.ok(host)
  assert.equal((await host.call(internal(['x'], true), never)).status, 200)
  await assert.rejects(host.call(internal(['x'], false), never), /No session token/)
})

test('kernel: what a plugin is given of services', async () => {
  const { host } = house
  assert.ok(host)
  assert.deepEqual([...host.types().keys()], ['echo'])
  const inside = await host.service('ECHO')
  assert.equal((await inside.handle(internal(['x'], false), never)).status, 200)
  assert.deepEqual(await inside.resources?.(internal([], true), never), [])
  await assert.rejects(host.service('nope'), /Could not find a service for nope/)
  const outside = host.open('echo', 'apart', {})
  assert.equal((await outside.handle(internal(['x'], false), never)).status, 200)
  assert.throws(() => host.open('nope', 'apart', {}), /The service type 'nope' is not available/)
})

test('kernel: a request is logged without its query', async () => {
  await fetch(`${server.url}/api/v2/echo/open?api_key=${readerKey}`).then((answer) => answer.text())
  const found = server.seen.find((what) => what.kind === 'request' && what.path.endsWith('/echo/open'))
  assert.ok(found?.kind === 'request')
  assert.deepEqual([found.verb, found.service, found.status, found.app], ['GET', 'echo', 200, 4])
  assert.equal(JSON.stringify(server.seen).includes(readerKey), false)
})

test('kernel: stopping closes services before plugins, once', async () => {
  const one = await startServer({ builtins })
  await fetch(`${one.url}/api/v2/echo/public`).then((answer) => answer.text())
  house.events.length = 0
  await Promise.all([one.stop(), one.stop()])
  assert.deepEqual(house.events, ['echo closed', 'house stopped'])
  await assert.rejects(fetch(`${one.url}/api/v2/echo/public`))
})

test('kernel: a plugin that fails to start is named in one line, and stopped again', async () => {
  house.reset()
  house.failAt = 'start'
  await assert.rejects(startServer({ builtins }), {
    name: 'PluginError',
    message: "Plugin house can't be used: the store is locked",
  })
  assert.deepEqual(house.events, ['house started', 'house stopped'])
  house.reset()
})

test('kernel: without a source of configuration it does not start', async () => {
  await assert.rejects(startServer({ builtins: [] }), /No plugin offers the configuration of services and users/)
})

test('kernel: a port that is in use is told in one line', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  assert.ok(address !== null && typeof address === 'object')
  const failed = await startProcess(echoed, { PORT: String(address.port) })
  try {
    assert.equal(await failed.exit, 1)
    assert.equal(failed.stdout(), '')
    assert.match(
      failed.stderr(),
      new RegExp(
        `^dataferry: 127\\.0\\.0\\.1:${address.port} is in use by another program; set PORT to another one\\.\\n$`,
        'm',
      ),
    )
  } finally {
    await failed.stop()
    other.close()
  }
})

test('kernel: a data folder that cannot be used is told in one line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dataferry-test-'))
  try {
    await writeFile(join(folder, 'file'), '')
    await assert.rejects(startServer({ builtins, env: { DF_DATA_DIR: join(folder, 'file', 'data') } }), {
      name: 'StartError',
      message: /^The data folder \S+ can't be written \(ENOTDIR\); set DF_DATA_DIR to another one\.$/,
    })
    if (process.getuid?.() !== 0) {
      await chmod(folder, 0o500)
      await assert.rejects(
        startServer({ builtins, env: { DF_DATA_DIR: join(folder, 'data') } }),
        /can't be written \(EACCES\)/,
      )
    }
  } finally {
    await chmod(folder, 0o700)
    await rm(folder, { recursive: true })
  }
})

test('kernel: the secret of sessions is made once and outlives the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dataferry-test-'))
  try {
    const one = await startServer({ builtins, folder })
    const token = await house.token()
    await one.stop()
    assert.equal((await stat(join(folder, 'data', 'jwt.secret'))).mode & 0o777, 0o600)
    const two = await startServer({ builtins, folder })
    const answer = await fetch(`${two.url}/api/v2/echo/x`, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200)
    await two.stop()
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('process: every problem of the configuration is told, and it ends with 1', async () => {
  const failed = await startProcess(echoed, { PORT: 'many', DF_LOG_LEVEL: 'loud' })
  try {
    assert.equal(await failed.exit, 1)
    assert.match(failed.stderr(), /2 problems:\n.*PORT must be.*\n.*DF_LOG_LEVEL must be/)
  } finally {
    await failed.stop()
  }
})

test('process: what it says at the start', async () => {
  const running = await startProcess(echoed, { DF_LOG_LEVEL: 'warning', DF_SAMPEL: 'true' })
  try {
    const url = running.url.replaceAll('.', '\\.')
    assert.match(running.stdout(), new RegExp(`^Dataferry is listening on ${url}\\n`))
    assert.match(running.stdout(), new RegExp(`curl -X POST ${url}/setup .*\\n.*"code":"one-time-code"`))
    assert.match(running.stdout(), new RegExp(`\\ncurl ${url}/api/v2/echo/public\\n`))
    const warning = JSON.parse(running.stderr().trim()) as { readonly level: string; readonly message: string }
    assert.deepEqual(
      [warning.level, warning.message],
      ['warning', 'DF_SAMPEL is not a setting; did you mean DF_SAMPLE?'],
    )
  } finally {
    await running.stop()
  }
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`process: on ${signal} it finishes what is under way, refuses what is new, and ends with 0`, async () => {
    const running = await startProcess(echoed, { DF_LOG_LEVEL: 'info' })
    try {
      const token = await tokenOf(running.folder)
      const answer = await fetch(`${running.url}/api/v2/echo/slow`, { headers: { Authorization: `Bearer ${token}` } })
      assert.equal(answer.status, 200)
      running.child.kill(signal)
      assert.equal(await answer.text(), 'begun ended')
      assert.equal(await running.exit, 0)
      const events = running
        .stderr()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { readonly event: string }).event)
      assert.deepEqual(events.slice(-3), ['draining', 'request', 'stopped'])
    } finally {
      await running.stop()
    }
  })
}

test('process: a second signal ends it at once, with 1', async () => {
  const running = await startProcess(echoed)
  try {
    const token = await tokenOf(running.folder)
    const answer = await fetch(`${running.url}/api/v2/echo/slow`, { headers: { Authorization: `Bearer ${token}` } })
    running.child.kill('SIGTERM')
    running.child.kill('SIGINT')
    await assert.rejects(answer.text())
    assert.equal(await running.exit, 1)
  } finally {
    await running.stop()
  }
})

test('process: what does not end in time is named, and killed', async () => {
  const running = await startProcess(echoed, { DF_SHUTDOWN_TIMEOUT: '0' })
  try {
    const headers = { Authorization: `Bearer ${await tokenOf(running.folder)}` }
    const answer = await fetch(`${running.url}/api/v2/echo/stick`, { headers })
    await answer.text()
    running.child.kill('SIGTERM')
    assert.equal(await running.exit, 'SIGKILL')
    assert.match(running.stderr(), /work did not end in time \(services not closed: echo\); the process is killed\n$/)
  } finally {
    await running.stop()
  }
})

/** A token that a server accepts, made with the secret in its folder. */
async function tokenOf(folder: string): Promise<string> {
  const { loadSecret, TokenAuthority } = await import('../../kernel/access/tokens.ts')
  const secret = await loadSecret(null, join(folder, 'data', 'jwt.secret'))
  return new TokenAuthority(
    secret,
    { jwtTtlMinutes: 5, allowForeverSessions: false, jwtUserClaims: [] },
    () => null,
  ).issue(admin, 'test', { forever: false })
}
