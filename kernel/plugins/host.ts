/** Makes what plugins and services are given: the kernel as they see it. */
import type { Config } from '../../config/index.ts'
import { maskFor } from '../access/masks.ts'
import { policyFor } from '../access/policy.ts'
import { NotFound } from '../errors.ts'
import { createLog, type Observe } from '../observe.ts'
import { dispatch } from '../pipeline/dispatch.ts'
import type { Pipeline } from '../pipeline/index.ts'
import type { Registry } from '../services/registry.ts'
import type { AbilityScope } from './abilities.ts'
import type {
  Ability,
  Part,
  PluginHost,
  Service,
  ServiceHost,
  ServiceRecord,
  ServiceType,
  Snapshot,
} from './contract.ts'

export interface HostDeps {
  readonly settings: Config
  readonly version: string
  readonly serves: boolean
  readonly makes: boolean
  readonly part: Part
  readonly share: (total: number, least: number) => number
  readonly observe: Observe
  readonly types: ReadonlyMap<string, ServiceType>
  readonly snapshot: () => Snapshot
  readonly registry: () => Registry
  readonly pipeline: () => Pipeline
}

/** What a plugin is given; `scope` are the abilities as it sees them. */
export function pluginHost(plugin: string, scope: AbilityScope, deps: HostDeps): PluginHost {
  return {
    log: createLog(deps.observe, plugin),
    settings: deps.settings,
    version: deps.version,
    serves: deps.serves,
    makes: deps.makes,
    part: deps.part,
    offer: (what, by) => scope.offer(what, by),
    ask: (what) => scope.ask(what),
    types: () => deps.types,
    open(type, name, config) {
      const found = deps.types.get(type)
      if (found === undefined) throw new NotFound(`The service type '${type}' is not available on this server.`)
      return found.create(config, serviceHost({ id: 0, name, label: name, type }, scope, deps))
    },
    service: async (name) => leasedService(name.toLowerCase(), deps.registry()),
    call: (request, signal) => deps.pipeline().enter(request, signal),
    maskFor,
    policyFor,
  }
}

/** What an instance of a service is given. */
export function serviceHost(
  service: Pick<ServiceRecord, 'id' | 'name' | 'label' | 'type'>,
  scope: Pick<AbilityScope, 'ask'>,
  deps: HostDeps,
): ServiceHost {
  const { id, name, label, type } = service
  return {
    log: createLog(deps.observe, `service ${name}`),
    settings: deps.settings,
    service: { id, name, label, type },
    ask: (what) => scope.ask(what),
    maskFor,
    policyFor,
    serviceId: (wanted) => deps.snapshot().services.get(wanted.toLowerCase())?.id ?? null,
    serviceName: (wanted) => deps.snapshot().servicesById.get(wanted)?.name ?? null,
    share: deps.share,
    other: async (serviceId, what) => deps.registry().abilityOf(serviceId, what),
  }
}

/** A service of the snapshot by name, whatever instance it has at the time of each use. Closing it closes nothing. */
function leasedService(name: string, registry: Registry): Service {
  // An unknown name is told at once, not at the first use.
  registry.lease(name).end()
  const forward = dispatch(registry)
  const use = async <T>(work: (service: Service) => Promise<T>): Promise<T> => {
    const lease = registry.lease(name)
    try {
      return await work(lease.service)
    } catch (error) {
      lease.fail(error)
      throw error
    } finally {
      lease.end()
    }
  }
  return {
    handle: (request, signal) => forward({ ...request, service: name }, signal),
    resources: (request, signal) => use(async (service) => (await service.resources?.(request, signal)) ?? []),
    describe: (caller, asked) =>
      use(async (service) => (await service.describe?.(caller, asked)) ?? { paths: {}, schemas: {} }),
    ability: <T>(wanted: Ability<T>): T | undefined => registry.abilityByName(name, wanted),
    probe: (signal) => use(async (service) => service.probe?.(signal)),
    forget: () => {
      const lease = registry.lease(name)
      lease.service.forget?.()
      lease.end()
    },
    close: async () => {},
  }
}
