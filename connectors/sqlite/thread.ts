/**
 * One database thread, seen from the event loop: sends it a job, takes its chunks at the pace of the client, stops it when the request
 * is over or has made no progress for too long, and lets go of it when it does not stop.
 */
import { Worker } from 'node:worker_threads'
import { StructureChanged } from 'dataferry/records'
import { ApiError, type Bind, type ByteSink, type Output, ServiceUnavailable } from 'dataferry/sdk'
import type { ReadProgram, WriteProgram } from 'dataferry/sql'
import { Stopped, sqliteError } from './errors.ts'
import {
  type Answer,
  Control,
  type Fault,
  type Job,
  Known,
  type ProgramRef,
  type Task,
  type ThreadData,
} from './protocol.ts'

/** Sources run as they are, so the thread's entry has the same ending as this file. */
const workerEntry = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/**
 * What threads do leaves much behind and keeps little: a small part of the heap for what is new costs them nothing, and V8's own choice takes
 * several times as much memory a thread.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 4 }

/** What ended a job. */
export type Settled = Exclude<Answer, { kind: 'chunk' } | { kind: 'fault' }>

export interface ThreadOptions {
  readonly role: 'reader' | 'writer'
  readonly file: string
  readonly statements: readonly string[]
  readonly patienceMs: number
  /** The module that the thread runs. */
  readonly entry?: URL | undefined
  /** How long a job may go on without progress; 0 is without end. */
  readonly timeoutMs: number
  /** How long a stopped job is waited for. */
  readonly graceMs: number
  /** The thread has ended, or has been given up: it takes no more jobs. Called once. */
  readonly onEnd: (thread: DatabaseThread) => void
  /** A client began to be, or is no longer, slower than the database. */
  readonly onStall: () => void
}

/** The fault of a job, with what the caller must know to go on. */
export class JobFault extends Error {
  readonly shown: Error
  readonly stale: boolean
  readonly lost: boolean
  constructor(shown: Error, stale: boolean, lost: boolean) {
    super(shown.message, { cause: shown })
    this.shown = shown
    this.stale = stale
    this.lost = lost
  }
}

interface Running {
  readonly job: number
  readonly sink: ByteSink | null
  readonly signal: AbortSignal
  readonly onAbort: () => void
  readonly resolve: (settled: Settled) => void
  readonly reject: (thrown: unknown) => void
  readonly chunks: Uint8Array[]
  pumping: boolean
  settled: Settled | null
  /** Why it was stopped. */
  stopped: { readonly reason: unknown } | null
  timer: NodeJS.Timeout | null
}

export class DatabaseThread {
  readonly role: 'reader' | 'writer'
  readonly #options: ThreadOptions
  readonly #worker: Worker
  readonly #control: Control
  readonly #known = new Known<true>()
  #running: Running | null = null
  #jobs = 0
  #ended = false
  #crash: unknown = null
  #exited: Promise<void>
  /** The thread was left in a statement that does not stop; it ends when that does. */
  #givenUp = false

