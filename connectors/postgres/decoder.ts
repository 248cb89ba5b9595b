/** Rows as values, read back from what the encoder writes for clients: what they hold is what a client would read. */
import { integerTypes } from 'dataferry/records'
import { type Json, parseJson } from 'dataferry/sdk'
import { ByteBuffer, type WireColumn } from 'dataferry/sql'
import { placedRows } from './cells.ts'
import type { PlacedRow } from './wire/row.ts'

type Values = { readonly [name: string]: Json }

type Decoder = (row: PlacedRow) => Values

/** A statement's columns are one list as long as the statement is kept. */
const made = new WeakMap<readonly WireColumn[], Decoder>()

export function placedDecoder(columns: readonly WireColumn[]): Decoder {
  let decoder = made.get(columns)
  if (decoder === undefined) {
    decoder = makeDecoder(columns)
    made.set(columns, decoder)
  }
  return decoder
}

function makeDecoder(columns: readonly WireColumn[]): Decoder {
  const encode = placedRows.encoder(columns, { kind: 'json' })
  const out = new ByteBuffer()
  const decode = (row: PlacedRow): Values => {
    out.clear()
    out.byte(123)
    encode(row, out)
    out.byte(125)
    return parseJson(out.text()) as Values
  }
  // What inserts answer, as a rule: a key alone.
  const keys = columns.every(({ type, hidden }) => integerTypes.has(type) && !hidden)
  return keys ? (row) => smallIntegers(columns, row) ?? decode(row) : decode
}

/** null: there are others among them. */
function smallIntegers(columns: readonly WireColumn[], row: PlacedRow): Values | null {
  const values: { [name: string]: Json } = Object.create(null)
  for (let i = 0; i < columns.length; i++) {
    const value = row.smallInteger(i)
    if (value === null) return null
    values[(columns[i] as WireColumn).as] = value
  }
  return values
}
