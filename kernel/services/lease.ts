/**
 * One instance of a service and who uses it. A request holds a lease until its answer's body has been read; an instance that was
 * replaced, or that failed, closes when its last lease ends.
 */
import type { ApiReply, Budget, ByteSink, Json, Output, ReplyBody, RowSource, Service } from '../plugins/contract.ts'

/** How long a retired instance waits for answers that nobody ever read to the end, or for what another service borrowed. */
const patienceMs = 300_000
/** How long an ability that another service asked for stays good after its instance was replaced. */
const borrowMs = 60_000

export interface InstanceEvents {
  /** Something in use of the instance threw. */
  failed(instance: Instance, error: unknown): void
  closed(instance: Instance): void
  closeFailed(instance: Instance, error: unknown): void
}

export class Instance {
  readonly service: Service
  readonly revision: number
  readonly #events: InstanceEvents
  #leases = 0
  #retired = false
  #borrowedUntil = 0
  #closing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(service: Service, revision: number, events: InstanceEvents) {
    this.service = service
    this.revision = revision
    this.#events = events
  }

  get leases(): number {
    return this.#leases
  }

  /** Begins a lease; `end` may be called more than once. */
  take(): Lease {
    this.#leases++
    return new Lease(this)
  }

  /** Keeps the instance for a while: for abilities, whose use has no end that could be seen. */
  borrow(): void {
    this.#borrowedUntil = Date.now() + borrowMs
  }

  /** No new leases will be asked for: close after the last. */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    this.#timer = setTimeout(() => void this.close(), patienceMs).unref()
    this.#closeIfIdle()
  }

  /** Closes now, whoever still uses it. Never rejects. */
  close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    this.#closing ??= this.#close()
    return this.#closing
  }

  ended(): void {
    this.#leases--
    if (this.#retired) this.#closeIfIdle()
  }

  failed(error: unknown): void {
    this.#events.failed(this, error)
  }

  #closeIfIdle(): void {
    if (this.#leases > 0) return
    const borrowed = this.#borrowedUntil - Date.now()
    if (borrowed <= 0) {
      void this.close()
      return
    }
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#closeIfIdle(), borrowed).unref()
  }

  async #close(): Promise<void> {
    try {
      await this.service.close()
      this.#events.closed(this)
    } catch (error) {
      this.#events.closeFailed(this, error)
    }
  }
}

export class Lease {
  readonly #instance: Instance
  #ended = false

  constructor(instance: Instance) {
    this.#instance = instance
  }

  get service(): Service {
    return this.#instance.service
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#instance.ended()
  }

  /** Tells what the service threw, and ends the lease. */
  fail(error: unknown): void {
    this.#instance.failed(error)
    this.end()
  }

  /** The reply, whose body ends the lease when it has been read. */
  bind(reply: ApiReply): ApiReply {
    const body = this.#bindBody(reply.body)
    if (body !== reply.body) return { ...reply, body }
    this.end()
    return reply
  }

  #bindBody(body: ReplyBody): ReplyBody {
    if (body.kind === 'rows') return { kind: 'rows', rows: new LeasedRows(body.rows, this) }
    if (body.kind === 'opaque') return { ...body, bytes: leasedBytes(body.bytes, this) }
    return body
  }
}

class LeasedRows implements RowSource {
  readonly weight: RowSource['weight']
  readonly #rows: RowSource
  readonly #lease: Lease

  constructor(rows: RowSource, lease: Lease) {
    this.weight = rows.weight
    this.#rows = rows
    this.#lease = lease
  }

  async encode(output: Output, sink: ByteSink, signal: AbortSignal): Promise<void> {
    try {
      await this.#rows.encode(output, sink, signal)
    } catch (error) {
      this.#lease.fail(error)
      throw error
    }
    this.#lease.end()
  }

  async value(limit: Budget, signal: AbortSignal): Promise<Json> {
    try {
      return await this.#rows.value(limit, signal)
    } catch (error) {
      this.#lease.fail(error)
      throw error
    } finally {
      this.#lease.end()
    }
  }
}

/** No generator: one that nobody began to read (a HEAD) would not hear that it is given back. */
function leasedBytes(bytes: AsyncIterable<Uint8Array>, lease: Lease): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
      const from = bytes[Symbol.asyncIterator]()
      return {
        async next() {
          try {
            const next = await from.next()
            if (next.done) lease.end()
            return next
          } catch (error) {
            lease.fail(error)
            throw error
          }
        },
        async return() {
          try {
            await from.return?.()
          } finally {
            lease.end()
          }
          return { done: true, value: undefined }
        },
      }
    },
  }
}
