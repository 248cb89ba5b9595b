/** `system/service_type`: the kinds of services that this server can make, with the forms of their configurations (control-plane 4.4, 4.5). */

import { parseOptions, projectList } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  type ConfigField,
  type Json,
  NotFound,
  type ServiceType,
  type Snapshot,
} from 'dataferry/sdk'
import { answer, noSuchVerb } from '../sessions/body.ts'
import type { Rows } from '../store/tables.ts'

export interface ServiceTypeDeps {
  readonly types: ReadonlyMap<string, ServiceType>
  readonly snapshot: () => Snapshot
  readonly store: Rows
}

/** `name` is the segment after the resource. Read-only; paging is accepted and ignored. */
export async function serviceTypes(
  request: ApiRequest,
  name: string | undefined,
  deps: ServiceTypeDeps,
  wrap: (list: readonly Json[]) => Json,
): Promise<ApiReply> {
  // PUT is an alias of PATCH in the whole system service.
  if (request.verb !== 'GET') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'service_type')
  const choices = await choicesOf(deps)
  if (name !== undefined) {
    const type = deps.types.get(name)
    if (type === undefined) throw new NotFound(`Service type '${name}' not found.`)
    const [shown = {}] = project([describe(type, choices)], request)
    return answer(shown)
  }
  const groups = groupsOf(request)
  const list = [...deps.types.values()]
    .filter((type) => groups.size === 0 || groups.has(type.group.toLowerCase()))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((type) => describe(type, choices))
  return answer(wrap(project(list, request)))
}

type Described = { readonly [name: string]: Json }

/** Everything unless `fields` says otherwise. */
function project(list: readonly Described[], request: ApiRequest): readonly Json[] {
  const options = parseOptions(request.query, null, true)
  return projectList(list, { ...options, fields: options.fields ?? 'all' })
}

function groupsOf(request: ApiRequest): ReadonlySet<string> {
  const given = request.query.get('group')
  if (typeof given !== 'string') return new Set()
  return new Set(
    given
      .split(',')
      .map((group) => group.trim().toLowerCase())
      .filter((group) => group !== ''),
  )
}

function describe(type: ServiceType, choices: Choices): Described {
  return {
    name: type.name,
    label: type.label,
    description: type.description,
    group: type.group,
    singleton: type.singleton ?? false,
    dependencies_required: null,
    subscription_required: null,
    service_definition_editable: false,
    config_schema: type.config.map((field) => fieldForm(field, choices)),
  }
}

type Choice = { readonly label: string; readonly name: string | number | null }
type Choices = ReadonlyMap<string, readonly Choice[]>

const empty: Choice = { label: '', name: null }

/** What the picklists of system and user offer: records that exist now. */
async function choicesOf({ snapshot, store, types }: ServiceTypeDeps): Promise<Choices> {
  const { apps, roles, services } = snapshot()
  const templates = await store.rows('email_template')
  const mailers = [...services.values()].filter(
    (service) => types.get(service.type)?.group === 'Email' || service.type.endsWith('_email'),
  )
  const named = (list: Iterable<{ readonly id: number; readonly name: string }>): readonly Choice[] => [
    empty,
    ...[...list].map(({ id, name }) => ({ label: name, name: id })),
  ]
  return new Map([
    ['app_id', named(apps.values())],
    ['role_id', named(roles.values())],
    ['email_service_id', named(mailers)],
    ['email_template_id', named(templates.map((row) => ({ id: Number(row.id), name: String(row.name) })))],
  ])
}

/** A field as forms are drawn from it; generated ones carry the whole description of their column. */
function fieldForm(field: ConfigField, choices: Choices): Json {
  const { secret: _secret, column, items, ...shown } = field
  const offered = field.type === 'picklist' && field.values?.length === 1 ? choicesFor(field.name, choices) : undefined
  const parts = {
    ...(shown as { readonly [name: string]: Json }),
    description: field.description ?? null,
    ...(offered === undefined ? {} : { values: offered }),
    ...(items === undefined
      ? {}
      : { items: typeof items === 'string' ? items : items.map((item) => fieldForm(item, choices)) }),
  }
  return column ? { ...columnOf(field), ...parts } : parts
}

function choicesFor(name: string, choices: Choices): readonly Choice[] | undefined {
  for (const [ending, offered] of choices) if (name.endsWith(ending)) return offered
  return undefined
}

/** control-plane 4.5. */
function columnOf(field: ConfigField): { readonly [name: string]: Json } {
  return {
    alias: null,
    name: field.name,
    label: field.label,
    description: field.description ?? null,
    native: [],
    type: field.type,
    length: field.type === 'text' ? 65535 : null,
    precision: null,
    scale: null,
    default: field.default ?? null,
    required: field.required ?? false,
    allow_null: field.allow_null ?? true,
    fixed_length: false,
    supports_multibyte: false,
    is_primary_key: false,
    is_unique: false,
    is_foreign_key: false,
    ref_table: null,
    ref_field: null,
    ref_on_update: null,
    ref_on_delete: null,
    picklist: null,
    validation: null,
    db_function: null,
    is_virtual: false,
    is_aggregate: false,
  }
}
