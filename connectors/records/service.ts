/**
 * A RecordStore as a Service: `_table` and `_schema` of a database (data-plane 1.3, 1.5, 1.7, 3.1). Policy is asked for each table
 * that a request touches, by the name that roles use.
 */
import {
  type Ability,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Caller,
  type ConfigValues,
  type Json,
  NotFound,
  type OpenApiAsked,
  type OpenApiPart,
  type Policy,
  type Role,
  type Rule,
  type Service,
  type ServiceHost,
  type Verb,
  type Vitals,
  verbBits,
} from 'dataferry/sdk'
import { describeSummary } from './catalog/describe.ts'
import { type ExtendedCatalog, noExtras } from './catalog/extended.ts'
import { nameOf, type Relation, type Table, type TableSummary } from './catalog/types.ts'
import { Discretion } from './discreet.ts'
import { identifierList, projectList } from './lists.ts'
import { describeRecords } from './openapi/describe.ts'
import { parseOptions, type RecordOptions } from './options.ts'
import { payloadOf, wrapList } from './payload.ts'
import { allFields } from './plan/fields.ts'
import { asRows, planRead } from './plan/read.ts'
import { isPlainRead, PointReads, revalidated } from './point.ts'
import { type End, endsOf, Neighbours } from './relate/neighbours.ts'
import { noAccess } from './relate/read.ts'
import type { RelatedTables } from './relate/tables.ts'
import { PlanWatch, RepeatedReads, repeatedReply } from './repeated.ts'
import { handleRecords } from './resource.ts'
import { handleRoutines, routineResources } from './routine/resource.ts'
import type { Routines } from './routine/types.ts'
import { extendedCatalog, extrasKeeper, withCatalog } from './schema/keeper.ts'
import { type SchemaWriteTarget, writeSchema } from './schema/write.ts'
import { describe, handleSchema, oneField, oneRelation } from './schema.ts'
import { withFreshCatalog } from './stale.ts'
import { type RecordStore, RecordStoreAbility, type Row } from './store.ts'
import { defaultRules, type RecordRules, type RecordTarget } from './target.ts'
import { rowsOf } from './values.ts'
import { realColumn, type TableView, viewOf } from './view.ts'

export interface RecordServiceOptions {
  readonly host: ServiceHost
  /** `allow_upsert` and `max_records` are read; the rest is the connector's. */
  readonly config: ConfigValues
}

/** Serves the store's tables. Closing the service closes the store. */
export const recordService = (store: RecordStore, options: RecordServiceOptions): RecordService =>
  new RecordService(store, options)

const resources: readonly Row[] = [
  { name: '_schema', label: 'Schema Table' },
  { name: '_table', label: 'Table' },
]

const everyTable: OpenApiAsked = { tables: 'schemas', only: null, refresh: false }

export class RecordService implements Service {
  readonly #store: RecordStore
  /** The catalog with the extras of the system store; null: nobody keeps any. */
  readonly #extended: ExtendedCatalog | null
  readonly #host: ServiceHost
  readonly #rules: RecordRules
  readonly #modifiers: ReadonlySet<string>
  readonly #points = new PointReads()
  readonly #neighbours: Neighbours
  /** The same store for callers from whom fields are hidden. */
  readonly #careful: RecordStore
  readonly #repeated = new RepeatedReads()

