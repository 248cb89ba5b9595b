/** Values of clients as a column takes them (data-plane 9.2, 3.10 items 5, 6 and 8). */
import { BadRequest, type Bind, Decimal, type Json } from 'dataferry/sdk'
import { type Column, nameOf, type SimpleType } from './catalog/types.ts'
import { castKind, castValue, smallestNumber } from './filter/index.ts'
import { jsonText } from './json.ts'

const texts: ReadonlySet<SimpleType> = new Set(['string', 'text', 'mediumtext', 'longtext', 'xml'])
const structured: ReadonlySet<SimpleType> = new Set(['json', 'jsonb', 'object', 'text', 'mediumtext', 'longtext'])

/** `""` is a text here; in a column of another type it is no value (3.10 item 6). */
export const keepsEmptyText = (column: Column): boolean => texts.has(column.type)

/** PostgreSQL's columns of these kinds are strings on the wire, so that the database's own spelling tells them (9.1). */
const isJson = ({ type, dbType }: Column): boolean =>
  type === 'json' || type === 'jsonb' || dbType === 'json' || dbType === 'jsonb'
const isArray = ({ type, dbType }: Column): boolean => type === 'array' || dbType.endsWith('[]')
const isBinary = ({ type, dbType }: Column): boolean => type === 'binary' || dbType === 'bytea'

/** Lists and objects are stored as JSON text. */
export const takesStructure = (column: Column): boolean =>
  structured.has(column.type) || isJson(column) || isArray(column)

const isStructure = (value: Json): boolean => typeof value === 'object' && value !== null && !(value instanceof Decimal)

/** null, `""` where it is no text, and an empty list or object where no such thing is stored: all mean no value. */
export function meansNull(value: Json, column: Column): boolean {
  if (value === null) return true
  if (column.open === true) return false
  if (value === '') return !keepsEmptyText(column)
  return isStructure(value) && !takesStructure(column) && Object.keys(value as object).length === 0
}

/** What an open column is compared with: a value as it is, numbers as numbers. */
function openOperand(value: Json, column: Column): Bind {
  if (value instanceof Decimal) return smallestNumber(value.digits)
  if (typeof value === 'object') throw badValue(column, 'a value, not a list or an object')
  return value
}

/** What an open column stores (catalog/open.ts). */
export const openStored = (value: Json): Bind => (value === null ? null : jsonText(value))

/** The value as it is bound. Throws BadRequest naming the field for what the column's type cannot hold. */
export function castToColumn(value: Json, column: Column): Bind {
  if (value === null) return null
  if (column.open === true) return openOperand(value, column)
  if (isBinary(column)) return base64(value, column)
  if (typeof value === 'boolean' && isJson(column)) return String(value)
  if (isStructure(value)) {
    if (isArray(column) && Array.isArray(value)) return value.map((each) => element(each, column))
    if (!takesStructure(column)) throw badValue(column, 'a value, not a list or an object')
    return jsonText(value)
  }
  return castValue(value, column)
}

/** `castToColumn` for many values of one column: what most of them are is known at a glance. */
export function caster(column: Column): (value: Json) => Bind {
  const cast = (value: Json): Bind => castToColumn(value, column)
  if (column.open === true || column.zoneless === true || isBinary(column) || isJson(column)) return cast
  switch (castKind(column.type)) {
    case 'integer':
    case 'bigint':
      return (value) => (Number.isSafeInteger(value) && !Object.is(value, -0) ? (value as number) : cast(value))
    case 'string':
    case 'other':
      return (value) => (typeof value === 'string' ? value : cast(value))
    default:
      return cast
  }
}

function element(value: Json, column: Column): Bind {
  if (Array.isArray(value)) return value.map((each) => element(each, column))
  if (value instanceof Decimal) return value.digits
  if (isStructure(value)) throw badValue(column, 'a list of values')
  return value as Bind
}

const badValue = (column: Column, what: string): BadRequest =>
  new BadRequest(`Field '${nameOf(column)}' must be ${what}.`)

const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/

/** Padding is optional, blanks are ignored; nothing else is, so that no URL is taken for data. */
function base64(value: Json, column: Column): Bind {
  const text = typeof value === 'string' ? value.replace(/\s+/g, '') : null
  if (text === null || !base64Text.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
    throw badValue(column, 'base64 encoded data')
  }
  return new Uint8Array(Buffer.from(text, 'base64'))
}
