/** What the three kinds of writes have in common: what they answer, and how rows are read again. */
import type { ApiReply, ApiRequest, Bind, Json, Verb } from 'dataferry/sdk'
import { type BatchEntry, type BatchMode, type BatchVerb, batchError, batchMode } from '../batch.ts'
import { castToColumn } from '../cast.ts'
import { type Column, nameOf } from '../catalog/types.ts'
import { canonicalKey, identifiers, shownKey } from '../keys.ts'
import { identifierList } from '../lists.ts'
import {
  type Change,
  neededBy,
  type Presenting,
  presenting,
  presentRows,
  type RecordModel,
  withNeeds,
} from '../model.ts'
import type { RecordOptions } from '../options.ts'
import { type Members, type Payload, wrapList } from '../payload.ts'
import { fieldsOf, projection } from '../plan/fields.ts'
import { keyIs, oneOf } from '../plan/predicates.ts'
import { asRows, keyName, keyProjections, planRead, type ReadAsked, takeKey } from '../plan/read.ts'
import type { Projection } from '../plan/types.ts'
import { listNames, presentingRelated, relatedTables } from '../read.ts'
import { withAcross } from '../relate/across.ts'
import { type Relating, relationsOf } from '../relate/read.ts'
import type { Row, WriteSession } from '../store.ts'
import type { RecordTarget } from '../target.ts'
import type { TableView } from '../view.ts'
import { type Precondition, preconditionOf } from './precondition.ts'
import type { Result, Written } from './run.ts'

/** A write's request, understood. Nothing of it can fail later for the way that it was asked. */
export interface Writing {
  readonly target: RecordTarget
  readonly request: ApiRequest
  readonly options: RecordOptions
  readonly payload: Payload
  readonly mode: BatchMode
  /** The columns that identify a record here; empty where nothing does. */
  readonly key: readonly Column[]
  /** What answers show. */
  readonly columns: readonly Projection[]
  readonly needs: readonly Column[]
  readonly related: readonly Relating[]
  readonly presenting: Presenting | null
  readonly model: RecordModel | null
  readonly userId: number | null
  /** Answers show more than identifiers. */
  readonly shows: boolean
  /** The statements themselves can answer it. */
  readonly returns: boolean
  /** What `If-Match` asks for; null: nothing. */
  readonly precondition: Precondition | null
  /** Where an upsert inserts, if not where it updates. */
  readonly insertView?: TableView
}

/** Understands a write: options are judged before anything is done (data-plane 2.12). Throws BadRequest, Forbidden. */
export async function understand(
  target: RecordTarget,
  request: ApiRequest,
  options: RecordOptions,
  payload: Payload,
  signal: AbortSignal,
): Promise<Writing> {
  const { view, store } = target
  const mode = batchMode(options, false)
  const key = identifiers(view, options.idField)
  const columns = [
    ...fieldsOf(view, options.fields ?? 'ids', key, false),
    ...revisionShown(view, options, request.verb),
  ]
  const asked = relationsOf(view, options, relatedTables(target), signal)
  const related = asked instanceof Promise ? await asked : asked
  const model = target.modelOf(view.table)
  const needs = neededBy(model, view.table)
  const identifies =
    columns.length === key.length && columns.every((each) => each.column !== null && key.includes(each.column))
  const presents = model?.present !== undefined && options.fields !== null && options.fields !== 'ids'
  const shows = related.length > 0 || !identifies || presents
  return {
    target,
    request,
    options,
    payload,
    mode,
    key,
    columns,
    needs,
    related,
    presenting: shows ? presenting(model, columns, needs, presentingRelated(related)) : null,
    model,
    userId: request.caller.user?.id ?? null,
    shows,
    returns: related.length === 0 && store.can.returning && !columns.some((each) => each.through === true),
    precondition: await preconditionOf(target, request, options, key, signal),
  }
}

/** What writes answer beside the identifiers where nothing else is asked for: by it a client knows the record that it has made. */
function revisionShown(view: TableView, { fields }: RecordOptions, verb: Verb): readonly Projection[] {
  if (verb === 'DELETE' || (fields !== null && fields !== 'ids')) return []
  const revision = revisionOf(view)
  return revision === null ? [] : [projection(revision)]
}

/** The column that every write changes, where the caller sees it. */
export function revisionOf(view: TableView): Column | null {
  const { revision } = view.table
  return revision === undefined ? null : view.column(revision)
}

/** PUT replaces a document; a row of a table has its columns whatever is sent (data-plane 3.7, 8.1). */
export const replaces = ({ target, request }: Pick<Writing, 'target' | 'request'>): boolean =>
  target.view.table.open === true && request.verb === 'PUT'

/** What answers show has to be read behind the statements. */
export const readsBack = ({ shows, returns }: Writing): boolean => shows && !returns

/** What a statement is asked to answer for each row: the fields shown, then the key. */
export const returning = ({ shows, returns, columns, needs, key }: Writing): readonly Projection[] =>
  shows && returns ? [...withNeeds(columns, needs), ...keyProjections(key)] : []

/** The row of a statement's answer, and the key taken out of it. */
export function splitRow(row: Row, key: readonly Column[]): { readonly row: Row; readonly key: readonly Json[] } {
  const bare: { [name: string]: Json } = { ...row }
  const values = takeKey(bare, key)
  return { row: bare, key: values }
}

/** The key of a row of a statement's answer. */
export const keyIn = (row: Row, key: readonly Column[]): readonly Json[] => key.map((_, at) => row[keyName(at)] ?? null)

