/** Creating, updating and deleting records. */
import { library } from '../library.ts'
import type { Group } from '../types.ts'
import { create } from './create.ts'
import { remove } from './delete.ts'
import { update, upsert } from './update.ts'
import { needsWrite } from './writing.ts'

export const writes: readonly Group[] = [
  { name: 'create', tables: library, cases: needsWrite(create) },
  { name: 'update', tables: library, cases: needsWrite(update) },
  { name: 'delete', tables: library, cases: needsWrite(remove) },
  { name: 'upsert', tables: library, config: { allow_upsert: true }, cases: needsWrite(upsert) },
]
