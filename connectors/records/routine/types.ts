/**
 * Procedures and functions of a source of records (data-plane 7): what a store tells of them, and how it is asked to call one. Routing,
 * rights, the forms of parameters and the shapes of results are the house's.
 */
import { type Bind, InternalError, type Json } from 'dataferry/sdk'
import type { SimpleType } from '../catalog/types.ts'
import type { Row } from '../store.ts'

export type RoutineKind = 'procedure' | 'function'

/** What lists hold for each. Overloads share one entry. */
export interface RoutineSummary {
  readonly kind: RoutineKind
  /** `schema.name` outside of the connection's default schema. */
  readonly name: string
  readonly label: string
  readonly description: string | null
  readonly native: Json
}

/** A parameter, or a column that a function's rows have. */
export interface RoutineField {
  /** '' where it has none. */
  readonly name: string
  readonly type: SimpleType
  /** The driver's own spelling, for example `character varying`. */
  readonly dbType: string
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
}

export interface RoutineParameter extends RoutineField {
  readonly mode: 'IN' | 'OUT' | 'INOUT'
  readonly default: Json
  /** It may be left out. */
  readonly hasDefault: boolean
  /** The last one that takes a list: as many values as are given. */
  readonly isVariadic: boolean
}

/** One routine: of several overloads, one of them. */
export interface Routine extends RoutineSummary {
  /** In order. */
  readonly parameters: readonly RoutineParameter[]
  /** The driver's spelling of a function's type; for a procedure what the contract shows. */
  readonly returnType: string | null
  /** The columns of a function that answers rows; empty where they are not declared. */
  readonly returnSchema: readonly RoutineField[]
}

/** What one parameter is given; `default`: nothing, so that the database takes its default, or it is OUT. */
export type RoutineArgument = { readonly kind: 'value'; readonly value: Bind } | { readonly kind: 'default' }

export interface RoutineResult {
  /** Result sets in order; rows as a client would read them. */
  readonly sets: readonly (readonly Row[])[]
  /** The values of a procedure's OUT and INOUT parameters by their names; null where it has none. */
  readonly out: Row | null
}

export interface Routines {
  /** Procedures and functions are of one name space, so that a name of one kind means the other where there is no such one. */
  readonly sharedNames: boolean
  /** Sorted naturally by name. */
  list(kind: RoutineKind): Promise<readonly RoutineSummary[]>
  /** All overloads of a name, in any case; empty where there is none. */
  find(kind: RoutineKind, name: string): Promise<readonly Routine[]>
  /** Forgets what is known. */
  refresh(): void
  /**
   * Calls it once, in no transaction of ours. `given` is pairwise to the parameters. Throws ApiErrors without SQL, and RoutineChanged
   * where the routine is no longer what it was described as: then nothing was carried out.
   */
  call(routine: Routine, given: readonly RoutineArgument[], signal: AbortSignal): Promise<RoutineResult>
}

/** The routine is gone, or has other parameters now; nothing was carried out. */
export class RoutineChanged extends Error {
  constructor(cause: unknown) {
    super('The routine is not what it was.', { cause })
    this.name = new.target.name
  }
}

/** The contract's 500 of a call that the database did not carry out; `reason` in plain words. */
export const callFailed = (kind: RoutineKind, reason: string, cause: unknown): InternalError =>
  new InternalError(`Failed to call database stored ${kind}.\n${reason}`, { cause })

/** As messages of the contract call them. */
export const kindNames: { readonly [K in RoutineKind]: string } = { procedure: 'Procedure', function: 'Function' }
