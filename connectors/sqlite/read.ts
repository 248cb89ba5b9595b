/** Reads on one connection: the shared engine's run of a program over SQLite's rows, in a thread or on the event loop. */
import type { Bind, ByteSink, Output } from 'dataferry/sdk'
import {
  cursorOver,
  jsonBind,
  jsonParents,
  type ParentRow,
  type ReadProgram,
  ReadRunner,
  type RowCursor,
  type RowSourceOf,
  type Statement,
  type WireValues,
  wireValues,
} from 'dataferry/sql'
import type { Connection } from './connection.ts'
import type { Wire } from './protocol.ts'

/** Encoders are compiled once a program, and live as long as it. */
const runners = new WeakMap<ReadProgram, ReadRunner<WireValues>>()

function runnerOf(program: ReadProgram): ReadRunner<WireValues> {
  let runner = runners.get(program)
  if (runner === undefined) {
    runner = new ReadRunner(program, wireValues)
    runners.set(program, runner)
  }
  return runner
}

const never = new AbortController().signal

/** Writes the whole body. Stops where `alive()` or the sink throws. */
export function runRead(
  on: Connection,
  program: ReadProgram,
  binds: readonly Bind[],
  output: Output,
  sink: ByteSink,
): Promise<void> {
  return runnerOf(program).run(sourceOf(on), binds, output, sink, never)
}

/** Rows that may be read at once. */
const pageRows = 1_000

function sourceOf(on: Connection): RowSourceOf<WireValues> {
  return {
    open(statement, binds, parents, most): RowCursor<WireValues> {
      const values = valuesOf(statement, binds, parents)
      // One row at most is taken at once, so that no statement is left open when others have their turn on the event loop; a page is, since
      // that is faster than one by one.
      const few = statement.point || (most !== null && most <= pageRows)
      return cursorOver(few ? on.all(statement, values) : on.iterate(statement, values))
    },
  }
}

/** What the statement's placeholders stand for, in their order. */
export function valuesOf(statement: Statement, binds: readonly Bind[], parents: readonly ParentRow[] | null): Wire[] {
  return statement.parameters.map((parameter) => {
    if (parameter.kind === 'parents') return jsonParents(parents ?? [])
    const bind = binds[parameter.slot] ?? null
    return parameter.kind === 'list' ? jsonBind(bind ?? []) : wireValue(bind)
  })
}

/** An integer of more than 64 bits: it can be compared with, and can't be stored. */
export const beyondIntegers = (bind: Bind): boolean => typeof bind === 'bigint' && BigInt.asIntN(64, bind) !== bind

/** A bind as SQLite takes it. Whole numbers go in as integers, not as doubles; lists as JSON text for `json_each`. */
export function wireValue(bind: Bind): Wire {
  switch (typeof bind) {
    case 'string':
      return bind
    case 'bigint':
      // Compared as a double: no integer is as large, so nothing is equal to it by mistake.
      return beyondIntegers(bind) ? Number(bind) : bind
    case 'number':
      return Number.isSafeInteger(bind) ? BigInt(bind) : bind
    case 'boolean':
      return bind ? 1n : 0n
    default:
      return bind === null || bind instanceof Uint8Array ? bind : jsonBind(bind)
  }
}
