/** What one text may cost: terms bound its work, depth bounds the stack of everything that walks its tree later. */
import { tooLarge } from './faults.ts'

export interface FilterLimits {
  /** Most comparisons, functions and arithmetic signs; 1,000 by default. Elements of a list are not counted. */
  readonly maxTerms?: number
  /** Most levels of parentheses, NOT and arithmetic, one in the other; 100 by default. */
  readonly maxDepth?: number
}

export class Budget {
  readonly #maxTerms: number
  readonly #maxDepth: number
  readonly #tooLarge: (what: string) => Error
  #terms = 0
  #depth = 0

  /** `fault` words what is thrown for the text. */
  constructor(limits: FilterLimits = {}, fault: (what: string) => Error = tooLarge) {
    this.#tooLarge = fault
    this.#maxTerms = limits.maxTerms ?? 1000
    this.#maxDepth = limits.maxDepth ?? 100
  }

  /** Counts one term. Throws BadRequest above the limit. */
  term(): void {
    this.#terms += 1
    if (this.#terms > this.#maxTerms) throw this.#tooLarge(`${this.#maxTerms} terms`)
  }

  /** One level down. Throws BadRequest above the limit. */
  enter(): void {
    this.#depth += 1
    if (this.#depth > this.#maxDepth) throw this.#tooLarge(`${this.#maxDepth} levels`)
  }

  leave(levels = 1): void {
    this.#depth -= levels
  }
}
