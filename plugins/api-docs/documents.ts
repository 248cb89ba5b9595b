/** Makes the documents of services: of one, of all that the caller may see, and what a service's own `_spec` answers. */
import { booleanOption, wrapList } from 'dataferry/records'
import {
  ApiError,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Caller,
  type Documents,
  Forbidden,
  type Json,
  maySee,
  NotFound,
  type OpenApiAsked,
  type OpenApiPart,
  type PluginHost,
  type ServiceRecord,
  ServiceUnavailable,
  SnapshotSourceAbility,
  StoredDocumentsAbility,
} from 'dataferry/sdk'
import { documentOf, type Gathered, titleInfo } from './document.ts'
import { usablePaths } from './operations.ts'
import { type Asked, askedOf } from './options.ts'
import { pageFile } from './page.ts'
import { reply } from './reply.ts'
import { isObject, type JsonObject, listOf, mapMembers } from './shapes.ts'
import { laidOver, readStored } from './stored.ts'
import { asVersion30 } from './version.ts'

const nothing: OpenApiPart = { paths: {}, schemas: {} }
/** The two that a program sends. */
const headerSchemes = ['ApiKeyHeader', 'SessionTokenHeader'] as const

export class ServiceDocuments implements Documents {
  readonly #host: PluginHost

  constructor(host: PluginHost) {
    this.#host = host
  }

  /** control-plane 6.1. */
  async docs(request: ApiRequest): Promise<ApiReply> {
    const [name, below] = request.path
    if (request.verb !== 'GET') throw unsupported(request, request.service)
    if (below !== undefined) throw new NotFound(`Resource '${below}' not found for service '${request.service}'.`)
    const lists = booleanOption(request.query.get('as_list')) || booleanOption(request.query.get('as_access_list'))
    if (name === undefined && lists)
      return value(
        wrapList(
          request.output,
          this.#visible(request).map((each) => each.name),
        ),
      )
    const asked = askedOf(request, name !== undefined)
    return reply(
      request,
      asked,
      name === undefined ? await this.#all(request, asked) : await this.#one(name, request, asked),
    )
  }

  /** control-plane 6.2, data-plane 1.6. Access to `_spec` was decided by then. */
  async spec(request: ApiRequest): Promise<ApiReply> {
    if (request.verb !== 'GET') throw unsupported(request, '_spec')
    const record = this.#record(request.service)
    const asked = askedOf(request, true)
    const part = await this.#described(record, request.caller, asked.describe)
    const { name, label } = record
    const document = documentOf(
      {
        server: { url: this.#url(name), description: `${this.#host.settings.name} API - ${label}` },
        info: titleInfo(label || name, record.description ?? ''),
        tags: [{ name, description: record.description ?? '' }],
        security: headerSchemes,
      },
      this.#usable(part, record, request.caller, ''),
    )
    return reply(request, asked, finished(document, asked))
  }

  page(below: readonly string[]): Promise<ApiReply | null> {
    return pageFile(below, { api: this.#url(null), title: this.#host.settings.name })
  }

  async #one(asked: string, { caller }: ApiRequest, wanted: Asked): Promise<JsonObject> {
    const record = this.#record(asked.toLowerCase())
    if (!maySee(caller, record.name.toLowerCase()))
      throw new Forbidden(`You do not have access to API Docs for the requested service ${record.name}.`)
    const part = await this.#described(record, caller, wanted.describe)
    const { name, label, description, type } = record
    const info = titleInfo(label || name, description ?? '')
    const group = this.#host.types().get(type)?.group ?? ''
    const document = documentOf(
      {
        server: { url: this.#url(name), description: '' },
        // The group is no member of OpenAPI's; the original's interface, which comes with the key of its app, reads it.
        info: caller.app?.name === 'admin' ? { ...info, group } : { ...info, 'x-group': group },
        tags: [],
        security: null,
      },
      this.#usable(part, record, caller, ''),
    )
    return finished(document, wanted)
  }

  /** Services that can't be described are left out. */
  async #all(request: ApiRequest, wanted: Asked): Promise<JsonObject> {
    const { caller } = request
    const gathered = { paths: {}, schemas: {}, parameters: {} }
    const tags: Json[] = []
    for (const record of this.#visible(request)) {
      const part = await this.#described(record, caller, wanted.describe).catch(() => null)
      if (part === null) continue
      const usable = this.#usable(part, record, caller, `/${record.name}`)
      for (const kind of ['paths', 'schemas', 'parameters'] as const) Object.assign(gathered[kind], usable[kind])
      tags.push({ name: record.name, description: record.description ?? '' })
    }
    const document = documentOf(
      {
        server: { url: this.#url(null), description: '' },
        info: titleInfo('Live API Documentation', ''),
        tags,
        security: null,
      },
      gathered,
    )
    return finished(document, wanted)
  }

  /** Throws NotFound, Forbidden. */
  #record(name: string): ServiceRecord {
    const record = this.#services().get(name)
    if (record === undefined) throw new NotFound(`Could not find a service for ${name}`)
    if (!record.isActive) throw new Forbidden(`Service ${record.name} is deactivated.`)
    return record
  }

  #services(): ReadonlyMap<string, ServiceRecord> {
    return this.#host.ask(SnapshotSourceAbility).current().services
  }

  /** Active services of which the caller may know (control-plane 3.5), in the order of their ids. */
  #visible({ caller }: ApiRequest): readonly ServiceRecord[] {
    return [...this.#services().values()]
      .filter(({ name, isActive }) => isActive && maySee(caller, name.toLowerCase()))
      .sort((a, b) => a.id - b.id)
  }

  #url(service: string | null): string {
    const api = `/${this.#host.settings.api.routePrefix}/v2`
    return service === null ? api : `${api}/${service}`
  }

