/** The columns that the server tells of a result (RowDescription). */

export interface ColumnFact {
  readonly name: string
  /** The type's number in the server's catalog; of a domain that of its base. */
  readonly typeId: number
  /** The type's measures, -1 for none. */
  readonly modifier: number
}

/** The body of a RowDescription message, from `start` (behind the length). */
export function readColumns(bytes: Buffer, start: number): readonly ColumnFact[] {
  const columns: ColumnFact[] = []
  let at = start + 2
  for (let left = bytes.readUInt16BE(start); left > 0; left--) {
    const end = bytes.indexOf(0, at)
    columns.push({
      name: bytes.toString('utf8', at, end),
      typeId: bytes.readUInt32BE(end + 7),
      modifier: bytes.readInt32BE(end + 13),
    })
    at = end + 19
  }
  return columns
}
