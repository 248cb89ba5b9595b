/**
 * Programs on one SQLite database. Records by unique key run on the event loop, whose cost that key bounds; everything else runs on
 * the threads. A session holds the writer; its transaction begins with its first statement and ends before the writer is given back.
 */

import type { Row, WriteOutcome } from 'dataferry/records'
import type { Bind, ByteSink, Connections, Json, Output } from 'dataferry/sdk'
import {
  collectRows,
  type ProgramRunner,
  type ReadProgram,
  rowDecoder,
  type SqlSession,
  type WriteProgram,
} from 'dataferry/sql'
import { Connection } from './connection.ts'
import { isBusy, isStale, sqliteError } from './errors.ts'
import type { WireRow } from './protocol.ts'
import { runRead } from './read.ts'
import { type DatabaseThread, JobFault, type Settled, shownFault } from './thread.ts'
import { Threads } from './threads.ts'

export interface RunnerOptions {
  readonly file: string
  readonly statements: readonly string[]
  readonly readers: number
  readonly timeoutMs: number
  /** How long a stopped statement is waited for before its thread is given up. */
  readonly graceMs?: number
  /** How long a lock of another process is waited for. */
  readonly patienceMs?: number
  /** How long an idle thread is kept. */
  readonly idleMs?: number
  /** How long a free thread is waited for. */
  readonly waitMs?: number
  /** The module that the threads run, where it is another one. */
  readonly entry?: URL
}

export class SqliteRunner implements ProgramRunner {
  readonly #file: string
  readonly #statements: readonly string[]
  readonly #threads: Threads
  /** The event loop's own connection, opened after a thread has made sure of the file. */
  #loop: Connection | null = null
  #ready = false
  /** The file can't be opened on the event loop. */
  #threadsOnly = false
  #closed = false
  #onStale: () => void = () => {}

  constructor({
    file,
    statements,
    readers,
    timeoutMs,
    graceMs = 2_000,
    patienceMs = 5_000,
    idleMs = 20_000,
    waitMs = 30_000,
    entry,
  }: RunnerOptions) {
    this.#file = file
    this.#statements = statements
    this.#threads = new Threads({ file, statements, readers, timeoutMs, graceMs, patienceMs, idleMs, waitMs, entry })
  }

  get threads(): Threads['counts'] {
    return this.#threads.counts
  }

  pooled(): Connections {
    return this.#threads.pooled
  }

  /** Called when a statement names what the database does not have. */
  onStale(listener: () => void): void {
    this.#onStale = listener
  }

  async run(
    program: ReadProgram,
    binds: readonly Bind[],
    output: Output,
    sink: ByteSink,
    signal: AbortSignal,
  ): Promise<void> {
    if (isPoint(program, output) && (await this.#runHere(program, binds, output, sink))) return
    await this.#threads.reader(signal, (thread) => this.#answer(thread.read(program, binds, output, sink, signal)))
  }

  async query(text: string, binds: readonly Bind[], signal: AbortSignal): Promise<readonly (readonly Json[])[]> {
    const settled = await this.#threads.reader(signal, (thread) =>
      this.#answer(thread.do({ kind: 'query', text, binds }, false, signal)),
    )
    return settled.kind === 'rows' ? settled.rows.map(jsonRow) : []
  }

  async session<T>(use: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#threads.writer(signal, async (thread) => {
      const session = new Session(thread, signal, (job) => this.#answer(job))
      let result: T
      try {
        result = await use(session)
      } catch (thrown) {
        await session.rollback()
        await session.guarded()
        throw thrown
      }
      try {
        await session.commit()
      } finally {
        await session.guarded()
      }
      return result
    })
  }

  /** A transaction of its own, in one message to the writer. */
  writeOne(program: WriteProgram, binds: readonly Bind[], signal: AbortSignal): Promise<WriteOutcome> {
    return this.#threads.writer(signal, async (thread) => {
      const settled = await this.#answer(thread.write(program, [binds], 'halt', true, signal, true))
      const [outcome] = settled.kind === 'outcomes' ? outcomesOf(program, settled.outcomes) : []
      if (outcome === undefined) throw new Error('The database thread did not tell what became of a write.')
      return outcome
    })
  }

  /** SQLite's own counter of changes of structure, read on the event loop in microseconds; null when it can't be read there now. */
  schemaVersion(): number | null {
    try {
      const version = this.#here()?.query('PRAGMA schema_version', [])[0]?.[0]
      return version === undefined ? null : Number(version)
    } catch {
      return null
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#loop?.close()
    this.#loop = null
    await this.#threads.close()
  }

  /** false: a thread must do it. */
  async #runHere(program: ReadProgram, binds: readonly Bind[], output: Output, sink: ByteSink): Promise<boolean> {
    let written = false
    try {
      const connection = this.#here()
      if (connection === null) return false
      await runRead(connection, program, binds, output, {
        write(chunk) {
          written = true
          return sink.write(chunk)
        },
      })
      return true
    } catch (thrown) {
      if (!written && isBusy(thrown)) return false
      if (isStale(thrown)) this.#onStale()
      throw sqliteError(thrown)
    }
  }

  /** null: not open yet, or it can't be had here. The threads do the same work, so nothing is lost but time. */
  #here(): Connection | null {
    if (this.#loop !== null || !this.#ready || this.#threadsOnly || this.#closed) return this.#loop
    try {
      this.#loop = new Connection({
        role: 'loop',
        file: this.#file,
        statements: this.#statements,
        // The loop waits for nobody: who gets `busy` here asks a thread.
        patienceMs: 0,
        alive: () => {},
      })
    } catch (thrown) {
      // A lock passes; what else is wrong does not.
      if (!isBusy(thrown)) this.#threadsOnly = true
    }
    return this.#loop
  }

  async #answer(job: Promise<Settled>): Promise<Settled> {
    try {
      const settled = await job
      this.#ready = true
      return settled
    } catch (thrown) {
      if (!(thrown instanceof JobFault)) throw thrown
      if (thrown.stale) this.#onStale()
      throw thrown.lost ? new LostTransaction(thrown.shown) : thrown.shown
    }
  }
}

