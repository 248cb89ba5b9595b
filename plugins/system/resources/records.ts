/**
 * The resources that are records: roles, apps, users, services and what else an administrator keeps, over the record engine. What a
 * caller may see of the tables is decided in views.ts; what a record does beyond its row is its model's.
 */

import {
  booleanOption,
  defaultRules,
  handleRecords,
  isMembers,
  type Members,
  nameOf,
  parseOptions,
  type RecordModel,
  type RecordTarget,
  type Table,
  type TableView,
} from 'dataferry/records'
import {
  ApiError,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Caller,
  Forbidden,
  type Json,
  NotFound,
  type Service,
  type Verb,
  verbBits,
} from 'dataferry/sdk'
import { audited } from '../audit/audited.ts'
import type { LimitBook } from '../limits/book.ts'
import { appModel, lookupModel, systemLookupModel } from '../models/app-model.ts'
import { auditModel } from '../models/audit-model.ts'
import { corsModel } from '../models/cors-model.ts'
import { customModel } from '../models/custom-model.ts'
import { emailTemplateModel } from '../models/email-template-model.ts'
import { limitModel } from '../models/limit-model.ts'
import { withRelated } from '../models/related.ts'
import { accessModel, assignmentModel, roleModel } from '../models/role-model.ts'
import { serviceDocModel } from '../models/service-doc-model.ts'
import { serviceModel } from '../models/service-model.ts'
import type { ModelTools } from '../models/tools.ts'
import { type Invites, userModel } from '../models/user-model.ts'
import { noSuchVerb } from '../sessions/body.ts'
import { refuseAppPackages } from './app-package.ts'
import { withStates } from './service-state.ts'
import { namedServices, ownersOfLookups, sysAdminIs, systemTable, viewOfTable, withoutOwner } from './views.ts'

interface RecordKind {
  readonly table: string
  /** Can only be read, by full administrators. */
  readonly history?: true
  /** Identified by its name, not by a number. */
  readonly named?: true
}

const kinds = {
  admin: { table: 'user' },
  app: { table: 'app' },
  audit: { table: 'audit_log', history: true },
  cors: { table: 'cors_config' },
  custom: { table: 'system_custom', named: true },
  email_template: { table: 'email_template' },
  limit: { table: 'limits' },
  lookup: { table: 'lookup' },
  role: { table: 'role' },
  service: { table: 'service' },
  service_report: { table: 'service_report', history: true },
  user: { table: 'user' },
} as const satisfies { readonly [resource: string]: RecordKind }

export type RecordResource = keyof typeof kinds

export const isRecordResource = (name: string): name is RecordResource => Object.hasOwn(kinds, name)

/** Tables whose rows are a resource of their own, so that seeing them beside others needs a right on it. */
const ownResource: { readonly [table: string]: string } = { user: 'user', app: 'app', role: 'role', service: 'service' }

export interface RecordsDeps {
  readonly tools: ModelTools
  readonly limits: LimitBook
  readonly invites: Invites
  /** A service by its name. */
  readonly service: (name: string) => Promise<Service>
  readonly maxRecords: number
  readonly maxFilterTerms: number
  /** The mask that a caller has on a resource of the system service. */
  readonly maskOf: (caller: Caller, resource: string) => number
}

const counters = 'limit_cache_by_limit_id'

export class RecordResources {
  readonly #deps: RecordsDeps
  readonly #models: ReadonlyMap<string, RecordModel>

  constructor(deps: RecordsDeps) {
    const { tools, limits, invites } = deps
    this.#deps = deps
    const models: { readonly [name: string]: RecordModel } = {
      app: appModel(tools),
      audit_log: auditModel,
      cors_config: corsModel(tools),
      email_template: emailTemplateModel(tools),
      limits: limitModel(tools, limits, false),
      'limits with counters': limitModel(tools, limits, true),
      lookup: lookupModel(tools),
      "the system's lookup": systemLookupModel(tools),
      role: roleModel(tools),
      role_service_access: accessModel(tools),
      service: serviceModel(tools),
      service_doc: serviceDocModel(tools),
      system_custom: customModel,
      user: userModel('user', tools, invites),
      admin: userModel('admin', tools, invites),
      user_to_app_to_role: assignmentModel(tools),
    }
    this.#models = new Map(Object.entries(models))
  }

  /** What clients see of the table behind each resource. */
  async views(): Promise<ReadonlyMap<string, TableView>> {
    const { catalog } = this.#deps.tools.records
    const views = new Map<string, TableView>()
    for (const [resource, { table }] of Object.entries(kinds)) {
      const found = await catalog.table(table)
      if (found !== null) views.set(resource, viewOfTable(found))
    }
    return views
  }

