/** PUT and PATCH: both update what is sent and leave the rest (data-plane 3.7). */
import { type ApiReply, BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { type Filter, type Predicate, parseFilter } from '../filter/index.ts'
import { type KeyValue, keyOf, keyOfPath, keyOfRecord, needIdentifiers, recordNotFound } from '../keys.ts'
import { identifierList } from '../lists.ts'
import { type Change, presentRows, withNeeds } from '../model.ts'
import { isEmpty, isMembers, type Members, noRecords, wrapList } from '../payload.ts'
import type { Binds } from '../plan/binds.ts'
import { allFields, projection } from '../plan/fields.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, keyProjections, planRead } from '../plan/read.ts'
import { WritePlanner } from '../plan/write.ts'
import { listNames } from '../read.ts'
import type { Row, WriteOutcome, WriteSession } from '../store.ts'
import { type RowCheck, rowCheck } from './check.ts'
import { type FieldValues, type ProcessedRecord, processRecord } from './fields.ts'
import { type NestedWork, prepareNested, writeNested } from './nested.ts'
import { type Operation, type Prepared, runBatch, runOne, type Written } from './run.ts'
import { nestedTables, parentBinds } from './tables.ts'
import { keysWhere } from './where.ts'
import { changeOf, keyFields, readBack, reply, replyOf, returning, shownBy, splitRow, type Writing } from './writing.ts'

/** Dispatches by path id, `ids`, `filter`, records. Throws BadRequest for a body without records, and for a batch with failures. */
export async function updateRecords(writing: Writing, signal: AbortSignal): Promise<ApiReply> {
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
  const prepared: Prepared[] = []
  for (let index = 0; index < count; index += 1) {
    const each = await prepareOne(writing, planner, check, wantedAt, index)
    prepared.push(each)
    if ('error' in each && mode !== 'continue') break
  }
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
  const results = await runBatch({ store: target.store, mode, prepared, model, after }, signal)
  return replyOf(writing, results, rows, 'updated')
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
    const processed = processRecord(target.view, record, { kind: 'update', index, userId, key })
    check(processed.values, 'update')
    const works = await prepareNested(processed.nested, model, nestedTables(target), change)
    const upsert = target.rules.allowUpsert && (target.id !== null || options.ids === null || !options.continue)
    const inserts = upsert ? insertValues(writing, check, change, wanted.key, index) : null
    return updateOperation(writing, planner, { change, key: wanted.key, processed, works, inserts })
  } catch (error) {
    return { error }
  }
}

/** What an upsert inserts where nothing was updated: the key and the fields sent; the database judges what is missing. */
function insertValues(
  writing: Writing,
  check: RowCheck,
  { record }: Change,
  key: KeyValue,
  index: number,
): FieldValues {
  const { target, userId } = writing
  const how = { kind: 'insert', index, userId, key: [], lenient: true } as const
  const values = new Map(processRecord(target.view, record, how).values)
  writing.key.forEach((column, at) => {
    values.set(column, { kind: 'value', value: key.values[at] ?? null })
  })
  check(values, 'insert')
  return values
}

interface Update {
  readonly change: Change
  readonly key: KeyValue
  readonly processed: ProcessedRecord
  readonly works: readonly NestedWork[]
  /** null: no upsert. */
  readonly inserts: FieldValues | null
}

function updateOperation(writing: Writing, planner: WritePlanner, update: Update): Operation {
  const { change, key, processed, works, inserts } = update
  const { shows, returns } = writing
  const writes = processed.values.size > 0 && (processed.sent || works.length > 0)
  const statement = writes ? planner.update(processed.values, writing.key, key.values) : null
  const finish = ({ affected, rows }: WriteOutcome & { readonly ok: true }): Written => {
    const [row] = rows
    if (affected === 0 && !row) throw recordNotFound(key.text)
    const split = row ? splitRow(row, writing.key) : null
    const values: readonly (Json | Bind)[] = split?.key ?? key.values
    return {
      shown: shownBy(writing.key, values),
      key: values,
      row: shows && returns ? (split?.row ?? null) : null,
      change,
    }
  }
  return {
    change,
    statement: works.length === 0 && inserts === null ? statement : null,
    finish,
    execute: async (session) => {
      const written = await upserted(writing, planner, session, update, async () => {
        if (statement !== null) return finish(await runOne(session, statement))
        const row = await existing(writing, session, key)
        return { shown: shownBy(writing.key, key.values), key: key.values, row, change }
      })
      if (works.length > 0) {
        const parent = await parentRow(writing, session, key)
        await writeNested(session, works, parent, change, writing.userId)
      }
      return written
    },
  }
}

async function upserted(
  writing: Writing,
  planner: WritePlanner,
  session: WriteSession,
  { inserts, key, change }: Update,
  update: () => Promise<Written>,
): Promise<Written> {
  if (inserts === null) return update()
  try {
    return await update()
  } catch (error) {
    if (!isNotFound(error)) throw error
    await runOne(session, planner.insert(inserts))
    return {
      shown: shownBy(writing.key, key.values),
      key: key.values,
      row: null,
      change: { ...change, kind: 'insert' },
    }
  }
}

const isNotFound = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 404

/** Nothing to set is a success for a record that is there (data-plane 3.7). The row as answers show it, or null for later. */
async function existing(writing: Writing, session: WriteSession, key: KeyValue): Promise<Row | null> {
  const { target, shows, related, columns, needs } = writing
  const shown = shows && related.length === 0 ? withNeeds(columns, needs) : keyFields(writing.key)
  const [row] = await session.rows(
    planRead({
      view: target.view,
      columns: shown,
      where: (binds) => keyIs(writing.key, key.values, binds),
      limit: 1,
      result: asRows,
    }),
  )
  if (!row) throw recordNotFound(key.text)
  return shows && related.length === 0 ? row : null
}

async function parentRow(writing: Writing, session: WriteSession, key: KeyValue): Promise<ReadonlyMap<string, Bind>> {
  const { view } = writing.target
  const columns = view.columns.map((column) => ({ ...projection(column), as: column.name }))
  const where = (binds: Binds): Predicate => keyIs(writing.key, key.values, binds)
  const [row] = await session.rows(planRead({ view, columns, where, limit: 1, result: asRows }))
  if (!row) throw recordNotFound(key.text)
  return parentBinds(view, row)
}

/** PATCH by filter: one statement, answered with the rows that it updated, as they are now. */
async function updateWhere(writing: Writing, text: string, record: Members, signal: AbortSignal): Promise<ApiReply> {
  const { target, options, model, userId, request } = writing
  const filter = parseFilter(text, { maxTerms: target.rules.maxFilterTerms })
  if (model !== null) {
    const keys = await keysWhere(writing, filter, signal)
    return updateMany(writing, keys.length, (index) => ({ key: keys[index] as KeyValue, record }), signal)
  }
  const processed = processRecord(target.view, record, { kind: 'update', index: 0, userId, key: [] })
  rowCheck(target.view)(processed.values, 'update')
  await prepareNested(processed.nested, null, nestedTables(target), changeOf(writing, 'update', null, record))
  const rows = await target.store.write((session) => updatedRows(writing, session, filter, processed), signal)
  const shown = await presentRows(rows.slice(0, target.rules.maxRecords), writing.presenting, request)
  return reply(200, wrapList(request.output, options.asList ? identifierList(shown, listNames(options)) : shown))
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
