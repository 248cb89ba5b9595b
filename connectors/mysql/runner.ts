/**
 * Programs on one MySQL database. A read that failed because its connection had died is tried once more while nothing of it was written;
 * a session finds out with its `start transaction`, which can be repeated; a single write is never repeated, but sent on a connection that
 * surely stands.
 */
import type { WriteOutcome } from 'dataferry/records'
import type { Bind, ByteSink, Json, Output, Connections as PoolCounts } from 'dataferry/sdk'
import type { ProgramRunner, ReadProgram, SqlSession, WriteProgram } from 'dataferry/sql'
import { wireOf } from './binds.ts'
import type { MysqlConnection } from './connection.ts'
import { isStale, mysqlError } from './errors.ts'
import { lockedBy } from './exclusive.ts'
import { ConnectionLost } from './faults.ts'
import { Connections } from './pool.ts'
import { modern, type ServerFacts, type Vendor } from './server.ts'
import { MysqlSession, writeAlone } from './session.ts'
import type { ConnectionSettings } from './settings.ts'
import { readProgram, readTogether } from './source.ts'

export class MysqlRunner implements ProgramRunner {
  readonly #settings: () => ConnectionSettings
  readonly #vendor: Vendor | null
  #connections: Connections | null = null
  #onStale: () => void = () => {}

  /** `settings` is asked at the first use; `vendor`: where the service's type tells what the server does not. */
  constructor(settings: () => ConnectionSettings, vendor: Vendor | null) {
    this.#settings = settings
    this.#vendor = vendor
  }

  /** Connections alive, for tests. */
  get connections(): number {
    return this.#connections?.count ?? 0
  }
  pooled(): PoolCounts {
    return this.#connections?.pooled ?? { open: 0, idle: 0, waiting: 0, most: 0 }
  }
  get facts(): ServerFacts {
    return this.#connections?.facts ?? modern
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
    let written = false
    const counted: ByteSink = {
      write(chunk) {
        written = true
        return sink.write(chunk)
      },
    }
    if (isRecord(program)) {
      const together = (): Promise<void> | null =>
        this.#open().together((connection) => readTogether(connection, program, binds, output, counted, signal), signal)
      return this.#read(
        (connection) => readProgram(connection, program, binds, output, counted, signal),
        () => !written,
        signal,
        together,
      )
    }
    await this.#read(
      async (connection) => {
        const read = (): Promise<void> => readProgram(connection, program, binds, output, counted, signal)
        // What is read by several statements is of one moment.
        if (program.related.length > 0) await atOneMoment(connection, read)
        else await read()
      },
      () => !written,
      signal,
    )
  }

  query(text: string, binds: readonly Bind[], signal: AbortSignal): Promise<readonly (readonly Json[])[]> {
    return this.#read(
      async (connection) => {
        const rows: Json[][] = []
        const stream = connection.rows(text, binds.map(wireOf), [])
        const pulled = stream.pull((row) => {
          rows.push(row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value)))
          return true
        })
        if (typeof pulled !== 'boolean') await pulled
        return rows
      },
      () => true,
      signal,
    )
  }

  async session<T>(use: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    let session: MysqlSession | null = null
    const attempt = (): Promise<T> =>
      this.#open().use(async (connection, shield) => {
        await connection.simple('start transaction')
        session = new MysqlSession(connection, signal, () => this.#onStale())
        let answer: T
        try {
          answer = await use(session)
        } catch (thrown) {
          await session.rollback()
          throw thrown
        }
        shield()
        await session.commit()
        return answer
      }, signal)
    return this.#told(async () => {
      try {
        return await attempt()
      } catch (thrown) {
        if (session !== null || !(thrown instanceof ConnectionLost)) throw thrown
        return attempt()
      }
    })
  }

  /** In one trip: what the server does outside of a transaction is one. It is not stopped, only timed out, so that its end is known. */
  writeOne(program: WriteProgram, binds: readonly Bind[], signal: AbortSignal): Promise<WriteOutcome> {
    return this.#told(() =>
      this.#open().use(
        (connection, shield) => {
          shield()
          return writeAlone(connection, program, binds, () => this.#onStale())
        },
        signal,
        true,
      ),
    )
  }

  /**
   * A connection for the length of the call, outside of any transaction of ours; faults come as they are. `begin` is harmless and goes
   * first: a connection that turns out to be dead is replaced then. What `use` leaves behind in its session is gone for who has the
   * connection next.
   */
  async alone<T>(
    begin: (connection: MysqlConnection) => Promise<void>,
    use: (connection: MysqlConnection) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    let begun = false
    const attempt = (): Promise<T> =>
      this.#open().use(async (connection) => {
        await begin(connection)
        begun = true
        try {
          return await use(connection)
        } finally {
          if (!connection.spent) await connection.restore()
        }
      }, signal)
    try {
      return await attempt()
    } catch (thrown) {
      if (begun || !(thrown instanceof ConnectionLost)) throw thrown
      return attempt()
    }
  }

  /** Under a named lock of the server, which ends with its connection. */
  exclusively<T>(name: string, work: () => Promise<T>, signal: AbortSignal, onWait: () => void): Promise<T> {
    const { database } = this.#settings()
    return this.#told(() =>
      this.alone(
        (connection) => connection.simple('select 1'),
        async (connection) => {
          await lockedBy(connection, database, name, signal, onWait)
          return work()
        },
        signal,
      ),
    )
  }

  async close(): Promise<void> {
    await this.#connections?.close()
  }

  #open(): Connections {
    this.#connections ??= new Connections(this.#settings(), this.#vendor)
    return this.#connections
  }

  /** The second attempt finds a connection that is alive, or none can be made. */
  #read<T>(
    work: (connection: MysqlConnection) => Promise<T>,
    unwritten: () => boolean,
    signal: AbortSignal,
    first: () => Promise<T> | null = () => null,
  ): Promise<T> {
    return this.#told(async () => {
      try {
        return await (first() ?? this.#open().use(work, signal))
      } catch (thrown) {
        if (!unwritten() || !(thrown instanceof ConnectionLost)) throw thrown
        return this.#open().use(work, signal)
      }
    })
  }

  /** Errors as clients may see them. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      if (isStale(thrown)) this.#onStale()
      throw mysqlError(thrown)
    }
  }
}

/** A record alone, by a unique key. */
const isRecord = ({ result, rows, related }: ReadProgram): boolean =>
  result.kind === 'record' && rows?.point === true && related.length === 0

/** Nothing of the transaction is left on the connection when this returns. */
async function atOneMoment(connection: MysqlConnection, read: () => Promise<void>): Promise<void> {
  await connection.simple('start transaction with consistent snapshot, read only')
  try {
    await read()
  } catch (thrown) {
    if (!connection.spent) await connection.simple('rollback').catch(() => connection.destroy())
    throw thrown
  }
  await connection.simple('commit')
}
