/**
 * Conditions: what a predicate comes to for a store without SQL. Negations are gone: SQL's logic has three values, so each test says
 * whether it must be true (`holds`) or false, and what is unknown satisfies neither. Values stand in their places.
 *
 * A path may lead through lists: then it has many values, and a test is true when one of them satisfies it.
 */
import {
  atPath,
  compareDigits,
  digitsOf,
  matchesLike,
  type PlanExpr,
  type Predicate,
  type Slot,
} from 'dataferry/records'
import { type Bind, Decimal, type Json, parseJson } from 'dataferry/sdk'
import { compareAny } from './order.ts'

/** A Decimal has more digits than a double. */
export type Scalar = boolean | number | bigint | string | Decimal

export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | Test
  /** A filter of the store's own; `holds` is true. */
  | { readonly kind: 'native'; readonly filter: Json }

export type Test =
  /** Missing, or null. */
  | { readonly kind: 'null'; readonly path: string; readonly holds: boolean }
  /** One of these values, each of its own type. */
  | { readonly kind: 'in'; readonly path: string; readonly values: readonly Scalar[]; readonly holds: boolean }
  | {
      readonly kind: 'order'
      readonly path: string
      readonly op: '<' | '<=' | '>' | '>='
      readonly value: Scalar
      readonly holds: boolean
    }
  /** A pattern with `%` and `_`, in any case. */
  | { readonly kind: 'like'; readonly path: string; readonly pattern: string; readonly holds: boolean }
  /** A value as `exact` of the adapter told it, compared in the order of all types. */
  | {
      readonly kind: 'exact'
      readonly path: string
      readonly op: '=' | '<' | '<=' | '>' | '>='
      readonly value: Json
    }
  /** The value is a list. */
  | { readonly kind: 'list'; readonly path: string }

export const never: Condition = { kind: 'any', of: [] }
export const always: Condition = { kind: 'all', of: [] }

export const both = (a: Condition | null, b: Condition | null): Condition | null =>
  a === null ? b : b === null ? a : { kind: 'all', of: [a, b] }

/** null: it calls functions, computes, or compares two fields. */
export function conditionOf(predicate: Predicate, binds: readonly Bind[], holds = true): Condition | null {
  switch (predicate.kind) {
    case 'not':
      return conditionOf(predicate.of, binds, !holds)
    case 'and':
    case 'or': {
      const of = predicate.of.map((each) => conditionOf(each, binds, holds))
      if (of.includes(null)) return null
      return { kind: (predicate.kind === 'and') === holds ? 'all' : 'any', of: of as Condition[] }
    }
    case 'xor':
      return oddOf(predicate.of, binds, holds)
    case 'native': {
      const text = binds[predicate.value]
      return holds && typeof text === 'string' ? { kind: 'native', filter: parseJson(text) } : null
    }
    case 'exists':
      return null
    default:
      return predicate.left.kind === 'column' ? testOf(predicate, predicate.left.column.name, binds, holds) : null
  }
}

/** One of two, and not both; further ones one by one. */
function oddOf(of: readonly Predicate[], binds: readonly Bind[], holds: boolean): Condition | null {
  const [first, ...rest] = of
  if (!first) return holds ? never : always
  if (rest.length === 0) return conditionOf(first, binds, holds)
  // Each further term doubles it.
  if (of.length > 6) return null
  const parts = [
    conditionOf(first, binds, true),
    oddOf(rest, binds, !holds),
    conditionOf(first, binds, false),
    oddOf(rest, binds, holds),
  ]
  const [one, other, none, same] = parts
  if (!one || !other || !none || !same) return null
  return {
    kind: 'any',
    of: [
      { kind: 'all', of: [one, other] },
      { kind: 'all', of: [none, same] },
    ],
  }
}

type Tested = Exclude<Predicate, { readonly kind: 'and' | 'or' | 'xor' | 'not' | 'native' | 'exists' }>

function testOf(test: Tested, path: string, binds: readonly Bind[], holds: boolean): Condition | null {
  switch (test.kind) {
    case 'null':
      return { kind: 'null', path, holds }
    case 'in':
      return inOf(binds[test.list], path, holds)
    case 'match': {
      const pattern = valueIn(test.right, binds)
      if (pattern === undefined) return null
      return pattern === null ? never : { kind: 'like', path, pattern: String(pattern), holds }
    }
    case 'between': {
      const low = valueIn(test.low, binds)
      const high = valueIn(test.high, binds)
      if (low === undefined || high === undefined) return null
      const ends = [orderOf(path, '>=', low, holds), orderOf(path, '<=', high, holds)]
      return { kind: holds ? 'all' : 'any', of: ends }
    }
    case 'compare': {
      const { op } = test
      if (test.stored === true) {
        const text = test.right.kind === 'value' ? binds[test.right.value] : null
        if (op === '!=' || typeof text !== 'string' || !holds) return null
        return { kind: 'exact', path, op, value: parseJson(text) }
      }
      const value = valueIn(test.right, binds)
      if (value === undefined) return null
      if (op === '=' || op === '!=') return inOf([value], path, (op === '=') === holds)
      return orderOf(path, op, value, holds)
    }
  }
}

const orderOf = (path: string, op: '<' | '<=' | '>' | '>=', value: Scalar | null, holds: boolean): Condition =>
  value === null ? never : { kind: 'order', path, op, value, holds }

