/** How much a read may bring, known before it begins. */
import type { Bind } from 'dataferry/sdk'
import type { ReadProgram } from './types.ts'

/** Records and related ones together, as far as their number can be known; Infinity where nothing bounds it. */
export function rowsAtMost({ rows, related, limit }: ReadProgram, binds: readonly Bind[]): number {
  if (rows === null || rows.point) return 1
  const most = limit === null ? Number.POSITIVE_INFINITY : Number(binds[limit] ?? 0)
  return most * (1 + related.length)
}
