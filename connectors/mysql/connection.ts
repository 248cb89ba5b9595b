/**
 * One connection, made with the driver (which does the login, TLS and the packets). One statement runs at a time; rows come one by one
 * and the server waits when nobody takes them. A statement that must end is killed by a second connection, and the connection it ran on
 * is not used again: the kill could reach what follows.
 */

import type { WireColumn, WireValue } from 'dataferry/sql'
import type { Connection } from 'mysql2'
import { type Scalar, sizeOf, type Wire } from './binds.ts'
import { cellsOf, type DriverRow, type Field, type NamedField } from './cells.ts'
import { driver as mysql } from './driver.ts'
import { ConnectFailed, ConnectionLost, faultOf, ServerFault, Stopped } from './faults.ts'
import { RowStream } from './rows.ts'
import { factsOf, type ServerFacts, type Vendor } from './server.ts'
import type { ConnectionSettings } from './settings.ts'
import { PlacedCommand } from './wire/command.ts'
import type { DriverQueue } from './wire/driver.ts'
import { Pipeline } from './wire/pipeline.ts'
import { trustedQueue } from './wire/probe.ts'
import { PlacedRows } from './wire/rows.ts'

/** How long a killed statement is waited for, and how long beyond its own timeout a statement may run. */
const graceMs = 2_000
/** Statements that one connection keeps prepared; the server has a limit for all of them. */
const preparedAtMost = 200

export interface Changed {
  readonly affected: number
  /** The first generated key of the statement; 0n: none. */
  readonly insertId: bigint
}

/** The statement under way, as whoever waits for it sees it. */
interface Running {
  fail(fault: unknown): void
}

/** Rows on their way. */
interface Streaming extends Running {
  readonly done: boolean
  end(): void
  buffered(): Promise<void>
  abandon(thrown: unknown): void
  close(): void | Promise<void>
}

export class MysqlConnection {
  readonly facts: ServerFacts
  readonly #driver: Connection
  readonly #settings: ConnectionSettings
  /** null: rows come as the driver makes them. */
  readonly #queue: DriverQueue | null
  #running: Running | null = null
  #stream: Streaming | null = null
  #lost: unknown = null
  #stopped = false
  #stopping: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #pipeline: Pipeline | null = null
  /** In flight together, in order. */
  readonly #together = new Set<PlacedRows>()
  #heardAt = 0
  #onOver: () => void = () => {}

