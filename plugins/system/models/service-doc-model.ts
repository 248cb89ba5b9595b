/** The document of a service, an object that comes with it (control-plane 4.3). */
import type { RecordModel } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import type { StoreRow } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'
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
      await tx.update('service_doc', fresh, { created_date: stampOf(new Date()) })
    },
  }
}

function formatOf(sent: Json): number {
  const named = { json: 0, yaml: 1 }[String(sent).toLowerCase()]
  const format = named ?? integerOf('format', sent) ?? 0
  if (format !== 0 && format !== 1) throw new BadRequest("Field 'format' must be 0 (JSON) or 1 (YAML).")
  return format
}

const contentOf = (sent: Json): StoreRow[string] =>
  sent === null ? null : (textOf(sent) ?? (typeof sent === 'object' ? JSON.stringify(sent) : String(sent)))
