/**
 * The entry of a thread that a service has to itself: makes the service as the kernel would, hands it requests, and encodes its replies. The
 * plugin's `start` has run on the event loop only.
 */
import { MessageChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { maskFor } from '../access/masks.ts'
import { policyFor } from '../access/policy.ts'
import { shareIn } from '../cluster/seat.ts'
import { InternalError, NotImplemented } from '../errors.ts'
import { encodeJson, encodeValue, parseJson } from '../formats/index.ts'
import type {
  Ability,
  ApiReply,
  ConfigValues,
  Json,
  Log,
  ReplyBody,
  Service,
  ServiceHost,
} from '../plugins/contract.ts'
import { loadPlugin } from '../plugins/loader.ts'
import { never, nowhere, receive, Sender, serve } from '../workers/channel.ts'
import { faultOf, fromFault } from '../workers/fault.ts'
import {
  type Call,
  crossing,
  type FromThread,
  type IsolatedData,
  type Names,
  type ReplyHead,
  type RequestData,
  requestOf,
  type ToThread,
  type VisitDown,
  type VisitUp,
  type Wanted,
} from './crossing.ts'

const chunkSize = 65_536
const data = workerData as IsolatedData
let names: Names = new Map()

const post = (message: FromThread, moved: readonly MessagePort[] = []): void =>
  parentPort?.postMessage(message, [...moved])

const made: Promise<Service> = make()
made.catch((thrown: unknown) => {
  post({ kind: 'failed', fault: faultOf(thrown) })
})

async function make(): Promise<Service> {
  const { plugin: name, module, config, service } = data
  const plugin = await loadPlugin(name, module)
  const type = plugin.types.find((each) => each.name === service.type)
  if (type === undefined) throw new InternalError(`The plugin ${name} has no service type '${service.type}'.`)
  return type.create(parseJson(config) as ConfigValues, host())
}

function host(): ServiceHost {
  const { service, settings, seat } = data
  return {
    log: log(),
    settings,
    service,
    ask: <T>(what: Ability<T>): T => {
      if (!crossing.has(what.name))
        throw new InternalError(`A service in a worker of its own can not use ${what.name} of this server.`)
      return remote(what.name) as T
    },
    maskFor,
    policyFor,
    share: shareIn(seat),
    serviceName: (id) => names.get(id) ?? null,
    serviceId: (name) => {
      for (const [id, known] of names) if (known.toLowerCase() === name.toLowerCase()) return id
      return null
    },
    other: async () => {
      throw new NotImplemented('A service in a worker of its own can not use other services.')
    },
  }
}

function log(): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, facts: { readonly [key: string]: unknown } = {}): void => {
      try {
        post({ kind: 'log', level, message, facts })
      } catch {
        // What can't be sent is no reason to fail.
        post({ kind: 'log', level, message, facts: {} })
      }
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** An ability whose methods are done on the event loop. */
function remote(ability: string): object {
  return new Proxy(
    {},
    {
      get: (_, method) => {
        // So that it is no promise itself.
        if (typeof method !== 'string' || method === 'then') return undefined
        return (...args: readonly unknown[]): Promise<unknown> => {
          const { port1, port2 } = new MessageChannel()
          post({ kind: 'ask', ability, method, args, port: port2 }, [port2])
          return receive(port1, nowhere, never, () => new Error('The server is gone.')).finally(() => port1.close())
        }
      },
    },
  )
}

parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'request':
      void new Visit(message.port).serve(message.request)
      return
    case 'call':
      void serve(message.port, (_, signal) => answer(message.call, signal))
      return
    case 'names':
      names = message.names
      return
    case 'ping':
      post({ kind: 'pong' })
      return
    case 'close':
      void close()
  }
})

async function close(): Promise<void> {
  try {
    await (await made).close()
  } catch (error) {
    log().warn('The service could not be closed.', { error })
  }
  process.exit(0)
}

