/**
 * The service type `user` (control-plane 1): sessions, passwords, profiles and registration of users, and their own names and values.
 * What they do is shared with the system
 * service's administrators, and asked for as an ability.
 */

import { booleanOption, parseOptions, projectList, wrapList } from 'dataferry/records'
import {
  AccountResourcesAbility,
  type ApiReply,
  type ApiRequest,
  BadRequest,
  type Json,
  NotFound,
  type OpenApiPart,
  type Plugin,
  type Service,
  type ServiceHost,
} from 'dataferry/sdk'
import { userConfig } from './config.ts'
import { userPart } from './describe.ts'

const labels = {
  password: 'Password',
  profile: 'Profile',
  register: 'Register',
  session: 'Session',
  custom: 'Custom',
} as const
type Resource = keyof typeof labels
const names = Object.keys(labels) as readonly Resource[]

class UserService implements Service {
  readonly #host: ServiceHost

  constructor(host: ServiceHost) {
    this.#host = host
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    const [first, ...below] = request.path
    if (first === undefined) return this.#list(request)
    const resource = names.find((name) => name === first.toLowerCase())
    if (resource === undefined)
      throw new NotFound(`Resource '${first}' not found for service '${this.#host.service.name}'.`)
    // The names of `custom` are the client's own.
    const unknown = resource === 'custom' ? below[1] : below[0]
    if (unknown !== undefined) throw new NotFound(`Resource '${unknown}' not found for service '${resource}'.`)
    return this.#host.ask(AccountResourcesAbility).handle(resource, 'user', request, signal)
  }

  async resources(): Promise<readonly string[]> {
    return ['', '*', ...names.map((name) => `${name}/`)]
  }

  async describe(): Promise<OpenApiPart> {
    return userPart
  }

  async close(): Promise<void> {}

  async #list(request: ApiRequest): Promise<ApiReply> {
    const { name } = this.#host.service
    if (request.verb !== 'GET')
      throw new BadRequest(
        `${request.verb} requests without a resource are not currently supported by the '${name}' service.`,
      )
    const options = parseOptions(request.query, null, true)
    if (booleanOption(request.query.get('as_access_list'))) {
      return value(wrapList(request.output, this.#accessList(request)))
    }
    const shown = names.filter((each) => this.#host.maskFor(request.caller, name, each) !== 0)
    const described = shown.map((each) => ({ name: each, label: labels[each], class_name: each }))
    return value(wrapList(request.output, projectList(described, options)))
  }

  /** What a role row could name, filtered by the caller's own rights (control-plane 3.6). */
  #accessList({ caller }: ApiRequest): readonly string[] {
    const { name } = this.#host.service
    const root = this.#host.maskFor(caller, name, '') !== 0 ? ['', '*'] : []
    return [...root, ...names.filter((each) => this.#host.maskFor(caller, name, each) !== 0).map((each) => `${each}/`)]
  }
}

const value = (body: Json): ApiReply => ({ status: 200, headers: {}, body: { kind: 'value', value: body } })

const post = 2
const getPostPutPatch = 15
const every = 31

const plugin: Plugin = {
  name: 'user',
  api: 1,
  types: [
    {
      name: 'user',
      label: 'User service',
      group: 'User',
      description: 'User service to allow user management.',
      singleton: true,
      config: userConfig,
      body: 'value',
      open: [
        { component: 'session', verbs: every },
        { component: 'password', verbs: post },
        { component: 'register', verbs: post },
        { component: 'profile', verbs: getPostPutPatch },
      ],
      create: (_config, host) => new UserService(host),
    },
  ],
}

export default plugin
