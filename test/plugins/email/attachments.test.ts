/** Files that go with mails (control-plane 10.1), to an SMTP server on the loopback. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { type SmtpServer, startSmtp } from '../../support/smtp.ts'
import { type Storage, startStorage } from '../files/storage.ts'

let smtp: SmtpServer
let storage: Storage
let remote: Server
let far: string
before(async () => {
  smtp = await startSmtp()
  remote = createServer((_request, response) => response.setHeader('content-type', 'text/csv').end('a,b\n1,2\n'))
  await new Promise<void>((resolve) => remote.listen(0, '127.0.0.1', resolve))
  far = `http://127.0.0.1:${(remote.address() as AddressInfo).port}`
  storage = await startStorage({ DF_IMPORT_ALLOW: '127.0.0.1' })
  await storage.client.create('service', {
    name: 'mailer',
    type: 'smtp_email',
    is_active: true,
    config: { host: '127.0.0.1', port: smtp.port },
  })
  await storage.write('docs/report.txt', 'the report')
  await storage.write('secret/plan.txt', 'the plan')
  await storage.write('big.bin', 'x'.repeat(26 * 1024 * 1024))
})
after(async () => {
  await storage.server.stop()
  await smtp.stop()
  remote.close()
})

const mail = (to: string, attachment: unknown) => ({ to, subject: 's', body_text: 'see the file', attachment })
const send = async (name: string, attachment: unknown): Promise<string> => {
  const reply = await storage.json('POST', 'mailer', mail(`${name}@example.org`, attachment))
  assert.deepEqual([reply.status, reply.json], [200, { count: 1 }], reply.text)
  return (await smtp.mailTo(`${name}@example.org`)).text
}

test('an attachment', async (t) => {
  const cases = [
    {
      name: 'of-a-file-service',
      attachment: [{ service: 'files', path: 'docs/report.txt' }],
      holds: ['filename=report.txt', 'the report'],
    },
    { name: 'alone', attachment: { service: 'files', path: '/docs/report.txt' }, holds: ['the report'] },
    { name: 'by-url', attachment: () => `${far}/table.csv`, holds: ['filename=table.csv', 'text/csv', 'a,b'] },
    { name: 'by-named-url', attachment: () => [{ url: far, name: 'n.csv' }], holds: ['filename=n.csv', 'a,b'] },
    { name: 'as-text', attachment: [{ name: 'note.txt', content: 'a note' }], holds: ['filename=note.txt', 'a note'] },
    {
      name: 'in-base64',
      attachment: [{ name: 'b.txt', content: 'aGVsbG8gdGhlcmU=', is_base64: true }],
      holds: ['hello there'],
    },
    {
      name: 'with-a-hostile-name',
      attachment: [{ name: '../x\r\nBcc: b@example.org\r\n.txt', content: 'y' }],
      holds: ['filename='],
    },
  ]
  for (const { name, attachment, holds } of cases) {
    await t.test(name, async () => {
      const text = await send(name, typeof attachment === 'function' ? attachment() : attachment)
      for (const part of holds) assert.ok(text.includes(part), `${part} in ${text}`)
      assert.ok(!/^Bcc:/m.test(text))
    })
  }
})

test('files of a form', async () => {
  const form = new FormData()
  form.append('to', '[{"email":"form@example.org","name":"F"}]')
  form.append('subject', 'from a form')
  form.append('body_text', '{hello} there')
  form.append('hello', 'hi')
  form.append('file', new Blob(['uploaded bytes'], { type: 'text/plain' }), 'up.txt')
  const reply = await storage.ask('POST', 'mailer', { body: form })
  assert.deepEqual([reply.status, reply.json], [200, { count: 1 }], reply.text)
  const { text } = await smtp.mailTo('form@example.org')
  for (const part of ['filename=up.txt', 'uploaded bytes', 'hi there']) assert.ok(text.includes(part), part)
})

test('what a template attaches', async () => {
  await storage.client.create('email_template', {
    name: 'With file',
    body_text: 'x',
    attachment: [{ service: 'files', path: 'docs/report.txt' }],
  })
  await storage.ok('POST', 'mailer?template=With%20file', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ to: 'template@example.org' }),
  })
  assert.ok((await smtp.mailTo('template@example.org')).text.includes('the report'))
})

test('what is refused sends nothing', async (t) => {
  const access = [
    { service_id: 3, component: 'docs/*', verb_mask: 1, requestor_mask: 1 },
    { service_id: null, component: '*', verb_mask: 2, requestor_mask: 1 },
  ]
  const role = await storage.client.create('role', {
    name: 'm',
    is_active: true,
    role_service_access_by_role_id: access,
  })
  const app = await storage.client.create('app', { name: 'm', is_active: true, role_id: role })
  const { api_key: key } = await storage.client.ok('GET', `system/app/${app}`)
  const cases = [
    {
      name: 'without the right',
      attachment: { service: 'files', path: 'secret/plan.txt' },
      status: 403,
      message: /^You do not have enough privileges to access file: secret\/plan\.txt$/,
    },
    { name: 'not there', attachment: { service: 'files', path: 'docs/no.txt' }, status: 404, message: /was not found/ },
    { name: 'no such service', attachment: { service: 'nope', path: 'x' }, status: 404, message: /Could not find/ },
    { name: 'outside', attachment: { service: 'files', path: '../jwt.secret' }, status: 400, message: /must not hold/ },
    { name: 'a private address', attachment: 'http://10.0.0.1/x', status: 400, message: /private or reserved/ },
    { name: 'a file URL', attachment: 'file:///etc/passwd', status: 400, message: /^Invalid import URL: scheme/ },
    { name: 'nonsense', attachment: [7], status: 400, message: /^An attachment is/ },
    { name: 'a path alone', attachment: [{ path: '/etc/passwd' }], status: 400, message: /^An attachment is/ },
  ]
  for (const { name, attachment, status, message } of cases) {
    await t.test(name, async () => {
      const reply = await storage.json('POST', 'mailer', mail('refused@example.org', attachment), key)
      assert.equal(reply.status, status, reply.text)
      assert.match(reply.json.error.message, message)
    })
  }
  await t.test('too long', async () => {
    const reply = await storage.json(
      'POST',
      'mailer',
      mail('refused@example.org', { service: 'files', path: 'big.bin' }),
    )
    assert.equal(reply.status, 413)
  })
  await t.test('before it is read, when the mail is none', async () => {
    const reply = await storage.json('POST', 'mailer', mail('nobody', { service: 'files', path: 'docs/no.txt' }))
    assert.equal(reply.json.error.message, "Invalid email - 'nobody'.")
  })
  assert.ok(!smtp.mails.some(({ to }) => to.includes('refused@example.org')))
})
