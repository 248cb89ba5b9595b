// A MongoDB service of a server: what is said of its fields, relations with tables in both directions, its documentation, its tags.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MongoClient } from 'mongodb'
import { checkDocument, type Document } from '../../plugins/api-docs/valid.ts'
import { Client } from '../../plugins/system/client.ts'
import { mongodb } from '../../support/mongodb.ts'
import { signIn, startServer } from '../../support/server.ts'

const { mongo, skip } = await mongodb()
const database = `server_${process.pid}`

describe('a MongoDB service', { skip }, () => {
  let client: Client
  const ids: { [service: string]: number } = {}

  before(async () => {
    if (mongo === null) return
    const server = await startServer()
    client = new Client(server, await signIn(server.url))
    const services = [
      { name: 'shop', type: 'mongodb', config: { dsn: `${mongo.url}/${database}` } },
      { name: 'crm', type: 'sqlite', config: { database: 'crm.sqlite' } },
    ]
    for (const service of services) {
      const { resource } = await client.ok('POST', 'system/service', {
        resource: [{ label: service.name, is_active: true, ...service }],
      })
      ids[service.name] = Number(resource[0].id)
    }
    await client.ok('POST', 'crm/_schema', {
      resource: [
        {
          name: 'customer',
          field: [
            { name: 'id', type: 'id' },
            { name: 'name', type: 'string' },
          ],
        },
      ],
    })
    await client.ok('POST', 'crm/_table/customer', { resource: [{ name: 'ann' }, { name: 'bob' }] })
    await client.ok('POST', 'shop/_schema', {
      resource: [
        {
          name: 'orders',
          label: 'Orders',
          field: [
            { name: 'total', type: 'double', label: 'Sum', validation: { not_null: true } },
            { name: 'changed', type: 'timestamp_on_update' },
          ],
        },
      ],
    })
    await client.ok('POST', 'shop/_schema/orders/_related', {
      resource: [
        {
          type: 'belongs_to',
          field: 'buyer.id',
          ref_service_id: ids.crm,
          ref_table: 'customer',
          ref_field: 'id',
          is_virtual: true,
          alias: 'customer',
        },
      ],
    })
    await client.ok('POST', 'crm/_schema/customer/_related', {
      resource: [
        {
          type: 'has_many',
          field: 'id',
          ref_service_id: ids.shop,
          ref_table: 'orders',
          ref_field: 'buyer.id',
          is_virtual: true,
          alias: 'orders',
        },
      ],
    })
    await client.ok('POST', 'shop/_table/orders', {
      resource: [
        { _id: 'o1', total: 5, buyer: { id: 1 } },
        { _id: 'o2', total: 7.5, buyer: { id: 1 } },
        { _id: 'o3', total: 1, buyer: { id: 2 } },
      ],
    })
  })
  after(async () => {
    await client?.server.stop()
    if (mongo === null) return
    const direct = new MongoClient(mongo.url)
    await direct
      .db(database)
      .dropDatabase()
      .catch(() => {})
    await direct.close()
    await mongo.stop()
  })

  test('describes what is said of its fields', async () => {
    const { field, label } = await client.ok('GET', 'shop/_schema/orders')
    assert.equal(label, 'Orders')
    assert.deepEqual(
      field.map(({ name, type, label: of }: { name: string; type: string; label: string }) => [name, type, of]),
      [
        ['_id', 'string', 'Id'],
        ['total', 'double', 'Sum'],
        ['changed', 'timestamp_on_update', 'Changed'],
      ],
    )
  })

  test('holds to it', async () => {
    const refused = await client.send('POST', 'shop/_table/orders', { resource: [{ total: null }] })
    assert.equal(refused.status, 400)
    const made = await client.ok('GET', 'shop/_table/orders/o1?fields=changed')
    assert.match(made.changed.$date, /^\d{4}-\d{2}-\d{2}T/)
  })

  test('documents lead to rows', async () => {
    const { resource } = await client.ok('GET', 'shop/_table/orders?order=_id&fields=total&related=customer')
    assert.deepEqual(
      resource.map(({ customer }: { customer: { name: string } }) => customer.name),
      ['ann', 'ann', 'bob'],
    )
  })

  test('rows lead to documents', async () => {
    const { resource } = await client.ok('GET', 'crm/_table/customer?order=id&related=orders&orders_fields=total')
    assert.deepEqual(
      resource.map(({ orders }: { orders: { _id: string; total: number }[] }) => orders.map((each) => each._id)),
      [['o1', 'o2'], ['o3']],
    )
  })

  test('conditions on the other side', async () => {
    const found = await client.ok('GET', "shop/_table/orders?fields=_id&order=_id&filter=customer.name%20%3D%20'ann'")
    assert.deepEqual(found.resource, [{ _id: 'o1' }, { _id: 'o2' }])
    const rows = await client.ok('GET', 'crm/_table/customer?fields=name&filter=orders.total%20%3C%202')
    assert.deepEqual(rows.resource, [{ name: 'bob' }])
  })

  test('is written only while it is what the client knows', async () => {
    const read = await client.send('GET', 'shop/_table/orders/o1')
    const tag = read.headers.get('etag') ?? ''
    const write = (match: string): Promise<Response> =>
      fetch(`${client.server.url}/api/v2/shop/_table/orders/o1`, {
        method: 'PATCH',
        headers: {
          'X-DreamFactory-Session-Token': client.token,
          'Content-Type': 'application/json',
          'If-Match': match,
        },
        body: JSON.stringify({ total: 6 }),
      })
    assert.equal((await write(tag)).status, 200)
    assert.equal((await write(tag)).status, 412)
  })

  test('documents itself', async () => {
    const document = (await client.ok('GET', 'api_docs/shop?expand_schema=true')) as Document
    await checkDocument(document, '3.1')
    const schema = document.components.schemas['shop.orders'] as unknown as { readonly additionalProperties: unknown }
    assert.equal(schema.additionalProperties, true)
  })

  test('keeps its connection string to itself', async () => {
    const shown = await client.ok('GET', `system/service/${ids.shop}`)
    assert.doesNotMatch(JSON.stringify((await client.send('GET', 'shop/_table/none')).body), /mongodb:/)
    assert.equal(typeof shown.config.dsn, 'string')
  })

  const refused = [
    { name: 'an address of another kind', config: { dsn: 'http://x/y' }, says: /must begin with mongodb/ },
    { name: 'no database', config: { host: 'x' }, says: /at least host and database name/ },
    { name: 'no host', config: { database: 'x' }, says: /at least host and database name/ },
    {
      name: 'an unknown option',
      config: { host: 'x', database: 'y', options: { proxyHost: 'z' } },
      says: /'proxyHost' of the connection is not known/,
    },
  ]
  for (const { name, config, says } of refused) {
    test(`is not saved with ${name}`, async () => {
      const { status, body } = await client.send('POST', 'system/service', {
        resource: [{ name: 'wrong', label: 'wrong', type: 'mongodb', is_active: true, config }],
      })
      assert.equal(status, 400)
      assert.match(JSON.stringify(body), says)
    })
  }
})
