/**
 * The resources that are records: role, app, user, admin and service, over the record engine. Here is decided what a caller may see
 * of the tables behind them; what a record does beyond its row is its model's.
 */

import {
  booleanOption,
  type Filter,
  handleRecords,
  labelOf,
  nameOf,
  parseOptions,
  type RecordModel,
  type RecordTarget,
  type Relation,
  relationName,
  type Table,
  type TableView,
  viewOfEverything,
} from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Caller,
  Forbidden,
  type Json,
  NotFound,
  type Verb,
  verbBits,
} from 'dataferry/sdk'
import { appModel, lookupModel } from '../models/app-model.ts'
import { accessModel, assignmentModel, roleModel } from '../models/role-model.ts'
import { concealedOfService, serviceModel } from '../models/service-model.ts'
import type { ModelTools } from '../models/tools.ts'
import { concealedOfUser, userModel } from '../models/user-model.ts'

export type RecordResource = 'admin' | 'app' | 'role' | 'service' | 'user'

/** The table of each resource. */
const tables: { readonly [R in RecordResource]: string } = {
  admin: 'user',
  app: 'app',
  role: 'role',
  service: 'service',
  user: 'user',
}

export const isRecordResource = (name: string): name is RecordResource => Object.hasOwn(tables, name)

const concealed: { readonly [table: string]: readonly string[] } = {
  user: concealedOfUser,
  service: concealedOfService,
  lookup: ['scope_key'],
}

/** Columns that hold the owner: of lookups, the one that a relation goes by is shown, the others are not. */
const owners = ['app_id', 'role_id', 'user_id']

/** What clients never write: the key, and flags that only the server sets. */
const readOnly: { readonly [table: string]: readonly string[] } = { service: ['mutable', 'deletable'] }

export interface RecordsDeps {
  readonly tools: ModelTools
  readonly maxRecords: number
  readonly maxFilterTerms: number
  /** The mask that a caller has on a resource of the system service. */
  readonly maskOf: (caller: Caller, resource: string) => number
}

export class RecordResources {
  readonly #deps: RecordsDeps
  readonly #models: { readonly [table: string]: RecordModel }
  readonly #faces: { readonly [face in 'user' | 'admin']: RecordModel }

  constructor(deps: RecordsDeps) {
    const { tools } = deps
    this.#deps = deps
    this.#faces = { user: userModel('user', tools), admin: userModel('admin', tools) }
    this.#models = {
      app: appModel(tools),
      lookup: lookupModel(tools),
      role: roleModel(tools),
      role_service_access: accessModel(tools),
      service: serviceModel(tools),
      user_to_app_to_role: assignmentModel(tools),
    }
  }

  /** `below`: the segments after the resource. PUT is PATCH here (control-plane 4.1). */
  async handle(
    resource: RecordResource,
    below: readonly string[],
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiReply> {
    const [id = null, deeper] = below
    if (deeper !== undefined) throw new NotFound(`Resource '${deeper}' not found for service '${resource}'.`)
    if (id !== null && !/^\d{1,18}$/.test(id)) {
      // `admin` has children, so that an unknown name is one of those.
      throw new NotFound(
        resource === 'admin'
          ? `Resource '${id}' not found for service 'admin'.`
          : `Record with identifier '${id}' not found.`,
      )
    }
    const target = await this.#target(resource, id, request)
    checkRelations(target.view, request)
    const asked = {
      ...request,
      verb: request.verb === 'PUT' ? ('PATCH' as const) : request.verb,
      query: queryFor(resource, request),
    }
    const reply = await handleRecords(target, asked, signal)
    return request.verb === 'GET' ? withoutPaging(reply, request) : reply
  }

  async #target(resource: RecordResource, id: string | null, request: ApiRequest): Promise<RecordTarget> {
    const { tools, maxRecords, maxFilterTerms } = this.#deps
    const face = resource === 'admin' ? 'admin' : 'user'
    const table = await tools.records.catalog.table(tables[resource])
    if (table === null) throw new Error(`the system store has no table '${tables[resource]}'`)
    const { caller } = request
    return {
      store: tools.records,
      view: this.#ownView(resource, table, request, id !== null),
      id,
      rules: { maxRecords, allowUpsert: false, maxFilterTerms, keyOrder: true },
      serviceId: null,
      viewOf: (related, verb) => this.#relatedView(tables[resource], related, verb, caller),
      modelOf: (of) => (of.name === 'user' ? this.#faces[face] : (this.#models[of.name] ?? null)),
    }
  }

  /** A face of the user table shows its own accounts. By id a write looks further, to say why it refuses (control-plane 1.1). */
  #ownView(resource: RecordResource, table: Table, { verb, caller }: ApiRequest, byId: boolean): TableView {
    const view = viewOfTable(table)
    if (resource === 'service' && !caller.admin && verb === 'GET')
      return view.narrowed(namedServices(caller, this.#deps.tools))
    if (tables[resource] !== 'user' || (byId && verb !== 'GET')) return view
    return viewOfTable(table, sysAdminIs(resource === 'admin'))
  }

  /** Rows of a record's own children are seen with it; other records need a right on their resource. */
  #relatedView(parent: string, table: Table, verb: Verb, caller: Caller): TableView {
    const { maskOf } = this.#deps
    if (isRecordResource(table.name) && !caller.admin && (maskOf(caller, table.name) & verbBits[verb]) === 0) {
      throw new Forbidden(
        `${verb[0]}${verb.slice(1).toLowerCase()} access to component '${table.name}' of service 'system' is not allowed by this user's role.`,
      )
    }
    if (table.name === 'user' && !caller.admin) return viewOfTable(table, sysAdminIs(false))
    if (table.name !== 'lookup') return viewOfTable(table)
    return viewOfTable(table).without(owners.filter((column) => column !== `${parent}_id`))
  }
}

