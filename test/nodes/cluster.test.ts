/**
 * One node of several processes behind one port, its store in SQLite: as real processes, under load, with signals. Requests go over
 * connections of their own where they should reach each process.
 */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { after, before, test } from 'node:test'
import { adminCredentials, startProcess, type TestProcess } from '../support/server.ts'
import { until } from '../support/until.ts'

const workers = 2
const token = 'a-token-of-some-length'
const patienceMs = 180_000
let node: TestProcess
let session = ''
let shelf = ''

interface Answer {
  /** 0: no answer, the connection broke. */
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  readonly body: any
}

interface Asked {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Left out: a connection of its own. */
  readonly agent?: Agent
}

function send(method: string, path: string, { body, headers, agent }: Asked = {}): Promise<Answer> {
  const own = { 'X-DreamFactory-Session-Token': session, 'Content-Type': 'application/json' }
  return new Promise((resolve) => {
    const asked = request(
      `${node.url}/${path}`,
      { method, headers: headers ?? own, agent: agent ?? false, timeout: 60_000 },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part
        })
        answer.on('error', () => resolve({ status: 0, body: null }))
        answer.on('end', () => {
          const json = /json/.test(answer.headers['content-type'] ?? '')
          resolve({ status: answer.statusCode ?? 0, body: json && text !== '' ? JSON.parse(text) : text })
        })
      },
    )
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve({ status: 0, body: null }))
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
async function ok(method: string, path: string, asked: Asked = {}): Promise<any> {
  const { status, body } = await send(method, path, asked)
  assert.ok(status > 0 && status < 300, `${method} ${path}: ${status} ${JSON.stringify(body)}\n${node.stderr()}`)
  return body
}

// biome-ignore lint/suspicious/noExplicitAny: log lines are looked into freely
const logged = (event: string): any[] =>
  node
    .stderr()
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes(`"event":"${event}"`))
    .map((line) => JSON.parse(line))

