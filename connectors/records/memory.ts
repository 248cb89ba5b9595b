/**
 * Plans run in memory, over rows that are arrays of objects: for sources that are no databases (folders of CSV, small documents) and
 * for tests. Filters, groups, orders, pages and relations mean what they mean in SQL, with a binary collation.
 */
import {
  type Bind,
  type Budget,
  encodeValue,
  InternalError,
  type Json,
  NotFound,
  parseJson,
  type RowSource,
} from 'dataferry/sdk'
import type { Column, Table } from './catalog/types.ts'
import {
  compareValues,
  compute,
  digitsOf,
  evaluate,
  type Predicate,
  type RowGetter,
  type Slot,
  type Value,
} from './filter/index.ts'
import { canonicalKey } from './keys.ts'
import type { OrderTerm, Planned, Projection, ReadPlan, RelatedRead } from './plan/types.ts'
import type { Row } from './store.ts'

/** The rows of a table, keys are the columns' real names. May be asked for several tables: those of relations. */
export type MemoryRows = (table: Table) => Iterable<Row> | Promise<Iterable<Row>>

/** A plan over rows in memory as a RowSource. `wrapperName`: the key of lists in values. */
export function memoryRows({ plan, binds }: Planned<ReadPlan>, rows: MemoryRows, wrapperName = 'resource'): RowSource {
  const body = (wrapper: string | null): Promise<Json> => new MemoryRead(binds, rows).body(plan, wrapper, wrapperName)
  return {
    weight: plan.result.kind === 'record' ? 'point' : 'page',
    async encode(output, sink, signal) {
      signal.throwIfAborted()
      const { kind } = plan.result
      const wrapper = kind === 'list' ? output.wrapper : null
      const value = await new MemoryRead(binds, rows).body(plan, wrapper, output.wrapperName)
      signal.throwIfAborted()
      await sink.write(encodeValue(output, value))
    },
    async value(budget, signal) {
      signal.throwIfAborted()
      const value = await body(wrapperName)
      checkBudget(value, budget)
      return value
    },
  }
}

/** The rows of a plan, for a session that reads inside its own writes. */
export const memoryRead = ({ plan, binds }: Planned<ReadPlan>, rows: MemoryRows): Promise<readonly Row[]> =>
  new MemoryRead(binds, rows).rows(plan)

/** The rows that a write's `where` meets. */
export function memoryMatches(rows: Iterable<Row>, where: Predicate | null, binds: readonly Bind[]): Row[] {
  return [...rows].filter((row) => where === null || evaluate(where, binds, getter(row)))
}

/** One row's values, as projections ask for them. */
export function memoryRow(row: Row, columns: readonly Projection[], binds: readonly Bind[]): Row {
  return project([row], columns, binds)
}

function checkBudget(value: Json, budget: Budget): void {
  const list = Array.isArray(value) ? value : Object.values(value ?? {}).find((member) => Array.isArray(member))
  if (Array.isArray(list) && list.length > budget.rows) {
    throw new InternalError('The result is too large to be handled as a whole. Ask for fewer records or fields.')
  }
}

const getter =
  (row: Row): RowGetter =>
  (column) =>
    Object.hasOwn(row, column.name) ? (row[column.name] as Json) : null

class MemoryRead {
  readonly #binds: readonly Bind[]
  readonly #source: MemoryRows

  constructor(binds: readonly Bind[], source: MemoryRows) {
    this.#binds = binds
    this.#source = source
  }

