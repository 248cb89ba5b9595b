/** Plans of writes over one view. Equal statements of a batch share a shape; the row filter's values come first in every execution. */
import type { Bind, Json } from 'dataferry/sdk'
import type { Column, Table } from '../catalog/types.ts'
import { allOf, type Filter, type PlanExpr, type Predicate, resolveExpr, resolveFilter } from '../filter/index.ts'
import type { TableView } from '../view.ts'
import type { FieldValue, FieldValues } from '../write/fields.ts'
import { Binds } from './binds.ts'
import { resolveFunction } from './functions.ts'
import { keyIs } from './predicates.ts'
import { shapeOfWrite } from './shape.ts'
import type { Assignment, Planned, Projection, WritePlan } from './types.ts'

const none: readonly never[] = []

/** The plan of the last insert: the records of a batch set the same columns as a rule, so that only their values differ. */
interface LastInsert {
  readonly columns: readonly Column[]
  readonly plan: WritePlan
  readonly shape: string
}

export class WritePlanner {
  #last: LastInsert | null = null
  readonly #view: TableView
  readonly #returning: readonly Projection[]
  readonly #first: readonly Bind[]
  readonly #rows: Predicate | null

  /** `returning`: what each written row answers. Throws BadRequest where a lookup of the row filter does not fit. */
  constructor(view: TableView, returning: readonly Projection[]) {
    const binds = new Binds()
    this.#view = view
    this.#returning = returning
    this.#rows = view.rows(binds)
    this.#first = binds.values
  }

  /** The binds of the plan are those of its one execution. */
  insert(values: FieldValues): Planned<WritePlan> {
    const again = this.#again(values)
    if (again !== null) return again
    const binds = new Binds()
    const planned = this.#planned('insert', this.#assignments(values, binds), null, binds)
    const isPlain = planned.plan.set.every(({ expr }, at) => expr.kind === 'value' && expr.value === at)
    this.#last = isPlain ? { columns: [...values.keys()], plan: planned.plan, shape: planned.shape } : null
    return planned
  }

  /** Inserts, or where the key is there overwrites these columns. The row filter says which rows may be. */
  upsert(values: FieldValues, key: readonly Column[], overwrite: readonly Column[]): Planned<WritePlan> {
    const binds = new Binds(this.#first)
    const set = this.#assignments(values, binds)
    const plan: WritePlan = {
      kind: 'upsert',
      into: this.#view.table,
      set,
      where: this.#rows,
      key,
      overwrite,
      returning: none,
    }
    return { plan, shape: shapeOfWrite(plan), binds: binds.values }
  }

  /** `replaces`: of an open table, nothing else of the record stays but its key. */
  update(
    values: FieldValues,
    key: readonly Column[],
    keyValues: readonly Bind[],
    replaces = false,
  ): Planned<WritePlan> {
    const binds = new Binds(this.#first)
    const where = allOf([keyIs(key, keyValues, binds), this.#rows])
    return this.#planned('update', this.#assignments(values, binds), where, binds, replaces)
  }

  delete(key: readonly Column[], keyValues: readonly Bind[]): Planned<WritePlan> {
    const binds = new Binds(this.#first)
    return this.#planned('delete', none, allOf([keyIs(key, keyValues, binds), this.#rows]), binds)
  }

  /** Every row that the filter meets; null: every row that the view shows. */
  updateWhere(values: FieldValues, filter: Filter | null, params: Params): Planned<WritePlan> {
    const binds = new Binds(this.#first)
    const where = this.#where(filter, params, binds)
    return this.#planned('update', this.#assignments(values, binds), where, binds)
  }

  deleteWhere(filter: Filter | null, params: Params): Planned<WritePlan> {
    const binds = new Binds(this.#first)
    return this.#planned('delete', none, this.#where(filter, params, binds), binds)
  }

  /** The last plan with these values; null where they are of other columns, or more than values. */
  #again(values: FieldValues): Planned<WritePlan> | null {
    const last = this.#last
    if (last === null || values.size !== last.columns.length) return null
    const binds: Bind[] = []
    for (const [column, value] of values) {
      if (last.columns[binds.length] !== column || value.kind !== 'value' || value.through !== undefined) return null
      binds.push(value.value)
    }
    return { plan: last.plan, shape: last.shape, binds }
  }

  #where(filter: Filter | null, params: Params, binds: Binds): Predicate | null {
    return allOf([filter === null ? null : resolveFilter(filter, this.#view.scope(binds, params)), this.#rows])
  }

  #assignments(values: FieldValues, binds: Binds): readonly Assignment[] {
    const set: Assignment[] = []
    for (const [column, value] of values) {
      const expr =
        value.kind === 'value'
          ? written(value, this.#view.table, binds)
          : resolveExpr(value.expr, this.#view.scope(binds))
      set.push({ column, expr })
    }
    return set
  }

  #planned(
    kind: WritePlan['kind'],
    set: readonly Assignment[],
    where: Predicate | null,
    binds: Binds,
    replaces = false,
  ): Planned<WritePlan> {
    const plan: WritePlan = {
      kind,
      into: this.#view.table,
      set,
      ...(replaces ? { replaces } : null),
      where,
      key: none,
      returning: this.#returning,
    }
    return { plan, shape: shapeOfWrite(plan), binds: binds.values }
  }
}

function written(value: FieldValue & { readonly kind: 'value' }, table: Table, binds: Binds): PlanExpr {
  const plain: PlanExpr = { kind: 'value', value: binds.add(value.value) }
  if (value.through === undefined) return plain
  return resolveFunction(value.through, { table, value: plain, bind: (bind) => binds.add(bind) }) ?? plain
}

type Params = ReadonlyMap<string, Json>
