/** Types and defaults of fields as clients write them (data-plane 6.4, 6.5), made into what plans hold. */
import { BadRequest, Decimal, type Json } from 'dataferry/sdk'
import type { SimpleType } from '../catalog/types.ts'
import { jsonText } from '../json.ts'
import type { Members } from '../payload.ts'
import type { DefaultExpression, DefaultValue } from '../plan/schema.ts'

/** What a field is declared as. `native`: words of the database, which its dialect judges. */
export type TypeAsked =
  | { readonly kind: 'simple'; readonly type: SimpleType }
  | { readonly kind: 'native'; readonly text: string }

/** What can be made; the other words of 6.5 are types of parameters. */
const simple: ReadonlySet<string> = new Set<SimpleType>([
  'array',
  'bigid',
  'bigint',
  'binary',
  'boolean',
  'date',
  'datetime',
  'datetimetz',
  'decimal',
  'double',
  'float',
  'id',
  'integer',
  'json',
  'jsonb',
  'longtext',
  'mediumid',
  'mediumint',
  'mediumtext',
  'money',
  'object',
  'reference',
  'smallid',
  'smallint',
  'string',
  'text',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'timestamp_on_create',
  'timestamp_on_update',
  'tinyint',
  'user_id',
  'user_id_on_create',
  'user_id_on_update',
  'uuid',
  'timeuuid',
])

const legacy: ReadonlyMap<string, string> = new Map([
  ['pk', 'id'],
  ['fk', 'reference'],
])

/** Simple types that no database tells again; they are kept beside the column (6.4, `extra_type`). */
export const keptTypes: ReadonlySet<string> = new Set<SimpleType>([
  'array',
  'json',
  'jsonb',
  'object',
  'timestamp_on_create',
  'timestamp_on_update',
  'user_id',
  'user_id_on_create',
  'user_id_on_update',
])

export const keyTypes: ReadonlySet<string> = new Set<SimpleType>(['id', 'bigid', 'mediumid', 'smallid'])

export const noType = (): BadRequest => new BadRequest('Invalid schema detected - no type or db_type element.')

/** null: the input says nothing of a type. Throws BadRequest for one that is no text. */
export function typeAsked(members: Members): TypeAsked | null {
  const written = [members.type, members.db_type].find((each) => each !== undefined && each !== null && each !== '')
  if (written === undefined) return null
  if (typeof written !== 'string') throw new BadRequest('Invalid schema detected - invalid or missing type element.')
  const word = written.trim().toLowerCase()
  const type = legacy.get(word) ?? word
  return simple.has(type) ? { kind: 'simple', type: type as SimpleType } : { kind: 'native', text: written.trim() }
}

const columnShape =
  /^(.*?)(\s+not\s+null|\s+null)?(?:\s+default\s+('(?:[^']|'')*'|[^\s']+(?:\s*\(\s*\))?))?(\s+not\s+null|\s+null)?$/is

/** `sql`, a raw definition, taken apart: type, nullability, default. The type is judged by the dialect. */
export function rawColumn(sql: string): Members {
  const [, type = '', before, preset, after] = columnShape.exec(sql.trim()) ?? []
  const nullable = before ?? after
  return {
    type,
    allow_null: nullable === undefined || !/not/i.test(nullable),
    ...(preset === undefined ? {} : { default: { expression: preset } }),
  }
}

const numeric: ReadonlySet<string> = new Set<SimpleType>([
  'bigint',
  'decimal',
  'double',
  'float',
  'integer',
  'mediumint',
  'money',
  'reference',
  'smallint',
  'tinyint',
  'user_id',
  'user_id_on_create',
  'user_id_on_update',
])
const moments: ReadonlySet<string> = new Set<SimpleType>([
  'date',
  'time',
  'timetz',
  'datetime',
  'datetimetz',
  'timestamp',
  'timestamptz',
  'timestamp_on_create',
  'timestamp_on_update',
])

const expressions: ReadonlyMap<string, DefaultExpression> = new Map([
  ['now', 'now'],
  ['current_timestamp', 'now'],
  ['localtimestamp', 'now'],
  ['current_date', 'current_date'],
  ['curdate', 'current_date'],
  ['current_time', 'current_time'],
  ['curtime', 'current_time'],
  ['uuid', 'uuid'],
  ['gen_random_uuid', 'uuid'],
  ['uuid_generate_v4', 'uuid'],
])
const expressionOf = (text: string): DefaultExpression | undefined =>
  expressions.get(
    text
      .trim()
      .toLowerCase()
      .replace(/\s*\(\s*\)$/, ''),
  )

/** undefined: none. Throws BadRequest for a value that does not fit the type and an expression that is not allowed. */
export function defaultAsked(field: string, type: SimpleType | null, value: Json): DefaultValue | undefined {
  if (value === null) return undefined
  if (typeof value === 'object' && !(value instanceof Decimal)) {
    const { expression } = value as Members
    if (expression !== undefined && !Array.isArray(value)) return expressionAsked(field, type, expression)
    return jsonText(value)
  }
  const text = String(value)
  if (type === 'boolean') return booleanAsked(field, text)
  if (type !== null && numeric.has(type)) return numberAsked(field, text)
  if (typeof value === 'string' && type !== null && moments.has(type)) {
    const expression = expressionOf(value)
    if (expression !== undefined) return { expression }
  }
  if (type === null && (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'))
    return value
  return text
}

function expressionAsked(field: string, type: SimpleType | null, value: Json): DefaultValue | undefined {
  const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members).value : value
  const text = String(inner ?? '').trim()
  const known = expressionOf(text)
  if (known !== undefined) return { expression: known }
  if (/^null$/i.test(text)) return undefined
  if (/^(?:true|false)$/i.test(text)) return defaultAsked(field, type, text.toLowerCase() === 'true')
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text)) return type === null ? text : defaultAsked(field, type, text)
  const quoted = /^'((?:[^']|'')*)'$/s.exec(text)
  if (quoted?.[1] !== undefined) return quoted[1].replaceAll("''", "'")
  throw new BadRequest(`SQL expression '${text}' is not permitted.`)
}

function booleanAsked(field: string, text: string): boolean {
  if (/^(?:true|t|1|yes|y|on)$/i.test(text)) return true
  if (/^(?:false|f|0|no|n|off)$/i.test(text)) return false
  throw new BadRequest(`The default of field '${field}' must be a boolean.`)
}

function numberAsked(field: string, text: string): DefaultValue {
  const digits = text.trim()
  if (!/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(digits)) {
    throw new BadRequest(`The default of field '${field}' must be a number.`)
  }
  // What a double would change stays a text of digits: the column makes its number of it.
  return String(Number(digits)) === digits.replace(/^\+/, '') ? Number(digits) : digits
}