  /** `below`: the segments after the resource. PUT is PATCH here (control-plane 4.1). */
  async handle(
    resource: RecordResource,
    below: readonly string[],
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiReply> {
    const kind: RecordKind = kinds[resource]
    const [id = null, deeper] = below
    if (deeper !== undefined) throw new NotFound(`Resource '${deeper}' not found for service '${resource}'.`)
    if (kind.history) checkHistory(resource, request)
    if (resource === 'app') refuseAppPackages(request)
    if (id !== null && !kind.named && !/^\d{1,18}$/.test(id)) {
      // `admin` has children, so that an unknown name is one of those.
      throw new NotFound(
        resource === 'admin'
          ? `Resource '${id}' not found for service 'admin'.`
          : `Record with identifier '${id}' not found.`,
      )
    }
    const { query, withCounters } = withoutCounters(resource, queryFor(resource, request))
    if (withCounters) await this.#deps.limits.look()
    const verb = request.verb === 'PUT' ? ('PATCH' as const) : request.verb
    const asked = invited(resource, { ...request, verb, query })
    const target = await this.#target(resource, id, request, withCounters)
    checkRelations(target.view, asked)
    const reply = await handleRecords(target, asked, signal).catch((thrown: unknown) => {
      throw unknownIds(thrown, kind, asked)
    })
    const shown = request.verb === 'GET' ? withoutPaging(reply, request) : reply
    if (resource !== 'service' || verb === 'DELETE' || !booleanOption(request.query.get('test'))) return shown
    const { tools, service } = this.#deps
    return withStates(shown, { snapshot: tools.snapshot, service, wrapperName: request.output.wrapperName }, signal)
  }

  async #target(
    resource: RecordResource,
    id: string | null,
    request: ApiRequest,
    withCounters: boolean,
  ): Promise<RecordTarget> {
    const { tools, maxRecords, maxFilterTerms } = this.#deps
    const own = kinds[resource].table
    const table = await tools.records.catalog.table(own)
    if (table === null) throw new Error(`the system store has no table '${own}'`)
    const { caller } = request
    return {
      store: tools.records,
      view: this.#ownView(resource, table, request, id !== null),
      id,
      rules: { ...defaultRules, maxRecords, maxFilterTerms, writesRelated: false, keyOrder: true },
      serviceId: null,
      viewOf: (related, verb) => this.#relatedView(own, related, verb, caller),
      modelOf: (of) => this.#model(resource, of, withCounters),
    }
  }

  #model(resource: RecordResource, table: Table, withCounters: boolean): RecordModel | null {
    const { name } = table
    const found = this.#models.get(modelName(resource, name, withCounters)) ?? null
    if (name === 'audit_log' || name === 'service_report') return found
    return audited(withRelated(found, systemTable(table)), name, this.#deps.tools)
  }

  /** A face of the user table shows its own accounts. By id a write looks further, to say why it refuses (control-plane 1.1). */
  #ownView(resource: RecordResource, table: Table, { verb, caller }: ApiRequest, byId: boolean): TableView {
    if (resource === 'lookup') return viewOfTable(table, withoutOwner).without(ownersOfLookups)
    const view = viewOfTable(table)
    if (resource === 'service' && !caller.admin && verb === 'GET')
      return view.narrowed(namedServices(caller, this.#deps.tools.snapshot()))
    if (table.name !== 'user' || (byId && verb !== 'GET')) return view
    return viewOfTable(table, sysAdminIs(resource === 'admin'))
  }

  /** Rows of a record's own children are seen with it; other records need a right on their resource. */
  #relatedView(parent: string, table: Table, verb: Verb, caller: Caller): TableView {
    const { maskOf } = this.#deps
    const resource = ownResource[table.name]
    if (resource !== undefined && !caller.admin && (maskOf(caller, resource) & verbBits[verb]) === 0) {
      throw new Forbidden(
        `${verb[0]}${verb.slice(1).toLowerCase()} access to component '${resource}' of service 'system' is not allowed by this user's role.`,
      )
    }
    if (table.name === 'user' && !caller.admin) return viewOfTable(table, sysAdminIs(false))
    if (table.name !== 'lookup') return viewOfTable(table)
    return viewOfTable(table).without(ownersOfLookups.filter((column) => column !== `${parent}_id`))
  }
}

/** One table may have several models: by the face of a user, by the owner of a lookup. */
function modelName(resource: RecordResource, table: string, withCounters: boolean): string {
  if (table === 'user' && resource === 'admin') return 'admin'
  if (table === 'lookup' && resource === 'lookup') return "the system's lookup"
  return table === 'limits' && withCounters ? 'limits with counters' : table
}

/** An id in a list that is no number names nothing, as one in the path does (control-plane 4.1). */
function unknownIds(thrown: unknown, kind: RecordKind, { query }: ApiRequest): unknown {
  if (!(thrown instanceof ApiError) || kind.named || !isMembers(thrown.context)) return thrown
  const { resource = null } = thrown.context
  const ids = parseOptions(query, null, true).ids ?? []
  const isWrong = (at: number): boolean => ids[at] !== undefined && !/^\d+$/.test(String(ids[at]))
  if (!Array.isArray(resource) || !resource.some((_, at) => isWrong(at))) return thrown
  const told = resource.map((entry: Json, at) =>
    isWrong(at) && isMembers(entry) && entry.code === 400
      ? { ...entry, code: 404, message: `Record with identifier '${String(ids[at])}' not found.`, status_code: 404 }
      : entry,
  )
  return new BadRequest(thrown.message, { code: thrown.code, context: { ...thrown.context, resource: told } })
}

