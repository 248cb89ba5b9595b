/** One server with the three databases as services, a key for each role, and requests as clients make them. */
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { type Engine, openEngines } from './engines.ts'
import { type Access, createSql, fillSql, type RoleDefinition, type RoleName, roles, tables } from './world.ts'

const builtins = [
  'connectors/sqlite/plugin',
  'connectors/mysql/plugin',
  'connectors/postgres/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/email/plugin',
  'plugins/api-docs/plugin',
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

  private constructor(
    server: TestServer,
    engines: readonly Engine[],
    token: string,
    keys: House['keys'],
    roleIds: House['roleIds'],
  ) {
    this.#server = server
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
    const server = await startServer({ builtins, env })
    const engines = await openEngines(server.folder, wanted)
    const token = await signIn(server.url)
    const ids = new Map<string, number>([['system', 1]])
    for (const engine of engines) {
      await engine.run(createSql)
      await engine.run(fillSql)
      const { service, type, config } = engine
      ids.set(
        service,
        await create(server, token, 'service', { name: service, label: service, type, is_active: true, config }),
      )
    }
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
    return new House(server, engines, token, keys as House['keys'], roleIds as House['roleIds'])
  }

  get url(): string {
    return this.#server.url
  }

  /** `ask` is `GET _table/person?filter=a > 1&limit=1`; below the service, or below /api/v2 where it begins with a slash. */
  async send(ask: string, service: string, { body, headers = {} }: Sent): Promise<Answer> {
    const [, verb = 'GET', path = '', query] = /^([A-Z]+) ([^?]*)(?:\?(.*))?$/s.exec(ask) ?? []
    const options = (query ?? '').split('&').filter((pair) => pair !== '')
    const encoded = options.map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? pair : `${encodeURIComponent(pair.slice(0, at))}=${encodeURIComponent(pair.slice(at + 1))}`
    })
    const below = path.startsWith('/') ? path.slice(1).replaceAll('{db}', service) : `${service}/${path}`
    const answer = await fetch(`${this.url}/api/v2/${below}${encoded.length > 0 ? `?${encoded.join('&')}` : ''}`, {
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
    for (const engine of this.engines) await engine.stop()
  }
}

/** Everything that is in a database, as text. */
export async function dump(engine: Engine): Promise<string> {
  const parts: string[] = []
  for (const { name } of tables) {
    const rows = await engine.rows(`select * from ${name} order by 1, 2`)
    parts.push(`${name} ${JSON.stringify(rows)}`)
  }
  return parts.join('\n')
}

export const fill = (engine: Engine): Promise<void> => engine.run(fillSql)

const create = async (server: TestServer, token: string, resource: string, record: object): Promise<number> =>
  (await createAll(server, token, resource, [record]))[0] ?? 0

/** The ids of the records, in their order. */
async function createAll(
  server: TestServer,
  token: string,
  resource: string,
  records: readonly object[],
): Promise<readonly number[]> {
  const answer = await fetch(`${server.url}/api/v2/system/${resource}`, {
    method: 'POST',
    headers: { 'X-DreamFactory-Session-Token': token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ resource: records }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${resource}: ${answer.status} ${text}`)
  return (JSON.parse(text) as { readonly resource: readonly { readonly id: number }[] }).resource.map(({ id }) => id)
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
