/**
 * Rows of a related table, as nested writes handle them: one at a time, inside the session of the record that they come with, with the
 * caller's rights on their own table, its validation and its row filter, as if they were written directly (data-plane 5.4, 5.5).
 */
import { type ApiRequest, type Bind, Forbidden, type Json, NotImplemented, type Verb } from 'dataferry/sdk'
import { castToColumn, openStored } from '../cast.ts'
import { type Column, nameOf, type Table } from '../catalog/types.ts'
import { recordNotFound } from '../keys.ts'
import type { Change, RecordModel } from '../model.ts'
import type { Members } from '../payload.ts'
import { projection } from '../plan/fields.ts'
import { keyIs } from '../plan/predicates.ts'
import { asRows, keyProjections, planRead, takeKey } from '../plan/read.ts'
import { WritePlanner } from '../plan/write.ts'
import type { Row, WriteSession } from '../store.ts'
import { realColumn, type TableView } from '../view.ts'
import { rowCheck } from './check.ts'
import { type FieldValue, type FieldValues, processRecord } from './fields.ts'
import { runOne } from './run.ts'
import type { Place, Sessions, Undo } from './together.ts'
import { undoDelete, undoInsert, undoUpdate } from './undo.ts'

/** What nested writes of one record work with. */
export interface NestedContext {
  readonly sessions: Sessions
  readonly request: ApiRequest
  readonly userId: number | null
  /** A child that may not lose its parent is deleted instead (data-plane 5.5). */
  readonly allowRelatedDelete: boolean
}

/** A related table under the verbs of one caller. */
export interface RelatedTable {
  readonly table: Table
  /** The service that it is in. */
  readonly place: Place
  readonly model: RecordModel | null
  /** Throws Forbidden for a caller who may not. */
  view(verb: Verb): TableView
}

/** Values for columns that something else than the row's own data decides. */
export type Given = ReadonlyMap<Column, Bind>

export const noneGiven: Given = new Map()

/** Columns of a table by their real names. */
export const columnsNamed = (table: Table, names: readonly string[]): readonly Column[] =>
  names.map((name) => realColumn(table, name)).filter((column) => column !== null)

/** What messages call a key. */
export const keyText = (key: readonly Bind[]): string =>
  key.length === 1 ? String(key[0]) : `(${key.map(String).join(',')})`

/** A row that is there: what is known of it, and the rest as soon as it is asked for. */
export class StoredRow {
  readonly #session: WriteSession
  readonly #view: TableView
  readonly #key: readonly Column[]
  readonly #keyValues: readonly Bind[]
  readonly #known: FieldValues

  constructor(
    session: WriteSession,
    view: TableView,
    key: readonly Column[],
    keyValues: readonly Bind[],
    known: FieldValues = new Map(),
  ) {
    this.#session = session
    this.#view = view
    this.#key = key
    this.#keyValues = keyValues
    this.#known = known
  }

  /** The values of these columns, null where there is none. */
  async binds(columns: readonly Column[]): Promise<readonly Bind[]> {
    const known = columns.map((column) => this.#bind(column))
    const unknown = columns.filter((_, at) => known[at] === undefined)
    if (unknown.length === 0 || this.#key.length === 0) return known.map((bind) => bind ?? null)
    const [row] = await this.#session.rows(
      planRead({
        view: this.#view,
        columns: keyProjections(unknown),
        where: (binds) => keyIs(this.#key, this.#keyValues, binds),
        limit: 1,
        result: asRows,
      }),
    )
    const read = row ? takeKey({ ...row }, unknown) : []
    return columns.map((column, at) => known[at] ?? castToColumn(read[unknown.indexOf(column)] ?? null, column))
  }

  #bind(column: Column): Bind | undefined {
    const at = this.#key.indexOf(column)
    if (at !== -1) return this.#keyValues[at] ?? null
    const value = this.#known.get(column)
    if (column.open === true) return undefined
    return value?.kind === 'value' && value.through === undefined ? value.value : undefined
  }
}

/** The rows of one related table. */
export class RelatedRows {
  readonly key: readonly Column[]
  readonly #of: RelatedTable
  readonly #context: NestedContext
  readonly #session: WriteSession

  constructor(of: RelatedTable, context: NestedContext) {
    this.#of = of
    this.#context = context
    this.#session = context.sessions.of(of.place)
    this.key = columnsNamed(of.table, of.table.primaryKey)
  }

  get table(): Table {
    return this.#of.table
  }

  /** The keys of the rows whose columns hold the values, as far as the caller may see them under the verb. */
  async keysOf(columns: readonly Column[], values: readonly Bind[], verb: Verb): Promise<readonly (readonly Bind[])[]> {
    const rows = await this.#session.rows(
      planRead({
        view: this.#of.view(verb),
        columns: keyProjections(this.key),
        where: (binds) => keyIs(columns, values, binds),
        result: asRows,
      }),
    )
    return rows.map((row) => this.#keyBinds(row))
  }

  async exists(columns: readonly Column[], values: readonly Bind[], verb: Verb): Promise<boolean> {
    const rows = await this.#session.rows(
      planRead({
        view: this.#of.view(verb),
        columns: columns.map(projection),
        where: (binds) => keyIs(columns, values, binds),
        limit: 1,
        result: asRows,
      }),
    )
    return rows.length > 0
  }

