/** The routines of one SQL database: the list first, a routine at its first use; what a connector brings is reading and calling them. */
import {
  engineBudget,
  naturalOrder,
  type Routine,
  type RoutineArgument,
  type RoutineKind,
  type RoutineResult,
  type RoutineSummary,
  type Routines,
} from 'dataferry/records'
import { InternalError } from 'dataferry/sdk'

/** What a connector brings. */
export interface RoutineSource {
  /** As `Routines.sharedNames`. */
  readonly sharedNames: boolean
  /** Every routine that can be called; overloads once. */
  list(): Promise<readonly RoutineSummary[]>
  /** A listed routine, all its overloads; empty where it is gone. */
  describe(listed: RoutineSummary): Promise<readonly Routine[]>
  /** As `Routines.call`. */
  call(routine: Routine, given: readonly RoutineArgument[], signal: AbortSignal): Promise<RoutineResult>
}

/** Counts what a call answers, which is in memory as a whole. */
export class RowBudget {
  #rows = engineBudget.rows
  #bytes = engineBudget.bytes

  /** One row of so many bytes. Throws InternalError where there are too many. */
  take(bytes: number): void {
    this.#rows -= 1
    this.#bytes -= bytes
    if (this.#rows < 0 || this.#bytes < 0) {
      throw new InternalError('The result is too large to be handled as a whole.')
    }
  }
}

/** How old the list must be before it is read again for a name that is not in it. */
const listAgeMs = 1_000

type List = ReadonlyMap<string, RoutineSummary>

/** All that is known between two refreshes; thrown away whole. */
interface Known {
  readonly since: number
  list: Promise<List> | null
  readonly described: Map<string, Promise<readonly Routine[]>>
}

const nothing = (): Known => ({ since: performance.now(), list: null, described: new Map() })
const keyOf = (kind: RoutineKind, name: string): string => `${kind} ${name.toLowerCase()}`

export class RoutineCatalog implements Routines {
  readonly #source: RoutineSource
  #known = nothing()

  constructor(source: RoutineSource) {
    this.#source = source
  }

  get sharedNames(): boolean {
    return this.#source.sharedNames
  }

  async list(kind: RoutineKind): Promise<readonly RoutineSummary[]> {
    const list = await this.#list(this.#known)
    return [...list.values()].filter((routine) => routine.kind === kind).sort((a, b) => naturalOrder(a.name, b.name))
  }

  async find(kind: RoutineKind, name: string): Promise<readonly Routine[]> {
    const key = keyOf(kind, name)
    const before = this.#known
    // An unknown name may be that of a routine made since.
    if (
      !(await this.#list(before)).has(key) &&
      before === this.#known &&
      performance.now() - before.since > listAgeMs
    ) {
      this.refresh()
    }
    const known = this.#known
    const listed = (await this.#list(known)).get(key)
    if (listed === undefined) return []
    let described = known.described.get(key)
    if (described === undefined) {
      described = this.#source.describe(listed)
      known.described.set(key, described)
      // What failed is tried again at the next use.
      described.catch(() => known.described.delete(key))
    }
    return described
  }

  refresh(): void {
    this.#known = nothing()
  }

  call(routine: Routine, given: readonly RoutineArgument[], signal: AbortSignal): Promise<RoutineResult> {
    return this.#source.call(routine, given, signal)
  }

  #list(known: Known): Promise<List> {
    if (known.list === null) {
      known.list = this.#source.list().then(byKey)
      known.list.catch(() => {
        known.list = null
      })
    }
    return known.list
  }
}

/** Of two that differ in case the first. */
function byKey(routines: readonly RoutineSummary[]): List {
  const list = new Map<string, RoutineSummary>()
  for (const routine of routines) {
    const key = keyOf(routine.kind, routine.name)
    if (!list.has(key)) list.set(key, routine)
  }
  return list
}
