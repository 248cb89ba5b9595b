/**
 * Resolving: what a filter means against one table. Names become columns (a hidden one does not exist), operands become slots that
 * hold cast values. Lookups and parameters are values from here on; nothing of them is parsed.
 */
import { type Bind, Decimal, type Json } from 'dataferry/sdk'
import type { Column } from '../catalog/types.ts'
import { type CastUse, castKind, castValue, plainValue, textOf } from './casts.ts'
import { badField, unparsable } from './faults.ts'
import { wholePattern } from './like.ts'
import { replaceLookups } from './lookups.ts'
import { readDigits, smallestInteger, smallestNumber } from './numeric.ts'
import type { Filter, FilterExpr, MatchOp, Operand, PlanExpr, Predicate, Scope } from './types.ts'

/** Resolves a filter. Throws BadRequest with a text of data-plane 4.8. */
export function resolveFilter(filter: Filter, scope: Scope): Predicate {
  if ('left' in filter && filter.left.kind === 'column' && scope.related && !scope.column(filter.left.column)) {
    const { column: name } = filter.left
    const field = scope.related(name)
    if (field)
      return (
        field.known(filter) ??
        field.exists(resolveFilter(filter, { ...field.scope, column: onlyColumn(name, field.column) }))
      )
  }
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'xor':
      return { kind: filter.kind, of: filter.of.map((each) => resolveFilter(each, scope)) }
    case 'not':
      return { kind: 'not', of: resolveFilter(filter.of, scope) }
    case 'compare':
      return resolveComparison(filter, scope)
    case 'match':
      return resolveMatch(filter, scope)
    case 'in': {
      const left = resolveExpr(filter.left, scope)
      const column = columnOf(filter.left, left, scope)
      const binds = filter.list.map((operand) => castOperand(operand, column, 'equal', scope))
      return { kind: 'in', left, list: scope.bind(binds) }
    }
    case 'between': {
      const left = resolveExpr(filter.left, scope)
      const column = columnOf(filter.left, left, scope)
      const low = resolveRight(filter.low, column, 'ceil', scope)
      return { kind: 'between', left, low, high: resolveRight(filter.high, column, 'floor', scope) }
    }
    case 'null':
      return { kind: 'null', left: resolveExpr(filter.left, scope) }
    case 'native':
      if (scope.native !== true) throw unparsable()
      return { kind: 'native', value: scope.bind(filter.text) }
  }
}

/** A test of a related field names no other one: whose row would it be of? */
const onlyColumn =
  (name: string, column: Column): Scope['column'] =>
  (asked) =>
    asked === name ? column : null

/**
 * Resolves an expression whose values have no column to take a type from: numbers are numbers, texts are texts.
 * `unknown` makes the error for a name that is no column; by default the filter's. Throws BadRequest.
 */
export function resolveExpr(expr: FilterExpr, scope: Scope, unknown: (name: string) => Error = badField): PlanExpr {
  switch (expr.kind) {
    case 'column': {
      const column = scope.column(expr.column)
      const meant = column && meaningOf(column, scope)
      if (!meant) throw unknown(expr.column)
      return meant
    }
    case 'value':
      return { kind: 'value', value: scope.bind(untyped(expr.value, scope)) }
    case 'call':
      return { kind: 'call', name: expr.name, args: expr.args.map((arg) => resolveExpr(arg, scope, unknown)) }
    case 'arithmetic': {
      const left = resolveExpr(expr.left, scope, unknown)
      return { kind: 'arithmetic', op: expr.op, left, right: resolveExpr(expr.right, scope, unknown) }
    }
  }
}

/** Most columns are themselves. */
export const meaningOf = (column: Column, scope: Scope): PlanExpr | null =>
  (column.isVirtual || column.dbFunction !== null) && scope.meaning ? scope.meaning(column) : { kind: 'column', column }

/** The column that a side is about, whose type its operands have: what a function makes of a column counts as of its type. */
function columnOf(written: FilterExpr, expr: PlanExpr, scope: Scope): Column | null {
  if (expr.kind === 'column') return expr.column
  return written.kind === 'column' ? scope.column(written.column) : null
}

/** The integer that leaves the meaning of a comparison by order as it was: `a > 1.5` is `a > 1`, `a < 1.5` is `a < 2`. */
const uses = { '=': 'equal', '!=': 'equal', '<': 'ceil', '>=': 'ceil', '>': 'floor', '<=': 'floor' } as const

