/**
 * The composition root: what the server is made of, and the order in which it starts and stops. The only importer of tsyringe.
 *
 * Start: data folder, plugin modules, secret, plugins in order, snapshot, listen. Stop is the same way back.
 */
import 'reflect-metadata'
import { constants, existsSync } from 'node:fs'
import { access, mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { container, type DependencyContainer } from 'tsyringe'
import type { Config } from '../config/index.ts'
import { Principals } from './access/principals.ts'
import { firstSecret, loadSecret, TokenAuthority } from './access/tokens.ts'
import { serviceIndex } from './access/visible.ts'
import { BusHub } from './bus/cluster/hub.ts'
import { alone, type OpenBus, openBus } from './bus/index.ts'
import { labelOf, partOf, type Seat, seatData, shareIn } from './cluster/seat.ts'
import { makeFolder } from './folders.ts'
import { createHttpServer, type HttpServer } from './http/index.ts'
import { cannotListen, endpointIn, freePort, urlOf } from './listening.ts'
import { type Family, sum } from './metrics/families.ts'
import { Figures } from './metrics/figures.ts'
import { metricsPage, serveMetrics } from './metrics/page.ts'
import { createLog, createObservatory, type Observatory } from './observe.ts'
import { createPipeline, type Pipeline } from './pipeline/index.ts'
import { Abilities, type AbilityScope } from './plugins/abilities.ts'
import { BusAbility, SharedSecretsAbility } from './plugins/bus.ts'
import {
  type Accounts,
  AccountsAbility,
  HintsAbility,
  type Instance,
  InstanceAbility,
  type Json,
  type Limits,
  LimitsAbility,
  type Plugin,
  type PluginHost,
  type Snapshot,
  type SnapshotSource,
  SnapshotSourceAbility,
  TokensAbility,
} from './plugins/contract.ts'
import { DocumentsAbility } from './plugins/documents.ts'
import { type HostDeps, pluginHost, serviceHost } from './plugins/host.ts'
import { builtins, type Loaded, loadPlugins, PluginError } from './plugins/loader.ts'
import { WorkersAbility } from './plugins/workers.ts'
import { IsolatedService } from './services/isolate.ts'
import { placeOf } from './services/place.ts'
import { published } from './services/published.ts'
import { Registry } from './services/registry.ts'
import { WorkerPool } from './workers/pool.ts'

export interface KernelOptions {
  readonly config: Config
  readonly version: string
  /** Built-in plugins to load instead of the usual ones (paths from the package root); for tests. */
  readonly builtins?: readonly string[]
  /** The folder that paths in DF_PLUGINS start from; the working directory by default. */
  readonly from?: string
  /** Left out: the process does all by itself. */
  readonly seat?: Seat
}

/** What a start that succeeded tells. */
export interface Running {
  /** Scheme, host and port to reach the server at. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly instance: Instance | null
  /** Lines of plugins for the person at the terminal. */
  readonly hints: readonly string[]
}

/** What a leader's start tells. */
export interface Leading {
  /** What workers join. */
  readonly hub: BusHub
  /** A port that is free, where the settings leave the choice. */
  readonly port: number
  readonly instance: Instance | null
  hints(url: string): readonly string[]
}

export interface Kernel {
  readonly observatory: Observatory
  /** Throws StartError or PluginError, whose message is one line; what was begun is stopped again by then. */
  start(): Promise<Running>
  /**
   * Instead of `start`: starts the plugins for one command and listens nowhere, so that a server may be at work on the same data
   * folder. Answers the plugins' hosts by their names. `makes` false: data that is not there is not made. Throws as `start` does.
   */
  attach(makes?: boolean): Promise<ReadonlyMap<string, PluginHost>>
  /** Instead of `start`, at the leader of a node: starts the plugins and answers nothing. Throws as `start` does. */
  lead(): Promise<Leading>
  /** Serves `/metrics` where it has an address of its own. `collect`: of all processes. Throws as `start` does. */
  serveMetrics(collect: () => Promise<readonly Family[]>): Promise<void>
  /** What this process counted; nothing where metrics are off. */
  figures(): readonly Family[]
  /** Before `stop`, where other processes answer on the same port: leaves without losing a request. */
  retire(lingerMs: number): Promise<void>
  /** The names of services that are not closed: what a stop that does not end is waiting for. */
  unclosed(): readonly string[]
  /** Lets requests under way finish, then closes services and plugins. Safe to call at any time, and twice. */
  stop(signal?: string): Promise<void>
}

/** Why the server can't start, in one line. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

interface Started {
  readonly registry: Registry
  readonly pipeline: Pipeline
  /** By the plugins' names. */
  readonly hosts: ReadonlyMap<string, PluginHost>
}