  async body(plan: ReadPlan, wrapper: string | null, wrapperName: string): Promise<Json> {
    const { result } = plan
    switch (result.kind) {
      case 'count':
        return (await this.#matching(plan)).length
      case 'rows':
        return this.rows(plan)
      case 'record': {
        const [row] = await this.rows(plan)
        if (!row) throw new NotFound(String(this.#binds[result.missing] ?? ''))
        return row
      }
      case 'list': {
        const matching = await this.#matching(plan)
        const rows = await this.#shown(plan, matching)
        const meta = this.#meta(plan, result, matching.length)
        const key = meta === null ? wrapper : (wrapper ?? wrapperName)
        if (key === null) return rows
        return meta === null ? { [key]: rows } : { [key]: rows, meta }
      }
    }
  }

  async rows(plan: ReadPlan): Promise<readonly Row[]> {
    return this.#shown(plan, await this.#matching(plan))
  }

  async #matching(plan: ReadPlan): Promise<Row[]> {
    return memoryMatches(await this.#source(plan.from), plan.where, this.#binds)
  }

  #meta(plan: ReadPlan, result: ReadPlan['result'] & { readonly kind: 'list' }, count: number): Json | null {
    const meta: { [name: string]: Json } = {}
    const limit = this.#number(plan.limit) ?? Number.POSITIVE_INFINITY
    const offset = this.#number(plan.offset) ?? 0
    if (result.count === 'also' || (result.count === 'over' && count > limit)) meta.count = count
    if (result.count !== 'no' && count - offset > limit) meta.next = offset + limit
    if (result.schema !== null) meta.schema = parseJson(String(this.#binds[result.schema]))
    return Object.keys(meta).length === 0 ? null : meta
  }

  #number(slot: Slot | null): number | null {
    return slot === null ? null : Number(this.#binds[slot])
  }

  async #shown(plan: ReadPlan, matching: readonly Row[]): Promise<readonly Row[]> {
    const groups = this.#groups(plan, matching)
    const ordered = this.#ordered(plan, groups)
    const offset = this.#number(plan.offset) ?? 0
    const limit = this.#number(plan.limit)
    const page = ordered.slice(offset, limit === null ? undefined : offset + limit)
    const shown = page.map((group) => project(group, plan.columns, this.#binds))
    for (const related of plan.related) await this.#relate(related, page, plan, shown)
    return shown
  }

  /** Each row alone, or rows that belong together. Aggregates without a group are one group of all. */
  #groups(plan: ReadPlan, rows: readonly Row[]): readonly (readonly Row[])[] {
    if (plan.group === null) {
      return plan.columns.some(({ expr }) => expr.kind === 'aggregate') ? [rows] : rows.map((row) => [row])
    }
    const groups = new Map<string, Row[]>()
    for (const row of rows) {
      const key = JSON.stringify(plan.group.map((expr) => textKey(compute(expr, this.#binds, getter(row)) ?? null)))
      const group = groups.get(key)
      if (group) group.push(row)
      else groups.set(key, [row])
    }
    return [...groups.values()]
  }

  #ordered(plan: ReadPlan, groups: readonly (readonly Row[])[]): readonly (readonly Row[])[] {
    if (plan.order.length === 0) return groups
    const sorted = groups.map((group) => ({ group, keys: plan.order.map((term) => this.#sortKey(term, plan, group)) }))
    sorted.sort((a, b) => {
      for (const [index, term] of plan.order.entries()) {
        const order = compareTerm(a.keys[index] ?? null, b.keys[index] ?? null, term, plan)
        if (order !== 0) return order
      }
      return 0
    })
    return sorted.map((each) => each.group)
  }

  #sortKey({ expr }: OrderTerm, plan: ReadPlan, group: readonly Row[]): Value {
    if (expr.kind !== 'output') return compute(expr, this.#binds, getter(group[0] ?? {})) ?? null
    const column = plan.columns[expr.index]
    return column ? projected(column, group, this.#binds) : null
  }

  async #relate(
    related: RelatedRead,
    page: readonly (readonly Row[])[],
    plan: ReadPlan,
    shown: readonly Row[],
  ): Promise<void> {
    const all = await this.#matching(related.plan)
    const links = related.via === null ? null : await this.#links(related)
    const limit = Number(this.#binds[related.perParent])
    for (const [index, group] of page.entries()) {
      const keys = related.on.map(({ parent }) => {
        const column = plan.columns[parent]
        return column ? projected(column, group, this.#binds) : null
      })
      const children = keys.includes(null) ? [] : all.filter((child) => meets(related, child, keys, links))
      const inner = { ...related.plan, related: related.plan.related }
      const rows = (await this.#shown(inner, children)).slice(0, limit)
      ;(shown[index] as { [name: string]: Json })[related.name] = shapeChildren(related, rows)
    }
  }

  /** The keys of the far side by those of the near one. */
  async #links({ via }: RelatedRead): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const links = new Map<string, Set<string>>()
    if (via === null) return links
    for (const row of memoryMatches(await this.#source(via.table), via.where, this.#binds)) {
      const near = valuesOf(row, via.near)
      const far = valuesOf(
        row,
        via.far.map((each) => each.junction),
      )
      if (near.includes(null) || far.includes(null)) continue
      const key = canonicalKey(near)
      const set = links.get(key) ?? new Set()
      links.set(key, set.add(canonicalKey(far)))
    }
    return links
  }
}

const valuesOf = (row: Row, columns: readonly Column[]): readonly Json[] =>
  columns.map((column) => row[column.name] ?? null)

function meets(
  { on, via }: RelatedRead,
  child: Row,
  keys: readonly Value[],
  links: ReadonlyMap<string, ReadonlySet<string>> | null,
): boolean {
  if (via === null || links === null) {
    return on.every(
      ({ child: column }, index) => compareValues(keys[index] ?? null, asValue(child[column.name]), column.type) === 0,
    )
  }
  return (
    links.get(canonicalKey(keys))?.has(
      canonicalKey(
        valuesOf(
          child,
          via.far.map((each) => each.child),
        ),
      ),
    ) ?? false
  )
}

const asValue = (value: Json | undefined): Value =>
  value === undefined || value === null || typeof value === 'object'
    ? digitsOf(value ?? null)
      ? String(value)
      : null
    : value

function shapeChildren({ shape }: RelatedRead, rows: readonly Row[]): Json {
  if (shape === 'list') return rows
  return rows[0] ?? (shape === 'object-or-null' ? null : [])
}

function project(group: readonly Row[], columns: readonly Projection[], binds: readonly Bind[]): Row {
  const row: { [name: string]: Json } = Object.create(null)
  for (const column of columns) {
    if (column.hidden) continue
    const { expr } = column
    row[column.as] = expr.kind === 'column' ? (group[0]?.[expr.column.name] ?? null) : projected(column, group, binds)
  }
  return row
}

function projected({ expr }: Projection, group: readonly Row[], binds: readonly Bind[]): Value {
  if (expr.kind !== 'aggregate') return compute(expr, binds, getter(group[0] ?? {})) ?? null
  const { name, of } = expr
  if (of === null) return group.length
  const values = group.map((row) => compute(of, binds, getter(row)) ?? null).filter((value) => value !== null)
  if (name === 'COUNT') return values.length
  if (values.length === 0) return null
  if (name === 'SUM' || name === 'AVG') {
    const sum = values.reduce((total: number, value) => total + Number(digitsOf(value) ? value : 0), 0)
    return name === 'SUM' ? sum : sum / values.length
  }
  const type = of.kind === 'column' ? of.column.type : null
  const sign = name === 'MIN' ? -1 : 1
  return values.reduce((best, value) => ((compareValues(value, best, type) ?? 0) * sign > 0 ? value : best))
}

function compareTerm(a: Value, b: Value, { expr, descending, nulls }: OrderTerm, plan: ReadPlan): number {
  if (a === null || b === null) {
    if (a === b) return 0
    const first = nulls === null ? !descending : nulls === 'first'
    return (a === null) === first ? -1 : 1
  }
  const inner = expr.kind === 'output' ? plan.columns[expr.index]?.expr : expr
  const order = compareValues(a, b, inner?.kind === 'column' ? inner.column.type : null) ?? 0
  return descending ? -order : order
}

const textKey = (value: Value): string => `${typeof value === 'bigint' ? 'number' : typeof value}:${String(value)}`
