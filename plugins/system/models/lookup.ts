/** Lookups of apps, roles and users (control-plane 10.7): names are unique within their owner, values encrypted at rest. */
import { BadRequest, type Json } from 'dataferry/sdk'
import { mask, type Secrets } from '../store/secrets.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { sealLookup, shownLookup } from './lookup-value.ts'
import { checkText, Problems, textOf } from './validation.ts'
import { flagOf } from './values.ts'

type Members = { readonly [name: string]: Json }

/** The columns of what was sent; the mask leaves a value as it is. */
export function lookupValues(sent: Members, creates: boolean, secrets: Secrets): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if (creates || 'name' in sent) values.name = checkText(problems, 'name', sent.name, { required: true, most: 64 })
  if ('value' in sent && sent.value !== mask) values.value = sealLookup(valueText(sent.value ?? null), secrets)
  if ('private' in sent) values.private = flagOf('private', sent.private ?? null, false)
  if ('description' in sent) values.description = checkText(problems, 'description', sent.description, { most: 255 })
  problems.throwIfAny()
  return values
}

/** Booleans read as texts; lists and objects as their JSON. */
function valueText(value: Json): string | null {
  if (value === null) return null
  return textOf(value) ?? (typeof value === 'boolean' ? String(value) : JSON.stringify(value))
}

/** `role:4:dept`: the key under which a name is unique. */
export function scopeKey(row: StoreRow): string {
  const owner = row.app_id
    ? `app:${row.app_id}`
    : row.role_id
      ? `role:${row.role_id}`
      : row.user_id
        ? `user:${row.user_id}`
        : 'system'
  return `${owner}:${String(row.name ?? '').toLowerCase()}`
}

/** Throws BadRequest when the owner has the name already. Returns the key's column. */
export async function completeLookup(tx: Transaction, before: StoreRow | null, values: StoreRow): Promise<StoreRow> {
  const scope_key = scopeKey({ ...before, ...values })
  if ((await tx.rows('lookup', { scope_key })).some((row) => row.id !== before?.id)) {
    throw new BadRequest('Lookup name can not be modified to one that already exists.')
  }
  return { scope_key }
}

export function presentLookup(row: StoreRow, secrets: Secrets): Json {
  return shownLookup(row.value ?? null, row.private === true, secrets)
}
