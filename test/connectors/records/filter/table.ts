/** The test table of data-plane 4, a scope over it, and a short notation for predicates. */
import type { Bind, Json } from 'dataferry/sdk'
import type { Column, SimpleType } from '../../../../connectors/records/catalog/types.ts'
import {
  defaultModifiers,
  type Filter,
  type FilterExpr,
  type PlanExpr,
  type Predicate,
  parseFilter,
  resolveFilter,
  type Scope,
} from '../../../../connectors/records/filter/index.ts'

export function column(name: string, type: SimpleType, more: Partial<Column> = {}): Column {
  return {
    name,
    alias: null,
    label: name,
    description: null,
    type,
    dbType: type,
    length: null,
    precision: null,
    scale: null,
    default: null,
    hasDefault: false,
    allowNull: true,
    fixedLength: false,
    supportsMultibyte: false,
    autoIncrement: false,
    isPrimaryKey: false,
    isUnique: false,
    isIndex: false,
    isForeignKey: false,
    refTable: null,
    refField: null,
    refOnUpdate: null,
    refOnDelete: null,
    picklist: null,
    validation: null,
    dbFunction: null,
    isVirtual: false,
    isAggregate: false,
    isGenerated: false,
    native: [],
    ...more,
  }
}

export const columns: readonly Column[] = [
  column('id', 'id', { allowNull: false, isPrimaryKey: true }),
  column('name', 'string'),
  column('a', 'integer'),
  column('b', 'integer'),
  column('c', 'integer'),
  column('big', 'bigint'),
  column('ok', 'boolean'),
  column('flag', 'boolean', { dbType: 'tinyint(1)' }),
  column('price', 'decimal'),
  column('f', 'float'),
  column('d', 'date'),
  column('ts', 'timestamp'),
  column('data', 'binary'),
  column('first name', 'string'),
  column('real_name', 'string', { alias: 'nick' }),
]

export interface Given {
  readonly params?: { readonly [name: string]: Json }
  readonly lookups?: { readonly [name: string]: Json }
}

export function scopeOf(given: Given = {}): { readonly scope: Scope; readonly binds: Bind[] } {
  const binds: Bind[] = []
  const lookups = new Map(Object.entries(given.lookups ?? {}))
  const scope: Scope = {
    column: (name) => columns.find((each) => (each.alias ?? each.name).toLowerCase() === name.toLowerCase()) ?? null,
    bind: (value) => binds.push(value) - 1,
    params: new Map(Object.entries(given.params ?? {})),
    lookup: (name) => lookups.get(name),
    modifiers: defaultModifiers,
  }
  return { scope, binds }
}

/** Parses and resolves: `(id = 1 and name like "J%")`, values as JSON, bigints with an n. */
export function meaning(text: string, given: Given = {}): string {
  const filter = parseFilter(text)
  if (!filter) return 'none'
  const { scope, binds } = scopeOf(given)
  return show(resolveFilter(filter, scope), binds)
}

export function show(predicate: Predicate, binds: readonly Bind[]): string {
  const expr = (each: PlanExpr): string => showExpr(each, binds)
  switch (predicate.kind) {
    case 'and':
    case 'or':
    case 'xor':
      return `(${predicate.of.map((each) => show(each, binds)).join(` ${predicate.kind} `)})`
    case 'not':
      return `not ${show(predicate.of, binds)}`
    case 'compare':
    case 'match':
      return `${expr(predicate.left)} ${predicate.op} ${expr(predicate.right)}`
    case 'in':
      return `${expr(predicate.left)} in ${showBind(binds[predicate.list])}`
    case 'between':
      return `${expr(predicate.left)} between ${expr(predicate.low)} and ${expr(predicate.high)}`
    case 'null':
      return `${expr(predicate.left)} null`
    case 'exists':
      return `exists ${predicate.step.to.name}`
    case 'native':
      return `native ${showBind(binds[predicate.value])}`
  }
}

export function showExpr(expr: PlanExpr, binds: readonly Bind[]): string {
  switch (expr.kind) {
    case 'column':
      return expr.column.name
    case 'value':
      return showBind(binds[expr.value])
    case 'call':
      return `${expr.name}(${expr.args.map((each) => showExpr(each, binds)).join(', ')})`
    case 'arithmetic':
      return `(${showExpr(expr.left, binds)} ${expr.op} ${showExpr(expr.right, binds)})`
  }
}

function showBind(bind: Bind | undefined): string {
  if (Array.isArray(bind)) return `[${bind.map(showBind).join(',')}]`
  return typeof bind === 'bigint' ? `${bind}n` : JSON.stringify(bind)
}

/** The tree in the same notation, operands as they were written: text in quotes when it was quoted. */
export function outline(filter: Filter): string {
  const operand = (each: { kind: string; text?: string; name?: string; quoted?: boolean }): string =>
    each.kind === 'param' ? `<${each.name}>` : each.quoted ? `'${each.text}'` : `~${each.text}~`
  const expr = (each: FilterExpr): string => {
    switch (each.kind) {
      case 'column':
        return each.column
      case 'value':
        return operand(each.value)
      case 'call':
        return `${each.name}(${each.args.map(expr).join(', ')})`
      case 'arithmetic':
        return `(${expr(each.left)} ${each.op} ${expr(each.right)})`
    }
  }
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'xor':
      return `(${filter.of.map(outline).join(` ${filter.kind} `)})`
    case 'not':
      return `not ${outline(filter.of)}`
    case 'compare':
    case 'match':
      return `${expr(filter.left)} ${filter.op} ${expr(filter.right)}`
    case 'in':
      return `${expr(filter.left)} in [${filter.list.map(operand).join(',')}]`
    case 'between':
      return `${expr(filter.left)} between ${expr(filter.low)} and ${expr(filter.high)}`
    case 'native':
      return filter.text
    case 'null':
      return `${expr(filter.left)} null`
  }
}
