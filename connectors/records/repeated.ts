/**
 * Plans of lists that are asked for again in the same words under the same policy, as clients do that refresh or turn to a page: they are
 * planned once. What a plan owes to who asks, a lookup of the caller's or another service's records, keeps it from being kept.
 */
import type { ApiReply, ApiRequest, Caller, Policy } from 'dataferry/sdk'
import type { Table } from './catalog/types.ts'
import type { Planned, ReadPlan } from './plan/types.ts'
import { revalidated } from './point.ts'
import { Recent } from './recent.ts'
import type { RecordStore } from './store.ts'

const mostKept = 1_000
/** Longer options are not likely to come again, and what is kept has a bound. Characters. */
const longestOptions = 2_000

interface Kept {
  readonly policy: Policy
  readonly table: Table
  /** null: it was asked for once, which is no reason to keep it. */
  readonly planned: Planned<ReadPlan> | null
}

/** A list that may be kept. */
export interface Listing {
  readonly key: string
  readonly policy: Policy
  readonly table: Table
  /** Its plan, made for an earlier request. */
  readonly planned: Planned<ReadPlan> | null
  readonly again: boolean
}

export class RepeatedReads {
  readonly #kept = new Recent<Kept>(mostKept)
  /** Policies are objects that last as long as their role. */
  readonly #numbers = new WeakMap<Policy, number>()
  #policies = 0

  /** null: such a request is planned each time. */
  listing(
    { catalog }: RecordStore,
    request: ApiRequest,
    id: string | null,
    table: Table,
    policy: Policy,
  ): Listing | null {
    if (id !== null || request.verb !== 'GET' || request.body.kind !== 'none') return null
    // The description of a table tells of tables that may be in other services.
    if (request.query.has('include_schema')) return null
    const options = optionsText(request)
    if (options === null) return null
    // Relations are planned from other tables of the catalog.
    const key = `${this.#numberOf(policy)} ${catalog.epoch} ${table.name} ${options}`
    const found = this.#kept.find(key)
    const kept = found?.table === table && found.policy === policy ? found : null
    return { key, policy, table, planned: kept?.planned ?? null, again: kept !== null }
  }

  /** Takes note of a list that was planned. */
  keep({ key, policy, table, again }: Listing, planned: Planned<ReadPlan> | null): void {
    if (again && planned === null) return
    this.#kept.set(key, { policy, table, planned: again && planned !== null ? { ...planned, kept: true } : null })
  }

  #numberOf(policy: Policy): number {
    let number = this.#numbers.get(policy)
    if (number === undefined) {
      number = ++this.#policies
      this.#numbers.set(policy, number)
    }
    return number
  }
}

/** All options with the lengths of their texts, so that no two lists are taken for each other; null: they are no texts, or long. */
function optionsText({ query }: ApiRequest): string | null {
  let text = ''
  for (const [name, value] of query) {
    if (typeof value !== 'string') return null
    text += `${name.length}:${name}${value.length}:${value}`
    if (text.length > longestOptions) return null
  }
  return text
}

export const repeatedReply = (store: RecordStore, planned: Planned<ReadPlan>): ApiReply => ({
  status: 200,
  headers: revalidated,
  body: { kind: 'rows', rows: store.read(planned) },
})

/** Stands between a request and the store while it is planned, and sees whether its plan is all that there is to it. */
export class PlanWatch {
  readonly store: RecordStore
  readonly caller: Caller
  #planned: Planned<ReadPlan> | null = null
  #reads = 0
  #own = false

  constructor(store: RecordStore, caller: Caller) {
    const { can, catalog, routines } = store
    this.store = {
      can,
      catalog,
      routines,
      read: (planned) => {
        this.#reads++
        this.#planned = planned
        return store.read(planned)
      },
      ...(store.explain && { explain: (planned) => store.explain?.(planned) ?? null }),
      write: (work, signal, atomic) => store.write(work, signal, atomic),
      close: () => store.close(),
    }
    const used = (): void => this.personal()
    const lookups = new Proxy(caller.lookups, {
      get(target, name, receiver) {
        used()
        return Reflect.get(target, name, receiver) as unknown
      },
      has(target, name) {
        used()
        return Reflect.has(target, name)
      },
      ownKeys(target) {
        used()
        return Reflect.ownKeys(target)
      },
      getOwnPropertyDescriptor(target, name) {
        used()
        return Reflect.getOwnPropertyDescriptor(target, name)
      },
    })
    this.caller = { ...caller, lookups }
  }

  /** Something was asked that another caller, or the same one later, may be told otherwise. */
  personal(): void {
    this.#own = true
  }

  /** The plan, where the reply is its rows and nothing else; null: it must be planned each time. */
  planOf({ status, body }: ApiReply): Planned<ReadPlan> | null {
    return status === 200 && body.kind === 'rows' && this.#reads === 1 && !this.#own ? this.#planned : null
  }
}
