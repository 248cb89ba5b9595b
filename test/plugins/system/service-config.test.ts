/** Configurations of services: merged, checked, shown, opened. */
import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { BadRequest, type ConfigSchema, type Json, type Service, type ServiceType } from 'dataferry/sdk'
import { secrets } from '../../../plugins/system/store/secrets.ts'
import {
  type ConfigKind,
  checkConfig,
  configKind,
  mergeConfig,
  openConfig,
  type StoredConfig,
  shownConfig,
} from '../../../plugins/system/types/service-config.ts'

const box = secrets(createSecretKey(randomBytes(32)))

function type(name: string, group: string, config: ConfigSchema): ServiceType {
  return { name, label: name, group, description: '', config, body: 'value', create: () => ({}) as Service }
}

const own = type('own', 'Remote Service', [
  { name: 'url', label: 'URL', type: 'string', required: true },
  { name: 'depth', label: 'Depth', type: 'integer', default: 5 },
  { name: 'strict', label: 'Strict', type: 'boolean', default: false },
  { name: 'token', label: 'Token', type: 'password', secret: 'masked' },
  { name: 'login', label: 'Login', type: 'string', secret: 'encrypted' },
  {
    name: 'headers',
    label: 'Headers',
    type: 'array',
    items: [
      { name: 'name', label: 'Name', type: 'string' },
      { name: 'on', label: 'On', type: 'boolean', default: true },
    ],
  },
])
const registered = new Map([[own.name, own]])

function kind(name: string): ConfigKind {
  const found = configKind(name, registered)
  assert.ok(found)
  return found
}

let lastRow = 0
const merge = (name: string, stored: StoredConfig | null, sent: Json): Promise<StoredConfig> =>
  mergeConfig(kind(name), stored, sent, box, async (_list, count) => {
    const first = lastRow + 1
    lastRow += count
    return first
  })
const plain = (value: Json): Json => JSON.parse(JSON.stringify(value)) as Json

test('types: registered, known by name, unknown', () => {
  assert.equal(configKind('own', registered)?.group, 'Remote Service')
  assert.equal(configKind('mysql', registered)?.group, 'Database')
  assert.equal(configKind('nobody_knows', registered), null)
})

test('what a write makes of the values', async (t) => {
  const cases: readonly {
    readonly name: string
    readonly stored?: StoredConfig
    readonly sent: Json
    readonly gives: Json
  }[] = [
    { name: 'numbers as texts', sent: { depth: '7' }, gives: { depth: 7 } },
    { name: 'booleans as words', sent: { strict: 'on' }, gives: { strict: true } },
    { name: 'an empty text is null', sent: { url: '' }, gives: { url: null } },
    { name: 'where the connector lives', sent: { connector_host: 'worker' }, gives: { connector_host: 'worker' } },
    { name: 'the same as host', sent: { host: 'main' }, gives: { connector_host: 'main' } },
    {
      name: 'where it lives stays',
      stored: { connector_host: 'worker' },
      sent: { depth: 2 },
      gives: { connector_host: 'worker', depth: 2 },
    },
    { name: 'unknown settings are dropped', sent: { nope: 1, service_id: 9 }, gives: {} },
    {
      name: 'what is not sent stays',
      stored: { url: 'a', depth: 1 },
      sent: { depth: 2 },
      gives: { url: 'a', depth: 2 },
    },
    { name: 'null clears', stored: { url: 'a' }, sent: { url: null }, gives: { url: null } },
    { name: 'settings of another type go', stored: { host: 'h', url: 'a' }, sent: null, gives: { url: 'a' } },
    { name: 'an empty list is nothing', sent: [], gives: {} },
  ]
  for (const { name, stored = null, sent, gives } of cases) {
    await t.test(name, async () => assert.deepEqual(plain(await merge('own', stored, sent)), gives))
  }
})

test('what a write refuses', async (t) => {
  const cases: readonly { readonly name: string; readonly sent: Json; readonly message: string }[] = [
    {
      name: 'a word for a number',
      sent: { depth: 'deep' },
      message: "The setting 'depth' (Depth) must be a whole number.",
    },
    { name: 'a fraction', sent: { depth: 1.5 }, message: "The setting 'depth' (Depth) must be a whole number." },
    {
      name: 'a word for a boolean',
      sent: { strict: 'perhaps' },
      message: "The setting 'strict' (Strict) must be true or false.",
    },
    { name: 'a text for a list', sent: { headers: 'x' }, message: "The setting 'headers' (Headers) must be a list." },
    { name: 'a text for all of it', sent: 'x', message: 'The config of a service must be an object.' },
  ]
  for (const { name, sent, message } of cases) {
    await t.test(name, () =>
      assert.rejects(merge('own', null, sent), (error) => error instanceof BadRequest && error.message === message),
    )
  }
})

