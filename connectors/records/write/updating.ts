/** The update of one record, with what it brings: parents first, the row or an insert in its place, then its children (data-plane 3.7). */
import type { Bind, Json } from 'dataferry/sdk'
import { type KeyValue, recordNotFound } from '../keys.ts'
import { type Change, withNeeds } from '../model.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, planRead } from '../plan/read.ts'
import type { WritePlanner } from '../plan/write.ts'
import type { WriteOutcome, WriteSession } from '../store.ts'
import type { RowCheck } from './check.ts'
import type { FieldValues, ProcessedRecord } from './fields.ts'
import { bringsNothing, type Nested, placesOf } from './nested.ts'
import { writeChildren, writeParents } from './related.ts'
import { type Given, noneGiven, StoredRow, withGiven } from './rows.ts'
import { type Operation, runOne, type Written } from './run.ts'
import { nestedContext } from './tables.ts'
import { insertMissing } from './upsert.ts'
import { keyFields, replaces, shownBy, splitRow, type Writing } from './writing.ts'

/** One record to be updated. */
export interface Update {
  readonly change: Change
  readonly key: KeyValue
  readonly processed: ProcessedRecord
  readonly nested: Nested
  /** null: no upsert. */
  readonly inserts: FieldValues | null
  readonly check: RowCheck
}

export function updateOperation(writing: Writing, planner: WritePlanner, update: Update): Operation {
  const { change, key, processed, nested, inserts } = update
  const writes = processed.values.size > 0 && (processed.sent || nested.children.length > 0)
  const statement = writes ? planner.update(processed.values, writing.key, key.values, replaces(writing)) : null
  const finish = (outcome: WriteOutcome & { readonly ok: true }): Written => updatedRow(writing, update, outcome)
  return {
    change,
    statement: bringsNothing(nested) && inserts === null && writing.precondition === null ? statement : null,
    elsewhere: placesOf(nested, writing.target),
    finish,
    execute: async (session) => {
      await writing.precondition?.(session, key)
      const context = nestedContext(writing, session)
      const given = await writeParents(context, nested, writing.target.view)
      const values = withGiven(processed.values, given)
      if (nested.parents.length > 0) update.check(values, 'update')
      const written = await upserted(writing, planner, session, { ...update, given }, async () => {
        if (given.size > 0)
          return finish(await runOne(session, planner.update(values, writing.key, key.values, replaces(writing))))
        if (statement !== null) return finish(await runOne(session, statement))
        return unchanged(writing, session, update)
      })
      if (nested.children.length > 0) {
        const row = new StoredRow(session, writing.target.view, writing.key, key.values, values)
        await writeChildren(context, nested, row)
      }
      return written
    },
  }
}

/** An update that the row filter refuses; a record that the caller does not see is told first (data-plane 3.11). */
export function refusedUpdate(writing: Writing, update: Update, refusal: unknown): Operation {
  return {
    change: update.change,
    statement: null,
    finish: (outcome) => updatedRow(writing, update, outcome),
    execute: async (session) => {
      if (update.inserts === null) await unchanged(writing, session, update)
      throw refusal
    },
  }
}

function updatedRow(
  { key, shows, returns }: Writing,
  update: Update,
  { affected, rows }: WriteOutcome & { readonly ok: true },
): Written {
  const [row] = rows
  if (affected === 0 && !row) throw recordNotFound(update.key.text)
  const split = row ? splitRow(row, key) : null
  const values: readonly (Json | Bind)[] = split?.key ?? update.key.values
  return {
    shown: shownBy(key, values),
    key: values,
    row: shows && returns ? (split?.row ?? null) : null,
    change: update.change,
  }
}

async function upserted(
  writing: Writing,
  planner: WritePlanner,
  session: WriteSession,
  asked: Update & { readonly given?: Given },
  update: () => Promise<Written>,
): Promise<Written> {
  const { inserts, check, given = noneGiven } = asked
  if (inserts === null) return update()
  try {
    return await update()
  } catch (error) {
    if (!isNotFound(error)) throw error
    const values = withGiven(inserts, given)
    if (given.size > 0) check(values, 'insert')
    return insertMissing(writing, planner, session, asked, values, update)
  }
}

const isNotFound = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'status' in error && error.status === 404

/** Nothing to set is a success for a record that is there (data-plane 3.7), shown as answers show it, or read later. */
async function unchanged(writing: Writing, session: WriteSession, { key, change, nested }: Update): Promise<Written> {
  const { target, shows, related, columns, needs } = writing
  const now = shows && related.length === 0 && bringsNothing(nested)
  const [row] = await session.rows(
    planRead({
      view: target.view,
      columns: now ? withNeeds(columns, needs) : keyFields(writing.key),
      where: (binds) => keyIs(writing.key, key.values, binds),
      limit: 1,
      result: asRows,
    }),
  )
  if (!row) throw recordNotFound(key.text)
  return { shown: shownBy(writing.key, key.values), key: key.values, row: now ? row : null, change }
}
