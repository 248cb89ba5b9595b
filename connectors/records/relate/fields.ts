/**
 * Fields of related tables in filters and orders (`customer.country = 'DE'`): by the relation's name, dots lead on. A test of one holds
 * where some related row satisfies it. The tables are looked up before anything is planned, with the caller's rights to read them, and
 * so is what tests of another service are met by.
 */
import { type Json, NotImplemented } from 'dataferry/sdk'
import { type Column, nameOf } from '../catalog/types.ts'
import type { Filter, FilterExpr, OrderAsked, RelatedField, RelatedValue } from '../filter/index.ts'
import type { Binds } from '../plan/binds.ts'
import type { TableView } from '../view.ts'
import { relationOf } from './asked.ts'
import {
  type Asking,
  aboutRest,
  type FoundKeys,
  foundPredicate,
  isTest,
  keysBehind,
  pathFrom,
  type Test,
  testKey,
} from './elsewhere.ts'
import { type Step, stepName, stepOf, stepTo } from './steps.ts'
import type { RelatedTables } from './tables.ts'

interface Found {
  readonly column: Column
  readonly steps: readonly Step[]
}

/** The related fields that one request names. */
export class RelatedFields {
  readonly #found: ReadonlyMap<string, Found>
  /** Tests that were looked up. */
  readonly #known: ReadonlyMap<string, FoundKeys>

  constructor(found: ReadonlyMap<string, Found>, known: ReadonlyMap<string, FoundKeys>) {
    this.#found = found
    this.#known = known
  }

  /** A field as written, in any case; null where it is none. */
  at(name: string, binds: Binds, params: ReadonlyMap<string, Json>): RelatedField | null {
    const found = this.#found.get(name.toLowerCase())
    const last = found?.steps.at(-1)
    if (!found || !last) return null
    const { column, steps } = found
    return {
      column,
      scope: last.child.scope(binds, params),
      known: (test) => {
        const keys = isTest(test) ? this.#known.get(testKey(test)) : undefined
        return keys === undefined ? null : foundPredicate(steps, keys, binds)
      },
      exists: (where) =>
        steps.reduceRight((inner, step) => ({ kind: 'exists', step: stepOf(step, binds, inner) }), where),
      value: () =>
        steps.every(({ relation }) => relation.type === 'belongs_to' || relation.type === 'has_one')
          ? valueAt(steps, column, binds)
          : null,
    }
  }
}

function valueAt([step, ...rest]: readonly Step[], column: Column, binds: Binds): RelatedValue | null {
  if (!step) return null
  const value = valueAt(rest, column, binds) ?? ({ kind: 'column', column } as const)
  return { kind: 'related', step: stepOf(step, binds, null), value }
}

/**
 * Looks up the related fields that a filter and an order name; null: none. Throws Forbidden for a table that the caller may not read,
 * NotImplemented for an order by a field of another service, BadRequest for a test that too many records there satisfy.
 */
export async function relatedFields(
  view: TableView,
  filter: Filter | null,
  order: readonly OrderAsked[],
  tables: RelatedTables,
  asking: Asking,
): Promise<RelatedFields | null> {
  const tests = filter === null ? [] : testsIn(filter)
  const names = new Set(tests.map(({ left }) => nameIn(left)))
  const orders = new Set(order.map(({ by }) => (by.kind === 'expr' ? nameIn(by.expr) : null)))
  const found = new Map<string, Found>()
  for (const name of new Set([...names, ...orders])) {
    if (name === null || view.column(name)) continue
    const field = await fieldAt(view, name, tables)
    if (field === null) continue
    found.set(name.toLowerCase(), field)
    if (orders.has(name)) needOneService(name, field)
  }
  if (found.size === 0) return null
  return new RelatedFields(found, await knownTests(tests, found, tables, asking))
}

/** Rows could be sorted by it only when all of them, and all that they refer to there, had been read. */
function needOneService(name: string, { steps }: Found): void {
  const apart = steps.find((step) => step.apart)
  if (apart) {
    throw new NotImplemented(
      `Records can not be ordered by '${name}': relation '${stepName(apart)}' leads to another service, and no database could sort by both.`,
    )
  }
}

async function knownTests(
  tests: readonly Test[],
  found: ReadonlyMap<string, Found>,
  { maxRecords }: RelatedTables,
  asking: Asking,
): Promise<ReadonlyMap<string, FoundKeys>> {
  const known = new Map<string, FoundKeys>()
  for (const test of tests) {
    const name = nameIn(test.left)
    const field = name === null ? undefined : found.get(name.toLowerCase())
    const at = field?.steps.findIndex((step) => step.apart) ?? -1
    const step = field?.steps[at]
    if (name === null || !field || !step || known.has(testKey(test))) continue
    const filter = aboutRest(test, name, pathFrom(field.steps, at, field.column))
    const fields = await relatedFields(step.child, filter, [], step.tables, asking)
    const asked = { ...asking, name, max: maxRecords }
    known.set(testKey(test), await keysBehind(field.steps, at, { filter, fields }, asked))
  }
  return known
}

function testsIn(filter: Filter): readonly Test[] {
  if (isTest(filter)) return [filter]
  return filter.kind === 'not' ? testsIn(filter.of) : filter.of.flatMap(testsIn)
}

const nameIn = (expr: FilterExpr): string | null =>
  expr.kind === 'column' && expr.column.includes('.') ? expr.column : null

/** Follows a path from relation to relation to the field at its end. */
async function fieldAt(view: TableView, path: string, tables: RelatedTables): Promise<Found | null> {
  const steps: Step[] = []
  let here = view
  let from = tables
  let rest = path
  while (steps.length < tables.maxDepth) {
    const relation = relationOf(here.relations, rest)
    if (!relation) return null
    const step = await stepTo(here, relation, from)
    if (step === null) return null
    steps.push(step)
    here = step.child
    from = step.tables
    rest = rest.slice(nameOf(relation).length + 1)
    const column = here.column(rest)
    if (column) return { column, steps }
  }
  return null
}
