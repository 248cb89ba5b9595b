/** `system/cache` (control-plane 4.7): what is known of services is forgotten, and asked for anew at the next use. */
import { parseOptions, projectList, RecordStoreAbility } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  type Json,
  NotFound,
  type PluginHost,
  type ServiceRecord,
  type Snapshot,
} from 'dataferry/sdk'
import { answer, noSuchVerb } from '../sessions/body.ts'

export interface CacheDeps {
  readonly snapshot: () => Snapshot
  readonly types: ReadonlyMap<string, unknown>
  readonly service: PluginHost['service']
  /** Whether the caller may see a service (control-plane 3.5). */
  readonly sees: (service: ServiceRecord) => boolean
  /** Reads services, roles, apps and users anew. */
  readonly refresh: () => Promise<void>
}

export async function cache(
  request: ApiRequest,
  below: readonly string[],
  deps: CacheDeps,
  wrap: (list: readonly Json[]) => Json,
): Promise<ApiReply> {
  const services = [...deps.snapshot().servicesById.values()].filter(deps.sees).sort((a, b) => a.id - b.id)
  const [name] = below
  if (request.verb === 'GET' && name === undefined) {
    const rows = services.map(({ name, label, description, type }) => ({ name, label, description, type }))
    return answer(wrap(projectList(rows, parseOptions(request.query, null, true))))
  }
  if (request.verb !== 'DELETE') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'cache')
  // Scripts of events are not kept anywhere.
  if (name === '_event') return answer({ success: true })
  if (name === undefined) {
    await deps.refresh()
    for (const service of services) await forget(service, deps)
  } else {
    const service = services.find((each) => each.name.toLowerCase() === name.toLowerCase())
    if (service === undefined) throw new NotFound(`Could not find a service for ${name}`)
    await forget(service, deps)
  }
  return answer({ success: true })
}

/** The structure of a database is read again. A service that has none, or can't be reached, has nothing to forget. */
async function forget({ name, type, isActive }: ServiceRecord, { types, service }: CacheDeps): Promise<void> {
  if (!isActive || !types.has(type)) return
  try {
    const found = await service(name)
    found.forget?.()
    found.ability?.(RecordStoreAbility)?.catalog.refresh()
  } catch {
    // A broken service keeps nothing.
  }
}
