/** A connector's own question within a session: rows of texts. */
import type { ReadProgram } from './types.ts'

/** `?` are the binds in order, for dialects that call them so; `names`: what the columns are called in the rows. */
export function textRows(id: string, text: string, names: readonly string[]): ReadProgram {
  const binds = text.split('?').length - 1
  return {
    kind: 'read',
    id,
    result: { kind: 'rows' },
    rows: {
      text,
      parameters: Array.from({ length: binds }, (_, slot) => ({ kind: 'slot', slot })),
      columns: names.map((as) => ({ as, type: 'text', dbType: 'text', hidden: false })),
      point: false,
    },
    count: null,
    grouped: false,
    limit: null,
    offset: null,
    related: [],
  }
}