  constructor(store: RecordStore, { host, config }: RecordServiceOptions) {
    this.#extended = extrasKeeper(host) === null ? null : extendedCatalog(store.catalog, host)
    this.#store = this.#extended === null ? store : withCatalog(store, this.#extended)
    this.#neighbours = new Neighbours(this.#store.catalog, host.service.id, async (id) => {
      const other = await host.other(id, RecordStoreAbility)
      return other.catalog
    })
    this.#careful = withCatalog(this.#store, this.#neighbours.catalog)
    this.#host = host
    this.#rules = rulesOf(config, host)
    this.#modifiers = new Set(host.settings.api.lookupModifiers)
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const [resource, table, id] = request.path
    if (resource === undefined) return this.#root(request)
    if (resource === '_table') {
      if (table === undefined) return this.#tables(request)
      return withFreshCatalog(this.#store.catalog, () => this.#records(request, table, id ?? null, signal))
    }
    if (resource === '_schema') return this.#schema(request, signal)
    const routine = routineResources.find(({ name }) => name === resource)
    if (routine !== undefined && this.#store.routines)
      return this.#routines(request, routine, this.#store.routines, signal)
    throw new NotFound(`Resource '${resource}' not found for service '${this.#name}'.`)
  }

  /** What a role may name, in the order of the list (control-plane 3.6). */
  async resources(request: ApiRequest): Promise<readonly string[]> {
    const tables = await this.#listed(request)
    const names = tables.map((table) => ({ _schema: table.name, _table: nameOf(table) }))
    const components = ['', '*']
    for (const resource of ['_schema', '_table'] as const) {
      components.push(`${resource}/`, `${resource}/*`)
      for (const name of names) components.push(`${resource}/${name[resource]}/`, `${resource}/${name[resource]}/*`)
    }
    for (const { name, kind } of this.#store.routines ? routineResources : []) {
      const routines = await this.#store.routines?.list(kind)
      components.push(`${name}/`, `${name}/*`, ...(routines ?? []).map((routine) => `${name}/${routine.name}`))
    }
    return components
  }

  describe(caller: Caller, asked: OpenApiAsked = everyTable): Promise<OpenApiPart> {
    return describeRecords(
      {
        store: this.#storeFor(caller),
        name: this.#name,
        wrapper: this.#host.settings.api.wrapper,
        policy: (table, verb) => this.#host.policyFor(caller, this.#name, `_table/${table}`, verb),
        mask: (component) => this.#mask(caller, component),
        view: (table, policy) => this.#seen(table, policy, caller),
        definition: (table) => this.#schemaView(table, caller),
      },
      asked,
    )
  }

  ability<T>(wanted: Ability<T>): T | undefined {
    return wanted.name === RecordStoreAbility.name ? (this.#store as T) : undefined
  }

  /** What tables there are is asked anew. */
  async probe(): Promise<void> {
    this.#store.catalog.refresh()
    await this.#store.catalog.list()
  }

  vitals(): Vitals {
    return this.#store.vitals?.() ?? {}
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  get #name(): string {
    return this.#host.service.name
  }

  async #root(request: ApiRequest): Promise<ApiReply> {
    const options = this.#listOptions(request, this.#name)
    const { caller, output } = request
    if (booleanIn(request, 'as_access_list')) {
      const allowed = (await this.resources(request)).filter(
        (component) => this.#mask(caller, roleComponent(component)) !== 0,
      )
      return ok(wrapList({ ...output, wrapper: output.wrapper ?? output.wrapperName }, allowed))
    }
    const all = this.#store.routines
      ? [...resources, ...routineResources.map(({ name, label }) => ({ name, label }))]
      : resources
    const visible = all.filter((each) => this.#reaches(caller, String(each.name)))
    const rows = visible.map((each) => ({ ...each, ...this.#accessOf(request, options, String(each.name)) }))
    return ok(wrapList(output, projectList(rows, options)))
  }

  /** A caller who may do anything below a resource sees it. */
  #reaches(caller: Caller, resource: string): boolean {
    if (this.#mask(caller, resource) !== 0 || caller.role === null) return this.#mask(caller, resource) !== 0
    const below = `${resource}/`
    const rules = caller.role.rules.get(this.#name.toLowerCase()) ?? []
    const counts = ({ requestors }: { readonly requestors: number }): boolean =>
      (requestors & (caller.requestor === 'script' ? 2 : 1)) !== 0
    return (
      caller.role.isActive && rules.some((rule) => rule.verbs !== 0 && counts(rule) && rule.component.startsWith(below))
    )
  }

  async #tables(request: ApiRequest): Promise<ApiReply> {
    const options = this.#listOptions(request, '_table')
    const wanted = options.ids === null ? null : new Set(options.ids.map(String))
    const rows = (await this.#listed(request))
      .filter((table) => wanted === null || wanted.has(nameOf(table)))
      .filter((table) => this.#mask(request.caller, `_table/${nameOf(table)}`) !== 0)
      .map((table) => ({
        ...describeSummary(table, 'alias'),
        access: this.#verbs(request.caller, `_table/${nameOf(table)}`),
      }))
    if (options.asList) return ok(wrapList(request.output, identifierList(rows, options.idField ?? ['name'])))
    const shown = projectList(rows, options) as readonly Row[]
    const access = booleanIn(request, 'include_access')
    const list = access ? shown.map((row, index) => ({ ...row, access: rows[index]?.access ?? [] })) : shown
    return ok(wrapList(request.output, list))
  }

  async #schema(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const { caller } = request
    const { structure = false } = this.#store.can
    return handleSchema(request, {
      catalog: this.#storeFor(caller).catalog,
      serviceName: this.#name,
      serviceId: this.#host.service.id,
      tables: () => this.#listed(request),
      mask: (table) => this.#mask(caller, `_schema/${table}`),
      verbs: (table) => this.#verbs(caller, `_schema/${table}`),
      view: (table) => this.#schemaView(table, caller),
      options: () => this.#listOptions(request, '_schema'),
      sample: (table, limit) => {
        const view = this.#view(table, caller, 'GET', nameOf(table))
        const planned = planRead({ view, columns: allFields(view), limit, result: asRows })
        return rowsOf(this.#storeFor(caller).read(planned), signal)
      },
      write: structure ? () => this.#writeSchema(request, signal) : null,
    })
  }

  async #writeSchema(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const { caller } = request
    const { id } = this.#host.service
    const mask = (table: string): number => this.#mask(caller, `_schema/${table}`)
    const view = (table: Table): TableView => this.#schemaView(table, caller)
    const viewNamed = async (name: string): Promise<TableView | null> => {
      const table = await this.#storeFor(caller).catalog.realTable(name)
      return table === null ? null : view(table)
    }
    const target: SchemaWriteTarget = {
      store: this.#store,
      serviceName: this.#name,
      services: {
        serviceId: id,
        idOf: (name) => this.#host.serviceId?.(name) ?? null,
        nameOf: (other) => this.#host.serviceName(other),
      },
      keeper: this.#extended === null ? null : extrasKeeper(this.#host),
      extras: async (table) => (await this.#extended?.extras(table)) ?? noExtras,
      mask,
      view,
      async describeTable(name) {
        const found = await viewNamed(name)
        return found === null ? null : describe(found, { serviceId: id, mask })
      },
      async describeField(table, name) {
        const found = await viewNamed(table)
        return found === null ? null : oneField(found, name)
      },
      async describeRelation(table, name) {
        const found = await viewNamed(table)
        return found === null ? null : oneRelation(found, name, id)
      },
    }
    const { members } = payloadOf(request.body, request.output)
    return writeSchema(request, target, parseOptions(request.query, members, false), signal)
  }

  #routines(
    request: ApiRequest,
    { name, kind }: (typeof routineResources)[number],
    routines: Routines,
    signal: AbortSignal,
  ): Promise<ApiReply> {
    const { caller, verb } = request
    return handleRoutines(
      request,
      kind,
      {
        routines,
        serviceName: this.#name,
        lookups: {
          lookup: (asked) => (Object.hasOwn(caller.lookups, asked) ? caller.lookups[asked] : undefined),
          modifiers: this.#modifiers,
        },
        mask: (component) => this.#mask(caller, component),
        verbs: (component) => this.#verbs(caller, component),
        options: () => this.#listOptions(request, name),
        unsupported: () => unsupported(verb, name),
      },
      signal,
    )
  }

  /** What is hidden from the records of a table is hidden from its description too. */
  #schemaView(table: Table, caller: Caller): TableView {
    const schema = this.#host.policyFor(caller, this.#name, `_schema/${table.name}`, 'GET')
    const records = this.#host.policyFor(caller, this.#name, `_table/${nameOf(table)}`, 'GET')
    return viewOf(table, schema, caller, this.#modifiers, this.#meets(caller)).without(records.hidden)
  }

  async #records(request: ApiRequest, name: string, id: string | null, signal: AbortSignal): Promise<ApiReply> {
    const known = this.#storeFor(request.caller)
    const tables = namesNoRelation(request) ? (known.catalog.bare ?? known.catalog) : known.catalog
    const found = tables.table(name)
    const table = found instanceof Promise ? await found : found
    if (table === null) throw new NotFound(`Table "${name}" does not exist in the database.`)
    const { verb } = request
    const policy = this.#policy(table, request.caller, verb, name)
    if (isPlainRead(request, id)) {
      const reply = this.#points.read(known, table, policy, id, () => this.#seen(table, policy, request.caller))
      if (reply !== null) return reply
    }
    const listing = this.#repeated.listing(known, request, id, table, policy)
    if (listing !== null && listing.planned !== null) return repeatedReply(known, listing.planned)
    const watch = listing === null ? null : new PlanWatch(known, request.caller)
    const { store, caller } = watch ?? { store: known, caller: request.caller }
    const discretion = new Discretion()
    const target: RecordTarget = {
      store,
      view: discretion.over(this.#seen(table, policy, caller)),
      id,
      rules: this.#rules,
      serviceId: this.#host.service.id,
      serviceName: this.#name,
      viewOf: (related, asked) => discretion.over(this.#view(related, caller, asked, nameOf(related))),
      other: (serviceId) => {
        watch?.personal()
        return this.#otherTables(serviceId, caller, discretion)
      },
      discretion,
      modelOf: () => null,
    }
    try {
      const reply = await handleRecords(target, request, signal)
      if (verb !== 'GET') return reply
      if (listing !== null && watch !== null) this.#repeated.keep(listing, watch.planOf(reply))
      return { ...reply, headers: revalidated }
    } catch (error) {
      throw discretion.of(error)
    }
  }

  /** Throws Forbidden for a caller without the verb on the table (control-plane 3.3: a call by id needs both). */
  #policy(table: Table, caller: Caller, verb: Verb, named: string): Policy {
    const policy = this.#host.policyFor(caller, this.#name, `_table/${nameOf(table)}`, verb)
    if ((policy.verbs & verbBits[verb]) === 0) throw noAccess(verb, `_table/${named}`, this.#name)
    return policy
  }

  #view(table: Table, caller: Caller, verb: Verb, named: string): TableView {
    return this.#seen(table, this.#policy(table, caller, verb, named), caller)
  }

  #seen(table: Table, policy: Policy, caller: Caller): TableView {
    return viewOf(table, policy, caller, this.#modifiers, this.#meets(caller))
  }

  /** The tables of another service with records, as the caller may use them there. Throws NotFound, ServiceUnavailable. */
  async #otherTables(serviceId: number, caller: Caller, discretion: Discretion): Promise<RelatedTables> {
    const store = await this.#host.other(serviceId, RecordStoreAbility)
    const service = this.#host.serviceName(serviceId) ?? ''
    const { maxRecords, maxRelatedDepth, maxFilterTerms } = this.#rules
    return {
      store,
      catalog: store.catalog,
      serviceId,
      name: service,
      maxRecords,
      maxDepth: maxRelatedDepth,
      maxFilterTerms,
      view: (table, verb = 'GET') => {
        const component = `_table/${nameOf(table)}`
        const policy = this.#host.policyFor(caller, service, component, verb)
        if ((policy.verbs & verbBits[verb]) === 0) throw noAccess(verb, component, service)
        return discretion.over(viewOf(table, policy, caller, this.#modifiers))
      },
      model: () => null,
      other: (id) => this.#otherTables(id, caller, discretion),
    }
  }

  /** Relations to hidden columns are not there; undefined: all are. */
  #meets(caller: Caller): ((relation: Relation) => boolean) | undefined {
    const { role } = caller
    if (caller.admin || (role !== null && hidingIn(role).size === 0)) return undefined
    return (relation) => !endsOf(relation).some((end) => this.#hides(caller, end))
  }

  #hides(caller: Caller, end: End): boolean {
    const { id, name: own } = this.#host.service
    const service = end.serviceId === null || end.serviceId === id ? own : this.#host.serviceName(end.serviceId)
    if (service === null || (caller.role !== null && !hidingIn(caller.role).has(service.toLowerCase()))) return false
    const table = this.#neighbours.tableAt(end)
    // It could be any of those of which something is hidden.
    if (table === undefined) return true
    if (table === null) return false
    const { hidden } = this.#host.policyFor(caller, service, `_table/${nameOf(table)}`, 'GET')
    if (hidden.size === 0) return false
    const named = end.fields.map((field) => nameOf(realColumn(table, field) ?? { name: field, alias: null }))
    return [...end.fields, ...named].some((name) => hidden.has(name.toLowerCase()))
  }

  /** Who may not see everything sees of a table what the tables beside it allow. */
  #storeFor({ admin, role }: Caller): RecordStore {
    return admin || (role !== null && hidingIn(role).size === 0) ? this.#store : this.#careful
  }

  async #listed(request: ApiRequest): Promise<readonly TableSummary[]> {
    if (booleanIn(request, 'refresh')) {
      this.#store.catalog.refresh()
      this.#store.routines?.refresh()
    }
    const schema = request.query.get('schema')
    const tables = await this.#store.catalog.list()
    return typeof schema === 'string' && schema !== '' ? tables.filter((table) => table.schema === schema) : tables
  }

  /** Throws BadRequest for a verb that a list does not have (data-plane 1.7). */
  #listOptions(request: ApiRequest, level: string): RecordOptions {
    if (request.verb !== 'GET') throw unsupported(request.verb, level)
    const { members } = payloadOf(request.body, request.output)
    return parseOptions(request.query, members, true)
  }

  #accessOf(request: ApiRequest, options: RecordOptions, component: string): Row {
    const shown = booleanIn(request, 'include_access') && !options.asList
    return shown ? { access: this.#verbs(request.caller, component) } : {}
  }

  #mask(caller: Caller, component: string): number {
    return this.#host.maskFor(caller, this.#name, component)
  }

  #verbs(caller: Caller, component: string): readonly Json[] {
    return verbsOf(this.#mask(caller, component))
  }
}

/** Services of which a role hides fields, by its object, which never changes. */
const hiding = new WeakMap<Role, ReadonlySet<string>>()

function hidingIn(role: Role): ReadonlySet<string> {
  const known = hiding.get(role)
  if (known !== undefined) return known
  const hides = ({ fields }: Rule): boolean => (fields?.hidden.size ?? 0) > 0
  const services = new Set([...role.rules].filter(([, rules]) => rules.some(hides)).map(([service]) => service))
  hiding.set(role, services)
  return services
}

/** The names of a mask's verbs (data-plane 2.5). */
export const verbsOf = (mask: number): readonly Verb[] =>
  (Object.entries(verbBits) as [Verb, number][]).filter(([, bit]) => (mask & bit) !== 0).map(([verb]) => verb)

/** data-plane 1.7: a level without a resource has no handler for the verb. */
export const unsupported = (verb: Verb, level: string): BadRequest =>
  new BadRequest(`${verb} requests without a resource are not currently supported by the '${level}' service.`)

const ok = (value: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value } })

