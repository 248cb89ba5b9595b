/** What the models of system records work with. */

import type { Change, Members, RecordStore, WriteSession } from 'dataferry/records'
import type { ApiRequest, Json, ServiceType, Snapshot } from 'dataferry/sdk'
import type { AccountBook } from '../sessions/accounts.ts'
import { SessionTables } from '../store/record-tables.ts'
import type { Secrets } from '../store/secrets.ts'
import type { StoreRow, Tables, Transaction } from '../store/tables.ts'
import { stampOf } from '../store/time.ts'

export interface ModelTools {
  readonly records: RecordStore
  readonly tables: Tables
  readonly secrets: Secrets
  readonly types: ReadonlyMap<string, ServiceType>
  readonly accounts: AccountBook
  readonly snapshot: () => Snapshot
  /** Publishes what was committed; resolves when the next request sees it. */
  readonly publish: () => Promise<void>
  readonly confirmCodeTtlMinutes: number
}

export const transactionOf = (tools: ModelTools, session: WriteSession): Transaction =>
  new SessionTables(tools.records, session)

/** A record's members under lower-case names, as columns and relations are found. */
export function lowered(record: Members): Members {
  const members: { [name: string]: Json } = Object.create(null)
  for (const [name, value] of Object.entries(record)) members[name.toLowerCase()] = value
  return members
}

const stampColumns = new Set(['created_by_id', 'last_modified_by_id'])

/** Members that are relations: they go on beside the columns that a model makes. */
export function relationsIn(sent: Members): Members {
  return Object.fromEntries(Object.entries(sent).filter(([name]) => name.includes('_by_') && !stampColumns.has(name)))
}

/** Who did it and when (control-plane 4.1): `last_modified_by_id` is null until the first change. */
export function stamps(kind: Change['kind'], request: ApiRequest): StoreRow {
  const now = stampOf(new Date())
  const by = request.caller.user?.id ?? null
  if (kind === 'insert')
    return { created_date: now, last_modified_date: now, created_by_id: by, last_modified_by_id: null }
  return { last_modified_date: now, last_modified_by_id: by }
}

/** Rows that come with a parent keep no author. Whether one is new, its id tells. */
export function childStamps(sent: Members): StoreRow {
  const now = stampOf(new Date())
  const isNew = (sent.id ?? null) === null
  return isNew ? { created_date: now, last_modified_date: now } : { last_modified_date: now }
}

/** The members of these names that were sent, as they are: the id and the owner of a child. */
export function kept(sent: Members, names: readonly string[]): Members {
  return Object.fromEntries(names.filter((name) => sent[name] !== undefined).map((name) => [name, sent[name] as Json]))
}

/** The id of the changed record; 0 before an insert. */
export const idOf = (change: Change): number => Number(change.key?.id ?? 0)

/** The row as it is now; undefined when there is none. */
export async function rowOf(tx: Transaction, table: string, change: Change): Promise<StoreRow | undefined> {
  return change.key === null ? undefined : (await tx.rows(table, { id: idOf(change) }))[0]
}
