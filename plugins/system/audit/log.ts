/**
 * The audit log: every change of the administration, who made it and when, the record before and after. Secrets are never in it:
 * of what is hashed or sealed only that it changed.
 */
import type { ApiRequest, Json } from 'dataferry/sdk'
import { mask } from '../store/secrets.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'

export interface AuditEntry {
  readonly action: 'create' | 'update' | 'delete'
  /** The table's name, as resources are named. */
  readonly resource: string
  readonly id: string | null
  readonly before: StoreRow | null
  readonly after: StoreRow | null
  /** What else the change touched, by table: ids. */
  readonly touched?: { readonly [table: string]: readonly Json[] }
}

/** Columns that are not told, and those that never change by themselves. */
const secret: ReadonlySet<string> = new Set([
  'password',
  'security_answer',
  'confirm_code',
  'remember_token',
  'api_key',
  'tokens_valid_from',
])
const unimportant: ReadonlySet<string> = new Set([
  'last_modified_date',
  'last_modified_by_id',
  'email_key',
  'username_key',
  'name_key',
  'scope_key',
  'key_text',
])

/** Inside the transaction of the change, so that neither is without the other. */
export async function writeAudit(
  tx: Transaction,
  { caller, address, verb }: Pick<ApiRequest, 'caller' | 'address' | 'verb'>,
  entry: AuditEntry,
): Promise<void> {
  const { before, after } = changed(entry)
  if (entry.action === 'update' && before === null) return
  await tx.insert('audit_log', {
    created_date: stampOf(new Date()),
    user_id: caller.user?.id ?? null,
    user_email: caller.user?.email ?? null,
    address: address === '' ? null : address.slice(0, 64),
    request: verb,
    action: entry.action,
    resource: entry.resource,
    record_id: entry.id,
    record_name: nameOf(entry.after ?? entry.before),
    before: before === null ? null : JSON.stringify(before),
    after: after === null ? null : JSON.stringify(after),
    touched: entry.touched === undefined ? null : JSON.stringify(entry.touched),
  })
}

function nameOf(row: StoreRow | null): string | null {
  const name = row?.name ?? row?.path ?? row?.component ?? null
  return typeof name === 'string' ? name.slice(0, 255) : null
}

/** Of an update the columns that differ; secrets as the mask. */
function changed({ action, before, after }: AuditEntry): { before: StoreRow | null; after: StoreRow | null } {
  if (action !== 'update' || before === null || after === null)
    return { before: before === null ? null : told(before), after: after === null ? null : told(after) }
  const names = Object.keys(after).filter((name) => !unimportant.has(name) && !same(before[name], after[name]))
  if (names.length === 0) return { before: null, after: null }
  const only = (row: StoreRow): StoreRow => Object.fromEntries(names.map((name) => [name, row[name] ?? null]))
  return { before: told(only(before)), after: told(only(after)) }
}

const same = (a: Json | undefined, b: Json | undefined): boolean => (a ?? null) === (b ?? null)

function told(row: StoreRow): StoreRow {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !unimportant.has(name))
      .map(([name, value]) => [name, secret.has(name) && value !== null ? mask : withoutSealed(value)]),
  )
}

/** Sealed texts are masked, also inside of the JSON of a configuration. */
function withoutSealed(value: Json): Json {
  if (typeof value !== 'string') return value
  if (value.startsWith('v1:')) return mask
  return value.includes('"$sealed"') ? value.replace(/\{"\$sealed":"[^"]*"\}/g, JSON.stringify(mask)) : value
}