function resolveComparison(filter: Filter & { readonly kind: 'compare' }, scope: Scope): Predicate {
  const { op } = filter
  const left = resolveExpr(filter.left, scope)
  const column = columnOf(filter.left, left, scope)
  if ((op === '=' || op === '!=') && column !== null && meansNull(filter.right, column)) {
    return op === '=' ? { kind: 'null', left } : { kind: 'not', of: { kind: 'null', left } }
  }
  return { kind: 'compare', op, left, right: resolveRight(filter.right, column, uses[op], scope) }
}

function resolveRight(expr: FilterExpr, column: Column | null, use: CastUse, scope: Scope): PlanExpr {
  if (expr.kind !== 'value') return resolveExpr(expr, scope)
  return { kind: 'value', value: scope.bind(castOperand(expr.value, column, use, scope)) }
}

/** The bare word `null` is the text on a text column, and no value on others (data-plane 4.11, rule 5). */
const isNullWord = (operand: Operand): boolean =>
  operand.kind === 'text' && !operand.quoted && operand.text.toLowerCase() === 'null'

const meansNull = (right: FilterExpr, column: Column): boolean =>
  right.kind === 'value' && isNullWord(right.value) && (column.open === true || castKind(column.type) !== 'string')

function castOperand(operand: Operand, column: Column | null, use: CastUse, scope: Scope): Bind {
  if (column?.open === true) return open(operand, scope)
  if (column === null || column.dbType === '') return untyped(operand, scope)
  if (isNullWord(operand) && castKind(column.type) !== 'string') return null
  return castValue(given(operand, scope), column, use)
}

/** A pattern is a text, whatever the type of the column. The wildcards of CONTAINS and its like are added to it. */
function resolveMatch(filter: Filter & { readonly kind: 'match' }, scope: Scope): Predicate {
  const left = resolveExpr(filter.left, scope)
  if (filter.right.kind !== 'value') {
    return { kind: 'match', op: filter.op, left, right: resolveExpr(filter.right, scope) }
  }
  const value = plainValue(given(filter.right.value, scope))
  const pattern = value === null ? null : patternOf(filter.op, textOf(value))
  const op = filter.op === 'ilike' ? 'ilike' : 'like'
  return { kind: 'match', op, left, right: { kind: 'value', value: scope.bind(pattern) } }
}

/** The LIKE pattern that CONTAINS, STARTS WITH or ENDS WITH a text is; `%` and `_` in it stay wildcards (rule 4). */
export function patternOf(op: MatchOp, given: string): string {
  const text = wholePattern(given)
  if (op === 'contains') return `%${text}%`
  if (op === 'starts') return `${text}%`
  return op === 'ends' ? `%${text}` : text
}

/** What the operand gives: a parameter that is not there is its own text. */
function given(operand: Operand, scope: Scope): Json {
  if (operand.kind === 'text') return replaceLookups(operand.text, scope)
  const value = scope.params.get(operand.name)
  if (value === undefined) return operand.name
  return typeof value === 'string' ? replaceLookups(value, scope) : value
}

const words: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
])

/** Digits that a double holds for certain. */
const safeDigits = 15

/** An operand without parameters and lookups, as in a function of the administrator's. */
export const plainOperand = (operand: Operand): Bind =>
  untyped(operand, {
    column: () => null,
    bind: () => 0,
    params: new Map(),
    lookup: () => undefined,
    modifiers: new Set(),
  })

/** A number stays one, however many digits it has: in an open column nothing else tells it from a text. */
function open(operand: Operand, scope: Scope): Bind {
  if (operand.kind === 'text' && !operand.quoted) {
    const text = operand.text.trim()
    if (/^-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)$/.test(text)) return smallestNumber(text)
  }
  const value = operand.kind === 'text' && operand.quoted ? null : given(operand, scope)
  return value instanceof Decimal ? smallestNumber(value.digits) : untyped(operand, scope)
}

function untyped(operand: Operand, scope: Scope): Bind {
  if (operand.kind === 'text' && !operand.quoted) {
    const word = words.get(operand.text.toLowerCase())
    if (word !== undefined) return word
    const digits = readDigits(operand.text)
    if (digits && /^-?\d+$/.test(operand.text) && digits.digits.length <= 40)
      return smallestInteger(BigInt(operand.text))
    if (digits) return digits.digits.length <= safeDigits ? Number(operand.text) : operand.text.trim()
  }
  return plainValue(given(operand, scope))
}
