/** The `order` option (data-plane 3.3): fields, positions and expressions, each with a direction and a place for nulls. */
import { BadRequest } from 'dataferry/sdk'
import type { OrderTerm } from '../plan/types.ts'
import { Budget, type FilterLimits } from './budget.ts'
import { readExpression } from './expressions.ts'
import { Lexer } from './lexer.ts'
import { resolveExpr } from './resolve.ts'
import { splitTerms, splitWords } from './terms.ts'
import type { FilterExpr, OrderAsked, RelatedValue, Scope } from './types.ts'

const tooLarge = (what: string): BadRequest =>
  new BadRequest(`Invalid order by clause in request. It has more than ${what}.`)
const invalidField = (term: string): BadRequest => new BadRequest(`Invalid field '${term}' in order by clause.`)

/**
 * Parses `order`. Blank terms are dropped. The word behind a term is its direction, an unknown one says nothing; `nulls first` and
 * `nulls last` are seen behind a direction only. Throws BadRequest with the texts of data-plane 3.3.
 */
export function parseOrder(text: string, limits?: FilterLimits): readonly OrderAsked[] {
  if (text.includes(';')) throw new BadRequest('Invalid order by clause in request.')
  if (/sleep\s*\(/i.test(text)) throw new BadRequest('Use of the sleep() function not supported.')
  const budget = new Budget(limits, tooLarge)
  return splitTerms(text).map((term) => parseTerm(term, budget))
}

function parseTerm(term: string, budget: Budget): OrderAsked {
  budget.term()
  const lexer = new Lexer(term)
  const by = position(lexer) ?? ordered(lexer, budget)
  if (!by) throw invalidField(term)
  const words = splitWords(term.slice(lexer.at).toLowerCase())
  const [direction = '', nulls = '', place = ''] = words
  if (!words.every((word) => /^\w+$/.test(word)) || words.length > 3) throw invalidField(term)
  const placed = nulls === 'nulls' && (place === 'first' || place === 'last')
  if (words.length > 1 && !placed && direction !== 'nulls') throw invalidField(term)
  return { by, descending: direction === 'desc' || direction === 'descending', nulls: placed ? place : null }
}

/** A number alone is a position among the selected fields, from 1. */
function position(lexer: Lexer): OrderAsked['by'] | null {
  const digits = /^([1-9]\d{0,8})(?=[ \t\r\n\v\f]|$)/.exec(lexer.text)?.[1]
  if (digits === undefined) return null
  lexer.at = digits.length
  return { kind: 'position', position: Number(digits) }
}

/** An expression; a mere value orders nothing. */
function ordered(lexer: Lexer, budget: Budget): OrderAsked['by'] | null {
  const expr = readExpression(lexer, budget)
  return expr && expr.kind !== 'value' ? { kind: 'expr', expr } : null
}

/**
 * Resolves the terms. `outputs` is the number of selected fields, which positions count. Throws BadRequest
 * `Invalid field 'x' in order by clause.`
 */
export function resolveOrder(asked: readonly OrderAsked[], scope: Scope, outputs: number): readonly OrderTerm[] {
  return asked.map(({ by, descending, nulls }) => ({ expr: resolveBy(by, scope, outputs), descending, nulls }))
}

function resolveBy(by: OrderAsked['by'], scope: Scope, outputs: number): OrderTerm['expr'] {
  if (by.kind === 'expr') return relatedValue(by.expr, scope) ?? resolveExpr(by.expr, scope, invalidField)
  if (by.position > outputs) throw invalidField(String(by.position))
  return { kind: 'output', index: by.position - 1 }
}

/** A row with several related ones has no place by their fields. */
function relatedValue(expr: FilterExpr, scope: Scope): RelatedValue | null {
  if (expr.kind !== 'column' || !scope.related || scope.column(expr.column)) return null
  return scope.related(expr.column)?.value() ?? null
}
