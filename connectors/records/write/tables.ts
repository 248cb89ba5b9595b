/** The tables of related records, for nested writes. */
import { relatedTables } from '../read.ts'
import type { RecordTarget } from '../target.ts'
import type { NestedTables } from './nested.ts'
import type { NestedContext } from './rows.ts'
import type { Sessions } from './together.ts'
import type { Writing } from './writing.ts'

export const nestedTables = (target: RecordTarget): NestedTables => ({
  tables: relatedTables(target),
  open: target.rules.writesRelated,
})

export const nestedContext = ({ request, userId, options }: Writing, sessions: Sessions): NestedContext => ({
  sessions,
  request,
  userId,
  allowRelatedDelete: options.allowRelatedDelete,
})
