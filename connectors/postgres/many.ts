/**
 * Many new rows in a transaction of their own, which begins in the same piece as its first insert. There are no savepoints: where anything
 * fails, all of it is undone.
 */
import type { Columns, Row } from 'dataferry/records'
import { surely, type WriteProgram } from 'dataferry/sql'
import { type Batch, batchOf, batchOfColumns } from './batch.ts'
import { placedDecoder } from './decoder.ts'
import { isOutdated } from './errors.ts'
import { batchRows, isLost } from './session.ts'
import type { Wire } from './wire/connection.ts'
import { ServerFault } from './wire/fault.ts'
import { PlacedRow } from './wire/row.ts'

/** The rows that the inserts answer, in order; null: nothing was written. Throws where it is not known, and what is no fault of a row. */
export async function insertMany(
  wire: Wire,
  program: WriteProgram,
  columns: Columns,
  signal: AbortSignal,
): Promise<readonly Row[] | null> {
  const batch = batchOf(program)
  if (batch === null) return null
  const count = columns[0]?.length ?? 0
  try {
    wire.simple('begin').catch(() => {})
    const rows: Row[] = []
    for (let from = 0; from < count; from += batchRows) {
      signal.throwIfAborted()
      const to = Math.min(from + batchRows, count)
      // Where a trigger left rows out it is not known which.
      if (!(await insert(wire, program, batch, columns, { from, to, rows }))) return await undone(wire)
    }
    await surely(wire.simple('commit'), isLost)
    return rows
  } catch (thrown) {
    if (!(thrown instanceof ServerFault) || wire.lost) throw thrown
    if (isOutdated(thrown)) wire.forgetStatements()
    return wire.inTransaction ? undone(wire) : null
  }
}

async function undone(wire: Wire): Promise<null> {
  await wire.simple('rollback')
  return null
}

interface Lot {
  readonly from: number
  readonly to: number
  readonly rows: Row[]
}

/** Whether all its rows were written, and told. */
async function insert(
  wire: Wire,
  program: WriteProgram,
  batch: Batch,
  columns: Columns,
  { from, to, rows }: Lot,
): Promise<boolean> {
  const decode = placedDecoder(program.statement.columns)
  const row = new PlacedRow()
  const { text, parameters } = batchOfColumns(batch, columns, from, to)
  const { affected } = await wire.run(text, parameters, (bytes, start, end) => {
    row.place(bytes, start, end)
    rows.push(decode(row))
  })
  return affected === to - from && rows.length === to
}
