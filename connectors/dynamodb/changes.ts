/**
 * What a write makes of a record, and the one request that takes a record from what it was to what it is: a conditional put, update or
 * delete of the fields that differ, under the condition that those it depends on are as they were read.
 */
import type { AttributeValue, Delete, Put, Update } from '@aws-sdk/client-dynamodb'
import type { Change, Members } from 'dataferry/document'
import { BadRequest, type Json } from 'dataferry/sdk'
import { partsOf } from './access.ts'
import { Expression } from './expression.ts'
import { keyOf } from './pages.ts'
import type { TableKeys } from './tables.ts'
import { type Item, likeBefore, sum, toItem, toJson, toValue, valueText } from './values.ts'

type Made = { [name: string]: AttributeValue }

/** Fields of one condition: expressions hold 4 KB and 300 operators. */
const mostGuards = 100
const mostParts = 20

const keyNames = ({ keys }: TableKeys): readonly string[] => partsOf(keys).map(({ name }) => name)
export const same = (a: AttributeValue | undefined, b: AttributeValue | undefined): boolean =>
  a === b ||
  (a !== undefined && b !== undefined && Object.keys(a)[0] === Object.keys(b)[0] && valueText(a) === valueText(b))

/** The record after the change. Throws BadRequest where a path leads through what is no object, or what is raised is no number. */
export function changed(before: Item, { set, raise }: Change, table: TableKeys): Item {
  refuseOverlaps([...set, ...raise].map(([path]) => path))
  const made: Made = { ...before }
  for (const [path, value] of set) put(made, path.split('.'), (was) => likeBefore(was, toValue(value)))
  for (const [path, by] of raise) put(made, path.split('.'), (was) => raised(was, by))
  refuseOtherKey(before, made, table)
  return made
}

/** Another document under the same key. */
export function replaced(before: Item, document: Members, table: TableKeys): Item {
  const made = toItem(document)
  for (const [name, value] of Object.entries(made)) made[name] = likeBefore(before[name], value)
  return { ...made, ...keyOf(before, table) }
}

function refuseOtherKey(before: Item, made: Item, table: TableKeys): void {
  for (const name of keyNames(table))
    if (!same(before[name], made[name]))
      throw new BadRequest(`The identifier of a record can not be changed: '${name}' stays as it is.`)
}

function refuseOverlaps(paths: readonly string[]): void {
  for (const path of paths)
    if (paths.some((other) => other.startsWith(`${path}.`)))
      throw new BadRequest('A field is set twice: by itself and by a path.')
}

function raised(was: AttributeValue | undefined, by: Json): AttributeValue {
  if (was !== undefined && was.N === undefined)
    throw new BadRequest('A field holds a value of another type than the request needs.')
  return toValue(sum(was === undefined ? 0 : toJson(was), by))
}

function put(
  into: Made,
  [name = '', ...rest]: readonly string[],
  value: (was: AttributeValue | undefined) => AttributeValue,
): void {
  const here = Object.hasOwn(into, name) ? into[name] : undefined
  if (rest.length === 0) {
    into[name] = value(here)
    return
  }
  if (here?.L !== undefined) {
    into[name] = { L: inList(here.L, rest, value) }
    return
  }
  if (here !== undefined && here.M === undefined)
    throw new BadRequest('A path leads through a field that holds no object.')
  const inner: Made = { ...here?.M }
  put(inner, rest, value)
  into[name] = { M: inner }
}

function inList(
  list: readonly AttributeValue[],
  [place = '', ...rest]: readonly string[],
  value: (was: AttributeValue | undefined) => AttributeValue,
): AttributeValue[] {
  const at = /^\d{1,6}$/.test(place) ? Number(place) : -1
  if (at < 0 || at > list.length) throw new BadRequest('A path leads through a field that holds no object.')
  const made: Made = at < list.length && list[at] ? { _: list[at] } : {}
  put(made, ['_', ...rest], value)
  return list.toSpliced(at, 1, made._ ?? { NULL: true })
}

/** The names of the fields in which two records differ. */
export const differences = (before: Item, now: Item): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => !same(before[name], now[name]))

