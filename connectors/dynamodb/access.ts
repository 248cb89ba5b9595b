/**
 * How records are found: by whole keys, by queries of partitions, or by looking at all. What a filter says of the key decides; the rest of
 * it becomes a filter expression that holds of every record the filter holds of, and maybe of more, since DynamoDB compares neither in any
 * case nor through lists. What comes is judged again, so that no answer depends on how much DynamoDB can say.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import {
  type Condition,
  compareAny,
  momentOf,
  type OrderBy,
  type Scalar,
  satisfies,
  type Test,
} from 'dataferry/document'
import { atPath } from 'dataferry/records'
import { Decimal, type Json, NotImplemented } from 'dataferry/sdk'
import type { Expression } from './expression.ts'
import { bytes, fits, type Item, isNumber, toMembers, toValue, valueText } from './values.ts'

export type KeyType = 'S' | 'N' | 'B'
export interface KeyPart {
  readonly name: string
  readonly type: KeyType
}
export interface Keys {
  readonly hash: KeyPart
  readonly range: KeyPart | null
}
export const partsOf = ({ hash, range }: Keys): readonly KeyPart[] => (range === null ? [hash] : [hash, range])

export type Access =
  | { readonly kind: 'keys'; readonly keys: readonly Item[] }
  | { readonly kind: 'query'; readonly hashes: readonly AttributeValue[]; readonly range: Range | null }
  | { readonly kind: 'scan' }

export interface Range {
  readonly op: '=' | '<' | '<=' | '>' | '>='
  readonly value: AttributeValue
  /** Up to this one; null: no end. */
  readonly high: AttributeValue | null
}

const mostKeys = 10_000
const mostPartitions = 100

export function accessOf(where: Condition | null, keys: Keys): Access {
  if (where === null) return { kind: 'scan' }
  const whole = keysOf(where, keys)
  if (whole !== null && whole.length <= mostKeys)
    return { kind: 'keys', keys: unique(whole, (key) => valueText({ M: key as { [name: string]: AttributeValue } })) }
  const hashes = valuesOf(where, keys.hash)
  if (hashes === null || hashes.length > mostPartitions) return { kind: 'scan' }
  return {
    kind: 'query',
    hashes: unique(hashes, valueText),
    range: keys.range === null ? null : rangeOf(where, keys.range),
  }
}

/** The value of a key's part; null: no such key is of this value. Digits may come as a text, bytes come as base64. */
export function keyValue(value: Json, { type }: KeyPart): AttributeValue | null {
  if (value === '') return null
  if (type === 'S') return typeof value === 'string' ? { S: value } : isNumber(value) ? { S: textOf(value) } : null
  if (type === 'N') {
    const number = typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? new Decimal(value) : value
    return isNumber(number) && fits(number) ? toValue(number) : null
  }
  const given = value !== null && typeof value === 'object' && '$binary' in value ? (value.$binary ?? null) : value
  const all = bytes(given)
  return all === null ? null : { B: all }
}

const textOf = (value: number | bigint | Decimal): string => (value instanceof Decimal ? value.digits : String(value))

/** null: it names no keys. */
function keysOf(where: Condition, keys: Keys): readonly Item[] | null {
  const { hash, range } = keys
  if (range === null) return valuesOf(where, hash)?.map((value) => ({ [hash.name]: value })) ?? null
  if (where.kind === 'any') {
    const all = where.of.map((each) => keysOf(each, keys))
    return all.includes(null) ? null : all.flatMap((each) => each ?? [])
  }
  if (where.kind !== 'all') return null
  for (const each of where.of) {
    const found = keysOf(each, keys)
    if (found !== null) return found
  }
  const [hashes, ranges] = [valuesOf(where, hash), valuesOf(where, range)]
  if (hashes === null || ranges === null || hashes.length * ranges.length > mostKeys) return null
  return hashes.flatMap((first) => ranges.map((second) => ({ [hash.name]: first, [range.name]: second })))
}

