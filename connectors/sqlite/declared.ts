/**
 * What a column's declaration means: its simple type, its measures, its default (data-plane 6.3, 6.5). SQLite takes any words as a type,
 * so words that nobody knows fall back on SQLite's own rules of affinity.
 */

import type { SimpleType } from 'dataferry/records'
import { Decimal, type Json } from 'dataferry/sdk'

/** A declared type, taken apart. */
export interface Declared {
  readonly type: SimpleType
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
  readonly fixedLength: boolean
}

const words: ReadonlyMap<string, SimpleType> = new Map<string, SimpleType>([
  ['int', 'integer'],
  ['integer', 'integer'],
  ['tinyint', 'integer'],
  ['smallint', 'integer'],
  ['mediumint', 'integer'],
  ['int2', 'integer'],
  ['int4', 'integer'],
  ['int8', 'bigint'],
  ['bigint', 'bigint'],
  ['big int', 'bigint'],
  ['bool', 'boolean'],
  ['boolean', 'boolean'],
  ['bit', 'boolean'],
  ['decimal', 'decimal'],
  ['numeric', 'decimal'],
  ['number', 'decimal'],
  ['dec', 'decimal'],
  ['money', 'money'],
  ['smallmoney', 'money'],
  ['real', 'double'],
  ['double', 'double'],
  ['double precision', 'double'],
  ['float', 'float'],
  ['char', 'string'],
  ['character', 'string'],
  ['nchar', 'string'],
  ['native character', 'string'],
  ['varchar', 'string'],
  ['nvarchar', 'string'],
  ['varchar2', 'string'],
  ['nvarchar2', 'string'],
  ['varying character', 'string'],
  ['character varying', 'string'],
  ['string', 'string'],
  ['enum', 'string'],
  ['any', 'string'],
  ['text', 'text'],
  ['tinytext', 'text'],
  ['mediumtext', 'text'],
  ['longtext', 'text'],
  ['ntext', 'text'],
  ['clob', 'text'],
  ['blob', 'binary'],
  ['tinyblob', 'binary'],
  ['mediumblob', 'binary'],
  ['longblob', 'binary'],
  ['binary', 'binary'],
  ['varbinary', 'binary'],
  ['bytea', 'binary'],
  ['image', 'binary'],
  ['date', 'date'],
  ['time', 'time'],
  ['time with time zone', 'timetz'],
  ['timetz', 'timetz'],
  ['time without time zone', 'time'],
  ['datetime', 'datetime'],
  ['datetime2', 'datetime'],
  ['datetimetz', 'datetimetz'],
  ['timestamp', 'timestamp'],
  ['timestamp without time zone', 'timestamp'],
  ['timestamp with time zone', 'timestamptz'],
  ['timestamptz', 'timestamptz'],
  ['json', 'json'],
  ['jsonb', 'jsonb'],
  ['uuid', 'uuid'],
  ['guid', 'uuid'],
  ['uniqueidentifier', 'uuid'],
])

const fixed = new Set(['char', 'character', 'nchar', 'native character', 'binary'])

/** Whether the words are those of a type, without measures. */
export const isTypeWord = (word: string): boolean => words.has(word.replace(/ (?:unsigned|signed|zerofill)\b/g, ''))

/** The parts of a declared type such as `decimal(12,4)`; none declared is a string (data-plane 6.5). */
export function declaredType(declared: string): Declared {
  const [, before = '', measures, after = ''] = /^([^(]*)(?:\(([^)]*)\))?(.*)$/s.exec(declared) ?? []
  const [first, second] = (measures ?? '').split(',').map(measure)
  const word = `${before} ${after}`
    .toLowerCase()
    .replace(/\b(?:unsigned|signed|zerofill)\b/g, ' ')
    .trim()
    .replace(/\s+/g, ' ')
  const length = first ?? null
  const two = second !== undefined && second !== null
  const type = word === 'tinyint' && length === 1 ? 'boolean' : (words.get(word) ?? byAffinity(word))
  return {
    type,
    length,
    precision: two ? length : null,
    scale: two ? second : null,
    fixedLength: fixed.has(word),
  }
}

function measure(text: string): number | null {
  const trimmed = text.trim()
  return /^\d{1,9}$/.test(trimmed) ? Number(trimmed) : null
}

/** The order of the rules is SQLite's own. */
function byAffinity(word: string): SimpleType {
  if (word.includes('int')) return 'integer'
  if (word.includes('char')) return 'string'
  if (word.includes('clob') || word.includes('text')) return 'text'
  if (word.includes('blob')) return 'binary'
  if (/real|floa|doub/.test(word)) return 'double'
  return 'string'
}

const current = new Set(['current_timestamp', 'current_date', 'current_time'])
const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/**
 * The default of a column from its SQL text, typed by the column: a number, a boolean, a text without quotes. An expression stays
 * text; none, NULL and CURRENT_TIMESTAMP are null (data-plane 6.3).
 */
export function typedDefault(sql: string | null, type: SimpleType): Json {
  if (sql === null) return null
  const text = sql.trim()
  const lower = text.toLowerCase()
  if (lower === 'null' || current.has(lower)) return null
  const quoted = /^'((?:[^']|'')*)'$/s.exec(text) ?? /^"((?:[^"]|"")*)"$/s.exec(text)
  const plain = quoted?.[1] === undefined ? text : quoted[1].replaceAll(text.charAt(0).repeat(2), text.charAt(0))
  switch (type) {
    case 'boolean':
      if (/^(?:true|t|yes|y|on|1)$/i.test(plain)) return true
      return /^(?:false|f|no|n|off|0)$/i.test(plain) ? false : plain
    case 'id':
    case 'reference':
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'money':
    case 'float':
    case 'double':
      return number.test(plain) ? exactNumber(plain) : plain
    default:
      return plain
  }
}

/** Whether the database supplies a value by this default when none is sent. */
export const suppliesValue = (sql: string | null): boolean => sql !== null && sql.trim().toLowerCase() !== 'null'

function exactNumber(text: string): Json {
  if (/^[+-]?\d+$/.test(text)) {
    const whole = BigInt(text.replace(/^\+/, ''))
    return whole >= BigInt(Number.MIN_SAFE_INTEGER) && whole <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(whole) : whole
  }
  const digits = text.replace(/e.*$/i, '').replace(/\D/g, '').replace(/^0+/, '')
  if (digits.length <= 15) return Number(text)
  const [, sign = '', lead = '', rest = ''] = /^([+-]?)0*(\d*)(.*)$/.exec(text) ?? []
  return new Decimal(`${sign === '-' ? '-' : ''}${lead === '' ? '0' : lead}${rest.replace(/^\.(?=e|$)/i, '')}`)
}
