/**
 * What is sent, made of a request, a template and the values of placeholders (control-plane 10.1). What goes into headers is one line
 * and holds no control characters; addresses are plain ones. Anything else is refused, never repaired.
 */
import { BadRequest, type Json } from 'dataferry/sdk'
import type { Attachment } from './attachments.ts'
import { escapeHtml, fill, type Values } from './placeholders.ts'

export interface Address {
  readonly name: string
  readonly address: string
}

export interface Message {
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly bcc: readonly Address[]
  readonly from: Address
  readonly replyTo: Address | null
  readonly subject: string
  readonly text: string | null
  readonly html: string | null
  readonly attachments: readonly Attachment[]
}

/** What of a request, or of a template, is the mail's own and no value of a placeholder. */
const own: ReadonlySet<string> = new Set([
  'template',
  'template_id',
  'to',
  'cc',
  'bcc',
  'subject',
  'attachment',
  'body_text',
  'body_html',
  'from_name',
  'from_email',
  'reply_to_name',
  'reply_to_email',
  'defaults',
])

const recipientsMost = 1_000

export interface Source {
  /** The body of the request. */
  readonly sent: Values
  /** A template's fields: defaults of what was not sent. */
  readonly template: Values | null
  /** Values of placeholders that everybody may override. */
  readonly parameters: Values
  /** Where the mail comes from when nobody says. */
  readonly sender: string
  readonly attachments?: readonly Attachment[]
}

/** Throws BadRequest for what can be no mail. */
export function messageOf({ sent, template, parameters, sender, attachments = [] }: Source): Message {
  const field = (name: string): Json => given(sent[name]) ?? given(template?.[name]) ?? null
  const values = valuesOf(sent, template, parameters)
  const line = (name: string): string => oneLine(name, fill(textOf(field(name)), values))
  const to = addresses('to', field('to'), values)
  if (to.length === 0) throw new BadRequest("Invalid email - ''.")
  const cc = addresses('cc', field('cc'), values)
  const bcc = addresses('bcc', field('bcc'), values)
  if (to.length + cc.length + bcc.length > recipientsMost)
    throw new BadRequest(`A mail has at most ${recipientsMost} recipients.`)
  const text = textOf(field('body_text'))
  const html = textOf(field('body_html'))
  if (text === '' && html === '') throw new BadRequest('The mail has no body: send body_text or body_html.')
  const replyTo = line('reply_to_email')
  return {
    to,
    cc,
    bcc,
    from: { name: line('from_name'), address: address(line('from_email') || sender) },
    replyTo: replyTo === '' ? null : { name: line('reply_to_name'), address: address(replyTo) },
    subject: line('subject'),
    text: text === '' ? null : fill(text, values),
    html: html === '' ? null : fill(html, values, escapeHtml),
    attachments,
  }
}

const given = (value: Json | undefined): Json | undefined => (value === undefined || value === '' ? undefined : value)

/** Everything that was sent beside the mail itself, over the template's defaults, over the service's parameters. */
function valuesOf(sent: Values, template: Values | null, parameters: Values): Values {
  const values: { [name: string]: Json } = Object.assign(Object.create(null), parameters)
  const defaults = template?.defaults ?? null
  if (typeof defaults === 'object' && defaults !== null && !Array.isArray(defaults)) Object.assign(values, defaults)
  for (const [name, value] of Object.entries(sent)) if (!own.has(name)) values[name] = value
  return values
}

function textOf(value: Json): string {
  if (value === null) return ''
  if (typeof value === 'object') throw new BadRequest('The texts of a mail must be texts.')
  return String(value)
}

function oneLine(field: string, text: string): string {
  if (hasControls(text)) throw new BadRequest(`The ${field.replaceAll('_', ' ')} of a mail must be one line.`)
  return text.trim()
}

function hasControls(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code < 32 || code === 127 || code === 0x85 || code === 0x2028 || code === 0x2029) return true
  }
  return false
}

/** A text, a comma list, an object with name and email, or a list of these. */
function addresses(field: string, value: Json, values: Values): readonly Address[] {
  if (value === null || value === '') return []
  if (Array.isArray(value)) return value.flatMap((each: Json) => addresses(field, each, values))
  if (typeof value === 'object' && 'email' in value) {
    const { email = null, name = null } = value as { readonly [member: string]: Json }
    const found = address(oneLine(field, fill(textOf(email), values)))
    return [{ name: oneLine(field, fill(textOf(name), values)), address: found }]
  }
  return oneLine(field, fill(textOf(value), values))
    .split(/[,;]/)
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => ({ name: '', address: address(each) }))
}

/** One plain address: no quotes, comments or routes. */
function address(text: string): string {
  const plain =
    text.length <= 254 &&
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/.test(
      text,
    )
  if (!plain) throw new BadRequest(`Invalid email - '${text}'.`)
  return text
}
