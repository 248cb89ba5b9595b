/**
 * Counts requests against the limits (control-plane 10.4): fixed windows that begin with the first hit, in memory, and over the bus
 * where nodes count together; then memory holds what the bus told last, to go on from when it is down. A counter's key is made of ids of
 * ours alone; nothing that a caller chooses is in it.
 */
import type { ApiRequest, Counted, Json } from 'dataferry/sdk'
import { TooManyRequests } from 'dataferry/sdk'
import { countedAlone, type SharedCounts } from '../shared.ts'
import { numberAt, optionalAt, optionalNumberAt, textAt } from '../store/columns.ts'
import type { StoreRow, Tables } from '../store/tables.ts'
import { limitKinds, periodSeconds } from './kinds.ts'

interface Limit {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly eachUser: boolean
  readonly rate: number
  readonly seconds: number
  readonly user: number | null
  readonly role: number | null
  readonly service: number | null
  readonly endpoint: string | null
  readonly verb: string | null
  readonly row: StoreRow
}

interface Counter {
  attempts: number
  /** Milliseconds. */
  endsAt: number
}

/** A limit that a request counts for, and whose counter of it. */
interface Met {
  readonly limit: Limit
  readonly user: number
}

/** What is known of a service by its name. */
type ServiceId = (name: string) => number | null

export class LimitBook {
  readonly #tables: Tables
  readonly #serviceId: ServiceId
  readonly #now: () => number
  readonly #shared: SharedCounts
  /** One after the other, so that an older reading never takes the place of a newer one. */
  #loading: Promise<void> = Promise.resolve()
  #limits: readonly Limit[] = []
  /** By limit, then by user: 0 where all share one. */
  readonly #counters = new Map<number, Map<number, Counter>>()

  constructor(
    tables: Tables,
    serviceId: ServiceId,
    { now = Date.now, shared = countedAlone }: { readonly now?: () => number; readonly shared?: SharedCounts } = {},
  ) {
    this.#tables = tables
    this.#serviceId = serviceId
    this.#now = now
    this.#shared = shared
  }

  /** Reads the active limits. When it resolves, what was committed before the call is known. */
  load(): Promise<void> {
    const loading = this.#loading.then(() => this.#read())
    this.#loading = loading.catch(() => undefined)
    return loading
  }

  async #read(): Promise<void> {
    const rows = await this.#tables.rows('limits')
    const there = new Set(rows.map((row) => numberAt(row, 'id')))
    for (const id of this.#counters.keys()) if (!there.has(id)) this.#counters.delete(id)
    this.#limits = rows.filter((row) => row.is_active === true).map(limitOf)
  }

  /** Counts the request. Throws 429 for the first limit that it exceeds. Full administrators and scripts are never counted. */
  count(request: Pick<ApiRequest, 'caller' | 'service' | 'path' | 'verb'>): void | Promise<void> {
    if (this.#limits.length === 0) return
    const { caller } = request
    if (caller.admin || caller.requestor === 'script') return
    const met = this.#met(request)
    if (met.length === 0) return
    if (this.#shared.bus.state() === 'up') return this.#hitTogether(met)
    for (const { limit, user } of met) this.#hit(limit, user)
  }

  /** The counters that a request raises, in the order of the limits. */
  #met(request: Pick<ApiRequest, 'caller' | 'service' | 'path' | 'verb'>): Met[] {
    const { caller } = request
    const matching = this.#limits.filter((limit) => this.#matches(limit, request))
    const own = new Set(matching.filter((limit) => limit.user !== null).map((limit) => scopeOf(limit)))
    return (
      matching
        // A limit of one user's own stands in for the one of each user.
        .filter((limit) => !limit.eachUser || !own.has(scopeOf(limit)))
        .map((limit) => ({ limit, user: limit.eachUser ? (caller.user?.id ?? 0) : 0 }))
    )
  }

  /** Brings the counters that are shown to where all nodes together have counted. */
  async look(): Promise<void> {
    if (this.#shared.bus.state() !== 'up') return
    await Promise.all(
      this.#limits.map(async (limit) => {
        const counted = await this.#shared.bus.counted(this.#key(limit))
        if (counted === null) return
        this.#counters.delete(limit.id)
        for (const [user, each] of counted) this.#note(limit, Number(user), each)
      }),
    )
  }