  /** Inserts a record; what is given stands above what it says itself. `index`: its place, for messages. */
  async insert(record: Members, given: Given, index: number): Promise<StoredRow> {
    const { userId } = this.#context
    const session = this.#session
    const view = this.#of.view('POST')
    needWritable(view, given.keys())
    const how = { kind: 'insert', index, userId, key: [], filled: new Set(given.keys()) } as const
    const values = withGiven(processRecord(view, record, how).values, given)
    rowCheck(view)(values, 'insert')
    const change = this.#changeOf('insert', null, record)
    await this.#of.model?.check?.(session, change)
    const outcome = await runOne(session, new WritePlanner(view, keyProjections(this.key)).insert(values))
    const [row] = outcome.rows
    const key = row
      ? this.#keyBinds(row)
      : this.key.map((column) => {
          const value = values.get(column)
          return value?.kind === 'value' ? value.value : null
        })
    this.#wrote(() => undoInsert(this.table, this.key, key))
    await this.#of.model?.audit?.(session, { ...change, key: row ? this.#shown(key) : null })
    return new StoredRow(session, view, this.key, key, values)
  }

  /**
   * Updates the row of a key; null: the caller does not see it. What is given is set, `where` must hold of the row before. A record that
   * sets nothing only has to be there.
   */
  async update(
    key: readonly Bind[],
    record: Members,
    given: Given,
    index: number,
    where: Given = noneGiven,
  ): Promise<StoredRow | null> {
    const { userId } = this.#context
    const session = this.#session
    const view = this.#of.view('PATCH')
    needWritable(view, given.keys())
    const how = { kind: 'update', index, userId, key: this.key, filled: new Set(given.keys()) } as const
    const processed = processRecord(view, record, how)
    const values = withGiven(processed.sent ? processed.values : new Map(), given)
    const columns = [...this.key, ...where.keys()]
    const held = [...key, ...where.values()]
    if (values.size === 0) {
      return (await this.exists(columns, held, 'PATCH')) ? new StoredRow(session, view, this.key, key) : null
    }
    if (!processed.sent)
      for (const [column, value] of processed.values) if (!values.has(column)) values.set(column, value)
    const change = this.#changeOf('update', this.#shown(key), record)
    if (view.filtered && !(await this.exists(columns, held, 'PATCH'))) return null
    rowCheck(view)(values, 'update')
    await this.#of.model?.check?.(session, change)
    this.#needUndo()
    const undo = this.#undoes ? await undoUpdate(session, this.table, this.key, key, [...values.keys()]) : null
    const outcome = await runOne(session, new WritePlanner(view, []).update(values, columns, held))
    if (outcome.affected === 0) return null
    this.#wrote(() => undo)
    await this.#of.model?.audit?.(session, change)
    return new StoredRow(session, view, this.key, key, values)
  }

  /** Deletes the row of a key, if `where` holds of it; whether it did. */
  async delete(key: readonly Bind[], where: Given): Promise<boolean> {
    const session = this.#session
    const view = this.#of.view('DELETE')
    const change = this.#changeOf('delete', this.#shown(key), {})
    await this.#of.model?.check?.(session, change)
    const planner = new WritePlanner(view, [])
    const columns = [...this.key, ...where.keys()]
    this.#needUndo()
    const undo = this.#undoes ? await undoDelete(session, this.table, this.key, key) : []
    const outcome = await runOne(session, planner.delete(columns, [...key, ...where.values()]))
    if (outcome.affected > 0) this.#wrote(() => undo)
    if (outcome.affected > 0) await this.#of.model?.audit?.(session, change)
    return outcome.affected > 0
  }

  /** Deletes every row whose columns hold the values, as far as the caller may. */
  async deleteWhere(held: Given): Promise<void> {
    const planner = new WritePlanner(this.#of.view('DELETE'), [])
    const columns = [...held.keys()]
    const values = [...held.values()]
    this.#needUndo()
    const undo = this.#undoes ? await undoDelete(this.#session, this.table, columns, values) : []
    await runOne(this.#session, planner.delete(columns, values))
    this.#wrote(() => undo)
  }

  /** A row that is left as it is. */
  known(key: readonly Bind[]): StoredRow {
    return new StoredRow(this.#session, this.#of.view('GET'), this.key, key)
  }

  missing(key: readonly Bind[]): Error {
    return recordNotFound(keyText(key))
  }

  get #undoes(): boolean {
    return this.#context.sessions.undoes(this.#of.place)
  }

  /** What a document was before can't be said by its columns, so it can't be put back. */
  #needUndo(): void {
    if (this.#undoes && this.table.open === true)
      throw new NotImplemented(
        'Documents of another service can be created along with a record, not changed or deleted.',
      )
  }

  /** Another service commits by itself, so it keeps how to undo. */
  #wrote(undo: () => Undo | readonly Undo[] | null): void {
    if (!this.#undoes) return
    for (const each of [undo() ?? []].flat()) this.#context.sessions.wrote(this.#of.place, each)
  }

  #keyBinds(row: Row): readonly Bind[] {
    const values = takeKey({ ...row }, this.key)
    return this.key.map((column, at) => castToColumn(values[at] ?? null, column))
  }

  #changeOf(kind: Change['kind'], key: Row | null, record: Members): Change {
    return { kind, table: this.table, key, record, request: this.#context.request }
  }

  #shown(key: readonly Bind[]): Row {
    return Object.fromEntries(this.key.map((column, at) => [nameOf(column), (key[at] ?? null) as Json]))
  }
}

/** A column that refers to another record is a field like any other: who may not write it can't write it by this way either. */
export function needWritable(view: TableView, columns: Iterable<Column>): void {
  for (const column of columns) {
    if (!view.writes(column)) throw new Forbidden('Denied access to some of the requested fields.')
  }
}

/** A value that is known as it is compared, as the column stores it. */
export const storedIn = (column: Column, value: Bind): Bind =>
  column.open === true ? openStored(value as Json) : value

/** The values with what is given above them. */
export function withGiven(values: FieldValues, given: Given): Map<Column, FieldValue> {
  const all = new Map(values)
  for (const [column, value] of given) all.set(column, { kind: 'value', value: storedIn(column, value) })
  return all
}
