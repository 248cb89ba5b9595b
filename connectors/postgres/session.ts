/**
 * A transaction on one connection. It begins with its first statement, in the same piece as that. Writes are guarded by savepoints, so that
 * one that fails leaves nothing of itself behind; many inserts go as one statement over arrays, and only when that fails one by one.
 */

import type { Row, WriteOutcome } from 'dataferry/records'
import type { Bind } from 'dataferry/sdk'
import {
  collectRows,
  type ReadProgram,
  type ReadRunner,
  type SqlSession,
  surely,
  type WriteProgram,
} from 'dataferry/sql'
import { batchOf, batchOfRows } from './batch.ts'
import { textParameters } from './binds.ts'
import { WireSource } from './cursor.ts'
import { placedDecoder } from './decoder.ts'
import { isOutdated, postgresError } from './errors.ts'
import { located } from './locate.ts'
import type { Wire } from './wire/connection.ts'
import { ConnectionLost, ServerFault } from './wire/fault.ts'
import { PlacedRow } from './wire/row.ts'

/** Statements of one write that are in flight at once. */
const pipelined = 64
/** A statement whose preparation was out of date is prepared anew, once. */
const attemptsAtMost = 2
/** Rows of one insert over arrays. */
export const batchRows = 1_000

interface Tried {
  readonly outcome: WriteOutcome
  /** Nothing was wrong but the preparation of the statement. */
  readonly outdated: boolean
}

export class PostgresSession implements SqlSession {
  readonly #wire: Wire
  readonly #reader: (program: ReadProgram) => ReadRunner<PlacedRow>
  readonly #signal: AbortSignal
  readonly #savepoints: boolean
  #begun = false
  #last: Promise<unknown> = Promise.resolve()

  /** `savepoints`: false, where the server has none, so that each write commits by itself. */
  constructor(
    wire: Wire,
    reader: (program: ReadProgram) => ReadRunner<PlacedRow>,
    signal: AbortSignal,
    savepoints = true,
  ) {
    this.#wire = wire
    this.#savepoints = savepoints
    this.#reader = reader
    this.#signal = signal
  }

