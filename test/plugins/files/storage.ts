/** A server with file services, and what its tests ask of it. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { signIn, startServer, type TestServer } from '../../support/server.ts'
import { Client } from '../system/client.ts'

const builtins = [
  'connectors/sqlite/plugin',
  'plugins/system/plugin',
  'plugins/user/plugin',
  'plugins/files/plugin',
  'plugins/email/plugin',
] as const

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  readonly json: any
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData
  /** An app's key instead of the administrator's session. */
  readonly key?: string
}

export class Storage {
  readonly server: TestServer
  readonly client: Client

  constructor(server: TestServer, client: Client) {
    this.server = server
    this.client = client
  }

  get dataDir(): string {
    return join(this.server.folder, 'data')
  }

  /** The folder of the service `files`. */
  get root(): string {
    return join(this.dataDir, 'storage', 'app')
  }

  /** `path` is below `/api/v2/`. */
  ask(method: string, path: string, asked: Asked = {}): Promise<Reply> {
    const { headers = {}, key } = asked
    const credentials: Record<string, string> =
      key === undefined ? { 'X-DreamFactory-Session-Token': this.client.token } : { 'X-DreamFactory-API-Key': key }
    return this.plain(method, `/api/v2/${path}`, { ...asked, headers: { ...credentials, ...headers } })
  }

  /** Without credentials, anywhere on the server. */
  async plain(method: string, path: string, { headers = {}, body }: Asked = {}): Promise<Reply> {
    const answer = await fetch(this.server.url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const text = bytes.toString('utf8')
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false
    return {
      status: answer.status,
      headers: answer.headers,
      bytes,
      text,
      json: isJson && text ? JSON.parse(text) : null,
    }
  }

  /** The status of a request line as it is, which fetch would tidy up. */
  raw(method: string, path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { host, port } = this.server
    const headers = { 'X-DreamFactory-Session-Token': this.client.token }
    return new Promise((resolve, reject) => {
      const sent = request({ host, port, method, path, headers }, async (answer) => {
        const chunks: Buffer[] = []
        for await (const chunk of answer) chunks.push(chunk as Buffer)
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      })
      sent.on('error', reject)
      sent.end()
    })
  }

  /** The same for what must succeed: its JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  async ok(method: string, path: string, asked: Asked = {}): Promise<any> {
    const reply = await this.ask(method, path, asked)
    assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`)
    return reply.json
  }

  put(path: string, body: string | Uint8Array<ArrayBuffer> = 'x'): Promise<Reply> {
    return this.ask('PUT', `files/${path}`, { body, headers: { 'Content-Type': 'application/octet-stream' } })
  }

  json(method: string, path: string, body: unknown, key?: string): Promise<Reply> {
    const headers = { 'Content-Type': 'application/json' }
    return this.ask(method, path, { headers, body: JSON.stringify(body), ...(key === undefined ? {} : { key }) })
  }

  /** Paths of everything below a folder. */
  async tree(folder = ''): Promise<readonly string[]> {
    return (await this.ok('GET', `files/${folder}?full_tree=true&as_list=true`)).resource
  }

  /** Writes below the root without asking the server. */
  async write(path: string, content = 'x'): Promise<void> {
    const file = join(this.root, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }

  /** The key of an app whose role has these rows on the service `files`: component -> mask of verbs. */
  async key(name: string, rows: Readonly<Record<string, number>>): Promise<string> {
    const access = Object.entries(rows).map(([component, verb_mask]) => ({
      service_id: 3,
      component,
      verb_mask,
      requestor_mask: 1,
    }))
    const role = await this.client.create('role', { name, is_active: true, role_service_access_by_role_id: access })
    const id = await this.client.create('app', { name, is_active: true, role_id: role })
    return (await this.client.ok('GET', `system/app/${id}`)).api_key
  }
}

export async function startStorage(env: Readonly<Record<string, string>> = {}): Promise<Storage> {
  const server = await startServer({ builtins, env })
  try {
    return new Storage(server, new Client(server, await signIn(server.url)))
  } catch (error) {
    await server.stop()
    throw error
  }
}
