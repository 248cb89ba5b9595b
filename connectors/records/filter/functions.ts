/** The functions and words that an expression may use (data-plane 4.7). Nothing else is callable. */
import type { FunctionName } from './types.ts'

export interface FunctionRule {
  readonly name: FunctionName
  /** Fewest and most arguments. */
  readonly least: number
  readonly most: number
}

const rule = (name: FunctionName, least = 1, most = least): FunctionRule => ({ name, least, most })

/** By the name that a client writes, in lower case. */
export const functions: ReadonlyMap<string, FunctionRule> = new Map([
  ['lower', rule('lower')],
  ['upper', rule('upper')],
  ['trim', rule('trim')],
  ['length', rule('length')],
  ['abs', rule('abs')],
  ['round', rule('round', 1, 2)],
  ['floor', rule('floor')],
  ['ceil', rule('ceil')],
  ['ceiling', rule('ceil')],
  ['coalesce', rule('coalesce', 1, 100)],
  ['now', rule('now', 0)],
  ['current_date', rule('current_date', 0)],
  ['current_time', rule('current_time', 0)],
  ['current_timestamp', rule('current_timestamp', 0)],
  ['year', rule('year')],
  ['month', rule('month')],
  ['day', rule('day')],
  ['hour', rule('hour')],
  ['minute', rule('minute')],
  ['second', rule('second')],
])

/** Functions that SQL calls without parentheses: a column of such a name must be quoted. */
export const bareFunctions: ReadonlySet<string> = new Set(['current_date', 'current_time', 'current_timestamp'])

/** Words that are values: a column of such a name must be quoted. */
export const valueWords: ReadonlySet<string> = new Set(['null', 'true', 'false'])
