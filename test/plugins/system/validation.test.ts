/** Field messages of system records, and what follows from what is sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadRequest, type Json } from 'dataferry/sdk'
import { appValues, launchUrl } from '../../../plugins/system/models/app.ts'
import { accessValues, roleValues } from '../../../plugins/system/models/role.ts'
import { serviceValues } from '../../../plugins/system/models/service.ts'
import { changedUser, computedUser, displayName, newUser } from '../../../plugins/system/models/user.ts'
import { isEmail, withoutTags } from '../../../plugins/system/models/validation.ts'

type Members = { readonly [name: string]: Json }

interface Refused {
  readonly name: string
  readonly values: () => unknown
  readonly message: string
  readonly fields?: readonly string[]
}

const long = (length: number): string => 'x'.repeat(length)
const user: Members = { email: 'ann@example.org', password: 'sixteen letters!' }

test('refused, in the words of the contract', async (t) => {
  const cases: readonly Refused[] = [
    {
      name: 'a role without a name',
      values: () => roleValues({ description: 'x' }, true),
      message: 'The name field is required.',
      fields: ['name'],
    },
    {
      name: 'a role renamed to nothing',
      values: () => roleValues({ name: '' }, false),
      message: 'The name field is required.',
      fields: ['name'],
    },
    {
      name: 'a role with a long name',
      values: () => roleValues({ name: long(65) }, true),
      message: 'The name field must not be greater than 64 characters.',
      fields: ['name'],
    },
    {
      name: 'an app with a short key',
      values: () => appValues({ name: 'a', api_key: 'mykey' }, true),
      message: 'The api key field must be at least 64 characters.',
      fields: ['api_key'],
    },
    {
      name: 'an app with signs in its key',
      values: () => appValues({ name: 'a', api_key: `${long(64)}-` }, true),
      message: 'The api key field must only contain letters and numbers.',
      fields: ['api_key'],
    },
    {
      name: 'a service without a type',
      values: () => serviceValues({ name: 'a' }, true),
      message: 'The type field is required.',
      fields: ['type'],
    },
    {
      name: 'a service with blanks in its name',
      values: () => serviceValues({ name: 'bad name!', type: 'sqlite' }, true),
      message: 'Service name should only contain letters, numbers, underscores and dashes.',
      fields: ['name'],
    },
    {
      name: 'a user without an email',
      values: () => newUser({ name: 'x', password: 'sixteen letters!' }),
      message: 'The email field is required.',
      fields: ['email'],
    },
    {
      name: 'a user with a bad email',
      values: () => newUser({ ...user, email: 'nobody at home' }),
      message: 'The email field must be a valid email address.',
      fields: ['email', 'username'],
    },
    {
      name: 'a user with a short password',
      values: () => newUser({ ...user, password: 'short' }),
      message: 'The password field must be at least 16 characters.',
      fields: ['password'],
    },
    {
      name: 'a user with a short name to log in with',
      values: () => newUser({ ...user, username: 'ann' }),
      message: 'The username field must be at least 6 characters.',
      fields: ['username'],
    },
    {
      name: 'several faults in the order email, name, username, password',
      values: () => newUser({ email: 'bad', name: long(256), username: 'a', password: 'x' }),
      message: [
        'The email field must be a valid email address.',
        'The name field must not be greater than 255 characters.',
        'The username field must be at least 6 characters.',
        'The password field must be at least 16 characters.',
      ].join(' '),
      fields: ['email', 'name', 'username', 'password'],
    },
    {
      name: 'a changed user with a short password',
      values: () => changedUser({ password: 'x' }),
      message: 'The password field must be at least 16 characters.',
      fields: ['password'],
    },
  ]
  for (const { name, values, message, fields } of cases) {
    await t.test(name, async () => {
      await assert.rejects(
        async () => values(),
        (error) => {
          assert.ok(error instanceof BadRequest)
          assert.ok(error.message.startsWith(`Invalid data supplied. ${message}`), error.message)
          assert.deepEqual(Object.keys(error.context as object), fields)
          return true
        },
      )
    })
  }
})

test('what a new user gets', async (t) => {
  const cases: readonly { readonly name: string; readonly sent: Members; readonly gets: Members }[] = [
    { name: 'a name of the parts', sent: { ...user, first_name: 'Ann', last_name: 'B' }, gets: { name: 'Ann B' } },
    { name: 'a name of the email', sent: user, gets: { name: 'ann' } },
    { name: 'its own name', sent: { ...user, name: 'Boss', first_name: 'Ann' }, gets: { name: 'Boss' } },
    {
      name: 'its email to log in with',
      sent: user,
      gets: { username: 'ann@example.org', username_key: 'ann@example.org' },
    },
    {
      name: 'keys in lower case',
      sent: { ...user, email: 'Ann@Example.org' },
      gets: { email: 'Ann@Example.org', email_key: 'ann@example.org' },
    },
    { name: 'to be active', sent: user, gets: { is_active: true } },
    { name: 'to be inactive where it says so', sent: { ...user, is_active: 'false' }, gets: { is_active: false } },
    { name: 'no flag that it asks for', sent: { ...user, is_sys_admin: true, confirm_code: 'y' }, gets: {} },
  ]
  for (const { name, sent, gets } of cases) {
    await t.test(name, async () => {
      const values = await newUser(sent)
      for (const [column, value] of Object.entries(gets)) assert.deepEqual(values[column], value)
      assert.match(String(values.password), /^\$argon2id\$/)
      assert.ok(!('is_sys_admin' in values) && !('confirm_code' in values))
    })
  }
})

test('a change carries what was sent, and nothing else', async () => {
  assert.deepEqual(await changedUser({ phone: '1', nope: 2, created_date: 'x', is_sys_admin: true }), { phone: '1' })
})

test('display names', async (t) => {
  const cases = [
    ['Ann', 'B', 'x@y', 'Ann B'],
    ['Ann', null, 'x@y', 'Ann'],
    [null, ' ', 'x@y', 'x'],
  ] as const
  for (const [first, last, email, name] of cases)
    await t.test(name, () => assert.equal(displayName(first, last, email), name))
})

test('confirmed and expired', async (t) => {
  const now = new Date('2026-01-02T00:00:00Z')
  const changed = { last_modified_date: '2026-01-01T00:00:00.000000Z' }
  const cases = [
    { name: 'no code', row: { ...changed, confirm_code: null }, shown: { confirmed: true, expired: false } },
    { name: 'confirmed', row: { ...changed, confirm_code: 'y' }, shown: { confirmed: true, expired: false } },
    { name: 'pending', row: { ...changed, confirm_code: 'ABC' }, shown: { confirmed: false, expired: false } },
    {
      name: 'too late',
      row: { last_modified_date: '2025-12-01T00:00:00.000000Z', confirm_code: 'ABC' },
      shown: { confirmed: false, expired: true },
    },
  ]
  for (const { name, row, shown } of cases)
    await t.test(name, () => assert.deepEqual(computedUser(row, 2 * 24 * 60, now), shown))
})

test('launch addresses', async (t) => {
  const app = { type: 0, url: null, path: 'a/index.html', storage_service_id: 3, storage_container: 'box' }
  const cases: readonly { readonly name: string; readonly shown: Members; readonly url: string }[] = [
    { name: 'none', shown: app, url: '' },
    { name: 'an address', shown: { ...app, type: 2, url: 'http://example.com/x' }, url: 'http://example.com/x' },
    { name: 'a path', shown: { ...app, type: 3, path: '/a/index.html' }, url: 'http://here/a/index.html' },
    { name: 'a storage service', shown: { ...app, type: 1 }, url: 'http://here/files/box/a/index.html' },
    { name: 'a storage service that is gone', shown: { ...app, type: 1, storage_service_id: 9 }, url: '' },
    { name: 'fields that leave the path out', shown: { type: 2, url: 'http://example.com/x' }, url: '' },
  ]
  const serviceName = (id: number): string | null => (id === 3 ? 'files' : null)
  for (const { name, shown, url } of cases)
    await t.test(name, () => assert.equal(launchUrl(shown, 'http://here', serviceName), url))
})

test('rows of access', async (t) => {
  const cases: readonly { readonly name: string; readonly sent: Members; readonly values: Members }[] = [
    { name: 'ids as texts', sent: { service_id: '8', verb_mask: '31' }, values: { service_id: 8, verb_mask: 31 } },
    { name: 'service 0 is all services', sent: { service_id: 0 }, values: { service_id: null } },
    {
      name: 'filters are kept as JSON',
      sent: { filters: [{ name: 'a', operator: '=', value: '{user.id}' }] },
      values: { filters: '[{"name":"a","operator":"=","value":"{user.id}"}]' },
    },
    {
      name: 'no filters stay no filters',
      sent: { filters: [], filter_op: 'OR' },
      values: { filters: '[]', filter_op: 'OR' },
    },
  ]
  for (const { name, sent, values } of cases) await t.test(name, () => assert.deepEqual(accessValues(sent), values))
})

test('emails', async (t) => {
  const cases = [
    ['ann@example.org', true],
    ['ann.b+c@mail.example.co.uk', true],
    ['ann@localhost', true],
    ['ann', false],
    ['ann@', false],
    ['@example.org', false],
    ['ann b@example.org', false],
    ['ann@-example.org', false],
    ['ann@example.org\r\nBcc: x@y.z', false],
  ] as const
  for (const [text, ok] of cases) await t.test(JSON.stringify(text), () => assert.equal(isEmail(text), ok))
})

test('tags are taken out whole', async (t) => {
  const cases = [
    ['plain', 'plain'],
    ['a <b>bold</b> word', 'a bold word'],
    ['<script>alert(1)</script>', 'alert(1)'],
    ['<<b>script>x', 'x'],
    ['1 < 2', '1 < 2'],
  ] as const
  for (const [text, plain] of cases) await t.test(text, () => assert.equal(withoutTags(text), plain))
})
