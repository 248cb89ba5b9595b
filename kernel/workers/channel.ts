/**
 * The protocol between the event loop and a thread that writes bytes for it, over one port for each piece of work: chunks come as far as
 * credit goes and each that was taken gives credit back; a message cancels; an end or an error, as data, closes the port. A port that closes
 * without either has lost its thread.
 */
import type { MessagePort, Transferable } from 'node:worker_threads'
import type { ByteSink } from '../plugins/contract.ts'
import { type Fault, faultOf, fromFault } from './fault.ts'

/** Chunks (of about 128 KiB) that may be under way: what a slow client can make a thread hold. */
export const credit = 8

/** What the thread says. */
export type Up =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly value: unknown }
  | { readonly kind: 'fault'; readonly fault: Fault }
/** What it is told. */
export type Down = { readonly kind: 'taken' } | { readonly kind: 'cancel' }

/** Nobody wants the rest. */
export class Cancelled extends Error {
  constructor() {
    super('The work was cancelled.')
    this.name = 'Cancelled'
  }
}

// ---- in the thread

/** Sends chunks; who writes waits where credit is used up. */
export class Sender implements ByteSink {
  readonly #post: (bytes: Uint8Array, moved: readonly Transferable[]) => void
  readonly #signal: AbortSignal
  #credit = credit
  #waiting: (() => void) | null = null

  constructor(post: (bytes: Uint8Array, moved: readonly Transferable[]) => void, signal: AbortSignal) {
    this.#post = post
    this.#signal = signal
    signal.addEventListener('abort', () => this.#go(), { once: true })
  }

  write(chunk: Uint8Array, done?: () => void): void | Promise<void> {
    this.#signal.throwIfAborted()
    const bytes = whole(chunk)
    if (bytes !== chunk) done?.()
    this.#post(bytes, [bytes.buffer as ArrayBuffer])
    this.#credit--
    if (this.#credit > 0) return
    return new Promise<void>((resolve) => {
      this.#waiting = resolve
    }).then(() => this.#signal.throwIfAborted())
  }

  taken(): void {
    this.#credit++
    this.#go()
  }

  #go(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.()
  }
}

/** What is transferred must own its memory. */
export const whole = (chunk: Uint8Array): Uint8Array =>
  chunk.byteLength === chunk.buffer.byteLength ? chunk : new Uint8Array(chunk)

/** Does the work of one port and tells how it ended. Never rejects. */
export async function serve(
  port: MessagePort,
  work: (sink: ByteSink, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController()
  const sender = new Sender(
    (bytes, moved) => port.postMessage({ kind: 'chunk', bytes } satisfies Up, moved),
    stop.signal,
  )
  port.on('message', (message: Down) => {
    if (message.kind === 'taken') sender.taken()
    else stop.abort(new Cancelled())
  })
  port.on('close', () => stop.abort(new Cancelled()))
  let last: Up
  try {
    last = { kind: 'done', value: await work(sender, stop.signal) }
  } catch (thrown) {
    last = { kind: 'fault', fault: faultOf(thrown) }
  }
  try {
    port.postMessage(last)
  } catch (thrown) {
    port.postMessage({ kind: 'fault', fault: faultOf(thrown) } satisfies Up)
  }
  port.close()
}

// ---- on the event loop

/** Hands chunks to a sink one after the other. */
export class Pump {
  readonly #sink: ByteSink
  readonly #onTaken: () => void
  readonly #onError: (thrown: unknown) => void
  readonly #chunks: Uint8Array[] = []
  #waits = false
  #then: (() => void) | null = null

  /** `onTaken` is called for each chunk; after `onError` nothing is written any more. */
  constructor(sink: ByteSink, onTaken: () => void, onError: (thrown: unknown) => void) {
    this.#sink = sink
    this.#onTaken = onTaken
    this.#onError = onError
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    if (!this.#waits) this.#run()
  }

  /** Calls back when everything has been taken. */
  end(then: () => void): void {
    this.#then = then
    if (!this.#waits) this.#run()
  }

  #run(): void {
    for (let chunk = this.#chunks.shift(); chunk !== undefined; chunk = this.#chunks.shift()) {
      let taken: void | Promise<void>
      try {
        taken = this.#sink.write(chunk)
      } catch (thrown) {
        this.#fail(thrown)
        return
      }
      if (taken instanceof Promise) {
        this.#waits = true
        taken.then(
          () => {
            this.#waits = false
            this.#onTaken()
            this.#run()
          },
          (thrown: unknown) => this.#fail(thrown),
        )
        return
      }
      this.#onTaken()
    }
    const then = this.#then
    this.#then = null
    then?.()
  }

  #fail(thrown: unknown): void {
    this.#waits = true
    this.#chunks.length = 0
    this.#onError(thrown)
  }
}

/** For work that writes nothing, and for work that nobody gives up. */
export const nowhere: ByteSink = { write() {} }
export const never: AbortSignal = new AbortController().signal

/**
 * What comes over a port goes to the sink; answers what the work answered. Rejects with its error, with what the sink threw, with the signal's
 * reason, and with what `lost` makes where the thread is gone.
 */
export function receive<R>(port: MessagePort, sink: ByteSink, signal: AbortSignal, lost: () => Error): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    let over = false
    const end = (how: () => void): void => {
      if (over) return
      over = true
      signal.removeEventListener('abort', onAbort)
      how()
    }
    const cancel = (thrown: unknown): void => {
      if (over) return
      port.postMessage({ kind: 'cancel' } satisfies Down)
      end(() => reject(thrown))
    }
    const onAbort = (): void => cancel(signal.reason)
    const pump = new Pump(sink, () => over || port.postMessage({ kind: 'taken' } satisfies Down), cancel)
    // The thread's end of the port closes when the last message is sent: the sink may take longer.
    let ended = false
    port.on('message', (message: Up) => {
      if (over) return
      if (message.kind === 'chunk') return pump.push(message.bytes)
      ended = true
      if (message.kind === 'fault') end(() => reject(fromFault(message.fault)))
      else pump.end(() => end(() => resolve(message.value as R)))
    })
    port.on('close', () => {
      if (!ended) end(() => reject(lost()))
    })
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
