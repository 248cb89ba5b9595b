/**
 * What a change means for others who remember the store: the snapshot, users, tokens that ended, structures of services. Notices are
 * rows of `change_log`, written in the transaction of the change under the next value of the counter `snapshot`.
 */
import { numberAt, optionalAt, textAt } from './columns.ts'
import type { Equal, StoreRow, Transaction } from './tables.ts'

export type Notice =
  /** Services, roles, apps, lookups, CORS rules or limits. */
  | { readonly kind: 'snapshot' }
  /** One user; 0: one who is new. null: maybe all. */
  | { readonly kind: 'user'; readonly id: number | null }
  | { readonly kind: 'token'; readonly key: string }
  /** What is known of a service's tables. */
  | { readonly kind: 'schema'; readonly service: number }

/** How many versions back the log reaches. */
const kept = 1_000

const snapshot: Notice = { kind: 'snapshot' }
const everybody: Notice = { kind: 'user', id: null }

/** By table: what any write of it means. */
const coarse: { readonly [table: string]: readonly Notice[] } = {
  service: [snapshot],
  role: [snapshot, everybody],
  role_service_access: [snapshot],
  app: [snapshot, everybody],
  lookup: [snapshot, everybody],
  cors_config: [snapshot],
  limits: [snapshot],
  user: [everybody],
  user_to_app_to_role: [everybody],
}

export type WriteKind = 'insert' | 'update' | 'upsert' | 'delete'

/** What a write of a table means when no more is known of it. */
export function noticesOf(table: string, kind: WriteKind): readonly Notice[] {
  if (table === 'user' && kind === 'insert') return [{ kind: 'user', id: 0 }]
  return coarse[table] ?? []
}

const extras = /^db_(?:table_extras|field_extras|relationship_extras|virtual_relationship)$/

/** The same, more precisely, where the row is known. */
export function noticesOfRow(table: string, kind: WriteKind, row: Equal): readonly Notice[] {
  const { id, user_id, service_id, token_key } = row
  if (table === 'user' && kind !== 'insert' && typeof id === 'number') return [{ kind: 'user', id }]
  if (table === 'user_to_app_to_role' && typeof user_id === 'number') return [{ kind: 'user', id: user_id }]
  if (table === 'blocked_token' && kind === 'insert' && typeof token_key === 'string')
    return [{ kind: 'token', key: token_key }]
  if (extras.test(table) && typeof service_id === 'number') return [{ kind: 'schema', service: service_id }]
  return noticesOf(table, kind)
}

/** The notices of one transaction. */
export class Notices {
  readonly #found = new Map<string, Notice>()

  add(notices: readonly Notice[]): void {
    for (const notice of notices) this.#found.set(JSON.stringify(notice), notice)
  }

  /** Inside the transaction, at its end: the version that they stand under; null when there is nothing to tell. */
  async write(tx: Transaction): Promise<number | null> {
    if (this.#found.size === 0) return null
    const version = (await versionIn(tx)) + 1
    await tx.update('counter', { name: 'snapshot' }, { value: version })
    let position = 0
    for (const notice of this.#found.values()) await tx.insert('change_log', rowOf(version, position++, notice))
    await tx.remove('change_log', { version: version - kept })
    return version
  }
}

/** The version of the last change. */
export async function versionIn(tables: Pick<Transaction, 'rows'>): Promise<number> {
  const [row] = await tables.rows('counter', { name: 'snapshot' })
  return row === undefined ? 0 : numberAt(row, 'value')
}

function rowOf(version: number, position: number, notice: Notice): StoreRow {
  const subject =
    notice.kind === 'user'
      ? notice.id
      : notice.kind === 'token'
        ? notice.key
        : notice.kind === 'schema'
          ? notice.service
          : null
  return { version, position, kind: notice.kind, subject: subject === null ? null : String(subject) }
}

/** null: of a kind that a newer version of this program writes. */
export function noticeOf(row: StoreRow): Notice | null {
  const subject = optionalAt(row, 'subject')
  switch (textAt(row, 'kind')) {
    case 'snapshot':
      return snapshot
    case 'user':
      return { kind: 'user', id: subject === null ? null : Number(subject) }
    case 'token':
      return { kind: 'token', key: subject ?? '' }
    case 'schema':
      return { kind: 'schema', service: Number(subject) }
    default:
      return null
  }
}