  private constructor(driver: Connection, settings: ConnectionSettings, facts: ServerFacts, queue: DriverQueue | null) {
    this.#driver = driver
    this.#settings = settings
    this.facts = facts
    this.#queue = queue
    driver.on('error', (error) => this.#lose(error))
    driver.on('end', () => this.#lose(new Error('The server closed the connection.')))
  }

  /** Connects and prepares the session. Throws ConnectFailed. */
  static async open(settings: ConnectionSettings, vendor: Vendor | null): Promise<MysqlConnection> {
    const driver = await connect(settings)
    try {
      const [[version] = []] = await queryRows(driver, 'select version()')
      const server = factsOf(String(version), vendor, 0, 1)
      for (const text of preparation(settings, server)) await queryRows(driver, text)
      // Behind the configured statements, which may have changed them.
      const [[packet, step, commits] = []] = await queryRows(
        driver,
        'select @@max_allowed_packet, @@auto_increment_increment, @@autocommit',
      )
      // A write outside of a transaction would be lost else.
      if (String(commits) === '0') await queryRows(driver, 'set autocommit = 1')
      const facts: ServerFacts = { ...server, maxPacket: Number(packet), autoIncrementStep: Math.max(1, Number(step)) }
      return new MysqlConnection(driver, settings, facts, await trustedQueue(driver))
    } catch (thrown) {
      driver.destroy()
      throw new ConnectFailed(thrown)
    }
  }

  /** It can't be used again. */
  get spent(): boolean {
    return this.#lost !== null || this.#stopped
  }
  get lost(): boolean {
    return this.#lost !== null
  }

  /** Rows can be had where they lie in the server's packets. */
  get places(): boolean {
    return this.#queue !== null
  }

  /** Starts a statement that answers rows. What an earlier one still has to come is read into memory first. */
  rows(text: string, values: readonly Wire[], columns: readonly WireColumn[]): RowStream {
    const stream = new RowStream(this.#driver, () => this.stop())
    this.#follow(stream, text, values, () => this.#start(stream, text, values, columns))
    return stream
  }

  /** The same, where `places`. `most`: no more rows can come. */
  placed(text: string, values: readonly Scalar[], columns: readonly WireColumn[], most: number | null): PlacedRows {
    const queue = this.#queue
    if (queue === null) throw new TypeError('The driver does not hand over packets.')
    const stream = new PlacedRows(queue, () => this.stop(), most)
    this.#follow(stream, text, values, () => this.#startPlaced(queue, stream, text, values, columns))
    return stream
  }

  /** Several statements of one row each can be in flight together. Servers of the others' kind were not seen to take it. */
  get shares(): boolean {
    return this.#queue !== null && this.#settings.pipelining && this.facts.vendor === 'mariadb'
  }
  /** Milliseconds that they have been waited for without an answer. */
  get silence(): number {
    return this.#together.size === 0 ? 0 : performance.now() - this.#heardAt
  }

  /** Starts a statement that answers one row at most, where `shares` and nothing else runs but others of these. It can't be stopped alone. */
  one(text: string, values: readonly Scalar[], columns: readonly WireColumn[]): PlacedRows {
    const queue = this.#queue
    if (queue === null) throw new TypeError('The driver does not hand over packets.')
    const rows = new PlacedRows(unpaused, () => Promise.resolve(), 1)
    const refused = this.#refusal() ?? tooLarge(text, values, this.facts.maxPacket)
    if (refused !== null) {
      rows.fail(refused)
      return rows
    }
    if (this.#together.size === 0) this.#watch()
    this.#together.add(rows)
    this.#pipeline ??= new Pipeline(queue)
    this.#pipeline.send(text, values, columns, {
      layout: (layout, reader) => rows.layout(layout, reader),
      row: (bytes, start, end) => rows.row(bytes, start, end),
      end: () => {
        this.#heard(rows)
        rows.end()
      },
      fail: (error) => {
        const fault = this.#faultOf(error)
        this.#heard(rows)
        rows.fail(fault)
      },
    })
    return rows
  }

  /** Runs a statement that answers no rows. */
  async change(text: string, values: readonly Wire[]): Promise<Changed> {
    await this.#stream?.buffered()
    const fault = tooLarge(text, values, this.facts.maxPacket)
    if (fault !== null) throw fault
    return this.#settled((done) => {
      this.#driver.execute({ sql: text, rowsAsArray: true }, values as Wire[], (error, result) => done(error, result))
    }).then(changedOf)
  }