/** A null in the list leaves unknown whether a value is not in it. */
function inOf(list: Bind | undefined, path: string, holds: boolean): Condition {
  const all = Array.isArray(list) ? (list as readonly Bind[]) : []
  const values = all.filter((each): each is Scalar => isScalar(each))
  if (!holds && values.length < all.length) return never
  return values.length === 0 && holds ? never : { kind: 'in', path, values, holds }
}

/** undefined: no plain value. */
function valueIn(expr: PlanExpr, binds: readonly Bind[]): Scalar | null | undefined {
  if (expr.kind !== 'value') return undefined
  const value = binds[expr.value as Slot] ?? null
  return value === null || isScalar(value) ? value : undefined
}

const isScalar = (value: Bind): value is Scalar =>
  value instanceof Decimal || (value !== null && typeof value !== 'object')

/** The condition with every value as `change` has it, for stores that hold fewer kinds of values. */
export function withValues(condition: Condition, change: (value: Scalar) => Scalar): Condition {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return { kind: condition.kind, of: condition.of.map((each) => withValues(each, change)) }
    case 'in':
      return { ...condition, values: condition.values.map(change) }
    case 'order':
      return { ...condition, value: change(condition.value) }
    default:
      return condition
  }
}

/** The nearest double of a number with more digits. */
export const asDouble = (value: Scalar): Scalar => (value instanceof Decimal ? Number(value.digits) : value)

// ---- in memory

/**
 * Whether a document, as clients see it, satisfies the condition. A value in the order of all types is compared as clients see it. Throws
 * TypeError for a native filter, which only the store knows.
 */
export function satisfies(document: Json, condition: Condition): boolean {
  switch (condition.kind) {
    case 'all':
      return condition.of.every((each) => satisfies(document, each))
    case 'any':
      return condition.of.some((each) => satisfies(document, each))
    case 'native':
      throw new TypeError('Only the store knows.')
    case 'exact':
      return isInOrder(compareAny(atPath(document, condition.path) ?? null, condition.value), condition.op)
    case 'list':
      return valuesAt(document, condition.path.split('.')).some(Array.isArray)
    default: {
      const values = valuesAt(document, condition.path.split('.'))
      const isNull = values.length === 0 || values.includes(null)
      if (condition.kind === 'null') return isNull === condition.holds
      const met = values.some((value) => meets(value, condition))
      return condition.holds ? met : !met && !isNull
    }
  }
}

/** All values that a path has: a list stands for itself and for its members. */
export function valuesAt(value: Json, path: readonly string[]): readonly Json[] {
  const [head, ...rest] = path
  if (head === undefined) return Array.isArray(value) ? [value, ...(value as readonly Json[])] : [value]
  if (Array.isArray(value)) {
    const members = (value as readonly Json[]).flatMap((each) =>
      typeof each === 'object' && each !== null && !Array.isArray(each) ? valuesAt(each, path) : [],
    )
    return /^\d+$/.test(head) && Number(head) < value.length
      ? [...valuesAt(value[Number(head)] ?? null, rest), ...members]
      : members
  }
  if (value === null || typeof value !== 'object' || value instanceof Decimal || !Object.hasOwn(value, head))
    return [null]
  return valuesAt((value as { readonly [name: string]: Json })[head] ?? null, rest)
}

function meets(value: Json, test: Exclude<Test, { readonly kind: 'null' | 'exact' | 'list' }>): boolean {
  if (test.kind === 'like') return typeof value === 'string' && matchesLike(value, test.pattern, true)
  if (test.kind === 'in') return test.values.some((each) => compareAs(value, each) === 0)
  const order = compareAs(value, test.value)
  return order !== null && isInOrder(order, test.op)
}

function isInOrder(order: number, op: '=' | '<' | '<=' | '>' | '>='): boolean {
  switch (op) {
    case '=':
      return order === 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

/** null: of different kinds. */
function compareAs(value: Json, other: Scalar): number | null {
  if (value instanceof Decimal || other instanceof Decimal) {
    const [left, right] = [numberDigits(value), numberDigits(other)]
    return left && right ? compareDigits(left, right) : null
  }
  if (isNumber(value) && isNumber(other)) return value < other ? -1 : value > other ? 1 : 0
  if (typeof value === 'boolean' && typeof other === 'boolean') return Number(value) - Number(other)
  if (typeof other !== 'string') return null
  if (typeof value === 'string') return Buffer.compare(Buffer.from(value), Buffer.from(other))
  const moment = momentOf(other)
  const date = typeof value === 'object' && value !== null && '$date' in value ? momentOf(String(value.$date)) : null
  return moment === null || date === null ? null : date - moment
}

const isNumber = (value: Json): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

const numberDigits = (value: Json): ReturnType<typeof digitsOf> =>
  isNumber(value) || value instanceof Decimal ? digitsOf(value) : null

const moments = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

/** The moment, in ms, that a text names as clients see dates; UTC where it does not say. null: it names none. */
export function momentOf(text: string): number | null {
  if (!moments.test(text)) return null
  const [date = '', time = ''] = text.split(/[T ]/)
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(time)
  const value = Date.parse(time === '' ? `${date}T00:00:00Z` : `${date}T${time}${zoned ? '' : 'Z'}`)
  return Number.isNaN(value) ? null : value
}
