/** The hooks of apps and of lookups. */
import { booleanOption, type RecordModel } from 'dataferry/records'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { appValues, launchUrl, newApiKey } from './app.ts'
import { completeLookup, lookupValues, presentLookup, scopeKey } from './lookup.ts'
import { checkName } from './role.ts'
import {
  childStamps,
  idOf,
  kept,
  lowered,
  type ModelTools,
  relationsIn,
  rowOf,
  stamps,
  transactionOf,
} from './tools.ts'
import { messages, Problems } from './validation.ts'

export function appModel(tools: ModelTools): RecordModel {
  const serviceName = (id: number): string | null => tools.snapshot().servicesById.get(id)?.name ?? null
  return {
    nested: new Map([
      ['user_to_app_to_role_by_app_id', { naturalKey: ['user_id'] }],
      ['lookup_by_app_id', { naturalKey: ['name'] }],
      ['app_lookup_by_app_id', { naturalKey: ['name'] }],
    ]),
    async prepare({ kind, key, record, request }) {
      const sent = lowered(record)
      const values = appValues(sent, kind === 'insert')
      const isNewKey = kind === 'update' && booleanOption(request.query.get('regenerate'))
      const api_key = isNewKey ? newApiKey() : await freeKey(values.api_key, key?.id)
      return {
        ...(kind === 'insert' ? {} : kept(sent, ['id'])),
        ...values,
        ...(api_key === undefined ? {} : { api_key }),
        ...stamps(kind, request),
        ...relationsIn(sent),
      }
    },
    async check(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      const before = (await rowOf(tx, 'app', change)) ?? null
      await checkName(tx, 'app', before, change.record as StoreRow)
      await checkReferences(tx, change.record as StoreRow)
    },
    async committed() {
      // Assignments may have come or gone with the app.
      tools.accounts.changed(null)
      await tools.publish()
    },
    present: (row, request) => ({ ...row, launch_url: launchUrl(row, request.origin, serviceName) }),
  }

  /** A key that another app has is made anew (control-plane 2.1). */
  async function freeKey(wanted: StoreRow[string] | undefined, own: unknown): Promise<StoreRow[string] | undefined> {
    if (typeof wanted !== 'string') return wanted
    const taken = (await tools.tables.rows('app', { api_key: wanted })).some((row) => row.id !== own)
    return taken ? newApiKey() : wanted
  }
}

async function checkReferences(tx: Transaction, values: StoreRow): Promise<void> {
  const problems = new Problems()
  for (const [field, table] of [
    ['role_id', 'role'],
    ['storage_service_id', 'service'],
  ] as const) {
    const id = values[field]
    if (typeof id === 'number' && (await tx.rows(table, { id })).length === 0)
      problems.add(field, messages.invalid(field))
  }
  problems.throwIfAny()
}

/** Lookups that come with an app, a role or a user. */
export function lookupModel(tools: ModelTools): RecordModel {
  return {
    prepare({ record }) {
      const sent = lowered(record)
      const creates = (sent.id ?? null) === null
      return {
        ...kept(sent, ['id', 'app_id', 'role_id', 'user_id']),
        ...lookupValues(sent, creates, tools.secrets),
        ...childStamps(sent),
      }
    },
    async audit(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      const row = await rowOf(tx, 'lookup', change)
      // The owner is known only now.
      if (row !== undefined) await tx.update('lookup', { id: idOf(change) }, await completeLookup(tx, row, row))
    },
    needs: ['private'],
    present: (row) => ('value' in row ? { ...row, value: presentLookup(row, tools.secrets) } : row),
  }
}

/** Lookups of the system itself: records of their own (control-plane 10.7). */
export function systemLookupModel(tools: ModelTools): RecordModel {
  return {
    prepare({ kind, record, request }) {
      const sent = lowered(record)
      const creates = kind === 'insert'
      const values = { ...lookupValues(sent, creates, tools.secrets), ...stamps(kind, request) }
      return creates ? { ...values, scope_key: scopeKey(values) } : { ...kept(sent, ['id']), ...values }
    },
    async check(session, change) {
      if (change.kind === 'delete') return
      const tx = transactionOf(tools, session)
      const before = (await rowOf(tx, 'lookup', change)) ?? null
      const completed = await completeLookup(tx, before, change.record as StoreRow)
      if (before !== null) await tx.update('lookup', { id: idOf(change) }, completed)
    },
    committed: () => tools.publish(),
    needs: ['private'],
    present: (row) => ('value' in row ? { ...row, value: presentLookup(row, tools.secrets) } : row),
  }
}
