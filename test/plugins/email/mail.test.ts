/** Mails by SMTP, to a server on the loopback: of the service, and of the accounts (control-plane 1.6, 1.8, 1.9, 10.1). */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type SmtpServer, startSmtp } from '../../support/smtp.ts'
import { type Client, startClient } from '../system/client.ts'

let smtp: SmtpServer
let client: Client
const password = 'a long enough password'
const secret = 'the-password-of-smtp'

before(async () => {
  smtp = await startSmtp()
  client = await startClient({ APP_URL: 'https://api.example.org' })
  const config = {
    host: '127.0.0.1',
    port: smtp.port,
    parameters: [
      { name: 'company', value: 'ACME' },
      { name: 'off', value: 'x', active: false },
    ],
  }
  const mailer = await client.create('service', { name: 'mailer', type: 'smtp_email', is_active: true, config })
  const mails = { password_email_service_id: mailer, invite_email_service_id: mailer }
  await client.ok('PATCH', 'system/service/1', { config: mails })
  await client.ok('PATCH', 'system/service/7', {
    config: { ...mails, open_reg_email_service_id: mailer, allow_open_registration: true },
  })
})
after(async () => {
  await client.server.stop()
  await smtp.stop()
})

const anonymous = {}
const code = (text: string): string => /Confirmation Code: ([0-9A-Z]+)/.exec(text)?.[1] ?? ''
const link = (text: string): string => /href="([^"]*)"/.exec(text.replaceAll('&amp;', '&'))?.[1] ?? ''

test('a mail with everything', async () => {
  const mail = {
    to: [{ name: 'Ann B', email: 'full@example.org' }],
    cc: 'copy@example.org',
    bcc: 'blind@example.org',
    subject: 'Hello from {company}, {off}',
    body_html: '<b>{first_name}</b>',
    first_name: 'A & B',
    from_email: 'from@example.org',
    reply_to_email: 'reply@example.org',
  }
  assert.deepEqual(await client.ok('POST', 'mailer', mail), { count: 3 })
  const received = await smtp.mailTo('full@example.org')
  assert.deepEqual(received.to, ['full@example.org', 'copy@example.org', 'blind@example.org'])
  assert.equal(received.from, 'from@example.org')
  for (const line of ['Subject: Hello from ACME, {off}', 'Cc: copy@example.org', 'Reply-To: reply@example.org'])
    assert.ok(received.head.includes(line), received.head.join('\n'))
  assert.ok(!received.data.includes('blind@example.org'))
  assert.ok(received.text.includes('<b>A &amp; B</b>'))
})

test('what the service refuses', async (t) => {
  const cases = [
    {
      name: 'a list',
      method: 'GET',
      path: 'mailer',
      status: 400,
      message: "GET requests without a resource are not currently supported by the 'mailer' service.",
    },
    { name: 'nothing', method: 'POST', path: 'mailer', body: {}, status: 400, message: 'No valid data in request.' },
    {
      name: 'an unknown template',
      method: 'POST',
      path: 'mailer?template=nope',
      body: { to: 'a@example.org' },
      status: 404,
      message: "Email Template 'nope' not found",
    },
    {
      name: 'an unknown template by id',
      method: 'POST',
      path: 'mailer?template_id=99',
      body: { to: 'a@example.org' },
      status: 404,
      message: "Email Template id '99' not found",
    },
    {
      name: 'a header within the subject',
      method: 'POST',
      path: 'mailer',
      body: { to: 'a@example.org', subject: 'x\r\nBcc: b@example.org', body_text: 'x' },
      status: 400,
      message: 'The subject of a mail must be one line.',
    },
  ]
  for (const { name, method, path, body, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await client.send(method, path, body)
      assert.deepEqual([answer.status, answer.body.error.message], [status, message])
    })
  }
})

test('a server that takes no mail is a 503 without its password', async () => {
  const refusing = await startSmtp({ refuse: true })
  const config = { host: '127.0.0.1', port: refusing.port, username: 'u', password: secret }
  await client.create('service', { name: 'refusing', type: 'smtp_email', is_active: true, config })
  const answer = await client.send('POST', 'refusing', { to: 'a@example.org', body_text: 'x' })
  assert.equal(answer.status, 503)
  assert.ok(!JSON.stringify(answer.body).includes(secret))
  await refusing.stop()
})

