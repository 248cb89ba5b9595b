/** `system/package` (control-plane 4.8): the manifest of what an export could hold. */
import { booleanOption } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  Forbidden,
  type Json,
  NotImplemented,
  type PluginHost,
  type Snapshot,
} from 'dataferry/sdk'
import { answer, noSuchVerb } from '../sessions/body.ts'
import { optionalAt, textAt } from '../store/columns.ts'
import type { Rows, StoreRow } from '../store/tables.ts'
import { plainTime } from '../store/time.ts'

export interface PackageDeps {
  readonly store: Rows
  readonly snapshot: () => Snapshot
  readonly version: string
  readonly service: PluginHost['service']
}

/** Kinds of records by their tables. */
const named = [
  ['role', 'role', 'name'],
  ['service', 'service', 'name'],
  ['app', 'app', 'name'],
  ['email_template', 'email_template', 'name'],
  ['cors', 'cors_config', 'path'],
  ['limit', 'limits', 'name'],
  ['lookup', 'lookup', 'name'],
  ['custom', 'system_custom', 'name'],
] as const

export async function packages(request: ApiRequest, deps: PackageDeps): Promise<ApiReply> {
  if (request.verb === 'POST')
    throw new NotImplemented('Packages can not be made or read on this server yet. Use config_package.')
  if (request.verb !== 'GET') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'package')
  if (!request.caller.admin) throw new Forbidden("Access Forbidden. 'package' is for full administrators.")
  const system: { [kind: string]: Json } = {}
  for (const [kind, table, column] of named) {
    const rows = await deps.store.rows(table, table === 'lookup' ? { app_id: null, role_id: null, user_id: null } : {})
    if (rows.length > 0) system[kind] = rows.map((row) => textAt(row, column))
  }
  for (const [kind, isAdmin] of [
    ['user', false],
    ['admin', true],
  ] as const) {
    const rows = await deps.store.rows('user', { is_sys_admin: isAdmin })
    if (rows.length > 0) system[kind] = rows.map(person)
  }
  const others = booleanOption(request.query.get('system_only')) ? {} : await contents(request, deps)
  return answer({
    version: '0.1',
    df_version: deps.version,
    secured: false,
    description: '',
    created_date: plainTime(new Date()),
    service: { system, ...others },
  })
}

const person = (row: StoreRow): Json => ({
  username: optionalAt(row, 'username'),
  email: optionalAt(row, 'email'),
  first_name: optionalAt(row, 'first_name'),
  last_name: optionalAt(row, 'last_name'),
})

/** Tables of the databases that can be reached. */
async function contents(
  request: ApiRequest,
  { snapshot, service }: PackageDeps,
): Promise<{ readonly [name: string]: Json }> {
  const found = await Promise.all(
    [...snapshot().services.values()]
      .filter((each) => each.isActive && each.type !== 'system' && each.type !== 'user')
      .map(async ({ name }): Promise<readonly (readonly [string, Json])[]> => {
        try {
          const asked: ApiRequest = { ...request, service: name.toLowerCase(), path: [], query: new Map() }
          const components = (await (await service(name)).resources?.(asked, AbortSignal.timeout(10_000))) ?? []
          const tables = components.flatMap((each) => /^_table\/([^/*]+)\/$/.exec(each)?.[1] ?? [])
          return components.some((each) => each.startsWith('_table'))
            ? [[name, { reachable: true, _schema: tables, _table: tables }]]
            : []
        } catch {
          return [[name, { reachable: false }]]
        }
      }),
  )
  return Object.fromEntries(found.flat())
}
