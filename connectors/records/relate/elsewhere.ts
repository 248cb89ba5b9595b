/**
 * Conditions on fields of a relation that no single statement can follow: to another service, or by keys of different kinds. The other
 * side is asked first for the keys of the records that satisfy the condition, with the caller's rights there and within a budget; the
 * own side then tests its column for being one of them. As an EXISTS it is true or false, never unknown.
 */
import { BadRequest, type Bind, type Json } from 'dataferry/sdk'
import { type Column, nameOf } from '../catalog/types.ts'
import { allOf, badField, type Filter, type FilterExpr, type Predicate } from '../filter/index.ts'
import type { Binds } from '../plan/binds.ts'
import { isOneOf } from '../plan/predicates.ts'
import { asRows, keyProjections, planRead, type ReadAsked, takeKey } from '../plan/read.ts'
import { rowsOf } from '../values.ts'
import type { TableView } from '../view.ts'
import { keyAs } from './kinds.ts'
import { columnsOf, type Step, stepOf } from './steps.ts'
import type { RelatedTables } from './tables.ts'

/** What looking up conditions beforehand works with. */
export interface Asking {
  readonly params: ReadonlyMap<string, Json>
  readonly signal: AbortSignal
}

type Keys = readonly (readonly Bind[])[]

/** A condition that was looked up: what the own side of the step must hold. */
export interface FoundKeys {
  /** Which of the steps was looked up; those before it are followed by the database. */
  readonly at: number
  /** `junction`: the keys are what a junction beside the own table refers to. */
  readonly by: 'own' | 'junction'
  readonly keys: Keys
}

/** A condition on one field. */
export type Test = Exclude<Filter, { readonly of: unknown }>

export const isTest = (filter: Filter): filter is Test => !('of' in filter)

/** Under which a condition is known again: filters are parsed more than once. */
export const testKey = (test: Test): string => JSON.stringify(test)

/** The condition on the field `name` as one on the field `rest`. Throws BadRequest where it names another field beside it. */
export function aboutRest(test: Test, name: string, rest: string): Test {
  const expr = (each: FilterExpr): FilterExpr => {
    switch (each.kind) {
      case 'column':
        if (each.column !== name) throw badField(each.column)
        return { kind: 'column', column: rest }
      case 'value':
        return each
      case 'call':
        return { ...each, args: each.args.map(expr) }
      case 'arithmetic':
        return { ...each, left: expr(each.left), right: expr(each.right) }
    }
  }
  const left = expr(test.left)
  switch (test.kind) {
    case 'compare':
    case 'match':
      return { ...test, left, right: expr(test.right) }
    case 'between':
      return { ...test, left, low: expr(test.low), high: expr(test.high) }
    default:
      return { ...test, left }
  }
}

/**
 * Looks up a condition behind a step. `condition`: on the related records. Throws BadRequest where more records satisfy it than `max`.
 */
export async function keysBehind(
  steps: readonly Step[],
  at: number,
  condition: Pick<ReadAsked, 'filter' | 'fields'>,
  { params, signal, name, max }: Asking & { readonly name: string; readonly max: number },
): Promise<FoundKeys> {
  const step = steps[at]
  if (!step) throw new TypeError('There is no such step.')
  const { relation, own, child, tables, junction, between } = step
  const refs = columnsOf(child.table, relation.refFields)
  const read = (from: RelatedTables, view: TableView, columns: readonly Column[], asked: Partial<ReadAsked>) =>
    distinctKeys(from, view, columns, { ...asked, params }, { name, max, signal })
  const keys = await read(tables, child, refs, condition)
  if (junction === null || between === null) return { at, by: 'own', keys: converted(keys, refs, own) }
  const near = columnsOf(junction.table, relation.junction?.fields ?? [])
  const far = columnsOf(junction.table, relation.junction?.refFields ?? [])
  const wanted = converted(keys, refs, far)
  if (step.joinsJunction) return { at, by: 'junction', keys: wanted }
  const links = await read(between, junction, near, { where: (binds) => isOneOf(far, wanted, binds) })
  return { at, by: 'own', keys: converted(links, near, own) }
}

/** What was looked up, as a condition on the rows that the first step begins at. */
export function foundPredicate(steps: readonly Step[], { at, by, keys }: FoundKeys, binds: Binds): Predicate {
  const step = steps[at]
  if (!step) throw new TypeError('There is no such step.')
  const tested = by === 'own' ? isOneOf(step.own, keys, binds) : viaJunction(step, keys, binds)
  return steps
    .slice(0, at)
    .reduceRight<Predicate>((inner, each) => ({ kind: 'exists', step: stepOf(each, binds, inner) }), tested)
}

function viaJunction({ relation, from, own, junction }: Step, keys: Keys, binds: Binds): Predicate {
  if (junction === null || relation.junction === null) throw new TypeError('There is no junction.')
  const near = columnsOf(junction.table, relation.junction.fields)
  const far = columnsOf(junction.table, relation.junction.refFields)
  const on = own.flatMap((column, at) => {
    const other = near[at]
    return other ? [{ own: column, other }] : []
  })
  const where = allOf([junction.rows(binds), isOneOf(far, keys, binds)])
  return { kind: 'exists', step: { from, to: junction.table, on, via: null, where } }
}

async function distinctKeys(
  { store }: RelatedTables,
  view: TableView,
  columns: readonly Column[],
  asked: Partial<ReadAsked>,
  { name, max, signal }: { readonly name: string; readonly max: number; readonly signal: AbortSignal },
): Promise<readonly (readonly Json[])[]> {
  const there = (binds: Binds): Predicate => {
    const of: Predicate[] = columns.map((column) => ({
      kind: 'not',
      of: { kind: 'null', left: { kind: 'column', column } },
    }))
    return { kind: 'and', of: asked.where ? [...of, asked.where(binds)] : of }
  }
  const planned = planRead({
    ...asked,
    view,
    columns: keyProjections(columns),
    where: there,
    distinct: true,
    limit: max + 1,
    result: asRows,
  })
  const rows = await rowsOf(store.read(planned), signal)
  if (rows.length > max) {
    throw new BadRequest(
      `The condition on '${name}' is met by more than ${max} records of another service. Narrow it, or ask that service for them.`,
    )
  }
  return rows.map((row) => takeKey({ ...row }, columns))
}

/** Keys as the other columns hold them; what can be no value of theirs meets nothing. */
function converted(
  keys: readonly (readonly (Json | Bind)[])[],
  from: readonly Column[],
  to: readonly Column[],
): readonly (readonly Bind[])[] {
  return keys.flatMap((key) => {
    try {
      return [to.map((column, at) => keyAs(key[at] ?? null, from[at] ?? column, column))]
    } catch (error) {
      if (error instanceof BadRequest) return []
      throw error
    }
  })
}

/** The way to a field as it is written, from behind a step. */
export const pathFrom = (steps: readonly Step[], at: number, column: Column): string =>
  [...steps.slice(at + 1).map(({ relation }) => nameOf(relation)), nameOf(column)].join('.')
