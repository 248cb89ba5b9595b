/** What a column's type and default mean: its simple type, its measures, a typed default (data-plane 6.3, 6.5). Pure. */

import type { SimpleType } from 'dataferry/records'
import { exactNumber, type Json } from 'dataferry/sdk'

export interface Measures {
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
  readonly fixedLength: boolean
}

/** By the server's short name; every other type is a string. */
const simple: ReadonlyMap<string, SimpleType> = new Map<string, SimpleType>([
  ['int2', 'integer'],
  ['int4', 'integer'],
  ['oid', 'integer'],
  ['int8', 'bigint'],
  ['numeric', 'decimal'],
  ['float4', 'double'],
  ['float8', 'double'],
  ['money', 'money'],
  ['bool', 'boolean'],
  ['date', 'date'],
  ['time', 'time'],
  ['timetz', 'timetz'],
  ['timestamp', 'timestamp'],
  ['timestamptz', 'timestamptz'],
  ['uuid', 'uuid'],
])

/** A bit alone is a boolean; more of them are a string of their digits, which a boolean could not hold. */
export const simpleType = (typeName: string, dbType: string): SimpleType =>
  dbType === 'bit(1)' ? 'boolean' : (simple.get(typeName) ?? 'string')

const characters = new Set(['varchar', 'bpchar'])

/** The measures in the parentheses of a type; only characters and numerics have any. */
export function measures(typeName: string, dbType: string): Measures {
  const [, first, second] = /\((\d+)(?:,(-?\d+))?\)/.exec(dbType) ?? []
  const length = first === undefined ? null : Number(first)
  const fixedLength = typeName === 'bpchar'
  if (typeName === 'numeric') {
    return { length, precision: length, scale: length === null ? null : Number(second ?? 0), fixedLength }
  }
  if (characters.has(typeName)) return { length, precision: length, scale: null, fixedLength }
  return { length: null, precision: null, scale: null, fixedLength }
}

/** The default takes its numbers from a sequence, or on CockroachDB from its clock. */
export const isSerial = (sql: string | null): boolean => sql !== null && /^(?:nextval|unique_rowid)\(/i.test(sql)

const quoted = /^'((?:[^']|'')*)'(?:::.+)?$/s
const number = /^-?\d+(?:\.\d+)?$/

/** The default from its SQL text, typed by the column: a number, a boolean, a text without quotes and cast; an expression stays text. */
export function typedDefault(sql: string | null, type: SimpleType): Json {
  if (sql === null || isSerial(sql) || /^NULL(?:::.+)?$/i.test(sql)) return null
  const inner = quoted.exec(sql)?.[1]
  const plain = inner === undefined ? uncast(sql) : inner.replaceAll("''", "'")
  switch (type) {
    case 'boolean':
      if (/^(?:true|t|1)$/i.test(plain)) return true
      return /^(?:false|f|0)$/i.test(plain) ? false : plain
    case 'integer':
    case 'bigint':
    case 'id':
    case 'reference':
    case 'decimal':
    case 'double':
      return number.test(plain) ? exactNumber(plain) : plain
    default:
      return plain
  }
}

/** `(-1)::bigint` and `5::smallint` are numbers. */
function uncast(sql: string): string {
  const bare = /^\(?(-?\d+(?:\.\d+)?)\)?(?:::[a-z ]+(?:\(\d+(?:,\d+)?\))?)?$/i.exec(sql)
  return bare?.[1] ?? sql
}
