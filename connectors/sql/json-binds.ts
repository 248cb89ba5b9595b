/**
 * Lists and parents' keys as one JSON text, for databases that take them so (SQLite's json_each, MySQL's JSON_TABLE). Integers keep
 * all their digits, booleans are 1 and 0, bytes are hexadecimal text, which the compiler turns back.
 */
import { type Bind, Decimal } from 'dataferry/sdk'
import type { ParentRow } from './types.ts'

export function jsonBind(bind: Bind): string {
  switch (typeof bind) {
    case 'bigint':
      return bind.toString()
    case 'boolean':
      return bind ? '1' : '0'
    case 'number':
      // JSON has no infinity; what is out of a double's range reads back as one.
      return Number.isFinite(bind) ? String(bind) : Number.isNaN(bind) ? 'null' : bind > 0 ? '9e999' : '-9e999'
    case 'string':
      return JSON.stringify(bind)
    default:
      if (bind === null) return 'null'
      if (bind instanceof Decimal) return JSON.stringify(bind.digits)
      if (bind instanceof Uint8Array)
        return `"${Buffer.from(bind.buffer, bind.byteOffset, bind.byteLength).toString('hex')}"`
      return `[${bind.map(jsonBind).join(',')}]`
  }
}

export const jsonParents = (parents: readonly ParentRow[]): string => jsonBind(parents)
