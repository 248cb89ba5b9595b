/** One server with the three databases as services, files and a remote service beside them, a key for each role, and requests as clients make them. */
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'
import { type Engine, openEngines, type Source } from './engines.ts'
import {
  type Access,
  createSql,
  farRelations,
  farTables,
  files,
  fillSql,
  type RoleDefinition,
  type RoleName,
  roles,
  tables,
} from './world.ts'

const builtins = [
  'connectors/sqlite/plugin',
  'connectors/mysql/plugin',
  'connectors/postgres/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/email/plugin',
  'plugins/api-docs/plugin',
  'plugins/files/plugin',
  'plugins/http/plugin',
]

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}
export interface Sent {
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
}

export class House {
  readonly engines: readonly Engine[]
  readonly token: string
  readonly keys: { readonly [role in RoleName]: string }
  readonly roleIds: { readonly [role in RoleName]: number }
  readonly #server: TestServer
  readonly #upstream: Upstream

  private constructor(
    server: TestServer,
    upstream: Upstream,
    engines: readonly Engine[],
    token: string,
    keys: House['keys'],
    roleIds: House['roleIds'],
  ) {
    this.#server = server
    this.#upstream = upstream
    this.engines = engines
    this.token = token
    this.keys = keys
    this.roleIds = roleIds
  }

  /** `wanted`: the databases, in lower case, and `only` the roles that there are to be; left out: all. */
  static async open(
    wanted?: readonly string[],
    env: Readonly<Record<string, string>> = {},
    only: ReadonlySet<RoleName> | null = null,
  ): Promise<House> {
    const server = await startServer({ builtins, env: { DF_IMPORT_ALLOW: '127.0.0.1', ...env } })
    const upstream = await startUpstream()
    try {
      return await House.#furnished(server, upstream, wanted, only)
    } catch (error) {
      // What listens would keep the test from ending.
      await Promise.all([server.stop(), upstream.stop()])
      throw error
    }
  }

  static async #furnished(
    server: TestServer,
    upstream: Upstream,
    wanted: readonly string[] | undefined,
    only: ReadonlySet<RoleName> | null,
  ): Promise<House> {
    const engines = await openEngines(server.folder, wanted)
    const token = await signIn(server.url)
    const services = [
      ...engines
        .flatMap((engine) => [engine, engine.far])
        .map(({ service, type, config }) => ({ name: service, type, config })),
      ...remotes(upstream.url),
    ]
    const numbers = await createAll(
      server,
      token,
      'service',
      services.map((each) => ({ ...each, label: each.name, is_active: true })),
    )
    // The numbers of what comes with a server.
    const ids = new Map<string, number>([
      ['system', 1],
      ['files', 3],
      ...services.map(({ name }, at) => [name, numbers[at] ?? 0] as const),
    ])
    await Promise.all(engines.map((engine) => furnish(server, token, engine, ids)))
    await storeFiles(server, token)
    const all = Object.entries(roles) as [RoleName, RoleDefinition][]
    const definitions = only === null ? all : all.filter(([name]) => only.has(name))
    const made = await createAll(
      server,
      token,
      'role',
      definitions.map(([name, role]) => ({
        name,
        is_active: role.inactive !== true,
        role_service_access_by_role_id: role.access.flatMap((each) => accessRows(each, engines, ids)),
        lookup_by_role_id: role.lookups ?? [],
      })),
    )
    const roleIds = Object.fromEntries(definitions.map(([name], at) => [name, made[at] ?? 0]))
    // Keys of a known form, so that a case can name one.
    const keys = Object.fromEntries(definitions.map(([name]) => [name, name.toLowerCase().padEnd(64, '0')]))
    await createAll(
      server,
      token,
      'app',
      definitions.map(([name]) => ({ name, type: 0, is_active: true, role_id: roleIds[name], api_key: keys[name] })),
    )
    return new House(server, upstream, engines, token, keys as House['keys'], roleIds as House['roleIds'])
  }

  get url(): string {
    return this.#server.url
  }

  /** `ask` is `GET _table/person?filter=a > 1&limit=1`; below the service, or below /api/v2 where it begins with a slash, or the host's where with two. */
  async send(ask: string, service: string, { body, headers = {} }: Sent): Promise<Answer> {
    const [, verb = 'GET', path = '', query] = /^([A-Z]+) ([^?]*)(?:\?(.*))?$/s.exec(ask) ?? []
    const options = (query ?? '').split('&').filter((pair) => pair !== '')
    const encoded = options.map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? pair : `${encodeURIComponent(pair.slice(0, at))}=${encodeURIComponent(pair.slice(at + 1))}`
    })
    const named = path.replaceAll('{db}', service)
    const [at, below] = path.startsWith('//')
      ? ['', named.slice(2)]
      : ['api/v2/', path.startsWith('/') ? named.slice(1) : `${service}/${path}`]
    const answer = await fetch(`${this.url}/${at}${below}${encoded.length > 0 ? `?${encoded.join('&')}` : ''}`, {
      method: verb,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  }

  as(role: RoleName): { readonly [name: string]: string } {
    return { 'X-DreamFactory-API-Key': this.keys[role] }
  }

  get administrator(): { readonly [name: string]: string } {
    return { 'X-DreamFactory-Session-Token': this.token }
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    await this.#upstream.stop()
    for (const engine of this.engines) await Promise.all([engine.far.stop(), engine.stop()])
  }
}

