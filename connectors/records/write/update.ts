/** PUT and PATCH: both update what is sent and leave the rest (data-plane 3.7). */
import { type ApiReply, BadRequest, Forbidden, type Json } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import { type Filter, parseFilter } from '../filter/index.ts'
import { type KeyValue, keyOf, keyOfPath, keyOfRecord, needIdentifiers } from '../keys.ts'
import { identifierList } from '../lists.ts'
import { type Change, withNeeds } from '../model.ts'
import { isEmpty, isMembers, type Members, noRecords, wrapList } from '../payload.ts'
import { allFields } from '../plan/fields.ts'
import { asRows, keyProjections, planRead } from '../plan/read.ts'
import { WritePlanner } from '../plan/write.ts'
import { listNames, relatedFieldsOf } from '../read.ts'
import type { Row, WriteSession } from '../store.ts'
import type { TableView } from '../view.ts'
import { type RowCheck, rowCheck } from './check.ts'
import { bringsRelated, type FieldValues, type ProcessedRecord, processRecord } from './fields.ts'
import { filledBy, type Nested, nothingNested, placesOf, prepareNested } from './nested.ts'
import { writeChildren } from './related.ts'
import { StoredRow, storedIn } from './rows.ts'
import { type Prepared, prepareAll, runBatch, runOne, type Written } from './run.ts'
import { nestedContext, nestedTables } from './tables.ts'
import { type Sessions, writeTogether } from './together.ts'
import { refusedUpdate, type Update, updateOperation } from './updating.ts'
import { needUpsert } from './upsert.ts'
import { keysOf, keysWhere } from './where.ts'
import {
  changeOf,
  readBack,
  readsBack,
  replaces,
  reply,
  replyOf,
  returning,
  shownBy,
  shownRows,
  splitRow,
  type Writing,
} from './writing.ts'

/** Dispatches by path id, `ids`, `filter`, records. Throws BadRequest for a body without records, and for a batch with failures. */
export async function updateRecords(asked: Writing, signal: AbortSignal): Promise<ApiReply> {
  const writing = asked.options.upsert ? upserting(asked) : asked
  const { target, payload, options, request, key } = writing
  if (target.id !== null) {
    const record = recordOfBody(writing)
    const found = keyOfPath(needIdentifiers(key), target.id)
    return updateMany(writing, 1, () => ({ key: found, record }), signal)
  }
  const { records } = payload
  if (records === null) throw noRecords(request.output)
  const first = isMembers(records[0]) ? records[0] : {}
  const { ids } = options
  if (ids !== null) {
    needIdentifiers(key)
    return updateMany(writing, ids.length, (index) => ({ key: keyOf(key, ids[index] ?? null), record: first }), signal)
  }
  if (options.filter !== null) return updateWhere(writing, options.filter, first, signal)
  needIdentifiers(key)
  const recordAt = (index: number): Members => (isMembers(records[index]) ? records[index] : {})
  return updateMany(
    writing,
    records.length,
    (index) => ({ key: keyOfRecord(key, recordAt(index), index), record: recordAt(index) }),
    signal,
  )
}

/** Inserting takes the right to it. Throws NotImplemented, Forbidden. */
function upserting(writing: Writing): Writing {
  const { target } = writing
  needUpsert(target)
  return { ...writing, insertView: target.viewOf(target.view.table, 'POST') }
}

/** One record of an upsert, by its own key. */
export const prepareUpdate = (writing: Writing, record: Members, index: number): Promise<Prepared> => {
  const planner = new WritePlanner(writing.target.view, returning(writing))
  return prepareOne(
    writing,
    planner,
    rowCheck(writing.target.view),
    () => ({ key: keyOfRecord(writing.key, record, index), record }),
    index,
  )
}

/** The bare record, or a single wrapped one (data-plane 2.7). Throws BadRequest for none and for several. */
function recordOfBody({ payload }: Writing): Members {
  const record = payload.wrapped ? oneOf(payload.records) : payload.members
  if (!isMembers(record) || isEmpty(record)) throw new BadRequest('The request contains no valid record fields.')
  return record
}

