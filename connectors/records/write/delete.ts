/** DELETE (data-plane 3.8). */
import { ApiError, type ApiReply, BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { castToColumn } from '../cast.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import { type Filter, parseFilter } from '../filter/index.ts'
import { type KeyValue, keyOf, keyOfPath, keyOfRecord, needIdentifiers, recordNotFound } from '../keys.ts'
import { identifierList } from '../lists.ts'
import { withNeeds } from '../model.ts'
import { isMembers, wrapList } from '../payload.ts'
import { allFields } from '../plan/fields.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, planRead } from '../plan/read.ts'
import { WritePlanner } from '../plan/write.ts'
import { listNames, relatedFieldsOf } from '../read.ts'
import type { Row, WriteOutcome, WriteSession } from '../store.ts'
import { type Operation, type Prepared, prepareAll, runBatch, runOne, type Written } from './run.ts'
import { keysWhere } from './where.ts'
import {
  changeOf,
  reply,
  replyOf,
  returning,
  revisionOf,
  shownBy,
  shownRows,
  splitRow,
  type Writing,
} from './writing.ts'

/** Dispatches by path id, `ids`, records, `filter`, `force`. Throws BadRequest where nothing says what to delete. */
export async function deleteRecords(writing: Writing, signal: AbortSignal): Promise<ApiReply> {
  const { target, options, payload, key } = writing
  if (target.id !== null) {
    const found = keyOfPath(needIdentifiers(key), target.id)
    return deleteMany(writing, 1, () => found, signal)
  }
  const { ids, filter } = options
  if (ids !== null) {
    needIdentifiers(key)
    return deleteMany(writing, ids.length, (index) => keyOf(key, ids[index] ?? null), signal)
  }
  const { records } = payload
  if (records !== null) {
    needIdentifiers(key)
    const keyAt = (index: number): KeyValue => keyOfRecord(key, records[index] ?? null, index)
    return deleteMany(writing, records.length, keyAt, signal, (index) => heldIn(writing, records[index] ?? null))
  }
  if (filter !== null) {
    const parsed = parseFilter(filter, { maxTerms: target.rules.maxFilterTerms })
    if (parsed !== null) return deleteWhere(writing, parsed, signal)
  }
  if (!options.force) throw new BadRequest('No filter or records given for delete request.')
  return deleteAll(writing, signal)
}

async function deleteMany(
  writing: Writing,
  count: number,
  keyAt: (index: number) => KeyValue,
  signal: AbortSignal,
  heldAt: (index: number) => Held | null = () => null,
): Promise<ApiReply> {
  const { target, model } = writing
  const mode = target.id === null ? writing.mode : 'rollback'
  const planner = new WritePlanner(target.view, returning(writing))
  const prepareAt = (index: number): Prepared => prepareOne(writing, planner, keyAt, heldAt, index)
  const prepared = await prepareAll(count, mode, prepareAt, signal)
  const results = await runBatch({ store: target.store, serviceId: target.serviceId, mode, prepared, model }, signal)
  return replyOf(writing, results, null, 'deleted', signal)
}

function prepareOne(
  writing: Writing,
  planner: WritePlanner,
  keyAt: (index: number) => KeyValue,
  heldAt: (index: number) => Held | null,
  index: number,
): Prepared {
  try {
    return deleteOperation(writing, planner, keyAt(index), heldAt(index))
  } catch (error) {
    return { error }
  }
}

/** A revision that a record is deleted under, and under no other. */
interface Held {
  readonly column: Column
  readonly value: Bind
}

function heldIn({ target }: Writing, record: Json): Held | null {
  const column = revisionOf(target.view)
  if (column === null || !isMembers(record)) return null
  const value = record[nameOf(column)] ?? null
  return value === null ? null : { column, value: castToColumn(value, column) }
}

function deleteOperation(writing: Writing, planner: WritePlanner, key: KeyValue, held: Held | null): Operation {
  const { shows, returns } = writing
  const change = changeOf(writing, 'delete', shownBy(writing.key, key.values), {})
  const statement = held
    ? planner.delete([...writing.key, held.column], [...key.values, held.value])
    : planner.delete(writing.key, key.values)
  const readsFirst = shows && !returns
  const finish = ({ affected, rows }: WriteOutcome & { readonly ok: true }): Written => {
    const [row] = rows
    if (affected === 0 && !row) throw held ? otherRevision(key.text) : recordNotFound(key.text)
    const split = row ? splitRow(row, writing.key) : null
    const values: readonly (Json | Bind)[] = split?.key ?? key.values
    return { shown: shownBy(writing.key, values), key: values, row: shows ? (split?.row ?? null) : null, change }
  }
  return {
    change,
    statement: readsFirst || writing.precondition !== null ? null : statement,
    finish,
    execute: async (session) => {
      await writing.precondition?.(session, key)
      const row = readsFirst ? await before(writing, session, key) : null
      const written = finish(await runOne(session, statement))
      return row === null ? written : { ...written, row }
    },
  }
}

const otherRevision = (text: string): ApiError =>
  new ApiError(409, `Record with identifier '${text}' has another revision by now, or is gone. Read it again.`)

/** The row as it was. */
async function before(writing: Writing, session: WriteSession, key: KeyValue): Promise<Row> {
  const { target, columns, needs, related } = writing
  const [row] = await session.rows(
    planRead({
      view: target.view,
      columns: withNeeds(columns, needs),
      related,
      maxRelated: target.rules.maxRecords,
      where: (binds) => keyIs(writing.key, key.values, binds),
      limit: 1,
      result: asRows,
    }),
  )
  if (!row) throw recordNotFound(key.text)
  return row
}

/** All matches, in one statement. */
async function deleteWhere(writing: Writing, filter: Filter, signal: AbortSignal): Promise<ApiReply> {
  const { target, options, request, model } = writing
  // A field of a related table is looked at before: some databases don't let the statement itself ask for it.
  const fields = options.filter?.includes('.') ? await relatedFieldsOf(target, options, signal) : null
  if (model !== null || fields !== null) {
    const keys = await keysWhere(writing, filter, fields, signal)
    const whole: Writing = fields === null ? writing : { ...writing, mode: 'rollback' }
    return deleteMany(whole, keys.length, (index) => keys[index] as KeyValue, signal)
  }
  const rows = await target.store.write((session) => deletedRows(writing, session, filter), signal)
  const shown = await shownRows(writing, rows, signal)
  return reply(200, wrapList(request.output, options.asList ? identifierList(shown, listNames(options)) : shown))
}

async function deletedRows(writing: Writing, session: WriteSession, filter: Filter): Promise<readonly Row[]> {
  const { target, options, key, columns, needs, related, shows } = writing
  const { view, store, rules } = target
  const shown = key.length === 0 && !shows ? allFields(view) : withNeeds(columns, needs)
  if (store.can.returning && related.length === 0) {
    return (await runOne(session, new WritePlanner(view, shown).deleteWhere(filter, options.params))).rows
  }
  const asked = { view, filter, params: options.params, columns: shown, related, maxRelated: rules.maxRecords }
  const rows = await session.rows(planRead({ ...asked, result: asRows }))
  await runOne(session, new WritePlanner(view, []).deleteWhere(filter, options.params))
  return rows
}

/** `force=true`: every row that the view shows. */
async function deleteAll(writing: Writing, signal: AbortSignal): Promise<ApiReply> {
  const { target, model } = writing
  if (model !== null) {
    const keys = await keysWhere(writing, null, null, signal)
    if (keys.length > 0)
      await deleteMany({ ...writing, mode: 'rollback' }, keys.length, (index) => keys[index] as KeyValue, signal)
  } else {
    const planner = new WritePlanner(target.view, [])
    await target.store.write((session) => runOne(session, planner.deleteWhere(null, new Map())), signal)
  }
  return reply(200, { success: true })
}
