/** Conditions of plans as text (data-plane 4.3). Groups stand in parentheses, so no database's precedence matters. */
import type { PlanExpr, Predicate } from 'dataferry/records'
import { columnType, expressionText } from './expression.ts'
import { existsText } from './step.ts'
import type { Context } from './writer.ts'

export function predicateText(context: Context, predicate: Predicate): string {
  const { out } = context
  switch (predicate.kind) {
    case 'and':
    case 'or': {
      const [only, ...more] = predicate.of
      if (only !== undefined && more.length === 0) return predicateText(context, only)
      // No conditions at all: what AND and OR of nothing mean.
      if (only === undefined) return predicate.kind === 'and' ? '1 = 1' : '1 = 0'
      return balanced(
        predicate.of.map((part) => grouped(context, part)),
        ` ${predicate.kind} `,
      )
    }
    case 'xor':
      return predicate.of.map((part) => predicateText(context, part)).reduce((left, right) => out.sql.xor(left, right))
    case 'not':
      return `not (${predicateText(context, predicate.of)})`
    case 'compare': {
      const left = expressionText(context, predicate.left, columnType(predicate.right))
      const right = expressionText(context, predicate.right, columnType(predicate.left))
      return `${left} ${predicate.op === '!=' ? '<>' : predicate.op} ${right}`
    }
    case 'match': {
      const left = out.sql.matched(expressionText(context, predicate.left, 'text'), columnType(predicate.left))
      return out.sql.match(predicate.op, left, expressionText(context, predicate.right, 'text'))
    }
    case 'in': {
      const column = predicate.left.kind === 'column' ? predicate.left.column : null
      return out.sql.member(out, expressionText(context, predicate.left, null), predicate.list, column)
    }
    case 'between': {
      const type = columnType(predicate.left)
      const [left, low, high] = [predicate.left, predicate.low, predicate.high].map((part: PlanExpr) =>
        expressionText(context, part, type),
      )
      return `${left} between ${low} and ${high}`
    }
    case 'null':
      return `${expressionText(context, predicate.left, null)} is null`
    case 'native':
      throw new TypeError('SQL has no filters of its own.')
    case 'exists':
      return existsText(context, predicate.step)
  }
}

/** Terms side by side that one chain takes: databases read a chain as a tree that leans to one side, and bound its depth. */
const chain = 100

function balanced(parts: readonly string[], joint: string): string {
  if (parts.length <= chain) return parts.join(joint)
  const size = Math.ceil(parts.length / Math.ceil(parts.length / chain))
  const groups: string[] = []
  for (let at = 0; at < parts.length; at += size) groups.push(`(${parts.slice(at, at + size).join(joint)})`)
  return balanced(groups, joint)
}

/** For use beside AND and OR. */
export function grouped(context: Context, predicate: Predicate): string {
  const text = predicateText(context, predicate)
  const plain = predicate.kind !== 'and' && predicate.kind !== 'or' && predicate.kind !== 'xor'
  return plain ? text : `(${text})`
}
