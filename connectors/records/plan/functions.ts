/**
 * Functions of fields (data-plane 6.6): what a field shows, is filtered by or is written through. A function is a text of the
 * administrator's that is parsed like every other expression (4.7), so that only fields, allowed functions and bound values come of it;
 * `{value}` is the field itself, or the value that is written.
 */
import type { Bind, Json } from 'dataferry/sdk'
import type { Column, Table } from '../catalog/types.ts'
import { type FilterExpr, type PlanExpr, parseExpression, parseField, plainOperand } from '../filter/index.ts'
import { isMembers } from '../payload.ts'
import type { AggregateFunction, Projection } from './types.ts'

export type FunctionUse = 'SELECT' | 'FILTER' | 'INSERT' | 'UPDATE'

/** A function as written: names are real ones. */
export type FieldFunction =
  | { readonly kind: 'expr'; readonly expr: FilterExpr }
  | { readonly kind: 'aggregate'; readonly name: AggregateFunction; readonly of: string | null }

export type FieldFunctions = { readonly [U in FunctionUse]?: FieldFunction }

const none: FieldFunctions = {}
const known = new WeakMap<Column, FieldFunctions>()

/** The functions of a column; one that is not permitted counts as none. */
export function functionsOf(column: Column): FieldFunctions {
  if (column.dbFunction === null) return none
  const found = known.get(column)
  if (found) return found
  const made = readFunctions(column.dbFunction)
  const kept: FieldFunctions = made === null ? none : made
  known.set(column, kept)
  return kept
}

const uses: ReadonlySet<string> = new Set<FunctionUse>(['SELECT', 'FILTER', 'INSERT', 'UPDATE'])

/** Reads the list `[{use, function}]`; null where a part of it is not permitted. */
export function readFunctions(value: Json): FieldFunctions | null {
  const made: { [U in FunctionUse]?: FieldFunction } = {}
  for (const each of Array.isArray(value) ? value : [value]) {
    if (!isMembers(each)) return null
    const parsed = typeof each.function === 'string' ? parseFunction(each.function) : null
    if (parsed === null) return null
    const named = Array.isArray(each.use) ? each.use : [each.use]
    for (const use of named.map((one) => String(one).toUpperCase())) {
      if (!uses.has(use)) return null
      if (parsed.kind === 'aggregate' && use !== 'SELECT') return null
      made[use as FunctionUse] = parsed
    }
  }
  return made
}

function parseFunction(text: string): FieldFunction | null {
  const member = parseField(text)
  if (member.kind === 'aggregate') return { kind: 'aggregate', name: member.function, of: member.of }
  const expr = parseExpression(text)
  return expr === null ? null : { kind: 'expr', expr }
}

/** The names of fields that a function reads. */
export function namesIn(fn: FieldFunction): readonly string[] {
  if (fn.kind === 'aggregate') return fn.of === null || isValue(fn.of) ? [] : [fn.of]
  const names: string[] = []
  const walk = (expr: FilterExpr): void => {
    if (expr.kind === 'column') names.push(expr.column)
    if (expr.kind === 'call') expr.args.forEach(walk)
    if (expr.kind === 'arithmetic') [expr.left, expr.right].forEach(walk)
  }
  walk(fn.expr)
  return names
}

/** Whether it reads `{value}`, which a virtual field has not. */
export function readsValue(fn: FieldFunction): boolean {
  if (fn.kind === 'aggregate') return fn.of !== null && isValue(fn.of)
  const reads = (expr: FilterExpr): boolean => {
    if (expr.kind === 'value') return isPlaceholder(expr)
    if (expr.kind === 'call') return expr.args.some(reads)
    return expr.kind === 'arithmetic' && (reads(expr.left) || reads(expr.right))
  }
  return reads(fn.expr)
}

const isValue = (text: string): boolean => text.trim().toLowerCase() === '{value}'
const isPlaceholder = (expr: FilterExpr): boolean =>
  expr.kind === 'value' && expr.value.kind === 'text' && !expr.value.quoted && isValue(expr.value.text)

export interface FunctionScope {
  readonly table: Table
  /** What `{value}` stands for; null: nothing. */
  readonly value: PlanExpr | null
  bind(value: Bind): number
}

/** The function against its table; null where a name is no column of it. */
export function resolveFunction(expr: FilterExpr, scope: FunctionScope): PlanExpr | null {
  switch (expr.kind) {
    case 'column': {
      const column = columnNamed(scope.table, expr.column)
      return column === null ? null : { kind: 'column', column }
    }
    case 'value':
      return isPlaceholder(expr) ? scope.value : { kind: 'value', value: scope.bind(plainOperand(expr.value)) }
    case 'call': {
      const args = expr.args.map((arg) => resolveFunction(arg, scope))
      return args.every((arg) => arg !== null) ? { kind: 'call', name: expr.name, args } : null
    }
    case 'arithmetic': {
      const left = resolveFunction(expr.left, scope)
      const right = resolveFunction(expr.right, scope)
      return left === null || right === null ? null : { kind: 'arithmetic', op: expr.op, left, right }
    }
  }
}

/** By its real name, else by its alias; never a virtual one. */
export function columnNamed(table: Table, name: string): Column | null {
  const folded = name.toLowerCase()
  const real = table.columns.filter((column) => !column.isVirtual)
  return (
    real.find((column) => column.name.toLowerCase() === folded) ??
    real.find((column) => column.alias?.toLowerCase() === folded) ??
    null
  )
}

const asExpr = (column: Column): PlanExpr | null => (column.isVirtual ? null : { kind: 'column', column })

/** What a filter, an order or a group means by a column that is not simply itself; null: nothing that can be asked for. */
export function filteredBy(column: Column, table: Table, bind: (value: Bind) => number): PlanExpr | null {
  const { FILTER: filter, SELECT: select } = functionsOf(column)
  const fn = filter ?? (column.isVirtual ? select : undefined)
  if (fn === undefined) return asExpr(column)
  return fn.kind === 'expr' ? resolveFunction(fn.expr, { table, value: asExpr(column), bind }) : null
}

/** Whether a row shows the column through a function. */
export const isShownThrough = (column: Column | null): boolean =>
  column !== null && column.dbFunction !== null && functionsOf(column).SELECT !== undefined

/** The projections with the functions of their columns in place. A function that can't be resolved shows null. */
export function throughFunctions(
  columns: readonly Projection[],
  table: Table,
  bind: (value: Bind) => number,
): readonly Projection[] {
  if (!columns.some((each) => each.through === true)) return columns
  return columns.map((each) => (each.through === true && each.column ? shown(each, each.column, table, bind) : each))
}

function shown(each: Projection, column: Column, table: Table, bind: (value: Bind) => number): Projection {
  const fn = functionsOf(column).SELECT
  return { ...each, through: false, expr: shownExpr(fn, column, table, bind) ?? { kind: 'value', value: bind(null) } }
}

function shownExpr(
  fn: FieldFunction | undefined,
  column: Column,
  table: Table,
  bind: (value: Bind) => number,
): Projection['expr'] | null {
  if (fn === undefined) return asExpr(column)
  if (fn.kind === 'expr') return resolveFunction(fn.expr, { table, value: asExpr(column), bind })
  if (fn.of === null) return { kind: 'aggregate', name: fn.name, of: null }
  const of = isValue(fn.of) ? asExpr(column) : columnExpr(table, fn.of)
  return of === null ? null : { kind: 'aggregate', name: fn.name, of }
}

function columnExpr(table: Table, name: string): PlanExpr | null {
  const column = columnNamed(table, name)
  return column === null ? null : { kind: 'column', column }
}
