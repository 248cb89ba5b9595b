/** A client of a test server: what it sends, and what came back. */
import { fromUrl } from '../../support/databases.ts'
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { freshStore } from '../../support/system-store.ts'

/** Only what these tests need, so that they run whatever else is built in. */
const builtins = [
  'connectors/sqlite/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/email/plugin',
] as const
/** Of other stores. */
const connectors = ['connectors/postgres/plugin', 'connectors/mysql/plugin'] as const

/** Why a test that looks into the file of a SQLite store, or at what is built in, is left out; false where it is not. */
export const notInSqlite: string | false = process.env.TEST_SYSTEM_DB ? 'the store is in another database' : false

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  readonly body: any
  readonly headers: Headers
}

export interface Credentials {
  readonly token?: string
  readonly key?: string
  readonly basic?: string
}

export class Client {
  readonly server: TestServer
  /** The administrator's session. */
  token: string

  constructor(server: TestServer, token: string) {
    this.server = server
    this.token = token
  }

  /** As the administrator, unless other credentials are given. */
  async send(method: string, path: string, body?: unknown, who: Credentials = { token: this.token }): Promise<Answer> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' }
    if (who.token !== undefined) headers['X-DreamFactory-Session-Token'] = who.token
    if (who.key !== undefined) headers['X-DreamFactory-API-Key'] = who.key
    if (who.basic !== undefined) headers.Authorization = `Basic ${Buffer.from(who.basic).toString('base64')}`
    const answer = await fetch(`${this.server.url}/api/v2/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text), headers: answer.headers }
  }

  /** The same, for what must succeed: the body. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  async ok(method: string, path: string, body?: unknown, who?: Credentials): Promise<any> {
    const answer = await this.send(method, path, body, who)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** The id of a created record. */
  async create(resource: string, record: object): Promise<number> {
    const { resource: made } = await this.ok('POST', `system/${resource}`, { resource: [record] })
    return made[0].id
  }
}

/**
 * A server with an administrator who is signed in. Its store is a new database of the server in TEST_SYSTEM_DB
 * (`postgres://user@host:port/database`), where that is set: the tests of the system hold on every store.
 */
export async function startClient(env: Readonly<Record<string, string>> = {}): Promise<Client> {
  const given = process.env.TEST_SYSTEM_DB
  const store = given ? await freshStore(fromUrl(given)) : null
  const plugins = store === null ? builtins : [...builtins, ...connectors]
  const started = await startServer({ builtins: plugins, env: { ...(store && { DF_SYSTEM_DB: store.url }), ...env } })
  const stop = async (): Promise<void> => {
    await started.stop()
    await store?.drop()
  }
  const server = { ...started, stop }
  try {
    return new Client(server, await signIn(server.url))
  } catch (error) {
    await server.stop()
    throw error
  }
}
