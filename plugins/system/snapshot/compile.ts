/**
 * Makes the immutable snapshot (services, roles, apps, lookups) from the rows of the store. What can be decided once is decided
 * here: secrets are opened, lookups replaced in configurations, row filters parsed.
 */

import { type Filter, parseRoleFilter, type RoleFilterRow, replaceLookupsIn } from 'dataferry/records'
import type {
  App,
  ConfigValues,
  FieldRights,
  Json,
  Lookup,
  Role,
  RoleFilter,
  Rule,
  ServiceRecord,
  ServiceType,
  Snapshot,
} from 'dataferry/sdk'
import { corsRules } from '../models/cors.ts'
import { readFieldRights } from '../models/field-rights.ts'
import { openLookup } from '../models/lookup-value.ts'
import { numberAt, optionalAt, textAt } from '../store/columns.ts'
import type { Secrets } from '../store/secrets.ts'
import type { StoreRow } from '../store/tables.ts'
import { configKind, openConfig, type StoredConfig } from '../types/service-config.ts'

/** The tables that a snapshot is made of, each in the order of its ids. */
export interface SnapshotRows {
  readonly services: readonly StoreRow[]
  readonly roles: readonly StoreRow[]
  readonly access: readonly StoreRow[]
  readonly apps: readonly StoreRow[]
  /** Those of users are no part of it. */
  readonly lookups: readonly StoreRow[]
  readonly cors: readonly StoreRow[]
}

export interface CompileTools {
  readonly types: ReadonlyMap<string, ServiceType>
  readonly secrets: Secrets
  /** Modifiers that lookups in configurations may be wrapped in. */
  readonly modifiers: ReadonlySet<string>
  /** Told what can't be read: such an entry is left without what is broken, never the whole snapshot. */
  warn(message: string, facts: { readonly [key: string]: unknown }): void
}

/** `before` is the snapshot that is replaced: a service that did not change keeps its revision. */
export function compileSnapshot(
  version: number,
  rows: SnapshotRows,
  before: Snapshot | null,
  tools: CompileTools,
): Snapshot {
  const lookups = scopes(rows.lookups, tools)
  const system = lookups.get('') ?? {}
  const services = rows.services.map((row) => service(row, version, system, before, tools))
  const names = new Map(services.map((each) => [each.id, each.name.toLowerCase()]))
  const apps = rows.apps.map((row) => app(row, lookups))
  return Object.freeze({
    version,
    services: new Map(services.map((each) => [each.name.toLowerCase(), each])),
    servicesById: new Map(services.map((each) => [each.id, each])),
    apps: new Map(apps.map((each) => [each.id, each])),
    appsByKey: new Map(apps.map((each) => [each.apiKey, each])),
    roles: roles(rows, names, lookups, tools),
    lookups: system,
    cors: corsRules(rows.cors),
  })
}

// ---- lookups ------------------------------------------------------------------------------------------------------------------

type Lookups = { readonly [name: string]: Lookup }

/** Lookups by owner: '' for the system's, `app:1`, `role:1`. */
function scopes(rows: readonly StoreRow[], tools: CompileTools): ReadonlyMap<string, Lookups> {
  const found = new Map<string, { [name: string]: Lookup }>()
  for (const row of rows) {
    const owner = ownerOf(row)
    if (owner === null) continue
    let scope = found.get(owner)
    if (scope === undefined) {
      scope = Object.create(null) as { [name: string]: Lookup }
      found.set(owner, scope)
    }
    const value = openLookup(row.value ?? null, tools.secrets)
    if (value === null && row.value !== null) {
      tools.warn('the value of a lookup can not be read: it resolves nowhere', { lookup: row.id })
      continue
    }
    scope[textAt(row, 'name')] = { value: value ?? '', private: row.private === true }
  }
  return found
}

/** null: a user's. */
function ownerOf(row: StoreRow): string | null {
  if (row.app_id !== null) return `app:${row.app_id}`
  if (row.role_id !== null) return `role:${row.role_id}`
  return row.user_id === null ? '' : null
}

// ---- services -----------------------------------------------------------------------------------------------------------------

function service(
  row: StoreRow,
  version: number,
  system: Lookups,
  before: Snapshot | null,
  tools: CompileTools,
): ServiceRecord {
  const id = numberAt(row, 'id')
  const record = {
    id,
    name: textAt(row, 'name'),
    label: textAt(row, 'label'),
    description: optionalAt(row, 'description'),
    type: textAt(row, 'type'),
    isActive: row.is_active === true,
    config: config(row, system, tools),
  }
  const was = before?.servicesById.get(id)
  const same = was !== undefined && fingerprint(was) === fingerprint(record)
  return Object.freeze({ ...record, revision: same ? was.revision : version })
}

