/** Templates of mails (control-plane 10.1). Recipients and defaults read as they were sent, whatever their form. */
import type { RecordModel } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import type { StoreRow } from '../store/tables.ts'
import { kept, lowered, type ModelTools, rowOf, stamps, transactionOf } from './tools.ts'
import { checkText, messages, Problems, textOf } from './validation.ts'

type Members = { readonly [name: string]: Json }

/** Lists and objects in these are kept as their JSON. */
const free = ['to', 'cc', 'bcc', 'attachment', 'defaults'] as const
const headers = [
  ['subject', 80],
  ['from_name', 80],
  ['from_email', 255],
  ['reply_to_name', 80],
  ['reply_to_email', 255],
] as const

export function emailTemplateModel(tools: ModelTools): RecordModel {
  return {
    prepare({ kind, record, request }) {
      const sent = lowered(record)
      const creates = kind === 'insert'
      return { ...(creates ? {} : kept(sent, ['id'])), ...templateValues(sent, creates), ...stamps(kind, request) }
    },
    async check(session, change) {
      const { name } = change.record as StoreRow
      if (change.kind === 'delete' || typeof name !== 'string') return
      const tx = transactionOf(tools, session)
      const before = await rowOf(tx, 'email_template', change)
      const problems = new Problems()
      if ((await tx.rows('email_template', { name })).some((row) => row.id !== before?.id))
        problems.add('name', messages.taken('name'))
      problems.throwIfAny()
    },
    present: presentTemplate,
  }
}

/** A row as clients and mail services see it. */
export function presentTemplate(row: StoreRow): StoreRow {
  const read = free.filter((field) => field in row).map((field) => [field, readFree(row[field] ?? null)] as const)
  return { ...row, ...Object.fromEntries(read) }
}

function templateValues(sent: Members, creates: boolean): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if (creates || 'name' in sent) {
    if ((textOf(sent.name) ?? '').trim() === '') problems.add('name', 'The Template Name field is required')
    else values.name = checkText(problems, 'name', sent.name, { most: 64 })
  }
  if ('description' in sent) values.description = checkText(problems, 'description', sent.description, { most: 255 })
  for (const [field, most] of headers) {
    if (!(field in sent)) continue
    const text = checkText(problems, field, sent[field], { most })
    if (text !== null && /[\r\n]/.test(text))
      problems.add(field, `The ${field.replaceAll('_', ' ')} field must be one line.`)
    values[field] = text
  }
  for (const field of ['body_text', 'body_html']) {
    if (field in sent) values[field] = textOf(sent[field])
  }
  problems.throwIfAny()
  for (const field of free) {
    if (field in sent) values[field] = writtenFree(field, sent[field] ?? null)
  }
  return values
}

function writtenFree(field: string, value: Json): string | null {
  if (value === null || value === '') return null
  if (field === 'defaults') {
    const read: Json = typeof value === 'string' ? readFree(value) : value
    if (typeof read !== 'object' || read === null || Array.isArray(read))
      throw new BadRequest("Field 'defaults' must be an object of names and values.")
    return JSON.stringify(read)
  }
  return textOf(value) ?? JSON.stringify(value)
}

function readFree(stored: Json): Json {
  if (typeof stored !== 'string' || !/^\s*[[{]/.test(stored)) return stored
  try {
    return JSON.parse(stored) as Json
  } catch {
    return stored
  }
}
