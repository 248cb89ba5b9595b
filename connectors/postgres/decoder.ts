/** Rows as values, read back from what the encoder writes for clients: what they hold is what a client would read. */
import { type Json, parseJson } from 'dataferry/sdk'
import { ByteBuffer, type WireColumn } from 'dataferry/sql'
import { placedRows } from './cells.ts'
import type { PlacedRow } from './wire/row.ts'

export function placedDecoder(columns: readonly WireColumn[]): (row: PlacedRow) => { readonly [name: string]: Json } {
  const encode = placedRows.encoder(columns, { kind: 'json' })
  const out = new ByteBuffer()
  return (row) => {
    out.clear()
    out.byte(123)
    encode(row, out)
    out.byte(125)
    return parseJson(out.text()) as { readonly [name: string]: Json }
  }
}
