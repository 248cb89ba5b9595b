/** A user as the access checks know one: the row, its assignments and its lookups. */
import type { Lookup, UserFacts } from 'dataferry/sdk'
import { openLookup } from '../models/lookup-value.ts'
import { numberAt, optionalAt, optionalNumberAt, textAt } from '../store/columns.ts'
import type { Secrets } from '../store/secrets.ts'
import type { Rows, StoreRow } from '../store/tables.ts'

/** What belongs to a user beside the row. */
export type Belongings = Pick<UserFacts, 'assignments' | 'lookups'>

/** Reads what belongs to the user of a row. */
export async function readFacts(row: StoreRow, store: Rows, secrets: Secrets): Promise<UserFacts> {
  const id = numberAt(row, 'id')
  const [assignments, lookups] = await Promise.all([
    store.rows('user_to_app_to_role', { user_id: id }),
    store.rows('lookup', { user_id: id }),
  ])
  return factsOf(row, {
    assignments: assignments.map((each) => ({ app: numberAt(each, 'app_id'), role: numberAt(each, 'role_id') })),
    lookups: lookupsOf(lookups, secrets),
  })
}

export function factsOf(row: StoreRow, { assignments, lookups }: Belongings): UserFacts {
  return Object.freeze({
    id: numberAt(row, 'id'),
    name: textAt(row, 'name'),
    username: textAt(row, 'username'),
    firstName: optionalAt(row, 'first_name'),
    lastName: optionalAt(row, 'last_name'),
    email: textAt(row, 'email'),
    phone: optionalAt(row, 'phone'),
    isSysAdmin: row.is_sys_admin === true,
    isActive: row.is_active === true,
    defaultAppId: optionalNumberAt(row, 'default_app_id'),
    lastLoginDate: optionalAt(row, 'last_login_date'),
    assignments,
    lookups,
    tokensValidFrom: numberAt(row, 'tokens_valid_from'),
  })
}

function lookupsOf(rows: readonly StoreRow[], secrets: Secrets): { readonly [name: string]: Lookup } {
  const found: { [name: string]: Lookup } = Object.create(null)
  for (const row of rows) {
    const value = openLookup(row.value ?? null, secrets)
    // One whose value is lost resolves nowhere, and keeps nobody out.
    if (value === null && (row.value ?? null) !== null) continue
    found[textAt(row, 'name')] = { value: value ?? '', private: row.private === true }
  }
  return found
}

/**
 * The second from which tokens of the user count when all that exist now are to end. It lies ahead of now, because tokens know
 * seconds only: a token of this very second must end too. Those issued after it are dated no earlier (`issuedAt`).
 */
export function endOfTokens(validFrom: number, nowSeconds: number): number {
  return Math.max(validFrom, nowSeconds) + 1
}

/** The `iat` of a new token: not before the second from which the user's tokens count. */
export function issuedAt(user: Pick<UserFacts, 'tokensValidFrom'>, nowSeconds: number): number {
  return Math.max(nowSeconds, user.tokensValidFrom)
}
