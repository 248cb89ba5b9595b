/** What a column's declaration means: its simple type, its measures, its default (data-plane 6.3, 6.5). Pure. */

import type { SimpleType } from 'dataferry/records'
import { Decimal, type Json } from 'dataferry/sdk'

/** A column type, taken apart. */
export interface Declared {
  readonly type: SimpleType
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
  readonly fixedLength: boolean
}

const words: ReadonlyMap<string, SimpleType> = new Map<string, SimpleType>([
  ['tinyint', 'integer'],
  ['smallint', 'integer'],
  ['mediumint', 'integer'],
  ['int', 'integer'],
  ['integer', 'integer'],
  ['bigint', 'bigint'],
  ['decimal', 'decimal'],
  ['numeric', 'decimal'],
  ['float', 'float'],
  ['real', 'float'],
  ['double', 'double'],
  ['bit', 'boolean'],
  ['bool', 'boolean'],
  ['date', 'date'],
  ['time', 'time'],
  ['datetime', 'datetime'],
  ['timestamp', 'timestamp'],
  ['tinytext', 'text'],
  ['text', 'text'],
  ['mediumtext', 'text'],
  ['longtext', 'text'],
  ['tinyblob', 'binary'],
  ['blob', 'binary'],
  ['mediumblob', 'binary'],
  ['longblob', 'binary'],
  ['binary', 'binary'],
  ['varbinary', 'binary'],
  ['json', 'json'],
  ['set', 'array'],
  ['uuid', 'uuid'],
])

const wordOf = (columnType: string): string => /^[a-z]+/.exec(columnType.toLowerCase())?.[0] ?? ''

const spatial: ReadonlySet<string> = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
])
/** Shown and written as WKT. */
export const isSpatial = (columnType: string): boolean => spatial.has(wordOf(columnType))

/** `columnType` as the catalog has it: `int(10) unsigned`, `decimal(12,4)`, `enum('a','b')`. */
export function declaredType(columnType: string): Declared {
  const word = wordOf(columnType)
  const none = { length: null, precision: null, scale: null, fixedLength: false }
  if (word === 'enum') {
    const longest = Math.max(0, ...members(columnType).map((member) => [...member].length))
    return { ...none, type: 'string', length: longest, precision: longest }
  }
  if (word === 'set') return { ...none, type: 'array', length: 0, precision: 0, scale: 0 }
  const [, measures = ''] = /^[a-z ]+\(([\d, ]+)\)/i.exec(columnType) ?? []
  const [length, scale] = measures === '' ? [] : measures.split(',').map(Number)
  const two = scale !== undefined
  return {
    type: word === 'tinyint' && length === 1 ? 'boolean' : (words.get(word) ?? 'string'),
    length: length ?? null,
    precision: two ? (length ?? null) : null,
    scale: two ? scale : null,
    fixedLength: word === 'char',
  }
}

/** The members of an enum or a set. */
const members = (columnType: string): readonly string[] =>
  [...columnType.matchAll(/'((?:[^']|'')*)'/g)].map(([, member = '']) => member.replaceAll("''", "'"))

const multibyte: ReadonlySet<string> = new Set([
  'utf8',
  'utf8mb3',
  'utf8mb4',
  'ucs2',
  'utf16',
  'utf16le',
  'utf32',
  'big5',
  'gb2312',
  'gbk',
  'gb18030',
  'sjis',
  'cp932',
  'euckr',
  'ujis',
  'eucjpms',
])
export const isMultibyte = (characterSet: string | null): boolean =>
  characterSet !== null && multibyte.has(characterSet.toLowerCase())

/** What the catalog says of a column's default. */
export interface DefaultFacts {
  /** null: none. */
  readonly text: string | null
  /** `extra` of the catalog. */
  readonly extra: string
  /** The text is SQL: literals have quotes, and NULL is a word. */
  readonly quoted: boolean
}

/** Whether the database supplies a value by this default when none is sent. */
export const suppliesValue = ({ text, quoted }: DefaultFacts): boolean =>
  text !== null && !(quoted && text.toUpperCase() === 'NULL')

const numeric: ReadonlySet<SimpleType> = new Set<SimpleType>([
  'id',
  'reference',
  'integer',
  'bigint',
  'decimal',
  'float',
  'double',
])
const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i

/** Typed by the column: a number, a boolean, a text without quotes. An expression stays text (data-plane 6.3). */
export function typedDefault(facts: DefaultFacts, type: SimpleType): Json {
  if (facts.text === null || !suppliesValue(facts)) return null
  const literal = /^'((?:[^'\\]|''|\\.)*)'$/s.exec(facts.text)?.[1]
  const text = facts.quoted && literal !== undefined ? unescaped(literal) : facts.text
  if (type === 'boolean') return truth(text)
  if (numeric.has(type) && number.test(text)) return exactNumber(text)
  return text
}

const unescaped = (literal: string): string =>
  literal.replace(/''|\\(.)/gs, (_, escaped: string | undefined) => escaped ?? "'")

function truth(text: string): Json {
  const bits = /^b'([01]*)'$/i.exec(text)?.[1] ?? text
  if (/^0+$/.test(bits)) return false
  return /^[01]+$/.test(bits) ? true : text
}

function exactNumber(text: string): Json {
  if (/^[+-]?\d+$/.test(text)) {
    const whole = BigInt(text.replace(/^\+/, ''))
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole
  }
  const significant = text.replace(/e.*$/i, '').replace(/\D/g, '').replace(/^0+/, '')
  if (significant.length <= 15) return Number(text)
  const [, sign = '', lead = '', rest = ''] = /^([+-]?)0*(\d*)(.*)$/.exec(text) ?? []
  return new Decimal(`${sign === '-' ? '-' : ''}${lead === '' ? '0' : lead}${rest.replace(/\.(?=e|$)/i, '')}`)
}

/** A timestamp that the database sets when a record is made, or whenever it is changed; other words for it do not count. */
export function stampType({ text, extra }: DefaultFacts): 'timestamp_on_create' | 'timestamp_on_update' | null {
  if (text !== 'CURRENT_TIMESTAMP') return null
  return /\bon update CURRENT_TIMESTAMP\b/i.test(extra) ? 'timestamp_on_update' : 'timestamp_on_create'
}
