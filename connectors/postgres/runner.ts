/**
 * Programs on one PostgreSQL database. Records by unique key go on shared connections; lists and sessions have one of their own. A read
 * that failed because its connection had died, or because a statement's preparation was out of date, is tried once more while nothing of
 * it was written; what writes is never repeated, but sent on a connection that surely stands.
 */
import type { Columns, Row, WriteOutcome } from 'dataferry/records'
import type { Bind, ByteSink, Connections, Json, Output } from 'dataferry/sdk'
import { type ProgramRunner, type ReadProgram, ReadRunner, type SqlSession, type WriteProgram } from 'dataferry/sql'
import { batchOf } from './batch.ts'
import { bindText } from './binds.ts'
import { placedRows } from './cells.ts'
import { fetchSize, type Manner, WireSource } from './cursor.ts'
import { isOutdated, isStale, postgresError } from './errors.ts'
import { lockedBy } from './exclusive.ts'
import { Lanes } from './lanes.ts'
import { insertMany } from './many.ts'
import { PostgresSession, writeAlone } from './session.ts'
import type { ConnectionSettings } from './settings.ts'
import type { Wire } from './wire/connection.ts'
import { ConnectionLost } from './wire/fault.ts'
import { PlacedRow } from './wire/row.ts'

/** Pages up to this many rows are short, unless their statements take this long in the mean, or the answer is this large. */
const briefRows = 100
const briefMs = 25
const briefBytes = 512 * 1024
/** How long it is remembered what was not. */
const rememberedMs = 10_000
/** What the last run counts in the mean: a machine that is busy for a moment makes no program slow, a statement of seconds does. */
const lastCounts = 0.1

/** How a page has done so far. */
interface Pace {
  /** Of the slowest statement of each run. */
  meanMs: number
  /** Until when it is not taken for short. */
  longUntil: number
}

export class PostgresRunner implements ProgramRunner {
  readonly #settings: () => ConnectionSettings
  readonly #readers = new WeakMap<ReadProgram, ReadRunner<PlacedRow>>()
  readonly #paces = new WeakMap<ReadProgram, Pace>()
  #lanes: Lanes | null = null
  #preparation: readonly string[] = []
  readonly #savepoints: boolean
  #onStale: () => void = () => {}

  /** `settings` is asked at the first use; `savepoints`: the server has them. */
  constructor(settings: () => ConnectionSettings, savepoints = true) {
    this.#settings = settings
    this.#savepoints = savepoints
  }

  /** Connections alive, for tests. */
  get connections(): Lanes['counts'] {
    return this.#lanes?.counts ?? { shared: 0, own: 0 }
  }

