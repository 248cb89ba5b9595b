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
  type Aggregated,
  aggregatedBy,
  compareValues,
  compute,
  digitsOf,
  evaluate,
  type Predicate,
  type RelatedRows,
  type RowGetter,
  type Slot,
  type Value,
} from './filter/index.ts'
import { jsonText } from './json.ts'
import { canonicalKey } from './keys.ts'
import type { OrderTerm, Planned, Projection, ReadPlan, RelatedRead } from './plan/types.ts'
import { getter, orderValue, relatedRowsOf, tablesAside } from './relate/memory.ts'
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
export function memoryMatches(
  rows: Iterable<Row>,
  where: Predicate | null,
  binds: readonly Bind[],
  related?: RelatedRows,
): Row[] {
  return [...rows].filter((row) => where === null || evaluate(where, binds, getter(row), related))
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

const noRelated: RelatedRows = () => []

/** What a group has: the values that its rows share, and aggregates of them. */
const groupGetter =
  (group: readonly Row[], binds: readonly Bind[]): RowGetter =>
  (column) => {
    const aggregated = aggregatedBy(column)
    return aggregated === null ? getter(group[0] ?? {})(column) : aggregateOf(aggregated, group, binds)
  }

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
        return this.#counted(plan, await this.#matching(plan))
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
        const meta = this.#meta(plan, result, this.#counted(plan, matching))
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
    const related = await this.#related(plan)
    return memoryMatches(await this.#source(plan.from), plan.where, this.#binds, related)
  }

  /** What the filter and the order need of other tables. */
  async #related({ where, order }: ReadPlan): Promise<RelatedRows> {
    const rows = new Map<Table, readonly Row[]>()
    for (const table of tablesAside(where, order)) rows.set(table, [...(await this.#source(table))])
    return relatedRowsOf(rows, this.#binds)
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

  /** Rows before limit and grouping; where groups or rows are left out, those that are left. */
  #counted(plan: ReadPlan, matching: readonly Row[]): number {
    return plan.having || plan.distinct === true ? this.#groups(plan, matching).length : matching.length
  }

  #number(slot: Slot | null): number | null {
    return slot === null ? null : Number(this.#binds[slot])
  }

  async #shown(plan: ReadPlan, matching: readonly Row[]): Promise<readonly Row[]> {
    const groups = this.#groups(plan, matching)
    const ordered = this.#ordered(plan, groups, plan.order.length === 0 ? noRelated : await this.#related(plan))
    const offset = this.#number(plan.offset) ?? 0
    const limit = this.#number(plan.limit)
    const page = ordered.slice(offset, limit === null ? undefined : offset + limit)
    const shown = page.map((group) => project(group, plan.columns, this.#binds))
    for (const related of plan.related) await this.#relate(related, page, plan, shown)
    return shown
  }

  #groups(plan: ReadPlan, rows: readonly Row[]): readonly (readonly Row[])[] {
    const { having } = plan
    const all = this.#allGroups(plan, rows)
    const kept = having ? all.filter((group) => evaluate(having, this.#binds, groupGetter(group, this.#binds))) : all
    if (plan.distinct !== true) return kept
    const shown = new Map<string, readonly Row[]>()
    for (const group of kept) {
      const key = jsonText(Object.values(project(group, plan.columns, this.#binds)))
      if (!shown.has(key)) shown.set(key, group)
    }
    return [...shown.values()]
  }

  /** Each row alone, or rows that belong together. Aggregates without a group are one group of all. */
  #allGroups(plan: ReadPlan, rows: readonly Row[]): readonly (readonly Row[])[] {
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

  #ordered(plan: ReadPlan, groups: readonly (readonly Row[])[], related: RelatedRows): readonly (readonly Row[])[] {
    if (plan.order.length === 0) return groups
    const keysOf = (group: readonly Row[]): readonly Value[] =>
      plan.order.map((term) => this.#sortKey(term, plan, group, related))
    const sorted = groups.map((group) => ({ group, keys: keysOf(group) }))
    sorted.sort((a, b) => {
      for (const [index, term] of plan.order.entries()) {
        const order = compareTerm(a.keys[index] ?? null, b.keys[index] ?? null, term, plan)
        if (order !== 0) return order
      }
      return 0
    })
    return sorted.map((each) => each.group)
  }

  #sortKey({ expr }: OrderTerm, plan: ReadPlan, group: readonly Row[], related: RelatedRows): Value {
    if (expr.kind !== 'output') return orderValue(expr, this.#binds, getter(group[0] ?? {}), related)
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
    const skip = this.#number(related.skip) ?? 0
    for (const [index, group] of page.entries()) {
      const keys = related.on.map(({ parent }) => {
        const column = plan.columns[parent]
        return column ? projected(column, group, this.#binds) : null
      })
      const children = keys.includes(null) ? [] : all.filter((child) => meets(related, child, keys, links))
      const rows = (await this.#shown(related.plan, children)).slice(skip, limit)
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
  return aggregateOf(expr, group, binds)
}

function aggregateOf({ name, of }: Aggregated, group: readonly Row[], binds: readonly Bind[]): Value {
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
  let inner = expr.kind === 'output' ? plan.columns[expr.index]?.expr : expr
  while (inner?.kind === 'related') inner = inner.value
  const order = compareValues(a, b, inner?.kind === 'column' ? inner.column.type : null) ?? 0
  return descending ? -order : order
}

const textKey = (value: Value): string => `${typeof value === 'bigint' ? 'number' : typeof value}:${String(value)}`
