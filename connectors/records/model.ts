/**
 * RecordModel: what a table may have of its own beyond its columns, for resources that are more than rows (control-plane 4.1).
 * Where a hook stands decides what it may do: `prepare` may be slow and runs before the transaction, `check` and `audit` run
 * inside it and must not be, `committed` runs when nothing can be undone any more.
 */
import type { ApiRequest, Json } from 'dataferry/sdk'
import { type Column, nameOf, type Table } from './catalog/types.ts'
import type { Members } from './payload.ts'
import { projection } from './plan/fields.ts'
import type { Projection } from './plan/types.ts'
import type { Row, WriteSession } from './store.ts'
import { realColumn } from './view.ts'
import type { NestedRule } from './write/nested.ts'

/** One write of one record, as the hooks see it. */
export interface Change {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly table: Table
  /** The record's identifier, by field name; null before an insert. */
  readonly key: Row | null
  /** What the client sent, after `prepare`; empty for a delete. */
  readonly record: Members
  readonly request: ApiRequest
}

export interface RecordModel {
  /** Before the transaction, for each record sent: answers the record to write. A throw is that record's error. */
  prepare?(change: Change): Members | Promise<Members>
  /** In the transaction, before the write. A throw undoes this record. */
  check?(session: WriteSession, change: Change): Promise<void>
  /** In the transaction, after the write, with the key known. A throw undoes this record. */
  audit?(session: WriteSession, change: Change): Promise<void>
  /** After the commit, with every record that was written. */
  committed?(changes: readonly Change[]): void | Promise<void>
  /** A row as clients see it: fields may be changed, added and taken away. */
  present?(row: Row, request: ApiRequest): Row | Promise<Row>
  /** Columns by real name that `present` looks at: they are read always, and shown only where they were asked for. */
  readonly needs?: readonly string[]
  /** Relations that records may bring children for, by their lower-case name. */
  readonly nested?: ReadonlyMap<string, NestedRule>
}

export const neededBy = (model: RecordModel | null, table: Table): readonly Column[] =>
  (model?.present ? (model.needs ?? []) : []).map((name) => realColumn(table, name)).filter((column) => column !== null)

/** The columns, and those that are needed beside them. */
export function withNeeds(columns: readonly Projection[], needs: readonly Column[]): readonly Projection[] {
  if (needs.length === 0) return columns
  const missing = needs.filter((column) => !columns.some((each) => each.as === nameOf(column)))
  return missing.length === 0 ? columns : [...columns, ...missing.map(projection)]
}

/** What presents the rows of a plan: the model of its table, and those of its relations by name. */
export interface Presenting {
  readonly model: RecordModel | null
  /** Names that were read for the model only. */
  readonly extra: ReadonlySet<string>
  readonly related: ReadonlyMap<string, Presenting>
}

/** null: nothing to present, so that bytes may go from the database to the client unread. */
export function presenting(
  model: RecordModel | null,
  columns: readonly Projection[],
  needs: readonly Column[],
  related: ReadonlyMap<string, Presenting> = new Map(),
): Presenting | null {
  if (!model?.present && related.size === 0) return null
  const asked = new Set(columns.map((each) => each.as))
  return { model, extra: new Set(needs.map(nameOf).filter((name) => !asked.has(name))), related }
}

/** Presents rows, their related rows first. */
export async function presentRows(
  rows: readonly Row[],
  by: Presenting | null,
  request: ApiRequest,
): Promise<readonly Row[]> {
  if (by === null) return rows
  const shown: Row[] = []
  for (const row of rows) shown.push(await presentRow(row, by, request))
  return shown
}

async function presentRow(row: Row, by: Presenting, request: ApiRequest): Promise<Row> {
  const made: { [name: string]: Json } = { ...row }
  for (const [name, inner] of by.related) {
    const value = made[name]
    if (Array.isArray(value)) made[name] = await presentRows(value as Row[], inner, request)
    else if (value !== null && typeof value === 'object') made[name] = await presentRow(value as Row, inner, request)
  }
  const shown = by.model?.present ? await by.model.present(made, request) : made
  if (by.extra.size === 0) return shown
  return Object.fromEntries(Object.entries(shown).filter(([name]) => !by.extra.has(name)))
}
