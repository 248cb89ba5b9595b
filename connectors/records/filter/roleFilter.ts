/**
 * Row filters of roles (data-plane 3.11, 4.9, control-plane 3.4): a list of `{name, operator, value}` becomes one tree. The parts
 * are never glued to a text, so a value ends where the row ends, whatever is in it.
 */
import { type ApiError, Decimal, InternalError, type Json } from 'dataferry/sdk'
import { parseExpression } from './expressions.ts'
import { Lexer } from './lexer.ts'
import { bareOperand, readElements } from './operands.ts'
import { operatorAt } from './operators.ts'
import type { Filter, FilterExpr, Operand } from './types.ts'

/** One row of a role's `filters`. */
export interface RoleFilterRow {
  readonly name: string
  readonly operator: string
  readonly value: Json
}

const invalid = (): ApiError => new InternalError('Invalid server-side filter configuration detected.')

/**
 * Makes the tree of a role's filters, joined by `filterOp` (AND or OR, in any case; '' and null are AND); null for none.
 * Throws InternalError with the contract's text for a row or a combiner that means nothing.
 */
export function parseRoleFilter(rows: readonly RoleFilterRow[], filterOp: string | null): Filter | null {
  if (rows.length === 0) return null
  const kind = (filterOp ?? '').trim().toLowerCase() || 'and'
  if (kind !== 'and' && kind !== 'or') throw new InternalError('Invalid server configuration detected.')
  const of = rows.map(parseRow)
  return of.length === 1 && of[0] ? of[0] : { kind, of }
}

/** Operators that clients do not have. */
const existence: ReadonlyMap<string, boolean> = new Map([
  ['does exist', true],
  ['does not exist', false],
])

function parseRow({ name, operator, value }: RoleFilterRow): Filter {
  const field = name.trim()
  const words = operator.trim().replace(/\s+/g, ' ').toLowerCase()
  if (field === '' || words === '') throw invalid()
  const left: FilterExpr = { kind: 'column', column: field }
  const exists = existence.get(words)
  if (exists !== undefined) return exists ? not({ kind: 'null', left }) : { kind: 'null', left }
  const found = operatorAt(words, 0)
  if (!found || found.end !== words.length) throw invalid()
  const filter = comparison(left, found.operator, textOf(value))
  return found.negated ? not(filter) : filter
}

const not = (of: Filter): Filter => ({ kind: 'not', of })

type FoundOperator = NonNullable<ReturnType<typeof operatorAt>>['operator']

function comparison(left: FilterExpr, operator: FoundOperator, value: string): Filter {
  switch (operator.kind) {
    case 'compare':
      return { kind: 'compare', op: operator.op, left, right: operand(value) }
    case 'match':
      return { kind: 'match', op: operator.op, left, right: operand(value) }
    case 'in':
      return { kind: 'in', left, list: list(value) }
    case 'null':
      return operator.negated ? not({ kind: 'null', left }) : { kind: 'null', left }
    case 'between':
      throw invalid()
  }
}

/** The value as text: numbers and booleans may be stored as such. */
function textOf(value: Json): string {
  if (value === null) return ''
  if (typeof value === 'object' && !(value instanceof Decimal)) throw invalid()
  return String(value).trim()
}

/** Client syntax (quoting optional), but the whole text is the value: nothing ends it early. */
function operand(text: string): FilterExpr {
  if (text.startsWith('(') && text.endsWith(')')) {
    const expr = parseExpression(text)
    if (!expr) throw invalid()
    return expr
  }
  return { kind: 'value', value: literal(text) }
}

function literal(text: string): Operand {
  const mark = text[0]
  if ((mark !== "'" && mark !== '"') || text.length < 2 || !text.endsWith(mark)) return bareOperand(text)
  return { kind: 'text', text: text.slice(1, -1).replaceAll(mark + mark, mark), quoted: true }
}

/** The list of IN, with or without its parentheses. */
function list(text: string): readonly Operand[] {
  const lexer = new Lexer(text)
  const wrapped = lexer.take('(')
  if (lexer.atEnd() || lexer.peek() === ')') throw invalid()
  const elements = readElements(lexer)
  if ((wrapped && !lexer.take(')')) || !lexer.atEnd()) throw invalid()
  return elements
}