/** The values that a part of the key must have; null: it may have any. */
function valuesOf(where: Condition, part: KeyPart): readonly AttributeValue[] | null {
  switch (where.kind) {
    case 'all': {
      const all = where.of.flatMap((each) => {
        const values = valuesOf(each, part)
        return values === null ? [] : [values]
      })
      return all.toSorted((a, b) => a.length - b.length)[0] ?? null
    }
    case 'any': {
      const all = where.of.map((each) => valuesOf(each, part))
      return all.includes(null) ? null : all.flatMap((each) => each ?? [])
    }
    case 'in':
      return where.holds && where.path === part.name ? where.values.flatMap((each) => keyValue(each, part) ?? []) : null
    case 'exact':
      return where.op === '=' && where.path === part.name
        ? [keyValue(where.value, part)].flatMap((each) => each ?? [])
        : null
    default:
      return null
  }
}

function rangeOf(where: Condition, part: KeyPart): Range | null {
  const [only, ...others] = valuesOf(where, part) ?? []
  if (only !== undefined && others.length === 0) return { op: '=', value: only, high: null }
  const bounds = boundsOf(where, part)
  const low = bounds.find(({ op }) => op.startsWith('>'))
  const high = bounds.find(({ op }) => op.startsWith('<'))
  if (low === undefined || high === undefined) return low ?? high ?? null
  const inOrder = compareAny(toMembers({ _: low.value })._ ?? null, toMembers({ _: high.value })._ ?? null) <= 0
  return inOrder ? { op: '>=', value: low.value, high: high.value } : low
}

function boundsOf(where: Condition, part: KeyPart): readonly Range[] {
  if (where.kind === 'all') return where.of.flatMap((each) => boundsOf(each, part))
  const test = where.kind === 'order' ? where.holds : where.kind === 'exact'
  if (!test || (where.kind !== 'order' && where.kind !== 'exact') || where.path !== part.name) return []
  const ofType = part.type === 'S' ? typeof where.value === 'string' : part.type === 'N' && isNumber(where.value)
  const value = ofType ? keyValue(where.value, part) : null
  return value === null ? [] : [{ op: where.op, value, high: null }]
}

/** Each once, in an order that is always the same. */
const unique = <T>(all: readonly T[], text: (one: T) => string): readonly T[] => [
  ...new Map(all.map((each) => [text(each), each] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))).values(),
]

/** Whether the records come in the order that is asked for; `descending`: backwards. null: they have to be sorted. */
export function naturalOrder(
  order: readonly OrderBy[],
  access: Access,
  { hash, range }: Keys,
): { readonly descending: boolean } | null {
  if (order.length === 0 || (access.kind === 'keys' && access.keys.length <= 1)) return { descending: false }
  if (access.kind !== 'query' || access.hashes.length !== 1) return null
  const [first, ...others] = order.filter(({ path }) => path !== hash.name)
  if (first === undefined) return { descending: false }
  // Bytes are shown as base64, which is ordered otherwise.
  return first.path === range?.name && others.length === 0 && range.type !== 'B'
    ? { descending: first.descending }
    : null
}

// ---- what is judged here

const noNative = (): NotImplemented => new NotImplemented('This store has no filters of its own.')

/** Keys are found by what may stand for them: digits in a text, numbers that name texts. */
export function keyed(where: Condition | null, keys: Keys): Condition | null {
  if (where === null) return null
  if (where.kind === 'all' || where.kind === 'any')
    return { kind: where.kind, of: where.of.map((each) => keyed(each, keys) ?? each) }
  if (where.kind === 'native') throw noNative()
  if (where.kind !== 'in' && where.kind !== 'exact') return where
  const part = partsOf(keys).find(({ name }) => name === where.path)
  if (part === undefined) return where
  const shown = (value: Json): Json => {
    const found = keyValue(value, part)
    return found === null ? value : (toMembers({ _: found }, where.kind === 'exact')._ ?? null)
  }
  if (where.kind === 'exact') return where.op === '=' ? { ...where, value: shown(where.value) } : where
  if (!where.holds) return where
  return { ...where, values: where.values.map(shown) as readonly Scalar[] }
}

/** Whether the filter holds of a record. */
export function matches(item: Item, where: Condition | null): boolean {
  if (where === null) return true
  switch (where.kind) {
    case 'all':
      return where.of.every((each) => matches(item, each))
    case 'any':
      return where.of.some((each) => matches(item, each))
    case 'exact':
      return exactly(item, where)
    case 'native':
      throw noNative()
    default: {
      const [top = ''] = where.path.split('.')
      const value = Object.hasOwn(item, top) ? item[top] : undefined
      return satisfies(toMembers(value === undefined ? {} : { [top]: value }), where)
    }
  }
}

