/**
 * The `having` option: the filter language over groups. A condition names a grouped field, an aggregate as `fields` writes it
 * (`SUM(pages)`, `COUNT(*)`), or an aggregate's key in the answer (`SUM_pages`, `COUNT_ALL`). An aggregate is a column of its group, so
 * everything that works on predicates works on these.
 */
import { BadRequest } from 'dataferry/sdk'
import { plainColumn } from '../catalog/plain.ts'
import { type Column, nameOf, type SimpleType } from '../catalog/types.ts'
import type { AggregateFunction } from '../plan/types.ts'
import type { FilterLimits } from './budget.ts'
import { castKind } from './casts.ts'
import { parseField } from './fields.ts'
import { parseFilter } from './parser.ts'
import { resolveFilter } from './resolve.ts'
import type { PlanExpr, Predicate, Scope } from './types.ts'

/** What an aggregate is made of; `of`: null for `COUNT(*)`. */
export interface Aggregated {
  readonly name: AggregateFunction
  readonly of: PlanExpr | null
}

interface AggregateColumn extends Column {
  readonly aggregated: Aggregated
}

/** The aggregate that a column of a group stands for; null for any other column. */
export const aggregatedBy = (column: Column): Aggregated | null =>
  'aggregated' in column ? (column as AggregateColumn).aggregated : null

/**
 * Parses and resolves `having` for rows grouped by these expressions; null for a text that says nothing. Throws BadRequest for a text
 * that is no filter, and `Invalid field 'x' in having clause.` for what is neither a grouped field nor an aggregate.
 */
export function resolveHaving(
  text: string,
  group: readonly PlanExpr[],
  scope: Scope,
  limits: FilterLimits,
): Predicate | null {
  const filter = parseFilter(withNames(text), limits)
  if (filter === null) return null
  const { bind, params, modifiers } = scope
  const column = (name: string): Column => columnOfGroup(name, group, scope)
  return resolveFilter(filter, { column, bind, params, modifiers, lookup: (name) => scope.lookup(name) })
}

const callOrQuoted = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\b(?:SUM|COUNT|AVG|MIN|MAX)\s*\([^()'"`,;{}]+\)/gi

/** The text with its aggregates in quotes: names of fields, to the filter language. */
const withNames = (text: string): string =>
  text.replace(callOrQuoted, (found) => (/^['"`]/.test(found) ? found : `"${found}"`))

function columnOfGroup(name: string, group: readonly PlanExpr[], scope: Scope): Column {
  const column = scope.column(name)
  if (column && group.some((expr) => expr.kind === 'column' && expr.column === column)) return column
  // An open table has a field of any name.
  const found = column && column.open !== true ? null : aggregateNamed(name, scope)
  if (!found) throw new BadRequest(`Invalid field '${name}' in having clause.`)
  return found
}

const keyShape = /^(SUM|COUNT|AVG|MIN|MAX)_(.+)$/is

function aggregateNamed(name: string, scope: Scope): Column | null {
  const called = parseField(name)
  if (called.kind === 'aggregate') return aggregateColumn(called.function, called.of, scope)
  const key = keyShape.exec(name)
  if (!key?.[1] || !key[2]) return null
  const of = key[2].toUpperCase() === 'ALL' && key[1].toUpperCase() === 'COUNT' ? null : key[2]
  return aggregateColumn(key[1].toUpperCase() as AggregateFunction, of, scope)
}

function aggregateColumn(name: AggregateFunction, of: string | null, scope: Scope): Column | null {
  const column = of === null ? null : scope.column(of)
  if (of !== null && (!column || column.isVirtual)) return null
  const aggregated: Aggregated = { name, of: column ? { kind: 'column', column } : null }
  const type = typeOf(name, column)
  // Casts of values look at the spelling of the type; an empty one says that nothing is known.
  const dbType = column && (name === 'MIN' || name === 'MAX') ? column.dbType : type
  const made = plainColumn(`${name}(${column ? nameOf(column) : '*'})`, type, { dbType })
  return { ...made, aggregated } as AggregateColumn
}

/** What its operands are cast to. */
function typeOf(name: AggregateFunction, column: Column | null): SimpleType {
  if (name === 'COUNT' || column === null) return 'integer'
  if (name === 'MIN' || name === 'MAX') return column.type
  return column.open === true || castKind(column.type) === 'float' ? 'double' : 'decimal'
}
