/** `system/environment` (control-plane 10.8): how to log in and which apps there are, for everybody; what runs here, for those who may know. */
import { arch, hostname, platform as osPlatform, version as osVersion, release } from 'node:os'
import {
  type ApiReply,
  type ApiRequest,
  type Caller,
  type Json,
  MethodNotAllowed,
  type PluginHost,
  type Snapshot,
} from 'dataferry/sdk'
import { launchUrl } from '../models/app.ts'
import { answer } from '../sessions/body.ts'
import type { Rows } from '../store/tables.ts'

/** The admin interface locks screens for other names (control-plane 12.3). */
export const license = 'GOLD'

export interface EnvironmentDeps {
  readonly snapshot: () => Snapshot
  readonly store: Rows
  readonly settings: PluginHost['settings']
  readonly version: string
}

export async function environment(request: ApiRequest, deps: EnvironmentDeps): Promise<ApiReply> {
  if (request.verb !== 'GET')
    throw new MethodNotAllowed('The environment can only be read.', { headers: { Allow: 'GET, HEAD, OPTIONS' } })
  const { caller } = request
  const open = { authentication: authentication(deps), apps: await appsFor(caller, request.origin, deps) }
  if (caller.user === null && caller.role === null) return answer(open)
  const full = caller.admin
  return answer({
    ...open,
    platform: platform(full, deps),
    ...(full ? { server: server() } : {}),
    client: { user_agent: request.headers['user-agent'] ?? null, ip_address: request.address, locale: 'en' },
    config: config(deps.settings),
    ...(full ? { php: runtime() } : {}),
  })
}

const login = { email: 'string', password: 'string', remember_me: 'bool' }

function authentication({ snapshot, settings }: EnvironmentDeps): Json {
  const user = [...snapshot().services.values()].find((service) => service.type === 'user' && service.isActive)
  return {
    admin: { path: 'system/admin/session', verb: 'POST', payload: login },
    ...(user === undefined ? {} : { user: { path: `${user.name}/session`, verb: 'POST', payload: login } }),
    oauth: [],
    adldap: [],
    saml: [],
    allow_open_registration: user?.config.allow_open_registration === true,
    open_reg_email_service_id: user?.config.open_reg_email_service_id ?? null,
    allow_forever_sessions: settings.auth.allowForeverSessions,
    login_attribute: settings.auth.loginAttribute,
  }
}

/** For a user the active apps that have a default role, then those assigned; for full administrators all active ones. */
async function appsFor({ user, admin }: Caller, origin: string, deps: EnvironmentDeps): Promise<Json> {
  if (user === null) return []
  const { apps, servicesById } = deps.snapshot()
  const active = [...apps.values()].filter((app) => app.isActive)
  const assigned = new Set(user.assignments.map((each) => each.app))
  const open = active.filter((app) => app.roleId !== null)
  const shown = admin ? active : [...open, ...active.filter((app) => app.roleId === null && assigned.has(app.id))]
  if (shown.length === 0) return []
  const rows = new Map(
    (await deps.store.rows('app', { id: shown.map((app) => app.id) })).map((row) => [Number(row.id), row]),
  )
  return shown.flatMap(({ id }) => {
    const row = rows.get(id)
    if (row === undefined) return []
    return {
      id,
      name: row.name ?? null,
      description: row.description ?? '',
      url: launchUrl(row, origin, (service) => servicesById.get(service)?.name ?? null),
      is_default: user.defaultAppId === id,
      allow_fullscreen_toggle: row.allow_fullscreen_toggle ?? true,
      requires_fullscreen: row.requires_fullscreen ?? false,
      toggle_location: row.toggle_location ?? 'top',
    }
  })
}

/** Paths, packages and the licence key are for full administrators. */
function platform(full: boolean, { version, settings }: EnvironmentDeps): Json {
  const known = {
    version,
    bitnami_demo: false,
    is_hosted: false,
    is_trial: false,
    license,
    secured_package_export: false,
  }
  if (!full) return known
  return {
    ...known,
    license_key: false,
    root_admin_exists: true,
    db_driver: 'sqlite',
    sqlite_storage: settings.sqlite.storage,
    install_path: process.cwd(),
    log_path: null,
    app_debug: settings.debug,
    log_mode: 'stdout',
    log_level: settings.log.level,
    cache_driver: 'memory',
    cache_path: null,
    packages: [{ name: 'dataferry', version }],
  }
}

function server(): Json {
  return { server_os: osPlatform(), release: release(), version: osVersion(), host: hostname(), machine: arch() }
}

function config(settings: PluginHost['settings']): Json {
  const { maxRecords, timeFormat, dateFormat, datetimeFormat, timestampFormat } = settings.records
  return {
    always_wrap_resources: settings.api.alwaysWrap,
    resources_wrapper: settings.api.wrapper,
    db: {
      max_records_returned: maxRecords,
      time_format: timeFormat,
      date_format: dateFormat,
      datetime_format: datetimeFormat,
      timestamp_format: timestampFormat,
    },
  }
}

/** The admin interface shows these under the names of the original's runtime. */
function runtime(): Json {
  return { core: { php_version: `Node.js ${process.version}` }, general: { server_api: 'node:http' } }
}
