/**
 * Two nodes as processes over one system store, behind one address: requests take turns between the nodes that live, as a load balancer
 * sends them. Clients that never stop write down what they were answered, and when.
 */
import { type Database, mysql, postgres } from '../support/databases.ts'
import { type Redis, redis } from '../support/redis.ts'
import { signIn, startProcess, type TestProcess } from '../support/server.ts'
import { execute, type FreshStore, freshStore } from '../support/system-store.ts'

/** How soon every node must act upon a change: a second is what is promised, and machines that run tests are slow. */
export const soonMs = Number(process.env.TEST_NODES_WITHIN_MS ?? 20_000)

export interface Servers {
  readonly store: Database | null
  readonly cache: Redis | null
  readonly skip: string | false
  stop(): Promise<void>
}

export async function servers(kind: 'postgres' | 'mysql', withRedis: boolean): Promise<Servers> {
  const [found, cached] = await Promise.all([kind === 'postgres' ? postgres() : mysql(), withRedis ? redis() : null])
  return {
    store: found.database,
    cache: cached?.redis ?? null,
    skip: found.skip || (cached?.skip ?? false),
    async stop() {
      await Promise.all([found.database?.stop(), cached?.redis?.stop()])
    },
  }
}

export interface Answer {
  readonly node: number
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  readonly body: any
}

export interface Credentials {
  readonly token?: string
  readonly key?: string
  readonly basic?: string
}

/** The two nodes. `send` goes to one of them, by turns or by number. */
export class Nodes {
  readonly processes: TestProcess[] = []
  readonly stores: FreshStore[] = []
  readonly #env: Readonly<Record<string, string>>
  #turn = 0
  /** The administrator's session. */
  token = ''

  private constructor(env: Readonly<Record<string, string>>) {
    this.#env = env
  }

  /** Both start at once on an empty store, with the same key and data folders of their own. */
  static async start({ store, cache }: Servers, env: Readonly<Record<string, string>> = {}): Promise<Nodes> {
    if (store === null) throw new Error('there is no database server')
    const fresh = await freshStore(store)
    const nodes = new Nodes({
      DF_SYSTEM_DB: fresh.url,
      DF_APP_KEY: '42'.repeat(32),
      ...(cache === null ? {} : { DF_CACHE: cache.url }),
      ...env,
    })
    nodes.stores.push(fresh)
    try {
      const started = await Promise.allSettled([nodes.startOne(), nodes.startOne()])
      for (const each of started) if (each.status === 'fulfilled') nodes.processes.push(each.value)
      for (const each of started) if (each.status === 'rejected') throw each.reason
      nodes.token = await signIn(nodes.processes[0]?.url ?? '')
      return nodes
    } catch (error) {
      await nodes.stop()
      throw error
    }
  }

  /** One more process with the same settings. Throws when it does not come to listen, unless it is `expected` to. */
  async startOne(
    env: Readonly<Record<string, string>> = {},
    fails: 'throws' | 'expected' = 'throws',
  ): Promise<TestProcess> {
    const node = await startProcess('bin/dataferry.js', { ...this.#env, ...env })
    if (node.url === '' && fails === 'throws') {
      const said = node.stderr()
      await node.stop()
      throw new Error(`a node did not start:\n${said}`)
    }
    return node
  }

  /** SIGKILL, and its data folder goes; a new node takes its place, with a folder of its own. */
  async replace(number: number): Promise<void> {
    await this.processes[number]?.stop()
    this.processes[number] = await this.startOne()
  }

  /** As the administrator by turns, unless told otherwise. */
  async send(
    method: string,
    path: string,
    { body, who = { token: this.token }, node = this.#turn++ % 2 }: SendOptions = {},
  ): Promise<Answer> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' }
    if (who.token !== undefined) headers['X-DreamFactory-Session-Token'] = who.token
    if (who.key !== undefined) headers['X-DreamFactory-API-Key'] = who.key
    if (who.basic !== undefined) headers.Authorization = `Basic ${Buffer.from(who.basic).toString('base64')}`
    const reply = await fetch(`${this.processes[node]?.url ?? ''}/${path.startsWith('_') ? path : `api/v2/${path}`}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await reply.text()
    return { node, status: reply.status, body: text === '' ? null : JSON.parse(text) }
  }

  /** The same, for what must succeed: the body. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into freely
  async ok(method: string, path: string, options: SendOptions = {}): Promise<any> {
    const { status, body, node } = await this.send(method, path, options)
    if (status >= 300) throw new Error(`${method} ${path} at node ${node}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** The id of a created record. */
  async create(resource: string, record: object): Promise<number> {
    return (await this.ok('POST', `system/${resource}`, { body: { resource: [record] } })).resource[0].id
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((node) => node.stop()))
    await Promise.all(this.stores.map((store) => store.drop()))
  }
}

export interface SendOptions {
  readonly body?: unknown
  readonly who?: Credentials
  /** 0 or 1; left out: by turns. */
  readonly node?: number
}

/** What a client was answered. */
export interface Seen {
  /** Milliseconds, of this process' clock. */
  readonly sentAt: number
  readonly node: number
  /** 0: no answer, the connection broke. */
  readonly status: number
}

/** A client that asks the same again and again, of both nodes by turns, until it is stopped. */
export class Client {
  readonly seen: Seen[] = []
  readonly name: string
  readonly #running: Promise<void>
  #stopped = false

  constructor(name: string, ask: () => Promise<Answer>, node: number) {
    this.name = name
    this.#running = this.#run(ask, node)
  }

  async #run(ask: () => Promise<Answer>, node: number): Promise<void> {
    while (!this.#stopped) {
      const sentAt = performance.now()
      const status = await ask().then(
        (answer) => answer.status,
        () => 0,
      )
      this.seen.push({ sentAt, node, status })
      await new Promise((resolve) => setTimeout(resolve, status === 0 ? 50 : 5))
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }
}

/** A service over a database with three records, that both nodes reach; its type and configuration. */
export async function shelf(
  nodes: Nodes,
  store: Database,
): Promise<{ readonly type: string; readonly config: object }> {
  const fresh = await freshStore(store)
  nodes.stores.push(fresh)
  const { pathname } = new URL(fresh.url)
  const within = { ...store, database: pathname.slice(1) }
  const item = store.kind === 'postgres' ? 'item' : `${within.database}.item`
  await execute(within, `create table ${item} (id int primary key, name varchar(20))`)
  await execute(within, `insert into ${item} values (1, 'a'), (2, 'b'), (3, 'c')`)
  const { host, port, user: username, password, database } = within
  const type = store.kind === 'postgres' ? 'pgsql' : 'mysql'
  const config = { host, port, username, password, database, ...(type === 'pgsql' ? { schema: 'public' } : {}) }
  await nodes.create('service', { name: 'shelf', label: 'Shelf', type, is_active: true, config })
  return { type, config }
}
