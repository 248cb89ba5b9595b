/**
 * Collects a statement's parameters while its text is put together. The compiling functions return text, made from left to right,
 * so that the parameters lie in the order of their placeholders.
 */
import type { SimpleType, Slot } from 'dataferry/records'
import type { Parameter, Statement, WireColumn } from '../types.ts'
import type { SqlCompiler } from './compiler.ts'

export class StatementWriter {
  readonly sql: SqlCompiler
  readonly #parameters: Parameter[] = []

  constructor(sql: SqlCompiler) {
    this.sql = sql
  }

  /** Adds a parameter and returns its placeholder. */
  add(parameter: Parameter): string {
    this.#parameters.push(parameter)
    return this.sql.placeholder(this.#parameters.length)
  }

  /** The placeholder of a bound value; `type` says what it is compared with or used as, where that is known. */
  value(slot: Slot, type: SimpleType | null): string {
    return this.sql.typed(this.add({ kind: 'slot', slot }), type)
  }

  /** The finished statement. */
  statement(text: string, columns: readonly WireColumn[], point: boolean): Statement {
    return { text, parameters: this.#parameters, columns, point }
  }
}

/** A writer and the name that the columns' table has in the statement; null: columns stand alone. */
export interface Context {
  readonly out: StatementWriter
  readonly alias: string | null
}

/** ` and `-joined conditions behind `where`, or nothing. */
export function whereClause(conditions: readonly (string | null)[]): string {
  const held = conditions.filter((condition) => condition !== null)
  return held.length === 0 ? '' : ` where ${held.join(' and ')}`
}
