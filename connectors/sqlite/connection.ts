/**
 * One connection to the file: how it is set up, and statements run on it. Synchronous; used in the database threads, and on the event
 * loop for records by unique key.
 */
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { makeFolder } from 'dataferry/sdk'
import type { Statement } from 'dataferry/sql'
import { isBusy } from './errors.ts'
import type { Wire, WireRow } from './protocol.ts'

export interface ConnectionOptions {
  /** `loop` only reads, and makes nothing. */
  readonly role: 'reader' | 'writer' | 'loop'
  readonly file: string
  readonly statements: readonly string[]
  /** How long a lock of another process is waited for. */
  readonly patienceMs: number
  /** Called for each row of a scan; throws to stop it. */
  readonly alive: () => void
}

export class Connection {
  readonly #db: DatabaseSync
  readonly #prepared = new WeakMap<Statement, StatementSync>()

  /** Opens the file; makes it and its folder where they are missing (`loop` does not). */
  constructor({ role, file, statements, patienceMs, alive }: ConnectionOptions) {
    if (role !== 'loop') makeFolder(dirname(file))
    this.#db = new DatabaseSync(file, {
      readOnly: role === 'loop',
      enableForeignKeyConstraints: true,
      timeout: role === 'writer' ? Math.min(50, patienceMs) : patienceMs,
      readBigInts: true,
      returnArrays: true,
    })
    try {
      // Not deterministic, or SQLite would ask once a statement; direct only, so that no view or trigger can hold a call of it.
      this.#db.function('alive', { directOnly: true, varargs: true }, () => {
        alive()
        return 1
      })
      if (role !== 'loop') this.#useWriteAheadLog(patienceMs)
      this.#db.exec('PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 67108864')
      for (const statement of statements) this.#db.exec(statement)
      if (role !== 'writer') this.#db.exec('PRAGMA query_only = ON')
    } catch (thrown) {
      this.#db.close()
      throw thrown
    }
  }

  /**
   * Readers and the writer don't wait for each other. NORMAL: a commit is in the log file, with the operating system, before it is
   * answered, so it survives a kill of this process; only a loss of power can take the last ones back, and none of them in part.
   */
  #useWriteAheadLog(patienceMs: number): void {
    const deadline = performance.now() + patienceMs
    for (;;) {
      try {
        // The switch needs the file for itself and does not wait for it, so the loop does.
        if (this.query('PRAGMA journal_mode = WAL', [])[0]?.[0] === 'wal') this.#db.exec('PRAGMA synchronous = NORMAL')
        return
      } catch (thrown) {
        if (isReadOnly(thrown)) return
        if (!isBusy(thrown) || performance.now() > deadline) throw thrown
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
      }
    }
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction
  }

  /** The rows one by one; an iteration that is left early frees what it held. */
  iterate(statement: Statement, values: readonly Wire[]): Iterable<WireRow> {
    return this.#statement(statement).iterate(...values) as unknown as Iterable<WireRow>
  }

  /** All rows at once: for few of them, and for writes. */
  all(statement: Statement, values: readonly Wire[]): readonly WireRow[] {
    return this.#statement(statement).all(...values) as unknown as readonly WireRow[]
  }

  /** Runs a write that answers no rows; how many it changed. */
  change(statement: Statement, values: readonly Wire[]): number {
    return Number(this.#statement(statement).run(...values).changes)
  }

  /** A statement of the connector's own. */
  query(text: string, values: readonly Wire[]): readonly WireRow[] {
    return this.#db.prepare(text).all(...values) as unknown as readonly WireRow[]
  }

  execute(text: string): void {
    this.#db.exec(text)
  }

  close(): void {
    this.#db.close()
  }

  /** Kept as long as the statement's program is. */
  #statement(statement: Statement): StatementSync {
    let prepared = this.#prepared.get(statement)
    if (prepared === undefined) {
      prepared = this.#db.prepare(statement.text)
      this.#prepared.set(statement, prepared)
    }
    return prepared
  }
}

const isReadOnly = (thrown: unknown): boolean =>
  thrown instanceof Error && 'errcode' in thrown && typeof thrown.errcode === 'number' && (thrown.errcode & 0xff) === 8