/** Everything that is in a database and in the one beside it, as text. */
export async function dump(engine: Engine): Promise<string> {
  const of = async ({ rows }: Source, named: readonly { readonly name: string }[]): Promise<string> =>
    JSON.stringify(await rows(named.map(({ name }) => `select * from ${name} order by 1, 2`)))
  return (await Promise.all([of(engine, tables), of(engine.far, farTables)])).join('\n')
}

export async function fill(engine: Engine): Promise<void> {
  await Promise.all([engine.run(fillSql(tables)), engine.far.run(fillSql(farTables))])
}

async function furnish(
  server: TestServer,
  token: string,
  engine: Engine,
  ids: ReadonlyMap<string, number>,
): Promise<void> {
  await Promise.all([engine.run(createSql(tables)), engine.far.run(createSql(farTables))])
  await fill(engine)
  await post(server, token, `${engine.service}/_schema/kin/_related`, {
    resource: farRelations(ids.get(engine.far.service) ?? 0),
  })
  await call(server, token, 'PATCH', `${engine.service}/_schema/cellar`, { alias: 'depth' })
}

const remotes = (url: string): readonly { readonly name: string; readonly type: string; readonly config: object }[] => [
  {
    name: 'remote',
    type: 'rws',
    config: {
      base_url: url,
      options: { USERPWD: 'somebody:SECRET-password' },
      headers: [
        { name: 'X-DreamFactory-API-Key', value: '', pass_from_client: true, action: 31 },
        { name: 'X-Key', value: '{app.api_key}', pass_from_client: false, action: 31 },
      ],
    },
  },
  { name: 'dead', type: 'rws', config: { base_url: 'http://127.0.0.1:1' } },
]

async function storeFiles(server: TestServer, token: string): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await post(server, token, 'files/', { resource: [{ name: path.split('/')[0], type: 'folder' }] })
    await post(server, token, `files/${path}`, content)
  }
  await call(server, token, 'PATCH', 'system/service/3', { config: { public_path: ['pub/'] } })
}

/** The ids of the records, in their order. */
async function createAll(
  server: TestServer,
  token: string,
  resource: string,
  records: readonly object[],
): Promise<readonly number[]> {
  const text = await post(server, token, `system/${resource}`, { resource: records })
  return (JSON.parse(text) as { readonly resource: readonly { readonly id: number }[] }).resource.map(({ id }) => id)
}

const post = (server: TestServer, token: string, path: string, body: object | string): Promise<string> =>
  call(server, token, 'POST', path, body)

async function call(
  server: TestServer,
  token: string,
  method: string,
  path: string,
  body: object | string,
): Promise<string> {
  const isText = typeof body === 'string'
  const answer = await fetch(`${server.url}/api/v2/${path}`, {
    method,
    headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': isText ? 'text/plain' : 'application/json' },
    body: isText ? body : JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return text
}

function accessRows(
  { service, component, verbs, requestors = 1, filters, op, fields }: Access,
  engines: readonly Engine[],
  ids: ReadonlyMap<string, number>,
): readonly object[] {
  const services =
    service === null
      ? [null]
      : service === undefined
        ? engines.map((each) => ids.get(each.service))
        : service === 'far'
          ? engines.map(({ far }) => ids.get(far.service))
          : [ids.get(service)]
  return services.map((service_id) => ({
    service_id,
    component,
    verb_mask: verbs,
    requestor_mask: requestors,
    ...(filters === undefined ? {} : { filters }),
    ...(op === undefined ? {} : { filter_op: op }),
    ...(fields === undefined ? {} : { fields }),
  }))
}
