/** POST: creates records (data-plane 3.6). */
import { type ApiReply, BadRequest, type Bind, type Json } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import { type Change, withNeeds } from '../model.ts'
import { isMembers, type Members, noRecords } from '../payload.ts'
import { allFields } from '../plan/fields.ts'
import { keyProjections } from '../plan/read.ts'
import type { Projection } from '../plan/types.ts'
import { WritePlanner } from '../plan/write.ts'
import type { Row, WriteOutcome, WriteSession } from '../store.ts'
import { type RowCheck, rowCheck } from './check.ts'
import { bringsRelated, type FieldValues, processRecord } from './fields.ts'
import { createFlat } from './flat.ts'
import { bringsNothing, filledBy, type Nested, nothingNested, placesOf, prepareNested } from './nested.ts'
import { writeChildren, writeParents } from './related.ts'
import { StoredRow, withGiven } from './rows.ts'
import { type Operation, type Prepared, prepareAll, runBatch, runOne, type Written } from './run.ts'
import { nestedContext, nestedTables } from './tables.ts'
import {
  changeOf,
  createdReply,
  keyIn,
  readBack,
  readsBack,
  replyOf,
  shownBy,
  splitRow,
  type Writing,
} from './writing.ts'

/** Throws BadRequest for a body without records, by id, and for a batch with failures. */
export async function createRecords(writing: Writing, signal: AbortSignal): Promise<ApiReply> {
  const { target, payload, request, mode, model } = writing
  if (target.id !== null) throw new BadRequest('Create record by identifier not currently supported.')
  const { records } = payload
  if (records === null) throw noRecords(request.output)
  const returning = insertReturning(writing)
  const flat = await createFlat(writing, returning, records, signal)
  if (flat !== null) return createdReply(writing, flat)
  const planner = new WritePlanner(target.view, returning)
  const check = rowCheck(target.view)
  const recordAt = (index: number): Members => (isMembers(records[index]) ? records[index] : {})
  const prepareAt = (index: number): Prepared | Promise<Prepared> =>
    prepareOne(writing, planner, check, recordAt(index), index)
  const prepared = await prepareAll(records.length, mode, prepareAt, signal)
  let rows: ReadonlyMap<string, Row> | null = null
  const after = async (session: WriteSession, written: readonly Written[]): Promise<void> => {
    if (!writing.shows || writing.key.length === 0) return
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
  return replyOf(writing, results, rows, 'created', signal)
}

/** One record of an upsert, without a key. */
export const prepareInsert = async (writing: Writing, record: Members, index: number): Promise<Prepared> =>
  prepareOne(
    writing,
    new WritePlanner(writing.target.view, insertReturning(writing)),
    rowCheck(writing.target.view),
    record,
    index,
  )

/** Generated keys are always asked for; a table without a key answers what it can of the row. */
function insertReturning(writing: Writing): readonly Projection[] {
  const { key, shows, returns, columns, needs, target } = writing
  if (key.length === 0)
    return target.store.can.returning
      ? (shows ? columns : allFields(target.view)).filter((each) => !isComputed(each))
      : []
  return shows && returns ? [...withNeeds(columns, needs), ...keyProjections(key)] : keyProjections(key)
}

/** What is shown through a function can't be read of a row that nothing identifies. */
const isComputed = ({ through, column }: Projection): boolean => through === true && column?.isVirtual === true

/** A record that brings nothing but its own fields needs no waiting. */
function prepareOne(
  writing: Writing,
  planner: WritePlanner,
  check: RowCheck,
  sent: Members,
  index: number,
): Prepared | Promise<Prepared> {
  const { target, model, userId } = writing
  if (model?.prepare || bringsRelated(target.view, sent)) return prepareWhole(writing, planner, check, sent, index)
  try {
    const how = { kind: 'insert', index, userId, key: noColumns, filled: nothingFilled } as const
    const { values } = processRecord(target.view, sent, how)
    if (values.size === 0) throw new BadRequest('No valid fields were found in record.')
    check(values, 'insert')
    const change = changeOf(writing, 'insert', null, sent)
    return insertOperation(writing, planner, change, { values, nested: nothingNested, check })
  } catch (error) {
    return { error }
  }
}

const noColumns: readonly Column[] = []
const nothingFilled: ReadonlySet<Column> = new Set()

async function prepareWhole(
  writing: Writing,
  planner: WritePlanner,
  check: RowCheck,
  sent: Members,
  index: number,
): Promise<Prepared> {
  const { target, model, userId } = writing
  try {
    const change = changeOf(writing, 'insert', null, sent)
    const record = model?.prepare ? await model.prepare(change) : sent
    const nested = await prepareNested(target.view, record, nestedTables(target), change)
    const how = { kind: 'insert', index, userId, key: [], filled: filledBy(nested) } as const
    const { values } = processRecord(target.view, record, how)
    if (nested.parents.length === 0) {
      if (values.size === 0) throw new BadRequest('No valid fields were found in record.')
      check(values, 'insert')
    }
    return insertOperation(writing, planner, { ...change, record }, { values, nested, check })
  } catch (error) {
    return { error }
  }
}

interface Insert {
  readonly values: FieldValues
  readonly nested: Nested
  readonly check: RowCheck
}

function insertOperation(
  writing: Writing,
  planner: WritePlanner,
  change: Change,
  { values, nested, check }: Insert,
): Operation {
  const finish = (outcome: WriteOutcome & { readonly ok: true }, of = values): Written =>
    insertedRow(writing, change, of, outcome.rows[0] ?? null)
  const bare = bringsNothing(nested) ? planner.insert(values) : null
  if (bare !== null) {
    return { change, statement: bare, finish, execute: async (session) => finish(await runOne(session, bare)) }
  }
  const { view } = writing.target
  return {
    change,
    statement: null,
    elsewhere: placesOf(nested, writing.target),
    finish,
    execute: async (session) => {
      const context = nestedContext(writing, session)
      const all = withGiven(values, await writeParents(context, nested, view))
      if (nested.parents.length > 0) check(all, 'insert')
      const written = finish(await runOne(session, planner.insert(all)), all)
      const key = written.key.map((value) => value as Bind)
      await writeChildren(context, nested, new StoredRow(session, view, writing.key, key, all))
      return written
    },
  }
}

function insertedRow(writing: Writing, change: Change, values: FieldValues, row: Row | null): Written {
  const { key, shows, returns } = writing
  if (key.length === 0) {
    const shown = row ?? givenRow(writing, values)
    return { shown, key: [], row: shown, change }
  }
  const told = row === null ? null : keyIn(row, key)
  const keyValues = key.map((column, at) => told?.[at] ?? givenBind(values, column))
  const shown = shownBy(key, keyValues)
  return {
    shown,
    key: keyValues,
    row: shows && returns && row !== null ? splitRow(row, key).row : null,
    change: { ...change, key: shown },
  }
}

function givenBind(values: FieldValues, column: Column): Bind {
  const value = values.get(column)
  return value?.kind === 'value' ? value.value : null
}

/** What was written, where nothing can be read back (data-plane 3.6, a table without a key). */
function givenRow({ columns, target, shows }: Writing, values: FieldValues): Row {
  const row: { [name: string]: Json } = {}
  for (const [column] of values) {
    const asked = !shows || columns.some((each) => each.column === column)
    if (asked && target.view.sees(column)) Object.assign(row, shownBy([column], [givenBind(values, column)]))
  }
  return row
}