/** An identifier as answers show it. */
export function shownBy(key: readonly Column[], values: readonly (Json | Bind)[]): Row {
  const [only] = key
  const shown = (column: Column, at: number): Json => shownKey((values[at] ?? null) as Bind, column)
  if (only && key.length === 1) return { [nameOf(only)]: shown(only, 0) }
  return Object.fromEntries(key.map((column, at) => [nameOf(column), shown(column, at)]))
}

/** A hook's view of a write. */
export const changeOf = (writing: Writing, kind: Change['kind'], key: Row | null, record: Members): Change => ({
  kind,
  table: writing.target.view.table,
  key,
  record,
  request: writing.request,
})

const window = 1000

/** Reads rows again by their keys, inside the session, as answers show them. Rows that can't be found are left out. */
export async function readBack(
  writing: Writing,
  session: WriteSession,
  keys: readonly (readonly (Json | Bind)[])[],
): Promise<ReadonlyMap<string, Row>> {
  const { target, key, columns, needs, related } = writing
  const found = new Map<string, Row>()
  const base: Omit<ReadAsked, 'result' | 'where'> = {
    view: target.view,
    columns: [...withNeeds(columns, needs), ...keyProjections(key)],
    related,
    maxRelated: target.rules.maxRecords,
  }
  const read = async (where: NonNullable<ReadAsked['where']>, as?: string): Promise<void> => {
    for (const each of await session.rows(planRead({ ...base, where, result: asRows }))) {
      const { row, key: values } = splitRow(each, key)
      const text = as ?? canonicalKey(values)
      if (!found.has(text)) found.set(text, row)
    }
  }
  const binds = keys.map((values) => key.map((column, at) => asBind(values[at] ?? null, column)))
  const [only] = key
  if (only && key.length === 1) {
    const values = binds.map((each) => each[0] ?? null)
    for (let at = 0; at < values.length; at += window) {
      await read((plan) => oneOf(only, values.slice(at, at + window), plan))
    }
  }
  for (const each of binds) {
    const text = canonicalKey(each)
    if (!found.has(text)) await read((plan) => keyIs(key, each, plan), text)
  }
  return found
}

const asBind = (value: Json | Bind, column: Column): Bind =>
  value instanceof Uint8Array ? value : castToColumn(value as Json, column)

/** What a list or by-id call answers for its results. Throws the inner error by id, the batch's error for a list. */
export async function replyOf(
  writing: Writing,
  results: readonly Result[],
  rows: ReadonlyMap<string, Row> | null,
  verb: BatchVerb,
  signal: AbortSignal,
): Promise<ApiReply> {
  const { target, options, request, mode } = writing
  const byId = target.id !== null
  const [only] = results
  if (byId && only && !only.ok) throw only.error
  const shown: Row[] = []
  const entries: BatchEntry[] = []
  const whole = await wholeRows(writing, results, rows, signal)
  for (const result of results) {
    if (!result.ok) {
      entries.push({ ok: false, error: target.discretion?.of(result.error) ?? result.error })
      continue
    }
    const told = shownOf(writing, result.written, whole.get(result) ?? null)
    const row = told instanceof Promise ? await told : told
    shown.push(row)
    entries.push({ ok: true, shown: verb === 'deleted' ? row : result.written.shown })
  }
  if (entries.some((entry) => !entry.ok)) throw batchError(verb, mode, entries)
  const status = verb === 'created' ? 201 : 200
  if (byId) return reply(status, shown[0] ?? {})
  return reply(status, wrapList(request.output, options.asList ? identifierList(shown, listNames(options)) : shown))
}

/** What a list call answers for records that were all created. */
export const createdReply = ({ request, options }: Writing, rows: readonly Row[]): ApiReply =>
  reply(201, wrapList(request.output, options.asList ? identifierList(rows, listNames(options)) : rows))

export const reply = (status: number, value: Json): ApiReply => ({
  status,
  headers: {},
  body: { kind: 'value', value },
})

function shownOf(writing: Writing, written: Written, row: Row | null): Row | Promise<Row> {
  if (!writing.shows) return written.row ?? written.shown
  if (!row) return written.shown
  if (writing.presenting === null) return row
  return presentRows([row], writing.presenting, writing.request).then(([shown]) => shown ?? written.shown)
}

/** The rows of the results, with what is related to them elsewhere: that is read when all is written. */
async function wholeRows(
  writing: Writing,
  results: readonly Result[],
  rows: ReadonlyMap<string, Row> | null,
  signal: AbortSignal,
): Promise<ReadonlyMap<Result, Row>> {
  const found = new Map<Result, Row>()
  if (!writing.shows) return found
  for (const result of results) {
    const row = result.ok ? (rows?.get(canonicalKey(result.written.key)) ?? result.written.row) : null
    if (row) found.set(result, row)
  }
  const whole = await withAcross([...found.values()], writing.related, signal)
  return new Map([...found.keys()].map((result, at) => [result, whole[at] ?? {}]))
}

/** The rows that a write by filter answers, as many as an answer may have. */
export async function shownRows(
  { target, related, presenting: by, request }: Writing,
  rows: readonly Row[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  return presentRows(await withAcross(rows.slice(0, target.rules.maxRecords), related, signal), by, request)
}

/** The columns of a key as projections under their own names. */
export const keyFields = (key: readonly Column[]): readonly Projection[] => key.map(projection)
