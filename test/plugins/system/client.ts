/** A client of a test server: what it sends, and what came back. */
import { signIn, startServer, type TestServer } from '../../support/server.ts'

/** Only what these tests need, so that they run whatever else is built in. */
const builtins = [
  'connectors/sqlite/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/email/plugin',
] as const

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

/** A server with an administrator who is signed in. */
export async function startClient(env: Readonly<Record<string, string>> = {}): Promise<Client> {
  const server = await startServer({ builtins, env })
  try {
    return new Client(server, await signIn(server.url))
  } catch (error) {
    await server.stop()
    throw error
  }
}
