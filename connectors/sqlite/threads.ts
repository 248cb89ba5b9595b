/**
 * The threads of one database: readers, started when they are needed and ended when they are idle, and one writer. Who wants one waits
 * in line; a wait ends with the request, and when it has lasted too long.
 */
import { type Connections, ServiceUnavailable } from 'dataferry/sdk'
import { DatabaseThread } from './thread.ts'

export interface ThreadsOptions {
  readonly file: string
  readonly statements: readonly string[]
  readonly patienceMs: number
  readonly entry?: URL | undefined
  readonly readers: number
  readonly timeoutMs: number
  readonly graceMs: number
  readonly idleMs: number
  /** How long a free thread is waited for. */
  readonly waitMs: number
}

/** Readers left in statements that don't stop; with more of them lists are refused (rulings: Stopping SQLite). */
const abandonedAtMost = 2
/** How long a thread that is there is waited for before another one is started, which takes longer than most reads. */
const nextAfterMs = 25
/** Readers that only wait for their clients make room for others, up to this many times the configured number. */
const stretch = 4

interface Waiter {
  readonly give: (thread: DatabaseThread) => void
  readonly refuse: (thrown: unknown) => void
  /** It does not wait any more. */
  readonly leave: () => void
}

/** Threads of one role. */
class Line {
  readonly #role: 'reader' | 'writer'
  readonly #options: ThreadsOptions
  readonly #threads = new Set<DatabaseThread>()
  readonly #free: DatabaseThread[] = []
  readonly #waiting: Waiter[] = []
  readonly #abandoned = new Set<DatabaseThread>()
  readonly #idle = new Map<DatabaseThread, NodeJS.Timeout>()
  readonly #most: number
  #hurry: NodeJS.Timeout | null = null

  constructor(role: 'reader' | 'writer', most: number, options: ThreadsOptions) {
    this.#role = role
    this.#most = most
    this.#options = options
  }

  get size(): number {
    return this.#threads.size
  }
  get pooled(): Connections {
    return { open: this.#threads.size, idle: this.#free.length, waiting: this.#waiting.length, most: this.#most }
  }
  get abandoned(): number {
    return this.#abandoned.size
  }

  async lease<T>(signal: AbortSignal, use: (thread: DatabaseThread) => Promise<T>): Promise<T> {
    const thread = await this.#take(signal)
    try {
      return await use(thread)
    } finally {
      this.#giveBack(thread)
    }
  }

  async close(thrown: unknown): Promise<void> {
    for (const waiter of this.#waiting.splice(0)) {
      waiter.leave()
      waiter.refuse(thrown)
    }
    await Promise.all([...this.#threads].map((thread) => thread.close()))
  }

  #take(signal: AbortSignal): Promise<DatabaseThread> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#abandoned.size >= abandonedAtMost) {
      return Promise.reject(
        new ServiceUnavailable('The database is still busy with requests that were stopped. Try again later.', {
          headers: { 'Retry-After': '10' },
        }),
      )
    }
    return new Promise((give, refuse) => {
      const giveUp = (why: unknown): void => {
        waiter.leave()
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        refuse(why)
      }
      const onAbort = (): void => giveUp(signal.reason)
      const timer = setTimeout(() => giveUp(allInUse()), this.#options.waitMs)
      const leave = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = { give, refuse, leave }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiter)
      this.#serve()
    })
  }

  /** First come, first served. */
  #serve(late = false): void {
    let more = late
    while (this.#waiting.length > 0) {
      const thread = this.#free.pop() ?? this.#further(more)
      more = false
      if (thread === undefined) return
      clearTimeout(this.#idle.get(thread))
      this.#idle.delete(thread)
      const waiter = this.#waiting.shift()
      if (waiter === undefined) return
      waiter.leave()
      waiter.give(thread)
    }
  }

  /** One more thread: at once where none could come free soon, else when who waits has waited for a while (`late`). */
  #further(late: boolean): DatabaseThread | undefined {
    if (this.#threads.size >= this.#room()) return undefined
    if (late || [...this.#threads].every((thread) => thread.stalled)) return this.#start()
    this.#hurry ??= setTimeout(() => {
      this.#hurry = null
      this.#serve(true)
    }, nextAfterMs)
    return undefined
  }

  #room(): number {
    if (this.#role === 'writer') return this.#most
    let stalled = 0
    for (const thread of this.#threads) if (thread.stalled) stalled++
    return Math.min(this.#most + stalled, this.#most * stretch)
  }

  #start(): DatabaseThread {
    const { file, statements, patienceMs, entry, timeoutMs, graceMs } = this.#options
    const thread = new DatabaseThread({
      role: this.#role,
      file,
      statements,
      patienceMs,
      entry,
      timeoutMs,
      graceMs,
      onEnd: (ended) => this.#onEnd(ended),
      onStall: () => this.#serve(),
    })
    this.#threads.add(thread)
    return thread
  }

  #giveBack(thread: DatabaseThread): void {
    if (thread.ended) return
    if (this.#threads.size > this.#room()) {
      void thread.close()
      return
    }
    this.#free.push(thread)
    this.#idle.set(thread, setTimeout(() => void thread.close(), this.#options.idleMs).unref())
    this.#serve()
  }

  #onEnd(thread: DatabaseThread): void {
    this.#threads.delete(thread)
    const at = this.#free.indexOf(thread)
    if (at >= 0) this.#free.splice(at, 1)
    clearTimeout(this.#idle.get(thread))
    this.#idle.delete(thread)
    if (thread.givenUp) {
      this.#abandoned.add(thread)
      void thread.exited.then(() => this.#abandoned.delete(thread))
    }
    this.#serve()
  }
}

export class Threads {
  readonly #readers: Line
  readonly #writer: Line
  #closed = false

  constructor(options: ThreadsOptions) {
    this.#readers = new Line('reader', options.readers, options)
    this.#writer = new Line('writer', 1, options)
  }

  /** Threads alive, and readers given up that still run: for tests and the log. */
  get counts(): { readonly readers: number; readonly writers: number; readonly abandoned: number } {
    return { readers: this.#readers.size, writers: this.#writer.size, abandoned: this.#readers.abandoned }
  }

  /** Threads, the writer among them. */
  get pooled(): Connections {
    const [readers, writer] = [this.#readers.pooled, this.#writer.pooled]
    return {
      open: readers.open + writer.open,
      idle: readers.idle + writer.idle,
      waiting: readers.waiting + writer.waiting,
      most: readers.most + writer.most,
    }
  }

  /** A reader for the length of the call. 503 when the service is closed, has given up too many readers, or none is free in time. */
  async reader<T>(signal: AbortSignal, use: (thread: DatabaseThread) => Promise<T>): Promise<T> {
    if (this.#closed) throw closing()
    return this.#readers.lease(signal, use)
  }

  /** The writer for the length of the call. */
  async writer<T>(signal: AbortSignal, use: (thread: DatabaseThread) => Promise<T>): Promise<T> {
    if (this.#closed) throw closing()
    return this.#writer.lease(signal, use)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([this.#readers.close(closing()), this.#writer.close(closing())])
  }
}

const allInUse = (): ServiceUnavailable =>
  new ServiceUnavailable('All connections to the database are in use. Try again.', { headers: { 'Retry-After': '1' } })
const closing = (): ServiceUnavailable => new ServiceUnavailable('The service is being closed. Try again.')