/** Its cost is that of one row found by a unique key. */
const isPoint = ({ rows, count, related }: ReadProgram, output: Output): boolean =>
  rows?.point === true && count === null && related.length === 0 && output.format === 'json'

const jsonRow = (row: WireRow): readonly Json[] =>
  row.map((value) => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
  })

/** Tells the session that there is no transaction left; never leaves this file. */
class LostTransaction extends Error {
  readonly shown: Error
  constructor(shown: Error) {
    super(shown.message, { cause: shown })
    this.shown = shown
  }
}

function outcomesOf(
  { statement }: WriteProgram,
  outcomes: Extract<Settled, { kind: 'outcomes' }>['outcomes'],
): readonly WriteOutcome[] {
  const decode = rowDecoder(statement.columns)
  return outcomes.map(
    (outcome): WriteOutcome =>
      outcome.ok
        ? { ok: true, affected: outcome.affected, rows: outcome.rows.map(decode) }
        : { ok: false, error: shownFault(outcome.fault) },
  )
}

const never = new AbortController().signal

/** Executions that go to the thread in one message: what is on its way is bounded, and the loop is free in between. */
const lotRows = 1_000

class Session implements SqlSession {
  readonly #thread: DatabaseThread
  readonly #signal: AbortSignal
  readonly #answer: (job: Promise<Settled>) => Promise<Settled>
  #begun = false
  /** Why nothing can follow: the transaction is gone. */
  #lost: Error | null = null
  #last: Promise<unknown> = Promise.resolve()
  /** What makes the connection look at references again; null: it does. */
  #restore: string | null = null

  constructor(thread: DatabaseThread, signal: AbortSignal, answer: (job: Promise<Settled>) => Promise<Settled>) {
    this.#thread = thread
    this.#signal = signal
    this.#answer = answer
  }

  async rows(program: ReadProgram, binds: readonly Bind[]): Promise<readonly Row[]> {
    return collectRows(async (output, sink) => {
      await this.#step((begin) => this.#thread.read(program, binds, output, sink, this.#signal, begin))
    })
  }

  async write(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = []
    for (let from = 0; from < executions.length; from += lotRows) {
      const done = await this.#writeLot(program, executions.slice(from, from + lotRows), mode)
      for (const outcome of done) outcomes.push(outcome)
      if (mode === 'halt' && done.at(-1)?.ok === false) break
    }
    return outcomes
  }

  async #writeLot(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]> {
    const settled = await this.#step((begin) => this.#thread.write(program, executions, mode, begin, this.#signal))
    if (settled.kind !== 'outcomes')
      throw new Error('The database thread answered something else than what became of a write.')
    if (settled.lost) this.#lost = new Error('The transaction was rolled back by the database.')
    return outcomesOf(program, settled.outcomes)
  }

  async execute(text: string): Promise<void> {
    await this.#step((begin) => this.#thread.do({ kind: 'execute', text }, begin, this.#signal))
  }

  /**
   * References are not looked at, and names in triggers and views not followed, until the session ends: a table that is made anew would
   * else delete the rows that refer to it.
   */
  async unguarded(): Promise<boolean> {
    if (this.#restore !== null) return true
    if (this.#begun) return false
    const settled = await this.#answer(
      this.#thread.do({ kind: 'query', text: 'PRAGMA foreign_keys', binds: [] }, false, never),
    )
    const on = settled.kind === 'rows' && Number(settled.rows[0]?.[0] ?? 0) === 1
    this.#restore = `PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ${on ? 'ON' : 'OFF'}`
    await this.#pragma('PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON')
    return true
  }

  /** Undoes it; a thread where that fails is not used again. */
  async guarded(): Promise<void> {
    if (this.#restore === null || this.#thread.ended) return
    try {
      await this.#pragma(this.#restore)
    } catch {
      await this.#thread.close()
    }
  }

  async #pragma(text: string): Promise<void> {
    await this.#answer(this.#thread.do({ kind: 'execute', text }, false, never))
  }

  async commit(): Promise<void> {
    await this.#last
    if (this.#lost !== null) throw this.#lost
    if (this.#begun) await this.#answer(this.#thread.do({ kind: 'commit' }, false, never))
  }

  /** Never throws: a thread that can't roll back has lost its connection, and with it the transaction. */
  async rollback(): Promise<void> {
    await this.#last
    if (!this.#begun || this.#thread.ended) return
    try {
      await this.#thread.do({ kind: 'rollback' }, false, never)
    } catch {
      await this.#thread.close()
    }
  }

  /** One statement after the other, whatever the caller does; the first begins the transaction. */
  #step(send: (begin: boolean) => Promise<Settled>): Promise<Settled> {
    const step = this.#last.then(async () => {
      if (this.#lost !== null) throw this.#lost
      const begin = !this.#begun
      this.#begun = true
      try {
        return await this.#answer(send(begin))
      } catch (thrown) {
        if (!(thrown instanceof LostTransaction)) throw thrown
        this.#lost = thrown.shown
        throw thrown.shown
      }
    })
    this.#last = step.catch(() => {})
    return step
  }
}