  constructor(options: ThreadOptions) {
    this.role = options.role
    this.#options = options
    const control = Control.block()
    this.#control = new Control(control)
    const { role, file, statements, patienceMs, entry = workerEntry } = options
    const workerData: ThreadData = { role, file, statements, patienceMs, control }
    this.#worker = new Worker(entry, { workerData, name: `sqlite ${role}`, resourceLimits })
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => this.#onAnswer(answer))
    this.#worker.on('error', (thrown) => {
      this.#crash = thrown
    })
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#end()
        this.#fail(
          new ServiceUnavailable('The connection to the database was lost. Try again.', { cause: this.#crash }),
        )
        resolve()
      })
    })
  }

  /** Settles when the thread is really gone. */
  get exited(): Promise<void> {
    return this.#exited
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Waits for its client, not for the database. */
  get stalled(): boolean {
    return this.#running?.pumping === true
  }

  /** The program, left out when the thread has it. */
  #ref<P extends ReadProgram | WriteProgram>(program: P): ProgramRef<P> {
    if (this.#known.get(program.id)) return { id: program.id, program: null }
    this.#known.set(program.id, true)
    return { id: program.id, program }
  }

  read(
    program: ReadProgram,
    binds: readonly Bind[],
    output: Output,
    sink: ByteSink,
    signal: AbortSignal,
    begin = false,
  ): Promise<Settled> {
    return this.#send(() => ({ kind: 'read', program: this.#ref(program), binds, output }), begin, sink, signal)
  }

  write(
    program: WriteProgram,
    executions: readonly (readonly Bind[])[],
    mode: 'halt' | 'continue',
    begin: boolean,
    signal: AbortSignal,
    ends = false,
  ): Promise<Settled> {
    return this.#send(
      () => ({ kind: 'write', program: this.#ref(program), executions, mode, ends }),
      begin,
      null,
      signal,
    )
  }

  /** Any task without a program. */
  do(task: Exclude<Task, { kind: 'read' | 'write' }>, begin: boolean, signal: AbortSignal): Promise<Settled> {
    return this.#send(() => task, begin, null, signal)
  }

  /** Closes the connection; the promise settles when the thread is gone, or when it does not stop within the grace. */
  async close(): Promise<void> {
    this.#end()
    if (this.#running !== null) this.#stop(new ServiceUnavailable('The service is being closed. Try again.'))
    this.#worker.postMessage('close')
    const late = new Promise<void>((resolve) => {
      setTimeout(resolve, this.#options.graceMs).unref()
    })
    this.#worker.ref()
    await Promise.race([this.#exited, late])
    this.#worker.unref()
    void this.#worker.terminate()
  }

  #send(task: () => Task, begin: boolean, sink: ByteSink | null, signal: AbortSignal): Promise<Settled> {
    if (this.#ended)
      return Promise.reject(new ServiceUnavailable('The connection to the database was lost. Try again.'))
    if (this.#running !== null) return Promise.reject(new Error('A database thread runs one job at a time.'))
    if (signal.aborted) return Promise.reject(signal.reason)
    this.#jobs = (this.#jobs % 0x7fffffff) + 1
    const job: Job = { job: this.#jobs, begin, task: task() }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#stop(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      this.#running = {
        job: job.job,
        sink,
        signal,
        onAbort,
        resolve,
        reject,
        chunks: [],
        pumping: false,
        settled: null,
        stopped: null,
        timer: null,
      }
      this.#control.begin()
      this.#worker.ref()
      this.#progress()
      try {
        this.#worker.postMessage(job)
      } catch (thrown) {
        // What can't be sent leaves the two sides with different ideas of what is known.
        this.#finish((running) => running.reject(thrown))
        void this.close()
      }
    })
  }

  #onAnswer(answer: Answer): void {
    const running = this.#running
    if (running === null || answer.job !== running.job) return
    if (answer.kind === 'fault') {
      if (running.stopped !== null) this.#fail(running.stopped.reason)
      else this.#fail(new JobFault(shownFault(answer.fault), answer.fault.stale, answer.lost))
      return
    }
    this.#progress()
    if (answer.kind === 'chunk') running.chunks.push(answer.bytes)
    else {
      if (answer.kind === 'done' && answer.last !== null) running.chunks.push(answer.last)
      running.settled = answer
    }
    if (!running.pumping) this.#pump(running)
  }

  /** Hands chunks to the sink in order, as long as it takes them at once; the job is over when the last one is taken. */
  #pump(running: Running): void {
    for (;;) {
      const chunk = running.chunks.shift()
      if (chunk === undefined) break
      if (running.stopped !== null) continue
      let taken: void | Promise<void>
      try {
        taken = running.sink?.write(chunk)
      } catch (thrown) {
        this.#stop(thrown)
        continue
      }
      if (taken !== undefined) {
        running.pumping = true
        this.#options.onStall()
        taken.then(
          () => this.#taken(running),
          (thrown: unknown) => {
            if (this.#running === running) this.#stop(thrown)
            this.#taken(running)
          },
        )
        return
      }
      this.#control.consumed()
    }
    const { settled } = running
    if (settled === null) return
    // A read that was stopped has lost chunks; a write that was done all the same is done.
    if (running.stopped !== null && running.sink !== null) this.#fail(running.stopped.reason)
    else this.#finish(({ resolve }) => resolve(settled))
  }

  #taken(running: Running): void {
    running.pumping = false
    if (this.#running !== running) return
    this.#options.onStall()
    this.#control.consumed()
    this.#progress()
    this.#pump(running)
  }

  /** Winds the clock anew: a job is too slow when nothing came of it, and nothing was taken of it, for the whole time. */
  #progress(): void {
    const running = this.#running
    if (running === null || running.stopped !== null || this.#options.timeoutMs === 0) return
    if (running.timer !== null) running.timer.refresh()
    else running.timer = setTimeout(() => this.#stop(sqliteError(new Stopped())), this.#options.timeoutMs)
  }

  #stop(reason: unknown): void {
    const running = this.#running
    if (running === null || running.stopped !== null) return
    running.stopped = { reason }
    running.chunks.length = 0
    if (running.timer !== null) clearTimeout(running.timer)
    this.#control.stop(running.job)
    // The answer is there already: only the client was waited for.
    if (running.settled !== null) return this.#fail(reason)
    running.timer = setTimeout(() => {
      this.#givenUp = true
      this.#end()
      this.#fail(reason)
      this.#worker.unref()
      void this.#worker.terminate()
    }, this.#options.graceMs)
  }

  #fail(thrown: unknown): void {
    this.#finish(({ reject }) => reject(thrown))
  }

  #finish(how: (running: Running) => void): void {
    const running = this.#running
    if (running === null) return
    this.#running = null
    if (running.timer !== null) clearTimeout(running.timer)
    running.signal.removeEventListener('abort', running.onAbort)
    this.#worker.unref()
    how(running)
  }

  get givenUp(): boolean {
    return this.#givenUp
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.onEnd(this)
  }
}

/** The error that a fault stands for. */
export function shownFault({ shown, message, stale }: Fault): Error {
  if (shown === null) return new Error(message)
  if (stale) return new StructureChanged(new Error(message))
  const { status, code, message: text, context, headers } = shown
  return new ApiError(status, text, { code, context, headers, cause: new Error(message) })
}