  rows(program: ReadProgram, binds: readonly Bind[]): Promise<readonly Row[]> {
    return this.#step(async () => {
      this.#begin()
      return collectRows((output, sink) =>
        this.#reader(program).run(new WireSource(this.#wire, 'session'), binds, output, sink, this.#signal),
      )
    })
  }

  write(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    return this.#step(async () => {
      const first = !this.#begun
      this.#begin()
      if (first && executions.length === 1) return [await this.#alone(program, executions[0] ?? [])]
      const outcomes: WriteOutcome[] = []
      for (let from = 0; from < executions.length; ) {
        this.#signal.throwIfAborted()
        const lot = executions.slice(from, from + batchRows)
        const done = (await this.#batch(program, lot)) ?? (await this.#each(program, lot, mode))
        for (const outcome of done) outcomes.push(outcome)
        if (mode === 'halt' && done.some((outcome) => !outcome.ok)) break
        from += lot.length
      }
      return outcomes
    })
  }

  execute(text: string): Promise<void> {
    return this.#step(async () => {
      this.#begin()
      await this.#wire.simple(text)
    })
  }

  async commit(): Promise<void> {
    await this.#last
    if (!this.#begun) return
    // A transaction that failed is rolled back by its commit, without an error.
    const failed = this.#wire.transactionFailed
    await surely(this.#wire.simple('commit'), isLost)
    if (failed) throw new Error('The transaction was ended by an error that nobody undid.')
  }

  /** Never throws: what can't be rolled back has lost its connection, and with it the transaction. */
  async rollback(): Promise<void> {
    await this.#last
    if (!this.#begun || this.#wire.lost) return
    try {
      await this.#wire.simple('rollback')
    } catch {
      this.#wire.destroy()
    }
  }

  /** Sends `begin` in front of the first statement, without waiting for it. */
  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#wire.simple('begin').catch(() => {})
  }

  /** One after the other, whatever the caller does. Errors are worded here, because callers keep them. */
  #step<T>(work: () => Promise<T>): Promise<T> {
    const step = this.#last.then(async () => {
      try {
        return await work()
      } catch (thrown) {
        throw thrown instanceof ServerFault ? postgresError(thrown) : thrown
      }
    })
    this.#last = step.catch(() => {})
    return step
  }

  /** What comes first in its transaction needs no savepoint: where it fails, the transaction begins anew. */
  async #alone(program: WriteProgram, binds: readonly Bind[]): Promise<WriteOutcome> {
    for (let attempts = 1; ; attempts++) {
      const tried = await this.#send(program, binds, placedDecoder(program.statement.columns))
      if (!tried.outcome.ok) {
        ignored(this.#wire.simple('rollback'))
        await this.#wire.simple('begin')
      }
      if (!tried.outdated || attempts === attemptsAtMost) return tried.outcome
      this.#wire.forgetStatements()
    }
  }

  #send(program: WriteProgram, binds: readonly Bind[], decode: (row: PlacedRow) => Row): Promise<Tried> {
    return send(this.#wire, program, binds, decode)
  }

  /** All rows in one statement; null where that can't be done, or failed: then nothing of it is left. */
  async #batch(program: WriteProgram, executions: readonly (readonly Bind[])[]): Promise<WriteOutcome[] | null> {
    const batch = executions.length > 1 ? batchOf(program) : null
    if (batch === null) return null
    const wire = this.#wire
    const rows: Row[] = []
    const decode = placedDecoder(program.statement.columns)
    const row = new PlacedRow()
    const saved = wire.simple('savepoint df_batch')
    saved.catch(() => {})
    try {
      const { text, parameters } = batchOfRows(batch, executions)
      const { affected } = await wire.run(text, parameters, (bytes, start, end) => {
        row.place(bytes, start, end)
        rows.push(decode(row))
      })
      await saved
      // Where a trigger left rows out it is not known which.
      if (affected === executions.length && (rows.length === affected || program.statement.columns.length === 0)) {
        // What comes next waits for it.
        ignored(wire.simple('release savepoint df_batch'))
        return executions.map((_, i) => ({ ok: true, affected: 1, rows: rows[i] === undefined ? [] : [rows[i]] }))
      }
    } catch (thrown) {
      if (!(thrown instanceof ServerFault) || wire.lost) throw thrown
      if (isOutdated(thrown)) wire.forgetStatements()
    }
    await wire.simple('rollback to savepoint df_batch')
    await wire.simple('release savepoint df_batch')
    return null
  }

  /** One statement for each execution, several in flight. */
  async #each(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<WriteOutcome[]> {
    if (!this.#savepoints) return this.#committed(program, executions, mode)
    const outcomes: WriteOutcome[] = []
    const decode = placedDecoder(program.statement.columns)
    for (let from = 0, attempts = 1; from < executions.length; ) {
      this.#signal.throwIfAborted()
      const tried = await this.#lot(program, executions.slice(from, from + pipelined), decode)
      const again = tried.at(-1)?.outdated === true && attempts < attemptsAtMost
      if (again) {
        attempts++
        tried.pop()
        this.#wire.forgetStatements()
      }
      for (const { outcome } of tried) outcomes.push(outcome)
      if (!again && mode === 'halt' && tried.at(-1)?.outcome.ok === false) break
      from += tried.length
    }
    return outcomes
  }

  /** What fails takes its transaction with it, so what succeeded before is kept by a commit. */
  async #committed(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<WriteOutcome[]> {
    const outcomes: WriteOutcome[] = []
    for (const binds of executions) {
      this.#signal.throwIfAborted()
      const outcome = await this.#alone(program, binds)
      outcomes.push(outcome)
      if (outcome.ok) {
        await this.#wire.simple('commit')
        await this.#wire.simple('begin')
      } else if (mode === 'halt') break
    }
    return outcomes
  }

  /**
   * Sends all at once, each behind a savepoint. The first that fails fails those behind it, which the server refuses unread: they are sent
   * again by the caller. So what comes back ends with the first failure.
   */
  async #lot(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    decode: (row: PlacedRow) => Row,
  ): Promise<Tried[]> {
    const wire = this.#wire
    const sent = executions.map((binds) => {
      ignored(wire.simple('savepoint df_row'))
      const tried = this.#send(program, binds, decode)
      ignored(wire.simple('release savepoint df_row'))
      return tried
    })
    const settled = await Promise.all(sent)
    const failed = settled.findIndex(({ outcome }) => !outcome.ok)
    if (failed < 0) return settled
    await wire.simple('rollback to savepoint df_row')
    await wire.simple('release savepoint df_row')
    return settled.slice(0, failed + 1)
  }
}

/** One execution that is its own transaction, outside of any other. Throws what is no fault of the record. */
export async function writeAlone(wire: Wire, program: WriteProgram, binds: readonly Bind[]): Promise<WriteOutcome> {
  const decode = placedDecoder(program.statement.columns)
  for (let attempts = 1; ; attempts++) {
    const { outcome, outdated } = await surely(send(wire, program, binds, decode), isLost)
    if (!outdated || attempts === attemptsAtMost) return outcome
    wire.forgetStatements()
  }
}

export const isLost = (thrown: unknown): boolean => thrown instanceof ConnectionLost

/** One execution; a fault of the server becomes its outcome. */
async function send(
  wire: Wire,
  program: WriteProgram,
  binds: readonly Bind[],
  decode: (row: PlacedRow) => Row,
): Promise<Tried> {
  const { statement } = program
  const rows: Row[] = []
  const { row } = wire
  try {
    const { affected } = await wire.run(
      statement.text,
      textParameters(statement.parameters, binds, null),
      (bytes, start, end) => {
        row.place(bytes, start, end)
        rows.push(decode(row))
      },
    )
    return { outcome: { ok: true, affected, rows }, outdated: false }
  } catch (thrown) {
    if (!(thrown instanceof ServerFault)) throw thrown
    return {
      outcome: { ok: false, error: postgresError(located(thrown, program, binds)) },
      outdated: isOutdated(thrown),
    }
  }
}

/** Its failure shows in what follows. */
function ignored(sent: Promise<unknown>): void {
  sent.catch(() => {})
}