  pooled(): Connections {
    return this.#lanes?.pooled ?? { open: 0, idle: 0, waiting: 0, most: 0 }
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
    const reader = this.#reader(program)
    let bytes = 0
    const counted: ByteSink = {
      write(chunk, done) {
        bytes += chunk.length
        return sink.write(chunk, done)
      },
    }
    const attempt = (): Promise<void> =>
      isPoint(program)
        ? this.#point((wire) => reader.run(new WireSource(wire, 'shared'), binds, output, counted, signal), signal)
        : this.#isBrief(program, binds)
          ? this.#page(
              (source) => reader.run(source, binds, output, counted, signal),
              program,
              () => bytes,
              signal,
            )
          : this.#list(
              (wire, manner) => reader.run(new WireSource(wire, manner), binds, output, counted, signal),
              program,
              binds,
              signal,
            )
    await this.#told(() => this.#tryAgain(attempt, () => bytes === 0))
  }

  /** On a shared connection, so that who holds one of the pool's can ask for tables without waiting for another. */
  async query(text: string, binds: readonly Bind[], signal: AbortSignal): Promise<readonly (readonly Json[])[]> {
    const attempt = async (): Promise<Json[][]> => {
      signal.throwIfAborted()
      const wire = await this.#openLanes().shared()
      const rows: Json[][] = []
      const row = new PlacedRow()
      await wire.run(text, binds.map(bindText), (bytes, start, end) => {
        row.place(bytes, start, end)
        rows.push(Array.from({ length: row.count }, (_, i) => row.text(i)))
      })
      return rows
    }
    return this.#told(() => this.#tryAgain(attempt, () => true))
  }

  async session<T>(use: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#told(() =>
      this.#openLanes().standing(async (wire) => {
        const session = new PostgresSession(wire, (program) => this.#reader(program), signal, this.#savepoints)
        let answer: T
        try {
          answer = await use(session)
        } catch (thrown) {
          await session.rollback()
          throw thrown
        }
        await session.commit()
        return answer
      }, signal),
    )
  }

  /** In one trip: what the server does outside of a transaction is one. */
  writeOne(program: WriteProgram, binds: readonly Bind[], signal: AbortSignal): Promise<WriteOutcome> {
    return this.#told(() => this.#openLanes().single((wire) => writeAlone(wire, program, binds), signal))
  }

  /** One statement for many rows, where the program has one. */
  async writeMany(program: WriteProgram, columns: Columns, signal: AbortSignal): Promise<readonly Row[] | null> {
    if (batchOf(program) === null) return null
    return this.#told(() => this.#openLanes().standing((wire) => insertMany(wire, program, columns, signal), signal))
  }

  /**
   * A connection for the length of the call, outside of any transaction of ours; faults come as they are. Settings, temporary tables and
   * locks that are left behind are gone for who has the connection next.
   */
  alone<T>(use: (wire: Wire) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#openLanes().standing(async (wire) => {
      try {
        return await use(wire)
      } finally {
        if (!wire.lost) await this.#restore(wire)
      }
    }, signal)
  }

  /** Under an advisory lock of the database, which ends with its connection. */
  exclusively<T>(name: string, work: () => Promise<T>, signal: AbortSignal, onWait: () => void): Promise<T> {
    return this.#told(() =>
      this.alone(async (wire) => {
        await lockedBy(wire, name, signal, onWait)
        return work()
      }, signal),
    )
  }

  async #restore(wire: Wire): Promise<void> {
    const texts = [...(wire.inTransaction ? ['rollback'] : []), leftBehind, ...this.#preparation]
    try {
      await Promise.all(texts.map((text) => wire.simple(text)))
    } catch {
      wire.destroy()
    }
  }

  async close(): Promise<void> {
    await this.#lanes?.close()
  }

  #openLanes(): Lanes {
    if (this.#lanes === null) {
      const settings = this.#settings()
      this.#preparation = settings.preparation
      this.#lanes = new Lanes(settings)
    }
    return this.#lanes
  }

  #reader(program: ReadProgram): ReadRunner<PlacedRow> {
    let reader = this.#readers.get(program)
    if (reader === undefined) {
      reader = new ReadRunner(program, placedRows)
      this.#readers.set(program, reader)
    }
    return reader
  }

  /** What runs on a shared connection is not stopped by an abort, only by its time: others are behind it. */
  async #point(read: (wire: Wire) => Promise<void>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const shared = this.#openLanes().shared()
    const wire = shared instanceof Promise ? await shared : shared
    await read(wire)
  }

  /** A page that is short as far as is known: it says how many rows it has, and was not slow or large a short while ago. */
  #isBrief(program: ReadProgram, binds: readonly Bind[]): boolean {
    const { limit, rows } = program
    if (limit === null || rows === null || Number(binds[limit]) > briefRows) return false
    return (this.#paces.get(program)?.longUntil ?? 0) < performance.now()
  }

  /** On a connection with other pages. Rows and children are read as fast as the server sends them: there are few. */
  #page(
    read: (source: WireSource) => Promise<void>,
    program: ReadProgram,
    bytes: () => number,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#openLanes().page(async (wire) => {
      const source = new WireSource(wire, 'shared')
      try {
        await read(source)
      } finally {
        this.#pace(program, source.slowestMs, bytes())
      }
    }, signal)
  }

  #pace(program: ReadProgram, ms: number, bytes: number): void {
    let pace = this.#paces.get(program)
    if (pace === undefined) {
      pace = { meanMs: 0, longUntil: 0 }
      this.#paces.set(program, pace)
    }
    pace.meanMs += (ms - pace.meanMs) * lastCounts
    if (pace.meanMs <= briefMs && bytes <= briefBytes) return
    pace.meanMs = 0
    pace.longUntil = performance.now() + rememberedMs
  }

  #list(
    read: (wire: Wire, manner: Manner) => Promise<void>,
    program: ReadProgram,
    binds: readonly Bind[],
    signal: AbortSignal,
  ): Promise<void> {
    const manner = mannerOf(program, binds)
    return this.#openLanes().own(async (wire) => {
      if (manner === 'alone') return read(wire, manner)
      // Portals live in a transaction, and what is read in it is of one moment.
      const begun = wire.simple('begin isolation level repeatable read, read only')
      begun.catch(() => {})
      await read(wire, manner)
      await begun
      await wire.simple('commit')
    }, signal)
  }

  async #tryAgain<T>(attempt: () => Promise<T>, unwritten: () => boolean): Promise<T> {
    try {
      return await attempt()
    } catch (thrown) {
      const outdated = isOutdated(thrown)
      if (outdated) this.#lanes?.forgetStatements()
      if (!unwritten() || !(outdated || thrown instanceof ConnectionLost)) throw thrown
      return attempt()
    }
  }

  /** Errors as clients may see them. */
  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      if (isOutdated(thrown)) this.#lanes?.forgetStatements()
      if (isStale(thrown)) this.#onStale()
      throw postgresError(thrown)
    }
  }
}

/** Undoes what a routine may have left on its connection. */
const leftBehind =
  'reset session authorization; reset all; close all; unlisten *; select pg_advisory_unlock_all(); discard sequences; discard temp'

/** Its cost is that of one row found by a unique key. */
const isPoint = ({ rows, count, related }: ReadProgram): boolean =>
  rows?.point === true && count === null && related.length === 0

/** What surely fits one fetch needs no portal. */
function mannerOf({ rows, result, related, limit }: ReadProgram, binds: readonly Bind[]): Manner {
  if (related.length > 0) return 'portal'
  if (rows === null || result.kind === 'record') return 'alone'
  return limit !== null && Number(binds[limit]) <= fetchSize ? 'alone' : 'stream'
}
