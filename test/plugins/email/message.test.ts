/** What is sent, made of a request, a template and values (control-plane 10.1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BadRequest, type Json } from 'dataferry/sdk'
import { messageOf } from '../../../plugins/email/message.ts'

type Values = { readonly [name: string]: Json }
const make = (sent: Values, template: Values | null = null, parameters: Values = {}) =>
  messageOf({ sent, template, parameters, sender: 'no-reply@localhost' })

const plain = { to: 'ann@example.org', body_text: 'hello' }

test('what is made', async (t) => {
  const ann = { name: '', address: 'ann@example.org' }
  const cases = [
    { name: 'a plain mail', sent: plain, expected: { to: [ann], text: 'hello', html: null, subject: '' } },
    {
      name: 'a sender of its own',
      sent: { ...plain, from_email: 'f@example.org', from_name: 'F' },
      expected: { from: { name: 'F', address: 'f@example.org' } },
    },
    { name: 'the usual sender', sent: plain, expected: { from: { name: '', address: 'no-reply@localhost' } } },
    {
      name: 'a reply address',
      sent: { ...plain, reply_to_email: 'r@example.org' },
      expected: { replyTo: { name: '', address: 'r@example.org' } },
    },
    {
      name: 'a comma list',
      sent: { ...plain, to: 'ann@example.org, bob@example.org' },
      expected: { to: [ann, { name: '', address: 'bob@example.org' }] },
    },
    {
      name: 'an object',
      sent: { ...plain, to: { name: 'Ann', email: 'ann@example.org' } },
      expected: { to: [{ name: 'Ann', address: 'ann@example.org' }] },
    },
    {
      name: 'a list of both',
      sent: { ...plain, cc: ['ann@example.org', { email: 'bob@example.org', name: null }] },
      expected: { cc: [ann, { name: '', address: 'bob@example.org' }] },
    },
    {
      name: 'placeholders',
      sent: { ...plain, body_text: 'Hi {first_name} of {company}, {what}', first_name: 'Ann' },
      parameters: { company: 'ACME' },
      expected: { text: 'Hi Ann of ACME, {what}' },
    },
    {
      name: 'a value that looks like a placeholder',
      sent: { ...plain, body_text: '{a}', a: '{b}', b: 'no' },
      expected: { text: '{b}' },
    },
    {
      name: 'a value in HTML',
      sent: { ...plain, body_html: '<b>{name}</b>', name: '<script>"&' },
      expected: { html: '<b>&lt;script&gt;&quot;&amp;</b>' },
    },
    {
      name: 'a template',
      sent: { to: 'ann@example.org', x: 'sent' },
      template: { subject: 'S {x} {y}', body_text: 'T', defaults: { x: 'default', y: 'default' } },
      expected: { subject: 'S sent default', text: 'T' },
    },
    {
      name: 'the request over its template',
      sent: { ...plain, subject: 'own' },
      template: { subject: 'theirs', body_text: 'T' },
      expected: { subject: 'own', text: 'hello' },
    },
    {
      name: 'a recipient of the template',
      sent: { body_text: 'x' },
      template: { to: 'ann@example.org' },
      expected: { to: [ann] },
    },
  ]
  for (const { name, sent, template, parameters, expected } of cases as {
    name: string
    sent: Values
    template?: Values
    parameters?: Values
    expected: object
  }[]) {
    await t.test(name, () => {
      const made: { readonly [name: string]: unknown } = { ...make(sent, template ?? null, parameters) }
      for (const [field, value] of Object.entries(expected)) assert.deepEqual(made[field], value)
    })
  }
})

test('what is refused', async (t) => {
  const cases: { name: string; sent: Values; message: string }[] = [
    { name: 'no recipient', sent: { body_text: 'x' }, message: "Invalid email - ''." },
    { name: 'an empty recipient', sent: { to: '', body_text: 'x' }, message: "Invalid email - ''." },
    { name: 'no address', sent: { ...plain, to: 'notanemail' }, message: "Invalid email - 'notanemail'." },
    {
      name: 'a quoted address',
      sent: { ...plain, to: '"a b"@example.org' },
      message: `Invalid email - '"a b"@example.org'.`,
    },
    {
      name: 'an address with a route',
      sent: { ...plain, to: '<ann@example.org>' },
      message: "Invalid email - '<ann@example.org>'.",
    },
    {
      name: 'no body',
      sent: { to: 'ann@example.org', subject: 'S' },
      message: 'The mail has no body: send body_text or body_html.',
    },
    {
      name: 'a subject of two lines',
      sent: { ...plain, subject: 'S\r\nBcc: x@example.org' },
      message: 'The subject of a mail must be one line.',
    },
    {
      name: 'a subject of two lines by a placeholder',
      sent: { ...plain, subject: '{s}', s: 'S\nBcc: x@example.org' },
      message: 'The subject of a mail must be one line.',
    },
    {
      name: 'a recipient of two lines',
      sent: { ...plain, to: 'ann@example.org\r\nBcc: x@example.org' },
      message: 'The to of a mail must be one line.',
    },
    {
      name: 'a name of two lines',
      sent: { ...plain, to: [{ name: 'A\r\nX: y', email: 'ann@example.org' }] },
      message: 'The to of a mail must be one line.',
    },
    {
      name: 'a sender of two lines',
      sent: { ...plain, from_name: 'F\nX: y' },
      message: 'The from name of a mail must be one line.',
    },
    {
      name: 'a line separator',
      sent: { ...plain, subject: 'a\u2028b' },
      message: 'The subject of a mail must be one line.',
    },
    {
      name: 'a text that is none',
      sent: { ...plain, body_text: { a: 1 } },
      message: 'The texts of a mail must be texts.',
    },
  ]
  for (const { name, sent, message } of cases) {
    await t.test(name, () => assert.throws(() => make(sent), new BadRequest(message)))
  }
})
