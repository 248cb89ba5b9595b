/** The document of a service, an object that comes with it (control-plane 4.3). */
import type { RecordModel } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import { parse } from 'yaml'
import type { StoreRow } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'
import { isUrl } from '../stored-documents.ts'
import { lowered, type ModelTools, transactionOf } from './tools.ts'
import { textOf } from './validation.ts'
import { integerOf, referenceOf } from './values.ts'

export function serviceDocModel(tools: ModelTools): RecordModel {
  return {
    prepare({ record }) {
      const sent = lowered(record)
      const owner = referenceOf('service_id', sent.service_id ?? null)
      const values: { [column: string]: Json } = { last_modified_date: stampOf(new Date()) }
      if (owner !== null) values.service_id = owner
      if ('format' in sent) values.format = formatOf(sent.format ?? null)
      if ('content' in sent) values.content = contentOf(sent.content ?? null)
      return values
    },
    async audit(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      // Whether it is new is known only now.
      const fresh = { service_id: Number(change.key?.service_id ?? 0), created_date: '' }
      // The time of `prepare`: a document is not changed before it was made.
      const made = textOf(change.record.last_modified_date) ?? stampOf(new Date())
      await tx.update('service_doc', fresh, { created_date: made })
    },
  }
}

function formatOf(sent: Json): number {
  const named = { json: 0, yaml: 1 }[String(sent).toLowerCase()]
  const format = named ?? integerOf('format', sent) ?? 0
  if (format !== 0 && format !== 1) throw new BadRequest("Field 'format' must be 0 (JSON) or 1 (YAML).")
  return format
}

function contentOf(sent: Json): StoreRow[string] {
  const text = sent === null ? null : typeof sent === 'object' ? JSON.stringify(sent) : (textOf(sent) ?? String(sent))
  if (text !== null && text.trim() !== '' && !isUrl(text.trim())) checkDocument(text)
  return text
}

/** A document that can't be read would be missing from the API docs without a word. JSON is YAML too. */
function checkDocument(text: string): void {
  let document: unknown
  try {
    document = parse(text.replace(/\{service\.\w+\}/g, 'service'), { maxAliasCount: 100, logLevel: 'error' })
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : '').split('\n')
    throw new BadRequest(`Field 'content' is neither JSON nor YAML. ${reason.replace(/:$/, '')}`.trim())
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new BadRequest("Field 'content' must be an OpenAPI document, which is an object, or the URL of one.")
}