/** An invitation alone is a change too (control-plane 1.9), though it brings no field. */
function invited(resource: RecordResource, request: ApiRequest): ApiRequest {
  const { body, query, verb } = request
  if (kinds[resource].table !== 'user' || verb !== 'PATCH' || !booleanOption(query.get('send_invite'))) return request
  const isEmpty = body.kind === 'none' || (body.kind === 'value' && isMembers(body.value) && !hasMembers(body.value))
  return isEmpty ? { ...request, body: { kind: 'value', value: { send_invite: true }, typed: true } } : request
}

const hasMembers = (value: Members): boolean => Object.keys(value).length > 0

/** What was done is read by full administrators, and written by nobody. */
function checkHistory(resource: RecordResource, { verb, caller }: ApiRequest): void {
  if (verb !== 'GET') throw noSuchVerb(verb === 'PUT' ? 'PATCH' : verb, resource)
  if (!caller.admin) throw new Forbidden(`Access Forbidden. '${resource}' is for full administrators.`)
}

/** Whether or not there is a record (control-plane 4.1). */
function checkRelations(view: TableView, { query }: ApiRequest): void {
  const { related } = parseOptions(query, null, true)
  if (related === 'all') return
  const there = new Set(view.relations.map((relation) => nameOf(relation).toLowerCase()))
  const unknown = related.find((name) => !there.has(name))
  if (unknown !== undefined) throw new BadRequest(`Unknown relationship: ${unknown}`)
}

/**
 * `as_list` lists identifiers here; `config` among the fields brings `id` and `type` along (control-plane 4.3); a delete that shows
 * the id alone is the default one, without computed fields.
 */
function queryFor(resource: RecordResource, { query, verb }: ApiRequest): ApiRequest['query'] {
  const made = new Map(query)
  const kind: RecordKind = kinds[resource]
  if (!made.has('id_field')) made.set('id_field', kind.named ? 'name' : 'id')
  const given = made.get('fields')
  if (typeof given !== 'string') return made
  const fields = withoutComputed(kind.table, given)
  made.set('fields', fields)
  if (resource === 'service' && booleanOption(query.get('test')) && !/(^|,)\s*(id|\*)\s*(,|$)/i.test(fields))
    made.set('fields', `id,${fields}`)
  if (resource === 'service' && /(^|,)\s*config\s*(,|$)/i.test(fields)) made.set('fields', `id,type,${fields}`)
  if (verb === 'DELETE' && fields.trim() === 'id' && !made.has('related')) made.delete('fields')
  return made
}

/** Computed fields come with every record, so that asking for them changes nothing. */
const computed: { readonly [table: string]: readonly string[] } = {
  user: ['confirmed', 'expired'],
  app: ['launch_url'],
}

function withoutComputed(table: string, fields: string): string {
  const always = computed[table] ?? []
  const names = fields.split(',').map((name) => name.trim())
  const others = names.filter((name) => !always.includes(name.toLowerCase()))
  return others.length === names.length ? fields : others.length === 0 ? 'id' : others.join(',')
}

/** Counters of limits are no table: their relation is taken out of what the engine is asked (control-plane 10.4). */
function withoutCounters(
  resource: RecordResource,
  query: ApiRequest['query'],
): { readonly query: ApiRequest['query']; readonly withCounters: boolean } {
  const related = query.get('related')
  if (resource !== 'limit' || typeof related !== 'string') return { query, withCounters: false }
  const names = related.split(',').map((name) => name.trim())
  const others = names.filter((name) => name.toLowerCase() !== counters)
  const made = new Map(query)
  if (others.length === 0) made.delete('related')
  else made.set('related', others.join(','))
  const withCounters = names.includes('*') || others.length < names.length
  // Without a relation left a write would answer the id alone.
  if (withCounters && !made.has('related') && !made.has('fields')) made.set('fields', '*')
  return { query: made, withCounters }
}

/** Lists of the system have no `next`, and a count only where it was asked for. */
function withoutPaging(reply: ApiReply, { query, output }: ApiRequest): ApiReply {
  if (reply.body.kind !== 'value') return reply
  const { value } = reply.body
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('meta' in value)) return reply
  const { meta, ...list } = value as { readonly [name: string]: Json }
  const { next: _next, count, ...rest } = meta as { readonly [name: string]: Json }
  const isAsked = booleanOption(query.get('include_count'))
  const kept = { ...(isAsked && count !== undefined ? { count } : {}), ...rest }
  const bare = Object.keys(kept).length === 0
  const body = !bare ? { ...list, meta: kept } : output.wrapper === null ? (list[output.wrapperName] ?? []) : list
  return { ...reply, body: { kind: 'value', value: body } }
}
