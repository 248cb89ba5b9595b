/** Callers, roles and snapshots for tests, complete and harmless but for what a case says. */
import type { App, Caller, Role, RoleFilter, Rule, ServiceRecord, Snapshot, UserFacts } from 'dataferry/sdk'

export const GET = 1
export const POST = 2
export const PUT = 4
export const PATCH = 8
export const DELETE = 16
export const API = 1
export const SCRIPT = 2

/** [service or null for all, component, mask of verbs, requestors (API), name of a row filter, hidden fields] */
export type Row = readonly [
  service: string | null,
  component: string | null,
  verbs: number,
  requestors?: number,
  filter?: string | undefined,
  hidden?: readonly string[],
]

/** The rows as the snapshot holds them: by service, components in lower case without outer slashes. */
export function role(rows: readonly Row[], over: Partial<Role> = {}): Role {
  const rules = new Map<string, Rule[]>()
  for (const [service, component, verbs, requestors = API, filter, hidden] of rows) {
    const key = service?.toLowerCase() ?? ''
    const rule: Rule = {
      component: (component ?? '').toLowerCase().replace(/^\/+|\/+$/g, ''),
      verbs,
      requestors,
      rows: filter === undefined ? null : filterNamed(filter),
      fields: hidden === undefined ? null : { hidden: new Set(hidden), readOnly: new Set() },
    }
    rules.set(key, [...(rules.get(key) ?? []), rule])
  }
  return { id: 1, name: 'reader', description: null, isActive: true, rules, lookups: {}, ...over }
}

export const filterNamed = (kind: string): RoleFilter => ({ kind })

export function caller(over: Partial<Caller> = {}): Caller {
  return { user: null, app: null, role: null, admin: false, requestor: 'api', session: null, lookups: {}, ...over }
}

export function user(over: Partial<UserFacts> = {}): UserFacts {
  return {
    id: 7,
    name: 'Ann B',
    username: 'ann@example.org',
    firstName: 'Ann',
    lastName: 'B',
    email: 'ann@example.org',
    phone: null,
    isSysAdmin: false,
    isActive: true,
    defaultAppId: null,
    lastLoginDate: null,
    assignments: [],
    lookups: {},
    tokensValidFrom: 0,
    ...over,
  }
}

export function app(over: Partial<App> = {}): App {
  return { id: 4, name: 'web', apiKey: 'k'.repeat(64), isActive: true, roleId: null, lookups: {}, ...over }
}

export function record(over: Partial<ServiceRecord> = {}): ServiceRecord {
  return {
    id: 5,
    name: 'db',
    label: 'DB',
    description: null,
    type: 'sqlite',
    isActive: true,
    revision: 1,
    config: {},
    ...over,
  }
}

export interface Configured {
  readonly version?: number
  readonly services?: readonly ServiceRecord[]
  readonly apps?: readonly App[]
  readonly roles?: readonly Role[]
  readonly lookups?: Snapshot['lookups']
}

export function snapshot({
  version = 1,
  services = [],
  apps = [],
  roles = [],
  lookups = {},
}: Configured = {}): Snapshot {
  return {
    version,
    services: new Map(services.map((service) => [service.name.toLowerCase(), service])),
    servicesById: new Map(services.map((service) => [service.id, service])),
    apps: new Map(apps.map((each) => [each.id, each])),
    appsByKey: new Map(apps.map((each) => [each.apiKey, each])),
    roles: new Map(roles.map((each) => [each.id, each])),
    lookups,
    cors: [],
  }
}
