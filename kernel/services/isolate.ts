/**
 * A service in a worker thread of its own, behind the same seam as any other: requests go over as data, replies are encoded there and streamed
 * back. A thread that dies, outgrows its memory or does not react any more takes its own requests along (503) and nothing else; the registry
 * makes a new instance. What it can do for other services stays there: it has no abilities.
 */
import { MessageChannel, type MessagePort, type Transferable, Worker } from 'node:worker_threads'
import type { Config } from '../../config/index.ts'
import type { SeatData } from '../cluster/seat.ts'
import { InstanceFailed, InternalError, ServiceUnavailable } from '../errors.ts'
import { encodeJson, parseJson } from '../formats/index.ts'
import type { Observe } from '../observe.ts'
import type {
  Ability,
  ApiReply,
  ApiRequest,
  Caller,
  Log,
  OpenApiAsked,
  OpenApiPart,
  Service,
  ServiceRecord,
  Snapshot,
} from '../plugins/contract.ts'
import { never, nowhere, receive, serve } from '../workers/channel.ts'
import { fromFault } from '../workers/fault.ts'
import { heapLimits, MemoryWatch } from '../workers/memory.ts'
import { reasonOf } from '../workers/pool.ts'
import { type Call, crossing, type FromThread, type IsolatedData, requestData, type ToThread } from './crossing.ts'
import { Visit } from './visit.ts'

/** Sources run as they are, so the entry has the same ending as this file. */
const entry = new URL(import.meta.url.endsWith('.ts') ? './isolated.ts' : './isolated.js', import.meta.url)

/** How long a service may take to close before its thread is ended. */
const graceMs = 5_000

export interface IsolateDeps {
  readonly record: ServiceRecord
  readonly plugin: string
  /** The URL of the plugin's module. */
  readonly module: string
  readonly settings: Config
  readonly seat: SeatData
  readonly snapshot: () => Snapshot
  readonly ask: <T>(what: Ability<T>) => T
  readonly log: Log
  readonly observe: Observe
}

type Reason = 'memory' | 'exit' | 'error' | 'stalled'
const texts: { readonly [R in Reason]: string } = {
  memory: 'It needed more memory than it may have.',
  exit: 'It ended itself.',
  error: 'It failed.',
  stalled: 'It did not react any more.',
}

/** Something that the thread owes an answer to. */
interface Owed {
  fail(thrown: unknown): void
}

export class IsolatedService implements Service {
  readonly #deps: IsolateDeps
  readonly #owed = new Set<Owed>()
  #thread: Thread | null = null
  #closed = false

  /** Starts nothing yet. */
  constructor(deps: IsolateDeps) {
    this.#deps = deps
  }

  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiReply> {
    signal.throwIfAborted()
    const thread = this.#running()
    const { port1, port2 } = new MessageChannel()
    const visit = new Visit(port1, request, signal, () => this.#paid(visit))
    this.#owes(thread, visit)
    try {
      thread.say({ kind: 'request', request: requestData(request), port: port2 }, [port2])
    } catch (thrown) {
      visit.fail(thrown)
    }
    return visit.reply()
  }

  async resources(request: ApiRequest, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.#call({ kind: 'resources', request: requestData(request) }, signal)) as readonly string[]
  }

  async describe(caller: Caller, asked?: OpenApiAsked): Promise<OpenApiPart> {
    const json = (await this.#call({ kind: 'describe', caller, asked }, never)) as string
    return parseJson(json) as unknown as OpenApiPart
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#call({ kind: 'probe' }, signal)
  }

  forget(): void {
    // A thread that is not there remembers nothing.
    if (this.#thread !== null) this.#call({ kind: 'forget' }, never).catch(() => {})
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#thread?.close()
    this.#fail(new ServiceUnavailable('The service is being closed. Try again.'))
  }

  async #call(call: Call, signal: AbortSignal): Promise<unknown> {
    const thread = this.#running()
    const { port1, port2 } = new MessageChannel()
    const stop = new AbortController()
    const owed: Owed = { fail: (thrown) => stop.abort(thrown) }
    this.#owes(thread, owed)
    try {
      thread.say({ kind: 'call', call, port: port2 }, [port2])
      return await receive(port1, nowhere, AbortSignal.any([signal, stop.signal]), () => this.#failure('exit', null))
    } finally {
      port1.close()
      this.#paid(owed)
    }
  }

  #owes(thread: Thread, owed: Owed): void {
    this.#owed.add(owed)
    thread.watch()
  }

  #paid(owed: Owed): void {
    this.#owed.delete(owed)
    if (this.#owed.size === 0) this.#thread?.rest()
  }

  /** One that died while nobody needed it is replaced at once. */
  #running(): Thread {
    if (this.#closed) throw new ServiceUnavailable('The service is being closed. Try again.')
    this.#thread ??= new Thread(this.#deps, {
      failed: (error) => this.#fail(error),
      ended: (thread, reason, error) => this.#onEnd(thread, reason, error),
    })
    return this.#thread
  }

