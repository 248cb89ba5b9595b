/**
 * TableView: a table as one caller may see it, and the only way to name a column in a plan (architecture, "One policy engine").
 * A hidden column does not exist, a read-only one cannot be written, and every plan over the view carries the role's row filter,
 * as a tree of its own beside the client's (data-plane 3.11, 4.9).
 */
import { type Bind, type Caller, InternalError, type Json, type Policy } from 'dataferry/sdk'
import { isWithin, openColumn } from './catalog/open.ts'
import { type Column, nameOf, type Relation, type Table } from './catalog/types.ts'
import {
  allOf,
  defaultModifiers,
  type Filter,
  type LookupSource,
  type Predicate,
  printFilter,
  resolveFilter,
  type Scope,
} from './filter/index.ts'
import { Binds } from './plan/binds.ts'
import { filteredBy, isShownThrough } from './plan/functions.ts'
import type { RelatedFields } from './relate/fields.ts'

/** What of a table does not depend on who asks: made once for each description. */
interface TableIndex {
  /** By the name that clients use, lower case. */
  readonly byName: ReadonlyMap<string, Column>
  readonly byRealName: ReadonlyMap<string, Column>
  /** Virtual ones that show something among them. */
  readonly columns: readonly Column[]
}

const indexes = new WeakMap<Table, TableIndex>()

function indexOf(table: Table): TableIndex {
  const known = indexes.get(table)
  if (known) return known
  const columns = table.columns.filter((column) => !column.isVirtual || isShownThrough(column))
  const index: TableIndex = {
    byName: new Map(columns.map((column) => [nameOf(column).toLowerCase(), column])),
    byRealName: new Map(
      columns.filter((column) => !column.isVirtual).map((column) => [column.name.toLowerCase(), column]),
    ),
    columns,
  }
  indexes.set(table, index)
  return index
}

/** A column by its real name, hidden or not: for keys and relations that the catalog declares. */
export const realColumn = (table: Table, name: string): Column | null =>
  indexOf(table).byRealName.get(name.toLowerCase()) ?? openColumn(table, name)

interface Rights {
  /** Names as clients use them, lower case. A role's also count where they are a column's real name: an alias uncovers nothing. */
  readonly hidden: ReadonlySet<string>
  /** A client's value is dropped. */
  readonly readOnly: ReadonlySet<string>
  /** A write that names one is refused. */
  readonly refused: ReadonlySet<string>
  /** Hidden ones that the model of the table writes itself: no client names them, and its `prepare` drops what a client sent. */
  readonly concealed?: ReadonlySet<string>
  readonly rows: readonly Filter[]
  /** Views of one table with equal rights on its columns have the same; left out: it is not known. */
  readonly known?: object | undefined
  /** Whether the other side of a relation may be known, where not all may. */
  readonly meets?: (relation: Relation) => boolean
}

/** Values that texts may refer to as `{user.id}` (data-plane 2.13). */
export interface LookupValues {
  readonly lookups: { readonly [name: string]: Json }
  readonly modifiers?: ReadonlySet<string>
}

/** By either of its names. */
const names = (set: ReadonlySet<string>, column: Column): boolean =>
  set.has(nameOf(column).toLowerCase()) || (column.alias !== null && set.has(column.name.toLowerCase()))

/** The column is at one of these paths of an open table, or below. */
function within(column: Column, paths: ReadonlySet<string>): boolean {
  for (const path of paths) if (isWithin(column.name, path)) return true
  return false
}

const below = (paths: ReadonlySet<string>, column: Column | null): readonly string[] =>
  paths.size === 0 ? none : [...paths].filter((path) => column === null || isWithin(path, column.name))

const none: readonly string[] = []

const invalidFilter = 'Invalid server-side filter configuration detected.'

const noParams: ReadonlyMap<string, Json> = new Map()
const noNames: ReadonlySet<string> = new Set()

/** A row filter of a role, resolved. Its values have the first slots. */
interface FixedRows {
  readonly predicate: Predicate
  readonly values: readonly Bind[]
}

const resolvedFilters = new WeakMap<Filter, WeakMap<Table, FixedRows | null>>()

export class TableView implements LookupSource {
  readonly table: Table
  /** Visible columns, in the table's order. */
  readonly columns: readonly Column[]
  readonly modifiers: ReadonlySet<string>
  readonly #index: TableIndex
  readonly #rights: Rights
  readonly #values: LookupValues

  /** Use `viewOf` or `viewOfEverything`. */
  constructor(table: Table, rights: Rights, values: LookupValues) {
    this.table = table
    this.#index = indexOf(table)
    this.#rights = rights
    this.#values = values
    this.modifiers = values.modifiers ?? defaultModifiers
    this.columns =
      rights.hidden.size === 0 ? this.#index.columns : this.#index.columns.filter((each) => this.sees(each))
  }

