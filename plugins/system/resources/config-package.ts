/**
 * `system/config_package` (control-plane 4.8): services, roles and apps as one JSON document, names in the place of ids. It is written
 * and read through the resources themselves, so that their rules, and the audit log, hold for it. Secrets are not in it.
 */
import { booleanOption, isMembers, type Members } from 'dataferry/records'
import { type ApiReply, type ApiRequest, BadRequest, Forbidden, type Json, type Verb } from 'dataferry/sdk'
import { answer, bodyOf, noSuchVerb } from '../sessions/body.ts'
import { numberAt, optionalNumberAt, textAt } from '../store/columns.ts'
import { mask } from '../store/secrets.ts'
import type { Rows, StoreRow } from '../store/tables.ts'
import { reasonOf } from './reason.ts'

export const packageFormat = 'dreamfactory.config/v1'

export interface ConfigPackageDeps {
  readonly store: Rows
  /** A request on a resource of the system service, by the same caller. Throws what it throws. */
  readonly ask: (verb: Verb, path: readonly string[], body: Json) => Promise<Json>
  /** The records of a resource as they are shown. */
  readonly list: (resource: 'service') => Promise<readonly Members[]>
}

export async function configPackage(request: ApiRequest, deps: ConfigPackageDeps): Promise<ApiReply> {
  if (!request.caller.admin) throw new Forbidden("Access Forbidden. 'config_package' is for full administrators.")
  if (request.verb === 'GET') return answer(await exported(deps))
  if (request.verb !== 'POST') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'config_package')
  const body = bodyOf(request)
  const sent = isMembers(body.manifest) ? body.manifest : body
  if (sent.format !== packageFormat) throw new BadRequest('Unsupported config package format.')
  const import_ = new Import(deps, booleanOption(request.query.get('overwrite') ?? body.overwrite))
  return answer(await import_.run(sent))
}

const accessFields = ['component', 'verb_mask', 'requestor_mask', 'filter_op'] as const
const appFields = [
  'name',
  'description',
  'is_active',
  'type',
  'path',
  'url',
  'storage_container',
  'requires_fullscreen',
  'allow_fullscreen_toggle',
  'toggle_location',
] as const

async function exported({ store, list }: ConfigPackageDeps): Promise<Json> {
  const [services, roles, access, apps] = await Promise.all([
    list('service'),
    store.rows('role'),
    store.rows('role_service_access'),
    store.rows('app'),
  ])
  const serviceNames = new Map(services.map((row) => [Number(row.id), row.name ?? null]))
  const roleNames = new Map(roles.map((row) => [numberAt(row, 'id'), textAt(row, 'name')]))
  return {
    format: packageFormat,
    exported_at: new Date().toISOString(),
    services: services.map(
      ({ name = null, label = null, description = null, type = null, is_active = null, config }) => {
        const settings = isMembers(config) ? withoutOwner(config) : (config ?? null)
        return { name, label, description, type, is_active, config: settings }
      },
    ),
    roles: roles.map((row) => ({
      ...picked(row, ['name', 'description', 'is_active']),
      service_access: access
        .filter((each) => each.role_id === row.id && each.service_id !== null)
        .map((each) => ({
          service: serviceNames.get(numberAt(each, 'service_id')) ?? null,
          ...picked(each, accessFields),
          filters: typeof each.filters === 'string' ? (JSON.parse(each.filters) as Json) : null,
          ...(typeof each.fields === 'string' ? { fields: JSON.parse(each.fields) as Json } : {}),
        })),
    })),
    apps: apps.map((row) => ({
      ...picked(row, appFields),
      role: roleNames.get(optionalNumberAt(row, 'role_id') ?? 0) ?? null,
    })),
  }
}

const picked = (row: StoreRow, names: readonly string[]): Members =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]))

/** The owner's id is another one elsewhere, and masked secrets say nothing. */
function withoutOwner({ service_id: _id, ...config }: Members): Members {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== mask))
}

type Kind = 'services' | 'roles' | 'apps'
type Counts = { [K in Kind]: number }
const none = (): Counts => ({ services: 0, roles: 0, apps: 0 })

class Import {
  readonly #deps: ConfigPackageDeps
  readonly #overwrite: boolean
  readonly #created = none()
  readonly #updated = none()
  readonly #skipped = none()
  readonly #errors: string[] = []

  constructor(deps: ConfigPackageDeps, overwrite: boolean) {
    this.#deps = deps
    this.#overwrite = overwrite
  }

  /** Services first, because roles name them, and apps name roles. */
  async run(sent: Members): Promise<Json> {
    for (const record of recordsOf(sent, 'services')) await this.#one('services', 'service', record)
    for (const record of recordsOf(sent, 'roles')) await this.#one('roles', 'role', record)
    for (const record of recordsOf(sent, 'apps')) await this.#one('apps', 'app', record)
    return {
      success: this.#errors.length === 0,
      created: this.#created,
      updated: this.#updated,
      skipped: this.#skipped,
      errors: this.#errors,
    }
  }

  async #one(kind: Kind, resource: 'service' | 'role' | 'app', record: Members): Promise<void> {
    const { store, ask } = this.#deps
    const name = typeof record.name === 'string' ? record.name : ''
    try {
      const [there] = await store.rows(resource, resource === 'service' ? { name_key: name.toLowerCase() } : { name })
      if (there !== undefined && !this.#overwrite) {
        this.#skipped[kind]++
        return
      }
      const whole = await this.#complete(resource, record, there ?? null)
      if (there === undefined) {
        await ask('POST', [resource], { resource: [whole] })
        this.#created[kind]++
      } else {
        await ask('PATCH', [resource, String(there.id)], whole)
        this.#updated[kind]++
      }
    } catch (thrown) {
      this.#errors.push(`${resource} '${name}': ${reasonOf(thrown)}`)
    }
  }

  /** Names become ids again. */
  async #complete(resource: string, record: Members, there: StoreRow | null): Promise<Members> {
    if (resource === 'service') return record
    if (resource === 'app') {
      const { role = null, ...app } = record
      return { ...app, role_id: role === null || role === '' ? null : await this.#idOf('role', String(role)) }
    }
    const { service_access = null, ...rest } = record
    const rows: Members[] = []
    for (const row of Array.isArray(service_access) ? (service_access as readonly Json[]) : []) {
      if (!isMembers(row)) throw new BadRequest('Every service_access must be an object.')
      const { service = null, ...access } = row
      rows.push({ ...access, service_id: await this.#idOf('service', String(service)) })
    }
    return { ...rest, role_service_access_by_role_id: [...(await this.#replaced(there)), ...rows] }
  }

  /** The rows that a role has are replaced wholly; those for all services are in no package. */
  async #replaced(role: StoreRow | null): Promise<readonly Members[]> {
    if (role === null) return []
    const rows = await this.#deps.store.rows('role_service_access', { role_id: numberAt(role, 'id') })
    return rows.map((row) => ({ id: row.id ?? null, role_id: null }))
  }

  async #idOf(table: 'role' | 'service', name: string): Promise<number> {
    const [row] = await this.#deps.store.rows(table, table === 'service' ? { name_key: name.toLowerCase() } : { name })
    if (row === undefined) throw new BadRequest(`There is no ${table} '${name}'.`)
    return numberAt(row, 'id')
  }
}

function recordsOf(sent: Members, kind: Kind): readonly Members[] {
  const list = sent[kind] ?? []
  if (!Array.isArray(list) || !list.every(isMembers))
    throw new BadRequest(`The ${kind} of a config package must be a list of objects.`)
  return list
}
