/**
 * From a service's name to an instance: made at first use from the snapshot's record, made anew when the record's revision differs.
 * One that can't be made, or that failed, takes down its own name only: 503 until a new one is made, which is tried again with
 * growing pauses.
 */
import { Forbidden, InstanceFailed, NotFound, ServiceUnavailable, toApiError } from '../errors.ts'
import type { Observe } from '../observe.ts'
import type {
  Ability,
  Service,
  ServiceHost,
  ServiceRecord,
  ServiceType,
  Snapshot,
  Vitals,
} from '../plugins/contract.ts'
import { Instance, type InstanceEvents, type Lease } from './lease.ts'

const firstPauseMs = 1_000
const longestPauseMs = 60_000

export interface RegistryDeps {
  readonly snapshot: () => Snapshot
  readonly types: ReadonlyMap<string, ServiceType>
  readonly hostFor: (record: ServiceRecord) => ServiceHost
  readonly observe: Observe
  /** Makes a service that lives elsewhere than on the event loop; null: it does not. */
  readonly isolated?: (type: ServiceType, record: ServiceRecord) => Service | null
  /** Milliseconds. */
  readonly now?: () => number
}

/** What became of one service: it has an instance, or a reason and a time to try again. */
interface Slot {
  readonly revision: number
  instance: Instance | null
  madeAt: number
  /** Failures in a row. */
  failures: number
  retryAt: number
  /** What callers are told while it is broken. */
  message: string
}

export class Registry {
  readonly #deps: RegistryDeps
  readonly #now: () => number
  readonly #slots = new Map<string, Slot>()
  /** Everything not yet closed, the retired ones too, with the service's name. */
  readonly #open = new Map<Instance, string>()
  #stopped = false

  constructor(deps: RegistryDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
  }

  /**
   * A lease on the service of this (lower-case) name. Throws NotFound, Forbidden for an inactive one, ServiceUnavailable for a type
   * that is not there and for a broken instance (data-plane 1.7).
   */
  lease(name: string): Lease {
    return this.#instance(this.#record(name)).take()
  }

  /** The ability of a service, found by id: for relations across services. Good for as long as a request takes. */
  abilityOf<T>(serviceId: number, what: Ability<T>): T {
    const record = this.#deps.snapshot().servicesById.get(serviceId)
    if (record === undefined) throw new NotFound(`Could not find a service with the id ${serviceId}`)
    const found = this.abilityByName(record.name.toLowerCase(), what)
    if (found === undefined) throw new ServiceUnavailable(`Service '${record.name}' does not offer ${what.name}.`)
    return found
  }

  /** The same by (lower-case) name; undefined when the service has no such ability. */
  abilityByName<T>(name: string, what: Ability<T>): T | undefined {
    const instance = this.#instance(this.#record(name))
    const found = instance.service.ability?.(what)
    if (found !== undefined) instance.borrow()
    return found
  }

  /** Retires the instances of services that are gone, inactive or changed. */
  sweep(snapshot: Snapshot): void {
    for (const [name, slot] of this.#slots) {
      const record = snapshot.services.get(name)
      if (record?.isActive && record.revision === slot.revision) continue
      this.#slots.delete(name)
      slot.instance?.retire()
    }
  }

  /** The names of services with an instance that is not closed. */
  unclosed(): readonly string[] {
    return [...new Set(this.#open.values())].sort()
  }

  /** What is wrong behind services, as far as their instances know, by name. */
  troubles(): { readonly [service: string]: string } {
    const found: { [service: string]: string } = {}
    for (const slot of this.#slots.values()) {
      const trouble = slot.instance?.service.trouble?.() ?? null
      if (slot.instance !== null && trouble !== null) found[this.#open.get(slot.instance) ?? ''] = trouble
    }
    return found
  }

  /** How the instances in use stand, by the services' names. */
  vitals(): ReadonlyMap<string, Vitals> {
    const found = new Map<string, Vitals>()
    for (const { instance } of this.#slots.values()) {
      const vitals = instance?.service.vitals?.()
      if (instance !== null && vitals !== undefined) found.set(this.#open.get(instance) ?? '', vitals)
    }
    return found
  }

  /** Closes every instance, and makes no more. */
  async close(): Promise<void> {
    this.#stopped = true
    this.#slots.clear()
    await Promise.all([...this.#open.keys()].map((instance) => instance.close()))
  }

  #record(name: string): ServiceRecord {
    const record = this.#deps.snapshot().services.get(name)
    if (record === undefined) throw new NotFound(`Could not find a service for ${name}`)
    if (!record.isActive) throw new Forbidden(`Service ${record.name} is deactivated.`)
    return record
  }

  #instance(record: ServiceRecord): Instance {
    if (this.#stopped) throw new ServiceUnavailable('The server is stopping.')
    const name = record.name.toLowerCase()
    let slot = this.#slots.get(name)
    if (slot !== undefined && slot.revision !== record.revision) {
      slot.instance?.retire()
      slot = undefined
    }
    if (slot?.instance) return slot.instance
    if (slot === undefined) {
      slot = { revision: record.revision, instance: null, madeAt: 0, failures: 0, retryAt: 0, message: '' }
      this.#slots.set(name, slot)
    }
    const wait = slot.retryAt - this.#now()
    if (wait > 0)
      throw new ServiceUnavailable(slot.message, { headers: { 'Retry-After': String(Math.ceil(wait / 1000)) } })
    return this.#make(record, slot)
  }

  #make(record: ServiceRecord, slot: Slot): Instance {
    const type = this.#deps.types.get(record.type)
    if (type === undefined) {
      throw new ServiceUnavailable(
        `The service type '${record.type}' of service '${record.name}' is not available on this server.`,
      )
    }
    let instance: Instance
    try {
      instance = new Instance(
        this.#deps.isolated?.(type, record) ?? type.create(record.config, this.#deps.hostFor(record)),
        record.revision,
        this.#events(record, slot),
      )
    } catch (error) {
      this.#broken(record, slot, error)
      throw new ServiceUnavailable(slot.message, { cause: error })
    }
    slot.instance = instance
    slot.madeAt = this.#now()
    this.#open.set(instance, record.name)
    this.#deps.observe({ kind: 'service-made', service: record.name, type: record.type, revision: record.revision })
    return instance
  }

  #events(record: ServiceRecord, slot: Slot): InstanceEvents {
    return {
      failed: (instance, error) => {
        if (!(error instanceof InstanceFailed) || slot.instance !== instance) return
        slot.instance = null
        // One that worked for long starts with the shortest pause again.
        if (this.#now() - slot.madeAt > longestPauseMs) slot.failures = 0
        this.#broken(record, slot, error)
        instance.retire()
      },
      closed: (instance) => {
        this.#open.delete(instance)
        this.#deps.observe({ kind: 'service-closed', service: record.name, revision: instance.revision })
      },
      closeFailed: (instance, error) => {
        this.#open.delete(instance)
        this.#deps.observe({ kind: 'service-close-failed', service: record.name, error })
      },
    }
  }

  #broken(record: ServiceRecord, slot: Slot, error: unknown): void {
    const pause = Math.min(firstPauseMs * 2 ** slot.failures, longestPauseMs)
    slot.failures++
    slot.retryAt = this.#now() + pause
    slot.message = `Service '${record.name}' is not available at the moment.`
    // What an ApiError says is meant for clients: it tells what to mend.
    const told = toApiError(error)
    if (told === error) slot.message = `${slot.message} ${told.message}`
    this.#deps.observe({ kind: 'service-broken', service: record.name, error, retryMs: pause })
  }
}
