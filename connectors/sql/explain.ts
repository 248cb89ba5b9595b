/** The statements of a read as `explain=true` shows them: SQL with its placeholders, and never a value. */
import type { Json } from 'dataferry/sdk'
import type { ReadProgram, RelatedProgram, Statement } from './types.ts'

/** In the order in which they run; relations by their path (`orders.lines`). */
export function statementsOf({ rows, count, related }: ReadProgram): Json {
  return [
    ...(rows === null ? [] : [shown('rows', rows)]),
    ...related.flatMap((each) => ofRelation(each, '')),
    ...(count === null ? [] : [shown('count', count)]),
  ]
}

function ofRelation({ name, rows, related }: RelatedProgram, path: string): readonly Json[] {
  const named = `${path}${name}`
  return [shown(named, rows), ...related.flatMap((each) => ofRelation(each, `${named}.`))]
}

const shown = (of: string, { text, parameters, point }: Statement): Json => ({
  for: of,
  sql: text,
  parameters: parameters.map(
    ({ kind }) => ({ slot: 'value', list: 'list of values', parents: 'keys of parents' })[kind],
  ),
  by_unique_key: point,
})
