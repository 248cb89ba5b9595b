/** Services (control-plane 4.3): names, types and configurations; what of a built-in service can't be changed. */
import { BadRequest, Forbidden, type Json, type ServiceType } from 'dataferry/sdk'
import { readConfig } from '../snapshot/compile.ts'
import { textAt } from '../store/columns.ts'
import type { Secrets } from '../store/secrets.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { checkConfig, configKind, mergeConfig, type NewRowIds, shownConfig } from '../types/service-config.ts'
import { checkText, messages, Problems, textOf, withoutTags } from './validation.ts'
import { flagOf } from './values.ts'

type Members = { readonly [name: string]: Json }

export interface ServiceTools {
  readonly types: ReadonlyMap<string, ServiceType>
  readonly secrets: Secrets
}

const nameRule = {
  test: /^[A-Za-z0-9_-]+$/,
  message: 'Service name should only contain letters, numbers, underscores and dashes.',
}

/** The columns of what was sent, the configuration left out: it is merged inside the transaction. */
export function serviceValues(sent: Members, creates: boolean): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if (creates || 'name' in sent) {
    const name = checkText(problems, 'name', sent.name, { required: true, most: 40, pattern: nameRule })
    Object.assign(values, { name, name_key: name?.toLowerCase() ?? null })
  }
  if (creates || 'type' in sent) values.type = checkText(problems, 'type', sent.type, { required: true, most: 40 })
  if (creates || 'label' in sent)
    values.label =
      checkText(problems, 'label', withoutTags(textOf(sent.label) ?? ''), { most: 80 }) ?? values.name ?? null
  if ('description' in sent)
    values.description = checkText(problems, 'description', withoutTags(textOf(sent.description) ?? ''), { most: 255 })
  if ('is_active' in sent) values.is_active = flagOf('is_active', sent.is_active ?? null, false)
  problems.throwIfAny()
  return values
}

/** Inside the transaction: uniqueness, what may not change, and the stored form of the configuration. */
export async function completeService(
  tx: Transaction,
  before: StoreRow | null,
  values: StoreRow,
  sentConfig: Json | undefined,
  tools: ServiceTools,
): Promise<StoreRow> {
  if (before !== null && before.mutable === false) checkImmutable(before, values)
  await checkServiceName(tx, before, values)
  const more: { [column: string]: Json } = {}
  if (values.label === null) more.label = textAt({ ...before, ...values }, 'name')
  const type = textAt({ ...before, ...values }, 'type')
  const kind = configKind(type, tools.types)
  if (kind === null) throw new BadRequest(`Unknown service type '${type}'.`)
  const stored = readConfig(before?.config ?? null)
  const typeChanges = before !== null && values.type !== undefined && values.type !== before.type
  // A service that is sent without a configuration is stored unchecked.
  if (sentConfig === undefined && !typeChanges) return more
  const merged = await mergeConfig(kind, stored, sentConfig ?? null, tools.secrets, rowIds(tx))
  checkConfig(kind, merged, tools.secrets)
  more.config = JSON.stringify(merged)
  return more
}

/** Of a service that is not mutable, name, type and is_active stay. */
function checkImmutable(before: StoreRow, values: StoreRow): void {
  for (const field of ['name', 'type', 'is_active']) {
    if (values[field] !== undefined && values[field] !== before[field]) {
      throw new Forbidden(`The ${field} of the service '${textAt(before, 'name')}' can not be changed.`)
    }
  }
}

export function checkDeletable(row: StoreRow): void {
  if (row.deletable === false) throw new Forbidden(`The service '${textAt(row, 'name')}' can not be deleted.`)
}

export async function checkServiceName(tx: Transaction, before: StoreRow | null, values: StoreRow): Promise<void> {
  if (typeof values.name_key !== 'string') return
  const problems = new Problems()
  const taken = (await tx.rows('service', { name_key: values.name_key })).some((row) => row.id !== before?.id)
  if (taken) problems.add('name', messages.taken('name'))
  problems.throwIfAny()
}

export const rowIds =
  (tx: Transaction): NewRowIds =>
  async (list, count) => {
    const [row] = await tx.rows('counter', { name: list })
    const last = Number(row?.value ?? 0)
    if (row === undefined) await tx.insert('counter', { name: list, value: last + count })
    else await tx.update('counter', { name: list }, { value: last + count })
    return last + 1
  }

/** The record's `config` (control-plane 4.3, 5.2). */
export function presentConfig(row: StoreRow, tools: ServiceTools): Json {
  return shownConfig(
    configKind(textAt(row, 'type'), tools.types),
    Number(row.id),
    readConfig(row.config ?? null),
    tools.secrets,
  )
}
