/** Validation rules of fields (data-plane 6.7), in the order in which they are stored. */
import { BadRequest, Decimal, InternalError, type Json } from 'dataferry/sdk'
import { type Column, nameOf } from '../catalog/types.ts'
import { readDigits } from '../filter/index.ts'
import { isMembers, type Members } from '../payload.ts'

type Kind = 'insert' | 'update'

/**
 * Judges a value that a client sent for the column. `ignore`: the field is to be dropped. Throws BadRequest with the rule's own
 * message or the contract's, InternalError for a rule that lacks what it needs.
 */
export function validate(column: Column, value: Json, kind: Kind): 'pass' | 'ignore' {
  if (column.validation === null) return 'pass'
  for (const [rule, raw] of Object.entries(column.validation)) {
    const judge = rules.get(rule)
    if (!judge || (value === null && rule !== 'not_null' && rule !== 'create_only')) continue
    const config = isMembers(raw) ? raw : {}
    const fault = judge(value, config, column, kind)
    if (fault === null) continue
    const { on_fail: onFail } = config
    if (onFail === 'ignore_field') return 'ignore'
    throw new BadRequest(typeof onFail === 'string' && onFail !== '' ? onFail : `Field '${nameOf(column)}' ${fault}`)
  }
  return 'pass'
}

/** null: passed; else the end of the default message. */
type Rule = (value: Json, config: Members, column: Column, kind: Kind) => string | null

const text = (value: Json): string => (isStructure(value) ? '' : String(value))
const isStructure = (value: Json): boolean => typeof value === 'object' && value !== null && !(value instanceof Decimal)

const emptyValue = 'value can not be empty.'
const invalidValue = 'value is invalid.'

const isZero = (value: Json): boolean => {
  const digits = typeof value === 'boolean' ? null : readDigits(text(value))
  return digits?.digits === '0'
}

/** What PHP calls empty: `""`, zero, false, an empty list. */
const isEmpty = (value: Json): boolean =>
  value === '' ||
  value === false ||
  value === 0 ||
  value === 0n ||
  value === '0' ||
  (Array.isArray(value) && value.length === 0)

const emailShape =
  /^[^\s@<>()[\],;:\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/
const booleanWords: ReadonlySet<string> = new Set([
  'true',
  'false',
  '1',
  '0',
  'yes',
  'no',
  'on',
  'off',
  't',
  'f',
  'y',
  'n',
])

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  [
    'create_only',
    (_, _config, _column, kind) => (kind === 'update' ? 'can only be set during record creation.' : null),
  ],
  ['not_null', (value) => (value === null ? 'value can not be null.' : null)],
  ['not_empty', (value) => (isEmpty(value) ? emptyValue : null)],
  ['not_zero', (value) => (isZero(value) ? emptyValue : null)],
  [
    'email',
    (value) =>
      value === '' || (text(value).length <= 254 && emailShape.test(text(value)))
        ? null
        : 'value must be a valid email address.',
  ],
  ['url', (value) => (value === '' || isUrl(text(value)) ? null : 'value must be a valid URL.')],
  ['int', (value, config) => (isIntegerWithin(value, config) ? null : 'value is not in the valid range.')],
  ['float', (value, config) => (isFloat(value, config) ? null : 'value is not an acceptable float value.')],
  [
    'boolean',
    (value) =>
      booleanWords.has(text(value).trim().toLowerCase()) ? null : 'value is not an acceptable boolean value.',
  ],
  [
    'match',
    (value, config, column) => (value === '' || pattern(config, column).test(text(value)) ? null : invalidValue),
  ],
  [
    'picklist',
    (value, _config, column) => (value === '' || picks(column).has(text(value)) || isZero(value) ? null : invalidValue),
  ],
  ['multi_picklist', multiPicklist],
])

const isUrl = (value: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/[^\s]+$/i.test(value) && URL.canParse(value)

function isIntegerWithin(value: Json, config: Members): boolean {
  const written = typeof value === 'boolean' ? '' : text(value).trim()
  if (!/^[+-]?\d+$/.test(written)) return false
  const number = BigInt(written)
  const range = isMembers(config.range) ? config.range : {}
  const bound = (of: Json | undefined): bigint | null =>
    of !== undefined && of !== null && /^[+-]?\d+$/.test(text(of).trim()) ? BigInt(text(of).trim()) : null
  const min = bound(range.min)
  const max = bound(range.max)
  return (min === null || number >= min) && (max === null || number <= max)
}

function isFloat(value: Json, config: Members): boolean {
  if (typeof value === 'boolean') return false
  const sign = typeof config.decimal === 'string' && config.decimal !== '' ? config.decimal : '.'
  return readDigits(sign === '.' ? text(value) : text(value).replace(sign, '.')) !== null
}

const patterns = new Map<string, RegExp>()
const mostPatterns = 500

function pattern(config: Members, column: Column): RegExp {
  const { regexp } = config
  if (typeof regexp !== 'string' || regexp === '') {
    throw new InternalError(`Invalid validation configuration: Field '${nameOf(column)}' has no 'regexp'.`)
  }
  const known = patterns.get(regexp)
  if (known) return known
  const made = compilePattern(regexp) ?? compilePattern(Buffer.from(regexp, 'base64').toString('utf8'))
  if (!made)
    throw new InternalError(`Invalid validation configuration: Field '${nameOf(column)}' has an invalid 'regexp'.`)
  if (patterns.size >= mostPatterns) patterns.clear()
  patterns.set(regexp, made)
  return made
}

const closing: { readonly [open: string]: string } = { '(': ')', '[': ']', '{': '}', '<': '>' }

/** A delimited pattern, `/^a+$/i`; null for a text that is none. */
function compilePattern(written: string): RegExp | null {
  const delimiter = written[0]
  if (delimiter === undefined || /[\w\s\\]/.test(delimiter)) return null
  const end = written.lastIndexOf(closing[delimiter] ?? delimiter)
  const flags = written.slice(end + 1)
  if (end < 1 || !/^[imsuxADSUXJ]*$/.test(flags)) return null
  try {
    return new RegExp(written.slice(1, end), `u${flags.replace(/[^ims]/g, '')}`)
  } catch {
    return null
  }
}

function picks(column: Column): ReadonlySet<string> {
  if (column.picklist === null || column.picklist.length === 0) {
    throw new InternalError(
      `Invalid validation configuration: Field '${nameOf(column)}' has no 'picklist' options in schema settings.`,
    )
  }
  return new Set(column.picklist)
}

function multiPicklist(value: Json, config: Members, column: Column): string | null {
  const allowed = picks(column)
  const delimiter = typeof config.delimiter === 'string' && config.delimiter !== '' ? config.delimiter : ','
  const chosen = (Array.isArray(value) ? value.map(text) : text(value).split(delimiter))
    .map((each) => each.trim())
    .filter((each) => each !== '')
  const min = Number(config.min ?? 1)
  const max = config.max === undefined || config.max === null ? Number.POSITIVE_INFINITY : Number(config.max)
  if (chosen.length < min) return 'value does not contain enough selections.'
  if (chosen.length > max) return 'value contains too many selections.'
  return chosen.every((each) => allowed.has(each)) ? null : invalidValue
}
