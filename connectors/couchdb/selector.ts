/**
 * Conditions as Mango selectors. Mango compares texts by a collation, values of all types with each other, and looks into no lists, so a
 * selector only narrows what is read: it is met by every document that meets the condition, and by others, which are judged here.
 *
 * It has one form, on which all servers agree: bounds of `_id`, and one list of tests of which one must be true. Of several conditions
 * that must all be true, that is the one which leaves the fewest.
 */
import { type Condition, momentOf, type Test } from 'dataferry/document'
import { type Json, NotImplemented } from 'dataferry/sdk'
import type { Members } from './client.ts'

/** Met by every document but those of the server's own. */
export const everything: Members = { _id: { $gt: null } }

/** Tests of which one is true; `weight`: how much they narrow. */
interface Narrowing {
  readonly weight: number
  readonly tests: readonly Members[]
}

const unlimited: Narrowing = { weight: 0, tests: [] }
const none: Narrowing = { weight: Number.POSITIVE_INFINITY, tests: [] }

/** null: no document can meet it. */
export function selectorOf(condition: Condition | null): Members | null {
  if (condition === null) return everything
  const narrowing = narrowingOf(condition)
  if (narrowing === none) return null
  const bounds = boundsOf(condition)
  if (narrowing === unlimited) return bounds === null ? everything : { _id: bounds }
  return { ...(bounds === null ? {} : { _id: bounds }), $or: narrowing.tests }
}

function narrowingOf(condition: Condition): Narrowing {
  switch (condition.kind) {
    case 'all':
      return [...condition.of.map(narrowingOf), ...rangesOf(condition.of)].reduce(
        (best, each) => (each.weight > best.weight ? each : best),
        unlimited,
      )
    case 'any': {
      const parts = condition.of.map(narrowingOf).filter((part) => part !== none)
      if (parts.length === 0) return none
      if (parts.includes(unlimited)) return unlimited
      return { weight: Math.min(...parts.map(({ weight }) => weight)), tests: parts.flatMap(({ tests }) => tests) }
    }
    case 'native':
      throw new NotImplemented('This service has no filters in a language of its own. Use the filter language.')
    default:
      return condition.path === '_id' ? idTest(condition) : testOf(condition)
  }
}

// ---- identifiers: texts, compared by their bytes

const operators = { '=': '$eq', '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' } as const

function idTest(test: Test): Narrowing {
  if (test.kind === 'null' && test.holds) return none
  if (test.kind === 'list') return none
  if (test.kind === 'in' && test.holds) return { weight: 5, tests: [{ _id: { $in: test.values } }] }
  const bound = boundOf(test)
  return bound === null ? unlimited : { weight: 2, tests: [{ _id: bound }] }
}

function boundOf(test: Test): Members | null {
  if (test.kind !== 'exact' && !(test.kind === 'order' && test.holds)) return null
  return test.path === '_id' && typeof test.value === 'string' ? { [operators[test.op]]: test.value } : null
}

/** What every document that meets it has in `_id`; null: anything. */
function boundsOf(condition: Condition): Members | null {
  const tests = condition.kind === 'all' ? condition.of : [condition]
  const bounds = tests.flatMap((each) => ('path' in each ? (boundOf(each) ?? []) : []))
  return bounds.length === 0 ? null : Object.assign({}, ...bounds.toReversed())
}

// ---- other fields

/** Tests of the path, and of all that could be a list on the way to it or at its end. */
function testsAt(path: string, weight: number, tests: readonly Members[]): Narrowing {
  const segments = path.split('.')
  // `\` escapes in paths.
  if (path.includes('\\') || segments.some((each) => each === '' || each.startsWith('$'))) return unlimited
  const lists = segments.map((_, at): Members => ({ [segments.slice(0, at + 1).join('.')]: { $type: 'array' } }))
  return { weight, tests: [...tests.map((each): Members => ({ [path]: each })), ...lists] }
}

function testOf(test: Test): Narrowing {
  const { path } = test
  switch (test.kind) {
    case 'null':
      if (!test.holds) return testsAt(path, 1, [{ $gt: null }])
      // A path that ends early is not even "missing" to CouchDB.
      return path.includes('.') ? unlimited : testsAt(path, 1, [{ $exists: false }, { $type: 'null' }])
    case 'list':
      return testsAt(path, 4, [])
    case 'exact':
      return unlimited
    case 'in':
    case 'order':
    case 'like':
      return test.holds ? valueTests(test) : testsAt(path, 1, [{ $gt: null }])
  }
}

function valueTests(test: Extract<Test, { readonly kind: 'in' | 'order' | 'like' }>): Narrowing {
  const { path } = test
  if (test.kind === 'like') return testsAt(path, 2, [{ $type: 'string' }])
  if (test.kind === 'in') {
    const types = test.values.flatMap((value): Members[] => [
      ...(isExact(value) ? [] : [{ $type: 'number' }]),
      ...momentTest(value),
    ])
    return testsAt(path, 5, [{ $in: test.values.filter(isExact) }, ...types])
  }
  if (isNumber(test.value)) return testsAt(path, 3, [{ $type: 'number', ...limit(test) }])
  return testsAt(path, 2, [{ $type: typeof test.value }, ...momentTest(test.value)])
}

type Ordered = Extract<Test, { readonly kind: 'order' }>

const isNumber = (value: Json): boolean => typeof value === 'number' || typeof value === 'bigint'

/** Beyond, servers round where we do not. */
const isExact = (value: Json): boolean =>
  typeof value !== 'bigint' && !(typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)

/** Dates of other stores are objects, and compared with texts that name a moment. */
const momentTest = (value: Json): readonly Members[] =>
  typeof value === 'string' && momentOf(value) !== null ? [{ $type: 'object' }] : []

const limit = ({ op, value }: Ordered): Members => (isExact(value) ? { [operators[op]]: value } : {})

/** Numbers from one bound to another. */
function rangesOf(conditions: readonly Condition[]): readonly Narrowing[] {
  const byPath = new Map<string, Ordered[]>()
  for (const each of conditions) {
    if (each.kind !== 'order' || !each.holds || !isNumber(each.value)) continue
    byPath.set(each.path, [...(byPath.get(each.path) ?? []), each])
  }
  return [...byPath]
    .filter(([, tests]) => tests.length > 1)
    .map(([path, tests]) => testsAt(path, 4, [Object.assign({ $type: 'number' }, ...tests.map(limit))]))
}