function config(row: StoreRow, system: Lookups, tools: CompileTools): ConfigValues {
  try {
    const kind = configKind(textAt(row, 'type'), tools.types)
    const open = openConfig(kind, readConfig(row.config ?? null), tools.secrets, (setting) => {
      tools.warn('a secret of a service can not be read: it was encrypted with another key', {
        service: row.name,
        setting,
      })
    })
    const lookup = (name: string): Json | undefined => (Object.hasOwn(system, name) ? system[name]?.value : undefined)
    return replaceLookupsIn(open as Json, { lookup, modifiers: tools.modifiers }) as ConfigValues
  } catch (thrown) {
    tools.warn('the configuration of a service can not be read', { service: row.name, reason: reasonOf(thrown) })
    return {}
  }
}

/** The JSON of the column; null where a service was stored without one. */
export function readConfig(stored: Json): StoredConfig | null {
  return typeof stored === 'string' ? (JSON.parse(stored) as StoredConfig) : null
}

const fingerprint = ({ name, label, description, type, isActive, config }: Omit<ServiceRecord, 'revision'>): string =>
  JSON.stringify([name, label, description, type, isActive, config])

// ---- apps and roles -------------------------------------------------------------------------------------------------------------

function app(row: StoreRow, lookups: ReadonlyMap<string, Lookups>): App {
  const id = numberAt(row, 'id')
  return Object.freeze({
    id,
    name: textAt(row, 'name'),
    apiKey: textAt(row, 'api_key'),
    isActive: row.is_active === true,
    roleId: row.role_id === null || row.role_id === undefined ? null : numberAt(row, 'role_id'),
    lookups: lookups.get(`app:${id}`) ?? {},
  })
}

function roles(
  rows: SnapshotRows,
  serviceNames: ReadonlyMap<number, string>,
  lookups: ReadonlyMap<string, Lookups>,
  tools: CompileTools,
): ReadonlyMap<number, Role> {
  const rules = new Map<number, Map<string, Rule[]>>()
  for (const row of rows.access) {
    const role = numberAt(row, 'role_id')
    // Rows for all services stand under ''.
    const service = row.service_id === null ? '' : serviceNames.get(numberAt(row, 'service_id'))
    if (service === undefined) continue
    const ofRole = rules.get(role) ?? new Map<string, Rule[]>()
    rules.set(role, ofRole)
    const ofService = ofRole.get(service) ?? []
    ofRole.set(service, ofService)
    ofService.push(rule(row, tools))
  }
  return new Map(
    rows.roles.map((row) => {
      const id = numberAt(row, 'id')
      const role: Role = Object.freeze({
        id,
        name: textAt(row, 'name'),
        description: optionalAt(row, 'description'),
        isActive: row.is_active === true,
        rules: rules.get(id) ?? new Map(),
        lookups: lookups.get(`role:${id}`) ?? {},
      })
      return [id, role]
    }),
  )
}

function rule(row: StoreRow, tools: CompileTools): Rule {
  const fields = fieldRights(row, tools)
  return Object.freeze({
    component: (optionalAt(row, 'component') ?? '').replace(/^\/+|\/+$/g, '').toLowerCase(),
    verbs: fields === 'broken' ? 0 : numberAt(row, 'verb_mask'),
    requestors: numberAt(row, 'requestor_mask'),
    rows: rowFilter(row, tools),
    fields: fields === 'broken' ? null : fields,
  })
}

/** Names no column, so that reading it is the contract's 500 and no row passes (control-plane 3.4). */
const broken: Filter = {
  kind: 'compare',
  op: '=',
  left: { kind: 'column', column: '' },
  right: { kind: 'value', value: { kind: 'text', text: '', quoted: true } },
}

function rowFilter(row: StoreRow, tools: CompileTools): RoleFilter | null {
  try {
    const rows = readFilters(row.filters ?? null)
    const filter: Filter | null = parseRoleFilter(rows, optionalAt(row, 'filter_op'))
    return filter
  } catch (thrown) {
    tools.warn("a role's row filter can not be understood: its requests are refused", {
      role: row.role_id,
      row: row.id,
      reason: reasonOf(thrown),
    })
    return broken
  }
}

/** What can't be read hides nothing, so that its row gives no rights at all: see `rule`. */
function fieldRights(row: StoreRow, tools: CompileTools): FieldRights | null | 'broken' {
  try {
    const { hidden, read_only } = readFieldRights(row.fields ?? null) ?? { hidden: [], read_only: [] }
    if (hidden.length + read_only.length === 0) return null
    const lower = (names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => name.toLowerCase()))
    return { hidden: lower(hidden), readOnly: lower(read_only) }
  } catch (thrown) {
    tools.warn("a role's rights on fields can not be understood: the row gives no rights", {
      role: row.role_id,
      row: row.id,
      reason: reasonOf(thrown),
    })
    return 'broken'
  }
}

/** `[{name, operator, value}]` from the JSON of the column. */
function readFilters(stored: Json): RoleFilterRow[] {
  const rows: Json = typeof stored === 'string' ? (JSON.parse(stored) as Json) : null
  if (rows === null) return []
  if (!Array.isArray(rows)) throw new Error('filters must be a list')
  return rows.map((row: Json) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new Error('a filter must be an object')
    const { name = null, operator = null, value = null } = row as { readonly [member: string]: Json }
    return { name: typeof name === 'string' ? name : '', operator: typeof operator === 'string' ? operator : '', value }
  })
}

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
