/** What the parts of packages work with. */
import type { Members } from 'dataferry/records'
import {
  type ApiRequest,
  type Body,
  type FileStore,
  FileStoreAbility,
  type Json,
  NotFound,
  type PluginHost,
  type ServiceType,
  type Snapshot,
  type Verb,
} from 'dataferry/sdk'
import type { Secrets } from '../store/secrets.ts'
import type { Rows } from '../store/tables.ts'

export interface PackageDeps {
  readonly store: Rows
  readonly secrets: Secrets
  readonly types: ReadonlyMap<string, ServiceType>
  readonly snapshot: () => Snapshot
  readonly version: string
  readonly settings: PluginHost['settings']
  readonly service: PluginHost['service']
  readonly call: PluginHost['call']
  /** A request on a resource of the system service, by the same caller. Throws what it throws. */
  readonly ask: (verb: Verb, path: readonly string[], body: Json, query?: ReadonlyMap<string, Json>) => Promise<Json>
}

/** The files of a service, or null when it keeps none. */
export async function filesOf({ service }: PackageDeps, name: string): Promise<FileStore | null> {
  return (await service(name)).ability?.(FileStoreAbility) ?? null
}

/** The same for who named it. Throws NotFound. */
export async function fileStore(deps: PackageDeps, name: string): Promise<FileStore> {
  const found = await filesOf(deps, name)
  if (found === null) throw new NotFound(`The service '${name}' keeps no files.`)
  return found
}

/** Asks another service as the caller would, and answers its value. */
export async function askService(
  { call }: PackageDeps,
  request: ApiRequest,
  asked: {
    readonly verb: Verb
    readonly service: string
    readonly path: readonly string[]
    readonly query?: ReadonlyMap<string, Json>
    readonly body?: Json
  },
  signal: AbortSignal,
): Promise<Json> {
  const body: Body = asked.body === undefined ? { kind: 'none' } : { kind: 'value', value: asked.body, typed: true }
  const { verb, path, query = new Map() } = asked
  const made: ApiRequest = {
    ...request,
    verb,
    service: asked.service.toLowerCase(),
    path,
    query,
    body,
    trailingSlash: false,
  }
  const reply = await call(made, signal)
  if (reply.body.kind === 'value') return reply.body.value
  if (reply.body.kind === 'rows') return reply.body.rows.value({ bytes: 1 << 28, rows: 1_000_000 }, signal)
  return null
}

/** The records of a list, wrapped or not. */
export function recordsIn(value: Json, wrapper: string): readonly Members[] {
  const list =
    value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Members)[wrapper] : value
  return Array.isArray(list) ? (list as readonly Members[]) : []
}