function oneOf(records: readonly Json[] | null): Json | undefined {
  if (records !== null && records.length > 1) throw new BadRequest('Only one record can be sent with an identifier.')
  return records?.[0]
}

interface Wanted {
  readonly key: KeyValue
  readonly record: Members
}

async function updateMany(
  writing: Writing,
  count: number,
  wantedAt: (index: number) => Wanted,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { target, model } = writing
  const mode = target.id === null ? writing.mode : 'rollback'
  const planner = new WritePlanner(target.view, returning(writing))
  const check = rowCheck(target.view)
  const prepareAt = (index: number): Promise<Prepared> => prepareOne(writing, planner, check, wantedAt, index)
  const prepared = await prepareAll(count, mode, prepareAt, signal)
  let rows: ReadonlyMap<string, Row> | null = null
  const after = async (session: WriteSession, written: readonly Written[]): Promise<void> => {
    if (!writing.shows) return
    const unread = written.filter((each) => each.row === null)
    if (unread.length > 0)
      rows = await readBack(
        writing,
        session,
        unread.map((each) => each.key),
      )
  }
  const results = await runBatch(
    { store: target.store, serviceId: target.serviceId, mode, prepared, model, after, reads: readsBack(writing) },
    signal,
  )
  return replyOf(writing, results, rows, 'updated', signal)
}

async function prepareOne(
  writing: Writing,
  planner: WritePlanner,
  check: RowCheck,
  wantedAt: (index: number) => Wanted,
  index: number,
): Promise<Prepared> {
  const { target, model, userId, key, options } = writing
  try {
    const wanted = wantedAt(index)
    const sent = changeOf(writing, 'update', shownBy(key, wanted.key.values), wanted.record)
    const record = model?.prepare ? await model.prepare(sent) : wanted.record
    const change = { ...sent, record }
    const nested = bringsRelated(target.view, record)
      ? await prepareNested(target.view, record, nestedTables(target), change)
      : nothingNested
    const filled = filledBy(nested)
    const whole = replaces(writing)
    if (whole) needWholeRights(target.view)
    const processed = processRecord(target.view, record, {
      kind: 'update',
      index,
      userId,
      key,
      filled,
      replaces: whole,
    })
    const setting = target.rules.allowUpsert && (target.id !== null || options.ids === null || !options.continue)
    const inserts = setting || options.upsert ? insertValues(writing, change, wanted.key, index, filled) : null
    const update: Update = { change, key: wanted.key, processed, nested, inserts, check }
    if (nested.parents.length === 0) {
      if (inserts !== null) (writing.insertView ? rowCheck(writing.insertView) : check)(inserts, 'insert')
      const refused = refusalOf(() => check(processed.values, whole ? 'insert' : 'update'))
      if (refused !== null) return refusedUpdate(writing, update, refused)
    }
    return updateOperation(writing, planner, update)
  } catch (error) {
    return { error }
  }
}

/** What a role does not see, or only reads, would be lost with the record that is replaced. Throws Forbidden. */
function needWholeRights(view: TableView): void {
  if (view.hiddenBelow(null).length === 0 && view.unwritableBelow(null).length === 0) return
  throw new Forbidden('A record can not be replaced by a role that may not write all of its fields. Use PATCH.')
}

/** What an upsert inserts where nothing was updated: the key and the fields sent; the database judges what is missing. */
function insertValues(
  writing: Writing,
  { record }: Change,
  key: KeyValue,
  index: number,
  filled: ReadonlySet<Column>,
): FieldValues {
  const { target, userId } = writing
  const how = { kind: 'insert', index, userId, key: [], lenient: true, filled } as const
  const values = new Map(processRecord(writing.insertView ?? target.view, record, how).values)
  writing.key.forEach((column, at) => {
    values.set(column, { kind: 'value', value: storedIn(column, key.values[at] ?? null) })
  })
  return values
}

