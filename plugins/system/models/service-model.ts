/** The hooks of services over the record engine. */

import type { Members, RecordModel } from 'dataferry/records'
import { BadRequest, type Json } from 'dataferry/sdk'
import type { StoreRow } from '../store/tables.ts'
import { checkConfig, configKind, mergeConfig } from '../types/service-config.ts'
import { checkDeletable, checkServiceName, completeService, presentConfig, rowIds, serviceValues } from './service.ts'
import { idOf, kept, lowered, type ModelTools, relationsIn, rowOf, stamps, transactionOf } from './tools.ts'

export const concealedOfService = ['name_key'] as const

/** The configuration that a change brings: it is merged into the stored one inside the transaction. */
const sentConfig = Symbol('config')
type WithConfig = Members & { readonly [sentConfig]?: Json }

export function serviceModel(tools: ModelTools): RecordModel {
  return {
    nested: new Map([['service_doc_by_service_id', { naturalKey: [] }]]),
    async prepare({ kind, record, request }) {
      const sent = lowered(record)
      const values = { ...serviceValues(sent, kind === 'insert'), ...stamps(kind, request), ...relationsIn(sent) }
      if (kind === 'insert') return { ...values, ...(await newConfig(values, sent.config)) }
      const changed: WithConfig = {
        ...kept(sent, ['id']),
        ...values,
        ...(sent.config === undefined ? {} : { [sentConfig]: sent.config }),
      }
      return changed
    },
    async check(session, change) {
      const tx = transactionOf(tools, session)
      if (change.kind === 'insert') return checkServiceName(tx, null, change.record as StoreRow)
      const before = await rowOf(tx, 'service', change)
      if (before === undefined) return
      if (change.kind === 'delete') return checkDeletable(before)
      const more = await completeService(
        tx,
        before,
        change.record as StoreRow,
        (change.record as WithConfig)[sentConfig],
        tools,
      )
      if (Object.keys(more).length > 0) await tx.update('service', { id: idOf(change) }, more)
    },
    async committed() {
      await tools.publish()
    },
    needs: ['id', 'type', 'config'],
    present: (row) => ('config' in row ? { ...row, config: presentConfig(row, tools) } : row),
  }

  /** A service that is sent without a configuration is stored unchecked. */
  async function newConfig(values: StoreRow, config: Json | undefined): Promise<StoreRow> {
    const kind = configKind(String(values.type), tools.types)
    if (kind === null) throw new BadRequest(`Unknown service type '${String(values.type)}'.`)
    if (config === undefined) return {}
    const stored = await mergeConfig(kind, null, config, tools.secrets, (list, count) =>
      tools.tables.transaction((tx) => rowIds(tx)(list, count)),
    )
    checkConfig(kind, stored, tools.secrets)
    return { config: JSON.stringify(stored) }
  }
}
