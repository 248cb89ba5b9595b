/**
 * Prints a filter as text that parses to the same tree: `parseFilter(printFilter(tree))` equals `tree` for each tree that the
 * parser can make (members of AND, OR and XOR are two or more, left sides are fields).
 */
import { Budget } from './budget.ts'
import { wordEnd } from './characters.ts'
import { bareFunctions, valueWords } from './functions.ts'
import { Lexer, type ValuePlace } from './lexer.ts'
import { readLiteral, readOperand } from './operands.ts'
import { keywordAt } from './operators.ts'
import type { ArithmeticOp, Filter, FilterExpr, MatchOp, Operand } from './types.ts'

const matchWords: { readonly [O in MatchOp]: string } = {
  like: 'LIKE',
  ilike: 'ILIKE',
  contains: 'CONTAINS',
  starts: 'STARTS WITH',
  ends: 'ENDS WITH',
}

/** Throws TypeError for a tree that no text can mean: an empty AND, a left side that is no field, an empty list. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'xor': {
      const [first, ...rest] = filter.of
      if (!first) throw new TypeError(`An empty ${filter.kind} has no text.`)
      if (rest.length === 0) return printFilter(first)
      return filter.of.map((each) => `(${printFilter(each)})`).join(` ${filter.kind.toUpperCase()} `)
    }
    case 'not': {
      const inner = printFilter(filter.of)
      return isComposite(filter.of) ? `NOT (${inner})` : `NOT ${inner}`
    }
    case 'native':
      return filter.text
    case 'compare':
      return `${left(filter.left)} ${filter.op} ${operand(filter.right, 'filter')}`
    case 'match':
      return `${left(filter.left)} ${matchWords[filter.op]} ${operand(filter.right, 'filter')}`
    case 'in':
      if (filter.list.length === 0) throw new TypeError('An empty list has no text.')
      return `${left(filter.left)} IN (${filter.list.map((each) => literal(each, 'list')).join(', ')})`
    case 'between':
      return `${left(filter.left)} BETWEEN ${operand(filter.low, 'low')} AND ${operand(filter.high, 'filter')}`
    case 'null':
      return `${left(filter.left)} IS NULL`
  }
}

const isComposite = (filter: Filter): boolean =>
  (filter.kind === 'and' || filter.kind === 'or' || filter.kind === 'xor') && filter.of.length > 1

function left(expr: FilterExpr): string {
  if (expr.kind !== 'column') throw new TypeError('The left side of a comparison must be a field.')
  return isPlainName(expr.column) && keywordAt(expr.column, 0, 'not') === -1 ? expr.column : quotedName(expr.column)
}

/** Words joined by dots: a name that needs no quotes. */
function isPlainName(name: string): boolean {
  for (let at = 0; ; at += 1) {
    const end = wordEnd(name, at)
    if (end === at) return false
    if (end === name.length) return true
    if (name[end] !== '.') return false
    at = end
  }
}

const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`
const quotedText = (text: string): string => `'${text.replaceAll("'", "''")}'`

function operand(expr: FilterExpr, place: 'filter' | 'low'): string {
  return expr.kind === 'value' ? literal(expr.value, place) : `(${expression(expr, 0)})`
}

/** A bare text stays bare where the parser reads it back as it is. */
function literal(value: Operand, place: ValuePlace): string {
  if (value.kind === 'param') return value.name
  return !value.quoted && readsBack(value, place) ? value.text : quotedText(value.text)
}

function readsBack(value: Operand & { readonly kind: 'text' }, place: ValuePlace): boolean {
  if (value.text === '') return place === 'filter'
  const lexer = new Lexer(value.text + (place === 'low' ? ' AND ' : ')'))
  try {
    const read: FilterExpr =
      place === 'list' ? { kind: 'value', value: readLiteral(lexer, place) } : readOperand(lexer, new Budget(), place)
    if (read.kind !== 'value' || read.value.kind !== 'text') return false
    return !read.value.quoted && read.value.text === value.text
  } catch {
    return false
  }
}

const ranks: { readonly [O in ArithmeticOp]: number } = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 }

/** `rank`: parentheses go round what binds looser. */
function expression(expr: FilterExpr, rank: number): string {
  switch (expr.kind) {
    case 'column':
      return expressionName(expr.column)
    case 'value':
      return expressionValue(expr.value)
    case 'call':
      return `${expr.name}(${expr.args.map((arg) => expression(arg, 0)).join(', ')})`
    case 'arithmetic': {
      const own = ranks[expr.op]
      const text = `${expression(expr.left, own)} ${expr.op} ${expression(expr.right, own + 1)}`
      return own < rank ? `(${text})` : text
    }
  }
}

function expressionName(name: string): string {
  const word = name.toLowerCase()
  const plain = isPlainName(name) && !/^\d/.test(name) && !valueWords.has(word) && !bareFunctions.has(word)
  return plain ? name : quotedName(name)
}

const bareInExpression = /^(?:-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|null|true|false|\{[^{}]*\})$/i

function expressionValue(value: Operand): string {
  if (value.kind === 'param') return value.name
  return !value.quoted && bareInExpression.test(value.text) ? value.text : quotedText(value.text)
}
