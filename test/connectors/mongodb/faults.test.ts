// The database is killed and started again under load: clear errors, recovery by itself, nothing acknowledged is lost, other services answer.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Client } from '../../plugins/system/client.ts'
import { mongodb } from '../../support/mongodb.ts'
import { signIn, startServer } from '../../support/server.ts'
import { until } from '../../support/until.ts'

const { mongo, skip } = await mongodb()
const cannot = skip || (mongo?.kill === null && 'the given server stays as it is')

/** Open connections to the database, as proc(5) tells them. */
function sockets(): number {
  const port = Number(new URL(mongo?.url ?? '').port)
    .toString(16)
    .toUpperCase()
    .padStart(4, '0')
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  return rows.filter((row) => new RegExp(`:[0-9A-F]{4} [0-9A-F]{8}:${port} 01 `).test(row)).length
}

describe('a MongoDB that is killed under load', { skip: cannot }, () => {
  let client: Client
  let stop = async (): Promise<void> => {}
  before(async () => {
    const server = await startServer()
    let ended: Promise<void> | null = null
    stop = () => {
      ended ??= server.stop()
      return ended
    }
    client = new Client(server, await signIn(server.url))
    const options = { serverSelectionTimeoutMS: '1000' }
    for (const service of [
      { name: 'shop', type: 'mongodb', config: { dsn: `${mongo?.url}/faults_${process.pid}`, options } },
      { name: 'crm', type: 'sqlite', config: { database: 'crm.sqlite' } },
    ])
      await client.ok('POST', 'system/service', { resource: [{ label: service.name, is_active: true, ...service }] })
    await client.ok('POST', 'shop/_schema', { resource: [{ name: 'orders' }] })
    await client.ok('POST', 'crm/_schema', { resource: [{ name: 'customer', field: [{ name: 'id', type: 'id' }] }] })
  })
  after(async () => {
    await stop()
    await mongo?.stop()
  })

  test('answers 503 in the meantime, and all that was acknowledged is there', async () => {
    const made: string[] = []
    const seen = { ok: 0, away: 0, others: 0 }
    let over = false
    const writer = async (name: number): Promise<void> => {
      for (let n = 0; !over; n++) {
        const _id = `${name}-${n}`
        const { status, body } = await client.send('POST', 'shop/_table/orders', { resource: [{ _id, n }] })
        const told = JSON.stringify(body)
        assert.ok(
          status === 201 || status === 200 || status === 503 || /Duplicate value/.test(told),
          `${status} ${told}`,
        )
        assert.doesNotMatch(told, /127\.0\.0\.1|ECONN|Mongo[A-Z]/)
        if (status === 503) seen.away += 1
        else {
          seen.ok += 1
          made.push(_id)
        }
      }
    }
    const other = async (): Promise<void> => {
      while (!over) {
        await client.ok('GET', 'crm/_table/customer')
        seen.others += 1
      }
    }
    const work = Promise.all([writer(1), writer(2), writer(3), writer(4), other()])
    try {
      await until('records are written', () => seen.ok > 20)
      await mongo?.kill?.()
      await until('requests are refused', () => seen.away > 4)
      const answered = seen.others
      await until('the other service answers', () => seen.others > answered + 5)
      await mongo?.start?.()
      const written = seen.ok
      await until('records are written again', () => seen.ok > written + 20)
    } finally {
      over = true
      await work
    }
    const { resource } = await client.ok('GET', 'shop/_table/orders?fields=_id&limit=100000')
    const there = new Set((resource as { _id: string }[]).map(({ _id }) => _id))
    assert.deepEqual(
      made.filter((id) => !there.has(id)),
      [],
    )
  })

  test('leaves no socket behind', { skip: !existsSync('/proc/net/tcp') }, async () => {
    assert.ok(sockets() > 0)
    await stop()
    await until('its connections are closed', () => sockets() === 0)
  })
})
