/**
 * The lexer of filters: a cursor over the text that reads one lexeme of the kind that the grammar expects there. It must be told
 * the kind, because bare text has no shape of its own (`name = Bob Smith`). Every method is linear in what it passes, and texts
 * that look as if they needed a second look (quotes without end) are answered from a memo.
 */
import { skipBlanks, trimmed, wordEnd } from './characters.ts'
import { unparsable } from './faults.ts'
import {
  afterGap,
  endsOperand,
  fieldEnd,
  keywordAt,
  type LogicalAt,
  logicalAt,
  notAt,
  type OperatorAt,
  operatorAt,
  predicateAt,
  symbolAt,
} from './operators.ts'

/** Where a value stands: behind an operator, in a list, or as the lower end of BETWEEN. */
export type ValuePlace = 'filter' | 'list' | 'low'

export class Lexer {
  readonly text: string
  at = 0
  readonly #lastEnds = new Map<string, number>()

  constructor(text: string) {
    this.text = text
  }

  /** Passes blanks; tells whether the text is at its end. */
  atEnd(): boolean {
    this.at = skipBlanks(this.text, this.at)
    return this.at >= this.text.length
  }

  /** The next character that is no blank, not passed; '' at the end. */
  peek(): string {
    this.at = skipBlanks(this.text, this.at)
    return this.text[this.at] ?? ''
  }

  /** Passes the character if it is next. */
  take(character: string): boolean {
    if (this.peek() !== character) return false
    this.at += 1
    return true
  }

  /** Passes the word (given in lower case) if it is next, in any case. */
  takeWord(word: string): boolean {
    this.atEnd()
    const end = keywordAt(this.text, this.at, word)
    if (end === -1) return false
    this.at = end
    return true
  }

  /** Passes NOT where it stands before a group or predicate. */
  takeNot(): boolean {
    this.atEnd()
    const end = notAt(this.text, this.at)
    if (end === -1) return false
    this.at = end
    return true
  }

  /** The logical word that is next, not passed. */
  logical(): LogicalAt | null {
    this.atEnd()
    return logicalAt(this.text, this.at)
  }

  /** Whether a value may end here (data-plane 4.11, rule 2). */
  endsOperand(): boolean {
    return endsOperand(this.text, this.at)
  }

  /** A field name, dotted or quoted, without its quotes (`rel.field`, `"first name"`); null, with nothing passed, where none is. */
  name(): string | null {
    this.atEnd()
    const end = fieldEnd(this.text, this.at)
    if (end === -1) return null
    const written = this.text.slice(this.at, end)
    this.at = end
    return written.includes('"') || written.includes('`') ? unquotedName(written) : written
  }

  /** The operator that is next, passed with its NOT; null, with nothing passed, where none is. */
  operator(): OperatorAt | null {
    this.atEnd()
    const found = operatorAt(this.text, this.at)
    if (found) this.at = found.end
    return found
  }

  /**
   * The text before the next operator, and that operator, both passed. For left sides that are no plain name: DreamFactory
   * names them whole in its message. null where no operator is left before the group ends.
   */
  untilOperator(): { readonly left: string; readonly found: OperatorAt } | null {
    const { text } = this
    const start = skipBlanks(text, this.at)
    let depth = 0
    for (let at = start; at < text.length; ) {
      const end = wordEnd(text, at)
      const found = end > at && at > start ? operatorAt(text, at) : symbolAt(text, at)
      if (found) {
        this.at = found.end
        return { left: trimmed(text, start, at), found }
      }
      if (text[at] === '(') depth += 1
      if (text[at] === ')') {
        if (depth === 0) return null
        depth -= 1
      }
      at = end > at ? end : at + 1
    }
    return null
  }

  /**
   * A quoted value without its quotes, in either quote. It ends at a quote behind which a value may end, so that `'O'Brien'` is
   * one value; a doubled quote is one. null, with nothing passed, where there is no such end: the quote is then part of bare text.
   */
  quoted(): string | null {
    const { text } = this
    this.atEnd()
    const mark = text[this.at]
    if (mark !== "'" && mark !== '"') return null
    const last = this.#lastEnd(mark)
    let value = ''
    let at = this.at + 1
    let run = this.#run(mark, at)
    for (;;) {
      value += mark.repeat(run >> 1)
      at += run
      if (run % 2 === 1) {
        if (endsOperand(text, at)) {
          this.at = at
          return value
        }
        value += mark
      }
      const next = text.indexOf(mark, at)
      if (next === -1 || next > last) return null
      value += text.slice(at, next)
      at = next
      run = this.#run(mark, at)
    }
  }

  #run(mark: string, from: number): number {
    let end = from
    while (this.text[end] === mark) end += 1
    return end - from
  }

  /** Where the last run of this quote begins that can end a value; -1 where none does. */
  #lastEnd(mark: string): number {
    const known = this.#lastEnds.get(mark)
    if (known !== undefined) return known
    let last = -1
    for (let end = this.text.lastIndexOf(mark); end !== -1; ) {
      let start = end
      while (start > 0 && this.text[start - 1] === mark) start -= 1
      if ((end - start) % 2 === 0 && endsOperand(this.text, end + 1)) {
        last = start
        break
      }
      end = start === 0 ? -1 : this.text.lastIndexOf(mark, start - 1)
    }
    this.#lastEnds.set(mark, last)
    return last
  }

  /**
   * Text without quotes, trimmed, maybe empty: up to the parenthesis that closes the group, to a comma in a list, or to a logical
   * word behind which a predicate follows (rule 3). Throws BadRequest where it opens more parentheses than it closes (rule 6).
   */
  bare(place: ValuePlace): string {
    const { text } = this
    const start = skipBlanks(text, this.at)
    let depth = 0
    let at = start
    for (; at < text.length; at += 1) {
      const character = text[at]
      if (character === '(') depth += 1
      else if (character === ')') {
        if (depth === 0) break
        depth -= 1
      } else if (depth === 0 && (place === 'list' ? character === ',' : this.#endsBare(at, start, place))) break
    }
    if (depth > 0) throw unparsable()
    this.at = at
    return trimmed(text, start, at)
  }

  #endsBare(at: number, start: number, place: ValuePlace): boolean {
    const { text } = this
    const logical = logicalAt(text, at)
    if (!logical) return false
    const symbol = text[at] === '&' || text[at] === '|'
    if (!symbol && !afterGap(text, at, start)) return false
    return place === 'low' ? logical.kind === 'and' && !symbol : predicateAt(text, logical.end)
  }

  /** The position of the parenthesis that closes the one here, quotes not heeded; -1 where none does. */
  closing(): number {
    let depth = 0
    for (let at = this.at; at < this.text.length; at += 1) {
      if (this.text[at] === '(') depth += 1
      if (this.text[at] === ')') {
        depth -= 1
        if (depth === 0) return at
      }
    }
    return -1
  }
}

/** `"a""b".c` without its quotes: `a"b.c`. The text is a field, so its quotes are in pairs. */
function unquotedName(written: string): string {
  let name = ''
  for (let at = 0; at < written.length; ) {
    const mark = written[at] ?? ''
    if (mark !== '"' && mark !== '`') {
      name += mark
      at += 1
      continue
    }
    let from = at + 1
    let close = written.indexOf(mark, from)
    while (written[close + 1] === mark) {
      name += written.slice(from, close + 1)
      from = close + 2
      close = written.indexOf(mark, from)
    }
    name += written.slice(from, close)
    at = close + 1
  }
  return name
}
