/** The instance as a whole: its first administrator, restarts, and one server for each data folder. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import type { Json } from 'dataferry/sdk'
import { adminCredentials, signIn, startServer } from '../../support/server.ts'
import { folder } from './store.ts'

const builtins = ['connectors/sqlite/plugin', 'plugins/system/plugin', 'plugins/user/plugin'] as const
const withoutAdmin = { DF_ADMIN_EMAIL: '', DF_ADMIN_PASSWORD: '' }
const fields = { email: 'first@example.org', first_name: 'First', last_name: 'One', password: 'a long enough password' }

test('without an administrator, one code of this start makes one', async (t) => {
  const server = await startServer({ builtins, env: withoutAdmin })
  t.after(() => server.stop())
  const { instance } = server
  assert.ok(instance)
  assert.ok(instance.setupNeeded())
  const code = instance.setupCode ?? ''
  assert.ok(code.length >= 24)
  const refused: readonly {
    readonly name: string
    readonly sent: { readonly [name: string]: Json }
    readonly message: RegExp
  }[] = [
    { name: 'no code', sent: fields, message: /setup code is not right/ },
    { name: 'a wrong code', sent: { ...fields, code: `${code}x` }, message: /setup code is not right/ },
    { name: 'no password', sent: { ...fields, code, password: '' }, message: /The password field is required/ },
    { name: 'a short password', sent: { ...fields, code, password: 'short' }, message: /at least 16 characters/ },
    {
      name: 'another confirmation',
      sent: { ...fields, code, password_confirmation: 'x' },
      message: /confirmation does not match/,
    },
    { name: 'no email', sent: { ...fields, code, email: '' }, message: /The email field is required/ },
  ]
  for (const { name, sent, message } of refused) {
    await t.test(`refused: ${name}`, async () => {
      await assert.rejects(instance.setup(sent), message)
      assert.equal(instance.setupCode, code, 'the code is still good')
    })
  }
  await t.test('used twice at once, it makes one administrator', async () => {
    const results = await Promise.allSettled([
      instance.setup({ ...fields, code }),
      instance.setup({ ...fields, code, email: 'second@example.org' }),
    ])
    assert.deepEqual(results.map((each) => each.status).sort(), ['fulfilled', 'rejected'])
    assert.equal(instance.setupCode, null)
    assert.equal(instance.setupNeeded(), false)
    await assert.rejects(instance.setup({ ...fields, code }), /has an administrator already/)
    const status = (await instance.status('http://here')) as { readonly resources: Json }
    assert.deepEqual(status.resources, { app: 3, admin: 1, user: 0, service: 7, role: 0 })
  })
})

test('with the settings of a headless start the administrator is there', async (t) => {
  const server = await startServer({ builtins, env: { DF_ADMIN_FIRST_NAME: 'Ann', DF_ADMIN_LAST_NAME: 'B' } })
  t.after(() => server.stop())
  const token = await signIn(server.url)
  const answer = await fetch(`${server.url}/api/v2/system/admin/1`, {
    headers: { 'X-DreamFactory-Session-Token': token },
  })
  const { id, name, username, phone, created_by_id } = (await answer.json()) as { readonly [name: string]: Json }
  assert.deepEqual([id, name, username, phone, created_by_id], [1, 'Ann B', adminCredentials.email, null, null])
  assert.equal(server.instance?.setupCode, null)
})

test('a restart keeps what was, logouts included', async (t) => {
  const path = folder(t)
  const first = await startServer({ builtins, folder: path })
  const [kept, ended] = [await signIn(first.url), await signIn(first.url)]
  const call = async (url: string, token: string, method = 'GET'): Promise<number> =>
    (await fetch(`${url}/api/v2/system/admin/session`, { method, headers: { 'X-DreamFactory-Session-Token': token } }))
      .status
  assert.equal(await call(first.url, ended, 'DELETE'), 200)
  await first.stop()
  const second = await startServer({
    builtins,
    folder: path,
    env: { DF_ADMIN_PASSWORD: 'another password that is not set' },
  })
  t.after(() => second.stop())
  assert.equal(await call(second.url, kept), 200)
  assert.equal(await call(second.url, ended), 403)
  await assert.doesNotReject(signIn(second.url), 'the settings make an administrator only where there is none')
})

test('a second server on one data folder does not start, and the first goes on', async (t) => {
  const path = folder(t)
  const first = await startServer({ builtins, folder: path })
  t.after(() => first.stop())
  await assert.rejects(startServer({ builtins, folder: path }), (error: Error) => {
    assert.match(error.message, /Another instance runs on the data folder/)
    assert.ok(!error.message.includes('\n'))
    return true
  })
  await assert.doesNotReject(signIn(first.url))
})

test('without its key the secrets are lost, not the server', async (t) => {
  const path = folder(t)
  const first = await startServer({ builtins, folder: path })
  const token = await signIn(first.url)
  const send = (url: string, method: string, at: string, body?: object) =>
    fetch(`${url}/api/v2/${at}`, {
      method,
      headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const config = { host: 'h', database: 'd', username: 'hr', password: 'secret' }
  await send(first.url, 'POST', 'system/service', { resource: [{ name: 'm', type: 'mysql', is_active: true, config }] })
  await first.stop()
  rmSync(`${path}/data/app.key`)
  const second = await startServer({ builtins, folder: path })
  t.after(() => second.stop())
  assert.ok(
    second.seen.some((what) => what.kind === 'log' && /a secret of a service can not be read/.test(what.message)),
  )
  const { resource } = (await (await send(second.url, 'GET', 'system/service?filter=name%3Dm')).json()) as {
    readonly resource: readonly { readonly id: number; readonly config: { readonly [name: string]: Json } }[]
  }
  const [service] = resource
  assert.deepEqual(
    [service?.config.host, service?.config.password, service?.config.username],
    ['h', '**********', '**********'],
  )
  const mended = await send(second.url, 'PATCH', `system/service/${service?.id}`, {
    config: { password: 'new', username: 'new' },
  })
  assert.equal(mended.status, 200)
})