/** The table without what is concealed from every client. */
function viewOfTable(table: Table, only: Filter | null = null): TableView {
  const view = viewOfEverything(systemTable(table))
  const narrowed = only === null ? view : view.narrowed(only)
  return narrowed.without([], readOnly[table.name] ?? []).concealing(concealed[table.name] ?? [])
}

const known = new WeakMap<Table, Table>()

/** The relations that the contract has: no lookup between its owners, but who made and changed a record. */
function systemTable(table: Table): Table {
  const made = known.get(table)
  if (made !== undefined) return made
  const authors = ['created_by_id', 'last_modified_by_id'].filter((name) =>
    table.columns.some((each) => each.name === name),
  )
  const system: Table = { ...table, relations: [...table.relations.filter(isOfContract), ...authors.map(byUser)] }
  known.set(table, system)
  return system
}

/** `user_by_created_by_id`: the id may outlive its user, so that it is no foreign key. */
function byUser(column: string): Relation {
  const name = relationName('user', [column])
  return {
    name,
    alias: null,
    label: labelOf(name),
    description: null,
    type: 'belongs_to',
    isVirtual: false,
    fields: [column],
    refServiceId: null,
    refTable: 'user',
    refFields: ['id'],
    onUpdate: null,
    onDelete: null,
    junction: null,
    alwaysFetch: false,
    native: [],
  }
}

/** A lookup is no junction between its owners. */
const isOfContract = (relation: Relation): boolean =>
  relation.junction?.table !== 'lookup' && relation.junction?.table !== 'app'

const sysAdminIs = (isAdmin: boolean): Filter => ({
  kind: 'compare',
  op: '=',
  left: { kind: 'column', column: 'is_sys_admin' },
  right: { kind: 'value', value: { kind: 'text', text: String(isAdmin), quoted: false } },
})

/** Of services, restricted callers see those that their role names (control-plane 3.5). */
function namedServices(caller: Caller, { snapshot }: ModelTools): Filter {
  const rules = caller.role?.isActive ? caller.role.rules : new Map<string, unknown>()
  const services = [...snapshot().services.values()].filter(
    (service) => rules.has('') || rules.has(service.name.toLowerCase()),
  )
  const ids = services.length === 0 ? ['0'] : services.map((service) => String(service.id))
  return {
    kind: 'in',
    left: { kind: 'column', column: 'id' },
    list: ids.map((text) => ({ kind: 'text', text, quoted: false }) as const),
  }
}

/** Whether or not there is a record (control-plane 4.1). */
function checkRelations(view: TableView, { query }: ApiRequest): void {
  const { related } = parseOptions(query, null, true)
  if (related === 'all') return
  const there = new Set(view.relations.map((relation) => nameOf(relation).toLowerCase()))
  const unknown = related.find((name) => !there.has(name))
  if (unknown !== undefined) throw new BadRequest(`Unknown relationship: ${unknown}`)
}

/** `as_list` lists ids here; `config` among the fields brings `id` and `type` along (control-plane 4.3). */
function queryFor(resource: RecordResource, { query }: ApiRequest): ApiRequest['query'] {
  const more = new Map<string, Json>()
  if (!query.has('id_field')) more.set('id_field', 'id')
  const fields = query.get('fields')
  if (resource === 'service' && typeof fields === 'string' && /(^|,)\s*config\s*(,|$)/i.test(fields))
    more.set('fields', `id,type,${fields}`)
  return more.size === 0 ? query : new Map([...query, ...more])
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