function refusalOf(work: () => void): unknown {
  try {
    work()
    return null
  } catch (error) {
    return error
  }
}

/** PATCH by filter: one statement, answered with the rows that it updated, as they are now. */
async function updateWhere(writing: Writing, text: string, record: Members, signal: AbortSignal): Promise<ApiReply> {
  const { target, options, model, userId, request } = writing
  const filter = parseFilter(text, { maxTerms: target.rules.maxFilterTerms })
  // A field of a related table is looked at before: some databases don't let the statement itself ask for it.
  const fields = text.includes('.') ? await relatedFieldsOf(target, options, signal) : null
  if (model !== null || fields !== null || replaces(writing)) {
    const keys = await keysWhere(writing, filter, fields, signal)
    const whole: Writing = fields === null ? writing : { ...writing, mode: 'rollback' }
    return updateMany(whole, keys.length, (index) => ({ key: keys[index] as KeyValue, record }), signal)
  }
  const change = changeOf(writing, 'update', null, record)
  const nested = await prepareNested(target.view, record, nestedTables(target), change)
  const processed = processRecord(target.view, record, { kind: 'update', index: 0, userId, key: [] })
  rowCheck(target.view)(processed.values, 'update')
  const work = (session: Sessions): Promise<readonly Row[]> =>
    nested.children.length === 0
      ? updatedRows(writing, session, filter, processed)
      : updatedWithChildren(writing, session, filter, processed, nested)
  const places = nested.children.length === 0 ? [] : placesOf({ ...nested, parents: [] }, target)
  const rows = await writeTogether(target, places, work, signal)
  const shown = await shownRows(writing, rows, signal)
  return reply(200, wrapList(request.output, options.asList ? identifierList(shown, listNames(options)) : shown))
}

/** The children are written for each row; records that the row belongs to are not looked at (data-plane 5.5). */
async function updatedWithChildren(
  writing: Writing,
  session: Sessions,
  filter: Filter | null,
  { values, sent }: ProcessedRecord,
  nested: Nested,
): Promise<readonly Row[]> {
  const { target, options } = writing
  const key = needIdentifiers(writing.key)
  const { view } = target
  const asked = { view, filter, params: options.params, result: asRows } as const
  const keys = keysOf(await session.rows(planRead({ ...asked, columns: keyProjections(key) })), key)
  if (sent) await runOne(session, new WritePlanner(view, []).updateWhere(values, filter, options.params))
  const context = nestedContext(writing, session)
  for (const each of keys) await writeChildren(context, nested, new StoredRow(session, view, key, each.values, values))
  const found = await readBack(
    writing,
    session,
    keys.map((each) => each.values),
  )
  return [...found.values()]
}

async function updatedRows(
  writing: Writing,
  session: WriteSession,
  filter: Filter | null,
  { values, sent }: ProcessedRecord,
): Promise<readonly Row[]> {
  const { target, options, key, columns, needs, related } = writing
  const { view, store } = target
  const asked = { view, filter, params: options.params, result: asRows } as const
  if (!sent) return session.rows(planRead({ ...asked, columns: withNeeds(columns, needs), related }))
  if (store.can.returning && related.length === 0) {
    const shown = key.length === 0 && !writing.shows ? allFields(view) : withNeeds(columns, needs)
    const outcome = await runOne(session, new WritePlanner(view, shown).updateWhere(values, filter, options.params))
    return outcome.rows
  }
  const before = key.length === 0 ? [] : await session.rows(planRead({ ...asked, columns: keyProjections(key) }))
  await runOne(session, new WritePlanner(view, []).updateWhere(values, filter, options.params))
  if (key.length === 0) return session.rows(planRead({ ...asked, columns, related }))
  const found = await readBack(
    writing,
    session,
    before.map((row) => splitRow(row, key).key),
  )
  return [...found.values()]
}
