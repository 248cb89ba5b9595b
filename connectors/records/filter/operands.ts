/** Operands of comparisons: quoted, bare, `:named`, or an expression in parentheses; and the lists of IN (data-plane 4.4, 4.11). */
import type { Budget } from './budget.ts'
import { readExpression } from './expressions.ts'
import { badList, unparsable } from './faults.ts'
import type { Lexer, ValuePlace } from './lexer.ts'
import type { FilterExpr, Operand } from './types.ts'

const paramName = /^:[\p{L}\p{N}_.-]+$/u

/** Bare text as an operand: `:x` is a parameter. */
export const bareOperand = (text: string): Operand =>
  paramName.test(text) ? { kind: 'param', name: text } : { kind: 'text', text, quoted: false }

/**
 * Reads the operand at the cursor. Text wrapped in parentheses as a whole must be an expression; `(555) 1234` is text.
 * Throws BadRequest.
 */
export function readOperand(lexer: Lexer, budget: Budget, place: 'filter' | 'low'): FilterExpr {
  return readWrapped(lexer, budget) ?? { kind: 'value', value: readLiteral(lexer, place) }
}

/** Reads a quoted or bare operand. Throws BadRequest. */
export function readLiteral(lexer: Lexer, place: ValuePlace): Operand {
  const quoted = lexer.quoted()
  return quoted === null ? bareOperand(lexer.bare(place)) : { kind: 'text', text: quoted, quoted: true }
}

function readWrapped(lexer: Lexer, budget: Budget): FilterExpr | null {
  if (lexer.peek() !== '(') return null
  const from = lexer.at
  lexer.take('(')
  budget.enter()
  const expr = readExpression(lexer, budget)
  budget.leave()
  if (expr && lexer.take(')') && lexer.endsOperand()) return expr
  lexer.at = from
  const close = lexer.closing()
  if (close === -1) throw unparsable()
  lexer.at = close + 1
  if (lexer.endsOperand()) throw unparsable()
  lexer.at = from
  return null
}

/** Reads `(a, 'b', :c)`. Throws BadRequest, with a text of its own for a list without parentheses or elements. */
export function readList(lexer: Lexer): readonly Operand[] {
  if (!lexer.take('(') || lexer.peek() === ')') throw badList()
  const list = readElements(lexer)
  if (!lexer.take(')')) throw unparsable()
  return list
}

/** Reads elements up to a parenthesis or the end. Throws BadRequest. */
export function readElements(lexer: Lexer): readonly Operand[] {
  const list: Operand[] = []
  do list.push(readLiteral(lexer, 'list'))
  while (lexer.take(','))
  return list
}
