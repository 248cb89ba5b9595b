/** One request to a service in a thread of its own, seen from the event loop: its head, then its body as far as somebody wants it. */
import type { MessagePort } from 'node:worker_threads'
import { parseJson } from '../formats/index.ts'
import type { ApiReply, ApiRequest, Budget, ByteSink, Json, Output, ReplyBody, RowSource } from '../plugins/contract.ts'
import { Pump, whole } from '../workers/channel.ts'
import { faultOf, fromFault } from '../workers/fault.ts'
import type { ReplyHead, VisitDown, VisitUp, Wanted } from './crossing.ts'

/** How long a body may be left unread. */
const patienceMs = 60_000

export class Visit {
  readonly #port: MessagePort
  readonly #signal: AbortSignal
  readonly #body: AsyncIterator<Uint8Array> | null
  /** Called once, when the thread needs nothing of us any more. */
  readonly #onOver: () => void
  readonly #onAbort = (): void => this.fail(this.#signal.reason)
  #resolve: (head: ReplyHead | null) => void = () => {}
  #reject: (thrown: unknown) => void = () => {}
  #pump: Pump | null = null
  #over = false
  #unread: NodeJS.Timeout | null = null
  #failure: unknown = new Error('The reply can be read no more.')

  constructor(port: MessagePort, { body }: ApiRequest, signal: AbortSignal, onOver: () => void) {
    this.#port = port
    this.#signal = signal
    this.#body = body.kind === 'raw' ? body.bytes[Symbol.asyncIterator]() : null
    this.#onOver = onOver
    port.on('message', (message: VisitUp) => this.#onMessage(message))
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** The reply, with a body that has not begun. */
  reply(): Promise<ApiReply> {
    return new Promise<ReplyHead | null>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    }).then((head) => {
      if (head === null) throw new Error('The thread gave no reply.')
      const { status, headers, cookies, body } = head
      return { status, headers, ...(cookies && { cookies }), body: this.#replyBody(body) }
    })
  }

  /** Everybody who waits is told so; the thread is told that nobody does. */
  fail(thrown: unknown): void {
    if (this.#over) return
    this.#failure = thrown
    this.#say({ kind: 'cancel' })
    this.#end(() => this.#reject(thrown))
  }

  #replyBody(head: ReplyHead['body']): ReplyBody {
    if (head.kind === 'none') return head
    this.#unread = setTimeout(() => this.fail(new Error('Nobody wanted the reply.')), patienceMs).unref()
    if (head.kind === 'opaque') return { ...head, bytes: this.#bytes() }
    const rows: RowSource = {
      weight: head.weight,
      encode: (output: Output, sink: ByteSink) => this.#run({ kind: 'encode', output }, sink),
      value: (budget) => this.#value(budget),
    }
    return { kind: 'rows', rows }
  }

  async #value(budget: Budget): Promise<Json> {
    const chunks: Uint8Array[] = []
    await this.#run({ kind: 'value', budget }, { write: (chunk) => void chunks.push(chunk) })
    return parseJson(Buffer.concat(chunks).toString('utf8'))
  }

  #run(wanted: Wanted, sink: ByteSink): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#over) {
        // The thread is gone, or the request.
        reject(this.#failure)
        return
      }
      this.#resolve = () => resolve()
      this.#reject = reject
      this.#pump = new Pump(
        sink,
        () => this.#say({ kind: 'taken' }),
        (thrown) => this.fail(thrown),
      )
      if (this.#unread !== null) clearTimeout(this.#unread)
      this.#say({ kind: 'begin', wanted })
    })
  }

  /** Chunks as they are asked for; the thread writes on as long as they are. */
  #bytes(): AsyncIterable<Uint8Array> {
    let begun = false
    const ready: Uint8Array[] = []
    let wake: () => void = () => {}
    let taken: () => void = () => {}
    let end: { readonly thrown: unknown } | 'done' | null = null
    const sink: ByteSink = {
      write: (chunk) => {
        ready.push(chunk)
        wake()
        return new Promise<void>((resolve) => {
          taken = resolve
        })
      },
    }
    const begin = (): void => {
      this.#run({ kind: 'bytes' }, sink).then(
        () => {
          end = 'done'
          wake()
        },
        (thrown: unknown) => {
          end = { thrown }
          wake()
        },
      )
    }
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      if (!begun) begin()
      begun = true
      while (ready.length === 0 && end === null) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const value = ready.shift()
      if (value !== undefined) {
        taken()
        return { done: false, value }
      }
      if (end !== null && end !== 'done') throw (end as { readonly thrown: unknown }).thrown
      return { done: true, value: undefined }
    }
    const stop = async (): Promise<IteratorResult<Uint8Array>> => {
      this.fail(new Error('Nobody wants the rest.'))
      return { done: true, value: undefined }
    }
    return { [Symbol.asyncIterator]: () => ({ next, return: stop }) }
  }

  #onMessage(message: VisitUp): void {
    if (this.#over) return
    switch (message.kind) {
      case 'head':
        if (message.head.body.kind !== 'none') return this.#resolve(message.head)
        return this.#end(() => this.#resolve(message.head))
      case 'pull':
        void this.#sendPart()
        return
      case 'chunk':
        this.#pump?.push(message.bytes)
        return
      case 'fault':
        return this.#end(() => this.#reject(fromFault(message.fault)))
      case 'done':
        if (this.#pump === null) return this.#end(() => this.#resolve(null))
        this.#pump.end(() => this.#end(() => this.#resolve(null)))
    }
  }

  async #sendPart(): Promise<void> {
    try {
      const next = (await this.#body?.next()) ?? { done: true, value: undefined }
      // A copy: parts of a request may share their memory with others.
      const bytes = next.done ? null : whole(new Uint8Array(next.value))
      this.#say({ kind: 'part', bytes }, bytes === null ? [] : [bytes.buffer as ArrayBuffer])
    } catch (thrown) {
      this.#say({ kind: 'part-fault', fault: faultOf(thrown) })
    }
  }

  #say(message: VisitDown, moved: readonly ArrayBuffer[] = []): void {
    if (!this.#over) this.#port.postMessage(message, [...moved])
  }

  #end(how: () => void): void {
    if (this.#over) return
    this.#over = true
    if (this.#unread !== null) clearTimeout(this.#unread)
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#port.close()
    this.#onOver()
    how()
  }
}
