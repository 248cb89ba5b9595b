/**
 * What refers to a record by no foreign key: settings of services that name a service, an app, a role or a template by its id, and
 * virtual relationships to tables of another service. A delete takes them along, so that nothing is left that leads nowhere.
 */
import { isMembers } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { readConfig } from '../snapshot/compile.ts'
import type { Transaction } from '../store/tables.ts'

/** Settings by the table whose ids they hold (control-plane 5.3, 5.4). */
const settings: { readonly [table: string]: RegExp } = {
  service: /^(\w+_email_service_id|email_service_id|storage_service_id|db_service_id|\w+_db_service_id)$/,
  app: /^default_app_id$/,
  role: /^(open_reg_role_id|default_role)$/,
  email_template: /^\w+_email_template_id$/,
}
/** The member of the rows of `app_role_map`. */
const mapped: { readonly [table: string]: string } = { app: 'app_id', role: 'role_id' }

/** Inside the transaction of the delete. The ids of what was changed, by table. */
export async function forget(
  tx: Transaction,
  table: string,
  id: number,
): Promise<{ readonly [table: string]: readonly number[] }> {
  if (settings[table] === undefined) return {}
  const services = await forgetSettings(tx, table, id)
  const relationships = table === 'service' ? await forgetRelationships(tx, id) : []
  return {
    ...(services.length === 0 ? {} : { service: services }),
    ...(relationships.length === 0 ? {} : { db_virtual_relationship: relationships }),
  }
}

async function forgetSettings(tx: Transaction, table: string, id: number): Promise<readonly number[]> {
  const changed: number[] = []
  for (const row of await tx.rows('service')) {
    const config = readConfig(row.config ?? null)
    if (config === null || (table === 'service' && row.id === id)) continue
    const kept = Object.fromEntries(
      Object.entries(config).map(([name, value]) => [name, without(table, id, name, value)]),
    )
    const text = JSON.stringify(kept)
    if (text === JSON.stringify(config)) continue
    await tx.update('service', { id: Number(row.id) }, { config: text })
    changed.push(Number(row.id))
  }
  return changed
}

function without(table: string, id: number, name: string, value: Json): Json {
  if (settings[table]?.test(name) === true && value !== null && Number(value) === id) return null
  const member = mapped[table]
  if (name !== 'app_role_map' || member === undefined || !Array.isArray(value)) return value
  return value.filter((row: Json) => !isMembers(row) || Number(row[member] ?? 0) !== id)
}

/** Relationships of other services that lead to the service, or through it. */
async function forgetRelationships(tx: Transaction, id: number): Promise<readonly number[]> {
  const found = [
    ...(await tx.rows('db_virtual_relationship', { ref_service_id: id })),
    ...(await tx.rows('db_virtual_relationship', { junction_service_id: id })),
  ]
  const ids = [...new Set(found.map((row) => Number(row.id)))]
  if (ids.length > 0) await tx.remove('db_virtual_relationship', { id: ids })
  return ids
}
