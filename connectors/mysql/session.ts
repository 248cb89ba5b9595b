/**
 * A transaction on one connection. A statement that fails leaves nothing of itself behind (the server undoes it), so no savepoints are
 * needed around it. Plain inserts go many in a statement; when that fails, one by one, so that each error is its record's own.
 */

import type { Row, WriteOutcome } from 'dataferry/records'
import type { Bind, Json } from 'dataferry/sdk'
import { collectRows, type ReadProgram, type SqlSession, surely, type WriteProgram } from 'dataferry/sql'
import { place } from './binds.ts'
import type { Changed, MysqlConnection } from './connection.ts'
import { isStale, mysqlError } from './errors.ts'
import { ConnectionLost, ServerFault } from './faults.ts'
import { insertedRow, lots, together } from './inserts.ts'
import { isMysqlWrite, type MysqlWriteProgram, noNames } from './names.ts'
import { readProgram } from './source.ts'

/** The server has rolled back the whole transaction. */
const deadlock = 1213
const noSavepoint = 1305

export class MysqlSession implements SqlSession {
  readonly #connection: MysqlConnection
  readonly #signal: AbortSignal
  readonly #onStale: () => void
  /** Statements that the transaction holds: it can be begun again as long as there are none. */
  #statements = 0
  /** Why nothing can follow: the transaction is gone. */
  #lost: unknown = null
  #last: Promise<unknown> = Promise.resolve()
  /** Statements as text were run: what came before is committed. */
  #executed = false

  /** `onStale` is called when a statement names what the database does not have. */
  constructor(connection: MysqlConnection, signal: AbortSignal, onStale: () => void) {
    this.#connection = connection
    this.#signal = signal
    this.#onStale = onStale
  }

  rows(program: ReadProgram, binds: readonly Bind[]): Promise<readonly Row[]> {
    return this.#step(async () => {
      this.#statements++
      return collectRows((output, sink) => readProgram(this.#connection, program, binds, output, sink, this.#signal))
    })
  }

  write(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    return this.#step(async () => {
      const write = writeOf(program)
      const outcomes: WriteOutcome[] = []
      for (const lot of lots(write, executions, this.#connection.facts)) {
        this.#signal.throwIfAborted()
        const done =
          (lot.together ? await this.#many(write, lot.executions) : null) ??
          (await this.#each(write, lot.executions, mode))
        for (const outcome of done) outcomes.push(outcome)
        if (mode === 'halt' && done.at(-1)?.ok === false) break
      }
      return outcomes
    })
  }

  execute(text: string): Promise<void> {
    return this.#step(async () => {
      const savepoint = /^\s*(?:savepoint|release|rollback)\b/i.test(text)
      this.#statements++
      try {
        await this.#connection.simple(text)
      } catch (thrown) {
        // A change of structure commits, and with that savepoints are gone.
        if (savepoint && this.#executed && thrown instanceof ServerFault && thrown.number === noSavepoint) return
        throw thrown
      }
      if (savepoint) return
      this.#executed = true
      await this.#connection.simple('start transaction')
    })
  }