test('secrets', async (t) => {
  const stored = await merge('own', null, { url: 'u', token: 's3cret', login: 'ann' })
  await t.test('are sealed at rest', () => assert.ok(!/s3cret|ann/.test(JSON.stringify(stored))))
  await t.test('are masked, or shown in clear where they are only encrypted', () => {
    const shown = shownConfig(kind('own'), 3, stored, box) as { readonly [name: string]: Json }
    assert.equal(shown.token, '**********')
    assert.equal(shown.login, 'ann')
  })
  await t.test('are open for the instance', () => {
    const { token, login } = openConfig(kind('own'), stored, box)
    assert.deepEqual([token, login], ['s3cret', 'ann'])
  })
  await t.test('stay when the mask comes back', async () => {
    const again = await merge('own', stored, { token: '**********', depth: 1 })
    assert.equal(openConfig(kind('own'), again, box).token, 's3cret')
  })
  await t.test('are replaced and cleared', async () => {
    assert.equal(openConfig(kind('own'), await merge('own', stored, { token: 'new' }), box).token, 'new')
    assert.equal(
      (shownConfig(kind('own'), 3, await merge('own', stored, { token: '' }), box) as { token: Json }).token,
      null,
    )
  })
  await t.test('are found by their names where nobody knows the settings', async () => {
    const sent = {
      host: 'h',
      api_key: 'first secret',
      client_secret: 'second secret',
      password: 'third secret',
      key_columns: ['a'],
    }
    const unknown = await merge('shopify', null, sent)
    assert.ok(!/(?:first|second|third) secret/.test(JSON.stringify(unknown)))
    const mask = '**********'
    assert.deepEqual(plain(shownConfig(kind('shopify'), 9, unknown, box)), {
      service_id: 9,
      host: 'h',
      api_key: mask,
      client_secret: mask,
      password: mask,
      key_columns: ['a'],
    })
    assert.equal(openConfig(kind('shopify'), unknown, box).client_secret, 'second secret')
  })
})

test('rows inside keep their ids, new ones get the next', async () => {
  lastRow = 0
  const first = await merge('own', null, { headers: [{ name: 'a' }, { name: 'b', on: false }] })
  assert.deepEqual(plain(first.headers ?? null), [
    { id: 1, name: 'a', on: true },
    { id: 2, name: 'b', on: false },
  ])
  const second = await merge('own', first, { headers: [{ id: 2, name: 'b2' }, { name: 'c' }] })
  assert.deepEqual(plain((shownConfig(kind('own'), 4, second, box) as { headers: Json }).headers), [
    { id: 2, service_id: 4, name: 'b2', on: false },
    { id: 3, service_id: 4, name: 'c', on: true },
  ])
})

test('how configurations read', async (t) => {
  const database = { options: null, attributes: null, statements: null }
  const last = { allow_upsert: false, max_records: false, cache_enabled: false, cache_ttl: 0 }
  const login = { host: 'h', port: 3306, database: 'd', username: null, password: null, schema: null }
  const mysql = { charset: null, collation: null, timezone: null, modes: null, strict: null, unix_socket: null }
  const cases: readonly {
    readonly name: string
    readonly type: string
    readonly stored: StoredConfig | null
    readonly shown: Json
  }[] = [
    {
      name: 'a database',
      type: 'mysql',
      stored: { host: 'h', port: 3306, database: 'd' },
      shown: { service_id: 2, ...database, ...login, ...mysql, ...last },
    },
    {
      name: 'a database with a cap',
      type: 'mysql',
      stored: { host: 'h', port: 3306, database: 'd', max_records: 20 },
      shown: { service_id: 2, ...database, ...login, ...mysql, ...last, max_records: 20 },
    },
    {
      name: 'a database without a configuration',
      type: 'mysql',
      stored: null,
      shown: { allow_upsert: false, max_records: false },
    },
    { name: 'a type without settings', type: 'swagger', stored: {}, shown: [] },
    {
      name: 'our own',
      type: 'own',
      stored: {},
      shown: { service_id: 2, url: null, depth: 5, strict: false, token: null, login: null, headers: [] },
    },
  ]
  for (const { name, type: of, stored, shown } of cases) {
    await t.test(name, () => {
      const read = plain(shownConfig(kind(of), 2, stored, box))
      assert.deepEqual(read, shown)
      assert.deepEqual(Object.keys(read as object), Object.keys(shown as object), 'the order of the settings')
    })
  }
})

test('checks', async (t) => {
  const cases: readonly {
    readonly name: string
    readonly type: string
    readonly stored: StoredConfig
    readonly message: string
  }[] = [
    { name: 'a required setting', type: 'own', stored: {}, message: "The setting 'url' (URL) is required." },
    {
      name: 'the words of a known type',
      type: 'pgsql',
      stored: { host: 'h' },
      message: 'Database connection information must contain at least host and database name.',
    },
  ]
  for (const { name, type: of, stored, message } of cases) {
    await t.test(name, () =>
      assert.throws(
        () => checkConfig(kind(of), stored, box),
        (error) => error instanceof BadRequest && error.message === message,
      ),
    )
  }
})

test('where the connector lives is shown only where it was said, and must be a place', async () => {
  const shown = (stored: StoredConfig): Json => shownConfig(kind('own'), 3, stored, box)
  assert.ok(!Object.hasOwn(shown({ url: 'a' }) as object, 'connector_host'))
  assert.equal((shown({ url: 'a', connector_host: 'worker' }) as StoredConfig).connector_host, 'worker')
  await assert.rejects(merge('own', null, { connector_host: 'cellar' }), {
    status: 400,
    message: "The setting 'connector_host' must be one of auto, main, worker.",
  })
  // Of a database server it is the address.
  assert.equal((await merge('mysql', null, { host: 'worker' })).host, 'worker')
})
