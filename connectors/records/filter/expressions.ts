/**
 * Expressions (data-plane 4.7): fields, numbers, strings, parameters, lookups, `+ - * / %` and an allow-list of functions. They are
 * right-hand sides in parentheses, terms of `order`, and `{"expression": ...}` values of records. What they hold is a tree, so
 * nothing of the text reaches a database but names that resolve to columns, and bound values.
 */
import { Budget, type FilterLimits } from './budget.ts'
import { isWordPart } from './characters.ts'
import { bareFunctions, functions, valueWords } from './functions.ts'
import { Lexer } from './lexer.ts'
import type { ArithmeticOp, FilterExpr, Operand } from './types.ts'

const numberShape = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const paramShape = /:[\p{L}\p{N}_]+/uy

/**
 * A text that is an expression from its beginning to its end; null where it is none, for the caller to refuse in the words of its
 * place. Throws BadRequest above the limits.
 */
export function parseExpression(text: string, limits?: FilterLimits): FilterExpr | null {
  const lexer = new Lexer(text)
  const expr = readExpression(lexer, new Budget(limits))
  return expr && lexer.atEnd() ? expr : null
}

/** Reads the longest expression at the cursor; null where none is, the cursor then being anywhere. Throws BadRequest above the limits. */
export function readExpression(lexer: Lexer, budget: Budget): FilterExpr | null {
  return new ExpressionReader(lexer, budget).sum()
}

class ExpressionReader {
  readonly #lexer: Lexer
  readonly #budget: Budget

  constructor(lexer: Lexer, budget: Budget) {
    this.#lexer = lexer
    this.#budget = budget
  }

  sum(): FilterExpr | null {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/', '%'], () => this.#signed()))
  }

  /** Operators of one rank, from left to right. Each is a level: the tree leans to the left. */
  #chain(ops: readonly ArithmeticOp[], next: () => FilterExpr | null): FilterExpr | null {
    let left = next()
    let levels = 0
    for (;;) {
      const op = left && ops.find((each) => this.#lexer.peek() === each)
      if (!left || !op) break
      this.#lexer.take(op)
      this.#budget.term()
      this.#budget.enter()
      levels += 1
      const right = next()
      left = right && { kind: 'arithmetic', op, left, right }
    }
    this.#budget.leave(levels)
    return left
  }

  #signed(): FilterExpr | null {
    if (!this.#lexer.take('-')) return this.#atom()
    const digits = this.#match(numberShape)
    if (digits) return text(`-${digits}`, false)
    this.#budget.term()
    this.#budget.enter()
    const right = this.#signed()
    this.#budget.leave()
    return right && { kind: 'arithmetic', op: '-', left: text('0', false), right }
  }

  #atom(): FilterExpr | null {
    const next = this.#lexer.peek()
    if (next === '(') return this.#group()
    if (next === "'") return this.#string()
    if (next === '{') return this.#lookup()
    if (next === ':') {
      const name = this.#match(paramShape)
      return name === null ? null : value({ kind: 'param', name })
    }
    if (next === '.' || (next >= '0' && next <= '9')) {
      const digits = this.#match(numberShape)
      return digits === null ? null : text(digits, false)
    }
    return this.#named(next === '"' || next === '`')
  }

  #group(): FilterExpr | null {
    this.#lexer.take('(')
    this.#budget.enter()
    const inner = this.sum()
    this.#budget.leave()
    return inner && this.#lexer.take(')') ? inner : null
  }

  /** `'it''s'`: unlike a value outside of an expression it ends at the next quote that is not doubled. */
  #string(): FilterExpr | null {
    const lexer = this.#lexer
    let close = lexer.text.indexOf("'", lexer.at + 1)
    while (close !== -1 && lexer.text[close + 1] === "'") close = lexer.text.indexOf("'", close + 2)
    if (close === -1) return null
    const inner = lexer.text.slice(lexer.at + 1, close)
    lexer.at = close + 1
    return text(inner.replaceAll("''", "'"), true)
  }

  #lookup(): FilterExpr | null {
    const lexer = this.#lexer
    const close = lexer.text.indexOf('}', lexer.at)
    if (close === -1 || lexer.text.lastIndexOf('{', close) !== lexer.at) return null
    const written = lexer.text.slice(lexer.at, close + 1)
    lexer.at = close + 1
    return text(written, false)
  }

  /** A field, a call, or a word that is a value. */
  #named(quoted: boolean): FilterExpr | null {
    const lexer = this.#lexer
    const from = lexer.at
    const name = lexer.name()
    if (name === null) return null
    if (quoted) return { kind: 'column', column: name }
    const word = name.toLowerCase()
    if (lexer.peek() === '(') return this.#call(word)
    if (bareFunctions.has(word)) return this.#called(word, [])
    if (valueWords.has(word)) return text(lexer.text.slice(from, from + word.length), false)
    return { kind: 'column', column: name }
  }

  #call(word: string): FilterExpr | null {
    if (!functions.has(word)) return null
    const lexer = this.#lexer
    lexer.take('(')
    if (lexer.take(')')) return this.#called(word, [])
    const args: FilterExpr[] = []
    this.#budget.enter()
    do {
      const arg = this.sum()
      if (!arg) return null
      args.push(arg)
    } while (lexer.take(','))
    this.#budget.leave()
    return lexer.take(')') ? this.#called(word, args) : null
  }

  #called(word: string, args: readonly FilterExpr[]): FilterExpr | null {
    const rule = functions.get(word)
    if (!rule || args.length < rule.least || args.length > rule.most) return null
    this.#budget.term()
    return { kind: 'call', name: rule.name, args }
  }

  /** Passes what the sticky pattern finds, unless a word goes on behind it (`0x1f`). */
  #match(shape: RegExp): string | null {
    const lexer = this.#lexer
    lexer.peek()
    shape.lastIndex = lexer.at
    const found = shape.exec(lexer.text)?.[0]
    if (found === undefined || isWordPart(lexer.text.charCodeAt(lexer.at + found.length))) return null
    lexer.at += found.length
    return found
  }
}

const value = (operand: Operand): FilterExpr => ({ kind: 'value', value: operand })
const text = (written: string, quoted: boolean): FilterExpr => value({ kind: 'text', text: written, quoted })
