/** Every group of cases, in the order of the contract. */
import type { Group } from '../types.ts'
import { additions } from './additions.ts'
import { batches } from './batches.ts'
import { beyondGroups } from './beyond.ts'
import { filters } from './filters.ts'
import { lists } from './lists.ts'
import { names } from './names.ts'
import { nestedGroups } from './nested.ts'
import { nestedBatchGroups } from './nested-policy.ts'
import { policies } from './policy.ts'
import { relatedGroups } from './related.ts'
import { typeGroups } from './types.ts'
import { writes } from './writes.ts'

export const groups: readonly Group[] = [
  ...lists,
  ...writes,
  ...batches,
  ...nestedGroups,
  ...nestedBatchGroups,
  ...policies,
  ...filters,
  ...relatedGroups,
  ...beyondGroups,
  ...typeGroups,
  ...names,
  ...additions,
]
