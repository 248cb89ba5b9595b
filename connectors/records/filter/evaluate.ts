/**
 * Evaluating predicates in memory, for sources that are no databases (CSV, documents), for tests, and for the check that a written
 * record satisfies its role's row filter (data-plane 3.11). Logic is SQL's, with a third value for what is unknown.
 */
import { type Bind, Decimal, type Json } from 'dataferry/sdk'
import type { SimpleType } from '../catalog/types.ts'
import { compareValues, compute, type RowGetter, type Value, valueFrom } from './compute.ts'
import { matchesLike } from './like.ts'
import { patternOf } from './resolve.ts'
import type { PlanExpr, Predicate, RelatedStep } from './types.ts'

/** The rows that a step leads to from a row, whether they count or not. */
export type RelatedRows = (step: RelatedStep, row: RowGetter) => Iterable<RowGetter>

/** null is SQL's UNKNOWN; undefined: the test is about a column that the row does not have. */
type Truth = boolean | null | undefined

/**
 * Whether the row satisfies the predicate: TRUE does, FALSE and UNKNOWN do not. `binds` are the plan's, `row` gives a column's
 * value; a column that the row does not have counts as null.
 */
export function evaluate(predicate: Predicate, binds: readonly Bind[], row: RowGetter, related?: RelatedRows): boolean {
  return truthOf(predicate, binds, (column) => row(column) ?? null, related) === true
}

/**
 * The same for the fields that an update sets (data-plane 3.11): where `row` answers undefined, the tests about that column are
 * left out, and a predicate with no test left is satisfied. An OR whose present tests all fail is not.
 */
export function evaluatePresent(predicate: Predicate, binds: readonly Bind[], row: RowGetter): boolean {
  const truth = truthOf(predicate, binds, row)
  return truth === true || truth === undefined
}

function truthOf(predicate: Predicate, binds: readonly Bind[], row: RowGetter, related?: RelatedRows): Truth {
  const truth = (each: Predicate): Truth => truthOf(each, binds, row, related)
  switch (predicate.kind) {
    case 'and':
      return decided(predicate.of, false, truth)
    case 'or':
      return decided(predicate.of, true, truth)
    case 'xor':
      return odd(predicate.of, truth)
    case 'not':
      return negate(truth(predicate.of))
    case 'native':
      throw new TypeError('A filter of the source itself is not known here.')
    case 'exists':
      return exists(predicate.step, binds, row, related)
    case 'null': {
      const value = compute(predicate.left, binds, row)
      return value === undefined ? undefined : value === null
    }
    case 'in':
      return inList(predicate, binds, row)
    default:
      return test(predicate, binds, row)
  }
}

const negate = (truth: Truth): Truth => (typeof truth === 'boolean' ? !truth : truth)

function exists(step: RelatedStep, binds: readonly Bind[], row: RowGetter, related?: RelatedRows): boolean {
  if (!related) throw new TypeError('Related rows are not known here.')
  for (const each of related(step, row)) {
    if (step.where === null || evaluate(step.where, binds, each, related)) return true
  }
  return false
}

/** AND is decided by the first FALSE, OR by the first TRUE; short of that one UNKNOWN makes it unknown. */
function decided(of: readonly Predicate[], by: boolean, truthOfEach: (each: Predicate) => Truth): Truth {
  let result: Truth = of.length === 0 ? !by : undefined
  for (const each of of) {
    const truth = truthOfEach(each)
    if (truth === by) return by
    if (truth === null) result = null
    else if (truth !== undefined && result === undefined) result = truth
  }
  return result
}

function odd(of: readonly Predicate[], truthOfEach: (each: Predicate) => Truth): Truth {
  let result: Truth
  for (const each of of) {
    const truth = truthOfEach(each)
    if (truth === null) return null
    if (truth !== undefined) result = result === undefined ? truth : result !== truth
  }
  return result
}

/** The tests that have operands: each is unknown with a null, and absent with an absent column. */
function test(
  predicate: Predicate & { readonly kind: 'compare' | 'match' | 'between' },
  binds: readonly Bind[],
  row: RowGetter,
): Truth {
  const left = compute(predicate.left, binds, row)
  if (left === undefined) return undefined
  if (predicate.kind === 'between') {
    const low = compute(predicate.low, binds, row)
    const high = compute(predicate.high, binds, row)
    if (low === undefined || high === undefined) return undefined
    const type = typeOf(predicate.left) ?? typeOf(predicate.low) ?? typeOf(predicate.high)
    const order = (end: PlanExpr, value: Value): number | null =>
      compared(predicate.left, left, value, type, [held(predicate.left, binds, row), held(end, binds, row)])
    return both(
      orNull(order(predicate.low, low), (found) => found >= 0),
      orNull(order(predicate.high, high), (found) => found <= 0),
    )
  }
  const right = compute(predicate.right, binds, row)
  if (right === undefined) return undefined
  if (predicate.kind === 'match') {
    if (left === null || right === null) return null
    const open = isOpen(predicate.left)
    if (open && typeof left !== 'string') return false
    return matchesLike(printed(left), patternOf(predicate.op, printed(right)), open || predicate.op === 'ilike')
  }
  const holds = comparisons[predicate.op]
  const open = isOpen(predicate.left) ? predicate.left : predicate.right
  const type = typeOf(predicate.left) ?? typeOf(predicate.right)
  const sides = [held(predicate.left, binds, row), held(predicate.right, binds, row)] as const
  return orNull(compared(open, left, right, type, sides), holds)
}

const comparisons: { readonly [O in '=' | '!=' | '<' | '<=' | '>' | '>=']: (order: number) => boolean } = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

const orNull = (order: number | null, holds: (order: number) => boolean): boolean | null =>
  order === null ? null : holds(order)

const both = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true

function inList(predicate: Predicate & { readonly kind: 'in' }, binds: readonly Bind[], row: RowGetter): Truth {
  const left = compute(predicate.left, binds, row)
  if (left === undefined) return undefined
  const list = binds[predicate.list]
  let result: Truth = false
  for (const each of Array.isArray(list) ? list : []) {
    const order = compared(predicate.left, left, valueFrom(each), typeOf(predicate.left), [
      held(predicate.left, binds, row),
      each,
    ])
    if (order === 0) return true
    if (order === null) result = null
  }
  return result
}

const isOpen = (expr: PlanExpr): boolean => expr.kind === 'column' && expr.column.open === true

/** What is of another kind than a value of an open column is neither the same, nor more, nor less. */
function compared(
  expr: PlanExpr,
  a: Value,
  b: Value,
  type: SimpleType | null,
  [left, right]: readonly [Held, Held],
): number | null {
  if (a === null || b === null || !isOpen(expr)) return compareValues(a, b, type)
  const kind = kindOf(a, left)
  if (kind !== kindOf(b, right)) return Number.NaN
  return compareValues(a, b, kind === 'number' ? 'decimal' : type)
}

type Held = Json | Bind | undefined

/** What tells a Decimal from a text, which are both texts when they are compared. */
const held = (expr: PlanExpr, binds: readonly Bind[], row: RowGetter): Held =>
  expr.kind === 'column' ? row(expr.column) : expr.kind === 'value' ? binds[expr.value] : undefined

const kindOf = (value: Value, from: Held): string =>
  typeof value === 'bigint' || from instanceof Decimal ? 'number' : typeof value

const typeOf = (expr: PlanExpr): SimpleType | null => (expr.kind === 'column' ? expr.column.type : null)

const printed = (value: Exclude<Value, null>): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