const exactly = (item: Item, { path, op, value }: Extract<Test, { readonly kind: 'exact' }>): boolean => {
  const order = compareAny(exactAt(item, path), value)
  return op === '='
    ? order === 0
    : op === '<'
      ? order < 0
      : op === '<='
        ? order <= 0
        : op === '>'
          ? order > 0
          : order >= 0
}

/** The value at a path, in the form that tells its type; null where there is none. */
export function exactAt(item: Item, path: string): Json {
  const [top = ''] = path.split('.')
  const value = Object.hasOwn(item, top) ? item[top] : undefined
  return value === undefined ? null : (atPath(toMembers({ [top]: value }, true), path) ?? null)
}

export function compareItems(a: Item, b: Item, order: readonly OrderBy[]): number {
  for (const { path, descending } of order) {
    const found = compareAny(exactAt(a, path), exactAt(b, path))
    if (found !== 0) return descending ? -found : found
  }
  return 0
}

/** The fields that a filter looks at, by the names at the top. */
export function topsOf(where: Condition | null): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (each: Condition): void => {
    if ('of' in each) each.of.forEach(walk)
    else if (each.kind !== 'native') found.add(each.path.split('.')[0] ?? '')
  }
  if (where) walk(where)
  return found
}

// ---- what DynamoDB judges

const mostOperands = 100

/** No pair of parentheses stands right within another: DynamoDB refuses that. */
const joined = (all: readonly string[], by: string): string | null =>
  all.length < 2 ? (all[0] ?? null) : all.map((each) => `(${each})`).join(by)

/** null: DynamoDB can say nothing of it. `without`: what expressions of queries may not name, the key. */
export function filterOf(where: Condition, into: Expression, without: ReadonlySet<string>): string | null {
  switch (where.kind) {
    case 'all': {
      const all = where.of.flatMap((each) => filterOf(each, into, without) ?? [])
      return joined(all, ' AND ')
    }
    case 'any': {
      const all = where.of.map((each) => filterOf(each, into, without))
      return all.includes(null)
        ? null
        : joined(
            all.flatMap((each) => each ?? []),
            ' OR ',
          )
    }
    case 'native':
    case 'exact':
    case 'list':
      return null
    default:
      return testOf(where, into, without)
  }
}

function testOf(
  test: Exclude<Test, { readonly kind: 'exact' | 'list' }>,
  into: Expression,
  without: ReadonlySet<string>,
): string | null {
  const segments = test.path.split('.')
  if (without.has(segments[0] ?? '') || segments.some((each) => /^\d+$/.test(each))) return null
  const path = into.path(segments)
  const type = (name: string, of = path): string => `attribute_type(${of}, ${into.value({ S: name })})`
  // A path through a list leads to what is in it.
  const lists = segments.slice(1).map((_, at) => type('L', into.path(segments.slice(0, at + 1))))
  const or = (...all: readonly string[]): string => [...all, ...lists].join(' OR ')
  const there = `attribute_exists(${path})`
  if (test.kind === 'null') return test.holds ? or(`attribute_not_exists(${path})`, type('NULL'), type('L')) : or(there)
  if (test.kind === 'like') return or(there)
  const values = test.kind === 'in' ? test.values : [test.value]
  const takes = (value: Scalar): boolean =>
    typeof value === 'string' || (typeof value === 'boolean' ? test.kind === 'in' : fits(value))
  if (values.length === 0 || values.length > mostOperands || !values.every(takes)) return or(there)
  const operands = values.map((value) => into.value(toValue(value)))
  const op = test.kind === 'in' ? '=' : test.op
  const each = operands.map((operand) => `${path} ${op} ${operand}`)
  const compared = each.length === 1 ? (each[0] ?? '') : `(${each.join(' OR ')})`
  if (!test.holds) return or(`${there} AND NOT ${compared}`)
  const others = new Set(values.flatMap(shownLike))
  return or(compared, ...[...others].map((name) => type(name)))
}

/** Types of other values that are shown as, or hold, what is compared with. */
function shownLike(value: Scalar): readonly string[] {
  if (typeof value === 'boolean') return ['L']
  if (typeof value !== 'string') return ['L', 'NS']
  return ['L', 'SS', 'B', 'BS', ...(momentOf(value) === null ? [] : ['M'])]
}
