/**
 * The parser of filters (data-plane 4.11): a text becomes a tree of unresolved names and raw operands. Recursive descent without
 * backtracking, over a superset of what DreamFactory understands.
 *
 *     or = xor { ("OR"|"||") xor }    xor = and { "XOR" and }    and = not { ("AND"|"&&") not }
 *     not = { "NOT" } ( "(" or ")" | predicate )
 */
import { Budget, type FilterLimits } from './budget.ts'
import { badField, unparsable } from './faults.ts'
import { Lexer } from './lexer.ts'
import { readList, readOperand } from './operands.ts'
import type { LogicalKind, OperatorAt } from './operators.ts'
import type { Filter, FilterExpr } from './types.ts'

/**
 * Parses a client's filter. '' is no filter: null. A text of blanks only is refused like any other that says nothing, because a
 * delete would take "no filter" for all rows. Throws BadRequest with a text of data-plane 4.8.
 */
export function parseFilter(text: string, limits?: FilterLimits): Filter | null {
  if (text === '') return null
  if (isNative.test(text)) return { kind: 'native', text, of: [] }
  const lexer = new Lexer(text)
  const filter = new FilterParser(lexer, new Budget(limits)).filter()
  if (!lexer.atEnd()) throw unparsable()
  return filter
}

/** A JSON object, which is no filter of this language: one of the source's own (data-plane 8.1). */
const isNative = /^\s*\{\s*["}]/

/** Loosest first. */
const ranks: readonly LogicalKind[] = ['or', 'xor', 'and']

/** Names that `Scope.column` may be asked for; what holds a quote or a parenthesis is text of another kind. */
const plausibleName = /^[^()'"`,;{}]+$/

class FilterParser {
  readonly #lexer: Lexer
  readonly #budget: Budget

  constructor(lexer: Lexer, budget: Budget) {
    this.#lexer = lexer
    this.#budget = budget
  }

  filter(rank = 0): Filter {
    const kind = ranks[rank]
    if (!kind) return this.#negation()
    const first = this.filter(rank + 1)
    const of = [first]
    for (let next = this.#lexer.logical(); next?.kind === kind; next = this.#lexer.logical()) {
      this.#lexer.at = next.end
      of.push(this.filter(rank + 1))
    }
    return of.length === 1 ? first : { kind, of }
  }

  #negation(): Filter {
    let nots = 0
    while (this.#lexer.takeNot()) {
      this.#budget.enter()
      nots += 1
    }
    let filter = this.#lexer.peek() === '(' ? this.#group() : this.#predicate()
    for (let each = 0; each < nots; each += 1) filter = { kind: 'not', of: filter }
    this.#budget.leave(nots)
    return filter
  }

  #group(): Filter {
    this.#lexer.take('(')
    this.#budget.enter()
    const filter = this.filter()
    this.#budget.leave()
    if (!this.#lexer.take(')')) throw unparsable()
    return filter
  }

  #predicate(): Filter {
    this.#budget.term()
    const { name, found } = this.#field()
    const filter = this.#comparison({ kind: 'column', column: name }, found)
    return found.negated ? { kind: 'not', of: filter } : filter
  }

  /** The field and the operator behind it, both passed. */
  #field(): { readonly name: string; readonly found: OperatorAt } {
    const lexer = this.#lexer
    const from = lexer.at
    const name = lexer.name()
    const direct = name === null ? null : lexer.operator()
    if (name !== null && direct) return { name, found: direct }
    lexer.at = from
    const wide = lexer.untilOperator()
    if (!wide) throw unparsable()
    if (!plausibleName.test(wide.left)) throw badField(wide.left)
    return { name: wide.left, found: wide.found }
  }

  #comparison(left: FilterExpr, { operator }: OperatorAt): Filter {
    switch (operator.kind) {
      case 'compare':
        return { kind: 'compare', op: operator.op, left, right: this.#operand('filter') }
      case 'match':
        return { kind: 'match', op: operator.op, left, right: this.#operand('filter') }
      case 'in':
        return { kind: 'in', left, list: readList(this.#lexer) }
      case 'between':
        return this.#between(left)
      case 'null':
        return operator.negated ? { kind: 'not', of: { kind: 'null', left } } : { kind: 'null', left }
    }
  }

  #between(left: FilterExpr): Filter {
    const low = this.#operand('low')
    if (!this.#lexer.takeWord('and')) throw unparsable()
    const high = this.#operand('filter')
    if (isMissing(low) || isMissing(high)) throw unparsable()
    return { kind: 'between', left, low, high }
  }

  #operand(place: 'filter' | 'low'): FilterExpr {
    return readOperand(this.#lexer, this.#budget, place)
  }
}

const isMissing = (expr: FilterExpr): boolean =>
  expr.kind === 'value' && expr.value.kind === 'text' && !expr.value.quoted && expr.value.text === ''
