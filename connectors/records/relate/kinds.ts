/** Kinds of key columns: values of one kind are compared by the database, those of two by us (architecture, "Records" 5). */
import type { Column } from '../catalog/types.ts'
import { castKind } from '../filter/index.ts'

/** `number`, or what the column holds. */
export function keyKind({ type }: Column): string {
  const kind = castKind(type)
  if (kind === 'integer' || kind === 'bigint' || kind === 'decimal' || kind === 'float' || kind === 'boolean') {
    return 'number'
  }
  return kind === 'other' ? type : kind
}