  /** The counters of a limit, as the relation and `limit_cache` show them. */
  counters(id: number): readonly Json[] {
    const limit = this.#limits.find((each) => each.id === id)
    if (limit === undefined) return []
    const users = limit.eachUser ? [...(this.#counters.get(id)?.keys() ?? [])] : [0]
    return users.map((user) => {
      const attempts = Math.min(this.#counter(limit, user)?.attempts ?? 0, limit.rate)
      return {
        id,
        key: user === 0 ? `limit:${id}` : `limit:${id}:user:${user}`,
        max: limit.rate,
        attempts,
        remaining: limit.rate - attempts,
      }
    })
  }

  /** The counters of every active limit. */
  all(): readonly Json[] {
    return this.#limits.flatMap((limit) => this.counters(limit.id))
  }

  knows(id: number): boolean {
    return this.#limits.some((limit) => limit.id === id)
  }

  /** Begins a limit's count anew. */
  async forget(id: number): Promise<void> {
    this.#counters.delete(id)
    const keys = this.#limits.filter((limit) => limit.id === id).map((limit) => this.#key(limit))
    await this.#shared.bus.forget(keys)
  }

  async forgetAll(): Promise<void> {
    this.#counters.clear()
    await this.#shared.bus.forget(this.#limits.map((limit) => this.#key(limit)))
  }

  #matches(
    limit: Limit,
    { caller, service, path, verb }: Pick<ApiRequest, 'caller' | 'service' | 'path' | 'verb'>,
  ): boolean {
    if (limit.eachUser && caller.user === null) return false
    if (limit.user !== null && caller.user?.id !== limit.user) return false
    if (limit.role !== null && caller.role?.id !== limit.role) return false
    if (limit.service !== null && this.#serviceId(service) !== limit.service) return false
    if (limit.verb !== null && verb !== limit.verb) return false
    return limit.endpoint === null || isBelow(limit.endpoint, path.join('/'))
  }

  async #hitTogether(met: readonly Met[]): Promise<void> {
    for (const { limit, user } of met) {
      const counted = await this.#shared.bus.hit(this.#key(limit), String(user), limit.seconds * 1000)
      if (counted === null) this.#hit(limit, user)
      else {
        const counter = this.#note(limit, user, counted)
        if (counted.count > limit.rate) throw exceeded(limit, counter, this.#now())
      }
    }
  }

  #note(limit: Limit, user: number, { count, endsInMs }: Counted): Counter {
    const counter = { attempts: Math.min(count, limit.rate), endsAt: this.#now() + endsInMs }
    const ofLimit = this.#counters.get(limit.id) ?? new Map<number, Counter>()
    this.#counters.set(limit.id, ofLimit.set(user, counter))
    return counter
  }

  /** A limit whose period changes counts anew. */
  #key({ id, seconds }: Limit): string {
    return `${this.#shared.prefix}limit:${id}:${seconds}`
  }

  #hit(limit: Limit, user: number): void {
    const now = this.#now()
    const counter = this.#counter(limit, user) ?? { attempts: 0, endsAt: now + limit.seconds * 1000 }
    if (counter.attempts >= limit.rate) throw exceeded(limit, counter, now)
    counter.attempts++
    const ofLimit = this.#counters.get(limit.id) ?? new Map<number, Counter>()
    this.#counters.set(limit.id, ofLimit)
    ofLimit.set(user, counter)
  }

  /** undefined: none, or its window is over. */
  #counter(limit: Limit, user: number): Counter | undefined {
    const ofLimit = this.#counters.get(limit.id)
    const counter = ofLimit?.get(user)
    if (counter === undefined || counter.endsAt > this.#now()) return counter
    ofLimit?.delete(user)
    return undefined
  }
}

function limitOf(row: StoreRow): Limit {
  const type = textAt(row, 'type')
  return {
    id: numberAt(row, 'id'),
    name: textAt(row, 'name'),
    type,
    eachUser: limitKinds.get(type)?.eachUser ?? false,
    rate: numberAt(row, 'rate'),
    seconds: periodSeconds[numberAt(row, 'period')] ?? periodSeconds[0],
    user: optionalNumberAt(row, 'user_id'),
    role: optionalNumberAt(row, 'role_id'),
    service: optionalNumberAt(row, 'service_id'),
    endpoint: optionalAt(row, 'endpoint'),
    verb: optionalAt(row, 'verb'),
    row,
  }
}

/** What a limit is about, whoever the user: `instance.user.service` and `instance.each_user.service` are of one scope. */
const scopeOf = ({ type, service, endpoint, verb }: Limit): string =>
  JSON.stringify([type.replace(/\.(each_)?user/, ''), service, endpoint, verb])

/** `*` stands for anything, at any place. */
function isBelow(endpoint: string, path: string): boolean {
  const parts = endpoint.toLowerCase().split('*')
  const asked = path.toLowerCase()
  const [first = '', ...rest] = parts
  if (rest.length === 0) return asked === first
  if (!asked.startsWith(first)) return false
  let at = first.length
  for (const [index, part] of rest.entries()) {
    if (index === rest.length - 1) return asked.length - part.length >= at && asked.endsWith(part)
    const found = asked.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return true
}

function exceeded(limit: Limit, counter: Counter, now: number): TooManyRequests {
  const wait = Math.max(1, Math.ceil((counter.endsAt - now) / 1000))
  return new TooManyRequests('API limit(s) exceeded. ', {
    context: [{ id: limit.id, name: limit.name }],
    headers: {
      'X-RateLimit-Limit': String(limit.rate),
      'X-RateLimit-Remaining': '0',
      'Retry-After': String(wait),
      'X-RateLimit-Reset': String(Math.ceil(counter.endsAt / 1000)),
    },
  })
}