  #onEnd(thread: Thread, reason: Reason, error: unknown): void {
    if (this.#thread === thread) this.#thread = null
    if (this.#closed) return
    const { observe, record } = this.#deps
    observe({ kind: 'worker-lost', service: record.name, reason, failed: this.#owed.size, error })
    this.#fail(this.#failure(reason, error))
  }

  #failure(reason: Reason, cause: unknown): InstanceFailed {
    const { name } = this.#deps.record
    return new InstanceFailed(`The worker of service '${name}' ended. ${texts[reason]} Try again.`, {
      headers: { 'Retry-After': '1' },
      cause,
    })
  }

  #fail(thrown: unknown): void {
    for (const owed of [...this.#owed]) owed.fail(thrown)
  }
}

interface ThreadEvents {
  /** The service can't be made. */
  failed(error: unknown): void
  ended(thread: Thread, reason: Reason, error: unknown): void
}

/** The worker thread itself, and whether it is alive. */
class Thread {
  readonly #deps: IsolateDeps
  readonly #worker: Worker
  readonly #memory: MemoryWatch
  readonly #exited: Promise<void>
  #names = -1
  #reason: Reason | null = null
  #error: unknown = null
  #pings: NodeJS.Timeout | null = null
  #heard = 0

  constructor(deps: IsolateDeps, events: ThreadEvents) {
    this.#deps = deps
    const { record, settings, plugin, module, seat } = deps
    const { id, name, label, type, config } = record
    const workerData: IsolatedData = {
      settings,
      service: { id, name, label, type },
      plugin,
      module,
      config: encodeJson(config),
      seat,
    }
    const { memoryBytes } = settings.workers
    this.#worker = new Worker(entry, { workerData, name: `service ${name}`, resourceLimits: heapLimits(memoryBytes) })
    this.#worker.unref()
    this.#memory = new MemoryWatch(
      () => [this.#worker],
      memoryBytes,
      () => {
        this.#reason ??= 'memory'
      },
    )
    this.#worker.on('message', (message: FromThread) => this.#onMessage(message, events))
    this.#worker.on('error', (error) => {
      this.#error = error
      this.#reason ??= reasonOf(error)
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.rest()
        events.ended(this, this.#reason ?? 'exit', this.#error)
        resolve()
      })
    })
  }

  /** Throws what can't be sent. */
  say(message: ToThread, moved: readonly Transferable[]): void {
    const { version, servicesById } = this.#deps.snapshot()
    if (version !== this.#names) {
      this.#names = version
      const names = new Map([...servicesById].map(([id, { name }]) => [id, name] as const))
      this.#worker.postMessage({ kind: 'names', names } satisfies ToThread)
    }
    this.#worker.postMessage(message, [...moved])
  }

  /** As long as answers are owed, it must react and keep to its memory. */
  watch(): void {
    if (this.#pings !== null) return
    this.#memory.start()
    const { timeoutMs } = this.#deps.settings.workers
    this.#heard = performance.now()
    this.#worker.postMessage({ kind: 'ping' } satisfies ToThread)
    this.#pings = setInterval(
      () => {
        if (performance.now() - this.#heard > timeoutMs) {
          this.#reason ??= 'stalled'
          this.rest()
          void this.#worker.terminate()
        } else this.#worker.postMessage({ kind: 'ping' } satisfies ToThread)
      },
      Math.min(timeoutMs / 4, 5_000),
    ).unref()
  }

  rest(): void {
    if (this.#pings !== null) clearInterval(this.#pings)
    this.#pings = null
    this.#memory.stop()
  }

  async close(): Promise<void> {
    this.#worker.ref()
    this.#worker.postMessage({ kind: 'close' } satisfies ToThread)
    const late = setTimeout(() => void this.#worker.terminate(), graceMs)
    await this.#exited
    clearTimeout(late)
  }

  #onMessage(message: FromThread, events: ThreadEvents): void {
    this.#heard = performance.now()
    switch (message.kind) {
      case 'log':
        this.#deps.log[message.level](message.message, message.facts)
        return
      case 'ask':
        void this.#answer(message, message.port)
        return
      case 'failed':
        this.#error = fromFault(message.fault)
        return events.failed(this.#error)
    }
  }

  /** Only what was agreed on is done for it. */
  #answer({ ability, method, args }: FromThread & { kind: 'ask' }, port: MessagePort): Promise<void> {
    return serve(port, async () => {
      if (!crossing.has(ability)) throw new InternalError(`${ability} is not for services in workers.`)
      const by = this.#deps.ask<{ readonly [method: string]: unknown }>({ name: ability })
      const found = by[method]
      if (typeof found !== 'function') throw new InternalError(`${ability} has no ${method}.`)
      return found.apply(by, [...args])
    })
  }
}
