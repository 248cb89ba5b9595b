/** What a source of records brings to the suite, and what a case of the suite is. */
import type { ConfigValues, Json, Service, ServiceHost, Verb } from 'dataferry/sdk'
import type { RoleFilterRow } from '../filter/index.ts'
import type { SchemaPlan } from '../plan/schema.ts'
import type { Capabilities, Row } from '../store.ts'

/** A source of records under test. */
export interface Subject {
  /** Shown in front of every case. */
  readonly name: string
  /**
   * A service over an empty database of its own. Called for each configuration that groups of cases ask for (`allow_upsert`,
   * `max_records`), which is added to the source's own.
   */
  open(host: ServiceHost, config: ConfigValues): Opened | Promise<Opened>
  /** Capabilities that the source does not have: it answers 501 where they are asked for. None where left out. */
  readonly cannot?: readonly Lacking[]
  /** Its records are documents: the cases of those are run instead. */
  readonly documents?: true
  /** Identifiers are texts; the cases write them as numbers. */
  readonly textIds?: true
  /** Fields that the source adds to every record. */
  readonly given?: readonly string[]
  /** What the source's database does not check or keep. Cases about it are left out. */
  readonly lax?: readonly Lax[]
}

/** A service with its database. */
export interface Opened {
  readonly service: Service
  /** Runs a statement of standard SQL: makes the views. Left out where the source knows no SQL: then there are none. */
  sql?(text: string): Promise<void>
  /** Makes tables with rows, where the service's store can neither change its structure nor be written. */
  seed?(tables: readonly SeedTable[]): Promise<void>
  /** Closes the service and removes the database. */
  close(): Promise<void>
}

/** A capability that a request can ask for, and be refused with 501. */
export type Lacking = Exclude<keyof Capabilities, 'returning' | 'natural' | 'nulls' | 'upsertByKey' | 'open'>

export type Lax =
  /** Texts longer than their column. */
  | 'length'
  /** Integers beyond their column. */
  | 'range'
  /** Texts in a date column. */
  | 'dates'
  /** Decimals of more than 15 digits. */
  | 'decimals'
  /** Identifiers are the client's to make. */
  | 'generated'
  /** Filters in a language of the source's own: it has none, and answers 501. */
  | 'native'
  /** Patterns, which meet numbers too. */
  | 'patterns'

export interface SeedTable {
  readonly plan: Extract<SchemaPlan, { kind: 'create-table' }>
  readonly rows: readonly Row[]
}

/** What one caller may do with one table. */
export interface Right {
  readonly verbs?: readonly Verb[]
  readonly filters?: readonly RoleFilterRow[]
  readonly filterOp?: 'AND' | 'OR'
  readonly hidden?: readonly string[]
  readonly readOnly?: readonly string[]
}
/** By the name of the table; tables that are not named can't be reached. */
export type Rights = { readonly [table: string]: Right }

/** One request, and what must come of it. */
export interface Case {
  readonly name: string
  /**
   * `GET author/1001?fields=id,name`: verb, path below `_table`, options. Options are written as they are meant, not escaped; those
   * that hold `&` are in `query`.
   */
  readonly ask: string
  readonly query?: { readonly [name: string]: Json }
  readonly body?: Json
  /** The body's values are all texts, as from XML and CSV. */
  readonly untyped?: boolean
  /** Who asks; an administrator where left out. */
  readonly as?: Rights
  /** 200 where left out. */
  readonly status?: number
  /** The whole body; numbers are compared digit by digit. */
  readonly answer?: Json | ((body: Json, status: number) => void)
  /** The values of `id` (or of the named field) of the rows that come back, in their order. */
  readonly ids?: readonly Json[]
  readonly field?: string
  readonly count?: number
  readonly message?: string | RegExp
  /** What is there afterwards. */
  readonly after?: readonly Pick<Case, 'ask' | 'query' | 'answer' | 'ids' | 'field' | 'status' | 'as'>[]
  /** Tables that the request changes besides the one that it names. */
  readonly touches?: readonly string[]
  /** Capabilities without which the answer is 501. */
  readonly needs?: readonly Lacking[]
  /** Left out where the source is lax about these. */
  readonly unless?: readonly Lax[]
}

/** Cases over one set of tables. */
export interface Group {
  readonly name: string
  /** Every read is made in the other formats too, and as a value. */
  readonly formats?: boolean
  readonly tables: readonly SeedTable[]
  /** Statements that make views. Without SQL the group is left out. */
  readonly views?: readonly string[]
  readonly config?: ConfigValues
  readonly cases: readonly Case[]
}