export function createKernel(options: KernelOptions): Kernel {
  return new Composition(options)
}

class Composition implements Kernel {
  readonly observatory = createObservatory()
  readonly #options: KernelOptions
  readonly #container: DependencyContainer = container.createChildContainer()
  readonly #abilities = new Abilities(this.#container)
  readonly #own: AbilityScope = this.#abilities.scope('the kernel')
  /** What to undo, in the order of its making. */
  readonly #begun: (() => Promise<void> | void)[] = []
  #stopping: Promise<void> | null = null
  #source: SnapshotSource | null = null
  #accounts: Accounts | null = null
  #limits: Limits | null = null
  #registry: Registry | null = null
  readonly #seat: Seat
  #open = alone
  #figures: Figures | null = null
  #server: HttpServer | null = null
  #workers: WorkerPool | null = null
  #listening = false

  constructor(options: KernelOptions) {
    this.#options = options
    this.#seat = options.seat ?? { kind: 'whole' }
  }

  start(): Promise<Running> {
    return this.#orStopped(() => this.#start())
  }

  attach(makes = true): Promise<ReadonlyMap<string, PluginHost>> {
    return this.#orStopped(() => this.#attach(makes))
  }

  lead(): Promise<Leading> {
    return this.#orStopped(() => this.#lead())
  }

  figures(): readonly Family[] {
    return this.#figures?.families() ?? []
  }

  async retire(lingerMs: number): Promise<void> {
    await this.#server?.retire(lingerMs)
  }

  async serveMetrics(collect: () => Promise<readonly Family[]>): Promise<void> {
    const { address, token, on } = this.#options.config.metrics
    if (!on || address === null) return
    const endpoint = endpointIn(address)
    const server = await serveMetrics(endpoint, metricsPage(token, collect)).catch((error: unknown) => {
      throw new StartError(`DF_METRICS_ADDRESS: ${cannotListen(error, endpoint, { host: 'it', port: 'it' })}`)
    })
    this.#begun.push(() => server.close())
  }

  stop(signal: string | null = null): Promise<void> {
    this.#stopping ??= this.#stop(signal)
    return this.#stopping
  }

  unclosed(): readonly string[] {
    return this.#registry?.unclosed() ?? []
  }

