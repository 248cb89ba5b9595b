/**
 * What the event loop and a database thread say to each other. Messages are plain data; a program that both sides know is told by its
 * id; a block of shared memory carries what can't wait for a message: stop this job, and how many more chunks may be sent.
 */
import type { Bind, ErrorData, Output } from 'dataferry/sdk'
import type { ReadProgram, WriteProgram } from 'dataferry/sql'

/** What a thread is started with. */
export interface ThreadData {
  readonly role: 'reader' | 'writer'
  readonly file: string
  /** SQL that the service's configuration runs on each connection. */
  readonly statements: readonly string[]
  /** How long a lock of another process is waited for. */
  readonly patienceMs: number
  readonly control: SharedArrayBuffer
}

/** `program` is left out when the thread has it already, under `id`. */
export interface ProgramRef<P extends ReadProgram | WriteProgram> {
  readonly id: string
  readonly program: P | null
}

export type Task =
  | {
      readonly kind: 'read'
      readonly program: ProgramRef<ReadProgram>
      readonly binds: readonly Bind[]
      readonly output: Output
    }
  | { readonly kind: 'query'; readonly text: string; readonly binds: readonly Bind[] }
  | {
      readonly kind: 'write'
      readonly program: ProgramRef<WriteProgram>
      readonly executions: readonly (readonly Bind[])[]
      readonly mode: 'halt' | 'continue'
      /** The transaction ends with it: by a commit, or where something failed by a rollback. */
      readonly ends: boolean
    }
  | { readonly kind: 'execute'; readonly text: string }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }

/** One at a time: the next is sent when the answer is there. `begin`: a transaction is begun before it. */
export interface Job {
  readonly job: number
  readonly begin: boolean
  readonly task: Task
}

/** A value as SQLite has it. */
export type Wire = null | number | bigint | string | Uint8Array
export type WireRow = readonly Wire[]

export type WireOutcome =
  | { readonly ok: true; readonly affected: number; readonly rows: readonly WireRow[] }
  | { readonly ok: false; readonly fault: Fault }

/** An error as data. */
export interface Fault {
  /** What a client may see; null: nothing of it. */
  readonly shown: (ErrorData & { readonly headers: { readonly [name: string]: string } }) | null
  /** For the log alone. */
  readonly message: string
  /** It names something that the database does not have: what is known of the structure may be old. */
  readonly stale: boolean
}

/** `lost`: the session's transaction ended by itself (a trigger or a conflict clause rolled it back). */
export type Answer =
  | { readonly job: number; readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly job: number; readonly kind: 'done'; readonly last: Uint8Array | null }
  | { readonly job: number; readonly kind: 'rows'; readonly rows: readonly WireRow[] }
  | {
      readonly job: number
      readonly kind: 'outcomes'
      readonly outcomes: readonly WireOutcome[]
      readonly lost: boolean
    }
  | { readonly job: number; readonly kind: 'fault'; readonly fault: Fault; readonly lost: boolean }

/** Chunks (of about 64 KiB) that may be under way: what a slow client can make a read hold. */
export const credit = 8

const slots = { stop: 0, credit: 1 } as const

/** The shared block of one thread, seen from either side. */
export class Control {
  readonly #cells: Int32Array

  constructor(block: SharedArrayBuffer) {
    this.#cells = new Int32Array(block)
  }

  static block(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
  }

  /** Before a job is sent: the thread is idle then. */
  begin(): void {
    Atomics.store(this.#cells, slots.credit, credit)
  }

  stop(job: number): void {
    Atomics.store(this.#cells, slots.stop, job)
    Atomics.notify(this.#cells, slots.stop)
    this.consumed()
  }

  stopped(job: number): boolean {
    return Atomics.load(this.#cells, slots.stop) === job
  }

  /** A chunk has been taken. */
  consumed(): void {
    Atomics.add(this.#cells, slots.credit, 1)
    Atomics.notify(this.#cells, slots.credit)
  }

  /** Blocks the thread until a chunk may be sent; false when the job was stopped. */
  spend(job: number): boolean {
    while (!this.stopped(job)) {
      if (Atomics.load(this.#cells, slots.credit) > 0) {
        Atomics.sub(this.#cells, slots.credit, 1)
        return true
      }
      Atomics.wait(this.#cells, slots.credit, 0)
    }
    return false
  }

  /** Blocks the thread for some milliseconds, less when a stop comes. */
  pause(milliseconds: number): void {
    Atomics.wait(this.#cells, slots.stop, Atomics.load(this.#cells, slots.stop), milliseconds)
  }
}

/**
 * Programs by id, the least recently used dropped. Both sides keep one and touch it in the same order, so each knows what the other has.
 */
export class Known<P> {
  readonly #entries = new Map<string, P>()
  readonly #limit: number

  constructor(limit = 500) {
    this.#limit = limit
  }

  /** Undefined when it is not known. */
  get(id: string): P | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    this.#entries.delete(id)
    this.#entries.set(id, entry)
    return entry
  }

  set(id: string, entry: P): void {
    this.#entries.set(id, entry)
    if (this.#entries.size <= this.#limit) return
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      return
    }
  }
}
