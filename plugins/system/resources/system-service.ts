/** The service type `system`: which resource a request is for. */

import { booleanOption, isMembers, type Members, parseOptions, projectList, wrapList } from 'dataferry/records'
import {
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Body,
  type Caller,
  type Json,
  NotFound,
  type OpenApiAsked,
  type OpenApiPart,
  type Service,
  type ServiceHost,
  type ServiceRecord,
} from 'dataferry/sdk'
import { invitesOf } from '../mails/invites.ts'
import { outbox } from '../mails/outbox.ts'
import type { PackageDeps } from '../packages/deps.ts'
import type { System } from '../plugin.ts'
import { answer, noSuchVerb } from '../sessions/body.ts'
import { cache } from './cache.ts'
import { resources } from './catalogue.ts'
import { type ConfigPackageDeps, configPackage } from './config-package.ts'
import { CustomResource } from './custom.ts'
import { describeSystem } from './describe.ts'
import { environment } from './environment.ts'
import { events } from './events.ts'
import { importTable } from './import.ts'
import { limitCache } from './limit-cache.ts'
import { packages } from './package.ts'
import { isRecordResource, RecordResources } from './records.ts'
import { serviceTypes } from './service-type.ts'
import { seesService } from './visible.ts'

/** What may be read of a list at once. */
const readBudget = { bytes: 1 << 28, rows: 1_000_000 }

const accountResources = ['session', 'password', 'profile'] as const

export class SystemService implements Service {
  readonly #system: System
  readonly #host: ServiceHost
  readonly #records: RecordResources
  readonly #custom: CustomResource

