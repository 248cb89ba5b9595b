/** What a node does when what it shares with others is not there, or does not fit. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { signIn, startServer, type TestServer } from '../support/server.ts'
import { type FreshStore, freshStore } from '../support/system-store.ts'
import { until } from '../support/until.ts'
import { type Servers, servers } from './rig.ts'

const builtins = [
  'connectors/sqlite/plugin',
  'connectors/postgres/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/email/plugin',
]

const found: Servers = await servers('postgres', true)
const { skip } = found
const key = '42'.repeat(32)
let store: FreshStore
let nodes: TestServer[] = []

const start = (env: Readonly<Record<string, string>> = {}, folder?: string): Promise<TestServer> =>
  startServer({
    builtins,
    env: { DF_SYSTEM_DB: store.url, DF_CACHE: found.cache?.url ?? '', DF_APP_KEY: key, ...env },
    ...(folder === undefined ? {} : { folder }),
  })

before(async () => {
  if (skip || found.store === null) return
  store = await freshStore(found.store)
  nodes = [await start(), await start()]
})
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await store?.drop()
  await found.stop()
})

const ready = async (node: number): Promise<{ readonly status: number; readonly cache: string | null }> => {
  const answer = await fetch(`${nodes[node]?.url}/_health/ready`)
  const { detail } = (await answer.json()) as { readonly detail: { readonly cache?: string } }
  return { status: answer.status, cache: detail.cache ?? null }
}
const caches = async (state: string): Promise<boolean> =>
  (await ready(0)).cache === state && (await ready(1)).cache === state

/** A role that is made at one node is used by an app there, and the other node knows the app's key. */
async function changesArrive(token: string, name: string): Promise<void> {
  const [one, other] = nodes
  const send = async (path: string, record: object): Promise<number> => {
    const answer = await fetch(`${one?.url}/api/v2/system/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-DreamFactory-Session-Token': token },
      body: JSON.stringify({ resource: [record] }),
    })
    const body = (await answer.json()) as { readonly resource: readonly { readonly id: number }[] }
    assert.equal(answer.status, 201, JSON.stringify(body))
    return body.resource[0]?.id ?? 0
  }
  const access = { service_id: 1, component: 'service/*', verb_mask: 1, requestor_mask: 1 }
  const role = await send('role', { name, is_active: true, role_service_access_by_role_id: [access] })
  const api_key = name.padEnd(64, '0')
  await send('app', { name, is_active: true, role_id: role, api_key })
  await until('the other node knows the key', async () => {
    const answer = await fetch(`${other?.url}/api/v2/system/service`, {
      headers: { 'X-DreamFactory-API-Key': api_key },
    })
    await answer.body?.cancel()
    return answer.status === 200
  })
}

const misfit = /encrypted with another key.*DF_APP_KEY/

test('a node whose key does not fit does not start, and says why in one line', { skip }, async () => {
  await assert.rejects(start({ DF_APP_KEY: '43'.repeat(32) }), (error: Error) => {
    assert.match(error.message, misfit)
    assert.ok(!error.message.includes('\n'))
    return true
  })
})

test('a node without a key makes none that could not fit', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dataferry-key-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  await assert.rejects(start({ DF_APP_KEY: '' }, folder), misfit)
  assert.equal(existsSync(join(folder, 'data', 'app.key')), false)
})

test('a node whose store is not there says which setting is meant', { skip }, async () => {
  const url = new URL(store.url)
  url.pathname = '/there_is_none'
  await assert.rejects(
    start({ DF_SYSTEM_DB: url.href }),
    /The system store in DF_SYSTEM_DB can't be opened\. .* does not exist/,
  )
})

test('two processes on one data folder: the second one does not start', { skip }, async () => {
  await assert.rejects(start({}, nodes[0]?.folder), /Another instance runs on the data folder/)
})

test('Redis goes: nodes go on, say so, and hear of changes all the same', {
  skip: skip || !found.cache?.kill,
}, async () => {
  const token = await signIn(nodes[0]?.url ?? '')
  await until('both share', () => caches('up'))
  await changesArrive(token, 'with')
  await found.cache?.kill?.()
  await until('both notice', () => caches('down'))
  assert.deepEqual([(await ready(0)).status, (await ready(1)).status], [200, 200])
  await changesArrive(token, 'without')
  await signIn(nodes[1]?.url ?? '')
  await found.cache?.start?.()
  await until('both share again', () => caches('up'))
  for (const node of nodes) {
    const told = node.seen.filter((what) => what.kind === 'log' && /Redis .*does not answer/.test(what.message))
    assert.equal(told.length, 1)
  }
  await changesArrive(token, 'again')
})

test('the store goes and comes back: nodes are not ready meanwhile, and then go on', {
  skip: skip || !found.store?.restart,
}, async () => {
  const token = await signIn(nodes[0]?.url ?? '')
  await found.store?.restart?.()
  await until('both are ready', async () => (await ready(0)).status === 200 && (await ready(1)).status === 200)
  await changesArrive(token, 'restarted')
})