  async commit(): Promise<void> {
    await this.#last
    if (this.#lost !== null) throw this.#lost
    await surely(this.#connection.simple('commit'), isLost)
  }

  /** Never throws: what can't be rolled back has lost its connection, and with it the transaction. */
  async rollback(): Promise<void> {
    await this.#last
    if (this.#connection.spent) return
    try {
      await this.#connection.simple('rollback')
    } catch {
      this.#connection.destroy()
    }
  }

  /** One after the other, whatever the caller does. Errors are worded here, because callers keep them. */
  #step<T>(work: () => Promise<T>): Promise<T> {
    const step = this.#last.then(async () => {
      if (this.#lost !== null) throw this.#lost
      try {
        return await work()
      } catch (thrown) {
        if (isStale(thrown)) this.#onStale()
        if (thrown instanceof ServerFault && thrown.number === deadlock) this.#lost = mysqlError(thrown)
        throw thrown instanceof ServerFault ? mysqlError(thrown) : thrown
      }
    })
    this.#last = step.catch(() => {})
    return step
  }

  /** All rows in one statement; null where that failed: then nothing of it is left. */
  async #many(program: MysqlWriteProgram, executions: readonly (readonly Bind[])[]): Promise<WriteOutcome[] | null> {
    const { text, values } = together(program, executions)
    let changed: Changed
    try {
      changed = await this.#change(text, values)
    } catch (thrown) {
      if (thrown instanceof ServerFault && thrown.number !== deadlock) return null
      throw thrown
    }
    const step = BigInt(this.#connection.facts.autoIncrementStep)
    return executions.map((binds, i) => ({
      ok: true,
      affected: 1,
      rows: answered(program, binds, changed.insertId === 0n ? null : changed.insertId + BigInt(i) * step),
    }))
  }

  async #each(
    program: MysqlWriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<WriteOutcome[]> {
    const outcomes: WriteOutcome[] = []
    for (const binds of executions) {
      this.#signal.throwIfAborted()
      const outcome = await this.#one(program, binds)
      outcomes.push(outcome)
      if (!outcome.ok && mode === 'halt') break
    }
    return outcomes
  }

  #one(program: MysqlWriteProgram, binds: readonly Bind[]): Promise<WriteOutcome> {
    return outcomeOf(program, binds, (text, values) => this.#change(text, values), this.#onStale)
  }

  /** A deadlock takes the whole transaction: where that was empty, it is begun again once. */
  async #change(text: string, values: Parameters<MysqlConnection['change']>[1]): Promise<Changed> {
    const first = this.#statements++ === 0
    try {
      return await this.#connection.change(text, values)
    } catch (thrown) {
      if (!first || !(thrown instanceof ServerFault) || thrown.number !== deadlock) throw thrown
      await this.#connection.simple('start transaction')
      return this.#connection.change(text, values)
    }
  }
}

type Change = (text: string, values: Parameters<MysqlConnection['change']>[1]) => Promise<Changed>

/** One execution; a fault of the server becomes its outcome, but for a deadlock. */
async function outcomeOf(
  program: MysqlWriteProgram,
  binds: readonly Bind[],
  change: Change,
  onStale: () => void,
): Promise<WriteOutcome> {
  const { text, values } = place(program.statement, binds, null)
  try {
    const { affected, insertId } = await change(text, values)
    // An upsert counts twice what it changed.
    const rows = program.insert === null ? [] : answered(program, binds, insertId === 0n ? null : insertId)
    return { ok: true, affected: program.upsert ? Math.min(affected, 1) : affected, rows }
  } catch (thrown) {
    if (!(thrown instanceof ServerFault) || thrown.number === deadlock) throw thrown
    if (isStale(thrown)) onStale()
    const error = mysqlError(thrown, program.names)
    return { ok: false, error }
  }
}

/** One execution that is its own transaction, outside of any other. Throws what is no fault of the record. */
export const writeAlone = (
  connection: MysqlConnection,
  program: WriteProgram,
  binds: readonly Bind[],
  onStale: () => void,
): Promise<WriteOutcome> =>
  surely(
    outcomeOf(writeOf(program), binds, (text, values) => connection.change(text, values), onStale),
    isLost,
  )

const isLost = (thrown: unknown): boolean => thrown instanceof ConnectionLost

const writeOf = (program: WriteProgram): MysqlWriteProgram =>
  isMysqlWrite(program) ? program : { ...program, names: noNames, upsert: false, insert: null }

function answered(program: MysqlWriteProgram, binds: readonly Bind[], generated: bigint | null): readonly Row[] {
  const { insert, statement } = program
  if (insert === null || insert.answers.length === 0) return []
  const values = insertedRow(insert.answers, binds, generated)
  const row: { [name: string]: Json } = Object.create(null)
  statement.columns.forEach(({ as }, i) => {
    row[as] = values[i] ?? null
  })
  return [row]
}