/** A read that shows no related records, and compares with none. */
function namesNoRelation({ verb, query, body }: ApiRequest): boolean {
  if (verb !== 'GET' || body.kind !== 'none') return false
  for (const [name, value] of query) {
    if (name === 'related' || name === 'include_schema' || name.includes('.')) return false
    // A path to a related field has a dot.
    if (typeof value === 'string' ? value.includes('.') : typeof value === 'object') return false
  }
  return true
}

/** `_table/contact/` and `_table/contact/*` ask about the table. */
const roleComponent = (component: string): string => component.replace(/\/?\*?$/, '')

const truths: ReadonlySet<string> = new Set(['true', '1', 'yes', 'y', 't', 'on'])
const booleanIn = ({ query }: ApiRequest, name: string): boolean =>
  truths.has(
    String(query.get(name) ?? '')
      .trim()
      .toLowerCase(),
  )

function rulesOf(config: ConfigValues, host: ServiceHost): RecordRules {
  const { maxRecords, maxFilterTerms, maxRelatedDepth } = host.settings.records
  const own = Number(config.max_records ?? 0)
  return {
    ...defaultRules,
    maxRecords: Math.min(own > 0 ? Math.trunc(own) : defaultRules.maxRecords, maxRecords),
    maxFilterTerms,
    maxRelatedDepth,
    allowUpsert: config.allow_upsert === true || config.allow_upsert === 1 || config.allow_upsert === 'true',
  }
}