test('a forgotten password', async (t) => {
  await client.create('user', { email: 'ann@example.org', name: 'Ann', password })
  const reset = (email: string) => client.send('POST', 'user/password?reset=true', { email }, anonymous)
  await t.test('an unknown and a known address are answered alike', async () => {
    const [unknown, known] = [await reset('nobody@example.org'), await reset('Ann@example.org')]
    assert.deepEqual([unknown.status, unknown.body], [known.status, known.body])
    assert.deepEqual(known.body, { success: true })
  })
  const { text } = await smtp.mailTo('ann@example.org')
  const sent = code(text)
  await t.test('the mail holds the code and a link to the configured address', () => {
    assert.equal(sent.length, 32)
    const url = new URL(link(text).replace('/#/', '/'))
    assert.equal(url.origin, 'https://api.example.org')
    assert.deepEqual([url.searchParams.get('code'), url.searchParams.get('email')], [sent, 'ann@example.org'])
    assert.equal(url.searchParams.get('admin'), null)
  })
  const wrong = 'The supplied email and/or confirmation code were not found in the system.'
  const finish = (body: object, path = 'user/password') => client.send('POST', path, body, anonymous)
  const fresh = 'another password'
  const cases = [
    {
      name: 'no new password',
      body: { email: 'ann@example.org', code: sent },
      status: 400,
      message: 'Missing new password for reset.',
    },
    { name: 'a short one', body: { email: 'ann@example.org', code: sent, new_password: 'x' }, status: 400 },
    {
      name: 'no address',
      body: { code: sent, new_password: fresh },
      status: 400,
      message: 'Missing required email for password reset confirmation.',
    },
    {
      name: 'an empty code',
      body: { email: 'ann@example.org', code: '', new_password: fresh },
      status: 400,
      message: 'Invalid confirmation code.',
    },
    {
      name: 'the mark of the confirmed',
      body: { email: 'ann@example.org', code: 'y', new_password: fresh },
      status: 400,
      message: 'Invalid confirmation code.',
    },
    {
      name: 'a code of another length',
      body: { email: 'ann@example.org', code: 'bad', new_password: fresh },
      status: 400,
      message: 'Invalid confirmation code format.',
    },
    {
      name: 'a wrong code',
      body: { email: 'ann@example.org', code: 'A'.repeat(32), new_password: fresh },
      status: 404,
      message: wrong,
    },
    {
      name: 'the code in lower case',
      body: { email: 'ann@example.org', code: sent.toLowerCase(), new_password: fresh },
      status: 404,
      message: wrong,
    },
    {
      name: 'the code of somebody else',
      body: { email: 'nobody@example.org', code: sent, new_password: fresh },
      status: 404,
      message: wrong,
    },
    { name: 'the right one', body: { email: 'ann@example.org', code: sent, new_password: fresh }, status: 200 },
    {
      name: 'the right one again',
      body: { email: 'ann@example.org', code: sent, new_password: fresh },
      status: 404,
      message: wrong,
    },
  ]
  for (const { name, body, status, message } of cases) {
    await t.test(name, async () => {
      const answer = await finish(body)
      assert.equal(answer.status, status)
      if (message !== undefined) assert.equal(answer.body.error.message, message)
    })
  }
  await t.test('the new password is the only one', async () => {
    const login = (word: string) =>
      client.send('POST', 'user/session', { email: 'ann@example.org', password: word }, anonymous)
    assert.deepEqual([(await login(fresh)).status, (await login(password)).status], [200, 401])
  })
})

test('an invitation', async (t) => {
  const invited = await client.ok('POST', 'system/user?send_invite=true&fields=*', {
    resource: [{ email: 'inv@example.org', first_name: 'In' }],
  })
  assert.deepEqual([invited.resource[0].confirmed, 'confirm_code' in invited.resource[0]], [false, false])
  const { text } = await smtp.mailTo('inv@example.org')
  const body = { email: 'inv@example.org', code: code(text), new_password: password }
  await t.test('is not for the other face', async () => {
    const answer = await client.send('POST', 'system/admin/password', body, anonymous)
    assert.equal(answer.status, 401)
  })
  await t.test('is accepted with the code', async () => {
    const answer = await client.ok('POST', 'user/password?login=true', body, anonymous)
    assert.equal(typeof answer.session_token, 'string')
  })
  await t.test('is sent to nobody who confirmed', async () => {
    const answer = await client.send('PATCH', `system/user/${invited.resource[0].id}?send_invite=true`, { phone: '1' })
    assert.deepEqual(
      [answer.status, answer.body.error.message],
      [400, 'User with this identifier has already confirmed this account.'],
    )
  })
  await t.test('of an administrator says so in its link', async () => {
    await client.ok('POST', 'system/admin?send_invite=true', {
      resource: [{ email: 'boss@example.org', name: 'Boss' }],
    })
    assert.match(link((await smtp.mailTo('boss@example.org')).text), /&admin=1$/)
  })
})

test('a registration that a mail confirms', async () => {
  const person = { email: 'reg@example.org', first_name: 'R' }
  const made = await client.ok('POST', 'user/register?login=true', person, anonymous)
  assert.deepEqual(made, { success: true, confirmation_required: true })
  const { text } = await smtp.mailTo('reg@example.org')
  const login = () => client.send('POST', 'user/session', { email: 'reg@example.org', password }, anonymous)
  assert.equal((await login()).status, 401)
  await client.ok(
    'POST',
    'user/password',
    { email: 'reg@example.org', code: code(text), new_password: password },
    anonymous,
  )
  assert.equal((await login()).status, 200)
})

test('delivered mails leave nothing in the outbox', async () => {
  // The last mail was received, its note is being removed.
  for (;;) {
    const { resource } = await client.ok('GET', 'system/outbox')
    if (resource.length === 0) break
  }
})
