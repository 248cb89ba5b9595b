/**
 * `If-Match`: a record is written only if it is still the one whose tag the client names, which is what a GET of the same address (with
 * the same `fields` and `related`, in the same format) answers in `ETag`. It is compared inside the write's transaction, with the row
 * locked, so nothing comes between.
 */
import { type ApiRequest, BadRequest, encodeValue, entityHash, namesEntity, PreconditionFailed } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import { type KeyValue, needIdentifiers, recordNotFound } from '../keys.ts'
import { neededBy, presenting, presentRows, withNeeds } from '../model.ts'
import type { RecordOptions } from '../options.ts'
import { fieldsOf } from '../plan/fields.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, planRead } from '../plan/read.ts'
import { presentingRelated, relatedTables } from '../read.ts'
import { relationsOf } from '../relate/read.ts'
import type { WriteSession } from '../store.ts'
import type { RecordTarget } from '../target.ts'

/** Throws PreconditionFailed where the record is another one, NotFound where there is none and none would be made. */
export type Precondition = (session: WriteSession, found: KeyValue) => Promise<void>

/** null: the request has no condition. Throws BadRequest for one on a list, Forbidden where the caller may not read the record. */
export async function preconditionOf(
  target: RecordTarget,
  request: ApiRequest,
  options: RecordOptions,
  key: readonly Column[],
  signal: AbortSignal,
): Promise<Precondition | null> {
  const condition = request.headers['if-match']
  if (condition === undefined) return null
  if (target.id === null) throw new BadRequest("'If-Match' is about one record: use it with an identifier in the path.")
  const view = target.viewOf(target.view.table, 'GET')
  const columns = fieldsOf(view, options.fields, needIdentifiers(key), false)
  const related = await relationsOf(view, options, relatedTables(target), signal)
  const model = target.modelOf(view.table)
  const needs = neededBy(model, view.table)
  const by = presenting(model, columns, needs, presentingRelated(related))
  const makes = options.upsert || target.rules.allowUpsert
  return async (session, found) => {
    const rows = await session.rows(
      planRead({
        view,
        columns: withNeeds(columns, needs),
        related,
        maxRelated: target.rules.maxRecords,
        where: (binds) => keyIs(key, found.values, binds),
        limit: 1,
        lock: true,
        result: asRows,
      }),
    )
    const [row] = await presentRows(rows.slice(0, 1), by, request)
    if (!row && !(makes && request.verb !== 'DELETE')) throw recordNotFound(found.text)
    if (!row || !namesEntity(condition, entityHash(encodeValue(request.output, row)))) {
      throw new PreconditionFailed(
        "The record is not the one that 'If-Match' names: it has changed since. Read it again.",
      )
    }
  }
}
