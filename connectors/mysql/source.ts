/**
 * Programs on one connection: rows where they lie in the server's packets, or as values where the driver does not hand packets over.
 * Encoders are compiled once a program, and live as long as it.
 */
import type { Bind, ByteSink, Output } from 'dataferry/sdk'
import type { ParentRow, ReadProgram, RowCursor, RowSourceOf, Statement, WireKind, WireValues } from 'dataferry/sql'
import { ReadRunner, wireValues } from 'dataferry/sql'
import { place, placeScalars } from './binds.ts'
import type { MysqlConnection } from './connection.ts'
import { placedRows } from './wire/encoder.ts'
import type { PlacedRow } from './wire/row.ts'

/** Runs a program as `ReadRunner.run`. */
export type Reading = (
  connection: MysqlConnection,
  program: ReadProgram,
  binds: readonly Bind[],
  output: Output,
  sink: ByteSink,
  signal: AbortSignal,
) => Promise<void>

export const readProgram: Reading = (connection, ...rest) =>
  (connection.places ? readPlaced : readValues)(connection, ...rest)

function reading<R>(kind: WireKind<R>, sourceOn: (connection: MysqlConnection) => RowSourceOf<R>): Reading {
  const runners = new WeakMap<ReadProgram, ReadRunner<R>>()
  return (connection, program, binds, output, sink, signal) => {
    let runner = runners.get(program)
    if (runner === undefined) {
      runner = new ReadRunner(program, kind)
      runners.set(program, runner)
    }
    return runner.run(sourceOn(connection), binds, output, sink, signal)
  }
}

/** By values. */
export const readValues: Reading = reading<WireValues>(wireValues, (connection) => ({
  open(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null): RowCursor<WireValues> {
    const { text, values } = place(statement, binds, parents)
    return connection.rows(text, values, statement.columns)
  },
}))

/** Where the connection shares, and the program is one of a record alone. */
export const readTogether: Reading = reading<PlacedRow>(placedRows, (connection) => ({
  open(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null) {
    const { text, values } = placeScalars(statement, binds, parents)
    return connection.one(text, values, statement.columns)
  },
}))

/** From the server's packets. */
export const readPlaced: Reading = reading<PlacedRow>(placedRows, (connection) => ({
  open(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null, most: number | null) {
    const { text, values } = placeScalars(statement, binds, parents)
    return connection.placed(text, values, statement.columns, statement.point ? 1 : most)
  },
}))
