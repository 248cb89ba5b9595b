/**
 * `system/event` (control-plane 7.2): the names under which calls of the services are told, by service and path, with the names
 * that may stand for the first placeholder.
 */
import { booleanOption } from 'dataferry/records'
import type { ApiReply, ApiRequest, Json, PluginHost, ServiceRecord, Snapshot } from 'dataferry/sdk'
import { answer, noSuchVerb } from '../sessions/body.ts'
import { knownTypes } from '../types/catalogue.ts'
import {
  databasePaths,
  documentPaths,
  type EventPath,
  emailPaths,
  filePaths,
  systemPaths,
  userPaths,
} from './event-paths.ts'

export interface EventDeps {
  readonly snapshot: () => Snapshot
  readonly types: PluginHost['types'] extends () => infer T ? T : never
  readonly service: PluginHost['service']
  readonly maskFor: PluginHost['maskFor']
  /** Whether the caller may see a service (control-plane 3.5). */
  readonly sees: (service: ServiceRecord) => boolean
}

/** A service that does not answer is listed without names. */
const patienceMs = 10_000

/** Names by placeholder. */
type Names = ReadonlyMap<string, readonly string[]>

export async function events(
  request: ApiRequest,
  deps: EventDeps,
  wrap: (list: readonly Json[]) => Json,
  signal: AbortSignal,
): Promise<ApiReply> {
  if (request.verb !== 'GET') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'event')
  const { query } = request
  const active = [...deps.snapshot().servicesById.values()].filter((service) => service.isActive && deps.sees(service))
  const byName = active.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (booleanOption(query.get('services_only'))) return answer(wrap(byName.map((service) => service.name)))
  const only = query.get('service')
  const wanted = typeof only === 'string' && only !== '' ? only.toLowerCase() : null
  const chosen = byName.filter((service) => wanted === null || service.name.toLowerCase() === wanted)
  const scriptable = booleanOption(query.get('scriptable'))
  const maps = await Promise.all(
    chosen.map(async (service) => {
      const paths = pathsOf(service, active, deps)
      if (paths === null) return null
      const names = await namesOf(service, paths, request, deps, signal)
      return [service.name, mapOf(service.name, paths, names, scriptable)] as const
    }),
  )
  const found = maps.filter((map) => map !== null)
  if (booleanOption(query.get('as_list'))) return answer(wrap(found.flatMap(([, map]) => listOf(map))))
  return answer(Object.fromEntries(found))
}

type Described = { readonly type: 'api'; readonly endpoints: readonly string[]; readonly parameter: Json }
type EventMap = { readonly [path: string]: Described }

function mapOf(service: string, paths: readonly EventPath[], names: Names, scriptable: boolean): EventMap {
  const described = paths.map(({ path, verbs, parameter, values }): readonly [string, Described] => {
    const whole = path === '' ? service : `${service}.${path}`
    const endpoints = verbs.map((verb) => `${whole}.${verb}`)
    const given = values ?? (parameter === undefined ? [] : (names.get(parameter) ?? []))
    return [
      whole,
      {
        type: 'api',
        endpoints: scriptable ? endpoints.flatMap(variants) : endpoints,
        parameter: parameter === undefined || given.length === 0 ? null : { [parameter]: given },
      },
    ]
  })
  return Object.fromEntries(described.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const variants = (name: string): readonly string[] => [
  name,
  `${name}.pre_process`,
  `${name}.post_process`,
  `${name}.queued`,
]

/** Each name with its placeholder, then with what may stand for it. */
function listOf(map: EventMap): readonly string[] {
  return Object.values(map).flatMap(({ endpoints, parameter }) => {
    const [placeholder, values] =
      Object.entries((parameter ?? {}) as { readonly [name: string]: readonly string[] })[0] ?? []
    if (placeholder === undefined || values === undefined) return endpoints
    return [
      ...endpoints,
      ...values.flatMap((value) => endpoints.map((name) => name.replace(`{${placeholder}}`, value))),
    ]
  })
}

/** null: services of this kind have no described paths. */
function pathsOf(
  { type }: ServiceRecord,
  active: readonly ServiceRecord[],
  { types }: EventDeps,
): readonly EventPath[] | null {
  if (type === 'system') return systemPaths
  if (type === 'user') return userPaths
  switch ((types.get(type) ?? knownTypes.get(type))?.group) {
    case 'Database':
    case 'Big Data':
      return databasePaths(type !== 'sqlite')
    case 'API Doc':
      return documentPaths(active.map((service) => service.name))
    case 'File':
      return filePaths
    case 'Email':
      return emailPaths
    default:
      return null
  }
}

const resources = { _table: 'table_name', _proc: 'procedure_name', _func: 'function_name' } as const

/** What a database holds, of what the caller has any right to. Nothing where it can't be reached. */
async function namesOf(
  record: ServiceRecord,
  paths: readonly EventPath[],
  request: ApiRequest,
  { service, maskFor }: EventDeps,
  signal: AbortSignal,
): Promise<Names> {
  const names = new Map<string, string[]>()
  if (!paths.some(({ parameter, values }) => parameter !== undefined && values === undefined)) return names
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  const asked: ApiRequest = { ...request, service: record.name.toLowerCase(), path: [], query: new Map() }
  try {
    const components = await within((await service(record.name)).resources?.(asked, bounded), bounded)
    for (const component of components ?? []) {
      const [resource = '', name = ''] = component.split('/')
      const placeholder = Object.hasOwn(resources, resource) ? resources[resource as keyof typeof resources] : undefined
      if (placeholder === undefined || name === '' || name === '*') continue
      if (maskFor(request.caller, record.name, `${resource}/${name}`) === 0) continue
      const known = names.get(placeholder) ?? []
      names.set(placeholder, known)
      if (!known.includes(name)) known.push(name)
    }
  } catch {
    // A broken service is listed without names, never an error.
  }
  return names
}

/** What the promise gives, unless the time is up before. */
function within<T>(work: Promise<T> | undefined, signal: AbortSignal): Promise<T | undefined> {
  if (work === undefined) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
