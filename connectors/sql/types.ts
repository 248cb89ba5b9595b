/**
 * The seam between the shared SQL engine and a connector: a dialect compiles plans to programs; a runner executes programs. Programs
 * are plain data ([C]) that hold no value, so they are cached by the plan's shape and may cross to another thread. What a driver's
 * rows are, and how programs are run over them (`ReadRunner`), is in wire.ts and program.ts.
 */

import type {
  Capabilities,
  Catalog,
  Columns,
  ReadPlan,
  RelatedRead,
  ResultShape,
  Row,
  SchemaPlan,
  SimpleType,
  Slot,
  WriteOutcome,
  WritePlan,
} from 'dataferry/records'
import type { ApiError, Bind, ByteSink, ConfigValues, Connections, Json, Output, ServiceHost } from 'dataferry/sdk'
import type { RoutineSource } from './routines.ts'

/** How one value of a wire row is printed. [C] */
export interface WireColumn {
  /** The key in the output. */
  readonly as: string
  readonly type: SimpleType
  /** The driver's spelling of the type, '' for expressions. */
  readonly dbType: string
  /** Read to match relations, not printed. */
  readonly hidden: boolean
  /** As Projection.lossless. */
  readonly lossless?: true
}

/** Where a placeholder's value comes from. [C] */
export type Parameter =
  | { readonly kind: 'slot'; readonly slot: Slot }
  /** An array bind given as one parameter, in the dialect's own form (JSON text, array). */
  | { readonly kind: 'list'; readonly slot: Slot; readonly json?: true }
  /**
   * The parents' keys of a window, each row [ordinal, key...], in the dialect's own form: all rows in one parameter, or where
   * `member` is set that member of every row (an array for each, 0 is the ordinal). `json`: as JSON text, whatever the dialect's own form.
   */
  | { readonly kind: 'parents'; readonly member: number | null; readonly json?: true }

/** One parent's ordinal in its window and its key. [C] */
export type ParentRow = readonly [ordinal: number, ...key: Bind[]]

/** [C] */
export interface Statement {
  readonly text: string
  readonly parameters: readonly Parameter[]
  readonly columns: readonly WireColumn[]
  /** A unique key bounds what it reads to at most one row. */
  readonly point: boolean
}

/** One relation of a level: the statement answers ordinal first (a hidden column), ordered by it. [C] */
export interface RelatedProgram {
  readonly name: string
  readonly shape: RelatedRead['shape']
  /** Indexes of the parent statement's columns that make the key, in the order of the keys in `parents`. */
  readonly keys: readonly number[]
  readonly rows: Statement
  /**
   * The same children uncounted, as many of all parents together as one may have: whole where fewer than that came. null: `rows` does not
   * count either, or leaves some out.
   */
  readonly few: { readonly rows: Statement; readonly most: Slot } | null
  readonly related: readonly RelatedProgram[]
}

/** [C] */
export interface ReadProgram {
  readonly kind: 'read'
  /** Unique among the programs of one service: prepared statements are kept under it. */
  readonly id: string
  readonly result: ResultShape
  /** null where only the count is asked for. */
  readonly rows: Statement | null
  readonly count: Statement | null
  /** Rows are groups, so that their number says nothing about the count. */
  readonly grouped: boolean
  readonly limit: Slot | null
  readonly offset: Slot | null
  readonly related: readonly RelatedProgram[]
}

/** [C] */
export interface WriteProgram {
  readonly kind: 'write'
  readonly id: string
  readonly statement: Statement
}

/** Reading on its own, outside any session. */
export interface ProgramRunner {
  /** Writes the whole body in the output's format; stops when the signal aborts. Throws before its first write, or the reply is cut. */
  run(program: ReadProgram, binds: readonly Bind[], output: Output, sink: ByteSink, signal: AbortSignal): Promise<void>
  /** A connection of its own for the length of the call; commits when `use` returns, rolls back when it throws. */
  session<T>(use: (session: SqlSession) => Promise<T>, signal: AbortSignal): Promise<T>
  /** As RecordStore.writeOne. */
  writeOne?(program: WriteProgram, binds: readonly Bind[], signal: AbortSignal): Promise<WriteOutcome>
  /** As RecordStore.writeMany. */
  writeMany?(program: WriteProgram, columns: Columns, signal: AbortSignal): Promise<readonly Row[] | null>
  /** Statements of the connector's own (introspection), never with a client's text. Rows as arrays. */
  query(text: string, binds: readonly Bind[], signal: AbortSignal): Promise<readonly (readonly Json[])[]>
  /** As RecordStore.exclusively. */
  exclusively?<T>(name: string, work: () => Promise<T>, signal: AbortSignal, onWait: () => void): Promise<T>
  /** Its connections now; left out: it has none that could be counted. */
  pooled?(): Connections
  close(): Promise<void>
}

export interface SqlSession {
  rows(program: ReadProgram, binds: readonly Bind[]): Promise<readonly Row[]>
  /** As WriteSession.run. */
  write(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
  ): Promise<readonly WriteOutcome[]>
  /** A trusted statement: DDL, savepoints. */
  execute(text: string): Promise<void>
  /** Makes the connection ready for changes that its rules would undo or refuse, before the transaction begins; false: it has begun. */
  unguarded?(): Promise<boolean>
}

/** What makes one database differ from another. */
export interface Dialect {
  readonly name: string
  readonly can: Capabilities
  /** Pure and synchronous. */
  compileRead(plan: ReadPlan, id: string): ReadProgram
  compileWrite(plan: WritePlan, id: string): WriteProgram
  /** The statements of a change of structure, in order. */
  compileSchema(plan: SchemaPlan): readonly string[]
  /** Changes that take more than statements known beforehand; where it is left out, those of `compileSchema` are executed in order. */
  change?(plans: readonly SchemaPlan[], session: SqlSession): Promise<void>
  /** For runners: a driver's error as one that a client may see: plain words, the field where it is known, no SQL (data-plane 2.11). */
  error(thrown: unknown): ApiError | Error
}

/** What a connector brings: the engine makes a RecordStore of it. */
export interface SqlConnector {
  readonly dialect: Dialect
  createRunner(config: ConfigValues, host: ServiceHost): ProgramRunner
  createCatalog(runner: ProgramRunner, config: ConfigValues, host: ServiceHost): Catalog
  /** How another thread makes a runner too, so that long lists can be read there; left out: they stay. */
  readonly elsewhere?: Elsewhere
  /** Procedures and functions, where the database has them. No I/O. */
  createRoutines?(runner: ProgramRunner, config: ConfigValues, host: ServiceHost): RoutineSource
}

export interface Elsewhere {
  /** The URL of a module whose default export is an `ElsewhereRunner`. */
  readonly module: string
  /** What it is given beside the configuration. */
  readonly argument?: Json
  /** Connections of a service altogether where `options.pool_size` does not say. */
  readonly connections: number
  /** Of these, how many a runner keeps for other things than lists. */
  readonly besides: number
}
/** Makes a runner that only runs programs. No I/O. */
export type ElsewhereRunner = (
  argument: Json,
  config: ConfigValues,
  host: Pick<ServiceHost, 'settings'>,
) => ProgramRunner
