/** The operators of data-plane 4.2 and 4.11, symbols and words, found at a position of a text. */
import { isBlank, isWordPart, skipBlanks, wordEnd } from './characters.ts'
import type { CompareOp, MatchOp } from './types.ts'

export type Operator =
  | { readonly kind: 'compare'; readonly op: CompareOp }
  | { readonly kind: 'match'; readonly op: MatchOp }
  | { readonly kind: 'in' }
  | { readonly kind: 'between' }
  | { readonly kind: 'null'; readonly negated: boolean }

/** An operator, whether NOT stands before it, and the position behind it. */
export interface OperatorAt {
  readonly operator: Operator
  readonly negated: boolean
  readonly end: number
}

export type LogicalKind = 'and' | 'or' | 'xor'
export interface LogicalAt {
  readonly kind: LogicalKind
  readonly end: number
}

/** Longer symbols first. */
const symbols: readonly (readonly [string, CompareOp])[] = [
  ['>=', '>='],
  ['<=', '<='],
  ['!=', '!='],
  ['<>', '!='],
  ['=', '='],
  ['>', '>'],
  ['<', '<'],
]

const words: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['eq', { kind: 'compare', op: '=' }],
  ['ne', { kind: 'compare', op: '!=' }],
  ['gt', { kind: 'compare', op: '>' }],
  ['lt', { kind: 'compare', op: '<' }],
  ['gte', { kind: 'compare', op: '>=' }],
  ['lte', { kind: 'compare', op: '<=' }],
  ['like', { kind: 'match', op: 'like' }],
  ['ilike', { kind: 'match', op: 'ilike' }],
  ['contains', { kind: 'match', op: 'contains' }],
  ['in', { kind: 'in' }],
  ['between', { kind: 'between' }],
])

/** The longest word that is, or begins, an operator: longer ones need not be lower-cased. */
const longestWord = 8

const wordAt = (text: string, at: number): { readonly word: string; readonly end: number } => {
  const end = wordEnd(text, at)
  return { word: end - at > longestWord ? '' : text.slice(at, end).toLowerCase(), end }
}

/** Whether `word` (lower case) stands at `at` as a whole word: the position behind it, else -1. */
export function keywordAt(text: string, at: number, word: string): number {
  const end = at + word.length
  if (isWordPart(text.charCodeAt(end))) return -1
  return text.slice(at, end).toLowerCase() === word ? end : -1
}

/** A symbol such as `>=` at exactly this position. */
export function symbolAt(text: string, at: number): OperatorAt | null {
  for (const [symbol, op] of symbols) {
    if (text.startsWith(symbol, at)) {
      return { operator: { kind: 'compare', op }, negated: false, end: at + symbol.length }
    }
  }
  return null
}

/** An operator at exactly this position, which must be the beginning of a word where it is one. */
export function operatorAt(text: string, at: number): OperatorAt | null {
  const not = keywordAt(text, at, 'not')
  if (not === -1) return plainOperatorAt(text, at)
  const behind = plainOperatorAt(text, skipBlanks(text, not))
  return behind && behind.operator.kind !== 'null' ? { ...behind, negated: true } : null
}

function plainOperatorAt(text: string, at: number): OperatorAt | null {
  const symbol = symbolAt(text, at)
  if (symbol) return symbol
  const { word, end } = wordAt(text, at)
  if (word === 'starts' || word === 'ends') {
    const behind = keywordAt(text, skipBlanks(text, end), 'with')
    return behind === -1 ? null : { operator: { kind: 'match', op: word }, negated: false, end: behind }
  }
  if (word === 'is') return nullAt(text, end)
  const operator = words.get(word)
  return operator ? { operator, negated: false, end } : null
}

/** What follows IS: `[NOT] NULL`. */
function nullAt(text: string, at: number): OperatorAt | null {
  const next = skipBlanks(text, at)
  const not = keywordAt(text, next, 'not')
  const end = keywordAt(text, not === -1 ? next : skipBlanks(text, not), 'null')
  return end === -1 ? null : { operator: { kind: 'null', negated: not !== -1 }, negated: false, end }
}

/** AND, OR, XOR, `&&` or `||` at exactly this position. */
export function logicalAt(text: string, at: number): LogicalAt | null {
  switch (text[at]) {
    case '&':
      return text[at + 1] === '&' ? { kind: 'and', end: at + 2 } : null
    case '|':
      return text[at + 1] === '|' ? { kind: 'or', end: at + 2 } : null
    case 'a':
    case 'A':
      return logicalWordAt(text, at, 'and')
    case 'o':
    case 'O':
      return logicalWordAt(text, at, 'or')
    case 'x':
    case 'X':
      return logicalWordAt(text, at, 'xor')
    default:
      return null
  }
}

function logicalWordAt(text: string, at: number, kind: LogicalKind): LogicalAt | null {
  const end = keywordAt(text, at, kind)
  return end === -1 ? null : { kind, end }
}

/** NOT before a group or a predicate; `not = 5` is about a field of that name. */
export function notAt(text: string, at: number): number {
  const end = keywordAt(text, at, 'not')
  return end === -1 || symbolAt(text, skipBlanks(text, end)) ? -1 : end
}

/**
 * Whether a predicate seems to begin here: parentheses and NOTs, a field, an operator. It decides whether ` AND ` inside
 * bare text ends it (data-plane 4.11, rule 3), so a number or a quoted text on the left is no field.
 */
export function predicateAt(text: string, from: number): boolean {
  let at = skipBlanks(text, from)
  for (;;) {
    const not = notAt(text, at)
    if (text[at] !== '(' && not === -1) break
    at = skipBlanks(text, not === -1 ? at + 1 : not)
  }
  const first = text.charCodeAt(at)
  if (!isWordPart(first) && text[at] !== '"' && text[at] !== '`') return false
  if (first >= 0x30 && first <= 0x39) return false
  const end = fieldEnd(text, at)
  if (end === -1) return false
  const found = operatorAt(text, skipBlanks(text, end))
  if (!found) return false
  return found.operator.kind !== 'in' || text[skipBlanks(text, found.end)] === '('
}

/** The position behind a field: words and quoted names joined by dots; -1 where there is none. */
export function fieldEnd(text: string, from: number): number {
  let end = segmentEnd(text, from)
  while (end !== -1 && text[end] === '.') {
    const next = segmentEnd(text, end + 1)
    if (next === -1) break
    end = next
  }
  return end
}

function segmentEnd(text: string, at: number): number {
  const mark = text[at]
  if (mark !== '"' && mark !== '`') {
    const end = wordEnd(text, at)
    return end > at ? end : -1
  }
  let close = text.indexOf(mark, at + 1)
  while (close !== -1 && text[close + 1] === mark) close = text.indexOf(mark, close + 2)
  return close === -1 ? -1 : close + 1
}

/** Whether a value may end before this position: behind blanks there is the end, `)`, `,` or a logical word (rule 2). */
export function endsOperand(text: string, from: number): boolean {
  const at = skipBlanks(text, from)
  if (at >= text.length || text[at] === ')' || text[at] === ',') return true
  return logicalAt(text, at) !== null
}

/** Whether a logical word may begin here, seen from the character before it. */
export const afterGap = (text: string, at: number, start: number): boolean =>
  at === start || isBlank(text.charCodeAt(at - 1)) || text[at - 1] === ')'
