/** Statements of programs on one connection. */
import type { Bind } from 'dataferry/sdk'
import type { ParentRow, ReadProgram, RowCursor, RowSourceOf, Statement, WireValues } from 'dataferry/sql'
import { ReadRunner, wireValues } from 'dataferry/sql'
import { place } from './binds.ts'
import type { MysqlConnection } from './connection.ts'

/** Encoders are compiled once a program, and live as long as it. */
const readers = new WeakMap<ReadProgram, ReadRunner<WireValues>>()

export function readerOf(program: ReadProgram): ReadRunner<WireValues> {
  let reader = readers.get(program)
  if (reader === undefined) {
    reader = new ReadRunner(program, wireValues)
    readers.set(program, reader)
  }
  return reader
}

export const sourceOn = (connection: MysqlConnection): RowSourceOf<WireValues> => ({
  open(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null): RowCursor<WireValues> {
    const { text, values } = place(statement, binds, parents)
    return connection.rows(text, values, statement.columns)
  },
})