export type Step =
  | { readonly kind: 'put'; readonly request: Put }
  | { readonly kind: 'update'; readonly request: Update }
  | { readonly kind: 'delete'; readonly request: Delete }

export interface Between {
  readonly before: Item | null
  readonly now: Item | null
  /** Fields that must be as they were before. */
  readonly guards: Iterable<string>
  /** Fields that are raised where they are stored, and by how much. */
  readonly raises?: ReadonlyMap<string, Json>
}

/**
 * null: nothing is to be done. Throws BadRequest for an update where more fields must be as they were than a condition can hold; a delete
 * is guarded by the first of them.
 */
export function stepOf(table: TableKeys, { before, now, guards, raises }: Between): Step | null {
  const TableName = table.name
  const into = new Expression()
  const hash = into.name(table.keys.hash.name)
  if (before === null) {
    if (now === null) return null
    const ConditionExpression = `attribute_not_exists(${hash})`
    return { kind: 'put', request: { TableName, Item: { ...now }, ConditionExpression, ...into.placeholders(hash) } }
  }
  const own = new Set(keyNames(table))
  const all = [...new Set(guards)].filter((name) => !own.has(name))
  if (all.length > mostGuards && now !== null)
    throw new BadRequest(
      `The write depends on ${all.length} fields of a record, and the database can guard ${mostGuards} of them against other writers. Change fewer fields at once, or write without 'rollback'.`,
    )
  const guarded = all.slice(0, mostGuards)
  const ConditionExpression = [
    `attribute_exists(${hash})`,
    ...guarded.map((name) => unchanged(into, name, before)),
  ].join(' AND ')
  const Key = keyOf(before, table)
  if (now === null)
    return {
      kind: 'delete',
      request: { TableName, Key, ConditionExpression, ...into.placeholders(ConditionExpression) },
    }
  const names = differences(before, now)
  if (names.length === 0) return null
  const UpdateExpression = updating(into, names, now, raises)
  return {
    kind: 'update',
    request: {
      TableName,
      Key,
      UpdateExpression,
      ConditionExpression,
      ...into.placeholders(UpdateExpression, ConditionExpression),
    },
  }
}

function unchanged(into: Expression, name: string, before: Item): string {
  const value = before[name]
  if (value === undefined) return `attribute_not_exists(${into.name(name)})`
  const parts = [...equalities(into, into.name(name), value)]
  return (parts.length > mostParts ? [`${into.name(name)} = ${into.value(value)}`] : parts).join(' AND ')
}

/** Part by part: not every server that speaks DynamoDB's language can tell whether objects and lists are equal. */
function* equalities(into: Expression, path: string, value: AttributeValue): Generator<string> {
  if (value.M === undefined && value.L === undefined) {
    yield `${path} = ${into.value(value)}`
    return
  }
  const inner = value.M
    ? Object.entries(value.M).map(([name, each]) => [`${path}.${into.name(name)}`, each] as const)
    : (value.L ?? []).map((each, at) => [`${path}[${at}]`, each] as const)
  yield `attribute_type(${path}, ${into.value({ S: value.M ? 'M' : 'L' })})`
  yield `size(${path}) = ${into.value({ N: String(inner.length) })}`
  for (const [below, each] of inner) yield* equalities(into, below, each)
}

function updating(
  into: Expression,
  names: readonly string[],
  now: Item,
  raises: ReadonlyMap<string, Json> = new Map(),
): string {
  const set: string[] = []
  const gone: string[] = []
  for (const name of names) {
    const value = now[name]
    const by = raises.get(name)
    if (value === undefined) gone.push(into.name(name))
    else if (by === undefined) set.push(`${into.name(name)} = ${into.value(value)}`)
    else
      set.push(
        `${into.name(name)} = if_not_exists(${into.name(name)}, ${into.value({ N: '0' })}) + ${into.value(toValue(by))}`,
      )
  }
  return [set.length > 0 ? `SET ${set.join(', ')}` : '', gone.length > 0 ? `REMOVE ${gone.join(', ')}` : '']
    .filter(Boolean)
    .join(' ')
}
