/** Roles and their rows of access (control-plane 3.1). */
import { BadRequest, type Json } from 'dataferry/sdk'
import { endOfTokens } from '../sessions/user-facts.ts'
import { numberAt } from '../store/columns.ts'
import type { StoreRow, Transaction } from '../store/tables.ts'
import { secondsOf } from '../store/time.ts'
import { fieldRightsText } from './field-rights.ts'
import { checkText, messages, Problems, textOf } from './validation.ts'
import { flagOf, integerOf, referenceOf } from './values.ts'

type Members = { readonly [name: string]: Json }

const descriptionMost = 255

/** The columns of what was sent; a name is required on create. */
export function roleValues(sent: Members, creates: boolean): StoreRow {
  const problems = new Problems()
  const values: { [column: string]: Json } = {}
  if (creates || 'name' in sent) values.name = checkText(problems, 'name', sent.name, { required: true, most: 64 })
  // Longer ones are cut, as clients are used to.
  if ('description' in sent) values.description = textOf(sent.description)?.slice(0, descriptionMost) ?? null
  if ('is_active' in sent) values.is_active = flagOf('is_active', sent.is_active ?? null, false)
  problems.throwIfAny()
  return values
}

/** Throws BadRequest when another row has the name. `before` is null on create. */
export async function checkName(
  tx: Transaction,
  table: 'role' | 'app',
  before: StoreRow | null,
  values: StoreRow,
): Promise<void> {
  if (typeof values.name !== 'string') return
  const problems = new Problems()
  if ((await tx.rows(table, { name: values.name })).some((row) => row.id !== before?.id))
    problems.add('name', messages.taken('name'))
  problems.throwIfAny()
}

/** Ends the tokens of everybody who holds the role; returns their ids. */
export async function endTokensOfRole(tx: Transaction, roleId: number): Promise<readonly number[]> {
  const holders = new Set(
    (await tx.rows('user_to_app_to_role', { role_id: roleId })).map((row) => numberAt(row, 'user_id')),
  )
  if (holders.size === 0) return []
  const now = secondsOf(new Date())
  for (const user of await tx.rows('user', { id: [...holders] })) {
    await tx.update(
      'user',
      { id: numberAt(user, 'id') },
      { tokens_valid_from: endOfTokens(numberAt(user, 'tokens_valid_from'), now) },
    )
  }
  return [...holders]
}

/** A row of access: ids may be texts of digits, service 0 is all services. */
export function accessValues(sent: Members): StoreRow {
  const values: { [column: string]: Json } = {}
  if ('service_id' in sent) values.service_id = referenceOf('service_id', sent.service_id ?? null)
  if ('component' in sent) values.component = textOf(sent.component)
  for (const field of ['verb_mask', 'requestor_mask']) {
    if (field in sent) values[field] = integerOf(field, sent[field] ?? null) ?? 0
  }
  if ('filters' in sent) values.filters = filtersText(sent.filters ?? null)
  if ('fields' in sent) values.fields = fieldRightsText(sent.fields ?? null)
  if ('filter_op' in sent) values.filter_op = textOf(sent.filter_op) ?? 'and'
  return values
}

/** Not sent reads null, `[]` stays `[]`. */
function filtersText(filters: Json): string | null {
  if (filters === null || filters === '') return null
  if (!Array.isArray(filters))
    throw new BadRequest("Field 'filters' must be a list of objects with name, operator and value.")
  return JSON.stringify(filters)
}

/** The record's `filters` from the stored text. */
export function shownFilters(stored: Json): Json {
  return typeof stored === 'string' ? (JSON.parse(stored) as Json) : null
}