  /** Runs a text without parameters: the connector's own, or a trusted one. */
  async simple(text: string): Promise<void> {
    await this.#stream?.buffered()
    await this.#settled((done) => {
      this.#driver.query({ sql: text, rowsAsArray: true }, (error: unknown, result: unknown) => done(error, result))
    })
  }

  /**
   * Runs a statement that may answer several result sets. `onSet` is told the columns of each, and answers who takes its rows; what that
   * throws ends the statement. `values` null: the text has no parameters, and is not prepared.
   */
  async results(
    text: string,
    values: readonly Wire[] | null,
    onSet: (fields: readonly NamedField[]) => (row: DriverRow) => void,
  ): Promise<void> {
    await this.#stream?.buffered()
    let refused: { readonly thrown: unknown } | null = null
    await this.#settled((done) => {
      const asked = { sql: text, rowsAsArray: true }
      const command = values === null ? this.#driver.query(asked) : this.#driver.execute(asked, values as Wire[])
      let take: ((row: DriverRow) => void) | null = null
      command.on('fields', (fields: readonly NamedField[] | undefined) => {
        take = fields === undefined ? null : onSet(fields)
      })
      command.on('result', (row: unknown) => {
        if (take === null || refused !== null || !Array.isArray(row)) return
        try {
          take(row)
        } catch (thrown) {
          refused = { thrown }
          void this.stop()
        }
      })
      command.on('error', (error: unknown) => done(error, null))
      // A call that slept when it was ended ends well on MySQL, and is not what was asked for.
      command.on('end', () => (this.#stopped ? done(new Error('The call was ended.'), null) : done(null, null)))
    }).catch((thrown: unknown) => {
      throw refused === null ? thrown : refused.thrown
    })
  }

  /** The session as it was when the connection was made. Never throws: where that fails the connection is given up. */
  async restore(): Promise<void> {
    try {
      await this.#settled((done) => {
        this.#driver.reset((error) => done(error, null))
      })
      for (const text of [characters, ...preparation(this.#settings, this.facts)]) await this.simple(text)
    } catch {
      this.destroy()
    }
  }

  /** Ends what runs, by the server; the connection is spent. Never throws. */
  stop(): Promise<void> {
    this.#stopped = true
    this.#stream?.abandon(new Stopped())
    if (this.#together.size > 0) this.destroy()
    if (this.#lost !== null || (this.#running === null && this.#stream?.done !== false)) return Promise.resolve()
    this.#stopping ??= this.#kill()
    return this.#stopping
  }

  /** Waits until nothing runs on it; what does not end is cut off. */
  async rest(): Promise<void> {
    if (this.#stream !== null && !this.#stream.done) await this.#stream.close()
    if (this.#stopping !== null) await this.#stopping
    if (this.#running !== null) this.destroy()
    this.#stream = null
  }

  /** Says goodbye to the server. */
  end(): void {
    if (this.#lost !== null || this.#running !== null || this.#together.size > 0) this.destroy()
    else this.#driver.end(() => {})
  }

  destroy(): void {
    this.#lose(new Error('The connection was given up.'))
    this.#driver.destroy()
  }

  /** Starts a statement when no other runs. */
  #follow(stream: Streaming, text: string, values: readonly (Wire | Scalar)[], start: () => void): void {
    const earlier = this.#stream
    this.#stream = stream
    const begin = (): void => {
      const refused = this.#refusal() ?? tooLarge(text, values, this.facts.maxPacket)
      if (refused !== null) return stream.fail(refused)
      this.#begin(stream)
      start()
    }
    if (earlier === null || earlier.done) begin()
    else void earlier.buffered().then(begin)
  }

  #start(stream: RowStream, text: string, values: readonly Wire[], columns: readonly WireColumn[]): void {
    const command = this.#driver.execute({ sql: text, rowsAsArray: true }, values as Wire[])
    let cells: ((row: DriverRow) => WireValue[]) | null = null
    command.on('fields', (fields: readonly Field[] | undefined) => {
      cells = fields === undefined ? null : cellsOf(fields, columns)
    })
    command.on('result', (row: unknown) => {
      if (cells !== null && Array.isArray(row)) stream.push(cells(row))
    })
    command.on('error', (error: unknown) => this.#failed(stream, error))
    command.on('end', () => this.#ended(stream))
  }

  #startPlaced(
    queue: DriverQueue,
    stream: PlacedRows,
    text: string,
    values: readonly Scalar[],
    columns: readonly WireColumn[],
  ): void {
    const command = new PlacedCommand(queue, values, columns, {
      layout: (layout, reader) => stream.layout(layout, reader),
      row: (bytes, start, end) => stream.row(bytes, start, end),
      end: () => this.#ended(stream),
      fail: (error) => this.#failed(stream, error),
    })
    queue.prepare({ sql: text, rowsAsArray: true }, (error, statement) => {
      if (error) this.#failed(stream, error)
      else command.statement = statement.id
    })
    queue.addCommand(command)
  }

  #failed(stream: Streaming, error: unknown): void {
    const fault = this.#faultOf(error)
    this.#over(stream)
    stream.fail(fault)
  }

  #ended(stream: Streaming): void {
    this.#over(stream)
    stream.end()
  }

  /** The server ends statements that take too long; one that does not is given up, with all that is in flight. */
  #watch(): void {
    this.#heardAt = performance.now()
    const { statementTimeoutMs } = this.#settings
    if (statementTimeoutMs > 0) this.#timer = setTimeout(() => void this.stop(), statementTimeoutMs + graceMs).unref()
  }

  #heard(rows: PlacedRows): void {
    this.#together.delete(rows)
    this.#heardAt = performance.now()
    if (this.#together.size === 0) this.#unwatch()
    else this.#timer?.refresh()
  }

  #unwatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #settled(run: (done: (error: unknown, result: unknown) => void) => void): Promise<unknown> {
    const refused = this.#refusal()
    if (refused !== null) return Promise.reject(refused)
    return new Promise((resolve, reject) => {
      const running: Running = { fail: reject }
      this.#begin(running)
      run((error, result) => {
        this.#over(running)
        if (error) reject(this.#faultOf(error))
        else resolve(result)
      })
    })
  }

  #begin(running: Running): void {
    this.#running = running
    const { statementTimeoutMs } = this.#settings
    if (statementTimeoutMs > 0) this.#timer = setTimeout(() => void this.stop(), statementTimeoutMs + graceMs).unref()
  }

  #over(running: Running): void {
    if (this.#running !== running) return
    this.#running = null
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#onOver()
  }

  #refusal(): unknown {
    if (this.#lost !== null) return new ConnectionLost(this.#lost)
    return this.#stopped ? new Stopped() : null
  }

  #faultOf(error: unknown): unknown {
    if (this.#stopped) return new Stopped(error)
    const fault = faultOf(error)
    if (fault instanceof ConnectionLost) this.#lost ??= error
    return fault
  }

  /** The driver tells of a lost connection once, and not to every command. */
  #lose(error: unknown): void {
    this.#lost ??= error
    const together = [...this.#together]
    this.#together.clear()
    if (together.length > 0) this.#unwatch()
    for (const rows of together) rows.fail(this.#stopped ? new Stopped(error) : new ConnectionLost(error))
    const running = this.#running
    if (running === null) return
    this.#over(running)
    running.fail(this.#stopped ? new Stopped(error) : new ConnectionLost(error))
  }

  async #kill(): Promise<void> {
    const cut = setTimeout(() => this.destroy(), graceMs)
    try {
      const driver = await connect({ ...this.#settings, connectTimeoutMs: graceMs })
      try {
        await queryRows(driver, `kill query ${Number(this.#driver.threadId)}`)
      } finally {
        driver.destroy()
      }
      if (this.#running !== null) await new Promise<void>((resolve) => (this.#onOver = resolve))
    } catch {
      this.destroy()
    } finally {
      clearTimeout(cut)
    }
  }
}

/** Of one row the rest is not waited with. */
const unpaused = { pause(): void {}, resume(): void {} }

/** The server would close the connection without a word. */
function tooLarge(text: string, values: readonly (Wire | Scalar)[], most: number): ServerFault | null {
  if (sizeOf(text, values) <= most) return null
  return new ServerFault(1153, '08S01', 'The statement is longer than what the server takes.', null)
}

function connect(settings: ConnectionSettings): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let driver: Connection
    try {
      driver = mysql().createConnection({
        ...(settings.socketPath === ''
          ? { host: settings.host, port: settings.port }
          : { socketPath: settings.socketPath }),
        user: settings.user,
        password: settings.password,
        database: settings.database,
        connectTimeout: settings.connectTimeoutMs,
        charset: 'UTF8MB4_UNICODE_CI',
        supportBigNumbers: true,
        dateStrings: true,
        jsonStrings: true,
        rowsAsArray: true,
        maxPreparedStatements: preparedAtMost,
        // The server must not be able to ask for files of this machine; attributes would come in between parameters.
        flags: ['-LOCAL_FILES', '-CLIENT_QUERY_ATTRIBUTES'],
        ...(settings.ssl !== null && { ssl: settings.ssl }),
      })
    } catch (thrown) {
      reject(new ConnectFailed(thrown))
      return
    }
    const failed = (error: unknown): void => {
      driver.destroy()
      // What is said later is of no interest, and without a listener it would end the process.
      driver.on('error', () => {})
      reject(new ConnectFailed(error))
    }
    driver.once('error', failed)
    driver.once('connect', () => {
      driver.off('error', failed)
      resolve(driver)
    })
  })
}

function queryRows(driver: Connection, text: string): Promise<readonly (readonly unknown[])[]> {
  return new Promise((resolve, reject) => {
    driver.query({ sql: text, rowsAsArray: true }, (error: unknown, rows: unknown) => {
      if (error) reject(error)
      else resolve(Array.isArray(rows) ? rows : [])
    })
  })
}

/** What connections are made with. */
const characters = 'set names utf8mb4 collate utf8mb4_unicode_ci'

/** Sessions run in UTC, unless configured otherwise (data-plane 3.2). */
function preparation(settings: ConnectionSettings, { vendor, version }: ServerFacts): readonly string[] {
  const { collation, timezone, sqlMode, statementTimeoutMs: timeout } = settings
  const set = [`time_zone = '${timezone}'`]
  if (sqlMode !== null) set.push(`sql_mode = '${sqlMode}'`)
  if (timeout > 0 && vendor === 'mariadb') set.push(`max_statement_time = ${timeout / 1_000}`)
  if (timeout > 0 && vendor === 'mysql' && version >= 50_708) set.push(`max_execution_time = ${timeout}`)
  return [
    ...(/^utf8mb4_/i.test(collation) ? [`set names utf8mb4 collate ${collation}`] : []),
    `set session ${set.join(', session ')}`,
    ...settings.statements,
  ]
}

function changedOf(result: unknown): Changed {
  const { affectedRows = 0, insertId = 0 } = (Array.isArray(result) ? {} : result) as {
    affectedRows?: number
    insertId?: number | string
  }
  return { affected: affectedRows, insertId: BigInt(insertId) }
}