  constructor(system: System, host: ServiceHost) {
    const { store, snapshot, accounts, limits, desk } = system
    const { settings } = system.host
    this.#system = system
    this.#host = host
    this.#custom = new CustomResource(store.tables)
    this.#records = new RecordResources({
      tools: {
        records: store.records,
        tables: store.tables,
        secrets: store.secrets,
        types: system.host.types(),
        accounts,
        snapshot: () => snapshot.current(),
        publish: () => snapshot.refresh(),
        confirmCodeTtlMinutes: settings.auth.confirmCodeTtlMinutes,
      },
      limits,
      invites: invitesOf(desk, settings),
      service: (name) => system.host.service(name),
      maxRecords: settings.records.maxRecords,
      maxFilterTerms: settings.records.maxFilterTerms,
      maskOf: (caller, resource) => this.#mask(caller, resource),
    })
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const [first, ...below] = request.path
    if (first === undefined) return this.#list(request)
    const name = first.toLowerCase()
    if (name === 'admin') {
      const account = accountResources.find((each) => each === below[0]?.toLowerCase())
      if (account !== undefined) return this.#account(account, below, request)
    }
    const isList = request.verb === 'GET' && below.length === 0
    if (name === 'custom' && !isList) {
      if (below[1] !== undefined) throw new NotFound(`Resource '${below[1]}' not found for service 'custom'.`)
      return this.#custom.ofSystem(below[0] ?? null, request)
    }
    if (isRecordResource(name)) return this.#records.handle(name, below, request, signal)
    return this.#other(name, first, below, request, signal)
  }

  /** The resources that are no records. */
  async #other(
    name: string,
    asked: string,
    below: readonly string[],
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiReply> {
    const { host, snapshot, store, accounts, limits, desk } = this.#system
    const wrap = (list: readonly Json[]): Json => wrapList(request.output, list)
    const [id] = below
    const deps = {
      snapshot: () => snapshot.current(),
      store: store.tables,
      types: host.types(),
      settings: host.settings,
      version: host.version,
      service: (service: string) => host.service(service),
      maskFor: host.maskFor,
      sees: (service: ServiceRecord) => seesService(request.caller, service.name),
    }
    switch (name) {
      case 'service_type':
        return serviceTypes(request, id, deps, wrap)
      case 'environment':
        return environment(request, deps)
      case 'cache':
        return cache(
          request,
          below,
          {
            ...deps,
            refresh: async () => {
              accounts.changed(null)
              await snapshot.refresh()
            },
          },
          wrap,
        )
      case 'event':
        return events(request, deps, wrap, signal)
      case 'constant':
        if (request.verb !== 'GET') throw noSuchVerb(request.verb === 'PUT' ? 'PATCH' : request.verb, 'constant')
        return answer(wrap([]))
      case 'limit_cache':
        return limitCache(request, id, limits, wrap)
      case 'outbox':
        return outbox(request, id, { store: store.tables, desk }, wrap)
      case 'package':
        return packages(
          request,
          { ...deps, secrets: store.secrets, call: host.call, ...this.#asking(request, signal) },
          signal,
        )
      case 'import':
        return importTable(request, { call: host.call, settings: host.settings }, signal)
      case 'config_package':
        return configPackage(request, { store: store.tables, ...this.#asking(request, signal) })
    }
    throw new NotFound(`Resource '${asked}' not found for service '${this.#host.service.name}'.`)
  }

  /** Requests of the same caller on the records, for what is made of them. */
  #asking(request: ApiRequest, signal: AbortSignal): Pick<ConfigPackageDeps, 'list'> & Pick<PackageDeps, 'ask'> {
    const ask: PackageDeps['ask'] = async (verb, path, body, query = new Map()) => {
      const sent: Body = verb === 'GET' ? { kind: 'none' } : { kind: 'value', value: body, typed: true }
      const reply = await this.handle({ ...request, verb, path, query, body: sent }, signal)
      return reply.body.kind === 'value'
        ? reply.body.value
        : reply.body.kind === 'rows'
          ? reply.body.rows.value(readBudget, signal)
          : null
    }
    const list = async (resource: 'service'): Promise<readonly Members[]> => {
      const shown = await ask('GET', [resource], null)
      const { wrapperName } = request.output
      const records = isMembers(shown) ? (shown[wrapperName] ?? []) : shown
      return Array.isArray(records) ? records.filter(isMembers) : []
    }
    return { ask, list }
  }

  async resources(): Promise<readonly string[]> {
    return accessList(true, () => true)
  }

  async describe(_caller: Caller, asked?: OpenApiAsked): Promise<OpenApiPart> {
    const views = asked?.tables === 'none' ? new Map() : await this.#records.views()
    return describeSystem(views, this.#system.host.settings.api.wrapper)
  }

  async close(): Promise<void> {}

  #account(
    resource: (typeof accountResources)[number],
    below: readonly string[],
    request: ApiRequest,
  ): Promise<ApiReply> {
    if (below[1] !== undefined) throw new NotFound(`Resource '${below[1]}' not found for service '${resource}'.`)
    return this.#system.sessions.handle(resource, 'admin', request)
  }

  async #list(request: ApiRequest): Promise<ApiReply> {
    const { name } = this.#host.service
    if (request.verb !== 'GET')
      throw new BadRequest(
        `${request.verb} requests without a resource are not currently supported by the '${name}' service.`,
      )
    const { caller } = request
    const sees = (resource: string): boolean => this.#mask(caller, resource) !== 0
    if (booleanOption(request.query.get('as_access_list'))) {
      return answer(wrapList(request.output, accessList(this.#mask(caller, '') !== 0, sees)))
    }
    const shown = resources
      .filter((each) => sees(each.name))
      .map(({ name: resource, label, description, singleton, readOnly }) => ({
        name: resource,
        label,
        description,
        class_name: resource,
        singleton,
        read_only: readOnly,
        subscription_required: null as Json,
      }))
    return answer(wrapList(request.output, projectList(shown, parseOptions(request.query, null, true))))
  }

  #mask(caller: Caller, resource: string): number {
    return this.#host.maskFor(caller, this.#host.service.name, resource)
  }
}

/** control-plane 3.6: each resource and what is below it; of compound names just the name. */
function accessList(root: boolean, sees: (name: string) => boolean): readonly string[] {
  const names = resources.map((each) => each.name)
  return [
    ...(root ? ['', '*'] : []),
    ...names.filter(sees).flatMap((name) => (name.includes('/') ? [name] : [`${name}/`, `${name}/*`])),
  ]
}
