/**
 * A plugin that stands in for the system: a snapshot that a test replaces, an administrator whose token it can have, and the service
 * type `echo`, which tells what it was asked.
 */
import {
  type Accounts,
  AccountsAbility,
  type ApiReply,
  type ApiRequest,
  HintsAbility,
  type Instance,
  InstanceAbility,
  type Plugin,
  type PluginHost,
  type Service,
  type ServiceType,
  type Snapshot,
  SnapshotSourceAbility,
  TokensAbility,
} from 'dataferry/sdk'
import { app, GET, record, role, snapshot, user } from '../access.ts'

export const admin = user({ id: 1, email: 'admin@example.org', isSysAdmin: true })
export const readerKey = 'reader'.padEnd(64, '0')

/** One for the process, as modules are. */
export class House {
  readonly events: string[] = []
  failAt: 'start' | 'store' | null = null
  host: PluginHost | null = null
  #snapshot: Snapshot = initial()
  readonly #listeners = new Set<(snapshot: Snapshot) => void>()

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  replace(by: Snapshot): void {
    this.#snapshot = by
    for (const listener of this.#listeners) listener(by)
  }

  reset(): void {
    this.events.length = 0
    this.failAt = null
    this.#snapshot = initial()
  }

  subscribe(listener: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async token(): Promise<string> {
    if (this.host === null) throw new Error('The house has not started.')
    return this.host.ask(TokensAbility).issue(admin, 'test', { forever: false })
  }
}
export const house = new House()

function initial(): Snapshot {
  return snapshot({
    services: [record({ id: 5, name: 'echo', type: 'echo' }), record({ id: 8, name: 'maria', type: 'mysql' })],
    apps: [app({ id: 4, apiKey: readerKey, roleId: 1 })],
    roles: [role([['echo', 'open/*', GET]])],
  })
}

const accounts: Accounts = {
  user: (id) => (id === admin.id ? admin : null),
  authenticate: async (login, password) => (login === admin.email && password === 'a long password' ? admin : null),
  isRevoked: () => false,
  revoke: async () => {},
  subscribe: () => () => {},
}

const instance: Instance = {
  setupNeeded: () => true,
  setupCode: 'one-time-code',
  setup: async () => {},
  async status() {
    if (house.failAt === 'store') throw new Error('the store is gone')
    return { ok: true }
  },
}

/** A body that begins at once and ends a little later. */
async function* slowly(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begun ')
  await new Promise((resolve) => setTimeout(resolve, 300))
  yield Buffer.from('ended')
}

class Echo implements Service {
  #stuck = false

  async handle(request: ApiRequest): Promise<ApiReply> {
    const { verb, path, caller } = request
    if (path[0] === 'slow')
      return { status: 200, headers: {}, body: { kind: 'opaque', type: 'text/plain', length: null, bytes: slowly() } }
    // From now on it can't be closed.
    if (path[0] === 'stick') this.#stuck = true
    const value = { verb, path, user: caller.user?.id ?? null, role: caller.role?.name ?? null }
    return { status: 200, headers: {}, body: { kind: 'value', value } }
  }
  async close(): Promise<void> {
    if (this.#stuck) await new Promise(() => {})
    house.events.push('echo closed')
  }
}

const echo: ServiceType = {
  name: 'echo',
  label: 'Echo',
  group: 'Test',
  description: 'Tells what it was asked.',
  config: [],
  body: 'value',
  open: [{ component: 'public', verbs: GET }],
  create: () => new Echo(),
}

const plugin: Plugin = {
  name: 'house',
  api: 1,
  types: [echo],
  async start(host) {
    house.events.push('house started')
    if (house.failAt === 'start') throw new Error('the store\n  is locked')
    house.host = host
    host.offer(SnapshotSourceAbility, {
      current: () => house.snapshot,
      subscribe: (listener) => house.subscribe(listener),
    })
    host.offer(AccountsAbility, accounts)
    host.offer(InstanceAbility, instance)
    host.offer(HintsAbility, { lines: (origin) => [`curl ${origin}/api/v2/echo/public`] })
  },
  async stop() {
    house.events.push('house stopped')
  },
}
export default plugin
