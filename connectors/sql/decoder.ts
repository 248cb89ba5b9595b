/** Rows as values, read back from what an encoder writes for clients: what they hold is what a client would read. */
import type { Row } from 'dataferry/records'
import { parseJson } from 'dataferry/sdk'
import { ByteBuffer } from './buffer.ts'
import type { WireColumn } from './types.ts'
import type { WireKind } from './wire.ts'

/** Memory of larger rows is not kept for the next. */
const keptAtMost = 16_384

export type RowDecoder<R> = (row: R) => Row

export function decoderOf<R>(kind: WireKind<R>, columns: readonly WireColumn[]): RowDecoder<R> {
  const encode = kind.encoder(columns, { kind: 'json' })
  const out = new ByteBuffer()
  return (row) => {
    out.clear()
    out.byte(123)
    encode(row, out)
    out.byte(125)
    const text = out.text()
    if (out.length > keptAtMost) out.free()
    return parseJson(text) as Row
  }
}

/** Each is made once: a statement's columns are one list as long as the statement is kept. */
export function keptDecoders<R>(
  make: (columns: readonly WireColumn[]) => RowDecoder<R>,
): (columns: readonly WireColumn[]) => RowDecoder<R> {
  const made = new WeakMap<readonly WireColumn[], RowDecoder<R>>()
  return (columns) => {
    let decoder = made.get(columns)
    if (decoder === undefined) {
      decoder = make(columns)
      made.set(columns, decoder)
    }
    return decoder
  }
}
