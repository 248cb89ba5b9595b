/** The tables of related records, for nested writes. */

import type { WriteSession } from '../store.ts'
import type { RecordTarget } from '../target.ts'
import type { NestedTables } from './nested.ts'
import type { NestedContext } from './rows.ts'
import type { Writing } from './writing.ts'

export const nestedTables = (target: RecordTarget): NestedTables => ({
  serviceId: target.serviceId,
  maxDepth: target.rules.maxRelatedDepth,
  open: target.rules.writesRelated,
  table: (name) => target.store.catalog.realTable(name),
  view: (table, verb) => target.viewOf(table, verb),
  model: (table) => target.modelOf(table),
})

export const nestedContext = ({ request, userId, options }: Writing, session: WriteSession): NestedContext => ({
  session,
  request,
  userId,
  allowRelatedDelete: options.allowRelatedDelete,
})