const pids = (): number[] => logged('process-ready').map(({ pid }) => pid)

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Asks the same again and again over a connection that is kept. */
class Client {
  readonly statuses: number[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #running: Promise<void>
  #stopped = false

  constructor() {
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    while (!this.#stopped)
      this.statuses.push((await send('GET', 'api/v2/system/role?limit=1', { agent: this.#agent })).status)
  }

  async stop(): Promise<readonly number[]> {
    this.#stopped = true
    await this.#running
    this.#agent.destroy()
    return this.statuses
  }
}

before(async () => {
  node = await startProcess('bin/dataferry.js', {
    DF_WORKERS: String(workers),
    DF_METRICS: 'true',
    DF_METRICS_TOKEN: token,
    DF_LOG_LEVEL: 'info',
    DF_ADMIN_EMAIL: '',
    DF_ADMIN_PASSWORD: '',
  })
  assert.notEqual(node.url, '', node.stderr())
})
after(() => node?.stop())

test('the one-time code works at every process, and once', async () => {
  await until('both have told that they are ready', () => pids().length === workers)
  const [, code = ''] = /enter the code (\S+)/.exec(node.stdout()) ?? []
  const { email, password } = adminCredentials
  const body = { code, email, password, first_name: 'Ad', last_name: 'Min' }
  const headers = { 'Content-Type': 'application/json' }
  const made = await Promise.all([0, 1, 2].map(() => send('POST', 'setup', { body, headers })))
  assert.deepEqual(made.map(({ status }) => status).sort(), [201, 403, 403])
  const entered = await ok('POST', 'api/v2/system/admin/session', { body: { email, password }, headers })
  session = entered.session_token
})

test('several processes write one SQLite database', async () => {
  const config = { database: 'shelf' }
  const service = { name: 'shelf', label: 'Shelf', type: 'sqlite', is_active: true, config }
  await ok('POST', 'api/v2/system/service', { body: { resource: [service] } })
  const field = [
    { name: 'id', type: 'id' },
    { name: 'title', type: 'string', length: 20 },
  ]
  await until('each process knows the service', async () => {
    const seen = await Promise.all([0, 1, 2, 3].map(() => send('GET', 'api/v2/shelf/_table')))
    return seen.every(({ status }) => status === 200)
  })
  await ok('POST', 'api/v2/shelf/_schema', { body: { resource: [{ name: 'item', field }] } })
  await until('each process knows the table', async () => {
    const seen = await Promise.all([0, 1, 2, 3].map(() => send('GET', 'api/v2/shelf/_table/item')))
    return seen.every(({ status }) => status === 200)
  })
  const writes = Array.from({ length: 60 }, (_, i) =>
    send('POST', 'api/v2/shelf/_table/item', { body: { resource: [{ title: `no ${i}` }] } }),
  )
  const statuses = (await Promise.all(writes)).map(({ status }) => status)
  assert.deepEqual([...new Set(statuses)], [201])
  const { meta } = await ok('GET', 'api/v2/shelf/_table/item?include_count=true&limit=1')
  assert.equal(meta.count, 60)
})

test('a limit is counted by all processes together', async () => {
  const limit = { name: 'five', type: 'instance', rate: 5, period: 'day', is_active: true }
  const role = { name: 'reader', is_active: true }
  const { resource: roles } = await ok('POST', 'api/v2/system/role', { body: { resource: [role] } })
  const access = [{ service_id: null, component: '*', verb_mask: 31, requestor_mask: 1 }]
  await ok('PATCH', `api/v2/system/role/${roles[0].id}`, { body: { role_service_access_by_role_id: access } })
  const app = { name: 'reader', is_active: true, role_id: roles[0].id }
  const { resource: apps } = await ok('POST', 'api/v2/system/app?fields=id,api_key', { body: { resource: [app] } })
  shelf = apps[0].api_key
  const { resource: limits } = await ok('POST', 'api/v2/system/limit', { body: { resource: [limit] } })
  const read = async (): Promise<number> =>
    (await send('GET', 'api/v2/shelf/_table/item/1', { headers: { 'X-DreamFactory-API-Key': shelf } })).status
  await until('every process knows of it', async () => {
    for (let i = 0; i < workers * 3; i++) if ((await read()) !== 429) return false
    return true
  })
  await ok('DELETE', `api/v2/system/limit_cache/${limits[0].id}`)
  const statuses: number[] = []
  for (let i = 0; i < 8; i++) statuses.push(await read())
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429])
  const { resource } = await ok('GET', `api/v2/system/limit_cache/${limits[0].id}`)
  assert.deepEqual([resource[0].attempts, resource[0].remaining], [5, 0])
  await ok('DELETE', `api/v2/system/limit/${limits[0].id}`)
})

test('failed logins are counted by all processes together', async () => {
  const statuses: number[] = []
  const body = { email: 'nobody@example.org', password: 'wrong' }
  for (let i = 0; i < 12; i++) statuses.push((await send('POST', 'api/v2/system/admin/session', { body })).status)
  assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429])
})

test('a logout is seen by every process when it is answered', async () => {
  const { email, password } = adminCredentials
  const { session_token } = await ok('POST', 'api/v2/system/admin/session', { body: { email, password } })
  const headers = { 'X-DreamFactory-Session-Token': session_token }
  const read = async (): Promise<number> => (await send('GET', 'api/v2/system/role', { headers })).status
  for (let i = 0; i < workers * 2; i++) assert.equal(await read(), 200)
  await ok('DELETE', 'api/v2/system/admin/session', { headers })
  for (let i = 0; i < workers * 3; i++) assert.equal(await read(), 403)
})

test('metrics need their token, and are of all processes together', async () => {
  assert.equal((await send('GET', 'metrics')).status, 401)
  const text = await ok('GET', 'metrics', { headers: { Authorization: `Bearer ${token}` } })
  assert.match(text, /^dataferry_processes\{state="ready"\} 2$/m)
  assert.match(text, /^dataferry_requests_refused_total\{by="throttle"\} 2$/m)
  assert.match(text, /^dataferry_requests_total\{service="shelf",verb="POST",status="2xx"\} 61$/m)
  for (const process of ['main', '1', '2'])
    assert.match(text, new RegExp(`^dataferry_memory_bytes\\{process="${process}",of="resident"\\} \\d+$`, 'm'))
})

test('SIGHUP exchanges every process, and no request is lost', async () => {
  const first = pids()
  const clients = Array.from({ length: 4 }, () => new Client())
  node.child.kill('SIGHUP')
  await until('all are exchanged', () => logged('rolling').some(({ phase }) => phase === 'done'), patienceMs)
  const statuses = await Promise.all(clients.map((client) => client.stop()))
  for (const each of statuses) assert.ok(each.length > 5, 'there was load')
  assert.deepEqual([...new Set(statuses.flat())], [200])
  assert.deepEqual(first.filter(runs), [])
  assert.equal(pids().filter(runs).length, workers)
  const text = await ok('GET', 'metrics', { headers: { Authorization: `Bearer ${token}` } })
  const counted = /^dataferry_requests_total\{service="shelf",verb="POST",status="2xx"\} 61$/m
  assert.match(text, counted, 'what ended processes counted still counts')
})

test('one process is killed: its connections break, and another takes its place', async () => {
  const clients = Array.from({ length: 6 }, () => new Client())
  await until('there is load', () => clients.every(({ statuses }) => statuses.length > 2))
  const [victim = 0] = pids().filter(runs)
  process.kill(victim, 'SIGKILL')
  await until('it is replaced', () => pids().filter(runs).length === workers && !runs(victim), patienceMs)
  const seen = await Promise.all(clients.map((client) => client.stop()))
  for (const statuses of seen) {
    assert.ok(statuses.filter((status) => status === 0).length <= 1, `a connection broke more than once: ${statuses}`)
    assert.deepEqual(
      [...new Set(statuses)].filter((status) => status !== 0),
      [200],
    )
  }
  assert.equal(logged('process-lost').length, 1)
  assert.equal(logged('process-lost')[0].signal, 'SIGKILL')
})

test('SIGTERM ends them all', async () => {
  const running = pids().filter(runs)
  assert.equal(running.length, workers)
  node.child.kill('SIGTERM')
  assert.equal(await node.exit, 0, node.stderr())
  assert.deepEqual(running.filter(runs), [])
})
