/** Members of the `fields` option (data-plane 3.3): names, `*`, and aggregates such as `SUM(f)`. */
import type { AggregateFunction } from '../plan/types.ts'
import { splitTerms } from './terms.ts'
import type { FieldName } from './types.ts'

/** What one member asks for. `of`: null for `COUNT(*)`. */
export type FieldAsked =
  | { readonly kind: 'all' }
  | { readonly kind: 'field'; readonly name: FieldName }
  | { readonly kind: 'aggregate'; readonly function: AggregateFunction; readonly of: FieldName | null }

const aggregates: ReadonlyMap<string, AggregateFunction> = new Map(
  (['SUM', 'COUNT', 'AVG', 'MIN', 'MAX'] as const).map((name) => [name, name]),
)

/** One member, trimmed. What is neither `*` nor an aggregate is a name, for the view to know or to refuse. */
export function parseField(text: string): FieldAsked {
  const member = text.trim()
  if (member === '*') return { kind: 'all' }
  const call = /^(\w+)\s*\(([^()]+)\)$/.exec(member)
  const name = aggregates.get(call?.[1]?.toUpperCase() ?? '')
  const of = call?.[2]?.trim()
  if (!name || !of || (of === '*' && name !== 'COUNT')) return { kind: 'field', name: member }
  return { kind: 'aggregate', function: name, of: of === '*' ? null : of }
}

/** The members of a comma list; empty ones are dropped. */
export const parseFields = (text: string): readonly FieldAsked[] => splitTerms(text).map(parseField)

/** The key of an aggregate in the output: `SUM_f`, and `COUNT_ALL` for `COUNT(*)`. */
export const aggregateKey = (name: AggregateFunction, field: FieldName | null): string => `${name}_${field ?? 'ALL'}`
