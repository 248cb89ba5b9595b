/**
 * JSON in and out without loss: integers beyond 2^53 are bigints, decimals that a double can't hold are Decimals, and both
 * print digit by digit (data-plane 2.10, 9.1). What neither side of a text needs costs nothing: the exact way is taken only
 * when a cheap look finds a number that wants it.
 */
import { BadRequest } from '../errors.ts'
import { Decimal, type Json } from '../plugins/contract.ts'
import { locateJsonError } from './json-locate.ts'

/** Deeper bodies are refused: what walks a value later may recurse. */
const maxDepth = 512
/** Longer integers stay text; no database holds them as integers anyway. */
const maxIntegerDigits = 400

/** So many digits and points may be more than a double holds, and so may a power of ten of two digits. */
const longNumber = 16
const largePower = /\d[eE][+-]?\d{2}/

/**
 * Finds every number that a double may not hold (and texts that look like one, which costs only the slower way). A number as long as that
 * covers one of the places that are looked at: a regular expression, which looks at all of them, takes longer than reading the JSON.
 */
function wantsExact(text: string): boolean {
  for (let at = longNumber - 1; at < text.length; at += longNumber) {
    if (!isDigitOrPoint(text, at)) continue
    let from = at
    while (isDigitOrPoint(text, from - 1)) from--
    let to = at + 1
    while (isDigitOrPoint(text, to)) to++
    if (to - from >= longNumber) return true
  }
  return largePower.test(text)
}

function isDigitOrPoint(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return (code >= 48 && code <= 57) || code === 46
}

interface ReviverContext {
  readonly source?: string
}
type Reviver = (key: string, value: Json, context: ReviverContext) => Json
type RawJson = (digits: string) => unknown
const parseWith = JSON.parse as (text: string, reviver: Reviver) => Json
const { rawJSON } = JSON as unknown as { readonly rawJSON: RawJson }

/**
 * The value of a JSON text; objects have null prototypes, so that a key `__proto__` is only a key.
 *
 * @throws BadRequest that says where the text stops being JSON, or that it is nested too deep.
 */
export function parseJson(text: string): Json {
  let value: Json
  try {
    value = wantsExact(text) ? parseWith(text, exactly) : (JSON.parse(text) as Json)
  } catch (error) {
    // Only the reviver recurses, as deep as the text is nested.
    if (error instanceof RangeError) throw tooDeep()
    if (!(error instanceof SyntaxError)) throw error
    const { line, column, problem } = locateJsonError(text)
    throw new BadRequest(`The body is not valid JSON: line ${line}, column ${column}: ${problem}.`)
  }
  return value !== null && typeof value === 'object' ? plain(value, 1) : value
}

function exactly(_key: string, value: Json, context: ReviverContext): Json {
  return typeof value === 'number' && context.source !== undefined ? exactNumber(context.source, value) : value
}

/** The number that a JSON number literal stands for, in the smallest type that holds it exactly. */
export function exactNumber(literal: string, value: number = Number(literal)): number | bigint | Decimal {
  if (/^-?\d+$/.test(literal)) {
    if (Number.isSafeInteger(value)) return value
    return literal.length > maxIntegerDigits ? new Decimal(literal) : BigInt(literal)
  }
  return Number.isFinite(value) && significant(literal) === significant(String(value)) ? value : new Decimal(literal)
}

/** One spelling for all literals of the same number: the digits without outer zeros, and the power of ten of the last one. */
function significant(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const trimmed = digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  const power = Number(exponent) - fraction.length + (digits.length - trimmed.length)
  return `${mantissa.startsWith('-') ? '-' : ''}${trimmed}e${power}`
}

const tooDeep = () => new BadRequest(`The body is nested more than ${maxDepth} levels deep.`)

function plain<V extends object>(value: V, depth: number): V {
  if (value instanceof Decimal) return value
  if (depth > maxDepth) throw tooDeep()
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) if (item !== null && typeof item === 'object') plain(item, depth + 1)
    return value
  }
  // Unlike rebuilding the object, this keeps its fast layout.
  Object.setPrototypeOf(value, null)
  for (const key in value) {
    const item = value[key]
    if (item !== null && typeof item === 'object') plain(item as object, depth + 1)
  }
  return value
}

/** The compact JSON text of a value. Numbers that JSON has not (NaN, infinities) are null. */
export function encodeJson(value: Json): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // The only thing in a Json that JSON.stringify refuses is a bigint.
    if (!(error instanceof TypeError)) throw error
    return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? rawJSON(String(item)) : item))
  }
}

/** A value as `text/plain` (data-plane 2.10): JSON in which slashes and all but ASCII are escaped. */
export function encodeText(value: Json): string {
  return escapeText(encodeJson(value))
}

/** JSON text made `text/plain`: the same value, in ASCII, with escaped slashes. */
export function escapeText(json: string): string {
  return json.replace(/[/\u007f-\uffff]/g, (char) =>
    char === '/' ? '\\/' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
