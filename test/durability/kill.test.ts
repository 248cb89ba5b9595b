/**
 * A server that is killed without warning during 1,000 concurrent writes: what it had answered with 2xx is there after the next start,
 * and of a request with `rollback=true` there is all or nothing.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { Admin } from '../../bench/admin.ts'
import { type Served, serve } from '../../bench/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'dataferry-kill-'))
const credentials = { email: 'admin@example.com', password: 'a password of some length' }
const env = {
  DF_DATA_DIR: folder,
  DF_SAMPLE: 'false',
  DF_ADMIN_EMAIL: credentials.email,
  DF_ADMIN_PASSWORD: credentials.password,
  DF_LOG_LEVEL: 'error',
}
const start = (): Promise<Served> => serve(['bin/dataferry.js', 'start'], env)
const batchSize = 10

let server: Served
let key: string

before(async () => {
  mkdirSync(join(folder, 'databases'), { recursive: true })
  const database = new DatabaseSync(join(folder, 'databases', 'orders.sqlite'))
  database.exec(
    'create table orders (id integer not null primary key autoincrement, batch integer not null, line integer not null)',
  )
  database.close()
  server = await start()
  const admin = await Admin.login(server.url, credentials)
  const service = await admin.create('system/service', {
    name: 'orders',
    label: 'Orders',
    type: 'sqlite',
    is_active: true,
    config: { database: 'orders.sqlite' },
  })
  key = await admin.createKey('writer', [{ service_id: service.id, component: '*', verb_mask: 31, requestor_mask: 1 }])
})
after(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function rowsOfBatches(): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  let offset = 0
  for (;;) {
    const answer = await fetch(
      `${server.url}/api/v2/orders/_table/orders?fields=id,batch&order=id&limit=1000&offset=${offset}`,
      { headers: { 'X-DreamFactory-API-Key': key } },
    )
    assert.equal(answer.status, 200)
    const { resource } = (await answer.json()) as { resource: { batch: number }[] }
    for (const { batch } of resource) counts.set(batch, (counts.get(batch) ?? 0) + 1)
    if (resource.length < 1000) return counts
    offset += 1000
  }
}

test('kill -9 during 1,000 concurrent writes', async () => {
  const answered = new Set<number>()
  const enough = 150
  let killed: Promise<void> | null = null
  const one = async (batch: number): Promise<void> => {
    const records = Array.from({ length: batchSize }, (_, line) => ({ batch, line }))
    const answer = await fetch(`${server.url}/api/v2/orders/_table/orders?rollback=true`, {
      method: 'POST',
      headers: { 'X-DreamFactory-API-Key': key, 'Content-Type': 'application/json' },
      body: JSON.stringify({ resource: records }),
    }).catch(() => null)
    if (answer?.ok !== true) return
    answered.add(batch)
    if (answered.size >= enough) killed ??= server.kill()
  }
  await Promise.all(Array.from({ length: 1000 }, (_, batch) => one(batch)))
  assert.ok(killed !== null, 'the server was killed while writes were under way')
  await killed
  assert.ok(answered.size < 1000, 'some writes were still under way')

  server = await start()
  const counts = await rowsOfBatches()
  const lost = [...answered].filter((batch) => !counts.has(batch))
  assert.deepEqual(lost, [], 'every answered write is there')
  const halves = [...counts].filter(([, rows]) => rows !== batchSize)
  assert.deepEqual(halves, [], 'no batch is there in part')
  await Admin.login(server.url, credentials)
})
