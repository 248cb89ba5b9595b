/** A seeded generator of trees and of texts for property tests. */
import type {
  ArithmeticOp,
  Filter,
  FilterExpr,
  FunctionName,
  Operand,
} from '../../../../connectors/records/filter/index.ts'

/** mulberry32: the same numbers for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export class Generator {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = random(seed)
  }

  below(limit: number): number {
    return Math.floor(this.#next() * limit)
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0]
  }

  many<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make)
  }

  /** Any tree that the parser can make. */
  filter(depth: number): Filter {
    const kind = depth > 0 ? this.below(4) : 3
    if (kind < 2) return { kind: this.pick(['and', 'or', 'xor']), of: this.many(2, 4, () => this.filter(depth - 1)) }
    if (kind === 2) return { kind: 'not', of: this.filter(depth - 1) }
    return this.predicate()
  }

  predicate(): Filter {
    const left: FilterExpr = { kind: 'column', column: this.name() }
    switch (this.below(5)) {
      case 0:
        return { kind: 'compare', op: this.pick(['=', '!=', '<', '<=', '>', '>=']), left, right: this.right('filter') }
      case 1:
        return {
          kind: 'match',
          op: this.pick(['like', 'ilike', 'contains', 'starts', 'ends']),
          left,
          right: this.right('filter'),
        }
      case 2:
        return { kind: 'in', left, list: this.many(1, 4, () => this.operand('list')) }
      case 3:
        return { kind: 'between', left, low: this.right('low'), high: this.right('high') }
      default:
        return { kind: 'null', left }
    }
  }

  name(): string {
    return this.pick([
      'a',
      'name',
      'rel.field',
      'first name',
      'say "hi"',
      'back`tick',
      'not',
      'and',
      'in',
      'null',
      'naïve',
      'a.b c',
      'x)(y',
      '1st',
      "it's",
      'now',
      'current_date',
    ])
  }

  right(place: 'filter' | 'low' | 'high'): FilterExpr {
    if (this.below(4) > 0) return { kind: 'value', value: this.operand(place) }
    for (;;) {
      const expr = this.expr(3)
      if (expr.kind !== 'value') return expr
    }
  }

  operand(place: 'filter' | 'list' | 'low' | 'high'): Operand {
    const kind = this.below(6)
    if (kind === 0) return { kind: 'param', name: this.pick([':x', ':some_name', ':p.q']) }
    if (kind === 1) return { kind: 'text', text: this.bare(place), quoted: false }
    return { kind: 'text', text: this.text(), quoted: true }
  }

  bare(place: 'filter' | 'list' | 'low' | 'high'): string {
    const common = this.pick([
      '1',
      '-1.5e3',
      'Bob Smith',
      'null',
      'TRUE',
      'foo (bar) baz',
      'rock and roll',
      "O'Brien",
      '{user.id}',
      'NOW()',
      '100%',
      '> 5',
      ':x y',
      '(555) 1234',
      'x; drop table t',
      '1 -- x',
      'a/*b*/',
    ])
    if (place === 'list') return this.pick([common, 'this and b = 1', 'x or a like y'])
    if (place === 'low') return common === 'rock and roll' ? 'rock or roll' : common
    return place === 'filter' ? this.pick([common, common, '']) : common
  }

  /** Text that looks like syntax. */
  text(): string {
    return this.many(0, 6, () =>
      this.pick([
        "'",
        "''",
        '"',
        ')',
        '(',
        ' and ',
        ' or ',
        'a = 1',
        ',',
        ' ',
        '\n',
        '\\',
        ';',
        '--',
        '/*',
        '%',
        '_',
        'x',
        'é',
        '🙂',
        '{user.id}',
        ':x',
        'null',
        '`',
        '\0',
      ]),
    ).join('')
  }

  expr(depth: number): FilterExpr {
    const kind = depth > 0 ? this.below(5) : this.below(2)
    if (kind === 0) return { kind: 'column', column: this.name() }
    if (kind === 1) return { kind: 'value', value: this.exprValue() }
    if (kind === 2) {
      const name: FunctionName = this.pick(['lower', 'upper', 'trim', 'length', 'abs', 'round', 'year'])
      return { kind: 'call', name, args: [this.expr(depth - 1)] }
    }
    if (kind === 3) {
      if (this.below(2) === 0)
        return { kind: 'call', name: this.pick(['now', 'current_date', 'current_time']), args: [] }
      return { kind: 'call', name: 'coalesce', args: this.many(1, 3, () => this.expr(depth - 1)) }
    }
    const op = this.pick<ArithmeticOp>(['+', '-', '*', '/', '%'])
    return { kind: 'arithmetic', op, left: this.expr(depth - 1), right: this.expr(depth - 1) }
  }

  exprValue(): Operand {
    switch (this.below(4)) {
      case 0:
        return { kind: 'param', name: this.pick([':x', ':some_name']) }
      case 1:
        return { kind: 'text', text: this.pick(['1', '-2', '.5', '1e3', 'null', 'TRUE', '{user.id}']), quoted: false }
      default:
        return { kind: 'text', text: this.text(), quoted: true }
    }
  }

  /** Text from pieces of the language in any order: mostly no filter. */
  garbage(): string {
    return this.many(0, 14, () =>
      this.pick([
        'a',
        'name',
        'id',
        '=',
        '!=',
        '<',
        '>=',
        ' in ',
        ' like ',
        ' between ',
        ' not ',
        ' NOT(',
        ' is null',
        ' starts with ',
        ' and ',
        ' or ',
        ' xor ',
        '&&',
        '||',
        '(',
        ')',
        ',',
        "'",
        '"',
        '`',
        ' ',
        '\t',
        '1',
        '1.5',
        ':x',
        '{user.id}',
        '{',
        '}',
        '+',
        '-',
        '*',
        '/',
        '.',
        'null',
        'lower(',
        'now()',
        'select',
        ';',
        '--',
        '🙂',
        '\ud800',
        '\0',
      ]),
    ).join('')
  }
}