  /** What a service tells of itself, under what an administrator wrote for it. Throws ServiceUnavailable where it is broken. */
  async #described(record: ServiceRecord, caller: Caller, asked: OpenApiAsked): Promise<OpenApiPart> {
    const stored = await this.#host.ask(StoredDocumentsAbility).of(record.id)
    const above = stored === null ? null : readStored(stored, record, this.#host.log)
    return laidOver(await this.#own(record, caller, asked), above)
  }

  async #own(record: ServiceRecord, caller: Caller, asked: OpenApiAsked): Promise<OpenApiPart> {
    // A kind of service that this server does not have has nothing that can be called.
    if (!this.#host.types().has(record.type)) return nothing
    try {
      const service = await this.#host.service(record.name)
      return (await service.describe?.(caller, asked)) ?? nothing
    } catch (error) {
      // Of a database that can't be reached, what does not depend on its tables is known all the same.
      if (asked.tables === 'schemas') return this.#own(record, caller, { ...asked, tables: 'none', refresh: false })
      this.#host.log.debug('a service could not be described', { service: record.name, error })
      if (error instanceof ApiError && error.status !== 503) throw error
      throw new ServiceUnavailable(`There are no defined API Docs for the requested service ${record.name}.`, {
        cause: error,
      })
    }
  }

  #usable(part: OpenApiPart, { name, type }: ServiceRecord, caller: Caller, prefix: string): Gathered {
    const open = this.#host.types().get(type)?.open ?? []
    const isOpen = (component: string, opened: string): boolean =>
      opened === component || (opened === '*' && component !== '')
    const mask = (component: string): number =>
      open
        .filter((each) => isOpen(component, each.component))
        .reduce((verbs, each) => verbs | each.verbs, this.#host.maskFor(caller, name, component))
    const paths = usablePaths(part.paths, { service: name, prefix, mask })
    return { ...used(paths, part), paths }
  }
}

/** The components that paths lead to, and those that these lead to: a caller who may do little is told of little. */
function used(paths: JsonObject, { schemas, parameters = {} }: OpenApiPart): Omit<Gathered, 'paths'> {
  const wanted = { schemas: new Set<string>(), parameters: new Set<string>() }
  const look = (part: Json): void => {
    if (Array.isArray(part)) return listOf(part).forEach(look)
    if (!isObject(part)) return
    for (const [name, member] of Object.entries(part)) {
      if (name === '$ref' && typeof member === 'string') follow(member)
      else look(member)
    }
  }
  const follow = (ref: string): void => {
    const [, kind, name = ''] = /^#\/components\/(schemas|parameters)\/(.+)$/.exec(ref) ?? []
    if ((kind !== 'schemas' && kind !== 'parameters') || wanted[kind].has(name)) return
    wanted[kind].add(name)
    look({ schemas, parameters }[kind][name] ?? null)
  }
  look(paths)
  // Records of tables are told of though a path has a parameter for their names.
  for (const name of Object.keys(schemas))
    if (name.includes('.') && !wanted.schemas.has(name)) follow(`#/components/schemas/${name}`)
  const kept = (kind: 'schemas' | 'parameters', all: JsonObject): JsonObject =>
    mapMembers(all, (each, name) => (wanted[kind].has(name) ? each : undefined))
  return { schemas: kept('schemas', schemas), parameters: kept('parameters', parameters) }
}

function finished(document: JsonObject, { version, resource, compact }: Asked): JsonObject {
  const paths = document.paths as JsonObject
  const narrowed =
    resource === null ? paths : mapMembers(paths, (item, path) => (path.includes(`/${resource}`) ? item : undefined))
  const whole = { ...document, paths: compact ? mapMembers(narrowed, compactItem) : narrowed }
  return version === '3.0' ? asVersion30(whole) : whole
}

/** Without texts and schemas of bodies. */
function compactItem(item: Json): Json {
  if (!isObject(item)) return item
  return mapMembers(item, (operation, name) => {
    if (name === 'parameters' || !isObject(operation)) return operation
    const { operationId = null, summary = null, parameters = [], tags = [] } = operation
    return { operationId, summary, parameters, tags, responses: { default: { $ref: '#/components/responses/Error' } } }
  })
}

const value = (body: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value: body } })

const unsupported = ({ verb }: ApiRequest, level: string): BadRequest =>
  new BadRequest(`${verb} requests without a resource are not currently supported by the '${level}' service.`)
