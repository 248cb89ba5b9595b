/** Rows in the server's messages as values; what inserts answer, as a rule a key alone, needs no JSON in between. */
import { integerTypes, type Row } from 'dataferry/records'
import type { Json } from 'dataferry/sdk'
import { decoderOf, keptDecoders, type WireColumn } from 'dataferry/sql'
import { placedRows } from './cells.ts'
import type { PlacedRow } from './wire/row.ts'

export const placedDecoder = keptDecoders<PlacedRow>((columns) => {
  const decode = decoderOf(placedRows, columns)
  const keys = columns.every(({ type, hidden }) => integerTypes.has(type) && !hidden)
  return keys ? (row) => smallIntegers(columns, row) ?? decode(row) : decode
})

/** null: there are others among them. */
function smallIntegers(columns: readonly WireColumn[], row: PlacedRow): Row | null {
  const values: { [name: string]: Json } = Object.create(null)
  for (let i = 0; i < columns.length; i++) {
    const value = row.smallInteger(i)
    if (value === null) return null
    values[(columns[i] as WireColumn).as] = value
  }
  return values
}
