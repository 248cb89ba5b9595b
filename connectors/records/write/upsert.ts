/**
 * Upserts (data-plane 3.7, and `upsert=true`): a record that is there is updated with what was sent, another one is inserted. The update
 * comes first, since it needs no more than the fields that it sets; what it does not find is inserted by one statement that updates the
 * record all the same where somebody else has made it in between. Where a source has no such statement that could do no harm, the update
 * is tried again when the insert fails.
 */
import { type ApiReply, type Bind, Forbidden, type Json, NotImplemented, type Verb } from 'dataferry/sdk'
import { type Column, nameOf, type Table } from '../catalog/types.ts'
import type { Predicate } from '../filter/index.ts'
import { type KeyValue, recordNotFound } from '../keys.ts'
import { isMembers, type Members, noRecords } from '../payload.ts'
import type { Binds } from '../plan/binds.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, planRead } from '../plan/read.ts'
import type { WritePlanner } from '../plan/write.ts'
import type { Row, WriteSession } from '../store.ts'
import type { RecordTarget } from '../target.ts'
import { type TableView, viewOfEverything } from '../view.ts'
import type { FieldValue, FieldValues } from './fields.ts'
import { type Prepared, prepareAll, runBatch, runOne, type Written } from './run.ts'
import type { Update } from './updating.ts'
import { keyFields, readBack, replyOf, shownBy, type Writing } from './writing.ts'

/** Throws NotImplemented where records can't be upserted. */
export function needUpsert({ store, modelOf, view }: RecordTarget): void {
  if (!store.can.upsert || !store.can.transactions || modelOf(view.table) !== null)
    throw new NotImplemented('Upsert is not supported by this service.')
}

/** How records are prepared for the two halves of an upsert. */
export interface UpsertHalves {
  update(writing: Writing, record: Members, index: number): Promise<Prepared>
  insert(writing: Writing, record: Members, index: number): Promise<Prepared>
}

/** POST with `upsert=true`: records with their key are upserted, others inserted; answered as an update. */
export async function upsertRecords(writing: Writing, halves: UpsertHalves, signal: AbortSignal): Promise<ApiReply> {
  const { target, payload, request, mode, key } = writing
  needUpsert(target)
  if (payload.records === null) throw noRecords(request.output)
  const updating: Writing = {
    ...writing,
    target: { ...target, view: updateView(target) },
    insertView: target.view,
  }
  const { records } = payload
  const prepareAt = (index: number): Promise<Prepared> => {
    const record = isMembers(records[index]) ? records[index] : {}
    return hasKey(record, key) ? halves.update(updating, record, index) : halves.insert(writing, record, index)
  }
  const prepared = await prepareAll(records.length, mode, prepareAt, signal)
  let rows: ReadonlyMap<string, Row> | null = null
  const after = async (session: WriteSession, written: readonly Written[]): Promise<void> => {
    const unread = written.filter((each) => each.row === null).map((each) => each.key)
    if (writing.shows && key.length > 0 && unread.length > 0) rows = await readBack(writing, session, unread)
  }
  const results = await runBatch(
    { store: target.store, serviceId: target.serviceId, mode, prepared, model: null, after },
    signal,
  )
  return replyOf(writing, results, rows, 'updated', signal)
}

/** Who may update: by PATCH, else by PUT. Throws Forbidden. */
function updateView(target: RecordTarget): TableView {
  const by = (verb: Verb): TableView => target.viewOf(target.view.table, verb)
  try {
    return by('PATCH')
  } catch (error) {
    if (!(error instanceof Forbidden)) throw error
    return by('PUT')
  }
}

function hasKey(record: Members, key: readonly Column[]): boolean {
  const given = new Map<string, Json>(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]))
  const has = (value: Json | undefined): boolean => value !== undefined && value !== null && value !== ''
  return key.length > 0 && key.every((column) => has(given.get(nameOf(column).toLowerCase())))
}

/** Inserts what an update did not find. `again` is that update. Throws what the insert throws. */
export async function insertMissing(
  writing: Writing,
  planner: WritePlanner,
  session: WriteSession,
  { key, change, processed }: Update,
  values: FieldValues,
  again: () => Promise<Written>,
): Promise<Written> {
  const inserted: Written = {
    shown: shownBy(writing.key, key.values),
    key: key.values as readonly Bind[],
    row: null,
    change: { ...change, kind: 'insert' },
  }
  const { store, view } = writing.target
  const overwrite = overwritten(values, processed.values, writing.key)
  if (store.can.upsert && overwrite !== null && isSafe(writing)) {
    const { affected } = await runOne(session, planner.upsert(values, writing.key, overwrite))
    if (affected === 0 && view.filtered) throw recordNotFound(key.text)
    return inserted
  }
  try {
    await runOne(session, planner.insert(values))
    return inserted
  } catch (error) {
    try {
      return await again()
    } catch {
      throw (await isOutOfSight(writing, session, key)) ? recordNotFound(key.text) : error
    }
  }
}

/** The record is there, and the row filter keeps it from the caller: it is not found, as by an update. */
async function isOutOfSight({ target, key }: Writing, session: WriteSession, { values }: KeyValue): Promise<boolean> {
  const { view } = target
  if (!view.filtered) return false
  const where = (binds: Binds): Predicate => keyIs(key, values, binds)
  const asked = { view: viewOfEverything(view.table), columns: keyFields(key), where, limit: 1, result: asRows }
  return (await session.rows(planRead(asked))).length > 0
}

/** What an upsert overwrites; null: not plain values alone, which mean something else where the row is there. */
function overwritten(values: FieldValues, set: FieldValues, key: readonly Column[]): readonly Column[] | null {
  if (![...values.values(), ...set.values()].every(isPlain)) return null
  return [...set.keys()].filter((column) => values.has(column) && !key.includes(column))
}

/** A value, or the present moment. */
const isPlain = (value: FieldValue): boolean =>
  value.kind === 'value' || (value.expr.kind === 'call' && value.expr.args.length === 0)

/** The statement can meet no other record than the one that is named, and none that the caller does not see. */
function isSafe({ target: { store, view }, key }: Writing): boolean {
  const { table } = view
  const names = new Set(key.map((column) => column.name))
  const whole = names.size === table.primaryKey.length && table.primaryKey.every((name) => names.has(name))
  if (!whole) return false
  return store.can.upsertByKey === true || (!view.filtered && hasOneKey(table))
}

function hasOneKey({ columns, constraints }: Table): boolean {
  if (columns.some((column) => column.isUnique && !column.isPrimaryKey)) return false
  const listed = isMembers(constraints) ? Object.values(constraints) : []
  return listed.every((each) => !isMembers(each) || each.constraint_type !== 'UNIQUE')
}