  /** What was begun by work that fails is stopped again. */
  async #orStopped<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #start(): Promise<Running> {
    const loaded = await this.#load()
    await this.#openBus(this.#options.config.nodes.cache)
    this.#openWorkers()
    const { registry, pipeline } = await this.#startPlugins(loaded, true)
    const tokens = await this.#tokens()
    const principals = this.#principals(tokens, registry)
    return this.#listen(loaded, registry, pipeline, principals)
  }

  async #lead(): Promise<Leading> {
    const { http } = this.#options.config
    // Workers take the port one after the other: whether it is free is known before any of them starts.
    const port = await freePort(http).catch((error: unknown) => {
      throw new StartError(cannotListen(error, http))
    })
    const loaded = await this.#load()
    await this.#openBus(this.#options.config.nodes.cache)
    this.#openWorkers()
    const { registry } = await this.#startPlugins(loaded, true)
    await this.#tokens()
    this.#begun.push(this.#own.ask(SnapshotSourceAbility).subscribe((snapshot) => registry.sweep(snapshot)))
    this.#measure(null)
    const { bus } = this.#open
    if (!(bus instanceof BusHub)) throw new Error('a leader has a hub')
    return {
      hub: bus,
      port,
      instance: this.#own.find(InstanceAbility),
      hints: (url) => this.#own.find(HintsAbility)?.lines(url) ?? [],
    }
  }

  /** `registry`: null where nothing is answered. */
  #measure(registry: Registry | null): void {
    if (!this.#options.config.metrics.on) return
    const figures = new Figures(
      labelOf(this.#seat),
      this.observatory,
      (service) => this.#snapshot().services.has(service),
      registry && {
        underWay: () => this.#server?.underWay() ?? 0,
        snapshotVersion: () => this.#snapshot().version,
        vitals: () => registry.vitals(),
        threads: () => this.#workers?.counts ?? null,
      },
    )
    this.#figures = figures
    this.#begun.push(() => figures.close())
  }

  async #attach(makes: boolean): Promise<ReadonlyMap<string, PluginHost>> {
    const loaded = await this.#load(makes)
    // What a command changes, nodes find in the store.
    await this.#openBus(null)
    const { registry, hosts } = await this.#startPlugins(loaded, false, makes)
    await this.#tokens()
    const source = this.#own.find(SnapshotSourceAbility)
    if (source !== null) this.#begun.push(source.subscribe((snapshot) => registry.sweep(snapshot)))
    return hosts
  }

  async #load(makes = true): Promise<Loaded> {
    const { config, from = process.cwd() } = this.#options
    if (makes || config.nodes.systemDb !== null) await prepareFolder(config.dataDir)
    else requireFolder(config.dataDir)
    return loadPlugins(this.#options.builtins ?? builtins, config.plugins, from)
  }

  async #openBus(url: string | null): Promise<void> {
    this.#open = await this.#busOf(this.#seat, url)
    this.#begun.push(() => this.#open.close())
    this.#own.offer(BusAbility, this.#open.bus)
  }

  async #busOf(seat: Seat, url: string | null): Promise<OpenBus> {
    if (seat.kind === 'worker') {
      const { bus } = seat
      return { bus, cache: () => bus.cache(), close: async () => bus.close() }
    }
    const outer = await openBus(url, createLog(this.observatory.observe, 'nodes'))
    if (seat.kind === 'whole') return outer
    const hub = new BusHub(outer.bus)
    const close = async (): Promise<void> => {
      hub.close()
      await outer.close()
    }
    return { bus: hub, cache: () => hub.cache(), close }
  }

  /** For the server alone: what commands do is done where they run. */
  #openWorkers(): void {
    const workers = new WorkerPool(this.#options.config, this.observatory.observe)
    this.#begun.push(() => workers.close())
    this.#workers = workers
    this.#own.offer(WorkersAbility, workers)
  }

  /** After the plugins have started: one of them may keep the secret that all nodes share. */
  async #tokens(): Promise<TokenAuthority> {
    const { auth, dataDir } = this.#options.config
    const file = join(dataDir, 'jwt.secret')
    const shared = this.#own.find(SharedSecretsAbility)
    const wanted =
      auth.jwtSecret === null && shared !== null
        ? shared.secret('jwt', () => firstSecret(file)).then((text) => Buffer.from(text, 'utf8'))
        : loadSecret(auth.jwtSecret, file)
    const secret = await wanted.catch((error: unknown) => {
      throw new StartError(`The secret of session tokens can't be used: ${reasonOf(error)}`)
    })
    const tokens = new TokenAuthority(secret, auth, (id) => this.#users().user(id))
    this.#own.offer(TokensAbility, tokens)
    return tokens
  }

  async #startPlugins({ plugins, types, owners, modules }: Loaded, serves: boolean, makes = true): Promise<Started> {
    const { observe } = this.observatory
    const scopes = new Map(plugins.map((plugin) => [plugin.name, this.#abilities.scope(plugin.name)]))
    const scopeOf = (type: string): AbilityScope => scopes.get(owners.get(type) ?? '') ?? this.#own
    const snapshot = (): Snapshot => this.#snapshot()
    const deps: HostDeps = {
      settings: this.#options.config,
      version: this.#options.version,
      serves,
      makes,
      part: partOf(this.#seat),
      share: shareIn(this.#seat),
      observe,
      types,
      snapshot,
      registry: () => registry,
      pipeline: () => pipeline,
    }
    const registry = new Registry({
      snapshot,
      types,
      observe,
      hostFor: (record) => serviceHost(record, scopeOf(record.type), deps),
      isolated: (type, record) => {
        const plugin = owners.get(type.name) ?? ''
        const module = modules.get(plugin)
        if (!serves || module === undefined || placeOf(type, record.config) !== 'worker') return null
        const { settings } = deps
        const { ask } = scopeOf(type.name)
        const log = createLog(observe, `service ${record.name}`)
        const seat = seatData(this.#seat)
        return new IsolatedService({ record, plugin, module, settings, seat, snapshot, ask, log, observe })
      },
    })
    this.#registry = registry
    const pipeline = createPipeline({
      configured: () => ({ snapshot: snapshot(), types }),
      registry,
      limits: () => this.#counting(),
      documents: () => this.#own.find(DocumentsAbility),
    })
    const started: [Plugin, PluginHost][] = []
    this.#begun.push(async () => {
      // Services close before the plugins that made their types.
      await registry.close()
      for (const [plugin, host] of started.reverse()) await this.#stopPlugin(plugin, host)
    })
    for (const plugin of plugins) {
      const host = pluginHost(plugin.name, scopes.get(plugin.name) ?? this.#own, deps)
      started.push([plugin, host])
      await this.#startPlugin(plugin, host)
    }
    return { registry, pipeline, hosts: new Map(started.map(([plugin, host]) => [plugin.name, host])) }
  }

  async #startPlugin(plugin: Plugin, host: PluginHost): Promise<void> {
    const began = performance.now()
    try {
      await plugin.start?.(host)
    } catch (error) {
      throw new PluginError(plugin.name, reasonOf(error), error)
    }
    this.observatory.observe({ kind: 'plugin-started', plugin: plugin.name, ms: Math.round(performance.now() - began) })
  }

  async #stopPlugin(plugin: Plugin, host: PluginHost): Promise<void> {
    try {
      await plugin.stop?.(host)
    } catch (error) {
      this.observatory.observe({ kind: 'plugin-stop-failed', plugin: plugin.name, error })
    }
  }

  #principals(tokens: TokenAuthority, registry: Registry): Principals {
    const { config, version } = this.#options
    if (this.#own.find(SnapshotSourceAbility) === null || this.#own.find(AccountsAbility) === null) {
      throw new StartError('No plugin offers the configuration of services and users (SnapshotSource and Accounts).')
    }
    const principals = new Principals({
      snapshot: () => this.#snapshot(),
      accounts: () => this.#users(),
      tokens,
      about: { name: config.name, version },
    })
    this.#begun.push(this.#own.ask(SnapshotSourceAbility).subscribe((snapshot) => registry.sweep(snapshot)))
    this.#begun.push(this.#users().subscribe((userId) => principals.drop(userId)))
    return principals
  }

  async #listen({ types }: Loaded, registry: Registry, pipeline: Pipeline, principals: Principals): Promise<Running> {
    const { config } = this.#options
    const { observe } = this.observatory
    const { metrics } = config
    this.#measure(registry)
    const seat = this.#seat
    const collect = seat.kind === 'worker' ? seat.collect : async () => sum([this.figures()])
    if (seat.kind === 'whole') await this.serveMetrics(collect)
    const instance = (): Instance | null => this.#own.find(InstanceAbility)
    const server: HttpServer = createHttpServer({
      settings: config,
      log: createLog(observe, 'http'),
      observe,
      identify: (credentials, verb, service, path) => principals.identify(credentials, verb, service, path),
      authorize: pipeline.authorize,
      dispatch: pipeline.dispatch,
      index: (query, caller) => serviceIndex(this.#snapshot(), types, query, caller, config.api.routePrefix),
      bodyKind: (service) => types.get(this.#snapshot().services.get(service)?.type ?? '')?.body ?? null,
      cors: () => this.#snapshot().cors,
      instance,
      published: published({ snapshot: () => this.#snapshot(), types, registry: () => registry }),
      documents: () => this.#own.find(DocumentsAbility),
      workers: this.#workers,
      ...(metrics.on && metrics.address === null && { metrics: metricsPage(metrics.token, collect) }),
      ready: () => this.#ready(),
    })
    this.#server = server
    const at = await server.listen().catch((error: unknown) => {
      throw new StartError(cannotListen(error, config.http))
    })
    this.#begun.push(() => server.drain())
    const url = urlOf(at)
    this.#listening = true
    observe({ kind: 'listening', url })
    return { url, ...at, instance: instance(), hints: this.#own.find(HintsAbility)?.lines(url) ?? [] }
  }

  /** The snapshot of now. Before its source was offered there is none to ask. */
  #snapshot(): Snapshot {
    this.#source ??= this.#own.ask(SnapshotSourceAbility)
    return this.#source.current()
  }

  /** Asked for with each request, so that it is looked for once. */
  #counting(): Limits | null {
    this.#limits ??= this.#own.find(LimitsAbility)
    return this.#limits
  }

  #users(): Accounts {
    this.#accounts ??= this.#own.ask(AccountsAbility)
    return this.#accounts
  }

  /** Ready: the snapshot is loaded, and the store answers a question that it can't answer from memory. */
  async #ready(): Promise<{ ok: boolean; detail: Json }> {
    if (this.#stopping !== null) return { ok: false, detail: { status: 'stopping' } }
    try {
      const { version } = this.#snapshot()
      await this.#own.find(InstanceAbility)?.status('')
      const troubles = this.#registry?.troubles() ?? {}
      const services: { readonly services?: Json } = Object.keys(troubles).length === 0 ? {} : { services: troubles }
      // A cache that is down takes nothing but common counters along: the node goes on.
      const cache = this.#open.cache()
      const nodes = cache === null ? {} : { cache }
      return { ok: true, detail: { status: 'ready', snapshot: version, ...nodes, ...services } }
    } catch (error) {
      createLog(this.observatory.observe, 'ready').warn('The store does not answer.', { error })
      return { ok: false, detail: { status: 'unavailable', reason: 'The system store does not answer.' } }
    }
  }

  async #stop(signal: string | null): Promise<void> {
    const began = performance.now()
    const { observe } = this.observatory
    if (this.#listening) observe({ kind: 'draining', signal })
    for (const undo of this.#begun.reverse()) await undo()
    await this.#container.dispose()
    if (this.#listening) observe({ kind: 'stopped', ms: Math.round(performance.now() - began) })
  }
}

async function prepareFolder(folder: string): Promise<void> {
  try {
    makeFolder(folder, 0o700)
    await access(folder, constants.W_OK)
    // Rights do not tell everything, and a database in it would not say so plainly.
    await rmdir(await mkdtemp(join(folder, '.probe-')))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new StartError(`The data folder ${folder} can't be written (${code}); set DF_DATA_DIR to another one.`)
  }
}

/** What needs the data of a server does not make the folder that somebody mistyped. */
function requireFolder(folder: string): void {
  if (!existsSync(folder))
    throw new StartError(`There is no data folder ${folder}; set DF_DATA_DIR to that of the server.`)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