async function answer(call: Call, signal: AbortSignal): Promise<unknown> {
  const service = await made
  switch (call.kind) {
    case 'resources':
      return (await service.resources?.(requestOf(call.request, empty), signal)) ?? []
    case 'describe':
      return encodeJson(
        ((await service.describe?.(call.caller, call.asked)) ?? { paths: {}, schemas: {} }) as unknown as Json,
      )
    case 'probe':
      return service.probe?.(signal)
    case 'forget':
      return service.forget?.()
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}

/** One request, from the thread's side. */
class Visit {
  readonly #port: MessagePort
  readonly #stop = new AbortController()
  readonly #sender: Sender
  #begin: ((wanted: Wanted | null) => void) | null = null
  #part: ((message: VisitDown) => void) | null = null

  constructor(port: MessagePort) {
    this.#port = port
    this.#sender = new Sender(
      (bytes, moved) => port.postMessage({ kind: 'chunk', bytes } satisfies VisitUp, moved),
      this.#stop.signal,
    )
    port.on('message', (message: VisitDown) => this.#onMessage(message))
    port.on('close', () => this.#cancel())
  }

  /** Never rejects. */
  async serve(given: RequestData): Promise<void> {
    try {
      const service = await made
      const reply = await service.handle(
        requestOf(given, () => this.#body()),
        this.#stop.signal,
      )
      const wanted = this.#wanted()
      this.#say({ kind: 'head', head: headOf(reply) })
      if (reply.body.kind !== 'none') await this.#write(reply.body, await wanted)
      this.#say({ kind: 'done' })
    } catch (thrown) {
      this.#say({ kind: 'fault', fault: faultOf(thrown) })
    }
    this.#port.close()
  }

  #say(message: VisitUp): void {
    this.#port.postMessage(message)
  }

  #onMessage(message: VisitDown): void {
    switch (message.kind) {
      case 'begin':
        this.#begin?.(message.wanted)
        return
      case 'taken':
        this.#sender.taken()
        return
      case 'cancel':
        this.#cancel()
        return
      default:
        this.#part?.(message)
    }
  }

  #cancel(): void {
    this.#stop.abort()
    this.#begin?.(null)
    this.#part?.({ kind: 'part', bytes: null })
  }

  #wanted(): Promise<Wanted | null> {
    return new Promise((resolve) => {
      this.#begin = resolve
      if (this.#stop.signal.aborted) resolve(null)
    })
  }

  /** Nobody wants what is null; the source is told so where it can be. */
  async #write(body: Exclude<ReplyBody, { kind: 'none' }>, wanted: Wanted | null): Promise<void> {
    const { signal } = this.#stop
    if (body.kind === 'opaque') {
      const from = body.bytes[Symbol.asyncIterator]()
      try {
        for (
          let next = wanted === null ? null : await from.next();
          next !== null && !next.done;
          next = await from.next()
        )
          await this.#sender.write(next.value)
      } finally {
        await from.return?.()
      }
    } else if (wanted?.kind === 'encode') {
      if (body.kind === 'rows') await body.rows.encode(wanted.output, this.#sender, signal)
      else await this.#pieces(encodeValue(wanted.output, body.value))
    } else if (wanted?.kind === 'value') {
      const value = body.kind === 'rows' ? await body.rows.value(wanted.budget, signal) : body.value
      await this.#pieces(Buffer.from(encodeJson(value), 'utf8'))
    }
  }

  async #pieces(bytes: Uint8Array): Promise<void> {
    if (bytes.length <= 4 * chunkSize) return this.#sender.write(bytes)
    for (let at = 0; at < bytes.length; at += chunkSize) await this.#sender.write(bytes.slice(at, at + chunkSize))
  }

  async *#body(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const { signal } = this.#stop
      signal.throwIfAborted()
      const coming = new Promise<VisitDown>((resolve) => {
        this.#part = resolve
      })
      this.#say({ kind: 'pull' })
      const message = await coming
      signal.throwIfAborted()
      if (message.kind === 'part-fault') throw fromFault(message.fault)
      if (message.kind !== 'part' || message.bytes === null) return
      yield message.bytes
    }
  }
}

function headOf({ status, headers, cookies, body }: ApiReply): ReplyHead {
  const more = cookies === undefined ? {} : { cookies }
  return { status, headers, ...more, body: bodyHead(body) }
}

function bodyHead(body: ReplyBody): ReplyHead['body'] {
  switch (body.kind) {
    case 'none':
      return body
    case 'value':
      return { kind: 'rows', weight: 'page' }
    case 'rows':
      return { kind: 'rows', weight: body.rows.weight }
    case 'opaque':
      return { kind: 'opaque', type: body.type, length: body.length }
  }
}
