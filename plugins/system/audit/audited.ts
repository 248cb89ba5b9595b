/** Models whose changes go into the audit log, and those of services and apps into the service report too (control-plane 4.9). */
import type { Change, RecordModel, WriteSession } from 'dataferry/records'
import { forget } from '../models/references.ts'
import { type ModelTools, transactionOf } from '../models/tools.ts'
import { optionalAt } from '../store/columns.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'
import { writeAudit } from './log.ts'

/** Rows that refer to a record and that a delete takes along or changes: tables with the column. */
const referring: { readonly [table: string]: readonly (readonly [table: string, column: string])[] } = {
  role: [
    ['role_service_access', 'role_id'],
    ['user_to_app_to_role', 'role_id'],
    ['lookup', 'role_id'],
    ['app', 'role_id'],
    ['limits', 'role_id'],
  ],
  app: [
    ['user_to_app_to_role', 'app_id'],
    ['lookup', 'app_id'],
    ['user', 'default_app_id'],
  ],
  service: [
    ['role_service_access', 'service_id'],
    ['service_doc', 'service_id'],
    ['app', 'storage_service_id'],
    ['limits', 'service_id'],
  ],
  user: [
    ['user_to_app_to_role', 'user_id'],
    ['lookup', 'user_id'],
    ['limits', 'user_id'],
    ['user_custom', 'user_id'],
    ['outbox', 'user_id'],
  ],
}

interface Seen {
  readonly row: StoreRow
  readonly touched: { readonly [table: string]: readonly number[] } | undefined
}

/** The model, with its changes noted in their own transaction. */
export function audited(model: RecordModel | null, table: string, tools: ModelTools): RecordModel {
  const before = new WeakMap<WriteSession, Map<string, Seen>>()
  // A template's delete may change settings of services, which its own model does not publish.
  let settingsChanged = false
  return {
    ...model,
    async committed(changes) {
      await model?.committed?.(changes)
      if (!settingsChanged) return
      settingsChanged = false
      await tools.publish()
    },
    async check(session, change) {
      await model?.check?.(session, change)
      if (change.kind === 'insert') return
      const tx = transactionOf(tools, session)
      const row = await rowBy(tx, table, change)
      if (row === undefined) return
      const touched = change.kind === 'delete' ? await touchedBy(tx, table, row) : undefined
      if (touched?.service !== undefined) settingsChanged = true
      const seen = before.get(session) ?? new Map<string, Seen>()
      before.set(session, seen)
      seen.set(keyText(change), { row, touched })
    },
    async audit(session, change) {
      await model?.audit?.(session, change)
      const tx = transactionOf(tools, session)
      const seen = before.get(session)?.get(keyText(change))
      const after = change.kind === 'delete' ? null : ((await rowBy(tx, table, change)) ?? null)
      if (change.kind !== 'insert' && seen === undefined) return
      await writeAudit(tx, change.request, {
        action: actions[change.kind],
        resource: table,
        id: keyText(change),
        before: seen?.row ?? null,
        after,
        ...(seen?.touched === undefined ? {} : { touched: seen.touched }),
      })
      if (table === 'service' || table === 'app') await report(tx, table, change, after ?? seen?.row ?? {})
    },
  }
}

const actions = { insert: 'create', update: 'update', delete: 'delete' } as const
const done = { insert: 'created', update: 'updated', delete: 'deleted' } as const

const keyText = ({ key }: Change): string => (key === null ? '' : Object.values(key).map(String).join(','))

async function rowBy(tx: Transaction, table: string, { key }: Change): Promise<StoreRow | undefined> {
  if (key === null) return undefined
  return (await tx.rows(table, key))[0]
}

/** What refers to the row; what no foreign key will change is changed here. */
async function touchedBy(tx: Transaction, table: string, row: StoreRow): Promise<Seen['touched']> {
  const touched: { [table: string]: readonly number[] } = {}
  for (const [name, column] of referring[table] ?? []) {
    const rows = await tx.rows(name, { [column]: Number(row.id) })
    if (rows.length > 0) touched[name] = rows.map((each) => Number(each.id ?? each.service_id))
  }
  Object.assign(touched, await forget(tx, table, Number(row.id)))
  return Object.keys(touched).length === 0 ? undefined : touched
}

async function report(tx: Transaction, table: 'service' | 'app', change: Change, row: StoreRow): Promise<void> {
  const now = stampOf(new Date())
  const what = table === 'service' ? 'Service' : 'App'
  await tx.insert('service_report', {
    service_id: table === 'service' ? Number(row.id) : null,
    service_name: optionalAt(row, 'name'),
    user_email: change.request.caller.user?.email ?? null,
    action: `${what} ${done[change.kind]}`,
    request_verb: change.request.verb,
    created_date: now,
    last_modified_date: now,
  })
}
