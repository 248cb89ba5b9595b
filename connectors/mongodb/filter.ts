/** Conditions as MongoDB's filters, and the filters of clients in MongoDB's own language: of these only what compares is allowed. */
import { asDouble, type Condition, momentOf, type Scalar, type Test } from 'dataferry/document'
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'
import type { Document } from 'mongodb'
import { idOf, isHex, toBson } from './bson.ts'
import { driver } from './driver.ts'

const nothing: Document = { _id: { $in: [] } }

/** Types that FerretDB neither stores nor knows by name. */
const lackedByFerret: ReadonlySet<string> = new Set(['minKey', 'decimal', 'symbol', 'maxKey'])

/** Whether what it is depends on the server: a comparison over all types asks for them by name, and not all know decimals. */
export function dependsOnServer(condition: Condition | null): boolean {
  switch (condition?.kind) {
    case 'all':
    case 'any':
      return condition.of.some(dependsOnServer)
    case 'exact':
      return condition.op !== '='
    case 'in':
      return condition.values.some((value) => value instanceof Decimal)
    case 'order':
      return condition.value instanceof Decimal
    default:
      return false
  }
}

/** `ferret`: the server is FerretDB. */
export function filterOf(condition: Condition | null, ferret = false): Document {
  if (condition === null) return {}
  switch (condition.kind) {
    case 'all':
      return condition.of.length === 0 ? {} : { $and: condition.of.map((each) => filterOf(each, ferret)) }
    case 'any':
      return condition.of.length === 0 ? nothing : { $or: condition.of.map((each) => filterOf(each, ferret)) }
    case 'native':
      checkNative(condition.filter)
      return { $and: [toBson(condition.filter, true) as Document] }
    default:
      return testOf(condition, ferret)
  }
}

function testOf(test: Test, ferret: boolean): Document {
  const { path } = test
  switch (test.kind) {
    case 'null':
      return { [path]: test.holds ? null : { $ne: null } }
    case 'list':
      return { [path]: { $type: 'array' } }
    case 'in': {
      const values = test.values.flatMap((value) => variants(value, path, ferret))
      return test.holds
        ? { [path]: values.length === 1 ? { $eq: values[0] } : { $in: values } }
        : { $and: [{ [path]: { $nin: values } }, { [path]: { $ne: null } }] }
    }
    case 'order':
      return valued(test.holds, path, orders(path, operators[test.op], test.value, ferret))
    case 'like':
      return valued(test.holds, path, [{ [path]: { $regex: likePattern(test.pattern), $options: 'i' } }])
    case 'exact':
      return exact(path, test.op, test.value, ferret)
  }
}

const operators = { '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' } as const

/** One of the tests is true; or the field has a value, and none is. */
function valued(holds: boolean, path: string, tests: readonly Document[]): Document {
  if (!holds) return { $and: [{ $nor: tests }, { [path]: { $ne: null } }] }
  return tests.length === 1 && tests[0] ? tests[0] : { $or: tests }
}

const orders = (path: string, operator: string, value: Scalar, ferret: boolean): Document[] =>
  variants(value, path, ferret).map((each) => ({ [path]: { [operator]: each } }))

/** What a text may stand for: itself, an identifier, a date. Where all fractions are doubles, a decimal is the nearest one. */
function variants(value: Scalar, path: string, ferret: boolean): unknown[] {
  if (typeof value !== 'string') return [toBson(ferret ? asDouble(value) : value)]
  if (isHex(value)) return [value, new (driver().ObjectId)(value)]
  const id = path === '_id' ? idOf(value) : value
  const moment = momentOf(value)
  return moment === null ? [id] : [id, new Date(moment)]
}

/** A LIKE pattern as a whole; `\` stands before a sign that is meant. */
function likePattern(pattern: string): string {
  let body = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at] ?? ''
    if (sign === '%') body += '[\\s\\S]*'
    else if (sign === '_') body += '[\\s\\S]'
    else if (sign === '\\' && at + 1 < pattern.length) body += escaped(pattern[++at] ?? '')
    else body += escaped(sign)
  }
  return `^${body}$`
}

const escaped = (sign: string): string => (/[.*+?^${}()|[\]\\/-]/.test(sign) ? `\\${sign}` : sign)

/** The types of values in the order in which they are sorted; a comparison by itself stays within one. */
const types = [
  ['minKey'],
  ['null'],
  ['double', 'int', 'long', 'decimal'],
  ['string', 'symbol'],
  ['object'],
  ['binData'],
  ['objectId'],
  ['bool'],
  ['date'],
  ['timestamp'],
  ['regex'],
  ['maxKey'],
]

const placeOf = (value: Json): number => {
  if (value === null) return 1
  if (typeof value === 'string') return 3
  if (typeof value === 'boolean') return 7
  if (typeof value !== 'object' || value instanceof Decimal) return 2
  const [name = ''] = Object.keys(value)
  const places: { readonly [name: string]: number } = {
    $oid: 6,
    $date: 8,
    $binary: 5,
    $timestamp: 9,
    $numberDecimal: 2,
    $numberDouble: 2,
    $symbol: 3,
    $regex: 10,
    $minKey: 0,
    $maxKey: 11,
  }
  return places[name] ?? 4
}

function exact(path: string, op: '=' | '<' | '<=' | '>' | '>=', value: Json, ferret: boolean): Document {
  if (op === '=') {
    // What an insert tells of an identifier is its text.
    if (path === '_id' && isHex(value)) return { _id: { $in: [new (driver().ObjectId)(value), value] } }
    return { [path]: { $eq: path === '_id' ? idOf(value) : toBson(value) } }
  }
  const place = placeOf(value)
  const others = types
    .filter((_, at) => (op.startsWith('>') ? at > place : at < place && at > 1))
    .flat()
    .filter((type) => !ferret || !lackedByFerret.has(type))
  const within = { [path]: { [operators[op]]: toBson(value) } }
  if (others.length === 0) return within
  return { $or: [within, { [path]: { $type: others } }] }
}

const comparing: ReadonlySet<string> = new Set([
  '$and',
  '$or',
  '$nor',
  '$not',
  '$eq',
  '$ne',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$in',
  '$nin',
  '$exists',
  '$type',
  '$regex',
  '$options',
  '$all',
  '$elemMatch',
  '$size',
  '$mod',
])
const values: ReadonlySet<string> = new Set([
  '$oid',
  '$id',
  '$date',
  '$numberInt',
  '$numberLong',
  '$numberDouble',
  '$numberDecimal',
  '$binary',
  '$uuid',
  '$timestamp',
  '$regularExpression',
  '$minKey',
  '$maxKey',
])

const deepest = 50

/** Throws BadRequest for an operator that does more than compare: code, expressions, whole searches. */
function checkNative(filter: Json, depth = 0): void {
  if (filter === null || typeof filter !== 'object' || filter instanceof Decimal) return
  if (depth > deepest) throw new BadRequest('Invalid or unparsable filter request. It is nested too deep.')
  for (const [name, member] of Object.entries(filter)) {
    if (!Array.isArray(filter) && name.startsWith('$')) {
      if (values.has(name)) continue
      if (!comparing.has(name)) throw new BadRequest(`Operator '${name}' is not allowed in a filter.`)
    }
    checkNative(member as Json, depth + 1)
  }
}