  /** The name that clients use. */
  get name(): string {
    return nameOf(this.table)
  }

  /** A visible column by the name that clients use, in any case. */
  column(name: string): Column | null {
    const column = this.#index.byName.get(name.toLowerCase()) ?? this.#undeclared(name)
    return column !== null && this.sees(column) ? column : null
  }

  sees(column: Column): boolean {
    const { hidden } = this.#rights
    if (hidden.size === 0) return true
    return !names(hidden, column) && !(column.open === true && within(column, hidden))
  }

  /** Nothing of the column's value is hidden. */
  seesWhole(column: Column): boolean {
    return this.sees(column) && (column.open !== true || this.hiddenBelow(column).length === 0)
  }

  /** A field of an open table. What begins with the name of a relation is of that. */
  #undeclared(name: string): Column | null {
    if (this.table.open !== true) return null
    const column = openColumn(this.table, name)
    if (column === null || !name.includes('.')) return column
    const lower = name.toLowerCase()
    return this.relations.some((relation) => lower.startsWith(`${nameOf(relation).toLowerCase()}.`)) ? null : column
  }

  /** Of an open table: the paths below the column (null: in the whole record) that the caller does not see. */
  hiddenBelow(column: Column | null): readonly string[] {
    return below(this.#rights.hidden, column)
  }

  /** Of an open table: the paths below the column (null: in the whole record) that the caller may not write. */
  unwritableBelow(column: Column | null): readonly string[] {
    const { readOnly, refused } = this.#rights
    return [...below(readOnly, column), ...below(refused, column)]
  }

  /** Every name, in lower case, of the columns that are hidden. */
  get hiddenNames(): readonly string[] {
    if (this.#rights.hidden.size === 0) return []
    if (this.table.open === true) return [...this.#rights.hidden]
    return this.#index.columns
      .filter((column) => !this.sees(column))
      .flatMap((column) => [nameOf(column).toLowerCase(), column.name.toLowerCase()])
  }

  /** Whether a client's value for the column counts; what does not is dropped without a word (data-plane 3.10). */
  writes(column: Column): boolean {
    if (column.isVirtual || column.isGenerated) return false
    if (!this.sees(column)) return this.#rights.concealed?.has(nameOf(column).toLowerCase()) ?? false
    if (column.validation && 'api_read_only' in column.validation) return false
    const { readOnly } = this.#rights
    if (column.open === true && within(column, readOnly)) return false
    return !readOnly.has(nameOf(column).toLowerCase()) && !this.refuses(column)
  }

  /** Whether the caller sees the column and may not write it: what names it in a write is refused (docs/permissions.md). */
  refuses(column: Column): boolean {
    const { refused } = this.#rights
    if (refused.size === 0 || !this.sees(column)) return false
    return names(refused, column) || (column.open === true && within(column, refused))
  }

  /** The columns of the table's key; empty where there is none, or where a part of it is hidden. */
  get key(): readonly Column[] {
    const columns = this.table.primaryKey.map((name) => realColumn(this.table, name))
    return columns.every((column) => column !== null && this.sees(column)) ? (columns as Column[]) : []
  }

  /** Relations without a hidden column on either side, in the table's order. */
  get relations(): readonly Relation[] {
    const { hidden, meets } = this.#rights
    if (hidden.size === 0 && !meets) return this.table.relations
    return this.table.relations.filter((relation) => this.seesAll(relation.fields) && (!meets || meets(relation)))
  }

  /** Whether columns of these real names are there and visible. */
  seesAll(realNames: readonly string[]): boolean {
    return realNames.every((name) => {
      const column = realColumn(this.table, name)
      return column !== null && this.seesWhole(column)
    })
  }

  lookup(name: string): Json | undefined {
    const { lookups } = this.#values
    return Object.hasOwn(lookups, name) ? lookups[name] : undefined
  }

  /** What a client's filter, order or expression may name. */
  scope(binds: Binds, params: ReadonlyMap<string, Json> = noParams, fields: RelatedFields | null = null): Scope {
    return {
      ...(fields ? { related: (name: string) => fields.at(name, binds, params) } : {}),
      column: (name) => this.#compared(name),
      ...(this.table.open === true && this.#rights.hidden.size === 0 ? { native: true } : {}),
      meaning: (column) => filteredBy(column, this.table, (value) => binds.add(value)),
      bind: (value) => binds.add(value),
      params,
      lookup: (name) => this.lookup(name),
      modifiers: this.modifiers,
    }
  }

  /** What is compared and sorted by tells of all that is in it. */
  #compared(name: string): Column | null {
    const column = this.column(name)
    return column !== null && this.seesWhole(column) ? column : null
  }

  /** There is a row filter. */
  get filtered(): boolean {
    return this.#rights.rows.length > 0
  }

  /** The row filters as written, for the check of values that are about to be written (data-plane 3.11). */
  get rowFilters(): readonly Filter[] {
    return this.#rights.rows
  }

  /** The row filter, resolved: hidden columns may be named here. Throws BadRequest where a lookup does not fit its column. */
  rows(binds: Binds): Predicate | null {
    const { rows } = this.#rights
    if (rows.length === 0) return null
    const [only] = rows
    const fixed = rows.length === 1 && only !== undefined && binds.values.length === 0 ? this.#fixedRows(only) : null
    if (fixed !== null) {
      for (const value of fixed.values) binds.add(value)
      return fixed.predicate
    }
    const scope = this.roleScope(binds)
    try {
      return allOf(rows.map((filter) => resolveFilter(filter, scope)))
    } catch (error) {
      // It would name the field.
      if (this.#rights.hidden.size > 0) throw new InternalError(invalidFilter, { cause: error })
      throw error
    }
  }

  /** A filter without lookups is resolved once for each table; null: it has some, or does not fit. */
  #fixedRows(filter: Filter): FixedRows | null {
    let tables = resolvedFilters.get(filter)
    if (tables === undefined) {
      tables = new WeakMap()
      resolvedFilters.set(filter, tables)
    }
    let fixed = tables.get(this.table)
    if (fixed === undefined) {
      fixed = printFilter(filter).includes('{') ? null : this.#resolved(filter)
      tables.set(this.table, fixed)
    }
    return fixed
  }

  #resolved(filter: Filter): FixedRows | null {
    const binds = new Binds()
    try {
      return { predicate: resolveFilter(filter, this.roleScope(binds)), values: binds.values }
    } catch {
      return null
    }
  }

  /** What a row filter may name: every column. */
  roleScope(binds: Binds): Scope {
    return {
      ...this.scope(binds),
      column: (name) => {
        const column = this.#index.byName.get(name.toLowerCase()) ?? openColumn(this.table, name)
        if (!column) throw new InternalError(invalidFilter)
        return column
      },
    }
  }

  /** What views of this table with the same rights on its columns have in common: what is known of them can be kept under it. */
  get rightsKey(): object {
    return this.#rights.known ?? this
  }

  /** The same view over fewer rows. */
  narrowed(filter: Filter): TableView {
    return new TableView(this.table, { ...this.#rights, rows: [...this.#rights.rows, filter] }, this.#values)
  }

  /** The same view without these columns, or without writing these. Names as clients use them. */
  without(hidden: Iterable<string>, readOnly: Iterable<string> = []): TableView {
    const lower = (more: Iterable<string>, and: ReadonlySet<string>): ReadonlySet<string> =>
      new Set([...and, ...[...more].map((name) => name.toLowerCase())])
    const rights = {
      ...this.#rights,
      known: undefined,
      hidden: lower(hidden, this.#rights.hidden),
      readOnly: lower(readOnly, this.#rights.readOnly),
    }
    return new TableView(this.table, rights, this.#values)
  }

  /** The same view with these columns hidden from clients, and written by the model of the table alone. */
  concealing(columns: Iterable<string>): TableView {
    const concealed = new Set([...columns].map((name) => name.toLowerCase()))
    return new TableView(
      this.table,
      {
        ...this.#rights,
        known: undefined,
        hidden: new Set([...this.#rights.hidden, ...concealed]),
        concealed,
      },
      this.#values,
    )
  }
}

/** The table as a policy shows it to a caller. `meets`: which relations may be known by what they lead to; all where it is left out. */
export function viewOf(
  table: Table,
  policy: Policy,
  caller: Caller,
  modifiers?: ReadonlySet<string>,
  meets?: (relation: Relation) => boolean,
): TableView {
  // Role filters are made by `roleFilter` of this package, and pass through the kernel unread.
  const rows = policy.rows === null ? [] : [policy.rows as Filter]
  const values = modifiers ? { lookups: caller.lookups, modifiers } : caller
  const { hidden, readOnly } = policy
  return new TableView(
    table,
    { hidden, readOnly: noNames, refused: readOnly, rows, known: policy, ...(meets ? { meets } : {}) },
    values,
  )
}

/**
 * The table whole, without any policy: for migrations, the system store's own reads and writes, and administrators' resources whose
 * access is decided elsewhere. Every use of it is a decision that can be searched for.
 */
export function viewOfEverything(table: Table, values: LookupValues = { lookups: {} }): TableView {
  return new TableView(table, { hidden: noNames, readOnly: noNames, refused: noNames, rows: [] }, values)
}
