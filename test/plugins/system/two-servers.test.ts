/** Several servers in one process, and what a service may be made of. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startClient } from './client.ts'

test('two servers live and stop by themselves', async () => {
  const first = await startClient()
  const second = await startClient()
  await first.create('role', { name: 'of the first' })
  assert.deepEqual((await second.ok('GET', 'system/role')).resource, [])
  await first.server.stop()
  // The second one's store is still open.
  await second.create('role', { name: 'of the second' })
  await second.server.stop()
})

test('the licence is one', async () => {
  const client = await startClient()
  const { platform } = await client.ok('GET', 'system/environment')
  const status = (await (await fetch(`${client.server.url}/status`)).json()) as { readonly license: string }
  assert.deepEqual([platform.license, status.license], ['GOLD', 'GOLD'])
  await client.server.stop()
})

test('no service reads the store', async (t) => {
  const client = await startClient()
  const data = join(client.server.folder, 'data')
  const cases = [
    { name: 'by its path', config: { database: join(data, 'system.sqlite') } },
    {
      name: 'by attaching',
      config: { database: 'x.sqlite', statements: [`ATTACH '${join(data, 'system.sqlite')}' AS s`] },
    },
  ]
  for (const [index, { name, config }] of cases.entries()) {
    await t.test(name, async () => {
      await client.create('service', { name: `sneaky${index}`, type: 'sqlite', is_active: true, config })
      const answer = await client.send('GET', `sneaky${index}/_table`)
      assert.equal(answer.status, 503)
      assert.ok(!JSON.stringify(answer.body).includes(data))
    })
  }
  await client.server.stop()
})
